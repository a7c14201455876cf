"""Recordings in, the solution of cvxEDA's quadratic program out: a primal-dual interior-point method, eight at a time.

Mehrotra's predictor and corrector (doi:10.1137/0802028) from a point that is feasible: a constant driver, which the
trend takes back. A lane that has converged stands still whatever the others do, so no row knows of its neighbours.
"""

from typing import Final

import numpy as np
from numba import njit

from signals.eda.exact_front import COLUMNS, Factor, Model, Point, Pull, backward, empty_factor, factor, forward, weigh
from signals.eda.exact_lanes import LANES, Eight, each, largest, load, pick, store
from signals.rows import Counts
from signals.types import Array, Rows

Out = tuple[Array, Array, Array, Array, Array, Array]  # tonic, phasic, driver, splines, trend, figures, by row

FIGURES: Final = 4  # a row: iterations, objective, gap, half the squared residual
_SHY: Final = 0.997  # share of the way to the border that a step goes
_LEAST: Final = 1e-60  # slack and multiplier stay above it: far below any solution, far above denormals
_DRIVER: Final = 4.0  # constant driver to start from [standard deviations]
_PRESSURE: Final = 3.0  # its multipliers [alpha]
_CLOSED: Final = 1e18  # gamma of a spline whose knot lies behind the last known sample: there is none
_FLOOR: Final = 1e-6  # objective a sample below which a recording counts as explained (a ramp has an objective of 0)


@njit(cache=True, nogil=True)
def describe(x: Array, mean: Array, spread: Array, count: Counts) -> None:
    """Fill mean and standard deviation (n - 1 degrees of freedom) of the known samples of each row, and their count."""
    for row in range(len(x)):
        known, total = 0, 0.0
        for value in x[row]:
            if np.isfinite(value):
                known += 1
                total += value
        mean[row] = total / known if known else np.nan
        squares = 0.0
        for value in x[row]:
            if np.isfinite(value):
                squares += (value - mean[row]) ** 2
        spread[row] = np.sqrt(squares / (known - 1)) if known > 1 else np.nan
        count[row] = known


@njit(cache=True, nogil=True)
def solve_rows(
    x: Array, rows: Rows, mean: Array, spread: Array, alphas: Array, model: Model, tolerance: float, most: int, out: Out
) -> None:
    """Decompose the rows ``rows`` of x (any, n); ``out`` = (tonic, phasic, driver, l, d, figures) by row of x."""
    n = x.shape[1]
    intervals = (n + model.knot - 1) // model.knot
    at, step = _point(n, intervals), _point(n, intervals)
    pull = Pull(_column(n), _column(n), _column(n), _column(n))
    f, gram = empty_factor(n, intervals), np.empty((intervals, COLUMNS, COLUMNS, LANES))
    y, known, ridge = _column(n), _column(n), _column(intervals + 3)
    alpha, figures = _column(1), _column(FIGURES)
    for first in range(0, len(rows), LANES):
        for k in range(LANES):
            row = rows[min(first + k, len(rows) - 1)]
            alpha[0, k] = alphas[row]
            last = 0
            for i in range(n):
                there = np.isfinite(x[row, i])
                last = i if there else last
                known[i, k] = 1.0 if there else 0.0
                y[i, k] = (x[row, i] - mean[row]) / spread[row] if there else 0.0
            for e in range(intervals + 3):
                ridge[e, k] = model.gamma if (e - 1) * model.knot <= last else _CLOSED
        weigh(model, known, gram)
        _solve(model, y, known, gram, ridge, load(alpha, 0), tolerance, most, at, step, pull, f, figures)
        for k in range(min(LANES, len(rows) - first)):
            row = rows[first + k]
            _write(model, at, k, row, mean[row], spread[row], out)
            for a in range(FIGURES):
                out[5][row, a] = figures[a, k]


@njit(cache=True, nogil=True)
def _column(n: int) -> Array:
    return np.zeros((n, LANES))


@njit(cache=True, nogil=True)
def _point(n: int, intervals: int) -> Point:
    return Point(_column(n), _column(intervals + 3), _column(2), _column(n), _column(n))


@njit(cache=True, nogil=True)
def _write(model: Model, at: Point, k: int, row: int, mean: float, spread: float, out: Out) -> None:
    tonic, phasic, driver, splines, trend, _ = out
    basis, knot = model.basis, model.knot
    for i in range(len(basis)):
        m = i // knot
        level = at.d[0, k] + at.d[1, k] * basis[i, 4]
        for p in range(4):
            level += basis[i, p] * at.l[m + p, k]
        tonic[row, i] = level * spread + mean
        phasic[row, i] = (at.q[i, k] + 2 * at.q[i - 1, k] + at.q[i - 2, k]) * spread if i >= 2 else 0.0
        driver[row, i] = at.s[i, k] * spread
    for m in range(splines.shape[1]):
        splines[row, m] = at.l[m + 1, k] * spread
    trend[row, 0], trend[row, 1] = at.d[0, k] * spread + mean, at.d[1, k] * spread


@njit(cache=True, nogil=True)
def _solve(
    model: Model,
    y: Array,
    known: Array,
    gram: Array,
    ridge: Array,
    alpha: Eight,
    tolerance: float,
    most: int,
    at: Point,
    step: Point,
    pull: Pull,
    f: Factor,
    figures: Array,
) -> None:
    n = len(y)
    _begin(model, alpha, at)
    one, o = each(1.0), each(0.0)
    live, amiss, count, length = one, one, o, o
    for iteration in range(most + 1):
        gap, misfit, total, bend = _advance(length, model, y, known, at, step, pull)
        objective = misfit + alpha * total + bend
        amiss = amiss * (1.0 - length)  # the dual residual shrinks as the steps go
        enough = tolerance * (objective + _FLOOR * n)
        live = pick(largest(gap, amiss), enough, live, o)
        store(figures, 0, count)
        store(figures, 1, objective)
        store(figures, 2, gap)
        store(figures, 3, misfit)
        store(f.trend, 0, live)
        if iteration == most or f.trend[0].max() == 0.0:
            break
        count = count + live
        factor(model, known, gram, ridge, alpha, pull, at, f)
        far_s, far_z, z_ds, s_dz, ds_dz = backward(model, f, pull, False, at, step)
        by_s, by_z = 1.0 / largest(one, far_s), 1.0 / largest(one, far_z)
        left = (gap + by_s * z_ds + by_z * s_dz + by_s * by_z * ds_dz) / gap
        goal = left * left * left * gap / (n - 2.0)
        forward(model, ridge, alpha, goal, pull, at, step, f)
        far_s, far_z, z_ds, s_dz, ds_dz = backward(model, f, pull, True, at, step)
        far = largest(far_s, far_z)
        length = live * pick(far, each(_SHY), _SHY / far, one)


@njit(cache=True, nogil=True)
def _begin(model: Model, alpha: Eight, at: Point) -> None:
    a0, a1, a2 = model.ar
    level = _DRIVER / (a0 + a1 + a2)
    at.q[:] = level
    at.l[:] = 0.0
    at.d[0] = -4.0 * level
    at.d[1] = 0.0
    at.s[:2] = 0.0
    at.s[2:] = _DRIVER
    for i in range(2, len(at.z)):
        store(at.z, i, alpha * _PRESSURE)


@njit(cache=True, nogil=True)
def _moved(by: Eight, x: Array, i: int, dx: Array) -> Eight:
    now = load(x, i)
    return pick(by, each(0.0), now + by * load(dx, i), now)  # a lane that stands does not look at its step


@njit(cache=True, nogil=True)
def _advance(
    by: Eight, model: Model, y: Array, known: Array, at: Point, step: Point, pull: Pull
) -> tuple[Eight, Eight, Eight, Eight]:
    """Go ``by`` the step and look around: return sum s z, half the squared residual, sum s, half gamma l'l."""
    basis, knot = model.basis, model.knot
    o, least = each(0.0), each(_LEAST)
    gap, misfit, total, bend = o, o, o, o
    for e in range(len(at.l)):
        x = _moved(by, at.l, e, step.l)
        store(at.l, e, x)
        bend = bend + x * x
    d0, d1 = _moved(by, at.d, 0, step.d), _moved(by, at.d, 1, step.d)
    store(at.d, 0, d0)
    store(at.d, 1, d1)
    x1, x2 = o, o
    for m in range(len(at.l) - 3):
        c0, c1, c2, c3 = load(at.l, m), load(at.l, m + 1), load(at.l, m + 2), load(at.l, m + 3)
        for i in range(m * knot, min(len(basis), (m + 1) * knot)):
            x = _moved(by, at.q, i, step.q)
            store(at.q, i, x)
            r = load(y, i) - d0 - basis[i, 4] * d1
            r = r - (basis[i, 0] * c0 + basis[i, 1] * c1) - (basis[i, 2] * c2 + basis[i, 3] * c3)
            if i >= 2:
                r = r - (x + 2.0 * x1 + x2)
                s, z = _moved(by, at.s, i, step.s), _moved(by, at.z, i, step.z)
                s, z = largest(s, least), largest(z, least)
                over = 1.0 / (s * z)
                store(at.s, i, s)
                store(at.z, i, z)
                store(pull.over, i, over)
                store(pull.weight, i, z * z * over)
                gap, total = gap + s * z, total + s
            r = r * load(known, i)
            store(pull.residual, i, r)
            misfit = misfit + r * r
            x2, x1 = x1, x
    return gap, 0.5 * misfit, total, 0.5 * model.gamma * bend
