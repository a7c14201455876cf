"""Series in, FLIRT's 22 statistics of each window out: of short pieces directly, of long recordings by sliding.

Definitions of FLIRT 0.0.2 (Foell et al. 2021, doi:10.1016/j.cmpb.2021.106461), which are NumPy's and SciPy's: moments
of the population, excess kurtosis, linear quantiles, peaks of a prominence of at least 0.9 in the unit of the series,
entropy of the values taken as shares of their sum [nat], permutation and singular-value entropy of pairs three samples
apart [bit].
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.types import Array

Counts = NDArray[np.int64]
Indices = NDArray[np.int32]

NAMES: Final = (
    "mean",
    "std",
    "min",
    "max",
    "ptp",
    "sum",
    "energy",
    "skewness",
    "kurtosis",
    "peaks",
    "rms",
    "lineintegral",
    "n_above_mean",
    "n_below_mean",
    "n_sign_changes",
    "iqr",
    "iqr_5_95",
    "pct_5",
    "pct_95",
    "entropy",
    "perm_entropy",
    "svd_entropy",
)
DEFINITIONS: Final = dict(
    zip(
        NAMES,
        (
            "mean",
            "standard deviation of the population",
            "smallest value",
            "largest value",
            "largest less smallest value",
            "sum",
            "sum of squares",
            "third standardised moment",
            "fourth standardised moment less 3",
            "local maxima of a prominence of at least 0.9 within the window",
            "root of the mean square",
            "sum of absolute steps",
            "samples above the mean",
            "samples below the mean",
            "steps over which the sign (-1, 0, 1) changes",
            "75th less 25th percentile",
            "95th less 5th percentile",
            "5th percentile",
            "95th percentile",
            "Shannon entropy [nat] of the values as shares of their sum; -inf where they differ in sign",
            "entropy [bit] of whether a sample is above the one three before it",
            "entropy [bit] of the singular values of pairs of samples three apart",
        ),
        strict=True,
    )
)
PROMINENCE: Final = 0.9
APART: Final = 3  # samples between the two of a pair
QUANTILES: Final = (0.05, 0.25, 0.75, 0.95)
FIELDS: Final = 11  # sums of a pane, see _pane


def of_pieces(x: Array, start: Counts, stop: Counts) -> Array:
    """Return the statistics of ``x[start[i]:stop[i]]``, (len(start), 22); NaN where a piece has fewer than 7 samples,
    or one that is not finite. ``x`` is one-dimensional, row-major float64."""
    out = np.empty((len(start), len(NAMES)))
    _of_pieces(x, start, stop, out)
    return out


def of_windows(x: Array, *, window: int, hop: int, count: int) -> Array:
    """Return the statistics of ``count`` windows of ``x`` (n,), (count, 22), at a cost that grows with the logarithm of
    the window's length only. ``x`` is finite from some sample on; NaN where a window begins before it, and everywhere
    where a window has fewer than 7 samples.

    Every number is made of dyadic sums of panes, aligned to the first known pane, so that nothing drifts.
    """
    out = np.full((count, len(NAMES)), np.nan)
    x = x[: (count - 1) * hop + window] if count else x[:0]
    whole = np.isfinite(x)
    first = int(whole.argmax()) if whole.any() else len(x)
    skip = -(-first // hop)
    if skip >= count or window <= 2 * APART:
        return out
    some = x[skip * hop :]
    pane = int(np.gcd(window, hop))
    value, code = np.unique(some, return_inverse=True)
    left, right = np.empty(len(some), np.int32), np.empty(len(some), np.int32)
    _lower(some, window, left, right)
    peaks = _prominent(left, right, window, hop, count - skip)
    panes = len(some) // pane
    nodes = 2 << (panes - 1).bit_length()
    tree, low, high = np.zeros((nodes, FIELDS)), np.zeros(nodes), np.zeros(nodes)
    _plant(some, pane, tree, low, high)
    _of_windows(some, code.astype(np.int32), value, window, hop, pane, tree, low, high, peaks, out[skip:])
    return out


@njit(cache=True, nogil=True)
def _sign(v: float) -> int:
    return 1 if v > 0 else (-1 if v < 0 else 0)


@njit(cache=True, nogil=True)
def _bits(share: float) -> float:
    """The entropy of an event that happens in this share of cases, and of its opposite."""
    found = 0.0
    if share > 0:
        found -= share * np.log2(share)
    if share < 1:
        found -= (1 - share) * np.log2(1 - share)
    return found


@njit(cache=True, nogil=True)
def _fill(n: int, sums: Array, low: float, high: float, ends: Array, counts: Counts, q: Array, out: Array) -> None:
    """``sums``: see _pane; ``ends``: squares that the first and the last of the pairs lack; ``counts``: peaks, samples
    above and below the mean."""
    centred, total, energy = sums[0] / n, sums[4], sums[5]
    second = sums[1] / n - centred * centred
    third = sums[2] / n - 3 * centred * sums[1] / n + 2 * centred**3
    fourth = sums[3] / n - 4 * centred * sums[2] / n + 6 * centred * centred * sums[1] / n - 3 * centred**4
    second = second if high > low and second > 0 else 0.0
    out[0], out[1], out[2], out[3], out[4] = total / n, np.sqrt(second), low, high, high - low
    out[5], out[6] = total, energy
    out[7] = third / second**1.5 if second > 0 else np.nan
    out[8] = fourth / (second * second) - 3 if second > 0 else np.nan
    out[9], out[10], out[11] = counts[0], np.sqrt(energy / n), sums[7]
    out[12], out[13], out[14] = counts[1], counts[2], sums[8]
    out[15], out[16], out[17], out[18] = q[2] - q[1], q[3] - q[0], q[0], q[3]
    size = abs(total)
    one_sign = low >= 0 or high <= 0
    out[19] = (np.log(size) - sums[6] / size if size > 0 else np.nan) if one_sign else -np.inf
    out[20] = _bits(sums[9] / (n - 3.0))
    g11, g22, g12 = energy - ends[0], energy - ends[1], sums[10]
    middle, apart = 0.5 * (g11 + g22), np.sqrt(0.25 * (g11 - g22) ** 2 + g12 * g12)
    large = np.sqrt(max(middle + apart, 0.0))
    small = np.sqrt(max(middle - apart, 0.0))
    out[21] = _bits(small / (large + small)) if large > 0 else np.nan


@njit(cache=True, nogil=True)
def _pane(x: Array, start: int, stop: int, centre: float, sums: Array) -> tuple[float, float]:
    """Fill ``sums`` of x[start:stop]: powers 1 to 4 about ``centre``, sum, squares, |x| ln |x|, steps, sign changes,
    rises and products over three samples, all from earlier samples of ``x``; return the smallest and the largest."""
    low = high = x[start]
    sums[:] = 0.0
    for i in range(start, stop):
        v = x[i]
        u = v - centre
        u2 = u * u
        sums[0] += u
        sums[1] += u2
        sums[2] += u2 * u
        sums[3] += u2 * u2
        sums[4] += v
        sums[5] += v * v
        if v != 0:
            sums[6] += abs(v) * np.log(abs(v))
        low, high = min(low, v), max(high, v)
        if i >= 1:
            sums[7] += abs(v - x[i - 1])
            sums[8] += _sign(v) != _sign(x[i - 1])
        if i >= APART:
            sums[9] += x[i - APART] <= v
            sums[10] += x[i - APART] * v
    return low, high


@njit(cache=True, nogil=True)
def _lower(x: Array, reach: int, left: Indices, right: Indices) -> None:
    """For each local maximum (the middle of its plateau): the nearest sample within ``reach`` on each side that is
    lower by the prominence with nothing higher between, -1 and n where there is none; for all others -2."""
    n = len(x)
    left[:] = -2
    right[:] = -2
    i = 1
    while i < n - 1:
        if not x[i - 1] < x[i]:
            i += 1
            continue
        j = i + 1
        while j < n - 1 and x[j] == x[i]:
            j += 1
        if x[j] < x[i]:
            m = (i + j - 1) // 2
            left[m] = _next_lower(x, m, -1, max(m - reach, -1), -1, left)
        i = j
    for m in range(n - 1, -1, -1):
        if left[m] > -2:
            right[m] = _next_lower(x, m, 1, min(m + reach, n), n, right)


@njit(cache=True, nogil=True)
def _next_lower(x: Array, m: int, way: int, end: int, none: int, found: Indices) -> int:
    """Walk from the maximum ``m`` up to ``end``; an equal maximum on the way has ``found`` what lies behind it."""
    a = m + way
    while a != end and x[a] <= x[m]:
        if x[m] - x[a] >= PROMINENCE:
            return a
        if found[a] > -2 and x[a] == x[m]:
            return int(found[a])
        a += way
    return none


@njit(cache=True, nogil=True)
def _prominent(left: Indices, right: Indices, window: int, hop: int, count: int) -> Counts:
    """Count the maxima of each window that have both of their sides in it: those whose right side is, less those whose
    left side is not, but for those that have neither."""
    n = len(left)
    ended, begun, neither = np.zeros(n + 2, np.int32), np.zeros(n + 2, np.int32), np.zeros(n + 2, np.int32)
    for i in range(n):
        if left[i] >= -1:
            ended[right[i] + 1] += 1
            begun[left[i] + 2] += 1
            far = n if right[i] >= n else right[i] - window
            if far > left[i]:
                neither[left[i] + 1] += 1
                neither[far + 1] -= 1
    for i in range(1, n + 2):
        ended[i] += ended[i - 1]
        begun[i] += begun[i - 1]
        neither[i] += neither[i - 1]
    found = np.empty(count, np.int64)
    for w in range(count):
        s = w * hop
        found[w] = ended[s + window] - begun[s + 1] + neither[s]
    return found


@njit(cache=True, nogil=True)
def _plant(x: Array, pane: int, tree: Array, low: Array, high: Array) -> None:
    """Fill the leaves (the second half) with the sums of panes, and every node above with those of its two."""
    leaves = len(low) // 2
    for b in range(len(x) // pane):
        low[leaves + b], high[leaves + b] = _pane(x, b * pane, (b + 1) * pane, x[0], tree[leaves + b])
    for node in range(leaves - 1, 0, -1):
        for t in range(FIELDS):
            tree[node, t] = tree[2 * node, t] + tree[2 * node + 1, t]
        low[node] = min(low[2 * node], low[2 * node + 1])
        high[node] = max(high[2 * node], high[2 * node + 1])


@njit(cache=True, nogil=True)
def _ranked(fenwick: Indices, top: int, rank: int) -> int:
    """Return the code of the value of this rank (from 0): a descent through the tree of counts."""
    at, step = 0, top
    while step > 0:
        if at + step < len(fenwick) and fenwick[at + step] <= rank:
            at += step
            rank -= fenwick[at]
        step >>= 1
    return at


@njit(cache=True, nogil=True)
def _up_to(fenwick: Indices, code: int) -> int:
    """Return how many in the window have a code below ``code``."""
    total = 0
    while code > 0:
        total += fenwick[code]
        code &= code - 1
    return total


@njit(cache=True, nogil=True)
def _enter(fenwick: Indices, code: int, by: int) -> None:
    code += 1
    while code < len(fenwick):
        fenwick[code] += by
        code += code & -code


@njit(cache=True, nogil=True)
def _of_windows(
    x: Array,
    code: Indices,
    value: Array,
    window: int,
    hop: int,
    pane: int,
    tree: Array,
    low: Array,
    high: Array,
    peaks: Counts,
    out: Array,
) -> None:
    leaves = len(low) // 2
    fenwick = np.zeros(len(value) + 1, np.int32)
    top = 1
    while 2 * top <= len(value):
        top *= 2
    q, ends, counts, sums = np.empty(4), np.empty(2), np.empty(3, np.int64), np.empty(FIELDS)
    begun = ended = 0
    for w in range(len(out)):
        s, e = w * hop, w * hop + window
        for i in range(max(ended, s), e):
            _enter(fenwick, code[i], 1)
        for i in range(begun, min(s, ended)):
            _enter(fenwick, code[i], -1)
        begun, ended = s, e
        a, b = s // pane + leaves, e // pane + leaves
        sums[:] = 0.0
        smallest, largest = np.inf, -np.inf
        while a < b:
            if a & 1:
                for t in range(FIELDS):
                    sums[t] += tree[a, t]
                smallest, largest = min(smallest, low[a]), max(largest, high[a])
                a += 1
            if b & 1:
                b -= 1
                for t in range(FIELDS):
                    sums[t] += tree[b, t]
                smallest, largest = min(smallest, low[b]), max(largest, high[b])
            a >>= 1
            b >>= 1
        if s >= 1:  # what the first samples have with those before the window
            sums[7] -= abs(x[s] - x[s - 1])
            sums[8] -= _sign(x[s]) != _sign(x[s - 1])
        ends[:] = 0.0
        for i in range(s, s + APART):
            ends[0] += x[i + window - APART] * x[i + window - APART]
            ends[1] += x[i] * x[i]
            if i >= APART:
                sums[9] -= x[i - APART] <= x[i]
                sums[10] -= x[i - APART] * x[i]
        for k in range(4):
            at = QUANTILES[k] * (window - 1)
            i = int(at)
            one = value[_ranked(fenwick, top, i)]
            two = value[_ranked(fenwick, top, i + 1)] if at > i else one
            q[k] = one + (at - i) * (two - one)
        mean = sums[4] / window
        counts[0] = peaks[w]
        counts[2] = _up_to(fenwick, np.searchsorted(value, mean))
        counts[1] = window - _up_to(fenwick, np.searchsorted(value, mean, side="right"))
        _fill(window, sums, smallest, largest, ends, counts, q, out[w])


@njit(cache=True, nogil=True)
def _of_pieces(x: Array, start: Counts, stop: Counts, out: Array) -> None:
    q, ends, counts, sums = np.empty(4), np.empty(2), np.empty(3, np.int64), np.empty(FIELDS)
    for w in range(len(start)):
        piece = x[start[w] : stop[w]]
        n = len(piece)
        out[w] = np.nan
        if n <= 6 or not np.isfinite(piece).all():
            continue
        low, high = _pane(piece, 0, n, piece[0], sums)
        order = np.sort(piece)
        for k in range(4):
            at = QUANTILES[k] * (n - 1)
            i = int(at)
            q[k] = order[i] + (at - i) * (order[min(i + 1, n - 1)] - order[i])
        mean = sums[4] / n
        counts[2] = np.searchsorted(order, mean)
        counts[1] = n - np.searchsorted(order, mean, side="right")
        left, right = np.empty(n, np.int32), np.empty(n, np.int32)
        _lower(piece, n, left, right)
        counts[0] = 0
        for i in range(n):
            counts[0] += left[i] >= 0 and right[i] < n
        ends[:] = 0.0
        for i in range(3):
            ends[0] += piece[n - 1 - i] ** 2
            ends[1] += piece[i] ** 2
        _fill(n, sums, low, high, ends, counts, q, out[w])
