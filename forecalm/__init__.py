"""The hallway: configuration, the one place where parts meet, and the command line."""
