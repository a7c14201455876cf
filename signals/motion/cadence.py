"""Movement and a pulse in, whether the pulse keeps step with the movement out."""

import math
from typing import Final

import numpy as np
from numba import njit

from signals.errors import SignalError
from signals.rows import Counts, RowOperator
from signals.types import Array, Rows

PERIOD_MAX_S: Final = 2.0  # of a pulse: 30 a minute
STRIDE: Final = 2.0  # an arm swings once in two steps
ASIDE: Final = 0.2  # of a period: so far away the autocorrelation must be lower


class Cadence(RowOperator):
    """How plainly movement repeats with the period of the pulse: (k, rate_hz n) g and (k, n) 1/min in, (k, n) out.

    The autocorrelation, over the last ``window_s``, of the length of the dynamic acceleration at the period of the
    pulse or at twice it (an arm swings once in two steps), as far as it stands above that a fifth of the period away.
    Near 1 where steps or strokes keep the very rate that a pulse detector says, which is then most likely theirs and
    not the heart's; near 0 where movement has another rhythm or none, and 0 where its root mean square is below
    ``least_g``: so little moves no light. NaN where the rate is unknown, and where more than half of the movement is.
    The method is our own.
    """

    def __init__(self, *, rows: int, rate_hz: int, window_s: float = 10.0, least_g: float = 0.1) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        if not 0 <= least_g < np.inf:
            raise SignalError(f"{self._name}.least_g: must be finite and at least 0, got {least_g!r}")
        self._grain = self._whole_rate()
        self._least_g = least_g
        longest = math.ceil((1.0 + ASIDE) * STRIDE * PERIOD_MAX_S * rate_hz)
        self._ring = np.full((rows, self._samples("window_s", window_s, least=longest + 1)), np.nan)
        self._at = np.zeros(rows, np.int64)

    def push(self, moved: Array, rate: Array, *, rows: Rows | None = None) -> Array:
        """Return the prominence at each of the next n seconds of the rows ``rows``."""
        moved, known = self._take(moved, rows, argument="moved", grain=self._grain)
        rate, _ = self._take(rate, rows, argument="rate")
        if rate.shape[1] * self._grain != moved.shape[1]:
            raise SignalError(
                f"{self._name}.rate: must be ({len(known)}, {moved.shape[1] // self._grain}), one a second"
            )
        out = np.empty_like(rate)
        _repeat(moved, rate, self._grain, self._least_g, known, self._ring, self._at, out)
        return out


@njit(cache=True, nogil=True)
def _repeat(
    moved: Array, rate: Array, grain: int, least_g: float, rows: Rows, ring: Array, at: Counts, out: Array
) -> None:
    length = ring.shape[1]
    window = np.empty(length)
    for k in range(rows.size):
        row = rows[k]
        for i in range(rate.shape[1]):
            for j in range(i * grain, (i + 1) * grain):
                ring[row, at[row]] = moved[k, j]
                at[row] = (at[row] + 1) % length
            out[k, i] = np.nan
            if not (np.isfinite(rate[k, i]) and rate[k, i] > 0.0):
                continue
            total, square, known = 0.0, 0.0, 0
            for j in range(length):
                window[j] = ring[row, (at[row] + j) % length]
                if np.isfinite(window[j]):
                    total += window[j]
                    square += window[j] * window[j]
                    known += 1
            if 2 * known < length:
                continue
            mean = total / known
            for j in range(length):
                window[j] = window[j] - mean if np.isfinite(window[j]) else 0.0
            out[k, i] = 0.0
            if square >= least_g * least_g * known:
                period = grain * 60.0 / rate[k, i]
                out[k, i] = max(_peak(window, period), _peak(window, STRIDE * period), 0.0)


@njit(cache=True, nogil=True)
def _peak(window: Array, period: float) -> float:
    """How far the autocorrelation at ``period`` samples, or one beside it, stands above that a fifth away on each side:
    a rhythm of another period, or slow waxing and waning, is no peak here. ``window`` has no mean."""
    best = 0.0
    for near in range(max(round(period) - 1, 1), round(period) + 2):
        best = max(best, _autocorrelation(window, near))
    below = _autocorrelation(window, round((1.0 - ASIDE) * period))
    above = _autocorrelation(window, round((1.0 + ASIDE) * period))
    return best - max(below, above, 0.0)


@njit(cache=True, nogil=True)
def _autocorrelation(window: Array, lag: int) -> float:
    both, early, late = 0.0, 0.0, 0.0
    for j in range(lag, window.size):
        both += window[j] * window[j - lag]
        late += window[j] * window[j]
        early += window[j - lag] * window[j - lag]
    return float(both / np.sqrt(early * late)) if early > 0.0 and late > 0.0 else 0.0
