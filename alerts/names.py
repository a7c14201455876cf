"""What somebody typed as a name in; the name as it is kept out, or why it is none."""

import unicodedata
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


def same(one: str, other: str) -> bool:
    """Whether two names are of one person: capitals, and how accents are written, make no difference."""
    return _plain(one) == _plain(other)


def _plain(said: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", said.strip()).casefold())
