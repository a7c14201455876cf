"""Delays and when they were seen in, the level out on which they have stayed: proof that they are no queue."""

import math
from typing import Final

import msgspec

PANE_S: Final = 5.0  # the least of a few packets is the delay without most of its jitter
PANE_MIN: Final = 4  # packets of a pane, where they are rare
PANES_MIN: Final = 4  # fewer show no level
LEVEL_S: Final = (
    0.25  # leasts that differ by less are level: a queue sent 2 % faster than real time falls faster in 20 s
)


class Level(msgspec.Struct, array_like=True):
    """A queue that is sent empties, so that its delay falls; a clock that stands elsewhere leaves it as it is.

    So delays whose least has stayed within ``LEVEL_S`` from pane to pane for long enough are no queue. One that is sent
    at the very pace at which it grows cannot be told from it.
    """

    pane_s: float = math.nan  # when the pane began
    heard: int = 0  # packets in it
    least_s: float = math.inf
    since_s: float = math.nan  # when the level began
    low_s: float = math.inf
    high_s: float = -math.inf
    panes: int = 0

    def hear(self, at_s: float, delay_s: float, *, needed_s: float) -> float | None:
        """Take in a delay seen at ``at_s``, which rises; return the level once it has lasted for ``needed_s``."""
        if self.heard and (at_s - self.pane_s < PANE_S or self.heard < PANE_MIN):
            self.heard += 1
            self.least_s = min(self.least_s, delay_s)
            return None
        if self.heard:
            self._close()
        self.pane_s, self.heard, self.least_s = at_s, 1, delay_s
        if self.panes >= PANES_MIN and at_s - self.since_s >= needed_s:
            return min(self.low_s, delay_s)
        return None

    def forget(self) -> None:
        """Begin anew."""
        self.heard, self.panes, self.least_s, self.low_s, self.high_s = 0, 0, math.inf, math.inf, -math.inf

    def _close(self) -> None:
        low_s, high_s = min(self.low_s, self.least_s), max(self.high_s, self.least_s)
        if self.panes == 0 or high_s - low_s > LEVEL_S:
            self.since_s, self.panes = self.pane_s, 0
            low_s = high_s = self.least_s
        self.low_s, self.high_s = low_s, high_s
        self.panes += 1
