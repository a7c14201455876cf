"""Electrodermal activity: what of it can be believed, its level, drive and responses."""
