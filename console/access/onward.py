"""Where somebody wanted to go in; the same, if it is on this very console, out: nobody is led away by a link."""

from typing import Final
from urllib.parse import quote, urlsplit

HOME: Final = "/"

LONGEST: Final = 500
"""Characters of a way: far longer than any here."""

SIGN_IN: Final = "/sign-in"


def onward(said: str) -> str:
    """Return the path, and what it asks, that ``said`` names on this console; ``HOME`` for anything else: another
    site's address, what a browser might read as one, and the sign-in itself."""
    if not said.startswith("/") or len(said) > LONGEST or "\\" in said or not said.isascii() or not said.isprintable():
        return HOME
    try:
        parts = urlsplit(said)
    except ValueError:
        return HOME
    if parts.scheme or parts.netloc or said.startswith("//") or parts.path.startswith((SIGN_IN, "/sign-out")):
        return HOME
    return said


def sign_in(said: str) -> str:
    """Return the way to the sign-in that leads to ``said`` afterwards."""
    way = onward(said)
    return SIGN_IN if way == HOME else f"{SIGN_IN}?next={quote(way, safe='/')}"
