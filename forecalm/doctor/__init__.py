"""A configuration in, what is well and what is wrong with the installation out."""
