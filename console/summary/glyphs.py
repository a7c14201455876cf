"""Texts in; the same with a box for each character that the font of papers does not have, and which these are, out.

Nothing is dropped without a word: what a font has no sign for would leave a gap that nobody sees.
"""

import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from fontTools.ttLib import TTFont

FONT: Final = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
"""DejaVu Sans 2.37: Latin, Greek, Cyrillic, Armenian, Georgian, Hebrew, Arabic and more; its licence lies beside it."""

BOX: Final = "\N{WHITE SQUARE}"
SHOWN: Final = 12
"""Characters that are named one by one."""

_SELECTORS: Final = range(0xFE00, 0xFE10)


@cache
def _has() -> frozenset[int]:
    with TTFont(FONT, lazy=True) as font:
        return frozenset(font.getBestCmap())


def lacking(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the characters of ``texts`` that the font does not have, each once, in order."""
    found = dict.fromkeys(letter for text in texts for letter in text if _is_lacking(letter))
    return tuple(sorted(found))


def boxed(text: str) -> str:
    """Return ``text`` with a box for each of them."""
    return "".join(BOX if _is_lacking(letter) else letter for letter in text)


def said(letters: tuple[str, ...]) -> str:
    """Return what is said of ``letters`` that could not be drawn, "" where there are none."""
    if not letters:
        return ""
    named = ", ".join(f"U+{ord(letter):04X}" for letter in letters[:SHOWN])
    more = f" and {len(letters) - SHOWN} more" if len(letters) > SHOWN else ""
    return f"This font has no sign for {named}{more}: a box ({BOX}) stands for each. The HTML file shows them."


def _is_lacking(letter: str) -> bool:
    if ord(letter) in _has() or ord(letter) in _SELECTORS:
        return False
    return unicodedata.category(letter) not in ("Cf", "Cc", "Zl", "Zp")
