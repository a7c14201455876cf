"""What the console raises on purpose."""


class ConsoleError(Exception):
    """Base; the message says what was wrong and what would be right."""


class PairingError(ConsoleError, ValueError):
    """A band cannot be paired so; the message names the band or the code, and what to do."""
