"""Trained models on disk: kept whole, believed only when proved, chosen by name and taken back in one step."""
