"""Doorkeepers of tests, and houses of one site."""

import itertools
from dataclasses import dataclass, field, replace

from console.access.access import Access, Credentials, Doorkeeper
from console.access.asker import EVERYWHERE, Asker, Grant, Kind
from console.access.roles import Role

ANYBODY = Asker(
    kind=Kind.PERSON, id="anybody", name="Anybody", grants=frozenset(Grant(role, EVERYWHERE) for role in Role)
)
"""May do everything everywhere."""


AS_TOLD = Asker(kind=Kind.MACHINE, id="command line", grants=ANYBODY.grants)
"""The same, in whatever name a request says."""


@dataclass
class Letting:
    """Lets whoever asks in as ``asker``."""

    asker_: Asker = ANYBODY

    def asker(self, credentials: Credentials, now_s: float) -> Asker:
        return self.asker_


class NeverTheSame:
    """Lets each request in as somebody else, who may do everything: nobody asks too often."""

    def __init__(self) -> None:
        self._count = itertools.count()

    def asker(self, credentials: Credentials, now_s: float) -> Asker:
        return replace(AS_TOLD, id=f"command line {next(self._count)}")


@dataclass
class OneSite:
    """Everybody and everything is at one site, but for those who are said to be elsewhere."""

    here: str = "home"
    elsewhere: dict[str, str] = field(default_factory=dict)

    def of_wearer(self, wearer: str) -> str:
        return self.elsewhere.get(wearer, self.here)

    of_band = of_gateway = of_wearer


def open_to(asker: Asker | Doorkeeper = ANYBODY) -> Access:
    """Return access that takes whoever asks for ``asker``, or for whom a doorkeeper says."""
    return Access(Letting(asker) if isinstance(asker, Asker) else asker, OneSite())
