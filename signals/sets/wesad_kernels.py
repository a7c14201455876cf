"""Windows of intervals and of the phasic part in, what WESAD's set says of them out."""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.heart.hrv_periodogram import band_power
from signals.types import Array

Bounds = NDArray[np.int64]

BINS_PER_S: Final = 128  # of the histogram of intervals
BANDS_HZ: Final = ((0.01, 0.04), (0.04, 0.15), (0.15, 0.4), (0.4, 1.0))
POINTS: Final = 128  # of the periodogram in each band
RESPONSE_US: Final = 0.01
LEAST_BEATS: Final = 3


def responses_of(phasic: Array, rate_hz: float) -> Array:
    """Return of each window of the phasic part (b, n) uS how many stretches lie above 0.01 uS, the sum of their largest
    values [uS], of their durations [s], and the area below them [uS s], (b, 4)."""
    out = np.empty((len(phasic), 4))
    _responses_of(phasic, rate_hz, out)
    return out


def heart_of(time_s: Array, interval_s: Array, start: Bounds, stop: Bounds, least_s: float, out: Array) -> None:
    """Fill ``out`` (len(start), 20) with the heart's part of the set, of the intervals ``start[i]`` to ``stop[i]``; NaN
    where they are fewer than 3 or do not add up to ``least_s``."""
    _heart_of(time_s, interval_s, start, stop, least_s, out)


@njit(cache=True, nogil=True)
def _responses_of(phasic: Array, rate_hz: float, out: Array) -> None:
    out[:] = 0.0
    for w in range(len(phasic)):
        top = 0.0
        for i in range(phasic.shape[1] + 1):
            v = phasic[w, i] if i < phasic.shape[1] else 0.0
            if v > RESPONSE_US:
                out[w, 0] += top == 0
                out[w, 2] += 1 / rate_hz
                out[w, 3] += v / rate_hz
                top = max(top, v)
            else:
                out[w, 1] += top
                top = 0.0


@njit(cache=True, nogil=True)
def _heart_of(time_s: Array, interval_s: Array, start: Bounds, stop: Bounds, least_s: float, out: Array) -> None:
    spectrum, power = np.empty(POINTS), np.empty(4)
    for w in range(len(start)):
        x, o = interval_s[start[w] : stop[w]], out[w]
        n = len(x)
        if n < LEAST_BEATS or x.sum() < least_s:
            continue
        rates = 60.0 / x
        step = np.diff(x)
        o[0], o[1], o[2], o[3] = rates.mean(), rates.std(), 1e3 * x.mean(), 1e3 * x.std()
        over = (np.abs(step) > 0.05).sum()
        o[4], o[5] = over, 100.0 * over / (n - 1)
        o[6], o[7] = _triangle(x), 1e3 * np.sqrt((step * step).mean())
        since_s = time_s[start[w] : stop[w]] - time_s[start[w]]
        for b in range(4):
            power[b] = band_power(since_s, x, BANDS_HZ[b][0], BANDS_HZ[b][1], spectrum)
            o[8 + b] = power[b]
        total, both = power.sum(), power[1] + power[2]
        o[13] = total
        if power[2] > 0:
            o[12] = power[1] / power[2]
        if total > 0:
            o[14:18] = power / total
        if both > 0:
            o[18], o[19] = power[1] / both, power[2] / both


@njit(cache=True, nogil=True)
def _triangle(x: Array) -> float:
    """The base [ms] of the triangle with its top in the fullest bin that fits the histogram with the least squares."""
    low = int(x.min() * BINS_PER_S)
    count = np.zeros(int(x.max() * BINS_PER_S) - low + 1)
    for v in x:
        count[int(v * BINS_PER_S) - low] += 1
    top = count.argmax()
    best = np.zeros(2)
    for side in range(2):  # the two sides have nothing to do with each other
        least = np.inf
        reach = top if side == 0 else len(count) - 1 - top
        for foot in range(1, reach + 2):
            error = 0.0
            for away in range(1, reach + 1):
                height = count[top] * max(1.0 - away / foot, 0.0)
                error += (count[top - away if side == 0 else top + away] - height) ** 2
            if error < least:
                least, best[side] = error, foot
    base: float = 1e3 * best.sum() / BINS_PER_S
    return base
