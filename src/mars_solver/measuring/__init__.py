"""An endpoint to facts: the time to the first sound of an answer, measured."""
