"""Roles in, how long a session of theirs lasts out."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from console.access.roles import Role

HOUR_S: Final = 3600.0

SHIFT_S: Final = 14 * HOUR_S
"""The longest shift, and the hand-over on both sides of it: whoever comes on shift signs in."""

SHARED_IDLE_S: Final = 900.0
"""On an enrolled tablet, which stands where everybody passes: a quarter of an hour after the last touch it is its own
again, and shows the board all the while."""

PROVED_S: Final = 300.0
"""What cannot be undone asks for the password again where it was given longer ago."""


@dataclass(frozen=True, slots=True)
class Lasts:
    """How long a session lasts after it was last touched, and after somebody signed in [s]."""

    idle_s: float
    absolute_s: float


LASTS: Final = {
    # On a carer's own phone the board stands open untouched all night, and must not fall silent within the shift
    Role.CARER: Lasts(SHIFT_S, SHIFT_S),
    # Walks through the house with a phone in a pocket
    Role.SUPPORT: Lasts(2 * HOUR_S, SHIFT_S),
    # Recordings on a desk that somebody leaves for a meeting
    Role.RESEARCHER: Lasts(HOUR_S, SHIFT_S),
    # As NIST SP 800-63B-4 section 2.2.3 has it at most for what two factors protect
    Role.ADMINISTRATOR: Lasts(HOUR_S, SHIFT_S),
}


def lasts(roles: Collection[Role], *, shared: bool) -> Lasts:
    """Return how long a session of somebody with ``roles`` lasts: the shortest of them; ``shared``: on an enrolled
    tablet."""
    each = [LASTS[role] for role in roles if role in LASTS] or [Lasts(HOUR_S, SHIFT_S)]
    idle_s = min(one.idle_s for one in each)
    return Lasts(min(idle_s, SHARED_IDLE_S) if shared else idle_s, min(one.absolute_s for one in each))
