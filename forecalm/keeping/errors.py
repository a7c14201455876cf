"""What can go wrong when readings are kept, erased, copied or brought back."""


class KeepingError(Exception):
    """An erasure, backup or restore was refused or cut short; the message says what to do, and what is still there."""
