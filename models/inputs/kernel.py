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
RECENT, RISE, CHANGE, DEVIATION, SPREAD = 0, 1, 2, 3, 4

NOW, MINUTE, MINUTES, LONG = 0, 1, 2, 3  # the four means, by how fast they fade
FADE_S: Final = (20.0, 60.0, 180.0, 600.0)
LEAST_S: Final = (5.0, 15.0, 30.0, 60.0)  # known seconds, faded, from which each is said
_NOW, _MINUTE, _MINUTES, _LONG = (math.exp(-1.0 / s) for s in FADE_S)
_LEAST_NOW, _LEAST_MINUTE, _LEAST_MINUTES, _LEAST_LONG = LEAST_S
NOTHING: Final = 1e-9  # known seconds below which nothing is left of a mean

LOCATION, SCALE, COUNT = 0, 1, 2
LITTLE_S: Final = 180.0  # known seconds of a past that count as much as what is assumed of everybody
BEGIN_S: Final = 60.0  # of a past that is worth a comparison
CLIP: Final = 3.0  # spreads beyond which a second counts as that far
FAR: Final = 8.0  # deviations beyond say no more


@njit(cache=True, nogil=True)
def run(
    rows: Rows,
    features: Array,
    columns: Codes,
    scales: Codes,
    offsets: Array,
    typical: Array,
    skin: Codes,
    made_of: Codes,
    kinds: Codes,
    memory_s: float,
    means: Array,
    weights: Array,
    square: Array,
    usual: Array,
    out: Array,
) -> None:
    """One row after the other, second after second; writes the rows' state and ``out`` (k, n, M).

    ``columns`` (Q,) of ``features``, ``scales``, ``offsets``, ``typical`` and ``skin`` (whether the band must be on; its
    column is the last of ``columns``) are by quantity; ``made_of`` and ``kinds`` by input. ``means`` and ``weights``
    (rows, Q, 4), ``square`` (rows, Q), ``usual`` (rows, Q, 3).
    """
    worn = columns[-1]
    for k in range(rows.size):
        row = rows[k]
        for i in range(features.shape[1]):
            off = features[k, i, worn] < 0.5
            for q in range(scales.size):
                x = math.nan
                if not (off and skin[q]):
                    x = scaled(features[k, i, columns[q]], scales[q], offsets[q])
                follow(x, means[row, q], weights[row, q], square[row], q)
                learn(x, typical[q], memory_s, usual[row, q])
            for m in range(kinds.size):
                q = made_of[m]
                out[k, i, m] = told(kinds[m], means[row, q], weights[row, q], square[row, q], usual[row, q], typical[q])


@njit(cache=True, nogil=True)
def scaled(x: float, scale: int, offset: float) -> float:
    """Return ``x`` on its scale; NaN where it is not finite."""
    if not math.isfinite(x):
        return math.nan
    if scale == LOGARITHM:
        return math.log(max(x, 0.0) + offset) if max(x, 0.0) + offset > 0.0 else math.nan
    return math.sqrt(max(x, 0.0)) if scale == ROOT else x


@njit(cache=True, nogil=True)
def follow(x: float, means: Array, weights: Array, square: Array, q: int) -> None:
    """Let the four means fade, and take ``x`` into them where it is known; ``square[q]``: variance over minutes."""
    for f in range(4):
        fade = _NOW if f == NOW else _MINUTE if f == MINUTE else _MINUTES if f == MINUTES else _LONG
        weight = fade * weights[f]
        if weight < NOTHING:
            weight = 0.0
        if math.isfinite(x):
            step = (x - means[f]) / (weight + 1.0) if weight > 0.0 else x - means[f]
            if f == MINUTES:
                share = weight / (weight + 1.0)
                square[q] = share * (square[q] + step * (x - means[f])) if weight > 0.0 else 0.0
                if square[q] < NOTHING:
                    square[q] = 0.0
            means[f] = means[f] + step if weight > 0.0 else x
            weight += 1.0
        weights[f] = weight


@njit(cache=True, nogil=True)
def learn(x: float, typical: float, memory_s: float, usual: Array) -> None:
    """Take ``x`` into what is usual: location and variance of the past, of seconds no farther off than ``CLIP``."""
    if not math.isfinite(x):
        return
    share = 1.0 / (min(usual[COUNT], memory_s) + 1.0)
    off = x - usual[LOCATION]
    if usual[COUNT] >= BEGIN_S:
        reach = CLIP * spread(usual, typical)
        off = min(max(off, -reach), reach)
    usual[LOCATION] += share * off
    usual[SCALE] = (1.0 - share) * (usual[SCALE] + share * off * off)
    if usual[SCALE] < NOTHING:
        usual[SCALE] = 0.0
    usual[COUNT] = min(usual[COUNT] + 1.0, memory_s)


@njit(cache=True, nogil=True)
def spread(usual: Array, typical: float) -> float:
    """Return the spread of a past, drawn towards what is typical while little is known."""
    known = usual[COUNT]
    return math.sqrt((known * usual[SCALE] + LITTLE_S * typical * typical) / (known + LITTLE_S))


@njit(cache=True, nogil=True)
def told(kind: int, means: Array, weights: Array, square: float, usual: Array, typical: float) -> float:
    """Return one input; NaN where too little is known."""
    if kind == CHANGE:
        if weights[NOW] < _LEAST_NOW or weights[MINUTES] < _LEAST_MINUTES:
            return math.nan
        return float(means[NOW] - means[MINUTES])
    if kind == SPREAD:
        return math.sqrt(square) if weights[MINUTES] >= _LEAST_MINUTES else math.nan
    if weights[MINUTE] < _LEAST_MINUTE:
        return math.nan
    if kind == RECENT:
        return float(means[MINUTE])
    if kind == RISE:
        return float(means[MINUTE] - means[LONG]) if weights[LONG] >= _LEAST_LONG else math.nan
    if usual[COUNT] < BEGIN_S:
        return math.nan
    far = (means[MINUTE] - usual[LOCATION]) / spread(usual, typical)
    far *= usual[COUNT] / (usual[COUNT] + LITTLE_S)
    return min(max(far, -FAR), FAR)
