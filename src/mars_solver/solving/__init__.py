"""From a profile to a decision: constraints, scores, ranking."""
