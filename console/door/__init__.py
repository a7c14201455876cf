"""The way in: signing in and out, links that work once, one's own account, tablets that are enrolled."""
