"""What unknown samples do to a filter, decided once for all: (k, n) in, finite samples and their standing out."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit

from signals.rows import Counts, RowOperator, Standing
from signals.types import Array, Rows

# These four must never change meaning: kernels in other files have them compiled in, and numba's cache notices a change
# only in the file that the kernel stands in.
UNKNOWN: Final = 0  # nothing to feed: not begun, or missing for longer than the hold
HELD: Final = 1  # missing, bridged with the last finite value
KNOWN: Final = 2
RESTART: Final = 3  # known, and whatever follows begins anew here


@dataclass(frozen=True, slots=True, eq=False)
class Bridged:
    """``filled`` (k, n): finite, 0 where UNKNOWN; ``standing`` (k, n) int8: UNKNOWN, HELD, KNOWN or RESTART."""

    filled: Array
    standing: Standing


class Gaps(RowOperator):
    """Bridge missing samples for up to ``hold_s`` with the last finite value; restart a row after a longer gap.

    ``push`` takes (k, n), where NaN and infinities are unknown. A row restarts at its first finite sample ever and at
    the first one after more than ``hold_s`` of unknown. Decided by the sample, never by the push.
    """

    def __init__(self, *, rows: int, rate_hz: float, hold_s: float) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        self._hold = self._samples("hold_s", hold_s)
        self._last = np.zeros(rows)
        self._missing = np.full(rows, self._hold + 1)  # as after a long gap: the first finite sample restarts

    def push(self, x: Array, *, rows: Rows | None = None) -> Bridged:
        """Return the next n samples of the rows ``rows``, bridged."""
        x, rows = self._take(x, rows)
        filled, standing = np.empty_like(x), np.empty(x.shape, np.int8)
        _bridge(x, rows, self._hold, self._last, self._missing, filled, standing)
        return Bridged(filled, standing)


@njit(cache=True, nogil=True)
def _bridge(
    x: Array,
    rows: Rows,
    hold: int,
    last: Array,
    missing: Counts,
    filled: Array,
    standing: Standing,
) -> None:
    for k in range(rows.size):
        row = rows[k]
        value, gap = last[row], missing[row]
        for i in range(x.shape[1]):
            if np.isfinite(x[k, i]):
                value = x[k, i]
                standing[k, i] = RESTART if gap > hold else KNOWN
                filled[k, i] = value
                gap = 0
            else:
                gap = min(gap + 1, hold + 1)
                standing[k, i] = HELD if gap <= hold else UNKNOWN
                filled[k, i] = value if gap <= hold else 0.0
        last[row], missing[row] = value, gap
