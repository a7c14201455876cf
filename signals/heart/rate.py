"""Accepted intervals in, heart rate and its coverage once a second out."""

import numpy as np

from signals.rows import RowOperator
from signals.types import Array, Rows
from signals.windows import Window, seconds


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
