"""The installation's secret in; by what a command on this very machine is known, and whether it is, out; and what its
user is called."""

import hashlib
import hmac
from typing import Final

from console.access.asker import EVERYWHERE, Asker, Grant, Kind
from console.access.roles import OF_PEOPLE

SCHEME: Final = "Bearer cli"
OWN: Final = " at the command line"
"""How what the user of this machine is called ends: they may act in that name, which no carer has."""

HOLDS_S: Final = 60.0
"""How long a seal may be shown; a command makes one for each question. Clocks agree: it is one machine."""

COMMAND_LINE: Final = Asker(
    kind=Kind.MACHINE, id="command line", grants=frozenset(Grant(role, EVERYWHERE) for role in OF_PEOPLE)
)
"""Whoever can read the installation's secret can read everything else: they may do what people may."""


def shown(secret: bytes, now_s: float) -> str:
    """Return the Authorization header by which a command is known from ``now_s`` [UTC s] on, for a minute."""
    return f"{SCHEME}.{int(now_s)}.{_seal(secret, int(now_s))}"


def is_own(name: str) -> bool:
    """Return whether a name is that of a user of this machine."""
    return name.endswith(OWN) and name != OWN


def is_ours(secret: bytes, authorization: str, now_s: float) -> bool:
    """Return whether a header was made with our secret within the last minute."""
    scheme, _, rest = authorization.partition(".")
    made, _, seal = rest.partition(".")
    if scheme != SCHEME or not (made.isascii() and made.isdigit() and len(made) <= 12):
        return False
    fresh = abs(now_s - int(made)) <= HOLDS_S
    return hmac.compare_digest(_seal(secret, int(made)).encode(), seal.encode("utf-8", "replace")) and fresh


def _seal(secret: bytes, made_s: int) -> str:
    return hmac.new(secret, f"forecalm command line {made_s}".encode(), hashlib.sha256).hexdigest()
