"""Declared faults in, what becomes of every second of every band out: planned apart from the doing."""
