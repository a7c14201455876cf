"""Channels and the times of incidents in, the features of Goodwin and Imbiriba out: 15 s bins over three minutes.

After Goodwin 2019 (doi:10.1002/aur.2151) and Imbiriba 2023 (doi:10.1001/jamanetworkopen.2023.48898): of each channel
ten statistics of each of the last twelve bins; whether there was an incident before in this recording, and how long
ago. How an unknown sample counts, and what the elapsed time is before a first incident, is decided here: unknown
samples take the last known value before them while at least ``least`` of a bin is known, else the bin is NaN; before a
first incident the elapsed time counts from the beginning of the recording.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.rows import is_finite
from signals.sets.registry import LEAST, Entry, Table, Windows, channel, held, same_time, share_of, told
from signals.types import Array

BIN_S: Final = 15.0
WINDOW_S: Final = 180.0
STATISTICS: Final = (  # name, unit where it is not the channel's, definition
    ("first", "", "first sample"),
    ("last", "", "last sample"),
    ("min", "", "smallest sample"),
    ("max", "", "largest sample"),
    ("mean", "", "mean"),
    ("median", "", "median"),
    ("n_unique", "1", "different values"),
    ("sum", "", "sum"),
    ("sd", "", "standard deviation of the sample"),
    ("variance", "2", "variance of the sample"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Channel:
    """An evenly sampled channel: ``x`` (rows, n) in ``unit`` at ``rate_hz``."""

    x: Array
    rate_hz: float
    unit: str


def features(
    channels: Mapping[str, Channel],
    *,
    hop_s: float,
    incidents_s: Sequence[Array] | None = None,
    window_s: float = WINDOW_S,
    bin_s: float = BIN_S,
    least: float = LEAST,
) -> Table:
    """Return the set for windows every ``hop_s``: for each channel, for each bin from the latest to the oldest, its
    statistics; then the two of the incidents, whose onsets ``incidents_s`` holds for each row, in seconds since the
    recording began (none: no incidents). An onset at the very end of a window is not yet in it.

    Raises SignalError, naming the argument, where one cannot be used.
    """
    name = "imbiriba"
    bins = round(window_s / bin_s) if is_finite(window_s) and is_finite(bin_s) and bin_s > 0 else 0
    if bins < 1 or abs(bins * bin_s - window_s) > 1e-9:
        raise SignalError(f"{name}.bin_s: {window_s!r} s are no whole number of bins of {bin_s!r} s")
    if not channels:
        raise SignalError(f"{name}.channels: there are none")
    arrays = {key: channel(name, key, one.x, rate_hz=one.rate_hz) for key, one in channels.items()}
    lengths = {key: x.shape[1] / channels[key].rate_hz for key, x in arrays.items()}
    length_s, rows = same_time(name, lengths, {key: len(x) for key, x in arrays.items()})
    windows = Windows(name, window_s, hop_s, length_s)
    entries = _entries({key: one.unit for key, one in channels.items()}, window_s, bin_s, bins, least)
    values = np.full((rows, windows.count, len(entries)), np.nan)
    column, enough = 0, share_of(f"{name}.least", least)
    for key, x in arrays.items():
        rate_hz = channels[key].rate_hz
        size, hop = Windows(name, bin_s, hop_s, length_s).samples(rate_hz)
        filled = held(x)
        for back in range(bins):
            begin, end = size * (bins - 1 - back), column + len(STATISTICS)
            known = told(x, window=size, hop=hop, count=windows.count, least=enough, begin=begin)
            for row in range(rows):
                _describe(filled[row, begin:], size, hop, known[row], values[row, :, column:end])
            column = end
    onsets = [np.zeros(0)] * rows if incidents_s is None else incidents_s
    if len(onsets) != rows:
        raise SignalError(f"{name}.incidents_s: has {len(onsets)} rows, but {next(iter(channels))} {rows}")
    for row, onset_s in enumerate(onsets):
        if not _are_times(onset_s):
            raise SignalError(f"{name}.incidents_s: row {row} must be finite times in order")
        before = np.searchsorted(onset_s, windows.end_s, side="left")
        values[row, :, -2] = before > 0
        values[row, :, -1] = windows.end_s - np.concatenate([[0.0], onset_s])[before]
    return Table(entries, windows.end_s, values)


def _are_times(x: object) -> bool:
    """Return whether ``x`` is an array of finite numbers in order."""
    if not isinstance(x, np.ndarray) or x.ndim != 1 or x.dtype.kind not in "iuf":
        return False
    return bool(np.isfinite(x).all() and (np.diff(x) >= 0).all())


def _entries(units: Mapping[str, str], window_s: float, bin_s: float, bins: int, least: float) -> tuple[Entry, ...]:
    unknown = f"less than {least:.0%} of the bin is known, or nothing was before it"
    found = [
        Entry(
            f"{key}_{back * bin_s:03g}s_{name}",
            unit + own if own == "2" else own or unit,
            (back + 1) * bin_s,
            key,
            f"{definition} of the bin of {bin_s:g} s that ended {back * bin_s:g} s before",
            unknown,
        )
        for key, unit in units.items()
        for back in range(bins)
        for name, own, definition in STATISTICS
    ]
    found.append(Entry("incident_before", "1", window_s, "incidents", "1 after the first incident, 0 before", "never"))
    since = "time since the last incident began, or since the recording did where there was none"
    found.append(Entry("since_incident_s", "s", window_s, "incidents", since, "never"))
    return tuple(found)


@njit(cache=True, nogil=True)
def _describe(x: Array, size: int, hop: int, known: NDArray[np.bool_], out: Array) -> None:
    for w in range(len(known)):
        if not known[w]:
            continue
        piece = x[w * hop : w * hop + size]
        order = np.sort(piece)
        different = 1
        total = square = 0.0
        for i in range(size):
            total += piece[i]
            different += i > 0 and order[i] != order[i - 1]
        mean = total / size
        for v in piece:
            square += (v - mean) ** 2
        variance = square / (size - 1) if size > 1 else np.nan
        out[w, 0], out[w, 1], out[w, 2], out[w, 3] = piece[0], piece[-1], order[0], order[-1]
        out[w, 4], out[w, 5] = mean, 0.5 * (order[(size - 1) // 2] + order[size // 2])
        out[w, 6], out[w, 7], out[w, 8], out[w, 9] = different, total, np.sqrt(variance), variance
