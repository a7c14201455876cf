"""How long readings stay, where they rest, and the files that hold them."""
