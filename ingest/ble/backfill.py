"""What a band keeps, what was heard from it and what the service has, in; what to ask the band for, and what will
never come, out. Pure.

A boot is one count of records from 0 up. A record is wanted that the band keeps, that no watermark covers and that this
gateway has not heard; the oldest first, so that the watermark moves.
"""

import math
from dataclasses import dataclass, field
from typing import Final

from ingest.ble.runs import Run, Runs
from ingest.wire import Stored

RECORDS_MAX: Final = 120  # of one request: two minutes of a band's time, then it is judged anew
PATIENCE_S: Final = 3.0  # without any record of a request: it was lost, or the band has none of them
VAIN_MAX: Final = 3  # requests that nothing came of: the band says that it has them, and does not give them
VAIN_S: Final = 60.0  # after which they are asked for again: the air was bad, perhaps
# A watermark waits so long for what the band no longer has before that is declared lost: another gateway may keep it on
# its disk, and have been cut off for a night.
GONE_S: Final = 12 * 3600.0

Waits = dict[int, tuple[int, float]]
"""By boot: the number that the watermark waits for, which the band no longer has, and since when."""


@dataclass(slots=True)
class _Boot:
    heard: Runs = field(default_factory=Runs)
    stored: Run | None = None
    kept: Run | None = None  # what the band says that it keeps; None: nothing
    gone: Run | None = None  # numbers that the watermark waits for, and the band no longer has
    declared: int = -1  # the last number that was declared lost
    vain: Runs = field(default_factory=Runs)


@dataclass(frozen=True, slots=True)
class Request:
    """Records to ask a band for."""

    boot: int
    first: int
    last: int


class Backfill:
    """Of one link: what is wanted. Times are seconds of a clock that does not go back. ``waits`` outlives the link."""

    def __init__(self, waits: Waits | None = None) -> None:
        self._waits: Waits = {} if waits is None else waits
        self._boots: dict[int, _Boot] = {}
        self._asked: Request | None = None
        self._moved_s = 0.0
        self._vain = 0
        self._forgiven_s = 0.0

    def here(self, boot: int, runs: list[Run]) -> None:
        """The gateway keeps these runs already."""
        for first, last in runs:
            self._of(boot).heard.add(first, last)

    def finished(self) -> None:
        """The band has sent all that it has of the last request: what did not come is asked for anew, soon."""
        self._moved_s = -math.inf

    def keeps(self, boot: int, first: int, end: int, now_s: float) -> None:
        """The band says that of ``boot`` it keeps ``first`` up to but not ``end``."""
        one = self._of(boot)
        one.kept = (first, end - 1) if first < end else None
        self._judge(boot, one, first, now_s)

    def stored(self, stored: Stored, now_s: float) -> None:
        """The service says what it has."""
        one = self._of(stored.boot)
        one.stored = (stored.since, stored.seq)
        if one.kept is not None:
            self._judge(stored.boot, one, one.kept[0], now_s)

    def hear(self, boot: int, seq: int, now_s: float) -> bool:
        """A record came; False where it came before."""
        one = self._of(boot)
        asked = self._asked
        if asked is not None and asked.boot == boot and asked.first <= seq <= asked.last:
            self._moved_s, self._vain = now_s, 0
        if seq in one.heard:
            return False
        one.heard.add(seq, seq)
        return True

    def ask(self, now_s: float, *, live: tuple[int, int] | None, timed: frozenset[int]) -> Request | None:
        """What to ask for now; None: nothing, or the last request is still being answered.

        ``live`` is the boot and the next number of the live stream: what is not behind it comes by itself. Only boots
        in ``timed`` are asked for: when a record of another was made, nobody knows.
        """
        asked = self._asked
        if now_s - self._forgiven_s >= VAIN_S:
            self._forgiven_s = now_s
            for one in self._boots.values():
                one.vain = Runs()
        if asked is not None:
            if now_s - self._moved_s < PATIENCE_S and self._missing(asked):
                return None
            if self._missing(asked) and now_s - self._moved_s >= PATIENCE_S:
                self._vain += 1
                if self._vain >= VAIN_MAX:
                    self._boots[asked.boot].vain.add(asked.first, asked.last)
                    self._vain = 0
        self._asked = self._next(live, timed)
        self._moved_s = now_s
        return self._asked

    def lost(self, boot: int, seq: int, now_s: float) -> Run | None:
        """What to declare lost with record ``seq`` of ``boot``: each run once."""
        one = self._of(boot)
        gone = one.gone
        if gone is None or gone[1] >= seq or one.declared >= gone[1] or now_s - self._waits[boot][1] < GONE_S:
            return None
        one.declared = gone[1]
        return gone

    def backlog(self, timed: frozenset[int]) -> tuple[int, int]:
        """How many records of the band are wanted, and how many others it keeps of boots that are not in ``timed``."""
        wanted = {
            boot: sum(last - first + 1 for first, last in self._wanted(boot, one, None))
            for boot, one in self._boots.items()
        }
        return (
            sum(number for boot, number in wanted.items() if boot in timed),
            sum(number for boot, number in wanted.items() if boot not in timed),
        )

    def _of(self, boot: int) -> _Boot:
        return self._boots.setdefault(boot, _Boot())

    def _wanted(self, boot: int, one: _Boot, live: tuple[int, int] | None) -> list[Run]:
        if one.kept is None:
            return []
        first, last = one.kept
        if live is not None and live[0] == boot:
            last = min(last, live[1] - 1)
        return [
            run
            for hole in one.heard.missing(first, last)
            for part in _without(hole, one.stored)
            for run in one.vain.missing(*part)
        ]

    def _next(self, live: tuple[int, int] | None, timed: frozenset[int]) -> Request | None:
        for boot, one in self._boots.items():
            if boot in timed:
                for first, last in self._wanted(boot, one, live):
                    return Request(boot, first, min(last, first + RECORDS_MAX - 1))
        return None

    def _missing(self, asked: Request) -> bool:
        return bool(self._boots[asked.boot].heard.missing(asked.first, asked.last))

    def _judge(self, boot: int, one: _Boot, oldest: int, now_s: float) -> None:
        """See whether the watermark waits for what the band no longer has, and since when."""
        waits = None if one.stored is None else one.stored[1] + 1
        if waits is None or waits >= oldest or waits in one.heard:
            one.gone = None
            self._waits.pop(boot, None)
            return
        one.gone = (waits, one.heard.missing(waits, oldest - 1)[0][1])
        if boot not in self._waits or self._waits[boot][0] != waits:
            self._waits[boot] = (waits, now_s)


def _without(hole: Run, stored: Run | None) -> list[Run]:
    if stored is None or stored[1] < hole[0] or stored[0] > hole[1]:
        return [hole]
    parts = [(hole[0], stored[0] - 1), (stored[1] + 1, hole[1])]
    return [part for part in parts if part[0] <= part[1]]
