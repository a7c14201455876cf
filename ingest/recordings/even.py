"""Samples with times of their own in, the even pieces that keep every one of them near its time out.

Nothing is interpolated, resampled or left out: a sample keeps its value, and the piece that it lies in has the rate at
which its samples came. A piece ends where the next sample is more than ``GAP`` periods away, or where no straight line
from its first to its last sample passes within ``DEVIATION`` of a period (at most ``DEVIATION_MAX_S``) of all between.
"""

import itertools
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ingest.errors import RecordingError
from ingest.types import CHANNELS, Array, Block
from ingest.wire import RATE_MAX_HZ, RATE_MIN_HZ

GAP: Final = 1.5  # periods: as far as a grid point may be from a sample (see ``ingest.grid``): beyond it one is missing
DEVIATION: Final = 0.25  # of a period: neighbours stay in order, and half as far off as a sample on the grid may be
DEVIATION_MAX_S: Final = 0.25  # of slow channels
TIME_MAX_S: Final = 4_102_444_800.0  # the year 2100: beyond it a time is in other units than seconds
SPAN_MAX_S: Final = 60 * 86_400.0  # no wearing is longer than two months; a time this far off is a mistake
COARSE: Final = 0.1  # of samples share the stamp of the one before: of a clock that counts seconds, nearly all do
PAUSE_S: Final = 1.0  # of a steady sensor: what trembles less than that came late, as pyxdf has it
PAUSE_SAMPLES: Final = 4.0  # where that is longer
STEADY: Final = (0.5, 2.0)  # what the measured period may be of the nominal one
_BACK: Final = 64  # samples tried beyond the longest line found so far, so that the search stays linear
_SNAP_S: Final = 1e-6  # what a rounded rate may move a sample: the wire's own resolution


def even(
    channel: str, times_s: Array, values: Array, *, name: str, rate_hz: float | None = None
) -> tuple[tuple[Block, ...], list[str]]:
    """Return the pieces of one channel, in time order, and notes on what is not as it should be, which call it
    ``name``.

    ``times_s`` (n,) are UTC, n >= 1, in the order of the file; ``values`` (n,) or (axes, n). Samples in another order
    are sorted. Where one in ten or more shares its time stamp with the one before, the stamps are coarse; samples that
    share one are spread evenly up to the next. A sample that comes again with the same time and value is kept once,
    unless the stamps are coarse. What no working sensor says becomes NaN. ``rate_hz`` is the
    nominal rate, where it is known: what the median step says is taken otherwise.
    Raises RecordingError where a time is none, or the samples come at no rate that a band has.
    """
    notes: list[str] = []
    known = np.isfinite(times_s) & (times_s >= 0) & (times_s <= TIME_MAX_S)
    if not known.all():
        raise RecordingError(f"{name}: sample {int(np.argmin(known)) + 1} has no time in UTC seconds: mend its time")
    times_s, values = _in_order(times_s, values, name, notes, rate_hz)
    if times_s[-1] - times_s[0] > SPAN_MAX_S:
        raise RecordingError(f"{name}: the times span {(times_s[-1] - times_s[0]) / 86_400:.0f} days: mend them")
    period_s = _period(times_s, name, rate_hz)
    values = within_limits(channel, values, name, notes)
    since_s = times_s - times_s[0]
    tolerance_s = min(DEVIATION * period_s, DEVIATION_MAX_S)
    first, step_s = _cut(since_s, period_s, tolerance_s)
    counts = np.diff(first, append=since_s.size)
    step_s = _snapped(step_s, counts)
    of = np.repeat(np.arange(first.size), counts)
    placed_s = since_s[first][of] + (np.arange(since_s.size) - first[of]) * step_s[of]
    worst_s = float(np.abs(since_s - placed_s).max())
    begun_s, rates_hz = times_s[first].tolist(), (1 / step_s).tolist()
    ends = (first + counts).tolist()
    pieces = tuple(
        Block(channel, begin_s, each_hz, values[..., start:stop])
        for begin_s, each_hz, start, stop in zip(begun_s, rates_hz, first.tolist(), ends, strict=True)
    )
    notes += _said(name, since_s, period_s, len(pieces), worst_s)
    return pieces, notes


def steady(
    channel: str, times_s: Array, values: Array, *, name: str, rate_hz: float
) -> tuple[tuple[Block, ...], list[str]]:
    """Return the same as ``even`` of a sensor that samples at a steady rate near ``rate_hz``, whose times were taken on
    arrival and tremble: a piece from one pause (``PAUSE_S``, or ``PAUSE_SAMPLES`` if that is longer) to the next, on
    the straight line that fits its times best. The notes say how far that moves a sample."""
    notes: list[str] = []
    known = np.isfinite(times_s) & (times_s >= 0) & (times_s <= TIME_MAX_S)
    if not known.all():
        raise RecordingError(f"{name}: sample {int(np.argmin(known)) + 1} has no time in UTC seconds: mend its time")
    if not RATE_MIN_HZ <= rate_hz <= RATE_MAX_HZ:
        raise RecordingError(f"{name}: {rate_hz:g} Hz is no rate of a band: put in the true one")
    pause_s = max(PAUSE_S, PAUSE_SAMPLES / rate_hz)
    steps_s = np.diff(times_s)
    cuts = [0, *(np.flatnonzero((steps_s > pause_s) | (steps_s < -pause_s)) + 1).tolist(), times_s.size]
    values = within_limits(channel, values, name, notes)
    pieces, worst_s = [], 0.0
    for start, stop in itertools.pairwise(cuts):
        n = stop - start
        since_s, index = times_s[start:stop] - times_s[start], np.arange(n) - (n - 1) / 2
        step_s = float((index * since_s).sum() / (index**2).sum()) if n > 1 else 1 / rate_hz
        if not STEADY[0] <= step_s * rate_hz <= STEADY[1]:
            raise RecordingError(
                f"{name}: samples {start + 1} to {stop} come every {step_s:g} s, which is not {rate_hz:g} Hz: say the"
                " true rate"
            )
        first_s = float(since_s.mean()) - step_s * (n - 1) / 2
        worst_s = max(worst_s, float(np.abs(since_s - (first_s + np.arange(n) * step_s)).max()))
        pieces.append(
            Block(channel, float(times_s[start] + first_s), 1 / step_s, np.ascontiguousarray(values[..., start:stop]))
        )
    pieces.sort(key=lambda piece: piece.start_s)
    if len(pieces) > 1 or worst_s > _SNAP_S:
        parts = "one even piece" if len(pieces) == 1 else f"{len(pieces)} even pieces, cut at pauses"
        notes.append(f"{name}: repaired, {parts}; no sample is more than {worst_s * 1e3:.3g} ms from its time stamp")
    return tuple(pieces), notes


def within_limits(channel: str, values: Array, name: str, notes: list[str]) -> Array:
    """``values`` with NaN for what no working sensor says, and a note of how many samples that are."""
    kind = CHANNELS[channel]
    wrong = (values < kind.low) | (values > kind.high) | np.isinf(values)
    if wrong.any():
        n = int((wrong.any(axis=0) if kind.axes > 1 else wrong).sum())
        notes.append(f"{name}: {n} samples are outside {kind.low:g} to {kind.high:g} {kind.unit}: unknown")
        return np.where(wrong, np.nan, values)
    return values


def _in_order(times_s: Array, values: Array, name: str, notes: list[str], rate_hz: float | None) -> tuple[Array, Array]:
    """The same in strictly rising order of time, as far as the stamps allow."""
    steps_s = np.diff(times_s)
    coarse = float((steps_s == 0).mean()) > COARSE if steps_s.size else False
    if (steps_s < 0).any():
        notes.append(f"{name}: time goes back {int((steps_s < 0).sum())} times: repaired, samples sorted by time")
        order = np.argsort(times_s, kind="stable")
        times_s, values = times_s[order], values[..., order]
    if not coarse:
        alike = (values[..., 1:] == values[..., :-1]) | (np.isnan(values[..., 1:]) & np.isnan(values[..., :-1]))
        same = (np.diff(times_s) == 0) & (alike.all(axis=0) if values.ndim > 1 else alike)
        if same.any():
            notes.append(f"{name}: {int(same.sum())} samples are there twice: kept once")
            kept = np.append(True, ~same)
            times_s, values = times_s[kept], values[..., kept]
    return _spread(times_s, name, notes, rate_hz), values


def _spread(times_s: Array, name: str, notes: list[str], rate_hz: float | None) -> Array:
    """Times of samples that share a stamp with their neighbours: from the stamp on, a period apart, and all before the
    next stamp."""
    begins = np.flatnonzero(np.diff(times_s, prepend=-1.0) != 0)
    counts = np.diff(begins, append=times_s.size)
    shared = counts > 1
    if not shared.any():
        return times_s
    room_s = np.diff(times_s[begins], append=np.inf)
    step_s = room_s / counts
    usual = step_s[np.isfinite(step_s)]
    if rate_hz is None and not usual.size:
        raise RecordingError(f"{name}: all samples have the same time: put in the true ones, or the rate")
    step_s = np.minimum(step_s, float(np.median(usual)) if rate_hz is None else 1 / rate_hz)
    of = np.repeat(np.arange(begins.size), counts)
    coarse_s = room_s[shared & np.isfinite(room_s)]
    known = f", each known to {float(np.median(coarse_s)):.3g} s" if coarse_s.size else ""
    notes.append(f"{name}: {int(counts[shared].sum())} samples share time stamps: repaired, spread evenly{known}")
    spread: Array = times_s[begins][of] + (np.arange(times_s.size) - begins[of]) * step_s[of]
    return spread


def _period(times_s: Array, name: str, rate_hz: float | None) -> float:
    """The usual step from one sample to the next [s]."""
    steps_s = np.diff(times_s)
    steps_s = steps_s[steps_s > 0]
    if steps_s.size:
        period_s = float(np.median(steps_s))
    elif rate_hz is not None:
        period_s = 1 / rate_hz
    else:
        raise RecordingError(f"{name}: one moment has no rate: put in the rate, or more samples")
    if not 1 / RATE_MAX_HZ <= period_s <= 1 / RATE_MIN_HZ:
        raise RecordingError(
            f"{name}: samples come every {period_s:g} s, not every {1 / RATE_MAX_HZ:.2g} to {1 / RATE_MIN_HZ:g} s:"
            " mend the times, or say their unit"
        )
    return period_s


def _snapped(step_s: Array, counts: NDArray[np.int64]) -> Array:
    """The period of each piece, or that of a rate of three decimals where this moves no sample."""
    round_s = 1 / np.maximum(np.round(1 / step_s, 3), RATE_MIN_HZ)
    return np.where(np.abs(round_s - step_s) * counts < _SNAP_S, round_s, step_s)


def _said(name: str, since_s: Array, period_s: float, pieces: int, worst_s: float) -> list[str]:
    if pieces == 1 and worst_s < _SNAP_S:
        return []
    steps_s = np.diff(since_s)
    gaps_s = steps_s[steps_s > GAP * period_s]
    gone = f", {gaps_s.size} gaps of up to {gaps_s.max():.3g} s" if gaps_s.size else ""
    parts = "one even piece" if pieces == 1 else f"{pieces} even pieces"
    return [f"{name}: {parts}{gone}; no sample is more than {worst_s * 1e3:.3g} ms from its time stamp"]


@njit(cache=True, nogil=True)
def _cut(since_s: Array, period_s: float, tolerance_s: float) -> tuple[NDArray[np.int64], Array]:
    """Where each piece begins and the step [s] in it: greedily the longest whose first and last samples span a line
    that passes within the tolerance of all between (O'Rourke 1981, doi:10.1145/358746.358758, anchored at the first).
    """
    n = since_s.size
    first = np.empty(n, np.int64)
    slope_s = np.empty(n)
    pieces = start = 0
    while start < n:
        low_s = max(0.5 * period_s, 1 / RATE_MAX_HZ)
        high_s = min(GAP * period_s, 1 / RATE_MIN_HZ)
        last, step_s, k = 0, period_s, 1
        while start + k < n and since_s[start + k] - since_s[start + k - 1] <= GAP * period_s and k <= 2 * last + _BACK:
            reach_s = since_s[start + k] - since_s[start]
            low_s = max(low_s, (reach_s - tolerance_s) / k)
            high_s = min(high_s, (reach_s + tolerance_s) / k)
            if low_s > high_s:
                break
            if low_s <= reach_s / k <= high_s:
                last, step_s = k, reach_s / k
            k += 1
        first[pieces], slope_s[pieces] = start, step_s
        pieces += 1
        start += last + 1
    return first[:pieces].copy(), slope_s[:pieces].copy()
