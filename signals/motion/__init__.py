"""Movement of the wrist: how much, which way up, and whether it repeats."""
