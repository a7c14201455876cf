"""Skin conductance in, its exact convex decomposition out: tonic, phasic and driver, a row a recording; offline."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from signals.eda.exact_front import Model
from signals.eda.exact_kernel import FIGURES, describe, solve_rows
from signals.errors import SignalError
from signals.rows import is_finite, laid_out
from signals.types import Array

FALL_S: Final = 2.0  # the five constants of Greco 2016, doi:10.1109/TBME.2015.2474131: tau0
RISE_S: Final = 0.7  # tau1
KNOT_S: Final = 10.0  # between the knots of the tonic spline
SPARSITY: Final = 8e-4  # alpha, for standardised conductance
SMOOTHNESS: Final = 1e-2  # gamma
RATE_MIN_HZ: Final = 1.0  # below, a sample is longer than the rise of a response
RATE_MAX_HZ: Final = 128.0  # above, neighbouring samples are too alike for float64: decimate
MOST_ITERATIONS: Final = 100  # 9 to 25 are usual, 40 the most that the wildest rows needed
_NOISE: Final = 1e-10  # a spread below this share of the mean is rounding


@dataclass(frozen=True, slots=True, eq=False)
class Decomposition:
    """What conductance (rows, n) uS was decomposed into; conductance = tonic + phasic + what neither explains.

    tonic, phasic, driver : (rows, n) uS; NaN where the conductance is. The driver is never below 0; it and the phasic
        part have no first two samples (the published formulas begin at the third): 0 there.
    splines : (rows, knots) uS, weights of the cubic B-splines around the knots; trend : (rows, 2) uS, level and rise
        over the whole recording: the tonic part is their sum.
    objective, residual : (rows,) value of the objective, and half the squared residual in it; in the units in which
        the problem was posed, standard deviations or uS.
    gap : (rows,) how far the objective may be above the optimum, in its units.
    iterations : (rows,) Newton steps; 0 where a row is constant or unknown and there was nothing to solve.
    """

    tonic: Array
    phasic: Array
    driver: Array
    splines: Array
    trend: Array
    objective: Array
    residual: Array
    gap: Array
    iterations: NDArray[np.int64]


def decompose(
    x: Array,
    *,
    rate_hz: float,
    standardise: bool = True,
    sparsity: float = SPARSITY,
    smoothness: float = SMOOTHNESS,
    tolerance: float = 1e-9,
) -> Decomposition:
    """Solve cvxEDA's problem for conductance ``x`` (rows, n) uS at ``rate_hz``.

    Minimises 1/2 |M q + B l + C d - y|^2 + sparsity 1'A q + smoothness/2 |l|^2 subject to A q >= 0 (Greco 2016,
    doi:10.1109/TBME.2015.2474131, which writes alpha and gamma): M q is the phasic part and A q its sparse driver
    through a Bateman response of 0.7 and 2 s, B l a cubic spline with knots every 10 s, C d a line. The problem is the
    paper's, solved by an interior-point method that eliminates along time: time and memory are linear in n.

    standardise : decompose y = (x - mean) / standard deviation as the paper does, and give the parts back in uS; then
        scaling or shifting x scales or shifts the parts. Otherwise y = x, as NeuroKit2 and BioSPPy do.
    tolerance : the gap to stop at, as a share of the objective (of 1e-6 a sample more, for what a line explains); 1e-4
        leaves up to 2e-4 uS in 60 s and 1e-2 in hours, 1e-9 up to 1e-5 and 6e-5.

    Where x is NaN the sample does not count in the first term, and the model bridges it; so rows of different length
    go together, NaN behind the shorter (no knots lie there). A constant row is all tonic. Parts are NaN throughout in a
    row with fewer than three known samples, and where the tolerance was not reached in 100 iterations (never seen).
    Deviations: none in the problem. No row depends on those beside it, to the last bit.

    Raises SignalError naming the argument, and the row where one is at fault.
    """
    x = _checked(x, rate_hz, sparsity, smoothness, tolerance)
    rows, n = x.shape
    mean, spread, count = np.empty(rows), np.empty(rows), np.empty(rows, np.int64)
    describe(x, mean, spread, count)
    if (~np.isfinite(spread) & (count > 1)).any():
        raise SignalError(f"decompose.x: row {(~np.isfinite(spread) & (count > 1)).argmax()} is too large")
    flat = spread <= _NOISE * np.abs(mean)
    enough = count > 2
    solvable = np.flatnonzero(enough & ~flat)
    model = _model(n, rate_hz, smoothness)
    tonic, phasic, driver = np.full((rows, n), np.nan), np.full((rows, n), np.nan), np.full((rows, n), np.nan)
    splines, trend = np.full((rows, -(-n // model.knot)), np.nan), np.full((rows, 2), np.nan)
    figures = np.full((rows, FIGURES), np.nan)
    constant = flat & enough
    tonic[constant], phasic[constant], driver[constant] = x[constant], 0.0, 0.0
    splines[constant], figures[constant] = 0.0, 0.0
    trend[constant, 0], trend[constant, 1] = mean[constant], 0.0
    figures[~enough, 0] = 0.0
    alphas = np.full(rows, sparsity)
    if not standardise:
        alphas[solvable] /= spread[solvable]
    out = (tonic, phasic, driver, splines, trend, figures)
    solve_rows(x, solvable, mean, spread, alphas, model, tolerance, MOST_ITERATIONS, out)
    unknown = np.isnan(x) | (figures[:, :1] >= MOST_ITERATIONS)
    for part in (tonic, phasic, driver):
        part[unknown] = np.nan
    unit = np.ones(rows) if standardise else np.where(constant, 0.0, spread) ** 2
    return Decomposition(
        tonic=tonic,
        phasic=phasic,
        driver=driver,
        splines=splines,
        trend=trend,
        objective=figures[:, 1] * unit,
        residual=figures[:, 3] * unit,
        gap=figures[:, 2] * unit,
        iterations=figures[:, 0].astype(np.int64),
    )


def _checked(x: Array, rate_hz: float, sparsity: float, smoothness: float, tolerance: float) -> Array:
    if not (is_finite(rate_hz) and RATE_MIN_HZ <= rate_hz <= RATE_MAX_HZ):
        raise SignalError(
            f"decompose.rate_hz: must be at least {RATE_MIN_HZ:g} and at most {RATE_MAX_HZ:g}, got {rate_hz!r}"
        )
    for name, value in (("sparsity", sparsity), ("smoothness", smoothness)):
        if not (is_finite(value) and value > 0):
            raise SignalError(f"decompose.{name}: must be above 0, got {value!r}")
    if not (is_finite(tolerance) and 1e-12 <= tolerance <= 1e-2):
        raise SignalError(f"decompose.tolerance: must be at least 1e-12 and at most 0.01, got {tolerance!r}")
    if not isinstance(x, np.ndarray) or x.dtype.kind != "f" or x.dtype.itemsize not in (4, 8) or x.ndim != 2:
        got = f"{x.ndim}-dimensional {x.dtype}" if isinstance(x, np.ndarray) else type(x).__name__
        raise SignalError(f"decompose.x: must be an array (rows, n) of float64 or float32, got {got}")
    least = round(KNOT_S * rate_hz)
    if len(x) and x.shape[1] < least:
        raise SignalError(f"decompose.x: {x.shape[1]} samples are too few, {KNOT_S:g} s ({least}) are needed")
    endless = np.isinf(x).any(axis=1)
    if endless.any():
        raise SignalError(f"decompose.x: row {endless.argmax()} holds an infinite value")
    return laid_out(x, np.float64)


def _model(n: int, rate_hz: float, smoothness: float) -> Model:
    """Return the paper's matrices by sample; the response by the bilinear transform, as published."""
    fast, slow, tick = 1 / RISE_S, 1 / FALL_S, 1 / rate_hz
    scale = (fast - slow) * tick * tick
    ar = (
        (fast * tick + 2) * (slow * tick + 2) / scale,
        (2 * fast * slow * tick * tick - 8) / scale,
        (fast * tick - 2) * (slow * tick - 2) / scale,
    )
    knot = round(KNOT_S * rate_hz)
    hat = np.concatenate([np.arange(1.0, knot), np.arange(knot, 0.0, -1.0)])
    spline = np.convolve(hat, hat)  # of 4 knot - 3 samples around its knot
    padded = np.concatenate([[0.0], spline / spline.max(), [0.0, 0.0]])
    at = np.arange(n)
    basis = np.zeros((n, 5))
    for p in range(4):
        centre = (at // knot - 1 + p) * knot
        basis[:, p] = np.where((centre >= 0) & (centre < n), padded[at - centre + 2 * knot - 1], 0.0)
    basis[:, 4] = (at + 1) / max(n, 1)
    return Model(basis, ar, float(smoothness), knot)
