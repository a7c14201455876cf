"""The Newton system of the exact decomposition, eliminated along time for eight recordings at once: factor, solve.

Ordered in time each sample q_i is coupled with the two samples next to it, with the four splines that reach there and
with the trend. So the system is eliminated sample by sample, a spline when nothing reaches it any more, the trend last:
time and memory grow with the number of samples only. What is still coupled is the front: 0 the spline that leaves next,
1 to 3 those after it, 4 and 5 the trend, 6 and 7 the last two samples.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit

from signals.eda.exact_lanes import LANES, Eight, each, largest, load, store
from signals.types import Array

COLUMNS: Final = 6  # four splines and the two numbers of the trend
FRONT: Final = 8
SAMPLE: Final = 10  # numbers of the factor a sample

Six = tuple[Eight, Eight, Eight, Eight, Eight, Eight]
Five = tuple[float, float, float, float, float]


class Model(NamedTuple):
    """What the samples are explained by: ``basis`` (n, 5) the four splines that reach a sample and the slope; ``ar``
    (a0, a1, a2) that make the driver of q; ``gamma``; ``knot``, samples between knots."""

    basis: Array
    ar: tuple[float, float, float]
    gamma: float
    knot: int


class Factor(NamedTuple):
    """The factor, and a solution half done: ``samples`` (n, 10) by sample the inverse of its pivot, its coupling with
    the next two (1, 2) and with the columns (3 to 8), its half solution; ``leaving`` (intervals + 3, 8) by spline its
    row of the ``front`` (8, 8) when it leaves; ``splines`` (intervals + 3) and ``trend`` (2) their half solutions."""

    samples: Array
    leaving: Array
    front: Array
    splines: Array
    trend: Array


class Point(NamedTuple):
    """A point of the interior, or a step from one: ``q`` (n), spline weights ``l`` (intervals + 3, the first and the
    last two always 0), trend ``d`` (2), slack ``s`` = A q and its multiplier ``z`` (n; the first two are not used)."""

    q: Array
    l: Array  # noqa: E741 - the paper's letter
    d: Array
    s: Array
    z: Array


class Pull(NamedTuple):
    """What pulls at the point: ``residual`` of the samples, ``push`` of the corrector on A q, ``over`` 1 / (s z) and
    ``weight`` z / s, all (n)."""

    residual: Array
    push: Array
    over: Array
    weight: Array


@njit(cache=True, nogil=True)
def _plus(x: Six, m: Eight, v: Five) -> Six:
    """x + m (v0, v1, v2, v3, 1, v4): six columns."""
    return (x[0] + m * v[0], x[1] + m * v[1], x[2] + m * v[2], x[3] + m * v[3], x[4] + m, x[5] + m * v[4])


@njit(cache=True, nogil=True)
def _less(x: Six, m: Eight, b: Six) -> Six:
    """x - m b: six columns."""
    return (
        x[0] - m * b[0],
        x[1] - m * b[1],
        x[2] - m * b[2],
        x[3] - m * b[3],
        x[4] - m * b[4],
        x[5] - m * b[5],
    )


@njit(cache=True, nogil=True)
def _take(a: Array, at: int, by: int) -> Six:
    return (
        load(a, at),
        load(a, at + by),
        load(a, at + 2 * by),
        load(a, at + 3 * by),
        load(a, at + 4 * by),
        load(a, at + 5 * by),
    )


@njit(cache=True, nogil=True)
def _keep(a: Array, at: int, by: int, x: Six) -> None:
    store(a, at, x[0])
    store(a, at + by, x[1])
    store(a, at + 2 * by, x[2])
    store(a, at + 3 * by, x[3])
    store(a, at + 4 * by, x[4])
    store(a, at + 5 * by, x[5])


@njit(cache=True, nogil=True)
def _at(basis: Array, i: int) -> Five:
    return basis[i, 0], basis[i, 1], basis[i, 2], basis[i, 3], basis[i, 4]


@njit(cache=True, nogil=True)
def weigh(model: Model, known: Array, gram: Array) -> None:
    """Fill ``gram`` (intervals, 6, 6, 8): what the known samples of each interval say of splines and trend."""
    basis, knot = model.basis, model.knot
    n = len(basis)
    for m in range(len(gram)):
        for a in range(COLUMNS):
            for b in range(a, COLUMNS):
                total = each(0.0)
                for i in range(m * knot, min(n, (m + 1) * knot)):
                    left = 1.0 if a == 4 else basis[i, min(a, 4)]
                    right = 1.0 if b == 4 else basis[i, min(b, 4)]
                    total = total + load(known, i) * (left * right)
                store(gram, (m * COLUMNS + a) * COLUMNS + b, total)


@njit(cache=True, nogil=True)
def factor(
    model: Model,
    known: Array,
    gram: Array,
    ridge: Array,
    alpha: Eight,
    pull: Pull,
    at: Point,
    f: Factor,
) -> None:
    """Factorise M'M + A'(weight)A, what the columns add and the splines' ``ridge``, into ``f``; on the way take the
    predictor's right side, M'residual - alpha A'1 and B'residual - ridge l, through it as ``forward`` does."""
    basis, knot = model.basis, model.knot
    a0, a1, a2 = model.ar
    n, intervals = len(basis), len(gram)
    o = each(0.0)
    nothing = (o, o, o, o, o, o)
    for i in range(FRONT * FRONT):
        store(f.front, i, o)
    h0, h1, g0 = o, o, o  # of the two samples before: their diagonal, what couples them
    x, y = nothing, nothing  # ... their columns
    rx, ry, c = o, o, nothing  # ... and the right sides
    for i in range(2):
        c = _plus(c, load(pull.residual, i), _at(basis, i))
    for m in range(intervals):
        for i in range(max(2, m * knot), min(n, (m + 1) * knot)):
            v, w, u, j = _at(basis, i), load(known, i), load(pull.weight, i), i - 2
            h0 = h0 + (w + u * (a2 * a2))
            h1 = h1 + (2.0 * w + u * (a2 * a1))
            h2 = w + u * (a2 * a0)
            g0 = g0 + (4.0 * w + u * (a1 * a1))
            g1 = 2.0 * w + u * (a1 * a0)
            x, y, z = _plus(x, w, v), _plus(y, 2.0 * w, v), _plus(nothing, w, v)
            inverse = 1.0 / h0
            store(f.samples, SAMPLE * j, inverse)
            store(f.samples, SAMPLE * j + 1, h1)
            store(f.samples, SAMPLE * j + 2, h2)
            _keep(f.samples, SAMPLE * j + 3, 1, x)
            r = load(pull.residual, i)
            half = (rx + (r - alpha * a2)) * inverse
            store(f.samples, SAMPLE * j + 9, half)
            rx, ry = ry + (2.0 * r - alpha * a1) - h1 * half, r - alpha * a0 - h2 * half
            c = _less(_plus(c, r, v), half, x)
            to_next, to_last = h1 * inverse, h2 * inverse
            x, y = _less(y, to_next, x), _less(z, to_last, x)
            h0, h1, g0 = g0 - to_next * h1, g1 - to_next * h2, (w + u * (a0 * a0)) - to_last * h2
        if m < intervals - 1:
            _gather(f, gram, m, max(0, m * knot - 2), (m + 1) * knot - 2)
            h0, h1, g0, x, y = _leave(f, ridge, m, h0, h1, g0, x, y)
            c, rx, ry = _pass(f, ridge, at.l, m, c, rx, ry)
    _end(f, gram, h0, h1, g0, x, y, max(0, (intervals - 1) * knot - 2))
    c = _last(f, c, rx, ry)
    for e in range(intervals - 1, intervals + 3):
        _retire(f, ridge, e)
        c, rx, ry = _pass(f, ridge, at.l, e, c, o, o)
    store(f.trend, 0, c[4])
    store(f.trend, 1, c[5])


@njit(cache=True, nogil=True)
def _leave(
    f: Factor, ridge: Array, m: int, h0: Eight, h1: Eight, g0: Eight, x: Six, y: Six
) -> tuple[Eight, Eight, Eight, Six, Six]:
    """Eliminate the ``m``-th spline that leaves; return what is left of the last two samples and their columns."""
    _keep(f.front, 6, FRONT, x)
    _keep(f.front, 7, FRONT, y)
    store(f.front, 54, h0)
    store(f.front, 55, h1)
    store(f.front, 63, g0)
    _retire(f, ridge, m)
    x, y = _take(f.front, 6, FRONT), _take(f.front, 7, FRONT)
    return load(f.front, 54), load(f.front, 55), load(f.front, 63), x, y


@njit(cache=True, nogil=True)
def _end(f: Factor, gram: Array, h0: Eight, h1: Eight, g0: Eight, x: Six, y: Six, first: int) -> None:
    """Eliminate the last two samples; then the front holds the last splines and the trend only."""
    n = len(f.samples)
    o = each(0.0)
    at = SAMPLE * (n - 2)
    inverse = 1.0 / h0
    store(f.samples, at, inverse)
    store(f.samples, at + 1, h1)
    store(f.samples, at + 2, o)
    _keep(f.samples, at + 3, 1, x)
    at = SAMPLE * (n - 1)
    store(f.samples, at, 1.0 / (g0 - h1 * inverse * h1))
    store(f.samples, at + 1, o)
    store(f.samples, at + 2, o)
    _keep(f.samples, at + 3, 1, _less(y, h1 * inverse, x))
    _gather(f, gram, len(gram) - 1, first, n)
    for a in range(FRONT):
        store(f.front, a * FRONT + 6, o)
        store(f.front, a * FRONT + 7, o)


@njit(cache=True, nogil=True)
def _gather(f: Factor, gram: Array, m: int, first: int, last: int) -> None:
    """Bring into the front what interval ``m`` says of the columns, less what its eliminated samples explain."""
    for a in range(COLUMNS):
        for b in range(a, COLUMNS):
            at = a * FRONT + b
            store(f.front, at, load(f.front, at) + load(gram, (m * COLUMNS + a) * COLUMNS + b))
    x, y = _take(f.front, 0, 1), _take(f.front, 8, 1)  # as many at a time as there are registers
    for j in range(first, last):
        v, w = _take(f.samples, SAMPLE * j + 3, 1), load(f.samples, SAMPLE * j)
        x, y = _less(x, v[0] * w, v), _less(y, v[1] * w, v)
    _keep(f.front, 0, 1, x)
    _keep(f.front, 8, 1, y)
    x, y = _take(f.front, 16, 1), _take(f.front, 24, 1)
    x2, x3 = (x[2], x[3], x[4], x[5]), (y[3], y[4], y[5])
    x4, x5 = (load(f.front, 36), load(f.front, 37)), load(f.front, 45)
    for j in range(first, last):
        v, w = _take(f.samples, SAMPLE * j + 3, 1), load(f.samples, SAMPLE * j)
        u = v[2] * w
        x2 = (x2[0] - u * v[2], x2[1] - u * v[3], x2[2] - u * v[4], x2[3] - u * v[5])
        u = v[3] * w
        x3 = (x3[0] - u * v[3], x3[1] - u * v[4], x3[2] - u * v[5])
        u = v[4] * w
        x4 = (x4[0] - u * v[4], x4[1] - u * v[5])
        x5 = x5 - v[5] * w * v[5]
    _keep(f.front, 16, 1, (each(0.0), each(0.0), x2[0], x2[1], x2[2], x2[3]))
    _keep(f.front, 24, 1, (each(0.0), each(0.0), each(0.0), x3[0], x3[1], x3[2]))
    store(f.front, 36, x4[0])
    store(f.front, 37, x4[1])
    store(f.front, 45, x5)


@njit(cache=True, nogil=True)
def _retire(f: Factor, ridge: Array, e: int) -> None:
    """Eliminate the spline that leaves, keep its row as the ``e``-th of ``leaving``, and move the others up."""
    inverse = 1.0 / (load(f.front, 0) + load(ridge, e))
    store(f.leaving, e * FRONT, inverse)
    for b in range(1, FRONT):
        store(f.leaving, e * FRONT + b, load(f.front, b))
    for a in range(1, FRONT):
        u = load(f.front, a) * inverse
        for b in range(a, FRONT):
            left = load(f.front, a * FRONT + b) - u * load(f.front, b)
            store(f.front, a * FRONT + b, left)
    for a in range(3):
        for b in range(a, 3):
            store(f.front, a * FRONT + b, load(f.front, (a + 1) * FRONT + b + 1))
        store(f.front, a * FRONT + 3, each(0.0))
        for b in range(4, FRONT):
            store(f.front, a * FRONT + b, load(f.front, (a + 1) * FRONT + b))
    for b in range(3, FRONT):
        store(f.front, 3 * FRONT + b, each(0.0))


@njit(cache=True, nogil=True)
def _pass(f: Factor, ridge: Array, splines: Array, e: int, c: Six, y: Eight, z: Eight) -> tuple[Six, Eight, Eight]:
    """Take the right sides of the columns and of the last two samples past the ``e``-th spline that leaves."""
    x = (c[0] - load(ridge, e) * load(splines, e)) * load(f.leaving, e * FRONT)
    store(f.splines, e, x)
    b = _take(f.leaving, e * FRONT + 1, 1)
    c = (c[1] - b[0] * x, c[2] - b[1] * x, c[3] - b[2] * x, each(0.0), c[4] - b[3] * x, c[5] - b[4] * x)
    return c, y - b[5] * x, z - load(f.leaving, e * FRONT + 7) * x


@njit(cache=True, nogil=True)
def _last(f: Factor, c: Six, y: Eight, z: Eight) -> Six:
    """Take the right side past the last two samples; return what is left to the columns."""
    n = len(f.samples)
    x = y * load(f.samples, SAMPLE * (n - 2))
    z = (z - load(f.samples, SAMPLE * (n - 2) + 1) * x) * load(f.samples, SAMPLE * (n - 1))
    store(f.samples, SAMPLE * (n - 2) + 9, x)
    store(f.samples, SAMPLE * (n - 1) + 9, z)
    return _less(_less(c, x, _take(f.samples, SAMPLE * (n - 2) + 3, 1)), z, _take(f.samples, SAMPLE * (n - 1) + 3, 1))


@njit(cache=True, nogil=True)
def forward(
    model: Model, ridge: Array, alpha: Eight, goal: Eight, pull: Pull, at: Point, step: Point, f: Factor
) -> None:
    """Take the corrector's right side through the factor: the predictor's, and a push of A q that aims at products
    s z of ``goal`` and undoes the predictor's error of second order."""
    basis, knot = model.basis, model.knot
    a0, a1, a2 = model.ar
    n, intervals = len(basis), len(f.leaving) - 3
    o = each(0.0)
    c = (o, o, o, o, o, o)
    y, z = o, o
    for i in range(2):
        c = _plus(c, load(pull.residual, i), _at(basis, i))
    for m in range(intervals):
        for i in range(max(2, m * knot), min(n, (m + 1) * knot)):
            r, j = load(pull.residual, i), i - 2
            push = (goal - load(step.s, i) * load(step.z, i)) * (load(at.z, i) * load(pull.over, i))
            store(pull.push, i, push)
            g = push - alpha
            x = (y + (r + a2 * g)) * load(f.samples, SAMPLE * j)
            store(f.samples, SAMPLE * j + 9, x)
            y = z + (2.0 * r + a1 * g) - load(f.samples, SAMPLE * j + 1) * x
            z = r + a0 * g - load(f.samples, SAMPLE * j + 2) * x
            c = _less(_plus(c, r, _at(basis, i)), x, _take(f.samples, SAMPLE * j + 3, 1))
        if m < intervals - 1:
            c, y, z = _pass(f, ridge, at.l, m, c, y, z)
    c = _last(f, c, y, z)
    for e in range(intervals - 1, intervals + 3):
        c, y, z = _pass(f, ridge, at.l, e, c, o, o)
    store(f.trend, 0, c[4])
    store(f.trend, 1, c[5])


@njit(cache=True, nogil=True)
def backward(
    model: Model, f: Factor, pull: Pull, pushed: bool, at: Point, step: Point
) -> tuple[Eight, Eight, Eight, Eight, Eight]:
    """Finish the solution as ``step`` from ``at``; return the largest -ds/s and -dz/z (at least 0) and the sums of
    z ds, s dz and ds dz."""
    knot = model.knot
    a0, a1, a2 = model.ar
    n, intervals = len(model.basis), len(f.leaving) - 3
    o = each(0.0)
    c = _trend(f, step.d)
    x1, x2 = o, o
    far_s, far_z, z_ds, s_dz, ds_dz = o, o, o, o, o
    for back in range(intervals):
        m = intervals - 1 - back
        last = n if back == 0 else (m + 1) * knot - 2
        for e in range(m + 3 if back == 0 else m, m - 1, -1):
            b = _take(f.leaving, e * FRONT + 1, 1)
            x = b[0] * c[0] + b[1] * c[1] + b[2] * c[2] + (b[3] * c[4] + b[4] * c[5])
            x = x + (b[5] * x1 + load(f.leaving, e * FRONT + 7) * x2)
            x = load(f.splines, e) - load(f.leaving, e * FRONT) * x
            store(step.l, e, x)
            c = (x, c[0], c[1], c[2], c[4], c[5])
        for j in range(last - 1, max(0, m * knot - 2) - 1, -1):
            b, inverse = _take(f.samples, SAMPLE * j + 3, 1), load(f.samples, SAMPLE * j)
            x = b[0] * c[0] + b[1] * c[1] + b[2] * c[2] + (b[3] * c[3] + b[4] * c[4] + b[5] * c[5])
            x = (load(f.samples, SAMPLE * j + 9) - inverse * x) - inverse * (load(f.samples, SAMPLE * j + 2) * x2)
            x = x - inverse * (load(f.samples, SAMPLE * j + 1) * x1)
            store(step.q, j, x)
            if j < n - 2:
                i = j + 2
                s, z, over = load(at.s, i), load(at.z, i), load(pull.over, i)
                ds = a0 * x2 + a1 * x1 + a2 * x
                dz = o - z - ds * load(pull.weight, i)
                if pushed:
                    dz = dz + load(pull.push, i)
                store(step.s, i, ds)
                store(step.z, i, dz)
                far_s = largest(far_s, o - ds * (z * over))
                far_z = largest(far_z, o - dz * (s * over))
                z_ds, s_dz, ds_dz = z_ds + z * ds, s_dz + s * dz, ds_dz + ds * dz
            x2, x1 = x1, x
    return far_s, far_z, z_ds, s_dz, ds_dz


@njit(cache=True, nogil=True)
def _trend(f: Factor, d: Array) -> Six:
    """Solve for the trend; return the columns with which the way back begins."""
    o = each(0.0)
    f0, f1, f2 = load(f.front, 36), load(f.front, 37), load(f.front, 45)
    slant = f1 / f0
    slope = (load(f.trend, 1) - slant * load(f.trend, 0)) / (f2 - slant * f1)
    level = (load(f.trend, 0) - f1 * slope) / f0
    store(d, 0, level)
    store(d, 1, slope)
    return o, o, o, o, level, slope


@njit(cache=True, nogil=True)
def empty_factor(n: int, intervals: int) -> Factor:
    """Return room for the factor of ``n`` samples."""
    return Factor(
        np.empty((n, SAMPLE, LANES)),
        np.empty((intervals + 3, FRONT, LANES)),
        np.empty((FRONT, FRONT, LANES)),
        np.empty((intervals + 3, LANES)),
        np.empty((2, LANES)),
    )
