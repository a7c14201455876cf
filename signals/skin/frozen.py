"""Samples of any channel in, whether its sensor is alive, stuck, or at the end of its range out."""

import math
from typing import Final

import numpy as np
from numba import njit

from signals.errors import SignalError
from signals.rows import Counts, RowOperator
from signals.types import Array, Rows

ALIVE: Final = 0.0
STUCK: Final = 1.0  # the same to the last bit
AT_LOW: Final = 2.0
AT_HIGH: Final = 3.0
REASONS: Final = {ALIVE: "alive", STUCK: "stuck", AT_LOW: "at the low end", AT_HIGH: "at the high end"}

# How long working E4s repeat themselves: PPG 0.4 s, conductance 5 s with contact, temperature 18 s (in steps of 0.02
# degC), acceleration 14 s worn and 35 s on a table. What is stuck for longer than these is not a quiet body.
AFTER_S: Final = {"ppg": 2.0, "eda": 15.0, "temperature": 60.0, "motion": 60.0}


class Frozen(RowOperator):
    """Whether a sensor still senses: (k, n), or (k, axes, n), in; ``ALIVE``, ``STUCK``, ``AT_LOW`` or ``AT_HIGH``,
    (k, n), out.

    Stuck: every axis repeated its value to the last bit for ``after_s``. At an end: some axis has been at or below
    ``low``, or at or above ``high``, for ``end_s`` without a break; a sensor that clips says nothing of what happened.
    An end comes before stuck: conductance of 0 is an open circuit. Missing samples are skipped; after ``hold_s`` of
    them all counts begin anew. NaN where an axis is missing. Our own rules; ``AFTER_S`` has a time for each channel.
    A repeat is told with a delay of ``after_s``.
    """

    def __init__(
        self,
        *,
        rows: int,
        rate_hz: float,
        axes: int = 1,
        after_s: float,
        low: float = -math.inf,
        high: float = math.inf,
        end_s: float = 1.0,
        hold_s: float = 2.0,
    ) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        if isinstance(axes, bool) or not isinstance(axes, int) or axes < 1:
            raise SignalError(f"{self._name}.axes: must be a whole number of at least 1, got {axes!r}")
        if not low < high:
            raise SignalError(f"{self._name}.low: must be below high, got {low!r} and {high!r}")
        self._axes = axes
        self._after = self._samples("after_s", after_s, least=2)
        self._end = self._samples("end_s", end_s, least=1)
        self._hold = self._samples("hold_s", hold_s)
        self._ends = (low, high)
        self._last = np.full((rows, axes), np.nan)
        self._counts = np.zeros((rows, 2 + 2 * axes), np.int64)  # same, missing, at the low and at the high end by axis

    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        """Return the state of the sensor at the next n samples of the rows ``rows``."""
        x, known = self._take(x, rows, axes=self._axes)
        out = np.empty((x.shape[0], x.shape[-1]))
        each = x.reshape(x.shape[0], self._axes, x.shape[-1])
        _watch(each, known, self._after, self._end, self._hold, *self._ends, self._last, self._counts, out)
        return out


@njit(cache=True, nogil=True)
def _watch(
    x: Array,
    rows: Rows,
    after: int,
    end: int,
    hold: int,
    low: float,
    high: float,
    last: Array,
    counts: Counts,
    out: Array,
) -> None:
    axes = x.shape[1]
    for k in range(rows.size):
        own, count = last[rows[k]], counts[rows[k]]
        for i in range(x.shape[2]):
            known, same, lowest, highest = True, True, 0, 0
            for axis in range(axes):
                known = known and np.isfinite(x[k, axis, i])
            if not known:
                out[k, i] = np.nan
                count[1] = min(count[1] + 1, hold + 1)
                if count[1] > hold:
                    count[0] = 0
                    count[2:] = 0
                    own[:] = np.nan
                continue
            count[1] = 0
            for axis in range(axes):
                value = x[k, axis, i]
                same = same and value == own[axis]
                own[axis] = value
                count[2 + axis] = min(count[2 + axis] + 1, end) if value <= low else 0
                count[2 + axes + axis] = min(count[2 + axes + axis] + 1, end) if value >= high else 0
                lowest, highest = max(lowest, count[2 + axis]), max(highest, count[2 + axes + axis])
            count[0] = min(count[0] + 1, after) if same else 1
            if lowest >= end:
                out[k, i] = AT_LOW
            elif highest >= end:
                out[k, i] = AT_HIGH
            else:
                out[k, i] = STUCK if count[0] >= after else ALIVE
