"""Samples in, seconds out, and what the last seconds amount to: sums, counts, extremes and slopes that never drift.

A window slides over panes of its own length: what it amounts to is the end of the pane before, summed backwards when
that pane was full, and the beginning of this one, summed as it comes (van Herk 1992, doi:10.1016/0167-8655(92)90069-C).
So an answer costs the same however long the window is, and only values inside the window are ever in it: nothing is
subtracted, nothing drifts. A row's first pane begins with the first value that it knows after a whole window of
nothing; from there on panes are counted by the sample, however the stream is cut.
"""

from typing import Final

import numpy as np
from numba import njit

from signals.errors import SignalError
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
    """Return ``total / known`` (k, n) of what ``seconds`` returned, NaN where ``known`` is 0 or less than ``least``."""
    out = np.empty_like(total)
    _divide(total, known, float(least), out)
    return out


LEAST: Final = 0  # what a pane can be reduced to: its smallest known value,
GREATEST: Final = 1  # its greatest


class Window(RowOperator):
    """The sum of the known values in the last ``window_s``, and how many they are: (k, n) in, two (k, n) out."""

    def __init__(self, *, rows: int, rate_hz: float, window_s: float) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        length = self._samples("window_s", window_s, least=1)
        self._at = np.zeros(rows, np.int64)  # values in the pane that is being filled
        self._pane = np.full((rows, length), np.nan)
        self._head = np.zeros((rows, 2))  # sum and count of the pane that is being filled
        self._tail = np.zeros((rows, length + 1, 2))  # and of the one before, from each place to its end

    def push(self, x: Array, *, rows: Rows | None = None) -> tuple[Array, Array]:
        """Return sum and count at each of the next n values of the rows ``rows``."""
        x, rows = self._take(x, rows)
        total, known = np.empty_like(x), np.empty_like(x)
        _slide(x, rows, self._at, self._pane, self._head, self._tail, total, known)
        return total, known


class Extreme(RowOperator):
    """The LEAST or GREATEST (``which``) known value of the last ``window_s``: (k, n) in and out, NaN where none is."""

    def __init__(self, *, rows: int, rate_hz: float, window_s: float, which: int) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        if which not in (LEAST, GREATEST):
            raise SignalError(f"{self._name}.which: must be LEAST or GREATEST, got {which!r}")
        length = self._samples("window_s", window_s, least=1)
        self._sign = 1.0 if which == GREATEST else -1.0
        self._at = np.zeros(rows, np.int64)
        self._pane = np.full((rows, length), np.nan)
        self._head = np.full(rows, -np.inf)
        self._tail = np.full((rows, length + 1), -np.inf)

    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        """Return the extreme at each of the next n values of the rows ``rows``."""
        x, rows = self._take(x, rows)
        out = np.empty_like(x)
        _stretch(x, rows, self._sign, self._at, self._pane, self._head, self._tail, out)
        return out


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


MOMENTS: Final = ("count", "time", "time squared", "value", "time by value")


class Slope(RowOperator):
    """The least-squares slope per minute over the last ``window_s``: (k, n) in and out.

    NaN where less than the share ``least`` of the window is known. Missing values are left out, not bridged.
    """

    def __init__(self, *, rows: int, rate_hz: float, window_s: float, least: float = 0.5) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        length = self._samples("window_s", window_s, least=2)
        self._least = max(self._share("least", least) * length, 2.0)
        self._at = np.zeros(rows, np.int64)
        self._pane = np.full((rows, length), np.nan)
        self._origin = np.zeros(rows)  # what values are measured from, so that large levels lose no digits
        self._head = np.zeros((rows, len(MOMENTS)))
        self._tail = np.zeros((rows, length + 1, len(MOMENTS)))

    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        """Return the slope at each of the next n values of the rows ``rows``."""
        x, rows = self._take(x, rows)
        out = np.empty_like(x)
        per_minute = 60.0 * self._rate_hz
        _lean(x, rows, per_minute, self._least, self._at, self._pane, self._origin, self._head, self._tail, out)
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
def _divide(total: Array, known: Array, least: float, out: Array) -> None:
    for k in range(total.shape[0]):
        for i in range(total.shape[1]):
            enough = known[k, i] > 0.0 and known[k, i] >= least
            out[k, i] = total[k, i] / known[k, i] if enough else np.nan


@njit(cache=True, nogil=True)
def _slide(x: Array, rows: Rows, at: Counts, pane: Array, head: Array, tail: Array, total: Array, known: Array) -> None:
    length = pane.shape[1]
    for k in range(rows.size):
        row = rows[k]
        h, t, p, i = head[row], tail[row], pane[row], at[row]
        for j in range(x.shape[1]):
            value = x[k, j]
            p[i] = value
            if np.isfinite(value):
                h[0] += value
                h[1] += 1.0
            i += 1
            total[k, j], known[k, j] = t[i, 0] + h[0], t[i, 1] + h[1]
            if known[k, j] == 0.0:
                i, total[k, j] = 0, 0.0
                if t[0, 1] > 0.0:
                    t[:] = 0.0
            elif i == length:
                for m in range(length - 1, -1, -1):
                    finite = np.isfinite(p[m])
                    t[m, 0] = t[m + 1, 0] + (p[m] if finite else 0.0)
                    t[m, 1] = t[m + 1, 1] + (1.0 if finite else 0.0)
                h[:] = 0.0
                i = 0
        at[row] = i


@njit(cache=True, nogil=True)
def _stretch(x: Array, rows: Rows, sign: float, at: Counts, pane: Array, head: Array, tail: Array, out: Array) -> None:
    length = pane.shape[1]
    for k in range(rows.size):
        row = rows[k]
        t, p, i, top = tail[row], pane[row], at[row], head[row]
        for j in range(x.shape[1]):
            p[i] = sign * x[k, j] if np.isfinite(x[k, j]) else -np.inf
            top = max(top, p[i])
            i += 1
            best = max(t[i], top)
            out[k, j] = sign * best if best > -np.inf else np.nan
            if best == -np.inf:
                i = 0
                if t[0] > -np.inf:
                    t[:] = -np.inf
            elif i == length:
                for m in range(length - 1, -1, -1):
                    t[m] = max(t[m + 1], p[m])
                top = -np.inf
                i = 0
        at[row], head[row] = i, top


@njit(cache=True, nogil=True)
def _lean(
    x: Array,
    rows: Rows,
    per_minute: float,
    least: float,
    at: Counts,
    pane: Array,
    origin: Array,
    head: Array,
    tail: Array,
    out: Array,
) -> None:
    length = pane.shape[1]
    for k in range(rows.size):
        row = rows[k]
        h, t, p, i = head[row], tail[row], pane[row], at[row]
        for j in range(x.shape[1]):
            value = x[k, j]
            if np.isfinite(value):
                if h[0] + t[i, 0] == 0.0:
                    origin[row] = value
                _weigh(h, h, float(i), value - origin[row])
            p[i] = value
            i += 1
            count, sum_t, sum_tt = h[0] + t[i, 0], h[1] + t[i, 1], h[2] + t[i, 2]
            sum_v, sum_tv = h[3] + t[i, 3], h[4] + t[i, 4]
            out[k, j] = np.nan
            if count >= least:
                out[k, j] = (sum_tv - sum_t * sum_v / count) / (sum_tt - sum_t * sum_t / count) * per_minute
            if count == 0.0:
                i = 0
                if t[0, 0] > 0.0:
                    t[:] = 0.0
            elif i == length:
                _close(p, origin, row, t)
                h[:] = 0.0
                i = 0
        at[row] = i


@njit(cache=True, nogil=True)
def _weigh(after: Array, before: Array, time: float, value: float) -> None:
    """Add one value at ``time`` to the moments ``before``: count, time, time squared, value, time by value."""
    after[0] = before[0] + 1.0
    after[1] = before[1] + time
    after[2] = before[2] + time * time
    after[3] = before[3] + value
    after[4] = before[4] + time * value


@njit(cache=True, nogil=True)
def _close(pane: Array, origin: Array, row: int, tail: Array) -> None:
    """Sum a full pane backwards, its times counted from the end, its values from the newest known one."""
    length = pane.size
    for m in range(length - 1, -1, -1):
        if np.isfinite(pane[m]):
            origin[row] = pane[m]
            break
    for m in range(length - 1, -1, -1):
        if np.isfinite(pane[m]):
            _weigh(tail[m], tail[m + 1], float(m - length), pane[m] - origin[row])
        else:
            tail[m] = tail[m + 1]
