"""Intervals between beats in, wherever they come from; those that fit their rhythm out."""

from typing import Final

import numpy as np
from numba import njit

from signals.gaps import HELD, RESTART, UNKNOWN, Gaps
from signals.rows import Counts, RowOperator, Standing
from signals.types import Array, Rows

SHORTEST_S: Final = 0.25  # 240 a minute
LONGEST_S: Final = 2.0  # 30 a minute
REMEMBERED: Final = 9  # intervals whose median is the rhythm
LEAST: Final = 5  # so many before anything is believed


class Rhythm(RowOperator):
    """Intervals that fit their rhythm: (k, n) events [s] in and out; 0 where there is none, NaN where unknown.

    An interval is accepted if it is physiological (0.25 to 2 s) and within the share ``change`` of the median of the
    nine physiological intervals before it. Those enter the median whether accepted or not, so a true change of rate is
    believed within five beats. The rhythm is forgotten after a gap longer than ``hold_s``: a heart does not change its
    rate by 30 % while a second of packets and the warm-up after it are missing.
    """

    def __init__(self, *, rows: int, rate_hz: float, change: float = 0.3, hold_s: float = 10.0) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        self._gaps = Gaps(rows=rows, rate_hz=rate_hz, hold_s=hold_s)
        self._change = self._share("change", change)
        self._past = np.zeros((rows, REMEMBERED))
        self._count = np.zeros(rows, np.int64)  # of intervals remembered

    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        """Return the accepted intervals at the next n samples of the rows ``rows``."""
        x, rows = self._take(x, rows)
        out = np.empty_like(x)
        _accept(x, self._gaps.push(x, rows=rows).standing, rows, self._change, self._past, self._count, out)
        return out


@njit(cache=True, nogil=True)
def _accept(x: Array, standing: Standing, rows: Rows, change: float, past: Array, count: Counts, out: Array) -> None:
    for k in range(rows.size):
        row = rows[k]
        for i in range(x.shape[1]):
            if standing[k, i] == UNKNOWN or standing[k, i] == HELD:
                out[k, i] = np.nan
                continue
            if standing[k, i] == RESTART:
                count[row] = 0
            out[k, i] = 0.0
            interval = x[k, i]
            if not SHORTEST_S <= interval <= LONGEST_S:
                continue
            if count[row] >= LEAST:
                usual = np.median(past[row, : count[row]])
                if abs(interval - usual) <= change * usual:
                    out[k, i] = interval
            for j in range(REMEMBERED - 1, 0, -1):
                past[row, j] = past[row, j - 1]
            past[row, 0] = interval
            count[row] = min(count[row] + 1, REMEMBERED)
