"""Electrodermal activity in, its tonic and phasic parts and the sudomotor drive behind them out, causally: uS."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.filters import QUIET, Filter, high_pass
from signals.gaps import HELD, RESTART, UNKNOWN, Gaps
from signals.rows import Record, RowOperator, Standing, constant
from signals.types import Array, Rows

FALL_S: Final = 2.0  # time constants of the Bateman response: Greco 2016, doi:10.1109/TBME.2015.2474131
RISE_S: Final = 0.7
SPARSE: Final = 8e-4  # cost of drive, and of the splines of the level, per squared residual: Greco 2016
SMOOTH: Final = 1e-2
KNOT_S: Final = 15.0  # Greco 2016 has 10; with the future unknown, a level so free follows responses
HORIZON_S: Final = 20.0  # 12 s lost .01 of the correlation with the decomposition of the whole, 24 s gained .002
LAG_S: Final = 2.0
STEP_S: Final = 0.5  # drive is constant for so long, and found anew so often
# What a wearer's conductance is taken to vary by, while little of it was seen: a fifth of its level, weighed as 10 min.
VARIES: Final = 0.2
SEEN_S: Final = 600.0
SEEN_MOST_S: Final = 4 * 3600.0
LEAST_US: Final = 0.002  # no wristband resolves less
ROUNDS: Final = 6  # of exchanging what is driven and what is not; 2.3 are needed on the average

_PARTS = np.dtype(
    [
        ("age", "i8"),  # samples since the restart
        ("seen", "f8"),  # samples in ``mean`` and ``square``, which outlive gaps
        ("mean", "f8"),
        ("square", "f8"),
        ("slow", "f8"),  # both exponentials of the phasic part where the horizon begins
        ("fast", "f8"),
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """``tonic_us``, ``phasic_us`` and ``drive_us``, each (k, n), NaN where unknown; all as of ``lag_s`` ago."""

    tonic_us: Array
    phasic_us: Array
    drive_us: Array
    lag_s: float


class Phasic(RowOperator):
    """Tonic and phasic conductance and the drive behind it: (k, n) clean uS in, ``Parts`` of (k, n) out.

    What stands at sample i is of sample ``i - lag_s * rate_hz``, and knows nothing after i. Twice a second cvxEDA's
    problem (Greco 2016, doi:10.1109/TBME.2015.2474131: a drive that is never negative and as small as can be, through
    the Bateman response with time constants 2.0 s and 0.7 s, on cubic splines and a trend) is solved for the last
    20 s, by exchanging what is driven and what is not, which begins with the solution before; what came earlier enters
    as the phasic part that it leaves behind (a moving-horizon estimate: Rao 2001, doi:10.1016/S0005-1098(00)00115-0).

    Deviations: knots lie 15 s apart and move along; drive is constant over half a second, and has a gain of 1 at rest;
    what cvxEDA takes from the whole recording, its standard deviation, is that of what was seen so far, to which 10
    minutes of a fifth of the level are added. That scale is the wearer's, and outlives gaps; everything else begins
    anew after one longer than ``hold_s``, and is unknown for ``warm_s``.
    """

    def __init__(self, *, rows: int, rate_hz: float, hold_s: float = 2.0, warm_s: float = 5.0) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        if not (STEP_S * rate_hz).is_integer():
            raise SignalError(f"{self._name}.rate_hz: half a second must be whole samples, got {rate_hz!r}")
        self.lag_s = LAG_S
        self._gaps = Gaps(rows=rows, rate_hz=rate_hz, hold_s=hold_s)
        step, lag, size = (self._samples("rate_hz", s) for s in (STEP_S, LAG_S, HORIZON_S))
        self._counts = (step, lag, self._samples("warm_s", warm_s, least=lag))
        wave = _bateman(rate_hz)
        self._numbers = (*wave, SPARSE * step / (FALL_S - RISE_S), SEEN_S * rate_hz, SEEN_MOST_S * rate_hz)
        to_drive, curve, to_level = _projections(wave, size=size, step=step, lag=lag, knot=KNOT_S * rate_hz)
        self._to_drive, self._curve, self._to_level = constant(to_drive), constant(curve), constant(to_level)
        self._state = np.zeros(rows, _PARTS)
        self._past = np.zeros((rows, size))
        self._drive = np.zeros((rows, size // step))
        self._told = np.zeros((rows, step, 3))  # level, phasic and drive until the next solution

    def push(self, x: Array, *, rows: Rows | None = None) -> Parts:
        """Return the parts told at the next n samples of the rows ``rows``."""
        x, rows = self._take(x, rows)
        bridged = self._gaps.push(x, rows=rows)
        out = np.empty((3, *x.shape))
        matrices = (self._to_drive, self._curve, self._to_level)
        held = (self._state, self._past, self._drive, self._told)
        _divide(bridged.filled, bridged.standing, rows, self._counts, self._numbers, matrices, held, out)
        return Parts(out[0], out[1], out[2], self.lag_s)


class Driver(RowOperator):
    """The sudomotor drive behind phasic conductance: (k, n) clean uS in and out, never below 0, NaN where unknown.

    The phasic part is what a first-order high-pass at ``cutoff_hz`` leaves; the Bateman response with time constants
    2.0 s and 0.7 s is then undone by its exact discrete inverse, which needs two past samples and no future, and has a
    gain of 1 at rest: a response of a given size has the same area before and after. cvxEDA (Greco 2016) solves for the
    whole recording with a sparse, non-negative driver instead; here what falls below 0 is cut off. ``Phasic`` comes
    nearer to it, two seconds later.
    """

    def __init__(
        self, *, rows: int, rate_hz: float, cutoff_hz: float = 0.05, hold_s: float = 2.0, warm_s: float = 5.0
    ) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        slow, fast = math.exp(-1 / (FALL_S * rate_hz)), math.exp(-1 / (RISE_S * rate_hz))
        gain = (1 - slow) * (1 - fast)
        inverse = np.array([[1 / gain, -(slow + fast) / gain, slow * fast / gain, 1.0, 0.0, 0.0]])
        phasic = high_pass(cutoff_hz=cutoff_hz, rate_hz=rate_hz, order=1)
        self._filter = Filter(np.vstack([phasic, inverse]), rows=rows, rate_hz=rate_hz, hold_s=hold_s, warm_s=warm_s)

    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        """Return the drive at the next n samples of the rows ``rows``."""
        x, rows = self._take(x, rows)
        return np.maximum(self._filter.push(x, rows=rows), 0.0)


Wave = tuple[float, float, float, float]


def _bateman(rate_hz: float) -> Wave:
    """Return by how much both exponentials decay in a sample, and what a drive of 1 adds to each; at rest 1 in all."""
    slow, fast = math.exp(-1 / (FALL_S * rate_hz)), math.exp(-1 / (RISE_S * rate_hz))
    return slow, fast, (1 - slow) * FALL_S / (FALL_S - RISE_S), (1 - fast) * RISE_S / (FALL_S - RISE_S)


def _projections(wave: Wave, *, size: int, step: int, lag: int, knot: float) -> tuple[Array, Array, Array]:
    """Return what the level leaves of conductance, seen from the drive (size, steps), the curvature of the problem in
    the drive (steps, steps), and how the level at the samples told follows from what is not phasic (step, size)."""
    slow, fast, to_slow, to_fast = wave
    since = np.arange(size) - step * np.arange(size // step)[:, None]
    shapes = np.zeros((size // step, size))
    for one in range(step):
        ago = np.where(since >= one, since - one, 0)
        shapes += np.where(since >= one, to_slow * slow**ago - to_fast * fast**ago, 0.0)
    before = np.arange(size) - (size - 1)
    away = np.abs(before / knot - np.arange(-size // knot - 2, 3)[:, None])
    splines = np.where(away < 1, 1 - 1.5 * away**2 + 0.75 * away**3, 0.25 * np.maximum(2 - away, 0) ** 3)
    trend = np.stack([np.ones(size), before / size]) * 1e4  # as good as free
    level = np.vstack([splines / math.sqrt(SMOOTH), trend])
    rest = np.linalg.inv(np.eye(size) + level.T @ level)
    to_drive = rest @ shapes.T
    curve = shapes @ to_drive
    told = size - 1 - lag + np.arange(step)
    return to_drive, (curve + curve.T) / 2, (np.eye(size) - rest)[told]


@njit(cache=True, nogil=True)
def _divide(
    x: Array,
    standing: Standing,
    rows: Rows,
    counts: tuple[int, int, int],
    numbers: tuple[float, float, float, float, float, float, float],
    matrices: tuple[Array, Array, Array],
    held: tuple[NDArray[np.void], Array, Array, Array],
    out: Array,
) -> None:
    step, lag, warm = counts
    state, past, drive, told = held
    steps = drive.shape[1]
    work = (np.empty((steps, steps)), np.empty(steps), np.empty(steps), np.empty(steps), np.empty(past.shape[1]))
    picked = np.empty(steps, np.int64)
    driven = np.empty(steps, np.bool_)
    for k in range(rows.size):
        s, window, u, ready = state[rows[k]], past[rows[k]], drive[rows[k]], told[rows[k]]
        for i in range(x.shape[1]):
            if standing[k, i] == UNKNOWN:
                out[0, k, i] = out[1, k, i] = out[2, k, i] = np.nan
                continue
            value = x[k, i]
            if standing[k, i] == RESTART:
                s.age, s.slow, s.fast = 0, 0.0, 0.0
                window[:], u[:] = value, 0.0
            if standing[k, i] != HELD:
                _see(s, value, numbers[6])
            at = s.age % step
            if at == 0:
                window[:-step] = window[step:]
                window[-step:] = value
            window[window.size - step + at :] = value
            s.age += 1
            if at == step - 1:
                _solve(s, window, u, step, numbers, matrices, work, picked, driven)
                _tell(s, window, u, step, lag, numbers, matrices[2], work[4], ready)
            blank = standing[k, i] == HELD or s.age <= warm
            for part in range(3):
                out[part, k, i] = np.nan if blank else ready[(at + 1) % step, part]


@njit(cache=True, nogil=True)
def _see(s: Record, value: float, most: float) -> None:
    """Take a sample into the wearer's mean and variance."""
    s.seen = min(s.seen + 1.0, most)
    off = value - s.mean
    s.mean += off / s.seen
    s.square = (1.0 - 1.0 / s.seen) * (s.square + off * off / s.seen)
    if s.square < QUIET:
        s.square = 0.0


@njit(cache=True, nogil=True)
def _solve(
    s: Record,
    window: Array,
    u: Array,
    step: int,
    numbers: tuple[float, float, float, float, float, float, float],
    matrices: tuple[Array, Array, Array],
    work: tuple[Array, Array, Array, Array, Array],
    picked: NDArray[np.int64],
    driven: NDArray[np.bool_],
) -> None:
    """Move the horizon a step on and find its drive."""
    slow, fast, to_slow, to_fast, cost, before, _ = numbers
    for _ in range(step):
        s.slow = slow * s.slow + to_slow * u[0]
        s.fast = fast * s.fast + to_fast * u[0]
    s.slow, s.fast = (s.slow, s.fast) if s.slow > QUIET else (0.0, 0.0)
    last = u[-1]
    u[:-1] = u[1:]
    u[-1] = last
    level = 0.0
    for value in window:
        level += value
    usual = VARIES * level / window.size
    scale = max(math.sqrt((before * usual * usual + s.seen * s.square) / (before + s.seen)), LEAST_US)
    pull = work[3]
    pull[:] = -cost * scale
    a, b = s.slow, s.fast
    for t in range(window.size):
        a, b = a * slow, b * fast
        left = window[t] - window[0] - (a - b)
        for j in range(pull.size):
            pull[j] += matrices[0][t, j] * left
    for j in range(u.size):
        driven[j] = u[j] > 0
    _exchange(matrices[1], pull, 1e-6 * cost * scale, u, work, picked, driven)


@njit(cache=True, nogil=True)
def _exchange(
    curve: Array,
    pull: Array,
    slack: float,
    u: Array,
    work: tuple[Array, Array, Array, Array, Array],
    picked: NDArray[np.int64],
    driven: NDArray[np.bool_],
) -> None:
    """Minimise ``u curve u / 2 - pull u`` over u >= 0 by block principal pivoting (Portugal 1994,
    doi:10.1090/S0025-5718-1994-1250776-4), in at most ``ROUNDS`` rounds; what is then still below 0 is cut off."""
    wish = work[2]
    for _ in range(ROUNDS):
        count = 0
        for j in range(u.size):
            if driven[j]:
                picked[count] = j
                count += 1
        _fit(curve, pull, picked[:count], work[0], work[1])
        u[:], wish[:] = 0.0, pull
        for c in range(count):
            u[picked[c]] = work[1][c]
            for j in range(u.size):
                wish[j] -= curve[picked[c], j] * work[1][c]
        changed = False
        for j in range(u.size):
            if (driven[j] and u[j] < 0) or (not driven[j] and wish[j] > slack):
                driven[j] = not driven[j]
                changed = True
        if not changed:
            break
    for j in range(u.size):
        u[j] = max(u[j], 0.0)


@njit(cache=True, nogil=True)
def _fit(curve: Array, pull: Array, picked: NDArray[np.int64], root: Array, found: Array) -> None:
    """Solve for the picked ones alone, by Cholesky; their answers stand in ``found`` in the order of ``picked``."""
    for a in range(picked.size):
        for b in range(a + 1):
            rest = curve[picked[a], picked[b]]
            for c in range(b):
                rest -= root[a, c] * root[b, c]
            root[a, b] = math.sqrt(max(rest, 1e-12)) if a == b else rest / root[b, b]
        rest = pull[picked[a]]
        for c in range(a):
            rest -= root[a, c] * found[c]
        found[a] = rest / root[a, a]
    for a in range(picked.size - 1, -1, -1):
        rest = found[a]
        for c in range(a + 1, picked.size):
            rest -= root[c, a] * found[c]
        found[a] = rest / root[a, a]


@njit(cache=True, nogil=True)
def _tell(
    s: Record,
    window: Array,
    u: Array,
    step: int,
    lag: int,
    numbers: tuple[float, float, float, float, float, float, float],
    to_level: Array,
    left: Array,
    ready: Array,
) -> None:
    """Lay out level, phasic part and drive for the ``step`` samples until the next solution."""
    slow, fast, to_slow, to_fast = numbers[:4]
    a, b, first = s.slow, s.fast, window.size - 1 - lag
    for t in range(window.size):
        a, b = slow * a + to_slow * u[t // step], fast * b + to_fast * u[t // step]
        left[t] = window[t] - window[0] - (a - b)
        if first <= t < first + step:
            ready[t - first, 1], ready[t - first, 2] = a - b, u[t // step]
    for j in range(step):
        level = window[0]
        for t in range(window.size):
            level += to_level[j, t] * left[t]
        ready[j, 0] = level
