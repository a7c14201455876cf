"""Band-passed PPG and acceleration in, the PPG less what the acceleration explains out."""

import math
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.filters import QUIET, Filter, high_pass, low_pass
from signals.gaps import RESTART, Gaps
from signals.rows import Record, RowOperator, Standing
from signals.types import Array, Rows

AXES: Final = 3
TAPS: Final = 4  # of each axis
APART_S: Final = 0.094  # between taps: 4 Hz need no closer ones; together they reach 0.28 s back
BLOCK_S: Final = 0.5  # the filter is solved for so often
MEMORY_S: Final = 6.0  # what it is fitted to fades so fast
PROOF_S: Final = 8.0  # and so fast what it proved to explain
RIDGE: Final = 0.01  # of the mean power of the taps
STILL_G: Final = 0.01  # movement of this size is the sensor's noise
QUIET_G: Final = 0.005  # and what is smaller teaches nothing and takes nothing off

_STEADY = np.dtype(
    [
        ("known", "i8"),  # samples of motion since one was unknown
        ("at", "i8"),  # place in the ring
        ("left", "i8"),  # samples until the filter is solved for
        ("learnt", "i8"),  # 1: from some sample since the last time
        ("weight", "f8"),  # samples in the sums, faded
        ("share", "f8"),  # of the prediction that is taken off
        ("now", "f8"),  # prediction at this sample of motion
        ("before", "f8"),  # and at the one before
        ("both", "f8"),  # sum of PPG times prediction, faded
        ("predicted", "f8"),  # of the prediction squared
    ]
)


class Steady(RowOperator):
    """PPG (k, n) less what movement explains of it; both in the same band, NaN where PPG is unknown.

    A filter of four taps on each axis (0.28 s) is fitted to the last seconds by least squares, twice a second, and
    *predicts* the artefact from acceleration (k, 3, n * motion_hz / rate_hz) [g]. What is taken off is the share of
    the prediction that past predictions, made before their PPG was known, proved to explain: nothing where acceleration
    and light are strangers, all of it where they move as one. Unknown movement takes nothing off. No delay.

    A pulse in step with the movement is taken off with it. Adaptive cancellation of movement in PPG: Ram et al. 2012,
    doi:10.1109/TIM.2011.2175832; the fit in blocks and the share by proof are our own.
    """

    def __init__(
        self, *, rows: int, rate_hz: float, motion_hz: float, band_hz: tuple[float, float], hold_s: float = 0.1
    ) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        ratio = rate_hz / motion_hz if motion_hz > 0 else 0.0
        if not (ratio >= 1 and ratio.is_integer()):
            raise SignalError(f"{self._name}.motion_hz: must divide {rate_hz:g} Hz, got {motion_hz!r}")
        low, high = band_hz
        band = [
            high_pass(cutoff_hz=low, rate_hz=motion_hz, order=2),
            low_pass(cutoff_hz=high, rate_hz=motion_hz, order=2),
        ]
        self._band = Filter(np.vstack(band), rows=AXES * rows, rate_hz=motion_hz, hold_s=hold_s, warm_s=0.0)
        self._gaps = Gaps(rows=rows, rate_hz=rate_hz, hold_s=hold_s)
        self._ratio = int(ratio)
        apart, block = max(round(APART_S * motion_hz), 1), max(round(BLOCK_S * motion_hz), 1)
        self._limits = (self._ratio, apart, block)
        self._fades = (math.exp(-block / MEMORY_S / motion_hz), math.exp(-1 / PROOF_S / motion_hz))
        n = AXES * TAPS
        self._ring = np.zeros((rows, AXES, (TAPS - 1) * apart + 1))
        self._square = np.zeros((rows, n, n))
        self._cross = np.zeros((rows, n))
        self._filter = np.zeros((rows, n))
        self._state = np.zeros(rows, _STEADY)

    def push(self, x: Array, motion: Array, *, rows: Rows | None = None) -> Array:
        """Return the next n samples of the rows ``rows``, steadied."""
        x, known = self._take(x, rows)
        motion, _ = self._take(motion, known, argument="motion", axes=AXES)
        together(self._name, x, motion, ratio=self._ratio)
        axes = (AXES * known[:, None] + np.arange(AXES)).ravel()
        moved = self._band.push(motion.reshape(axes.size, motion.shape[-1]), rows=axes).reshape(motion.shape)
        standing = self._gaps.push(x, rows=known).standing
        out = np.empty_like(x)
        _steady(
            x,
            standing,
            moved,
            known,
            self._limits,
            self._fades,
            self._ring,
            self._square,
            self._cross,
            self._filter,
            self._state,
            out,
        )
        return out


def together(operator: str, x: Array, motion: Array, *, ratio: int) -> None:
    """Raise SignalError unless ``motion`` (k, 3, m) lasts as long as ``x`` (k, ratio * m)."""
    if motion.shape[-1] * ratio != x.shape[-1]:
        raise SignalError(
            f"{operator}.motion: {motion.shape[-1]} samples do not go with {x.shape[-1]} of PPG, {ratio} to one"
        )


@njit(cache=True, nogil=True)
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
    out: Array,
) -> None:
    ratio, apart, block = limits
    tap, moving = np.empty(AXES * TAPS), False
    for k in range(rows.size):
        row = rows[k]
        s, ring, square, cross, w = state[row], past[row], squares[row], crosses[row], filters[row]
        for i in range(x.shape[1]):
            if standing[k, i] == RESTART:
                s.learnt = 0
                s.left, s.weight, s.share, s.now, s.before, s.both, s.predicted = block, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
                square[:], cross[:], w[:] = 0.0, 0.0, 0.0
            part = i % ratio
            if part == 0:
                _feel(s, ring, moved[k, 0, i // ratio], moved[k, 1, i // ratio], moved[k, 2, i // ratio])
                s.before, s.now = s.now, 0.0
                moving = s.known >= ring.shape[1] and _taps(ring, s.at, apart, tap) > QUIET_G * QUIET_G * tap.size
                if moving:
                    for j in range(tap.size):
                        s.now += w[j] * tap[j]
            artefact = s.share * (s.now + part / ratio * (s.now - s.before))
            out[k, i] = x[k, i] - artefact if np.isfinite(x[k, i]) else np.nan
            if part == 0 and moving and np.isfinite(x[k, i]):
                _learn(s, square, cross, tap, x[k, i], fades[1])
            if part == ratio - 1 and s.weight > 0:
                s.left -= 1
                if s.left <= 0:
                    if s.learnt == 1:
                        _solve(s, square, cross, w)
                    _fade(s, square, cross, fades[0])
                    s.left, s.learnt = block, 0


@njit(cache=True, nogil=True)
def _taps(ring: Array, at: int, apart: int, tap: Array) -> float:
    """Read what the filter sees into ``tap``; return the sum of its squares."""
    total = 0.0
    for j in range(TAPS):
        place = at - j * apart
        place += ring.shape[1] if place < 0 else 0
        for axis in range(AXES):
            tap[axis * TAPS + j] = ring[axis, place]
            total += ring[axis, place] * ring[axis, place]
    return total


@njit(cache=True, nogil=True)
def _feel(s: Record, ring: Array, x: float, y: float, z: float) -> None:
    """Take one sample of motion."""
    s.at = s.at + 1 if s.at + 1 < ring.shape[1] else 0
    if np.isfinite(x) and np.isfinite(y) and np.isfinite(z):
        s.known = min(s.known + 1, ring.shape[1])
        ring[0, s.at], ring[1, s.at], ring[2, s.at] = x, y, z
    else:
        s.known = 0
        ring[0, s.at], ring[1, s.at], ring[2, s.at] = 0.0, 0.0, 0.0


@njit(cache=True, nogil=True)
def _learn(s: Record, square: Array, cross: Array, tap: Array, value: float, fade: float) -> None:
    """Add one sample to the sums, and judge its prediction."""
    for a in range(tap.size):
        cross[a] += tap[a] * value
        for b in range(a + 1):
            square[a, b] += tap[a] * tap[b]
    s.weight += 1.0
    s.learnt = 1
    both, predicted = fade * s.both + s.now * value, fade * s.predicted + s.now * s.now
    s.both = both if abs(both) > QUIET else 0.0
    s.predicted = predicted if predicted > QUIET else 0.0


@njit(cache=True, nogil=True)
def _solve(s: Record, square: Array, cross: Array, w: Array) -> None:
    """Solve for the filter (Cholesky), and for the share of it that proved right."""
    n = cross.size
    power = 0.0
    for a in range(n):
        power += square[a, a] / n
    ridge = RIDGE * power + STILL_G * STILL_G * s.weight
    root = np.empty((n, n))
    for a in range(n):
        for b in range(a + 1):
            value = square[a, b] + (ridge if a == b else 0.0)
            for c in range(b):
                value -= root[a, c] * root[b, c]
            root[a, b] = math.sqrt(value) if a == b else value / root[b, b]
    for a in range(n):
        value = cross[a]
        for c in range(a):
            value -= root[a, c] * w[c]
        w[a] = value / root[a, a]
    for a in range(n - 1, -1, -1):
        value = w[a]
        for c in range(a + 1, n):
            value -= root[c, a] * w[c]
        w[a] = value / root[a, a]
    s.share = min(max(s.both / s.predicted, 0.0), 1.0) if s.predicted > 0 else 0.0


@njit(cache=True, nogil=True)
def _fade(s: Record, square: Array, cross: Array, fade: float) -> None:
    """Let the sums fade."""
    s.weight = s.weight * fade if s.weight > QUIET else 0.0
    for a in range(cross.size):
        cross[a] = cross[a] * fade if abs(cross[a]) > QUIET else 0.0
        for b in range(a + 1):
            square[a, b] = square[a, b] * fade if abs(square[a, b]) > QUIET else 0.0
