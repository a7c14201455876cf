"""Acceleration in, movement out, however the band sits."""

import numpy as np

from signals.filters import Filter, high_pass
from signals.rows import RowOperator
from signals.types import Array, Rows


class Movement(RowOperator):
    """Dynamic acceleration: (k, 3, n) g in, (k, n) g out, at least 0, NaN where any axis is unknown.

    Each axis goes through a second-order Butterworth high-pass at ``cutoff_hz``, begun at rest, which removes gravity
    and slow turns of the wrist; the output is the length of what remains, so it does not depend on how the band sits.
    """

    def __init__(
        self, *, rows: int, rate_hz: float, cutoff_hz: float = 0.25, hold_s: float = 0.5, warm_s: float = 1.0
    ) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        sos = high_pass(cutoff_hz=cutoff_hz, rate_hz=rate_hz, order=2)
        self._filter = Filter(sos, rows=3 * rows, rate_hz=rate_hz, hold_s=hold_s, warm_s=warm_s)

    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        """Return dynamic acceleration at the next n samples of the rows ``rows``."""
        x, rows = self._take(x, rows, axes=3)
        axes = (3 * rows[:, None] + np.arange(3)).reshape(-1)
        left = self._filter.push(x.reshape(len(axes), x.shape[2]), rows=axes).reshape(x.shape)
        return np.sqrt(left[:, 0] ** 2 + left[:, 1] ** 2 + left[:, 2] ** 2)
