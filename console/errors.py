"""What the console raises on purpose."""


class ConsoleError(Exception):
    """Base; the message says what was wrong and what would be right."""
