"""Comparisons with peers: every answer is compared before anything is timed."""
