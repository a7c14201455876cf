"""Photoplethysmogram in, the rate at which it repeats itself once a second out: for pulses too weak to tell beats."""

import math
from typing import Final

import numpy as np
from numba import njit

from signals.errors import SignalError
from signals.filters import Filter, high_pass, low_pass
from signals.rows import Counts, RowOperator
from signals.types import Array, Rows

BAND_HZ: Final = (0.6, 4.0)
COARSE_HZ: Final = 16  # four times the band's upper end
SLOWEST: Final = 40.0  # beats a minute
FASTEST: Final = 180.0
LOUD: Final = 2.0  # mean lengths: what is larger is an artefact, and cut to it
ROUNDS: Final = 4  # of cutting
KNOWN: Final = 0.8  # of the window
RECENT_S: Final = 3  # if so much of the window's end is
FAINT: Final = 0.2  # as faint as that of the whole, what repeated is over
ABOUT: Final = 0.85  # of the greatest height
HALVED: Final = 0.2  # correlation: what is so much more like itself two periods later than one,
WHOLE: Final = 0.6  # and so much then, has a second wave half a period after the first


class Periodicity(RowOperator):
    """How fast PPG repeats, and how plainly: (k, rate_hz n) in, in any unit; rate [1/min] and plainness (k, n) out.

    The autocorrelation of the last ``window_s`` of band-passed (0.6 to 4 Hz, causal, about 0.1 s late), cut (to twice
    its mean length, so that one jolt does not outweigh ten beats) and coarsened PPG. The period is where its mean at
    one and two periods stands highest above that half a period away, which it does neither at half nor at twice the
    period; that height is the plainness: 2 for a sine, above 1 for most clean pulses, above 0.8 for noise in hardly a
    second of a hundred. What is much more like itself after two such periods than after one is a pulse with a second
    wave half way, as young arteries have: the two are one period, and plain only as far as they differ from it. The
    rate is that of the window's middle, ``window_s`` / 2 ago.

    NaN until the window is full and where less than 80 % of it is known; the rate is NaN, and the plainness 0, where
    nothing repeats at 40 to 180 a minute or the last 3 s are as good as flat. The method is our own.
    """

    def __init__(self, *, rows: int, rate_hz: int, window_s: float = 10.0, hold_s: float = 0.1) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        self._grain = self._whole_rate()
        if self._grain % COARSE_HZ:
            raise SignalError(f"{self._name}.rate_hz: must be a multiple of {COARSE_HZ}, got {rate_hz!r}")
        low, high = BAND_HZ
        band = [high_pass(cutoff_hz=low, rate_hz=rate_hz, order=2), low_pass(cutoff_hz=high, rate_hz=rate_hz, order=2)]
        self._band = Filter(np.vstack(band), rows=rows, rate_hz=rate_hz, hold_s=hold_s, warm_s=1.0)
        least_s = 4.0 * 60.0 / SLOWEST
        if not (math.isfinite(window_s) and window_s >= least_s):
            raise SignalError(f"{self._name}.window_s: must be at least {least_s:g}, got {window_s!r}")
        self._ring = np.full((rows, round(window_s * COARSE_HZ)), np.nan)
        self._at = np.zeros(rows, np.int64)

    def push(self, x: Array, *, rows: Rows | None = None) -> tuple[Array, Array]:
        """Return rate and plainness at each of the next n seconds of the rows ``rows``."""
        x, rows = self._take(x, rows, grain=self._grain)
        step = self._grain // COARSE_HZ
        coarse = np.ascontiguousarray(self._band.push(x, rows=rows)[:, step - 1 :: step])
        rate = np.empty((len(rows), x.shape[1] // self._grain))
        plainness = np.empty_like(rate)
        _recur(coarse, rows, self._ring, self._at, rate, plainness)
        return rate, plainness


@njit(cache=True, nogil=True)
def _recur(x: Array, rows: Rows, ring: Array, at: Counts, rate: Array, plainness: Array) -> None:
    length = ring.shape[1]
    shortest, longest = int(COARSE_HZ * 60.0 / FASTEST), math.ceil(COARSE_HZ * 60.0 / SLOWEST)
    window, squares = np.empty(length), np.empty(length + 1)
    again = np.empty(2 * longest + 5)
    for k in range(rows.size):
        row = rows[k]
        for i in range(rate.shape[1]):
            for j in range(i * COARSE_HZ, (i + 1) * COARSE_HZ):
                ring[row, at[row]] = x[k, j]
                at[row] = (at[row] + 1) % length
            rate[k, i] = plainness[k, i] = np.nan
            known = 0
            for j in range(length):
                window[j] = ring[row, (at[row] + j) % length]
                if np.isfinite(window[j]):
                    known += 1
                else:
                    window[j] = 0.0
            if known < KNOWN * length:
                continue
            plainness[k, i] = 0.0
            if _even(window, known):
                squares[0] = 0.0
                for j in range(length):
                    squares[j + 1] = squares[j] + window[j] * window[j]
                for lag in range(again.size):
                    again[lag] = _again(window, squares, lag)
                rate[k, i], plainness[k, i] = _plainest(again, shortest, longest)


@njit(cache=True, nogil=True)
def _even(window: Array, known: int) -> bool:
    """Cut what is loud, and take the mean away, in place; say whether anything is left, at the end too."""
    length = np.inf
    for _ in range(ROUNDS):
        total = 0.0
        for j in range(window.size):
            total += min(abs(window[j]), LOUD * length)
        length = total / known
    if not length > 1e-12:
        return False
    mean = 0.0
    recent = 0.0
    for j in range(window.size - RECENT_S * COARSE_HZ, window.size):
        recent += min(abs(window[j]), LOUD * length)
    if recent < FAINT * length * RECENT_S * COARSE_HZ:
        return False
    for j in range(window.size):
        window[j] = min(max(window[j] / length, -LOUD), LOUD)
        mean += window[j] / window.size
    for j in range(window.size):
        window[j] -= mean
    return True


@njit(cache=True, nogil=True)
def _again(window: Array, squares: Array, lag: int) -> float:
    """The correlation of the window with itself ``lag`` later."""
    n, both = window.size, 0.0
    for j in range(lag, n):
        both += window[j] * window[j - lag]
    early, late = squares[n - lag], squares[n] - squares[lag]
    return float(both / math.sqrt(early * late)) if early > 0.0 and late > 0.0 else 0.0


@njit(cache=True, nogil=True)
def _plainest(again: Array, shortest: int, longest: int) -> tuple[float, float]:
    """Return the rate that stands highest, and how high. Three periods are half a period away from nothing but three
    times what one is, so that of a rate and its third that stand about as high, the rate is meant; a second wave in
    each period stands at half of it, but is less like what follows than the next period is."""
    best, found = 0.0, 0
    for lag in range(shortest, longest + 1):
        height = _height(again, lag)
        if height > best:
            best, found = height, lag
    if found == 0:
        return np.nan, 0.0
    third = round(found / 3.0)
    for lag in range(max(third - 1, shortest), third + 2):
        if _height(again, lag) >= ABOUT * best:
            found = lag
    twice = _top(again, 2 * found)
    if twice <= longest and again[twice] > max(again[found] + HALVED, WHOLE):
        found = twice
    top = _top(again, 2 * found)
    bend = again[top - 1] - 2.0 * again[top] + again[top + 1]
    part = 0.5 * (again[top - 1] - again[top + 1]) / bend if bend < 0.0 else 0.0
    return 2.0 * 60.0 * COARSE_HZ / (top + min(max(part, -0.5), 0.5)), _height(again, found)


@njit(cache=True, nogil=True)
def _height(again: Array, lag: int) -> float:
    """How far the correlation at one and two periods stands above that half a period away; 0 where there is no peak."""
    if again[lag] < again[lag - 1] or again[lag] < again[lag + 1]:
        return 0.0
    beside = 0.5 * (_between(again, 0.5 * lag) + _between(again, 1.5 * lag))
    return float(0.5 * (again[lag] + again[_top(again, 2 * lag)]) - beside)


@njit(cache=True, nogil=True)
def _top(again: Array, lag: int) -> int:
    """Where the correlation is highest, there or beside."""
    top = lag
    for near in (lag - 1, lag + 1):
        if again[near] > again[top]:
            top = near
    return top


@njit(cache=True, nogil=True)
def _between(again: Array, lag: float) -> float:
    low = int(lag)
    return float(again[low] + (lag - low) * (again[low + 1] - again[low]))
