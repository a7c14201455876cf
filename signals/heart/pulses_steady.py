"""Band-passed PPG and acceleration in, the PPG less what the acceleration explains out."""

import math
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.filters import QUIET
from signals.gaps import KNOWN, RESTART, UNKNOWN, Gaps
from signals.heart.pulses_band import flushed, pass_motion, sections
from signals.rows import Record, RowOperator, Standing, is_finite
from signals.types import Array, Rows

AXES: Final = 3
TAPS: Final = 4  # of each axis
N: Final = AXES * TAPS
APART_S: Final = 0.094  # between taps: 4 Hz need no closer ones; together they reach 0.28 s back
LEARN: Final = 2  # every second sample of motion teaches: those between would say the same
BLOCK_S: Final = 0.5  # the filter is solved for so often
MEMORY_S: Final = 7.0  # what it is fitted to fades so fast
PROOF_S: Final = 16.0  # and so fast what it proved to explain
CHANCE: Final = 0.02  # share of the power of PPG that any prediction explains by chance
PROVED: Final = 0.05  # from here on a prediction is believed
RIDGE: Final = 0.03  # of the mean power of the taps
STILL_G: Final = 0.01  # movement of this size is the sensor's noise
QUIET_G: Final = 0.005  # and what is smaller on every axis teaches nothing and takes nothing off

_STEADY = np.dtype(
    [
        ("known", "i8"),  # samples of motion since one was unknown
        ("loud", "i8"),  # samples until the last one with movement leaves the taps
        ("turn", "i8"),  # samples with movement since one taught
        ("at", "i8"),  # place in the ring
        ("left", "i8"),  # samples until the filter is solved for
        ("learnt", "i8"),  # 1: from some sample since the last time
        ("owed", "f8"),  # by which the sums are to fade before anything is added
        ("weight", "f8"),  # samples in the sums, faded
        ("share", "f8"),  # of the prediction that is taken off
        ("now", "f8"),  # prediction at this sample of motion
        ("before", "f8"),  # and at the one before
        ("both", "f8"),  # sum of PPG times prediction, faded
        ("predicted", "f8"),  # of the prediction squared
        ("power", "f8"),  # of PPG squared
    ]
)


class Steady(RowOperator):
    """PPG (k, n) less what movement explains of it; both in the same band, NaN where PPG is unknown.

    A filter of four taps on each axis (0.28 s) is fitted to the last seconds by least squares, twice a second, and
    *predicts* the artefact from acceleration (k, 3, n * motion_hz / rate_hz) [g]. What is taken off is the share of
    the prediction that past predictions, made before their PPG was known, proved to explain: nothing where acceleration
    and light are strangers or where it explains less than 2 % of the light, all of it where they move as one. Unknown
    movement takes nothing off. No delay.

    A pulse in step with the movement is taken off with it. Adaptive cancellation of movement in PPG: Ram et al. 2012,
    doi:10.1109/TIM.2011.2175832; the fit in blocks and the share by proof are our own.
    """

    def __init__(
        self, *, rows: int, rate_hz: float, motion_hz: float, band_hz: tuple[float, float], hold_s: float = 0.1
    ) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        ratio = rate_hz / motion_hz if is_finite(motion_hz) and motion_hz > 0 else 0.0
        if not (ratio >= 1 and ratio.is_integer()):
            raise SignalError(f"{self._name}.motion_hz: must divide {rate_hz:g} Hz, got {motion_hz!r}")
        self._gaps = Gaps(rows=rows, rate_hz=rate_hz, hold_s=hold_s)
        self._ratio = int(ratio)
        self._band = sections(band_hz, rate_hz=motion_hz)
        apart, block = max(round(APART_S * motion_hz), 1), max(round(BLOCK_S * motion_hz), 1)
        self._limits = (self._ratio, apart, block, round(hold_s * motion_hz))
        self._fades = (math.exp(-block / MEMORY_S / motion_hz), math.exp(-LEARN / PROOF_S / motion_hz))
        self._felt = np.zeros(
            (rows, AXES * 5 + 2)
        )  # of each axis the last value and two states of each section; missing
        self._ring = np.zeros((rows, (TAPS - 1) * apart + 1, AXES))
        self._square = np.zeros((rows, N, N))
        self._cross = np.zeros((rows, N))
        self._filter = np.zeros((rows, N))
        self._state = np.zeros(rows, _STEADY)

    def push(self, x: Array, motion: Array, *, rows: Rows | None = None) -> Array:
        """Return the next n samples of the rows ``rows``, steadied."""
        x, known = self._take(x, rows)
        motion, _ = self._take(motion, known, argument="motion", axes=AXES)
        together(self._name, x, motion, ratio=self._ratio)
        bridged = self._gaps.push(x, rows=known)
        self.take_off(bridged.filled, bridged.standing, motion, rows=known)
        return np.where(np.isfinite(x), bridged.filled, np.nan)

    def take_off(self, filled: Array, standing: Standing, motion: Array, *, rows: Rows) -> None:
        """Steady ``filled`` (k, n), the bridged PPG of ``standing``, in place; nothing is checked."""
        moved = np.empty_like(motion)
        pass_motion(motion, rows, self._limits[3], self._band, self._felt, moved)
        _steady(
            filled,
            standing,
            moved,
            rows,
            self._limits[:3],
            self._fades,
            self._ring,
            self._square,
            self._cross,
            self._filter,
            self._state,
        )


def together(operator: str, x: Array, motion: Array, *, ratio: int) -> None:
    """Raise SignalError unless ``motion`` (k, 3, m) lasts as long as ``x`` (k, ratio * m)."""
    if motion.shape[-1] * ratio != x.shape[-1]:
        raise SignalError(
            f"{operator}.motion: {motion.shape[-1]} samples do not go with {x.shape[-1]} of PPG, {ratio} to one"
        )


@njit(cache=True, nogil=True, error_model="numpy")
def _steady(
    x: Array,
    standing: Standing,
    moved: Array,
    rows: Rows,
    limits: tuple[int, int, int],
    fades: tuple[float, float],
    past: Array,
    squares: Array,
    crosses: Array,
    filters: Array,
    state: NDArray[Any],
) -> None:
    ratio, apart, block = limits
    tap, span = np.empty(N), past.shape[1]
    for k in range(rows.size):
        row = rows[k]
        s, ring, square, cross, w = state[row], past[row], squares[row], crosses[row], filters[row]
        at, known, loud, turn = s.at, s.known, s.loud, s.turn
        for i in range(moved.shape[2]):
            first = i * ratio
            for j in range(first, first + ratio):
                if standing[k, j] == RESTART:
                    s.left, s.learnt, s.weight, s.share, s.now, s.both, s.predicted = block, 0, 0.0, 0.0, 0.0, 0.0, 0.0
                    s.power, s.owed, turn = 0.0, 1.0, 0
                    square[:], cross[:], w[:] = 0.0, 0.0, 0.0
            a, b, c = moved[k, 0, i], moved[k, 1, i], moved[k, 2, i]
            power = a * a + b * b + c * c
            at = at + 1 if at + 1 < span else 0
            ring[at, 0], ring[at, 1], ring[at, 2] = a, b, c
            known = min(known + 1, span) if power >= 0 else 0
            loud = span if power > AXES * QUIET_G * QUIET_G else max(loud - 1, 0)
            if loud > 0 or s.now != 0:
                s.before, s.now = s.now, 0.0
                if loud > 0 and known == span:
                    s.now = _predict(ring, at, apart, w, tap)
                    turn = turn + 1 if turn + 1 < LEARN else 0
                    if turn == 0 and (standing[k, first] == KNOWN or standing[k, first] == RESTART):
                        if s.owed < 1:
                            _fade(s, square, cross)
                        _learn(s, square, cross, tap, x[k, first], fades[1])
                for j in range(ratio):
                    if standing[k, first + j] != UNKNOWN:
                        x[k, first + j] -= s.share * (s.now + j / ratio * (s.now - s.before))
            if s.weight > 0:
                s.left -= 1
                if s.left <= 0:
                    if s.learnt == 1:
                        _solve(s, square, cross, w)
                    s.owed = flushed(fades[0] * s.owed)
                    s.left, s.learnt = block, 0
        s.at, s.known, s.loud, s.turn = at, known, loud, turn


@njit(cache=True, nogil=True, error_model="numpy")
def _predict(ring: Array, at: int, apart: int, w: Array, tap: Array) -> float:
    """Read what the filter sees into ``tap``; return what it makes of it."""
    total = 0.0
    for j in range(TAPS):
        place = at - j * apart
        place += ring.shape[0] if place < 0 else 0
        for axis in range(AXES):
            tap[AXES * j + axis] = ring[place, axis]
            total += w[AXES * j + axis] * ring[place, axis]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _learn(s: Record, square: Array, cross: Array, tap: Array, value: float, fade: float) -> None:
    """Add one sample to the sums, and judge its prediction."""
    for a in range(N):
        cross[a] += tap[a] * value
        for b in range(a + 1):
            square[a, b] += tap[a] * tap[b]
    s.weight += 1.0
    s.learnt = 1
    both, predicted, power = (
        fade * s.both + s.now * value,
        fade * s.predicted + s.now * s.now,
        fade * s.power + value * value,
    )
    s.both = both if abs(both) > QUIET else 0.0
    s.predicted = predicted if predicted > QUIET else 0.0
    s.power = power if power > QUIET else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _solve(s: Record, square: Array, cross: Array, w: Array) -> None:
    """Solve for the filter (elimination of a symmetric matrix), and for the share of it that proved right."""
    power = 0.0
    for a in range(N):
        power += square[a, a] / N
    ridge = RIDGE * power + STILL_G * STILL_G * s.weight
    left = np.empty((N, N + 1))
    for a in range(N):
        for b in range(a + 1):
            left[a, b] = left[b, a] = square[a, b]
        left[a, a] += ridge
        left[a, N] = cross[a]
    for a in range(N):
        one = 1.0 / left[a, a]
        for c in range(a + 1, N):
            times = left[c, a] * one
            for b in range(a + 1, N + 1):
                left[c, b] -= times * left[a, b]
    for a in range(N - 1, -1, -1):
        value = left[a, N]
        for c in range(a + 1, N):
            value -= left[a, c] * w[c]
        w[a] = value / left[a, a]
    s.share = 0.0
    if s.both > 0 and s.predicted > 0 and s.power > 0:
        explained = s.both / s.predicted * (s.both / s.power)
        s.share = min(s.both / s.predicted, 1.0) * min(max((explained - CHANCE) / (PROVED - CHANCE), 0.0), 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _fade(s: Record, square: Array, cross: Array) -> None:
    """Let the sums fade by what is owed."""
    s.weight = flushed(s.weight * s.owed)
    for a in range(N):
        cross[a] = flushed(cross[a] * s.owed)
        for b in range(a + 1):
            square[a, b] = flushed(square[a, b] * s.owed)
    s.owed = 1.0
