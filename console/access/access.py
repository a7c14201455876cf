"""What the console needs of accounts, as protocols: a request's credentials in, who asks out; where things belong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from console.access.asker import Asker


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """What a request brought, unread: cookies by name, and the Authorization header ("" where there is none).
    ``by_itself``: a page asked without anybody touching it, as a stream or a tablet's beat does: a session that is not
    touched ends all the same."""

    cookies: Mapping[str, str]
    authorization: str = ""
    by_itself: bool = False


class Doorkeeper(Protocol):
    """Knows people, tablets and machines by what they bring. Answers at once, from memory: a registry that is away must
    lock nobody out of an alert."""

    def asker(self, credentials: Credentials, now_s: float) -> Asker:
        """Return who asks at ``now_s`` [UTC s]; ``NOBODY`` for what is missing, forged, ended or revoked."""
        ...


class Whereabouts(Protocol):
    """At which site people and things are. Answers at once; what is in no site, or unknown, is at this house's."""

    @property
    def here(self) -> str:
        """The site of this house."""
        ...

    def of_wearer(self, wearer: str) -> str:
        """Return a wearer's site."""
        ...

    def of_band(self, band: str) -> str:
        """Return a band's site: that of who wears it, else its own."""
        ...

    def of_gateway(self, gateway: str) -> str:
        """Return a gateway's site."""
        ...


@dataclass(frozen=True, slots=True)
class Access:
    """How requests are let in."""

    doorkeeper: Doorkeeper
    whereabouts: Whereabouts
