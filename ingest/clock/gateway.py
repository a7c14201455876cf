"""When a gateway's messages were sent by its clock and arrived by ours in, how long each was queued in between out."""

import math
from typing import Final

import msgspec

from ingest.clock.level import Level

WINDOW_S: Final = 60.0  # the least delay is sought over one to two of these
FAR_S: Final = 0.5  # a delay that much above the least was queued, or the clock was set back
PROOF_S: Final = 20.0  # of level delays before a gateway's clock is believed to stand where they say
RIGHT_S: Final = 5.0  # a clock never heard that is no further off is right, and its message live
QUEUE_MAX_S: Final = 7 * 86_400.0  # no broker keeps a message longer: then the clock is wrong


class GatewayClock(msgspec.Struct, array_like=True):
    """One gateway's clock: the least (received - sent), ``offset_s``, NaN until it is known.

    A lower one is believed at once, for a message cannot arrive before it was sent. A higher one is a queue unless it
    stays level for ``PROOF_S``: then the clock was set back. So it is with a clock heard for the first time: until it
    is known, a message that seems to come from up to ``QUEUE_MAX_S`` ago is taken for queued, and one that took longer
    than another, too: by the difference.
    """

    offset_s: float = math.nan
    window_s: float = math.nan
    before_s: float = math.inf
    least_s: float = math.inf
    last_s: float = math.nan
    sets: int = 0
    level: Level = msgspec.field(default_factory=Level)

    def hear(self, received_s: float, delay_s: float) -> float:
        """Take in a message that came ``delay_s`` after it was sent, by two clocks; return how long it was queued."""
        self.last_s = received_s
        extra_s = delay_s - self.offset_s
        if not extra_s < FAR_S:
            return self._far(received_s, delay_s)
        if self.level.heard:
            self.level.forget()
        if extra_s < 0:
            self.sets += extra_s < -FAR_S
            self.offset_s = delay_s
            extra_s = 0.0
        if delay_s < self.least_s:
            self.least_s = delay_s
        if not 0 <= received_s - self.window_s <= WINDOW_S:
            self._turn(received_s)
        return extra_s

    def _turn(self, received_s: float) -> None:
        """Begin a window."""
        least_s = min(self.before_s, self.least_s)
        if least_s < math.inf:
            self.offset_s = least_s
        self.before_s, self.least_s, self.window_s = self.least_s, math.inf, received_s

    def _far(self, received_s: float, delay_s: float) -> float:
        level_s = self.level.hear(received_s, delay_s, needed_s=PROOF_S)
        if level_s is not None:
            self.sets += not math.isnan(self.offset_s)
            self.offset_s, self.before_s, self.least_s, self.window_s = level_s, math.inf, level_s, received_s
            self.level.forget()
        if not math.isnan(self.offset_s):
            return delay_s - self.offset_s
        if delay_s > QUEUE_MAX_S:
            return 0.0
        if self.least_s < -RIGHT_S and delay_s - self.least_s > RIGHT_S:
            self.least_s = math.inf  # it was ahead, and is set right
        if delay_s <= RIGHT_S:
            self.least_s = min(self.least_s, delay_s)
        return delay_s - (self.least_s if self.least_s < math.inf else 0.0)
