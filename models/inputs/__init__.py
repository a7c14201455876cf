"""What models read: the engine's second, and what the time before it was like."""
