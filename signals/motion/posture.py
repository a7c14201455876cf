"""Acceleration in, how the wrist is held and how often it is held anew out: once a second."""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.rows import RowOperator
from signals.types import Array, Rows

SMOOTH: Final = 1.0 - math.exp(-1.0)  # gravity is what remains of second means after a low-pass of 1 s
LEAST_G: Final = 0.5  # a shorter mean of acceleration has no direction that is gravity's
CALM_DEG: Final = 10.0  # a posture is held where gravity turned by less in BACK_S
BACK_S: Final = 5
MINUTE_S: Final = 60
HOLD_S: Final = 5

_POSTURE = np.dtype(
    [
        ("gravity", "f8", 3),
        ("held", "f8", 3),  # gravity of the last posture that was held; 0 before the first
        ("age", "i8"),  # seconds since the restart, up to BACK_S
        ("gap", "i8"),
        ("at", "i8"),  # of the ring of gravity,
        ("minute", "i8"),  # and of the changes in the last minute
        ("changes", "i8"),
        ("known", "i8"),
    ]
)


class Posture(RowOperator):
    """How a wrist is held: (k, 3, rate_hz n) g in; elevation of ``axis`` [deg], turn in the last 5 s [deg] and changes
    of posture in the last minute [1/min], each (k, n), out.

    Gravity is the mean acceleration of a second, smoothed over 1 s (van Hees 2015, doi:10.1371/journal.pone.0142533,
    take running medians over 5 s, and so are slower and pass over jerks). The elevation is the angle of ``axis`` over
    the horizon, -90 to 90 deg: their z-angle is ``axis=2``; axis 0 of an E4 lies along the forearm. The turn is the
    angle between gravity now and 5 s ago, however the band sits. A posture that is held (turn below 10 deg) and lies
    ``new_deg`` or more from the one held before is a change. Their threshold of sleep is 5 deg in 5 min; these
    numbers are our own. NaN where less than half of a second is known or the mean is shorter than 0.5 g; the turn until
    5 s are known, the rate until half a minute is. After more than 5 s of nothing gravity begins anew.
    """

    def __init__(self, *, rows: int, rate_hz: int, axis: int = 0, new_deg: float = 30.0) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        if axis not in (0, 1, 2):
            raise SignalError(f"{self._name}.axis: must be 0, 1 or 2, got {axis!r}")
        if not 0 < new_deg < 180:
            raise SignalError(f"{self._name}.new_deg: must be above 0 and below 180, got {new_deg!r}")
        self._grain = self._whole_rate()
        self._new_deg = float(new_deg)
        self._axis = axis
        self._state = np.zeros(rows, _POSTURE)
        self._state["gap"] = HOLD_S + 1
        self._past = np.zeros((rows, BACK_S, 3))
        self._told = np.full((rows, MINUTE_S), -1, np.int8)  # changes by second; -1: unknown

    def push(self, x: Array, *, rows: Rows | None = None) -> tuple[Array, Array, Array]:
        """Return elevation, turn and rate of changes at the end of each of the next n seconds of the rows ``rows``."""
        x, known = self._take(x, rows, axes=3, grain=self._grain)
        elevation, turn, rate = (np.empty((len(x), x.shape[2] // self._grain)) for _ in range(3))
        _hold(
            x, known, self._grain, self._axis, self._new_deg, self._state, self._past, self._told, elevation, turn, rate
        )
        return elevation, turn, rate


@njit(cache=True, nogil=True)
def _hold(
    x: Array,
    rows: Rows,
    grain: int,
    axis: int,
    new_deg: float,
    state: NDArray[np.void],
    past: Array,
    told: NDArray[np.int8],
    elevation: Array,
    turn: Array,
    rate: Array,
) -> None:
    mean = np.empty(3)
    for k in range(rows.size):
        s, ring, minute = state[rows[k]], past[rows[k]], told[rows[k]]
        for i in range(elevation.shape[1]):
            elevation[k, i] = turn[k, i] = rate[k, i] = np.nan
            change = -1
            if _mean(x[k], i * grain, grain, mean):
                if s.gap > HOLD_S:
                    s.gravity[:], s.held[:] = mean, 0.0
                    s.age = 0
                s.gap = 0
                s.gravity[:] += SMOOTH * (mean - s.gravity)
                length = math.sqrt((s.gravity * s.gravity).sum())
                if length > 0.0:
                    elevation[k, i] = math.degrees(math.asin(min(max(s.gravity[axis] / length, -1.0), 1.0)))
                change = 0
                if s.age >= BACK_S:
                    turn[k, i] = _angle(s.gravity, ring[s.at])
                    if turn[k, i] < CALM_DEG and not _angle(s.gravity, s.held) < new_deg:
                        change = 1 if s.held.any() else 0
                        s.held[:] = s.gravity
            else:
                s.gap = min(s.gap + 1, HOLD_S + 1)
            s.age = min(s.age + 1, BACK_S)
            ring[s.at] = s.gravity
            s.at = (s.at + 1) % BACK_S
            old = minute[s.minute]
            minute[s.minute] = change
            s.minute = (s.minute + 1) % MINUTE_S
            s.changes += max(change, 0) - max(old, 0)
            s.known += (change >= 0) - (old >= 0)
            if change >= 0 and 2 * s.known >= MINUTE_S:
                rate[k, i] = s.changes * MINUTE_S / s.known


@njit(cache=True, nogil=True)
def _mean(x: Array, start: int, grain: int, mean: Array) -> bool:
    """Put the mean of a second into ``mean``; return whether it has a direction."""
    mean[:] = 0.0
    known = 0
    for j in range(start, start + grain):
        if np.isfinite(x[0, j]) and np.isfinite(x[1, j]) and np.isfinite(x[2, j]):
            mean[0] += x[0, j]
            mean[1] += x[1, j]
            mean[2] += x[2, j]
            known += 1
    if 2 * known < grain:
        return False
    mean /= known
    return bool((mean * mean).sum() >= LEAST_G * LEAST_G)


@njit(cache=True, nogil=True)
def _angle(one: Array, other: Array) -> float:
    """The angle between two directions [deg]; NaN where one is 0."""
    square = (one * one).sum() * (other * other).sum()
    if not square > 0.0:
        return np.nan
    return math.degrees(math.acos(min(max((one * other).sum() / math.sqrt(square), -1.0), 1.0)))
