"""Targets and probabilities of moments in, whether they mean what they say out: Brier, calibration, reliability.

Everything is made of sums per person (and bin), so that people can be drawn again without touching a row.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset import Array
from models.evaluation.recalibration_kernel import newton_sums

BINS: Final = 10
"""Of reliability, ECE and the decomposition: what the literature uses (Guo 2017, arXiv:1706.04599)."""

LEAST: Final = 1e-6
"""Probabilities are drawn in to [1e-6, 1 - 1e-6] before their log-odds are taken, so that a certain one has some."""

FINE: Final = 200
"""Bins of log-odds in which people are drawn again for slope and intercept; the estimates themselves see every row."""

STEPS: Final = 50
"""Newton steps: under 15 are taken unless positives and negatives are apart."""

STEEPEST: Final = 50.0
"""A slope beyond it means that the two sides do not overlap: then there is none."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sums:
    """Of rows in B bins (the last axis; any axes before it): ``n`` rows, ``y`` positives, and sums of p, p squared and
    p of positives. ``training`` holds sums of (y - training prevalence) squared."""

    n: Array
    y: Array
    p: Array
    pp: Array
    py: Array
    training: Array

    def drawn(self, weights: Array) -> "Sums":
        """Return the sums of people drawn again: (..., P) weights over the first axis."""
        return Sums(**{name: weights @ getattr(self, name) for name in self.__slots__})


def edges_of_equal_width() -> Array:
    """Return the BINS - 1 inner edges of bins of equal width."""
    return np.arange(1, BINS) / BINS


def edges_of_equal_mass(probability: Array) -> Array:
    """Return the inner edges of up to BINS bins that hold as many rows each as ties allow; a tie is never cut."""
    if not len(probability):
        return np.zeros(0)
    return np.unique(np.quantile(probability, np.arange(1, BINS) / BINS, method="higher"))


def sums(positive: NDArray[np.bool_], probability: Array, training: Array, edges: Array) -> Sums:
    """Return the sums (len(edges) + 1,) of one person's rows; an edge belongs to the bin above it."""
    place = np.searchsorted(edges, probability, side="right")
    y = positive.astype(np.float64)

    def total(of: Array) -> Array:
        return np.asarray(np.bincount(place, weights=of, minlength=len(edges) + 1), np.float64)

    return Sums(
        n=np.bincount(place, minlength=len(edges) + 1).astype(np.float64),
        y=total(y),
        p=total(probability),
        pp=total(probability**2),
        py=total(probability * y),
        training=total((y - training) ** 2),
    )


def brier(of: Sums) -> Array:
    """Return the mean squared distance of probability and outcome (Brier 1950), over all bins."""
    return _per_row(of, of.pp - 2 * of.py + of.y)


def prevalence(of: Sums) -> Array:
    """Return the share of positives."""
    return _per_row(of, of.y)


def skill_against_training(of: Sums) -> Array:
    """Return 1 - Brier / Brier of saying the training prevalence always."""
    return 1 - _share(brier(of), _per_row(of, of.training))


def skill_against_own(of: Sums) -> Array:
    """Return 1 - Brier / Brier of saying the prevalence of these very rows always, which nobody knew beforehand."""
    return 1 - _share(brier(of), uncertainty(of))


def uncertainty(of: Sums) -> Array:
    """Return the Brier score of these rows' own prevalence."""
    return np.asarray(prevalence(of) * (1 - prevalence(of)))


def reliability(of: Sums) -> Array:
    """Return how far the bins' mean probabilities lie from their shares of positives, squared (0 is best)."""
    return _per_row(of, _share(of.p - of.y, of.n, 0.0) ** 2 * of.n)


def resolution(of: Sums) -> Array:
    """Return how far the bins' shares of positives lie from the prevalence, squared (more is better)."""
    return _per_row(of, (_share(of.y, of.n, 0.0) - prevalence(of)[..., None]) ** 2 * of.n)


def within_bins(of: Sums) -> Array:
    """Return variance minus twice the covariance within bins (Stephenson 2008, doi:10.1175/2007WAF2006116.1): with it
    Brier = reliability - resolution + uncertainty + within bins, exactly."""
    variance = of.pp - _share(of.p**2, of.n, 0.0)
    covariance = of.py - _share(of.p * of.y, of.n, 0.0)
    return _per_row(of, variance - 2 * covariance)


def calibration_error(of: Sums) -> Array:
    """Return the expected calibration error: mean distance of a bin's probability from its share of positives."""
    return _per_row(of, np.abs(of.p - of.y))


def calibration_error_debiased(of: Sums) -> Array:
    """Return the root of the squared calibration error less what chance alone would make of it (Kumar 2019,
    arXiv:1909.10155), 0 where that is more. It takes rows as independent; rows that overlap are not, so that chance
    makes more of it than is taken away."""
    share = _share(of.y, of.n, 0.0)
    noise = np.where(of.n > 1, share * (1 - share) / np.maximum(of.n - 1, 1), 0.0)
    distance = _share(of.p - of.y, of.n, 0.0) ** 2 - noise
    return np.sqrt(np.maximum(_per_row(of, distance * of.n), 0.0))


def in_the_large(of: Sums) -> Array:
    """Return mean probability minus share of positives: above 0 it promises too much."""
    return _per_row(of, of.p - of.y)


def log_odds(probability: Array) -> Array:
    """Return log(p / (1 - p)) of probabilities drawn in to [LEAST, 1 - LEAST]."""
    drawn_in = np.clip(probability, LEAST, 1 - LEAST)
    return np.asarray(np.log(drawn_in) - np.log1p(-drawn_in))


def fine_edges(probability: Array) -> Array:
    """Return inner edges in log-odds, FINE bins of as many rows each, for ``drawn`` fits of slope and intercept."""
    return np.unique(np.quantile(log_odds(probability), np.arange(1, FINE) / FINE))


def recalibrated(x: Array, n: Array, y: Array) -> tuple[Array, Array]:
    """Return intercepts and slopes (B,) of the logistic regression of outcome on log-odds (Cox 1958,
    doi:10.1093/biomet/45.3-4.562): points ``x`` (m,), of each of B fits ``n`` (B, m) rows of which ``y`` are positive.

    Slope 1 and intercept 0 are right; a slope below 1 is too sure of itself. NaN where it has no answer: one class, one
    probability, or sides that do not overlap.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        line = np.stack([np.log(y.sum(-1)) - np.log((n - y).sum(-1)), np.zeros(len(n))], axis=1)
    by, likelihood = _newton(x, n, y, line)
    going = np.arange(len(n))
    for _ in range(STEPS):
        going = going[np.isfinite(by[going]).all(axis=1) & ~(np.abs(by[going]).sum(axis=1) < 1e-10)]
        if not len(going):
            break
        asked = line[going] + by[going]
        further, found = _newton(x, n[going], y[going], asked)
        worse = ~(found >= likelihood[going] - 1e-12 * np.abs(found))  # too far: half of the way, never past it
        by[going] = np.where(worse[:, None], by[going] / 2, further)
        line[going[~worse]], likelihood[going[~worse]] = asked[~worse], found[~worse]
    line[going] = np.nan
    line[~np.isfinite(by).all(axis=1) | ~(np.abs(line[:, 1]) <= STEEPEST)] = np.nan
    return line[:, 0], line[:, 1]


def offset(x: Array, n: Array, y: Array) -> Array:
    """Return the intercepts (B,) with the slope held at 1 (calibration in the large, in log-odds), as ``recalibrated``
    has it: above 0 more happens than was said. NaN with one class."""
    line = np.ones((len(n), 2))
    line[:, 0] = np.where((y.sum(-1) > 0) & (y.sum(-1) < n.sum(-1)), 0.0, np.nan)
    sums = np.empty((len(n), 6))
    for _ in range(STEPS):
        newton_sums(x, n, y, line, sums)
        by = np.clip(sums[:, 0] / np.maximum(sums[:, 2], 1e-12), -2.0, 2.0)
        line[:, 0] += by
        if not (np.abs(by[np.isfinite(by)]) > 1e-10).any():
            break
    return line[:, 0]


def _newton(x: Array, n: Array, y: Array, line: Array) -> tuple[Array, Array]:
    """Return the Newton steps (B, 2) from ``line``, NaN where there is none, and its log-likelihoods (B,)."""
    sums = np.empty((len(n), 6))
    newton_sums(x, n, y, line, sums)
    g0, g1, a, b, c, likelihood = sums.T
    determinant = a * c - b * b
    with np.errstate(divide="ignore", invalid="ignore"):
        by = np.stack([(c * g0 - b * g1) / determinant, (a * g1 - b * g0) / determinant], axis=1)
    by[~(determinant > 1e-12 * np.maximum(a * c, 1e-300))] = np.nan
    return by, likelihood


def _per_row(of: Sums, what: Array) -> Array:
    return np.asarray(_share(what.sum(-1), of.n.sum(-1)))


def _share(above: Array, below: Array, otherwise: float = np.nan) -> Array:
    out = np.full(np.broadcast_shapes(np.shape(above), np.shape(below)), otherwise)
    np.divide(above, below, out=out, where=below != 0)
    return out
