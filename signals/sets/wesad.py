"""Recordings in, the wrist features of WESAD out: conductance, heart, acceleration and temperature of each window.

After Schmidt 2018 (doi:10.1145/3242969.3242985), whose windows were 60 s. Where the paper leaves a choice: tonic and
phasic part are those of the exact decomposition of each window by itself (Greco 2016, doi:10.1109/TBME.2015.2474131); a
response is a stretch of the phasic part above 0.01 uS; powers are those of a Lomb-Scargle periodogram over the beats;
TINN fits its triangle to bins of 1/128 s. In windows below 300 s, LF, ULF and what is made of them follow the paper,
but do not stand for five minutes (Castaldo 2019, doi:10.1186/s12911-019-0742-y). Unknown samples take the last known
value before them while at least ``least`` of the window is known.
"""

from typing import Final

import numpy as np

from signals.eda.exact import decompose
from signals.sets.registry import (
    LEAST,
    Entry,
    Table,
    Windows,
    batches,
    beats,
    channel,
    held,
    same_time,
    share_of,
    told,
)
from signals.sets.wesad_kernels import BINS_PER_S, heart_of, responses_of
from signals.types import Array

LEVELS: Final = (
    ("mean", "{}", "mean"),
    ("std", "{}", "standard deviation of the population"),
    ("min", "{}", "smallest"),
    ("max", "{}", "largest"),
    ("range", "{}", "largest less smallest"),
    ("slope", "{}/s", "slope of the least-squares line"),
)
SWEAT: Final = (
    ("scl_mean", "uS", "mean of the tonic part"),
    ("scl_std", "uS", "standard deviation of the tonic part"),
    ("scr_mean", "uS", "mean of the phasic part"),
    ("scr_std", "uS", "standard deviation of the phasic part"),
    ("scl_time_correlation", "1", "correlation of the tonic part with time"),
    ("scr_count", "1", "responses: stretches of the phasic part above 0.01 uS"),
    ("scr_amplitude_sum", "uS", "sum of their largest values"),
    ("scr_duration_sum", "s", "sum of their durations"),
    ("scr_area", "uS s", "area below them"),
)
HEART: Final = (
    ("hr_mean", "1/min", "mean of 60 / interval"),
    ("hr_std", "1/min", "standard deviation of 60 / interval"),
    ("hrv_mean", "ms", "mean interval"),
    ("hrv_std", "ms", "standard deviation of intervals"),
    ("nn50", "1", "differences of neighbours above 50 ms"),
    ("pnn50", "%", "of the number of differences"),
    ("tinn", "ms", f"base of the triangle that fits the histogram of intervals in bins of 1/{BINS_PER_S} s best"),
    ("hrv_rms", "ms", "root of the mean square of differences of neighbours"),
    ("hrv_ulf", "ms2", "power from 0.01 to 0.04 Hz"),
    ("hrv_lf", "ms2", "power from 0.04 to 0.15 Hz"),
    ("hrv_hf", "ms2", "power from 0.15 to 0.4 Hz"),
    ("hrv_uhf", "ms2", "power from 0.4 to 1 Hz"),
    ("hrv_lf_hf", "1", "hrv_lf / hrv_hf"),
    ("hrv_sum", "ms2", "sum of the four powers"),
    ("hrv_rel_ulf", "1", "hrv_ulf / hrv_sum"),
    ("hrv_rel_lf", "1", "hrv_lf / hrv_sum"),
    ("hrv_rel_hf", "1", "hrv_hf / hrv_sum"),
    ("hrv_rel_uhf", "1", "hrv_uhf / hrv_sum"),
    ("hrv_lf_norm", "1", "hrv_lf / (hrv_lf + hrv_hf)"),
    ("hrv_hf_norm", "1", "hrv_hf / (hrv_lf + hrv_hf)"),
)
STIR: Final = (
    ("mean", "g", "mean"),
    ("std", "g", "standard deviation of the population"),
    ("abs_integral", "g s", "area below the absolute value"),
    ("peak_hz", "Hz", "frequency, above 0, at which the spectrum is largest"),
)
LEAST_BEATS: Final = 0.5  # of a window that intervals are to fill


def features(
    *,
    eda: Array,
    eda_hz: float,
    temperature: Array,
    temperature_hz: float,
    motion: Array,
    motion_hz: float,
    intervals: Array,
    interval_hz: float,
    window_s: float,
    hop_s: float,
    least: float = LEAST,
    least_beats: float = LEAST_BEATS,
) -> Table:
    """Return the set of recordings of the same length, a row each: ``eda`` (rows, n) uS, ``temperature`` (rows, n)
    degC, ``motion`` (rows, 3, n) g and ``intervals`` (rows, n), the interval [s] that a beat ended at the sample where
    it ended, 0 elsewhere.

    Raises SignalError, naming the argument, where one cannot be used or channels do not last as long as each other.
    """
    share_of("wesad.least", least)
    share_of("wesad.least_beats", least_beats)
    arrays = {
        "eda": (channel("wesad", "eda", eda, rate_hz=eda_hz), eda_hz),
        "intervals": (beats("wesad", intervals, rate_hz=interval_hz), interval_hz),
        "motion": (channel("wesad", "motion", motion, rate_hz=motion_hz, axes=3), motion_hz),
        "temperature": (channel("wesad", "temperature", temperature, rate_hz=temperature_hz), temperature_hz),
    }
    length_s, _ = same_time(
        "wesad",
        {name: x.shape[-1] / rate_hz for name, (x, rate_hz) in arrays.items()},
        {name: len(x) for name, (x, _) in arrays.items()},
    )
    windows = Windows("wesad", window_s, hop_s, length_s)
    known = f"less than {least:.0%} of the window is known, or nothing was before it"
    few = f"intervals fill less than {least_beats:.0%} of the window, or are fewer than 3"
    parts = (
        (_sweat(*arrays["eda"], windows, least), _named("eda_{}", LEVELS, "uS", "eda", window_s, known)),
        (None, _named("{}", SWEAT, "uS", "eda", window_s, known)),
        (_heart(*arrays["intervals"], windows, least_beats), _named("{}", HEART, "", "intervals", window_s, few)),
        *(
            (stir, _named(f"acc_{axis}_{{}}", STIR, "g", "motion", window_s, known))
            for axis, stir in zip(("x", "y", "z", "3d"), _stir(*arrays["motion"], windows, least), strict=True)
        ),
        (
            _levels(*arrays["temperature"], windows, least),
            _named("temperature_{}", LEVELS, "degC", "temperature", window_s, known),
        ),
    )
    entries = tuple(entry for _, some in parts for entry in some)
    values = np.concatenate([found for found, _ in parts if found is not None], axis=2)
    return Table(entries, windows.end_s, values)


def _named(
    pattern: str, rows: tuple[tuple[str, str, str], ...], unit: str, source: str, window_s: float, unknown: str
) -> tuple[Entry, ...]:
    return tuple(
        Entry(pattern.format(name), own.format(unit), window_s, source, definition, unknown)
        for name, own, definition in rows
    )


def _level(pieces: Array, rate_hz: float) -> Array:
    """The six of ``LEVELS`` of each piece (b, n)."""
    n = pieces.shape[1]
    t = (np.arange(n) - (n - 1) / 2) / rate_hz
    low, high = pieces.min(axis=1), pieces.max(axis=1)
    slope = (pieces * t).sum(axis=1) / (t * t).sum() if n > 1 else np.full(len(pieces), np.nan)
    return np.stack([pieces.mean(axis=1), pieces.std(axis=1), low, high, high - low, slope], axis=1)


def _levels(x: Array, rate_hz: float, windows: Windows, least: float) -> Array:
    window, hop = windows.samples(rate_hz)
    which = told(x, window=window, hop=hop, count=windows.count, least=least)
    values = np.full((len(x), windows.count, len(LEVELS)), np.nan)
    for row, filled in enumerate(held(x)):
        for some, pieces in batches(filled, which[row], window=window, hop=hop):
            values[row, some] = _level(pieces, rate_hz)
    return values


def _sweat(x: Array, rate_hz: float, windows: Windows, least: float) -> Array:
    """``LEVELS`` and ``SWEAT`` of conductance."""
    window, hop = windows.samples(rate_hz)
    which = told(x, window=window, hop=hop, count=windows.count, least=least)
    values = np.full((len(x), windows.count, len(LEVELS) + len(SWEAT)), np.nan)
    t = np.arange(window) - (window - 1) / 2
    for row, filled in enumerate(held(x)):
        for some, pieces in batches(filled, which[row], window=window, hop=hop):
            parts = decompose(pieces, rate_hz=rate_hz)
            tonic, phasic = parts.tonic, parts.phasic
            spread = tonic.std(axis=1)
            moving = spread > 0
            lean = (tonic * t).mean(axis=1) / np.where(moving, spread, 1.0) / t.std()
            found = [
                tonic.mean(axis=1),
                spread,
                phasic.mean(axis=1),
                phasic.std(axis=1),
                np.where(moving, lean, np.nan),
            ]
            values[row, some, : len(LEVELS)] = _level(pieces, rate_hz)
            values[row, some, len(LEVELS) : len(LEVELS) + 5] = np.stack(found, axis=1)
            values[row, some, len(LEVELS) + 5 :] = responses_of(phasic, rate_hz)
    return values


def _heart(x: Array, rate_hz: float, windows: Windows, least: float) -> Array:
    window, hop = windows.samples(rate_hz)
    begin = hop * np.arange(windows.count)
    values = np.full((len(x), windows.count, len(HEART)), np.nan)
    for row in range(len(x)):
        at = np.flatnonzero(x[row] > 0)
        start, stop = np.searchsorted(at, begin), np.searchsorted(at, begin + window)
        heart_of(at / rate_hz, x[row, at], start, stop, least * windows.window_s, values[row])
    return values


def _stir(x: Array, rate_hz: float, windows: Windows, least: float) -> list[Array]:
    """``STIR`` of each axis and of the magnitude."""
    window, hop = windows.samples(rate_hz)
    values = [np.full((len(x), windows.count, len(STIR)), np.nan) for _ in range(4)]
    for row, axes in enumerate(x):
        which = np.all(told(axes, window=window, hop=hop, count=windows.count, least=least), axis=0)
        filled = held(axes)
        for c in range(4):
            one = filled[c] if c < 3 else np.sqrt((filled * filled).sum(axis=0))
            for some, pieces in batches(one, np.atleast_1d(which), window=window, hop=hop):
                mean = pieces.mean(axis=1)
                power = np.abs(np.fft.rfft(pieces - mean[:, None], axis=1))[:, 1:]
                peak_hz = (power.argmax(axis=1) + 1) * rate_hz / window if window > 1 else np.full(len(some), np.nan)
                integral = np.abs(pieces).sum(axis=1) / rate_hz
                values[c][row, some] = np.stack([mean, pieces.std(axis=1), integral, peak_hz], axis=1)
    return values
