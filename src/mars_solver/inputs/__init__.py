"""What is read, and nothing else: bytes to checked, typed values."""
