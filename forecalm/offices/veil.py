"""What the registry calls people in; what researchers read, in which nobody has a name, out.

Wearers become their pseudonyms wherever somebody wrote their name into a note or a file's name; carers and everybody
else who signs in become words of their own (``carer 3f2a``), the same on every page, that nobody can turn back without
the secret of the installation. Words of files that name nobody of this house stay as they are.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from ingest.labels import Label
from ingest.registry.registry import Registry
from ingest.registry.sessions import Session

SHORTEST: Final = 2
"""Letters of a part of a name that is looked for by itself: one letter is in every text."""

DIGITS: Final = 4
"""Of an alias: some 65,000 of them, for the staff of a house."""


class Veil:
    """Knows every name of the house, and says another word for it."""

    def __init__(self, wearers: Mapping[str, str], staff: Iterable[str], secret: bytes) -> None:
        self._secret = secret
        self._staff = {name.casefold() for name in staff}
        said = {name.casefold(): self.alias(name) for name in staff if name.strip()}
        parts: dict[str, str] = {}
        for words in ({name: pseudonym for pseudonym, name in wearers.items() if name.strip()}, said):
            for name, other in words.items():
                for part in name.split():
                    if len(part) >= SHORTEST:
                        parts.setdefault(part.casefold(), other)
        whole = {name.casefold(): pseudonym for pseudonym, name in wearers.items() if name.strip()}
        self._other = parts | said | whole
        longest = sorted(map(re.escape, self._other), key=len, reverse=True)
        self._names = re.compile(rf"(?<!\w)(?:{'|'.join(longest)})(?!\w)", re.IGNORECASE) if longest else None

    def alias(self, name: str) -> str:
        """Return what somebody of the staff is called."""
        digest = hmac.digest(self._secret, b"rater\0" + name.casefold().encode(errors="replace"), hashlib.sha256)
        return f"carer {digest.hex()[:DIGITS]}"

    def is_staff(self, name: str) -> bool:
        """Return whether somebody of the house is called so."""
        return name.casefold() in self._staff

    def text(self, text: str) -> str:
        """Return ``text`` without the name of anybody who is known here."""
        if self._names is None:
            return text
        return self._names.sub(lambda found: self._other.get(found[0].casefold(), "somebody"), text)

    def label(self, label: Label) -> Label:
        """Return a label whose rater, words and note name nobody."""
        rater = self.alias(label.rater) if self.is_staff(label.rater) else self.text(label.rater)
        return replace(label, rater=rater, what=self.text(label.what), note=self.text(label.note))


def veil_of(registry: Registry, secret: bytes) -> Veil:
    """Return the veil of everybody who is known now."""
    staff = {*registry.carers(), *(account.name for account in registry.accounts())}
    return Veil(registry.names(), sorted(staff), secret)


class Veiled(Registry):
    """A registry that tells of labels and recordings without a name in them: what leaves the house is read from it."""

    def __init__(self, url: str, veil: Veil) -> None:
        super().__init__(url)
        self._veil = veil

    def labels(
        self,
        wearer: str | None = None,
        since_s: float | None = None,
        until_s: float | None = None,
        *,
        most: int | None = None,
    ) -> dict[int, Label]:
        """See ``Registry.labels``."""
        found = super().labels(wearer, since_s, until_s, most=most)
        return {number: self._veil.label(label) for number, label in found.items()}

    def sessions(
        self, wearer: str | None = None, since_s: float | None = None, until_s: float | None = None
    ) -> list[Session]:
        """See ``Registry.sessions``."""
        text = self._veil.text
        return [
            replace(each, origin=text(each.origin), notes=tuple(map(text, each.notes)))
            for each in super().sessions(wearer, since_s, until_s)
        ]
