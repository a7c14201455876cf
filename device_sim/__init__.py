"""A scenario in, wristbands out: pure physiology, and bands on the real wire."""
