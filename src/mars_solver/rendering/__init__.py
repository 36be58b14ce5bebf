"""From reasons to words, by subject."""
