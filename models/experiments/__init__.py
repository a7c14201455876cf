"""A TOML file in, what came of every candidate on every fold out."""
