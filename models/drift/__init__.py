"""What a model reads and says now, held against what it was trained on: whether it may still be believed, out."""
