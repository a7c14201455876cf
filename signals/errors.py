"""What signals raise on purpose."""


class SignalError(ValueError):
    """An argument of an operator cannot be used; the message names the operator, the argument and the row."""
