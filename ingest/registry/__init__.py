"""Who wears which band, since when, and whether that may be kept: changes in, answers out; names are kept apart."""
