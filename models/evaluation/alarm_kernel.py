"""The kernel of alarms: probabilities row by row in, where alarms begin and settle out, as the desk's machine does."""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

NOTHING: Final = 0
BEGINS: Final = 1
SETTLES: Final = 2

_WATCHING, _RISING, _ANSWERED, _RESTING = 0, 1, 2, 3


@njit(cache=True, nogil=True)
def mark(
    probability: NDArray[np.float64],
    end_s: NDArray[np.float64],
    bounds: NDArray[np.int64],
    rules: NDArray[np.float64],
    step_s: float,
    marks: NDArray[np.int8],
) -> None:
    """Write ``BEGINS`` and ``SETTLES`` into ``marks`` (n,), which holds ``NOTHING``.

    ``bounds`` (S + 1,) cut the rows into sessions, ``rules`` (S, 6) hold enter, leave, hold, settle, refractory and
    fade of each. A row stands for the ``step_s`` seconds up to its end. At 1 s this is ``alerts.state.after`` with
    every alert taken in the second that raised it.
    """
    for session in range(len(bounds) - 1):
        enter, leave, hold, settle, refractory, fade = rules[session]
        risk = _WATCHING
        counted = 0.0
        since = 0.0
        seen = -np.inf
        for row in range(bounds[session], bounds[session + 1]):
            estimate = probability[row]
            if np.isnan(estimate):
                continue
            now = end_s[row]
            gap = now - seen
            if not (gap > 0 and gap - (step_s - 1.0) <= fade):
                counted = 0.0
            seen = now
            if risk == _RESTING and not 0 <= now - since < refractory:
                risk = _WATCHING
                counted = 0.0
            if estimate >= enter:
                if risk == _WATCHING:
                    risk = _RISING
                    counted = 0.0
                if risk == _RISING:
                    counted += step_s
                    if counted >= hold:
                        risk = _ANSWERED
                        counted = 0.0
                        marks[row] = BEGINS
                else:
                    counted = 0.0
            elif estimate <= leave:
                if risk == _RISING:
                    risk = _WATCHING
                    counted = 0.0
                elif risk == _ANSWERED:
                    counted += step_s
                    if counted >= settle:
                        risk = _RESTING
                        counted = 0.0
                        since = now
                        marks[row] = SETTLES
            elif risk == _ANSWERED:
                counted = 0.0
