"""Tuning: experiments on labels, and the report on weights."""
