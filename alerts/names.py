"""What somebody typed as a name in; the name as it is kept out, or why it is none, and who may be meant."""

import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches
from typing import Final

from alerts.errors import AlertError

BLANKS: Final = frozenset("\u115f\u1160\u3164\uffa0 ")
"""Letters to Unicode, and nothing to see for a person: the Hangul fillers."""

NAME_MAX: Final = 80
"""Characters of a name: long enough for any, short enough for a board."""


def name(said: str, *, of: str) -> str:
    """Return what was said without the blanks around it. Raises AlertError, which says ``of`` what, where it is empty,
    longer than ``NAME_MAX``, not printable or nothing that can be seen."""
    kept = said.strip()
    if not any(map(str.isalnum, kept)) or len(kept) > NAME_MAX or not kept.isprintable() or set(kept) <= BLANKS:
        raise AlertError(f"{of}: 1 to {NAME_MAX} printable characters, not {len(kept)} like these")
    return kept


NEAR: Final = 0.5
"""How alike a name is to one that was meant, of 1, by ``difflib``: two letters of five may be wrong."""

ALL_MOST: Final = 8
"""So many names are said where none is near."""


ALIKE: Final = 0.8
"""How alike two names are, of 1, of which one may be the other: a letter of five more, or another one of six."""


def alike(said: str, known: Iterable[str]) -> list[str]:
    """Return those of ``known`` whom ``said`` may mean, the likest first: of such somebody is asked."""
    plain = " ".join(_plain(said).split())
    near = ((SequenceMatcher(None, plain, " ".join(_plain(name).split())).ratio(), name) for name in known)
    return [name for ratio, name in sorted(near, key=lambda it: -it[0]) if plain and ratio >= ALIKE]


def called(said: str, known: Iterable[str]) -> str | None:
    """Return which of ``known`` is meant by ``said``; None: none of them."""
    return next((name for name in known if same(name, said)), None)


def nobody(said: str, known: Iterable[str]) -> str:
    """Return, of a name that nobody ``known`` bears, who may be meant: "nobody known here is called that; did you mean
    Priya?"."""
    by_letters = {_plain(name): name for name in known}
    near = [by_letters[plain] for plain in get_close_matches(_plain(said), by_letters, n=3, cutoff=NEAR)]
    if near:
        return f"nobody known here is called that; did you mean {' or '.join(near)}?"
    there = f"; there are: {', '.join(by_letters.values())}" if 0 < len(by_letters) <= ALL_MOST else ""
    return f"nobody known here is called that{there}."


def same(one: str, other: str) -> bool:
    """Whether two names are of one person: capitals, and how accents are written, make no difference."""
    return _plain(one) == _plain(other)


def _plain(said: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", said.strip()).casefold())
