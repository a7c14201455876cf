"""Estimates beside what happened in, how good an early warning was out."""
