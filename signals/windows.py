"""Samples in, seconds out, and what the last seconds amount to: sums, counts and slopes that never drift.

A window is summed afresh from its oldest value to its newest, so that a result depends on nothing but the values in the
window: not on where the stream began, was cut or was silent.
"""

import numpy as np
from numba import njit

from signals.rows import Counts, RowOperator
from signals.types import Array, Rows


def seconds(x: Array, *, rate_hz: int) -> tuple[Array, Array]:
    """Return the sum of what is known in each second of ``x`` (k, rate_hz * n), and how many samples are, both (k, n).

    ``x`` is row-major float64, as operators return it, and begins at a whole second.
    """
    total = np.empty((x.shape[0], x.shape[1] // rate_hz))
    known = np.empty_like(total)
    _seconds(x, rate_hz, total, known)
    return total, known


def second_means(x: Array, *, rate_hz: int, least: float = 0.5) -> Array:
    """Return the mean of the known samples of each second, NaN where fewer than ``least`` of them are known."""
    total, known = seconds(x, rate_hz=rate_hz)
    return share(total, known, least=least * rate_hz)


def share(total: Array, known: Array, *, least: float) -> Array:
    """Return ``total / known``, NaN where ``known`` is 0 or less than ``least``."""
    enough = (known > 0) & (known >= least)
    return np.where(enough, total / np.where(enough, known, 1.0), np.nan)


class Window(RowOperator):
    """The sum of the known values in the last ``window_s``, and how many they are: (k, n) in, two (k, n) out."""

    def __init__(self, *, rows: int, rate_hz: float, window_s: float) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        self._ring = np.full((rows, self._samples("window_s", window_s, least=1)), np.nan)
        self._at = np.zeros(rows, np.int64)  # where the next value goes

    def push(self, x: Array, *, rows: Rows | None = None) -> tuple[Array, Array]:
        """Return sum and count at each of the next n values of the rows ``rows``."""
        x, rows = self._take(x, rows)
        total, known = np.empty_like(x), np.empty_like(x)
        _slide(x, rows, self._ring, self._at, total, known)
        return total, known


class Mean(RowOperator):
    """The mean of the last ``window_s``: (k, n) in and out, NaN where less than the share ``least`` of it is known."""

    def __init__(self, *, rows: int, rate_hz: float, window_s: float, least: float = 0.5) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        self._window = Window(rows=rows, rate_hz=rate_hz, window_s=window_s)
        self._least = self._share("least", least) * self._samples("window_s", window_s)

    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        """Return the mean at each of the next n values of the rows ``rows``."""
        x, rows = self._take(x, rows)
        total, known = self._window.push(x, rows=rows)
        return share(total, known, least=self._least)


class Share(RowOperator):
    """How much of the last ``window_s`` is filled: (k, n) shares of each value's own time in, (k, n) out, at most 1.

    What is unknown fills nothing; NaN where nothing in the window is known.
    """

    def __init__(self, *, rows: int, rate_hz: float, window_s: float) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        self._window = Window(rows=rows, rate_hz=rate_hz, window_s=window_s)
        self._length = self._samples("window_s", window_s)

    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        """Return the share at each of the next n values of the rows ``rows``."""
        x, rows = self._take(x, rows)
        total, known = self._window.push(x, rows=rows)
        return np.where(known > 0, np.minimum(total / self._length, 1.0), np.nan)


class Slope(RowOperator):
    """The least-squares slope per minute over the last ``window_s``: (k, n) in and out.

    NaN where less than the share ``least`` of the window is known. Missing values are left out, not bridged.
    """

    def __init__(self, *, rows: int, rate_hz: float, window_s: float, least: float = 0.5) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        self._ring = np.full((rows, self._samples("window_s", window_s, least=2)), np.nan)
        self._at = np.zeros(rows, np.int64)
        self._least = max(self._share("least", least) * self._ring.shape[1], 2.0)

    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        """Return the slope at each of the next n values of the rows ``rows``."""
        x, rows = self._take(x, rows)
        out = np.empty_like(x)
        _lean(x, rows, 60.0 * self._rate_hz, self._least, self._ring, self._at, out)
        return out


@njit(cache=True, nogil=True)
def _seconds(x: Array, rate_hz: int, total: Array, known: Array) -> None:
    for k in range(total.shape[0]):
        for i in range(total.shape[1]):
            sum_, count = 0.0, 0
            for j in range(i * rate_hz, (i + 1) * rate_hz):
                if np.isfinite(x[k, j]):
                    sum_ += x[k, j]
                    count += 1
            total[k, i], known[k, i] = sum_, count


@njit(cache=True, nogil=True)
def _slide(x: Array, rows: Rows, ring: Array, at: Counts, total: Array, known: Array) -> None:
    length = ring.shape[1]
    for k in range(rows.size):
        row = rows[k]
        for i in range(x.shape[1]):
            ring[row, at[row]] = x[k, i]
            at[row] = (at[row] + 1) % length
            sum_, count = 0.0, 0
            for j in range(length):
                value = ring[row, (at[row] + j) % length]
                if np.isfinite(value):
                    sum_ += value
                    count += 1
            total[k, i], known[k, i] = sum_, count


@njit(cache=True, nogil=True)
def _lean(x: Array, rows: Rows, per_minute: float, least: float, ring: Array, at: Counts, out: Array) -> None:
    length = ring.shape[1]
    for k in range(rows.size):
        row = rows[k]
        for i in range(x.shape[1]):
            ring[row, at[row]] = x[k, i]
            at[row] = (at[row] + 1) % length
            count, mean_t, mean_v = 0, 0.0, 0.0
            for j in range(length):
                value = ring[row, (at[row] + j) % length]
                if np.isfinite(value):
                    count += 1
                    mean_t += j
                    mean_v += value
            out[k, i] = np.nan
            if count < least:
                continue
            mean_t /= count
            mean_v /= count
            rise, run = 0.0, 0.0
            for j in range(length):
                value = ring[row, (at[row] + j) % length]
                if np.isfinite(value):
                    rise += (j - mean_t) * (value - mean_v)
                    run += (j - mean_t) * (j - mean_t)
            out[k, i] = rise / run * per_minute
