"""A band's own samples in, in segments; the same quantity on the even analysis grid out.

Down-sampling is by linear interpolation, without a filter against aliasing, for now: of what moves at 18 to 30 Hz, a
band that samples at 64 or 128 Hz in step with the 32 Hz grid keeps all, folded below 16 Hz, and one of 50 Hz 0.6 of it.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ingest.types import Array

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

EXACT: Final = 1e-3  # of a period: a grid point this near to a sample is that sample, so even bands pass unchanged
REACH: Final = 1.5  # periods: how far a grid point may be from the samples on either side of it
REACH_MAX_S: Final = 2.0  # and at most this, what a live second may wait for: slower streams are known at samples only
OVERLAP: Final = 0.5  # of a period (1 s at most): a sample no later than this after an earlier segment's end repeats it


@njit(cache=True, nogil=True)
def _repeated(start_s: float, rate_hz: float, count: int, ended_s: float) -> int:
    """How many samples at the head of a segment repeat what ended at ``ended_s``."""
    behind = (ended_s - start_s) * rate_hz + OVERLAP * min(1.0, rate_hz)
    return int(min(np.floor(behind) + 1.0, count)) if behind >= 0 else 0


@njit(cache=True, nogil=True)
def _resample(
    start_s: Array,
    rate_hz: Array,
    counts: Ints,
    bases: Ints,
    strides: Ints,
    values: Array,
    first_s: float,
    grid_hz: int,
    out: Array,
) -> None:
    """Do what ``fill`` does with ``values`` that lie anywhere: sample i of axis a of segment m is
    ``values[bases[m] + i + a * strides[m]]``."""
    left, left_i = -1, 0  # segment, and sample in it, at or before the grid point
    right, right_i = 0, 0  # the same of the next one
    ended_s = -np.inf
    for j in range(out.shape[1]):
        at_s = first_s + j / grid_hz
        while right < start_s.size:
            if right_i >= counts[right]:
                ended_s = max(ended_s, start_s[right] + (counts[right] - 1) / rate_hz[right])
                right += 1
                right_i = 0
                if right < start_s.size:
                    right_i = _repeated(start_s[right], rate_hz[right], counts[right], ended_s)
            elif (at_s - start_s[right]) - right_i / rate_hz[right] >= -EXACT / rate_hz[right]:
                left, left_i = right, right_i
                right_i += 1
            else:
                break
        out[:, j] = np.nan
        if left < 0:
            continue
        before_s = (at_s - start_s[left]) - left_i / rate_hz[left]
        if abs(before_s) <= EXACT / rate_hz[left]:
            for axis in range(out.shape[0]):
                out[axis, j] = values[bases[left] + left_i + axis * strides[left]]
        elif right < start_s.size and before_s <= min(REACH / rate_hz[left], REACH_MAX_S):
            after_s = right_i / rate_hz[right] - (at_s - start_s[right])
            if after_s <= min(REACH / rate_hz[right], REACH_MAX_S):
                share = before_s / (before_s + after_s)
                for axis in range(out.shape[0]):
                    a = values[bases[left] + left_i + axis * strides[left]]
                    b = values[bases[right] + right_i + axis * strides[right]]
                    out[axis, j] = a + share * (b - a)


@njit("void(f8[::1], f8[::1], i8[::1], f8[:, ::1], f8, i8, f8[:, ::1])", cache=True, nogil=True)
def fill(
    start_s: Array,
    rate_hz: Array,
    counts: Ints,
    values: Array,
    first_s: float,
    grid_hz: int,
    out: Array,
) -> None:
    """Write what m segments say at ``first_s + j / grid_hz`` [UTC s] into ``out`` (axes, n), NaN where they are silent.

    Segments are in order of ``start_s`` (m,); ``counts`` (m,) samples of each stand one after the other in ``values``
    (axes, sum of counts). Where segments overlap, the one that starts first is heard. Each grid point is worked out
    from the segments alone, never from ``first_s``, so how a stream is cut into calls changes no bit. Compiled when the
    module is imported, so that no packet waits for it.
    """
    bases, strides = np.cumsum(counts) - counts, np.full(counts.size, values.shape[1])
    _resample(start_s, rate_hz, counts, bases, strides, values.reshape(values.size), first_s, grid_hz, out)


@njit("void(f8[::1], i8[::1], f8[::1], f8[::1], i8, i8[:, ::1], f8[::1])", cache=True, nogil=True)
def fill_rows(
    packets: Array, held: Ints, values: Array, first_s: Array, seconds: int, channels: Ints, out: Array
) -> None:
    """Do what ``fill`` does for ``seconds`` of every channel of k rows in one call.

    ``packets`` stand row by row, ``held`` (k,) of each: of every channel of a packet start, rate, number of samples (0:
    it has none) and end. ``values`` are their samples in the same order, each channel's axes one after the other. The
    packets of a row may be in any order: of segments that start together the one that stands first is heard. Row r
    begins at ``first_s[r]`` (k,). ``channels`` (c, 2) are the grid's rate and the axes; ``out`` is filled with the
    channels one after the other, each (k, axes, seconds * rate), and what is left of it with NaN.
    """
    said = packets.reshape(-1, channels.shape[0], 4)
    most = held.max()
    start_s, rate_hz = np.empty(most), np.empty(most)
    counts, bases = np.empty(most, np.int64), np.empty((channels.shape[0], most), np.int64)
    low, base = 0, 0
    for row in range(held.size):
        high, at = low + held[row], 0
        for i in range(low, high):
            for channel in range(channels.shape[0]):
                bases[channel, i - low] = base
                base += int(said[i, channel, 2]) * channels[channel, 1]
        for channel in range(channels.shape[0]):
            grid_hz, axes = channels[channel, 0], channels[channel, 1]
            m, even = 0, True
            for i in range(low, high):
                if said[i, channel, 2] > 0:
                    start_s[m], rate_hz[m], counts[m] = said[i, channel, 0], said[i, channel, 1], said[i, channel, 2]
                    bases[channel, m] = bases[channel, i - low]
                    even = even and (m == 0 or start_s[m - 1] <= start_s[m])
                    m += 1
            if not even:
                order = np.argsort(start_s[:m], kind="mergesort")
                start_s[:m], rate_hz[:m], counts[:m] = start_s[:m][order], rate_hz[:m][order], counts[:m][order]
                bases[channel, :m] = bases[channel, :m][order]
            size = axes * seconds * grid_hz
            place = out[at + row * size : at + (row + 1) * size].reshape(axes, size // axes)
            if m == 0:
                place[:] = np.nan
            else:
                _resample(
                    start_s[:m],
                    rate_hz[:m],
                    counts[:m],
                    bases[channel, :m],
                    counts[:m],
                    values,
                    first_s[row],
                    grid_hz,
                    place,
                )
            at += held.size * size
        low = high
    out[held.size * seconds * (channels[:, 0] * channels[:, 1]).sum() :] = np.nan


@njit("b1(f8[::1], b1[::1], f8, f8, f8, i8[:, ::1])", cache=True, nogil=True)
def covers_row(packets: Array, new: Bools, kept_s: float, awaited_s: float, second: float, channels: Ints) -> bool:
    """Whether the packets of a row, as in ``fill_rows``, reach over every grid point of a second without a hole, in
    every channel that was heard since ``awaited_s`` and in at least one. Of packets that are not ``new``, what ended
    before ``kept_s`` is forgotten."""
    said, heard = packets.reshape(-1, channels.shape[0], 4), False
    for channel in range(channels.shape[0]):
        there = (said[:, channel, 2] > 0) & (new | (said[:, channel, 3] >= kept_s))
        start_s, rate_hz, end_s = said[there, channel, 0], said[there, channel, 1], said[there, channel, 3]
        if not np.any(end_s >= awaited_s):
            continue
        heard = True
        last_s, reached_s, covered = second + 1 - 1 / channels[channel, 0], -np.inf, False
        for i in np.argsort(start_s, kind="mergesort"):
            if start_s[i] > max(reached_s + REACH / rate_hz[i], second + EXACT / rate_hz[i]):
                break
            reached_s = max(reached_s, end_s[i])
            if reached_s >= last_s - EXACT / rate_hz[i]:
                covered = True
                break
        if not covered:
            return False
    return heard
