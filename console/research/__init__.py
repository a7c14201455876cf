"""Recordings, labels, exports and models in, pages for researchers out."""
