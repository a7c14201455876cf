"""The lives of simulated people: what befalls them and when."""
