"""Many profiles at once: tables in, tables out."""
