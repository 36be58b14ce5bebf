"""Many profiles as whole numbers: encoded, each distinct question decided once, ranked."""
