"""A site in; access for whoever reaches this machine's loopback out, until people sign in."""

from console.access.access import Access, Credentials
from console.access.asker import EVERYWHERE, Asker, Grant, Kind
from console.access.roles import Role

_EVERYBODY = Asker(kind=Kind.PERSON, name="", grants=frozenset(Grant(role, EVERYWHERE) for role in Role))


class _Open:
    def asker(self, credentials: Credentials, now_s: float) -> Asker:
        return _EVERYBODY


class _Here:
    def __init__(self, here: str) -> None:
        self.here = here

    def of_wearer(self, wearer: str) -> str:
        return self.here

    of_band = of_gateway = of_wearer


def open_house(site: str) -> Access:
    """Return access that takes whoever asks for somebody who may do everything."""
    return Access(_Open(), _Here(site))
