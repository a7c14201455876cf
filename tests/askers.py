"""Doorkeepers of tests, and houses of one site."""

from dataclasses import dataclass, field

from console.access.access import Access, Credentials
from console.access.asker import EVERYWHERE, Asker, Grant, Kind
from console.access.roles import Role

ANYBODY = Asker(
    kind=Kind.PERSON, id="anybody", name="Anybody", grants=frozenset(Grant(role, EVERYWHERE) for role in Role)
)
"""May do everything everywhere."""


@dataclass
class Letting:
    """Lets whoever asks in as ``asker``."""

    asker_: Asker = ANYBODY

    def asker(self, credentials: Credentials, now_s: float) -> Asker:
        return self.asker_


@dataclass
class OneSite:
    """Everybody and everything is at one site, but for those who are said to be elsewhere."""

    here: str = "home"
    elsewhere: dict[str, str] = field(default_factory=dict)

    def of_wearer(self, wearer: str) -> str:
        return self.elsewhere.get(wearer, self.here)

    of_band = of_gateway = of_wearer


def open_to(asker: Asker = ANYBODY) -> Access:
    """Return access that takes whoever asks for ``asker``."""
    return Access(Letting(asker), OneSite())
