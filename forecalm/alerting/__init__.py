"""Desk, delivery, protection, duty and outcomes of a running service, put together."""
