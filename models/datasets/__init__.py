"""Recorded sessions and labels in, rows with targets out."""
