"""The catalogue: what can be asked, what is known of each model, and who says so."""
