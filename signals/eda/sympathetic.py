"""Electrodermal activity in, the power of its sympathetic band out, once a second, causally: uS, a row a person."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit

from signals.errors import SignalError
from signals.rows import Counts, RowOperator, constant
from signals.types import Array, Rows
from signals.windows import Mean, second_means

BAND_HZ: Final = (0.045, 0.25)  # Posada-Quintero 2016, doi:10.1007/s10439-016-1606-6
SEGMENT_S: Final = 64  # almost three periods of the slowest in the band: less is no power
LEAST_US2: Final = 1e-12  # a thousandth of what a wristband resolves, squared: no power that could be shared


@dataclass(frozen=True, slots=True, eq=False)
class Power:
    """``power_us2`` in the band, and its ``share`` of all power but the trend's, both (k, n); NaN where unknown."""

    power_us2: Array
    share: Array


class Sympathetic(RowOperator):
    """The power of conductance between 0.045 and 0.25 Hz: (k, rate_hz * n) believed uS in, ``Power`` of (k, n) out.

    Of the last 64 s, as means of a second each, a straight line is taken off; their periodogram under a Hann window is
    summed over 3 to 16 periods in 64 s and set right for the averaging. Over a longer ``window_s``, the mean of all
    such segments in it, one a second (Welch 1967): the cost of a second does not grow with the window. ``share`` is of
    the whole periodogram of the same seconds (EDASymp and EDASympn of Posada-Quintero 2016,
    doi:10.1007/s10439-016-1606-6, who have a Blackman window, segments of 64 s in 120 s, and all above 0.01 Hz).

    A second of which less than half is known is bridged by a line between its neighbours. NaN where less than the share
    ``least`` of the seconds of a segment, or of the segments of the window, is known. Nothing is remembered beyond the
    window; a number at the end of second i knows nothing after it, and speaks for the middle of its window.
    """

    def __init__(self, *, rows: int, rate_hz: float, window_s: float = 64.0, least: float = 0.75) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        self._whole = self._whole_rate()
        if not (math.isfinite(window_s) and window_s >= SEGMENT_S and float(window_s).is_integer()):
            raise SignalError(f"{self._name}.window_s: must be whole seconds, at least {SEGMENT_S}, got {window_s!r}")
        self._least = self._share("least", least) * SEGMENT_S
        self._waves = constant(_waves())
        self._ring = np.full((rows, SEGMENT_S), np.nan)
        self._at = np.zeros(rows, np.int64)
        segments = window_s - SEGMENT_S + 1
        self._band = Mean(rows=rows, rate_hz=1, window_s=segments, least=least)
        self._all = Mean(rows=rows, rate_hz=1, window_s=segments, least=least)

    def push(self, x: Array, *, rows: Rows | None = None) -> Power:
        """Return the power at the end of each of the next n seconds of the rows ``rows``."""
        x, rows = self._take(x, rows, grain=self._whole)
        means = second_means(np.where(np.isfinite(x), x, np.nan), rate_hz=self._whole)
        band, total = np.empty_like(means), np.empty_like(means)
        _measure(means, rows, self._least, self._waves, self._ring, self._at, band, total)
        power, whole = self._band.push(band, rows=rows), self._all.push(total, rows=rows)
        some = whole > LEAST_US2
        return Power(power, np.where(some, np.minimum(power / np.where(some, whole, 1.0), 1.0), np.nan))


def _waves() -> Array:
    """Return (1 + 2 m, 64): the window, and the m waves of the band, so that the squares of what they take from a
    segment add up to its power in the band."""
    t = np.arange(SEGMENT_S)
    window = np.sin(math.pi * (t + 0.5) / SEGMENT_S) ** 2
    window /= math.sqrt((window * window).sum())
    periods = np.arange(math.ceil(BAND_HZ[0] * SEGMENT_S), math.floor(BAND_HZ[1] * SEGMENT_S) + 1)
    turns = 2 * math.pi * periods[:, None] * t / SEGMENT_S
    right = math.sqrt(2 / SEGMENT_S) / np.sinc(periods / SEGMENT_S)[:, None]
    return np.vstack([window, right * np.cos(turns), right * np.sin(turns)])


@njit(cache=True, nogil=True)
def _measure(
    x: Array, rows: Rows, least: float, waves: Array, ring: Array, at: Counts, band: Array, total: Array
) -> None:
    segment = np.empty(waves.shape[1])
    for k in range(rows.size):
        row = rows[k]
        for i in range(x.shape[1]):
            ring[row, at[row]] = x[k, i]
            at[row] = (at[row] + 1) % segment.size
            known = 0
            for j in range(segment.size):
                segment[j] = ring[row, (at[row] + j) % segment.size]
                known += np.isfinite(segment[j])
            band[k, i] = total[k, i] = np.nan
            if known < least:
                continue
            if known < segment.size:
                _bridge(segment)
            _level(segment)
            band[k, i] = total[k, i] = 0.0
            for j in range(segment.size):
                segment[j] *= waves[0, j]
                total[k, i] += segment[j] * segment[j]
            for wave in range(1, waves.shape[0]):
                taken = 0.0
                for j in range(segment.size):
                    taken += waves[wave, j] * segment[j]
                band[k, i] += taken * taken


@njit(cache=True, nogil=True)
def _bridge(segment: Array) -> None:
    """Draw lines through what is unknown, level ones at either end."""
    last = -1
    for j in range(segment.size):
        if np.isfinite(segment[j]):
            for gap in range(last + 1, j):
                before = segment[last] if last >= 0 else segment[j]
                segment[gap] = before + (segment[j] - before) * (gap - last) / (j - last)
            last = j
    segment[last + 1 :] = segment[last]


@njit(cache=True, nogil=True)
def _level(segment: Array) -> None:
    """Take off the straight line that fits best."""
    middle, mean, rise, run = (segment.size - 1) / 2, 0.0, 0.0, 0.0
    for j in range(segment.size):
        mean += segment[j] / segment.size
    for j in range(segment.size):
        rise += (j - middle) * (segment[j] - mean)
        run += (j - middle) * (j - middle)
    for j in range(segment.size):
        segment[j] -= mean + (j - middle) * rise / run
