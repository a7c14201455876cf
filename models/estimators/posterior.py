"""What a person's moments were like and became in, how this person differs from the population out: a normal posterior.

The model of a person is the population's log-odds plus ``basis @ offset``: the basis is 1 and what each driver adds, so
that an offset is a shift of the whole and a stretch of each driver. The prior is normal; the posterior is Laplace's.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.estimators.scorer import Array, probability_of

STEPS: Final = 50
CLOSE: Final = 1e-10  # of a Newton step, in log-odds, at which it is done


def posterior(basis: Array, odds: Array, y: Array, weight: Array, mean: Array, precision: Array) -> tuple[Array, Array]:
    """Return the likeliest offset (B,) and its covariance (B, B).

    ``basis`` (m, B), ``odds`` (m,) of the population, y (m,) from 0 to 1, ``weight`` (m,): how many independent
    moments each row counts for. ``mean`` (B,) and ``precision`` (B, B) are the prior's. The objective is convex.
    """
    u = mean.copy()

    def loss(at: Array) -> float:
        said = odds + (basis * at).sum(axis=-1)
        off = at - mean
        return float((weight * (np.logaddexp(0.0, said) - y * said)).sum() + 0.5 * off @ precision @ off)

    now = loss(u)
    for _ in range(STEPS):
        chance = probability_of(odds + (basis * u).sum(axis=-1))
        slope = ((weight * (y - chance))[:, None] * basis).sum(axis=0) - precision @ (u - mean)
        step = np.linalg.solve(_bend(basis, weight, chance, precision), slope)
        pace = 1.0
        while loss(u + pace * step) > now and pace > 1e-6:
            pace /= 2
        u = u + pace * step
        now = loss(u)
        if np.abs(step).max() < CLOSE:
            break
    chance = probability_of(odds + (basis * u).sum(axis=-1))
    covariance: Array = np.linalg.inv(_bend(basis, weight, chance, precision)).astype(np.float64)
    return u, covariance


def _bend(basis: Array, weight: Array, chance: Array, precision: Array) -> Array:
    bend: Array = np.einsum("n,ni,nj->ij", weight * chance * (1.0 - chance), basis, basis) + precision
    return bend


def between(
    people: list[tuple[Array, Array, Array, Array]], *, groups: NDArray[np.intp], start: float, steadying: float
) -> Array:
    """Return the variances of offsets between people, (B,), by expectation and maximisation over Laplace's posteriors.

    ``people``: (basis, odds, y, weight) of each. Offsets of one of ``groups`` (B,) share a variance: a dozen people
    cannot tell a dozen variances. ``steadying`` people of variance ``start`` are added, for the same reason.
    """
    width = len(groups)
    variance = np.full(width, start)
    for _ in range(STEPS):
        square = np.zeros(width)
        for basis, odds, y, weight in people:
            u, covariance = posterior(basis, odds, y, weight, np.zeros(width), np.diag(1.0 / variance))
            square += u * u + np.diag(covariance)
        fresh = np.empty(width)
        for group in np.unique(groups):
            inside = groups == group
            fresh[inside] = (square[inside].mean() + steadying * start) / (len(people) + steadying)
        moved = np.abs(np.log(fresh / variance)).max()
        variance = fresh
        if moved < 1e-3:
            break
    return variance


def condensed(basis: Array, odds: Array, y: Array, *, each: int) -> tuple[Array, Array, Array, Array]:
    """Return runs of up to ``each`` rows of one outcome as one: (basis, odds, y, weight), weight 1 where it is full.

    Rows of overlapping windows say nearly the same; a minute of them counts as one moment.
    """
    begins: list[int] = []
    for i in range(len(y)):
        if not begins or y[i] != y[begins[-1]] or i - begins[-1] >= each:
            begins.append(i)
    at = np.array(begins, np.intp)
    if not len(at):
        return basis, odds, y, np.empty(0)
    count = np.diff(np.append(at, len(y))).astype(np.float64)
    mean = np.add.reduceat(basis, at, axis=0) / count[:, None]
    return mean, np.add.reduceat(odds, at) / count, y[at], count / each
