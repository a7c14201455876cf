"""Photoplethysmogram in, beats that may be believed out: when each was, and how long after the one before."""

from typing import Final

import numpy as np

from signals.heart.pulses_beats import Beats
from signals.rows import RowOperator
from signals.types import Array, Rows

BELIEVED: Final = 0.5  # of the beats that noise alone makes, 6 in 100 reach it; of those at 20 dB, 998 in 1,000


class Pulses(RowOperator):
    """Intervals between pulses: (k, n) PPG in, in any unit; intervals [s] and lags [s] (k, n) out.

    The beats of ``Beats`` whose quality is at least ``least``; 0 where nothing is told, NaN where PPG is unknown.
    """

    def __init__(self, *, rows: int, rate_hz: float, least: float = BELIEVED) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        self._least = self._share("least", least)
        self._beats = Beats(rows=rows, rate_hz=rate_hz)

    def push(self, x: Array, *, rows: Rows | None = None) -> tuple[Array, Array]:
        """Return the intervals told, and their lags, at the next n samples of the rows ``rows``."""
        x, rows = self._take(x, rows)
        told, lag, quality = self._beats.push(x, rows=rows)
        low = quality < self._least
        return np.where(low, 0.0, told), np.where(low, 0.0, lag)
