"""A wearer in; nothing of theirs is left anywhere, and a receipt out."""
