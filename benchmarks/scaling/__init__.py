"""How time and memory grow with tables and catalogues."""
