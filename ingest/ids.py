"""A text in; whether it can be the id of a site, band, wearer or gateway, which stands in a topic as one level, out."""

import re
from typing import Final

PART: Final = r"[A-Za-z0-9_-]{1,64}"
"""An id as a part of a longer pattern."""

ID: Final = rf"^{PART}\Z"
"""An id as a pattern of its own, for what is declared."""

HOW: Final = "1 to 64 of A-Z a-z 0-9 _ -"
"""What an id is, for whoever reads why something is none."""

_ID: Final = re.compile(ID)
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_-]+")


def is_id(text: str) -> bool:
    """Return whether it can be one."""
    return _ID.match(text) is not None


def fitted(text: str, filler: str) -> str:
    """Return it with ``filler`` for every stretch of characters that no id has; it may still be empty or too long."""
    return _UNFIT.sub(filler, text)
