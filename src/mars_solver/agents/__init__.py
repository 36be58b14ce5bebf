"""The same answers for agents."""
