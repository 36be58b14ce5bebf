"""Benchmarks, tuning and what they share; README.md has a line for each script."""
