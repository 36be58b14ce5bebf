"""From labelled profiles to weights."""
