"""Rows with targets in, calibrated probabilities with what drove them out."""
