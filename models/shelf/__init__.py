"""Trained models on disk: what they were made of, verified before they are believed."""
