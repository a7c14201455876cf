"""An alert in, a named person who has taken it out, every step between proved."""
