"""Streams in, risk out: whatever keeps a state, or needs no sensor."""
