"""A list and the page of it that an address asks for in; what stands on that page, and which of how many it is, out."""

from collections.abc import Sequence
from typing import Final, TypeVar

DIGITS: Final = 9
"""Of a page's number; what is longer is none, and thousands of digits are not even a number to Python."""

Each = TypeVar("Each")


def paged(found: Sequence[Each], asked: str, each: int) -> tuple[Sequence[Each], int, int]:
    """Return what stands on the page that is ``asked`` for, ``each`` to a page, its number, and how many there are: the
    first where that is no number, the last where there are fewer."""
    pages = max(-(-len(found) // each), 1)
    number = int(asked) if asked.isdecimal() and len(asked) <= DIGITS else 1
    page = min(max(number, 1), pages)
    return found[(page - 1) * each : page * each], page, pages
