"""What carers wrote in, and everybody else's names; the same without those names, and how many were taken out, out."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

TAKEN: Final = "[a name]"
SHORTEST: Final = 2
"""Letters of a part of a name that is looked for: one letter is in every text."""

_TURNING: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ISOLATE: Final = ("\u2068", "\u2069")


@dataclass(slots=True)
class Mask:
    """Takes ``names`` out of texts: each as a whole, however it is written, and each of its parts that begins with a
    capital, as it is written there; ``own`` is whose summary it is, and stays. ``taken`` counts."""

    names: Iterable[str]
    own: str
    taken: int = 0
    _said: dict[str, str] = field(default_factory=dict)
    _whole: re.Pattern[str] | None = field(init=False)
    _parts: re.Pattern[str] | None = field(init=False)

    def __post_init__(self) -> None:
        mine = {self.own.casefold(), *(part.casefold() for part in self.own.split())}
        names = {" ".join(name.split()) for name in self.names} - {""}
        whole = {name for name in names if name.casefold() not in mine and len(name) >= SHORTEST}
        parts = {part.strip(",.;:()") for name in whole for part in name.split()}
        told = {part for part in parts if part.casefold() not in mine and len(part) >= SHORTEST and _is_name(part)}
        self._whole, self._parts = _any_of(whole, re.IGNORECASE), _any_of(told, 0)

    def out_of(self, text: str) -> str:
        """Return ``text`` without names, without characters that turn what follows round, and on one line."""
        if text in self._said:
            return self._said[text]
        said = unicodedata.normalize("NFC", "".join(letter for letter in text if letter not in _TURNING))
        for pattern in (self._whole, self._parts):
            if pattern is not None:
                said, taken = pattern.subn(TAKEN, said)
                self.taken += taken
        self._said[text] = " ".join(said.split())
        return self._said[text]


def own(text: str) -> str:
    """Return what somebody wrote so that it stands in a sentence whichever way it is written (isolated: UAX 9)."""
    return f"{_ISOLATE[0]}{''.join(letter for letter in text if letter not in _TURNING)}{_ISOLATE[1]}"


def plain(text: str) -> str:
    """Return ``text`` without what ``own`` puts round words."""
    return text.translate({ord(mark): None for mark in _ISOLATE})


def _is_name(part: str) -> bool:
    """Whether it begins as names do: with a capital, or in a script that has none."""
    return part[0].isalpha() and not part[0].islower()


def _any_of(names: set[str], flags: int) -> re.Pattern[str] | None:
    if not names:
        return None
    each = [_bounded(unicodedata.normalize("NFC", name)) for name in sorted(names, key=lambda it: (-len(it), it))]
    return re.compile("|".join(each), flags)


def _bounded(name: str) -> str:
    """A name between what is no letter; in scripts that write without spaces, anywhere."""
    escaped = re.escape(name)
    spaced = any(letter.lower() != letter.upper() for letter in name)
    return rf"(?<!\w){escaped}(?!\w)" if spaced else escaped
