"""Who asks for what in; whether it is too often out: what costs is bounded for each account, tablet, token, address."""

from dataclasses import dataclass
from typing import Final

from console.access.roles import Act
from console.access.routes import Need
from console.api.pace import Pace


@dataclass(frozen=True, slots=True)
class Rate:
    """``burst`` at once, and then one in ``every_s`` [s]."""

    every_s: float
    burst: int


WRITES: Final = Rate(0.1, 300)
"""Changes: nobody taps ten times a second for long, and each is a write to a disk that alerts are kept on."""

EXPORTS: Final = Rate(10.0, 12)
"""Recordings and summaries taken out: a colleague's afternoon, not a script that empties the store."""

LOOKS: Final = Rate(0.02, 1_000)
"""Everything else that is asked with a name: pages, lists, what pages ask again and again."""

COSTLY: Final = frozenset({Act.EXPORT, Act.SHARE})

FREE: Final = frozenset({Act.TAKE})
"""Taking an alert is never too often."""


class Limits:
    """Counts in memory, by who asks. Belongs to one event loop."""

    def __init__(self) -> None:
        self._pace = Pace()

    def allow(self, who: str, need: Need, *, changes: bool, now_s: float) -> Rate | None:
        """Return None and count it where ``who`` may do it once more at ``now_s`` [s of any clock], else the rate."""
        if need in FREE:
            return None
        rate, kind = (
            (EXPORTS, "export") if need in COSTLY and changes else (WRITES, "write") if changes else (LOOKS, "look")
        )
        allowed = self._pace.may(f"{kind} {who}", now_s, every_s=rate.every_s, burst=rate.burst)
        return None if allowed else rate
