"""Where data sets come from: imported sessions, recordings by path, simulated people."""
