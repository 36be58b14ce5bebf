"""The peers: each answers what mars-solver answers, in its own way."""
