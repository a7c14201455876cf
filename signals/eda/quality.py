"""Electrodermal activity in, whether each sample of it can be believed out: uS, a row a person."""

from typing import Final

import numpy as np
from numba import njit

from signals.errors import SignalError
from signals.gaps import HELD, RESTART, UNKNOWN, Gaps
from signals.rows import Counts, RowOperator, Standing
from signals.types import Array, Rows

LOW_US: Final = 0.05  # Kleckner 2018, doi:10.1109/TBME.2017.2758643
HIGH_US: Final = 60.0


class Validity(RowOperator):
    """Whether a sample of skin conductance can be believed: (k, n) uS in; 1, 0, or NaN where there is no sample, out.

    Kleckner's rules (doi:10.1109/TBME.2017.2758643): 0.05 to 60 uS, no steeper than 10 uS/s, no invalid sample within
    5 s. Deviations: the 5 s reach backwards only, as the future is not known; the slope is taken between neighbouring
    samples as they arrive, not after a low-pass; the 30 degC floor is left out (it voids whole cool-skinned people;
    ``Wear`` asks about temperature); and a value that repeats to the last bit for ``frozen_s`` is a stuck sensor (worn
    E4s repeat for at most 5 s).
    """

    def __init__(
        self,
        *,
        rows: int,
        rate_hz: float,
        steepest_us_per_s: float = 10.0,
        around_s: float = 5.0,
        frozen_s: float = 15.0,
        hold_s: float = 2.0,
    ) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        if not steepest_us_per_s > 0:
            raise SignalError(f"{self._name}.steepest_us_per_s: must be above 0, got {steepest_us_per_s!r}")
        self._gaps = Gaps(rows=rows, rate_hz=rate_hz, hold_s=hold_s)
        self._step = steepest_us_per_s / rate_hz
        self._around = self._samples("around_s", around_s)
        self._frozen = self._samples("frozen_s", frozen_s, least=2)
        self._last = np.zeros(rows)
        self._counts = np.zeros((rows, 3), np.int64)  # since the last sample, since it changed, since one was invalid

    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        """Return the validity of the next n samples of the rows ``rows``."""
        x, rows = self._take(x, rows)
        out = np.empty_like(x)
        standing = self._gaps.push(x, rows=rows).standing
        _judge(x, standing, rows, self._step, self._around, self._frozen, self._last, self._counts, out)
        return out


@njit(cache=True, nogil=True)
def _judge(
    x: Array,
    standing: Standing,
    rows: Rows,
    step: float,
    around: int,
    frozen: int,
    last: Array,
    counts: Counts,
    out: Array,
) -> None:
    for k in range(rows.size):
        row = rows[k]
        apart, same, since = counts[row]
        for i in range(x.shape[1]):
            apart, since = min(apart + 1, around + frozen), min(since + 1, around + 1)
            if standing[k, i] == UNKNOWN or standing[k, i] == HELD:
                out[k, i] = np.nan
                continue
            value = x[k, i]
            if standing[k, i] == RESTART:
                apart, same, since = 0, 0, around + 1
            same = min(same + 1, frozen) if apart > 0 and value == last[row] else 0
            steep = apart > 0 and abs(value - last[row]) > step * apart
            if value < LOW_US or value > HIGH_US or steep or same + 1 >= frozen:
                since = 0
            out[k, i] = 1.0 if since > around else 0.0
            last[row], apart = value, 0
        counts[row, 0], counts[row, 1], counts[row, 2] = apart, same, since
