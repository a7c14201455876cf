"""Blocks in, features out: pure streaming operators over rows, and the quality of what they say."""
