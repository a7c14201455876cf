"""Numbers and lengths of time in, as a person reads them out."""

from typing import Final

THIN: Final = "\N{NARROW NO-BREAK SPACE}"


def plain(number: int) -> str:
    """Return a number with its thousands apart."""
    return f"{number:,}".replace(",", THIN)


def counted(number: int, thing: str) -> str:
    """Return how many of a thing there are, as in "1 packet"."""
    return f"{plain(number)} {thing}{'' if number == 1 else 's'}"


def times(number: int) -> str:
    """Return how often that is."""
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def lasting(seconds: float) -> str:
    """Return how long that is in its largest whole unit."""
    for name, length_s in (("day", 86_400), ("hour", 3600), ("min", 60)):
        count = int(seconds // length_s)
        if count:
            return f"{count} {name}{'s' if count > 1 and name != 'min' else ''}"
    return f"{int(seconds)} s"
