"""What people go through in, what their bodies do out: pure, seeded, a row a person."""
