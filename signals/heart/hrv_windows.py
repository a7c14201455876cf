"""Intervals between beats in, the variability of each window of them by FLIRT's definitions out: many windows at once.

Definitions of FLIRT 0.0.2 (Foell et al. 2021, doi:10.1016/j.cmpb.2021.106461): time domain, the three bands of a
Lomb-Scargle periodogram (as astropy's, five points a peak, integrated by trapezia whose corners lie in the band), and
the Poincare plot (Brennan 2001, doi:10.1109/10.959330).
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.heart.hrv_periodogram import periodogram
from signals.rows import laid_out
from signals.types import Array

Counts = NDArray[np.int64]

LOWEST_HZ: Final = 0.003
VLF_HZ: Final = 0.04
LF_HZ: Final = 0.15
HF_HZ: Final = 0.40
INTERVAL_MAX_S: Final = 10.0  # what the wire carries
PER_PEAK: Final = 5.0  # points of the periodogram in one peak's width

FEATURES: Final = (  # name, unit, definition
    ("mean_nni", "ms", "mean interval"),
    ("median_nni", "ms", "median interval"),
    ("range_nni", "ms", "longest less shortest interval"),
    ("sdsd", "ms", "standard deviation of the population of differences of neighbours"),
    ("rmssd", "ms", "root of the mean square of differences of neighbours"),
    ("nni_50", "1", "differences above 50 ms"),
    ("pnni_50", "%", "differences above 50 ms, of the number of intervals"),
    ("nni_20", "1", "differences above 20 ms"),
    ("pnni_20", "%", "differences above 20 ms, of the number of intervals"),
    ("cvsd", "1", "rmssd / mean_nni"),
    ("sdnn", "ms", "standard deviation of the sample of intervals"),
    ("cvnni", "1", "sdnn / mean_nni"),
    ("mean_hr", "1/min", "mean of 60000 / interval"),
    ("min_hr", "1/min", "smallest of 60000 / interval"),
    ("max_hr", "1/min", "largest of 60000 / interval"),
    ("std_hr", "1/min", "standard deviation of the population of 60000 / interval"),
    ("total_power", "ms2", "vlf + lf + hf"),
    ("vlf", "ms2", "power from 0.003 to 0.04 Hz, in astropy's scale, which grows with the number of beats"),
    ("lf", "ms2", "power from 0.04 to 0.15 Hz, in the same scale"),
    ("hf", "ms2", "power from 0.15 to 0.40 Hz, in the same scale"),
    ("lf_hf_ratio", "1", "lf / hf"),
    ("lfnu", "%", "lf of lf + hf"),
    ("hfnu", "%", "hf of lf + hf"),
    ("SD1", "ms", "spread across the Poincare plot"),
    ("SD2", "ms", "spread along the Poincare plot"),
    ("SD2SD1", "1", "SD2 / SD1"),
    ("CSI", "1", "SD2 / SD1"),
    ("CVI", "1", "log10(16 SD1 SD2)"),
    ("CSI_Modified", "ms", "4 SD2 squared / SD1"),
)
LEAST_BEATS: Final = 3  # fewer have no spread of differences


def of_beats(interval_s: Array, start: Counts, stop: Counts) -> Array:
    """Return ``FEATURES`` of each window ``interval_s[start[i]:stop[i]]`` of finite intervals [s] in the order of their
    beats, (len(start), 29); NaN where a window has fewer than 3. Intervals follow each other as if none were missing
    between them, as FLIRT takes them.

    Raises SignalError where an interval is none between 0 and 10 s, or a window does not lie in them.
    """
    if not isinstance(interval_s, np.ndarray) or interval_s.ndim != 1 or interval_s.dtype.kind != "f":
        raise SignalError("of_beats.interval_s: must be a one-dimensional array of floats")
    odd = ~((interval_s > 0) & (interval_s <= INTERVAL_MAX_S))
    if odd.any():
        raise SignalError(f"of_beats.interval_s: {interval_s[odd.argmax()]:g} s at {odd.argmax()} is no interval")
    for name, edge in (("start", start), ("stop", stop)):
        if not isinstance(edge, np.ndarray) or edge.ndim != 1 or edge.dtype.kind not in "iu":
            raise SignalError(f"of_beats.{name}: must be a one-dimensional array of whole numbers")
    if start.shape != stop.shape:
        raise SignalError(f"of_beats.stop: must be {start.shape} as start is, got {stop.shape}")
    outside = (start < 0) | (stop < 0) | (stop > len(interval_s))
    if outside.any():
        window = int(outside.argmax())
        raise SignalError(
            f"of_beats.stop: window {window}, {start[window]} to {stop[window]}, is not in {len(interval_s)} intervals"
        )
    out = np.empty((len(start), len(FEATURES)))
    _of_beats(1000.0 * laid_out(interval_s, np.float64), start.astype(np.int64), stop.astype(np.int64), out)
    return out


@njit(cache=True, nogil=True)
def _of_beats(x: Array, start: Counts, stop: Counts, out: Array) -> None:
    bands = np.empty(3)
    for w in range(len(start)):
        piece, o = x[start[w] : stop[w]], out[w]
        n = len(piece)
        o[:] = np.nan
        if n < LEAST_BEATS:
            continue
        _spread(piece, o)
        _bands(piece, bands)
        vlf, lf, hf = bands
        o[16], o[17], o[18], o[19] = vlf + lf + hf, vlf, lf, hf
        if lf > 0 and hf > 0:
            o[20], o[21], o[22] = lf / hf, 100 * lf / (lf + hf), 100 * hf / (lf + hf)
        steps = o[3] * o[3] * (n - 1) / (n - 2)
        across = np.sqrt(0.5 * steps)
        along = np.sqrt(max(2 * o[10] * o[10] - 0.5 * steps, 0.0))
        o[23], o[24] = across, along
        if across > 0:
            o[25], o[26], o[28] = along / across, along / across, 4 * along * along / across
            if along > 0:
                o[27] = np.log10(16 * across * along)


@njit(cache=True, nogil=True)
def _spread(x: Array, o: Array) -> None:
    """The time domain, into the first 16."""
    n = len(x)
    total = rates = 0.0
    low = high = x[0]
    for v in x:
        total += v
        rates += 60000.0 / v
        low, high = min(low, v), max(high, v)
    mean, rate = total / n, rates / n
    square = rate_square = step_square = 0.0
    over_50 = over_20 = 0
    drift = (x[n - 1] - x[0]) / (n - 1)
    for i in range(n):
        square += (x[i] - mean) ** 2
        rate_square += (60000.0 / x[i] - rate) ** 2
        if i:
            d = x[i] - x[i - 1]
            step_square += (d - drift) ** 2
            over_50 += abs(d) > 50
            over_20 += abs(d) > 20
    sdsd = np.sqrt(step_square / (n - 1))
    rmssd, sdnn = np.sqrt(step_square / (n - 1) + drift * drift), np.sqrt(square / (n - 1))
    o[0], o[1], o[2], o[3], o[4] = mean, np.median(x), high - low, sdsd, rmssd
    o[5], o[6], o[7], o[8] = over_50, 100.0 * over_50 / n, over_20, 100.0 * over_20 / n
    o[9], o[10], o[11] = rmssd / mean, sdnn, sdnn / mean
    o[12], o[13], o[14], o[15] = rate, 60000.0 / high, 60000.0 / low, np.sqrt(rate_square / n)


@njit(cache=True, nogil=True)
def _bands(x: Array, bands: Array) -> None:
    """The power in three bands of intervals that follow each other."""
    time_s = np.cumsum(x) / 1000.0 - x[0] / 1000.0
    bands[:] = np.nan
    if not time_s[-1] > 0:
        return
    step = 1.0 / (PER_PEAK * time_s[-1])
    power = np.empty(1 + int(np.round((HF_HZ - LOWEST_HZ) / step)))
    periodogram(time_s, x, LOWEST_HZ, step, power)
    bands[:] = 0.0
    before = -1
    for k in range(len(power)):
        frequency = LOWEST_HZ + step * k
        band = 0 if frequency < VLF_HZ else 1 if frequency < LF_HZ else 2 if frequency < HF_HZ else 3
        if band < 3 and band == before:
            bands[band] += 0.5 * (power[k] + power[k - 1]) * step
        before = band
