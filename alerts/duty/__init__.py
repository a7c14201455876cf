"""Shifts and hand-overs in; who is responsible for whom now, and who has nobody, out."""
