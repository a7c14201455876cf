"""What alerts raise on purpose."""


class AlertError(ValueError):
    """Base; the message says what was wrong and what would be right."""


class UnknownAlert(AlertError, LookupError):
    """There is no open alert with that id."""


class JournalError(AlertError):
    """The journal on disk cannot be read or written; the message names the file and the line."""
