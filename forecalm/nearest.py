"""A word that is none of those there are in; which of them may be meant out."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

NEAR: Final = 0.6
"""How alike a word is to one that was meant, of 1, by ``difflib``: one letter of four may be wrong."""


def meant(said: str, known: Iterable[str]) -> str:
    """Return, of a word that is none of ``known``, which may be meant, as ", did you mean shift?"; "": none is near."""
    near = get_close_matches(said, sorted(known), n=2, cutoff=NEAR)
    return f", did you mean {' or '.join(near)}?" if near else ""
