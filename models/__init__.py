"""Features in, risk out: pure estimators and detectors behind one protocol."""
