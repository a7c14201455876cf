"""Delays and when they were seen in, the level out on which they have stayed: proof that they are no queue."""

import math
from typing import Final

import msgspec

PANE_S: Final = 5.0  # the least of five packets, one a second, is the delay without most of its jitter
LEVEL_S: Final = (
    0.25  # leasts that differ by less are level: a queue sent 2 % faster than real time falls faster in 20 s
)


class Level(msgspec.Struct, array_like=True):
    """A queue that is sent empties, so that its delay falls; a clock that stands elsewhere leaves it as it is.

    So delays whose least has stayed within ``LEVEL_S`` over enough panes of ``PANE_S`` are no queue. One that is sent
    at the very pace at which it grows cannot be told from it.
    """

    pane_s: float = math.nan
    least_s: float = math.inf
    low_s: float = math.inf
    high_s: float = -math.inf
    panes: int = 0

    def hear(self, at_s: float, delay_s: float, *, needed_s: float) -> float | None:
        """Take in a delay seen at ``at_s``, which rises; return the level once it has lasted for ``needed_s``."""
        if at_s - self.pane_s < PANE_S:
            self.least_s = min(self.least_s, delay_s)
            return None
        if self.least_s < math.inf:
            self._close()
        self.pane_s, self.least_s = at_s, delay_s
        return min(self.low_s, delay_s) if self.panes * PANE_S >= needed_s else None

    def forget(self) -> None:
        """Begin anew."""
        self.pane_s, self.least_s, self.low_s, self.high_s, self.panes = math.nan, math.inf, math.inf, -math.inf, 0

    def _close(self) -> None:
        low_s, high_s = min(self.low_s, self.least_s), max(self.high_s, self.least_s)
        if high_s - low_s > LEVEL_S:
            low_s = high_s = self.least_s
            self.panes = 0
        self.low_s, self.high_s = low_s, high_s
        self.panes += 1
