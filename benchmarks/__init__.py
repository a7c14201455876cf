"""Measurements, never tests: each module prints a table and, with ``--json FILE``, writes its rows."""
