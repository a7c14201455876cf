"""Who asks, as somebody found out, in; what they may do, and where, out."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from console.access.roles import ACTS, Act, Role

EVERYWHERE: Final = "*"
"""In place of a site: at all of them."""


class Kind(StrEnum):
    """What asks."""

    NOBODY = "nobody"
    PERSON = "person"
    TABLET = "tablet"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Grant:
    """A role at one site, or at all of them (``EVERYWHERE``)."""

    role: Role
    site: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks. ``id`` is the account, tablet or token; ``name`` is what the house calls them, and what it writes down
    as having done what they do; a tablet's acts are in the name of a carer who is asked for (see ``console.access``).

    ``proved_s`` is when a password, and a second factor where there is one, was last given [UTC s]: what cannot be
    undone asks for it again.
    """

    kind: Kind = Kind.NOBODY
    id: str = ""
    name: str = ""
    grants: frozenset[Grant] = frozenset()
    session: str = ""
    proved_s: float = 0.0

    def may(self, act: Act, site: str) -> bool:
        """Return whether they may do it at ``site``."""
        return any(act in ACTS[grant.role] and grant.site in (site, EVERYWHERE) for grant in self.grants)

    def may_anywhere(self, act: Act) -> bool:
        """Return whether there is a site at which they may: whether to show a way to it at all."""
        return any(act in ACTS[grant.role] for grant in self.grants)

    def sites(self, act: Act, of: Collection[str]) -> frozenset[str]:
        """Return those sites ``of`` which they may do it at."""
        return frozenset(site for site in of if self.may(act, site))


NOBODY: Final = Asker()
"""Nobody has signed in."""
