"""How loud a band is heard and how its connections went in, when to try the next one and by which adapter out. Pure.

Two gateways that see a band do not talk: each waits the longer the weaker it hears it, so the nearest has it first.
Connections that end at once are tried again later and later, with luck in it, so that two that fight come apart.
Times are seconds of a clock that does not go back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

NEAR_DBM: Final = -60  # as loud as in the same room: no wait
FAR_DBM: Final = -95  # hardly to be heard
WAIT_MAX_S: Final = 4.0  # for the weakest: long enough for a nearer gateway to connect, short enough to be no gap
FIRST_S: Final = 0.5  # after a connection that failed: half as much to as much again
LONGEST_S: Final = 60.0  # a band that cannot be had is tried once a minute
LASTED_S: Final = 20.0  # a connection that lasted so long was no fight, and what was tried before is forgotten
REFUSED_S: Final = 300.0  # a band that does not keep to its profile will not mend itself soon


def wait_s(rssi: int) -> float:
    """How long to leave a band that is heard at ``rssi`` dBm to nearer gateways."""
    return WAIT_MAX_S * min(1.0, max(0.0, (NEAR_DBM - rssi) / (NEAR_DBM - FAR_DBM)))


@dataclass(slots=True)
class Attempts:
    """How the connections to one band went."""

    failures: int = 0
    lasted: bool = False  # one of them did: it was the band
    not_before_s: float = 0.0
    opened_s: float | None = None

    def opened(self, now_s: float) -> None:
        """A connection stands."""
        self.opened_s = now_s

    def ended(self, now_s: float, luck: float, *, refused: bool = False) -> None:
        """It is over, or none came about; ``luck`` is even over 0 to 1. ``refused``: by what the band is, not by
        radio."""
        lasted_s = 0.0 if self.opened_s is None else now_s - self.opened_s
        self.opened_s = None
        self.lasted = self.lasted or (lasted_s >= LASTED_S and not refused)
        self.failures = 0 if lasted_s >= LASTED_S and not refused else self.failures + 1
        if refused:
            self.not_before_s = now_s + REFUSED_S * (0.5 + luck)
        elif self.failures == 0:
            self.not_before_s = now_s
        else:
            self.not_before_s = now_s + min(LONGEST_S, FIRST_S * 2.0 ** min(self.failures - 1, 16)) * (0.5 + luck)


@dataclass(frozen=True, slots=True)
class Load:
    """An adapter as it stands: connections, those being made included, and how loud it hears the band (None: not)."""

    links: int
    links_max: int
    rssi: int | None
    works: bool = True


LOUDER_DB: Final = 10  # an adapter that hears a band so much better takes it although it has one link more


def choose(loads: Sequence[Load]) -> int | None:
    """Return which adapter connects: the least loaded that hears the band and has room, unless another hears it much
    better; None where none can."""
    able = [i for i, load in enumerate(loads) if load.works and load.links < load.links_max and load.rssi is not None]
    return min(able, key=lambda i: (loads[i].links - (loads[i].rssi or 0) / LOUDER_DB, i), default=None)
