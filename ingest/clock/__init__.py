"""Clocks of bands: what they said in, UTC out; both said with their doubt."""
