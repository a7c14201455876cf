"""Seconds of features in, seconds of inputs out: exponentially fading means, and what is usual of a person."""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
Codes = NDArray[np.int64]

AS_IT_IS, LOGARITHM, ROOT = 0, 1, 2
RECENT, DEVIATION, LASTING, RISE, CHANGE = 0, 1, 2, 3, 4

NOW, MINUTE, MINUTES, LONG = 0, 1, 2, 3  # the four means, by how fast they fade
FADE_S: Final = (20.0, 60.0, 180.0, 600.0)
FADES: Final = tuple(math.exp(-1.0 / s) for s in FADE_S)
LEAST_S: Final = (5.0, 15.0, 30.0, 60.0)  # known seconds, faded, from which each is said
NOTHING: Final = 1e-9  # known seconds below which nothing is left of a mean
GONE_S: Final = tuple(int(s * math.log((s + 1.0) / NOTHING)) + 1 for s in FADE_S)  # silence that leaves nothing of each

LOCATION, VARIANCE, COUNT = 0, 1, 2
LITTLE_S: Final = 180.0  # known seconds of a past that count as much as what is assumed of everybody
BEGIN_S: Final = 60.0  # of a past that is worth a comparison
CLIP: Final = 3.0  # spreads beyond which a second is learnt as if it were that far off
FAR: Final = 4.0  # spreads that a comparison comes near to and never exceeds


@njit(cache=True, nogil=True)
def run(
    rows: Rows,
    features: Array,
    columns: Codes,
    scales: Codes,
    offsets: Array,
    typical: Array,
    made_of: Codes,
    kinds: Codes,
    memory_s: float,
    means: Array,
    weights: Array,
    usual: Array,
    out: Array,
) -> None:
    """One row after the other, second after second; writes the rows' state and ``out`` (k, n, M).

    ``scales``, ``offsets`` and ``typical`` are by quantity (Q,), as are ``columns`` of ``features``, whose last is that
    of ``worn``: what a band on a table says is about nobody. ``made_of`` and ``kinds`` are by input (M,). State:
    ``means`` and ``weights`` (rows, Q, 4), ``usual`` (rows, Q, 3).
    """
    worn = columns[-1]
    for k in range(rows.size):
        row = rows[k]
        for i in range(features.shape[1]):
            off = features[k, i, worn] < 0.5
            for q in range(scales.size):
                x = math.nan if off else scaled(features[k, i, columns[q]], scales[q], offsets[q])
                follow(x, means[row, q], weights[row, q])
                learn(x, typical[q], memory_s, usual[row, q])
            for m in range(kinds.size):
                q = made_of[m]
                out[k, i, m] = told(kinds[m], means[row, q], weights[row, q], usual[row, q], typical[q])


@njit(cache=True, nogil=True)
def scaled(x: float, scale: int, offset: float) -> float:
    """Return ``x`` on its scale; NaN where it is not finite."""
    if not math.isfinite(x):
        return math.nan
    if scale == LOGARITHM:
        return math.log(max(x, 0.0) + offset)
    return math.sqrt(max(x, 0.0)) if scale == ROOT else x


@njit(cache=True, nogil=True)
def follow(x: float, means: Array, weights: Array) -> None:
    """Let the four means fade, and take ``x`` into them where it is known."""
    known = math.isfinite(x)
    for f in range(4):
        weight = FADES[f] * weights[f]
        if weight < NOTHING:
            weight = means[f] = 0.0
        if known:
            weight += 1.0
            means[f] += (x - means[f]) / weight
        weights[f] = weight


@njit(cache=True, nogil=True)
def fade(rows: Rows, seconds: Codes, means: Array, weights: Array) -> None:
    """Let ``seconds`` (k,) pass for ``rows`` in which nothing is known: to the bit what ``follow`` does of NaN."""
    for k in range(rows.size):
        for f in range(4):
            left = weights[rows[k], :, f].copy()
            for _ in range(min(seconds[k], GONE_S[f])):
                left *= FADES[f]
            for q in range(left.size):
                if left[q] < NOTHING:
                    left[q] = means[rows[k], q, f] = 0.0
            weights[rows[k], :, f] = left


@njit(cache=True, nogil=True)
def learn(x: float, typical: float, memory_s: float, usual: Array) -> None:
    """Take ``x`` into what is usual: location and variance of the past, in which no second counts as far off."""
    if not math.isfinite(x):
        return
    share = 1.0 / (min(usual[COUNT], memory_s) + 1.0)
    off = x - usual[LOCATION]
    if usual[COUNT] >= BEGIN_S:
        reach = CLIP * spread(usual, typical)
        off = min(max(off, -reach), reach)
    usual[LOCATION] += share * off
    usual[VARIANCE] = (1.0 - share) * (usual[VARIANCE] + share * off * off)
    if usual[VARIANCE] < NOTHING:
        usual[VARIANCE] = 0.0
    usual[COUNT] = min(usual[COUNT] + 1.0, memory_s)


@njit(cache=True, nogil=True)
def spread(usual: Array, typical: float) -> float:
    """Return the spread of a past, drawn towards what is typical while little is known."""
    known = usual[COUNT]
    return math.sqrt((known * usual[VARIANCE] + LITTLE_S * typical * typical) / (known + LITTLE_S))


@njit(cache=True, nogil=True)
def told(kind: int, means: Array, weights: Array, usual: Array, typical: float) -> float:
    """Return one input; NaN where too little is known."""
    of = NOW if kind == CHANGE else MINUTE if kind in (RECENT, DEVIATION) else MINUTES
    if weights[of] < LEAST_S[of]:
        return math.nan
    if kind == RECENT:
        return float(means[of])
    if kind in (RISE, CHANGE):
        against = LONG if kind == RISE else MINUTES
        if weights[against] < LEAST_S[against]:
            return math.nan
        return bounded((means[of] - means[against]) / typical)
    known = usual[COUNT]
    if known < BEGIN_S:
        return math.nan
    trust = known / (known + LITTLE_S)
    return bounded(trust * (means[of] - usual[LOCATION]) / spread(usual, typical))


@njit(cache=True, nogil=True)
def bounded(z: float) -> float:
    """Return ``z``, nearly, where it is small, and never more than ``FAR`` either way."""
    return z / math.sqrt(1.0 + (z / FAR) ** 2)
