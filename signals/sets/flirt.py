"""Recordings in, FLIRT's feature set out: 22 statistics each of tonic and phasic conductance and of acceleration, and
52 numbers about intervals between beats, for windows of any length and hop.

Definitions of FLIRT 0.0.2 (Foell et al. 2021, doi:10.1016/j.cmpb.2021.106461), columns by its names and in its order:
conductance is decomposed window by window by the convex problem of Greco 2016 (doi:10.1109/TBME.2015.2474131), not
standardised. Deviations, each for a reason:

- Windows lie wholly in the recording and count from its beginning; FLIRT adds windows cut off by its end, and counts
  those of intervals from the second of the first beat.
- FLIRT fills missing windows of intervals by interpolation in time, from values of the future. Here they are NaN.
- FLIRT's solver stops 1e-4 uS or so from the optimum, ours 1e-8 or so: numbers that hang on less than that, such as the
  skewness of an almost straight tonic part or which samples lie above the mean, differ.
- In windows in which the periodogram has more than 200 frequencies (above 100 s) astropy goes over to an approximation.
  Here it is exact.
- FLIRT's own numbers for windows that hold unknown samples are what NumPy makes of NaN. Here unknown samples take the
  last known value before them while at least ``least`` of the window is known; else the window is NaN.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from signals.eda.exact import decompose
from signals.errors import SignalError
from signals.heart.hrv_windows import FEATURES as HEART
from signals.heart.hrv_windows import of_beats
from signals.sets.registry import (
    LEAST,
    Entry,
    Table,
    Windows,
    batches,
    beats,
    channel,
    held,
    joined,
    same_time,
    share_of,
    told,
)
from signals.sets.statistics import DEFINITIONS, NAMES, of_pieces, of_windows
from signals.types import Array

COUNTS_PER_G: Final = 64.0  # FLIRT takes acceleration in the counts of an E4, and its peaks are 0.9 of those high
INTERVAL_MIN_S: Final = 0.25
INTERVAL_MAX_S: Final = 2.0
CHANGE_MAX: Final = 0.2  # from the interval before, as a share of this one
LEAST_BEATS: Final = 0.2  # of a window that intervals are to fill
SHORTEST_S: Final = 10.0  # of a window of conductance: one knot of its tonic spline
_COUNTED: Final = ("peaks", "n_above_mean", "n_below_mean", "n_sign_changes", "skewness", "kurtosis")
_UNITS: Final = {"entropy": "nat", "perm_entropy": "bit", "svd_entropy": "bit"} | dict.fromkeys(_COUNTED, "1")

Bounds = NDArray[np.int64]


def entries(*, window_s: float, least: float = LEAST, least_beats: float = LEAST_BEATS) -> tuple[Entry, ...]:
    """Return the registry of the set, 184 entries, in the order of ``features``."""
    heart = _heart_entries(window_s, least_beats)
    return _conductance_entries(window_s, least) + _movement_entries(window_s, least) + heart


def features(
    *,
    eda: Array,
    eda_hz: float,
    motion: Array,
    motion_hz: float,
    intervals: Array,
    interval_hz: float,
    window_s: float,
    hop_s: float,
    clean: bool = True,
    least: float = LEAST,
    least_beats: float = LEAST_BEATS,
) -> Table:
    """Return the whole set of recordings of the same length, a row each: ``eda`` (rows, n) uS, ``motion`` (rows, 3, n)
    g and ``intervals`` (rows, n), the interval [s] that a beat ended at the sample where it ended, 0 elsewhere.

    Raises SignalError, naming the argument, where one cannot be used or channels do not last as long as each other.
    """
    arrays = {"eda": (eda, eda_hz), "motion": (motion, motion_hz), "intervals": (intervals, interval_hz)}
    for name, (x, rate_hz) in arrays.items():
        channel("flirt", name, x, rate_hz=rate_hz, axes=3 if name == "motion" else 1)
    same_time(
        "flirt",
        {name: x.shape[-1] / rate_hz for name, (x, rate_hz) in arrays.items()},
        {name: len(x) for name, (x, _) in arrays.items()},
    )
    return joined(
        conductance(eda, rate_hz=eda_hz, window_s=window_s, hop_s=hop_s, least=least),
        movement(motion, rate_hz=motion_hz, window_s=window_s, hop_s=hop_s, least=least),
        heart(intervals, rate_hz=interval_hz, window_s=window_s, hop_s=hop_s, clean=clean, least_beats=least_beats),
    )


def conductance(eda: Array, *, rate_hz: float, window_s: float, hop_s: float, least: float = LEAST) -> Table:
    """Return the 44 features of conductance ``eda`` (rows, n) uS; windows of at least 10 s."""
    eda = channel("flirt", "eda", eda, rate_hz=rate_hz)
    windows = Windows("flirt", window_s, hop_s, eda.shape[1] / rate_hz)
    if window_s < SHORTEST_S:
        raise SignalError(f"flirt.window_s: conductance needs windows of at least {SHORTEST_S:g} s, got {window_s!r}")
    window, hop = windows.samples(rate_hz)
    known = told(eda, window=window, hop=hop, count=windows.count, least=share_of("flirt.least", least))
    filled = held(eda)
    values = np.full((len(eda), windows.count, 2 * len(NAMES)), np.nan)
    for row in range(len(eda)):
        for some, pieces in batches(filled[row], known[row], window=window, hop=hop):
            parts = decompose(pieces, rate_hz=rate_hz, standardise=False)
            start = window * np.arange(len(some))
            for at, part in ((0, parts.tonic), (len(NAMES), parts.phasic)):
                values[row, some, at : at + len(NAMES)] = of_pieces(part.ravel(), start, start + window)
    return Table(_conductance_entries(window_s, least), windows.end_s, values)


def movement(motion: Array, *, rate_hz: float, window_s: float, hop_s: float, least: float = LEAST) -> Table:
    """Return the 88 features of acceleration ``motion`` (rows, 3, n) g, in counts of an E4 (1/64 g)."""
    motion = channel("flirt", "motion", motion, rate_hz=rate_hz, axes=3)
    windows = Windows("flirt", window_s, hop_s, motion.shape[2] / rate_hz)
    window, hop = windows.samples(rate_hz)
    values = np.empty((len(motion), windows.count, 4 * len(NAMES)))
    enough = share_of("flirt.least", least)
    for row, axes in enumerate(motion):
        known = np.all(told(axes, window=window, hop=hop, count=windows.count, least=enough), axis=0)
        counts = COUNTS_PER_G * held(axes)
        for c in range(4):
            x = counts[c] if c < 3 else np.sqrt(counts[0] ** 2 + counts[1] ** 2 + counts[2] ** 2)
            found = of_windows(x, window=window, hop=hop, count=windows.count)
            values[row, :, c * len(NAMES) : (c + 1) * len(NAMES)] = np.where(known.reshape(-1, 1), found, np.nan)
    return Table(_movement_entries(window_s, least), windows.end_s, values)


def heart(
    intervals: Array,
    *,
    rate_hz: float,
    window_s: float,
    hop_s: float,
    clean: bool = True,
    least_beats: float = LEAST_BEATS,
) -> Table:
    """Return the 52 features of ``intervals`` (rows, n): the interval [s] that a beat ended at the sample where it
    ended, 0 or NaN elsewhere. ``clean`` leaves out those outside 0.25 to 2 s or 20 % off the one before, as FLIRT does.
    """
    intervals = beats("flirt", intervals, rate_hz=rate_hz)
    windows = Windows("flirt", window_s, hop_s, intervals.shape[1] / rate_hz)
    window, hop = windows.samples(rate_hz)
    wanted = share_of("flirt.least_beats", least_beats) * window_s
    values = np.full((len(intervals), windows.count, 1 + len(HEART) + len(NAMES)), np.nan)
    begin = hop * np.arange(windows.count)
    for row, x in enumerate(intervals):
        at = np.flatnonzero(x > 0)
        interval_s = x[at]
        if clean:
            keep = _plausible(interval_s)
            at, interval_s = at[keep], interval_s[keep]
        start, stop = np.searchsorted(at, begin), np.searchsorted(at, begin + window)
        filled_s = np.concatenate([[0.0], np.cumsum(interval_s)])
        enough = filled_s[stop] - filled_s[start] >= wanted
        values[row, :, 0] = stop - start
        values[row, enough, 1 : 1 + len(HEART)] = of_beats(interval_s, start[enough], stop[enough])
        values[row, enough, 1 + len(HEART) :] = of_pieces(1000 * interval_s, start[enough], stop[enough])
    return Table(_heart_entries(window_s, least_beats), windows.end_s, values)


def _plausible(interval_s: Array) -> NDArray[np.bool_]:
    """Return which intervals FLIRT's cleaning keeps."""
    change_s = np.abs(np.diff(interval_s, prepend=interval_s[:1]))
    possible = (interval_s >= INTERVAL_MIN_S) & (interval_s <= INTERVAL_MAX_S)
    kept: NDArray[np.bool_] = possible & (change_s <= CHANGE_MAX * interval_s)
    return kept


def _statistics(
    prefix: str, subject: str, unit: str, window_s: float, source: str, unknown_when: str
) -> tuple[Entry, ...]:
    return tuple(
        Entry(
            f"{prefix}_{name}",
            _UNITS.get(name, f"{unit}2" if name == "energy" else unit),
            window_s,
            source,
            f"{DEFINITIONS[name]}, of {subject}",
            unknown_when,
        )
        for name in NAMES
    )


def _conductance_entries(window_s: float, least: float) -> tuple[Entry, ...]:
    unknown = f"less than {least:.0%} of the window is known, or nothing was before it"
    return tuple(
        entry
        for part in ("tonic", "phasic")
        for entry in _statistics(part, f"the {part} part of conductance", "uS", window_s, "eda", unknown)
    )


def _movement_entries(window_s: float, least: float) -> tuple[Entry, ...]:
    unknown = f"less than {least:.0%} of the window is known of any axis, or nothing was before it"
    named: Sequence[tuple[str, str]] = (
        ("acc_x", "acceleration along x"),
        ("acc_y", "acceleration along y"),
        ("acc_z", "acceleration along z"),
        ("l2", "the magnitude of acceleration"),
    )
    return tuple(
        entry
        for prefix, subject in named
        for entry in _statistics(prefix, subject, "g/64", window_s, "motion", unknown)
    )


def _heart_entries(window_s: float, least_beats: float) -> tuple[Entry, ...]:
    unknown = f"intervals fill less than {least_beats:.0%} of the window, or are fewer than 3"
    counted = Entry("num_ibis", "1", window_s, "intervals", "number of intervals", "never")
    own = tuple(
        Entry(f"hrv_{name}", unit, window_s, "intervals", definition, unknown) for name, unit, definition in HEART
    )
    few = f"intervals fill less than {least_beats:.0%} of the window, or are fewer than 7"
    return (counted, *own, *_statistics("hrv", "intervals", "ms", window_s, "intervals", few))
