"""Accepted intervals in, heart-rate variability once a second out: only what a window of this length can carry."""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.heart.hrv_periodogram import band_power
from signals.rows import Counts, RowOperator
from signals.types import Array, Feature, Rows

SHORTEST_S: Final = 0.25  # 240 a minute: so many beats a window may hold
LONGEST_S: Final = 2.0
SHORT_S: Final = 60.0  # below, nothing of it agrees with five minutes (Castaldo 2019)
LONG_S: Final = 300.0  # from here on LF (Task Force 1996)
LEAST: Final = 0.8  # of the window that intervals fill
SLACK: Final = 0.5  # of an interval: later than this after the beat before it, a beat in between is missing
BLOCK: Final = 128  # points of the periodogram in each band, or a multiple: what its kernel takes at once
FINE: Final = 2.0  # at least so many points in the width of a peak
VALUES: Final = 7  # without bands
LF_HZ: Final = (0.04, 0.15)
HF_HZ: Final = (0.15, 0.40)


def features(*, window_s: float, least: float = LEAST) -> tuple[Feature, ...]:
    """Return what ``Variability`` of this window says, in its order."""
    little = f"accepted intervals fill less than {least:.0%} of the window"
    apart = f"{little}, or less than {least:.0%} of them directly follow another"
    name = f"hrv{window_s:g}"
    short = (
        Feature(f"{name}_mean_nn_ms", "ms", window_s, "ppg or ibi", little),
        Feature(f"{name}_sdnn_ms", "ms", window_s, "ppg or ibi", little),
        Feature(f"{name}_mean_hr_bpm", "1/min", window_s, "ppg or ibi", little),
        Feature(f"{name}_std_hr_bpm", "1/min", window_s, "ppg or ibi", little),
        Feature(f"{name}_rmssd_ms", "ms", window_s, "ppg or ibi", apart),
        Feature(f"{name}_sd2_ms", "ms", window_s, "ppg or ibi", apart),
        Feature(f"{name}_hf_ms2", "ms2", window_s, "ppg or ibi", apart),
    )
    if window_s < LONG_S:
        return short
    return (
        *short,
        Feature(f"{name}_lf_ms2", "ms2", window_s, "ppg or ibi", apart),
        Feature(f"{name}_lf_hf", "1", window_s, "ppg or ibi", apart),
    )


class Variability(RowOperator):
    """Heart-rate variability of the last ``window_s`` once a second: (k, rate_hz * n) accepted intervals [s] (0 where
    no beat ended, NaN where unknown) in, (k, n, F) in the order of ``features(window_s=...)`` out.

    From 60 s: mean and standard deviation (of the sample) of intervals and of 60 / interval, RMSSD, SD2 (the spread
    along the Poincare plot, Brennan 2001, doi:10.1109/10.959330) and the power from 0.15 to 0.40 Hz: what Castaldo 2019
    (doi:10.1186/s12911-019-0742-y) found to stand for five minutes. No entropies, nothing below 0.04 Hz, no LF / HF.
    From 300 s also the power from 0.04 to 0.15 Hz, and LF / HF (Task Force 1996, doi:10.1161/01.CIR.93.5.1043).

    All is NaN where intervals fill less than the share ``least`` of the window. What needs neighbours (RMSSD, SD2,
    powers) takes only differences of intervals whose beats follow each other with none missing between them, told by
    the time between the beats; it is NaN where these are fewer than ``least`` of the intervals. Powers are of a
    Lomb-Scargle periodogram over the beats' times (see ``hrv_periodogram``), scaled such that a sine wave of amplitude
    A has A^2 / 2, and computed anew every ``every_s`` seconds of a row, held in between. Otherwise nothing is held, and
    nothing looks ahead. An answer depends on nothing but the beats of its window (and, with ``every_s`` above 1, on the
    second since which the row has had beats).
    """

    def __init__(
        self, *, rows: int, rate_hz: int, window_s: float = SHORT_S, least: float = LEAST, every_s: int = 1
    ) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        self._grain = self._whole_rate()
        if not window_s >= SHORT_S:
            raise SignalError(f"Variability.window_s: must be at least {SHORT_S:g}, got {window_s!r}")
        if isinstance(every_s, bool) or not isinstance(every_s, int) or every_s < 1:
            raise SignalError(f"Variability.every_s: must be a whole number of at least 1, got {every_s!r}")
        self._window = self._samples("window_s", window_s)
        self._least = self._share("least", least)
        self._every = every_s
        self._points = BLOCK * math.ceil(FINE * window_s * (HF_HZ[1] - HF_HZ[0]) / BLOCK)
        self._count = len(features(window_s=window_s))
        room = int(window_s / SHORTEST_S) + 2
        self._interval_s = np.zeros((rows, room))  # a ring of the beats in the window
        self._at_sample = np.zeros((rows, room), np.int64)  # when each was told, by the row's clock
        self._next = np.zeros(rows, np.int64)  # where in the ring the next beat goes
        self._beats = np.zeros(rows, np.int64)  # in the ring
        self._clock = np.zeros(rows, np.int64)  # samples since the window was last empty
        self._power = np.full((rows, 2), np.nan)  # HF and LF as last computed

    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        """Return the variability at the end of each of the next n seconds of the rows ``rows``."""
        x, rows = self._take(x, rows, grain=self._grain)
        out = np.empty((len(rows), x.shape[1] // self._grain, self._count))
        _vary(
            x,
            rows,
            self._grain,
            self._window,
            self._least,
            self._every,
            self._points,
            self._interval_s,
            self._at_sample,
            self._next,
            self._beats,
            self._clock,
            self._power,
            out,
        )
        return out


@njit(cache=True, nogil=True)
def _vary(
    x: Array,
    rows: Rows,
    rate_hz: int,
    window: int,
    least: float,
    every: int,
    points: int,
    interval_s: Array,
    at_sample: Counts,
    next_: Counts,
    beats: Counts,
    clock: Counts,
    power: Array,
    out: Array,
) -> None:
    room = interval_s.shape[1]
    series_s, time_s, follows = np.empty(room), np.empty(room), np.empty(room, np.bool_)
    spectrum = np.empty(points)
    for k in range(rows.size):
        row = rows[k]
        for second in range(out.shape[1]):
            for i in range(second * rate_hz, (second + 1) * rate_hz):
                if SHORTEST_S <= x[k, i] <= LONGEST_S:
                    interval_s[row, next_[row]] = x[k, i]
                    at_sample[row, next_[row]] = clock[row]
                    next_[row] = (next_[row] + 1) % room
                    beats[row] = min(beats[row] + 1, room)
                if beats[row] > 0:
                    clock[row] += 1
            while beats[row] > 0 and at_sample[row, (next_[row] - beats[row]) % room] < clock[row] - window:
                beats[row] -= 1
            n = beats[row]
            if n == 0:
                clock[row] = 0
                power[row] = np.nan
            for j in range(n):
                at = (next_[row] - n + j) % room
                series_s[j] = interval_s[row, at]
                since_s = (at_sample[row, at] - at_sample[row, (at - 1) % room]) / rate_hz if j else 0.0
                follows[j] = j > 0 and since_s < (1 + SLACK) * series_s[j]
                time_s[j] = time_s[j - 1] + (series_s[j] if follows[j] else since_s) if j else 0.0
            due = (clock[row] // rate_hz) % every == 0
            _describe(
                series_s[:n],
                time_s[:n],
                follows[:n],
                window / rate_hz,
                least,
                due,
                spectrum,
                power[row],
                out[k, second],
            )


@njit(cache=True, nogil=True)
def _describe(
    x: Array,
    time_s: Array,
    follows: NDArray[np.bool_],
    window_s: float,
    least: float,
    due: bool,
    spectrum: Array,
    power: Array,
    out: Array,
) -> None:
    """Fill ``out`` of the intervals ``x`` [s] at ``time_s``; ``follows``: whether the beat before one is known."""
    n = len(x)
    out[:] = np.nan
    filled = x.sum()
    if n < 3 or filled < least * window_s:
        power[:] = np.nan
        return
    mean, rate = filled / n, 0.0
    for v in x:
        rate += 60.0 / v
    rate /= n
    square = rate_square = step = step_square = 0.0
    pairs = 0
    for i in range(n):
        square += (x[i] - mean) ** 2
        rate_square += (60.0 / x[i] - rate) ** 2
        if follows[i]:
            pairs += 1
            step += x[i] - x[i - 1]
            step_square += (x[i] - x[i - 1]) ** 2
    variance = square / (n - 1)
    out[0], out[1] = 1e3 * mean, 1e3 * np.sqrt(variance)
    out[2], out[3] = rate, np.sqrt(rate_square / (n - 1))
    if pairs < 2 or pairs < least * (n - 1):
        power[:] = np.nan
        return
    spread = max(step_square - step * step / pairs, 0.0) / (pairs - 1)
    out[4] = 1e3 * np.sqrt(step_square / pairs)
    out[5] = 1e3 * np.sqrt(max(2 * variance - 0.5 * spread, 0.0))
    if due:
        power[0] = band_power(time_s, x, HF_HZ[0], HF_HZ[1], spectrum)
        if len(out) > VALUES:
            power[1] = band_power(time_s, x, LF_HZ[0], LF_HZ[1], spectrum)
    out[6] = power[0]
    if len(out) > VALUES:
        out[7] = power[1]
        out[8] = power[1] / power[0] if power[0] > 0 else np.nan
