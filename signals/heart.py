"""Intervals between beats in, wherever they come from; the believable ones, heart rate and its coverage out."""

from typing import Final

import numpy as np
from numba import njit

from signals.gaps import HELD, RESTART, UNKNOWN, Gaps
from signals.rows import Counts, RowOperator, Standing
from signals.types import Array, Rows
from signals.windows import Window, seconds

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


class HeartRate(RowOperator):
    """Heart rate and coverage once a second: (k, rate_hz * n) accepted intervals [s] in, two (k, n) out.

    The rate [1/min] is 60 over the mean of the intervals accepted in the last ``window_s``; the coverage is the share
    of that time which they fill, at most 1. The rate is NaN where the coverage is below ``least``, both are where
    nothing is known in the window.
    """

    def __init__(self, *, rows: int, rate_hz: int, window_s: float = 10.0, least: float = 0.5) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        self._grain = self._whole_rate()
        self._least = self._share("least", least)
        self._window_s = window_s
        self._spent = Window(rows=rows, rate_hz=1.0, window_s=window_s)
        self._beats = Window(rows=rows, rate_hz=1.0, window_s=window_s)

    def push(self, x: Array, *, rows: Rows | None = None) -> tuple[Array, Array]:
        """Return heart rate and coverage of the next n seconds of the rows ``rows``."""
        x, rows = self._take(x, rows, grain=self._grain)
        spent, known = seconds(x, rate_hz=self._grain)
        beats, _ = seconds(((x > 0) & np.isfinite(x)).astype(np.float64), rate_hz=self._grain)
        unknown = known == 0
        spent[unknown] = beats[unknown] = np.nan
        time_s, heard = self._spent.push(spent, rows=rows)
        count, _ = self._beats.push(beats, rows=rows)
        coverage = np.where(heard > 0, np.minimum(time_s / self._window_s, 1.0), np.nan)
        enough = coverage >= self._least
        rate = np.where(enough, 60.0 * count / np.where(enough, time_s, 1.0), np.nan)
        return rate, coverage
