"""Passwords in; whether they are good enough, their hashes, and whether one is right, out. Slow on purpose."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

MEMORY_KIB: Final = 19_456
PASSES: Final = 2
LANES: Final = 1
"""argon2id with 19 MiB, two passes and one lane: OWASP Password Storage Cheat Sheet (2024). Tens of milliseconds."""

SHORTEST: Final = 12
"""Characters: more than the 8 of NIST SP 800-63B for a password beside a second factor, since that is optional here."""

LONGEST: Final = 256
"""Characters that are read; NIST asks for 64 at least. Nobody types more, and hashing stays bounded."""

_WORDS: Final = """
password passwort passphrase kennwort motdepasse contrasena senha wachtwoord haslo parola salasana losenord geheim
secret letmein welcome willkommen bienvenue changeme default temporary temp admin administrator root user test guest
login master iloveyou monkey dragon football baseball basketball superman batman starwars sunshine princess shadow
michael jennifer liverpool arsenal chelsea hello whatever trustno qwerty qwertz azerty keyboard computer internet access
forecalm board carer carers tablet band alert house home care support summer winter spring autumn january february march
april may june july august september october november december monday friday sunday correct horse battery staple
"""

COMMON: Final = frozenset(_WORDS.split())
"""Words that stand first in guesses. Written for this house, after the kinds that NIST SP 800-63B section 3.1.1.2 names
(words of breaches, of the dictionary, of the service), not taken from a list."""

LEFT: Final = 6
"""Characters that must be left when such words, runs and repetitions are taken away."""

_ROWS: Final = ("abcdefghijklmnopqrstuvwxyz", "0123456789", "01234567890", "qwertyuiop", "qwertzuiop", "azertyuiop",
                "asdfghjkl", "zxcvbnm", "yxcvbnm")  # fmt: skip
_RUN: Final = 4
_FOLDED: Final = str.maketrans("013457@$!", "oleastasi")

_HASHER: Final = PasswordHasher(
    time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, hash_len=32, salt_len=16, type=Type.ID
)


def wrong_with(password: str, about: Iterable[str] = ()) -> str:
    """Return why somebody should not sign in by ``password``, "" where they may; ``about`` are words that stand near
    them: their name, the house. There are no rules of what it is composed of."""
    length = len(_canonical(password))
    if length < SHORTEST:
        return f"{length} characters so far. Please use at least {SHORTEST}: three words in a row are good."
    if length > LONGEST:
        return f"Please use up to {LONGEST} characters."
    if _is_guessed(_canonical(password), about):
        return "That is among the first that are guessed. Please use three words that do not belong together."
    return ""


def encoded(password: str) -> str:
    """Return the hash of a password, to be kept. Takes tens of milliseconds."""
    return _HASHER.hash(_canonical(password))


def is_right(kept: str | None, password: str) -> bool:
    """Return whether ``password`` is that of the hash ``kept``. None: there is none, which takes as long."""
    try:
        return _HASHER.verify(kept or _nobodys(), _canonical(password)) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Return whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


@cache
def _nobodys() -> str:
    """What is reckoned with where there is no such account, so that a refusal takes as long."""
    return _HASHER.hash("nobody signs in by this")


def _canonical(password: str) -> str:
    """Return the same characters however a keyboard composes them: NIST SP 800-63B, section 3.1.1.2."""
    return unicodedata.normalize("NFKC", password)[: LONGEST + 1]


def _is_guessed(password: str, about: Iterable[str]) -> bool:
    """Whether hardly anything is left without common words, those of ``about``, runs of keys and repetitions."""
    near = {word for text in about for word in re.findall(r"\w{3,}", text.casefold())}
    typed = password.casefold()
    meant = (re.sub(r"\W", "", each) for each in (typed, typed.translate(_FOLDED)))
    return min(len(set(_rest(each, near))) for each in meant) < LEFT


def _rest(text: str, near: set[str]) -> str:
    for word in sorted({*COMMON, *near}, key=len, reverse=True):
        text = text.replace(word, "")
    return re.sub(r"(.+?)\1+", r"\1", _without_runs(text))


def _without_runs(text: str) -> str:
    """Take away keys beside each other, in either direction, as in "4321" and "asdf"."""
    for row in (*_ROWS, *(row[::-1] for row in _ROWS)):
        for length in range(len(row), _RUN - 1, -1):
            for start in range(len(row) - length + 1):
                text = text.replace(row[start : start + length], "")
    return text
