"""Figures of people in, what is said of all of them out: mean, spread, and how sure it is with these few people."""

from collections.abc import Callable
from functools import cache
from typing import Final

import msgspec
import numpy as np
from scipy.special import ndtr, stdtrit

from models.datasets.dataset import Array

REPLICATES: Final = 2000
"""Times people are drawn again: the 2.5 % ends then stand on 50 replicates each (Efron & Tibshirani 1993)."""

LEVEL: Final = 0.95


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One number: ``value`` of ``n`` (what, its definition says), None with a reason ``why`` where it cannot be said;
    ``low`` and ``high``, between which it lies with 95 % confidence, None where that is not known."""

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
    why: str = ""


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """A figure over the ``n`` people who have one: mean with 95 % confidence (people drawn again), standard deviation,
    median and quartiles, smallest and largest; None with a reason where too few have one."""

    n: int
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    sd: float | None = None
    median: float | None = None
    q25: float | None = None
    q75: float | None = None
    least: float | None = None
    most: float | None = None
    why: str = ""


def figure(value: float, n: float, why: str, *, low: float = np.nan, high: float = np.nan) -> Figure:
    """Return the figure; NaN becomes None and takes ``why`` with it."""
    if not np.isfinite(value):
        return Figure(value=None, n=int(n), why=why)
    return Figure(value=float(value), n=int(n), low=or_none(low), high=or_none(high))


def or_none(value: float) -> float | None:
    """Return ``value``, None where it is not finite."""
    return float(value) if np.isfinite(value) else None


def draws(people: int, *, replicates: int = REPLICATES, seed: int) -> Array:
    """Return (replicates, people) how often each person is drawn, with replacement, as many as there are."""
    random = np.random.default_rng(seed)
    return random.multinomial(people, np.full(people, 1 / people), size=replicates).astype(np.float64)


def ends(replicates: Array, people: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Return both ends of the expanded percentile interval (Hesterberg 2015, doi:10.1080/00031305.2015.1089789), which
    is as wide for few people as Student's t is. NaN for fewer than 2 people, or where replicates have no answer more
    often than 1 in 20."""
    known = replicates[np.isfinite(replicates)]
    if people < 2 or not len(known) or len(known) < 0.95 * len(replicates):
        return np.nan, np.nan
    low, high = np.quantile(known, [tail(people, level=level), 1 - tail(people, level=level)])
    return float(low), float(high)


@cache
def tail(people: int, *, level: float = LEVEL) -> float:
    """Return the share of replicates that is left out at either end."""
    return float(ndtr(stdtrit(people - 1, (1 - level) / 2) * np.sqrt(people / (people - 1))))


def spread(values: Array, *, replicates: int = REPLICATES, seed: int, why: str = "nobody has one") -> Spread:
    """Return the spread of ``values`` (P,), NaN where a person has none."""
    known = values[np.isfinite(values)]
    if not len(known):
        return Spread(n=0, why=why)
    n = len(known)
    means = draws(n, replicates=replicates, seed=seed) @ known / n
    low, high = ends(means, n)
    q25, median, q75 = (float(each) for each in np.quantile(known, [0.25, 0.5, 0.75]))
    return Spread(
        n=n,
        mean=float(known.mean()),
        low=or_none(low),
        high=or_none(high),
        sd=float(known.std(ddof=1)) if n > 1 else None,
        median=median,
        q25=q25,
        q75=q75,
        least=float(known.min()),
        most=float(known.max()),
        why="" if n > 1 else "one person: neither spread nor confidence",
    )


def pooled(statistic: Callable[[Array], Array], weights: Array, n: float, why: str) -> Figure:
    """Return ``statistic`` of everybody once with the confidence that people drawn again, ``weights`` (B, P), give;
    ``statistic`` takes (..., P) weights."""
    people = weights.shape[1]
    value = float(statistic(np.ones((1, people)))[0])
    low, high = ends(statistic(weights), people)
    return figure(value, n, why, low=low, high=high)
