"""Electrodermal activity in, the sudomotor drive behind its phasic part out, causally: uS, a row a person."""

import math
from typing import Final

import numpy as np

from signals.filters import Filter, high_pass
from signals.rows import RowOperator
from signals.types import Array, Rows

FALL_S: Final = 2.0  # time constants of the Bateman response: Greco 2016, doi:10.1109/TBME.2015.2474131
RISE_S: Final = 0.7


class Driver(RowOperator):
    """The sudomotor drive behind phasic conductance: (k, n) clean uS in and out, never below 0, NaN where unknown.

    The phasic part is what a first-order high-pass at ``cutoff_hz`` leaves; the Bateman response with time constants
    2.0 s and 0.7 s is then undone by its exact discrete inverse, which needs two past samples and no future, and has a
    gain of 1 at rest: a response of a given size has the same area before and after. cvxEDA (Greco 2016) solves for the
    whole recording with a sparse, non-negative driver instead; here what falls below 0 is cut off.
    """

    def __init__(
        self, *, rows: int, rate_hz: float, cutoff_hz: float = 0.05, hold_s: float = 2.0, warm_s: float = 5.0
    ) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        slow, fast = math.exp(-1 / (FALL_S * rate_hz)), math.exp(-1 / (RISE_S * rate_hz))
        gain = (1 - slow) * (1 - fast)
        inverse = np.array([[1 / gain, -(slow + fast) / gain, slow * fast / gain, 1.0, 0.0, 0.0]])
        phasic = high_pass(cutoff_hz=cutoff_hz, rate_hz=rate_hz, order=1)
        self._filter = Filter(np.vstack([phasic, inverse]), rows=rows, rate_hz=rate_hz, hold_s=hold_s, warm_s=warm_s)

    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        """Return the drive at the next n samples of the rows ``rows``."""
        x, rows = self._take(x, rows)
        return np.maximum(self._filter.push(x, rows=rows), 0.0)
