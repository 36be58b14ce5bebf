"""From a decision to its reasons, as values."""
