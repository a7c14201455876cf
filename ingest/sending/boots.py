"""What is known of one boot in, what of it is overdue and what has to outlive the process out. Reads no clock."""

import math
from dataclasses import dataclass, field
from typing import Final

from ingest.sending.runs import Run, Runs, first_of, last_of

PATIENCE_S: Final = 10.0  # a watermark moves once a second: after ten, something was lost on the way
PATIENCE_MAX_S: Final = 80.0  # each vain repetition doubles the patience, so that a stuck store is not flooded
BATCH_MAX: Final = 64  # packets of a boot repeated at once, on either side of what is stored

Key = tuple[str, int]
"""(band, boot)."""
Span = tuple[Key, int, int]
"""Packets of a boot, first and last number, both included."""


@dataclass(slots=True)
class Patience:
    """Since when nothing has moved, and how much longer that is borne. ``repeated`` is the farthest of what was last
    sent again: a watermark that stops right there wants what follows, and at once."""

    since_s: float
    span_s: float = field(default_factory=lambda: PATIENCE_S)
    repeated: int | None = None

    def ends(self, now_s: float) -> bool:
        """Whether it has ended; then the next one is twice as long."""
        if now_s - self.since_s < self.span_s:
            return False
        self.since_s, self.span_s = now_s, min(max(2 * self.span_s, PATIENCE_S), PATIENCE_MAX_S)
        return True

    def move(self, now_s: float, to: int) -> None:
        """The watermark has moved to ``to``."""
        self.since_s, self.span_s = now_s, 0.0 if to == self.repeated else PATIENCE_S


@dataclass(slots=True)
class Boot:
    """What is known of one boot.

    ``kept`` are the packets that are here, ``waiting`` those of them that are to be sent (again). ``done`` are numbers
    that were here, or are stored, and will never come from here again; ``gone`` those of them that had no room, until
    they count as stored; ``untold`` those of them that are to be declared. ``stored`` is what the service said last.
    ``born``: by what the boots of a band are ordered, the oldest first.
    """

    born: tuple[float, int]
    heard: bool = False  # whether a packet of it was ever here
    kept: Runs = field(default_factory=Runs)
    waiting: Runs = field(default_factory=Runs)
    done: Runs = field(default_factory=Runs)
    gone: Runs = field(default_factory=Runs)
    untold: Runs = field(default_factory=Runs)
    stored: Run | None = None
    below: Patience = field(default_factory=lambda: Patience(math.inf))
    above: Patience = field(default_factory=lambda: Patience(math.inf))
    telling: Patience = field(default_factory=lambda: Patience(math.inf))

    @property
    def stuck(self) -> bool:
        """Whether what follows the watermark was sent again, and it moved no further."""
        return self.above.span_s > PATIENCE_S

    def quieten(self, now_s: float) -> None:
        """Something was sent: whatever the service makes of it, it has its time."""
        self.below.since_s = self.above.since_s = now_s

    def overdue(self, now_s: float) -> Runs:
        """What is to be sent again as nothing was heard of it in time: of a boot of which something is stored the
        packets next to it, on a side where it stands still; of any other its oldest, to be told how things stand."""
        late = Runs()
        if self.stored is None:
            if self.above.ends(now_s):
                late.add(self.kept.first, self.kept.first)
            return late
        since, seq = self.stored
        if self.kept.first < since and self.below.ends(now_s):
            for first, last in last_of(self.kept.within(0, since - 1), BATCH_MAX):
                late.add(first, last)
            self.below.repeated = late.first
        if self.kept.last > seq and self.above.ends(now_s):
            for first, last in first_of(self.kept.within(seq + 1, self.kept.last), BATCH_MAX):
                late.add(first, last)
            self.above.repeated = late.last
        return late


@dataclass(frozen=True, slots=True)
class BootState:
    """What has to outlive the process of one boot, beside its packets."""

    key: Key
    born_us: int
    stored: Run | None
    gone: tuple[Run, ...]
