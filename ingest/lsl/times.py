"""Time stamps of an even stream as a sender gave them in, where its samples lie on an even line out. Reads no clock.

Senders stamp samples when they hand them on, a radio's burst at a time, so that stamps jitter about the moments that
the sensor's crystal kept. The line follows their middle with an expanding-memory filter of second order (least squares
from the first piece on; N. Morrison, Introduction to Sequential Smoothing and Prediction, 1969, chapters 9 and 13),
whose gains stop falling where it must still follow the crystal's drift. Unlike it the filter takes the median of a
piece, and begins anew where samples are missing.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from ingest.types import Array
from ingest.wire import RATE_MAX_HZ, RATE_MIN_HZ

NEAR_S: Final = 0.02  # off the line by less is jitter, whatever else is known
NEAR_PERIODS: Final = 0.4  # and so is less than this: where samples are missing, they are whole ones
SPREADS: Final = 4.0  # and so is less than this many times what the stamps have shown
TAIL: Final = 5  # samples, and
TAIL_S: Final = 0.25  # of samples, whose middle must have left the line: one late stamp does not move it,
EXACT_S: Final = 0.002  # save where stamps have never been off by more: then one is enough
PERIOD_OFF: Final = 0.2  # no crystal is further from its stated rate
OFFSET_GAIN_MIN: Final = 0.05  # of a piece: a line of about 40 s
PERIOD_GAIN_MIN: Final = 0.001  # and a drift of a few minutes
SPREAD_GAIN: Final = 0.1


class Run(NamedTuple):
    """Samples ``first`` to ``stop`` (not included) of a piece, evenly from ``start_s`` [s of the sender]."""

    first: int
    stop: int
    start_s: float
    rate_hz: float


class EvenTimes:
    """The line of one stream of ``rate_hz`` samples a second, as its sender states it."""

    def __init__(self, rate_hz: float) -> None:
        slow_hz, fast_hz = max(RATE_MIN_HZ, rate_hz * (1 - PERIOD_OFF)), min(RATE_MAX_HZ, rate_hz * (1 + PERIOD_OFF))
        self._bounds_s = 1 / fast_hz, 1 / slow_hz
        self._period_s = 1 / rate_hz
        self._next_s: float | None = None
        self._pieces = 0
        self._spread_s: float | None = None

    def place(self, stamps: Array) -> list[Run]:
        """Say where a piece of samples lies, given its ``stamps`` (n,) [s], which never fall, n >= 1: one run, or two
        where the line has moved in between, because samples are missing."""
        off = self._off(stamps)
        exact = self._spread_s is not None and self._spread_s < EXACT_S
        count = 1 if exact else max(TAIL, math.ceil(TAIL_S / self._period_s))
        tail = float(np.median(off[-count:]))
        near_s = self._near_s(off)
        if abs(tail) <= near_s:
            return [self._follow(off, 0)]
        away = np.sign(tail) * off > near_s
        moved = int(np.flatnonzero(~away)[-1]) + 1 if not away.all() else 0
        if moved == off.size:
            return [self._follow(off, 0)]
        runs = [self._follow(off[:moved], 0)] if moved else []
        off = self._off(stamps[moved:])
        assert self._next_s is not None  # noqa: S101 - set by _off
        self._next_s += float(np.median(off))
        return [*runs, self._follow(self._off(stamps[moved:]), moved)]

    def _off(self, stamps: Array) -> Array:
        """By how much stamps lie above the line."""
        steps = np.arange(stamps.size) * self._period_s
        if self._next_s is None:
            self._next_s = float(np.median(stamps - steps))
        off: Array = stamps - (self._next_s + steps)
        return off

    def _near_s(self, off: Array) -> float:
        spread_s = _spread_s(off) if self._spread_s is None else self._spread_s
        return max(NEAR_S, NEAR_PERIODS * self._period_s, SPREADS * spread_s)

    def _follow(self, off: Array, first: int) -> Run:
        """Let the line follow a piece."""
        assert self._next_s is not None  # noqa: S101 - set by _off
        middle, k = float(np.median(off)), self._pieces
        both = (k + 1) * (k + 2)
        spread_s = _spread_s(off)
        before_s = spread_s if self._spread_s is None else self._spread_s
        self._spread_s = before_s + SPREAD_GAIN * (spread_s - before_s)
        start_s = self._next_s + max(OFFSET_GAIN_MIN, min(1.0, 2 * (2 * k + 1) / both)) * middle
        if k:
            period_s = self._period_s + max(PERIOD_GAIN_MIN, min(1.0, 6 / both)) * middle / off.size
            self._period_s = min(max(period_s, self._bounds_s[0]), self._bounds_s[1])
        self._next_s = start_s + off.size * self._period_s
        self._pieces += 1
        return Run(first, first + off.size, start_s, 1 / self._period_s)


def _spread_s(off: Array) -> float:
    """How far stamps typically lie from their middle."""
    return float(np.median(np.abs(off - np.median(off))))
