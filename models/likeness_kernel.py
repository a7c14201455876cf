"""The kernel of ``models.likeness``: a row's seconds in, what the last hour was like and what it is usually like out.

Panes of ten minutes are cut at whole multiples of ten minutes of UTC. A quantity of a pane is the mean of its known
seconds. Six panes are the last hour; a pane is learnt when it leaves the hour, so that an hour is judged before it is
part of what it is judged by. All of it is in one file: numba keeps what it compiled until *this* file changes.
"""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.risk import Array, Rows

READS: Final = (
    "heart_rate_bpm",
    "heart_rate_error_bpm",
    "eda_level_uS",
    "temperature_C",
    "motion_minute_g",
    "worn",
    "eda_valid",
    "warming_up",
)
"""The features that the kernel is given, in its own order."""

_HEART, _ERROR, _EDA, _WARMTH, _MINUTE, _WORN, _VALID, _WARMING = range(len(READS))

QUANTITIES: Final = 4  # resting pulse [1/min], log sweat [ln uS], skin temperature [degC], log movement [ln g]
PANE_S: Final = 600
PANES: Final = 6  # an hour
LEAST_S: Final = 120.0  # known seconds that make a pane of a quantity
EASY_G: Final = 0.04  # turning the wrist is no effort; as ``signals.heart.explained`` has it,
EXERTION_G: Final = 0.2
BPM: Final = 24.0  # a unit of exertion in an adult
MOST_G: Final = 0.5  # movement of the last minute above which nobody's resting pulse can be told
SURE_BPM: Final = 5.0  # error of a pulse above which it is not counted
FORGET: Final = 1008.0  # panes: a week of wearing; people change

_SUMS, _COUNTS = 0, 1


@njit(cache=True, nogil=True)
def run(
    rows: Rows,
    start_s: NDArray[np.int64],
    features: Array,
    pane: NDArray[np.int64],
    sums: Array,
    hour: Array,
    usual: Array,
    learning: NDArray[np.bool_],
) -> None:
    """One row after the other, one second after the other; writes the state of these rows.

    ``pane`` (R,) is the number of the pane that is being filled, ``sums`` (R, 2, Q) its sums and known seconds,
    ``hour`` (R, PANES, Q) the panes of the last hour, the newest last, ``usual`` (R, 3, Q) panes learnt, their mean
    and their sum of squares about it. Rows that are not ``learning`` keep what is usual as it is.
    """
    for k in range(rows.size):
        row = rows[k]
        for i in range(features.shape[1]):
            now = (start_s[k] + i) // PANE_S
            if pane[row] < 0:
                pane[row] = now
            _close(now, row, pane, sums[row], hour[row], usual[row], learning[row])
            _count(features[k, i], sums[row])


@njit(cache=True, nogil=True)
def _close(
    now: int,
    row: int,
    pane: NDArray[np.int64],
    sums: Array,
    hour: Array,
    usual: Array,
    learns: bool,
) -> None:
    """Put panes that are over into the hour, and what leaves it into what is usual; a clock set back begins anew."""
    if now < pane[row]:
        sums[:] = 0.0
        hour[:] = np.nan
        pane[row] = now
    over = min(now - pane[row], PANES + 1)
    for j in range(over):
        for q in range(QUANTITIES):
            if learns and math.isfinite(hour[0, q]):
                _learn(hour[0, q], usual[:, q])
            for p in range(PANES - 1):
                hour[p, q] = hour[p + 1, q]
            known = sums[_COUNTS, q]
            hour[PANES - 1, q] = sums[_SUMS, q] / known if j == 0 and known >= LEAST_S else math.nan
        sums[:] = 0.0
    pane[row] = now


@njit(cache=True, nogil=True)
def _learn(x: float, usual: Array) -> None:
    usual[0] += 1.0
    off = x - usual[1]
    usual[1] += off / min(usual[0], FORGET)
    usual[2] += off * (x - usual[1])
    if usual[0] > FORGET:
        usual[2] -= usual[2] / FORGET


@njit(cache=True, nogil=True)
def _count(second: Array, sums: Array) -> None:
    """Count what a second says of its wearer; nothing while the band is off, or what it says is doubtful."""
    if not second[_WORN] >= 0.5:
        return
    if second[_MINUTE] <= MOST_G and second[_ERROR] <= SURE_BPM:
        _add(second[_HEART] - BPM * math.log1p(max(second[_MINUTE] - EASY_G, 0.0) / EXERTION_G), sums, 0)
    if second[_VALID] >= 0.5 and second[_EDA] > 0.0:
        _add(math.log(second[_EDA]), sums, 1)
    if not second[_WARMING] >= 0.5:
        _add(second[_WARMTH], sums, 2)
    if second[_MINUTE] >= 0.0:
        _add(math.log(second[_MINUTE] + 0.01), sums, 3)


@njit(cache=True, nogil=True)
def _add(x: float, sums: Array, q: int) -> None:
    if math.isfinite(x):
        sums[_SUMS, q] += x
        sums[_COUNTS, q] += 1.0
