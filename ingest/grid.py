"""A band's own samples in, in segments; the same quantity on the even analysis grid out.

Down-sampling is by linear interpolation, without a filter against aliasing, for now.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ingest.types import Array

EXACT: Final = 1e-3  # of a period: a grid point this near to a sample is that sample, so even bands pass unchanged
REACH: Final = 1.5  # periods: how far a grid point may be from the samples on either side of it
REACH_MAX_S: Final = 2.0  # and at most this, what a live second may wait for: slower streams are known at samples only
OVERLAP: Final = 0.5  # of a period (1 s at most): a sample no later than this after an earlier segment's end repeats it


@njit(cache=True, nogil=True)
def _repeated(start_s: float, rate_hz: float, count: int, ended_s: float) -> int:
    """How many samples at the head of a segment repeat what ended at ``ended_s``."""
    behind = (ended_s - start_s) * rate_hz + OVERLAP * min(1.0, rate_hz)
    return int(min(np.floor(behind) + 1.0, count)) if behind >= 0 else 0


@njit("void(f8[::1], f8[::1], i8[::1], f8[:, ::1], f8, i8, f8[:, ::1])", cache=True, nogil=True)
def fill(
    start_s: Array,
    rate_hz: Array,
    counts: NDArray[np.int64],
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
    left, left_i, left_at = -1, 0, 0  # segment, sample in it and column of the sample at or before the grid point
    right, right_i, base = 0, 0, 0  # the same of the next one; base is the column of its segment's first sample
    ended_s = -np.inf
    for j in range(out.shape[1]):
        at_s = first_s + j / grid_hz
        while right < start_s.size:
            if right_i >= counts[right]:
                ended_s = max(ended_s, start_s[right] + (counts[right] - 1) / rate_hz[right])
                base += counts[right]
                right += 1
                right_i = 0
                if right < start_s.size:
                    right_i = _repeated(start_s[right], rate_hz[right], counts[right], ended_s)
            elif (at_s - start_s[right]) - right_i / rate_hz[right] >= -EXACT / rate_hz[right]:
                left, left_i, left_at = right, right_i, base + right_i
                right_i += 1
            else:
                break
        out[:, j] = np.nan
        if left < 0:
            continue
        before_s = (at_s - start_s[left]) - left_i / rate_hz[left]
        if abs(before_s) <= EXACT / rate_hz[left]:
            out[:, j] = values[:, left_at]
        elif right < start_s.size and before_s <= min(REACH / rate_hz[left], REACH_MAX_S):
            after_s = right_i / rate_hz[right] - (at_s - start_s[right])
            if after_s <= min(REACH / rate_hz[right], REACH_MAX_S):
                share = before_s / (before_s + after_s)
                for axis in range(out.shape[0]):
                    a = values[axis, left_at]
                    out[axis, j] = a + share * (values[axis, base + right_i] - a)
