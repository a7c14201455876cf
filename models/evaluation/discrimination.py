"""Targets and probabilities of moments in, how well the two sides are told apart out: ranks, never the scale."""

import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset import Array

Sides = NDArray[np.bool_]
Counts = NDArray[np.int64]


def curve(positive: Sides, probability: Array) -> tuple[Counts, Counts, Array]:
    """Return how many positives and negatives lie at or above each distinct probability, from the highest down, and
    these; ties stand together."""
    order = np.argsort(-probability)
    ranked = probability[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)[: len(ranked)]
    found = np.cumsum(positive[order], dtype=np.int64)[last]
    return found, last + 1 - found, ranked[last]


def areas(positive: Sides, probability: Array) -> tuple[float, float]:
    """Return AUROC and AUPRC, NaN with one class.

    AUROC is the share of pairs of a positive and a negative in which the positive is higher, a tie counting half
    (Mann & Whitney 1947, doi:10.1214/aoms/1177730491). AUPRC is the average precision: precision at each distinct
    probability, weighted by the recall gained there, without interpolation (Davis & Goadrich 2006,
    doi:10.1145/1143844.1143874).
    """
    found, false, _ = curve(positive, probability)
    if not (len(found) and found[-1] and false[-1]):
        return np.nan, np.nan
    gained = np.diff(found, prepend=0)
    twice = np.sum(np.diff(false, prepend=0) * (2 * found - gained))
    precision = np.sum(gained / found[-1] * (found / (found + false)))
    return float(twice / (2 * found[-1] * false[-1])), float(precision)


def balanced_accuracy(positive: Sides, probability: Array, threshold: Array | float) -> float:
    """Return the mean of both sides' shares that lie on the right side of ``threshold`` (at or above is positive)."""
    if positive.all() or not positive.any():
        return np.nan
    above = probability >= threshold
    return float((above[positive].mean() + (~above)[~positive].mean()) / 2)


def pair_wins(positive: list[Array], negative: list[Array]) -> Array:
    """Return (P, P): how often a positive of person i is higher than a negative of person j, ties half. What a pooled
    AUROC of people drawn again is made of, without touching a row again."""
    ranked = [np.sort(each) for each in negative]
    out = np.zeros((len(positive), len(negative)))
    for i, high in enumerate(positive):
        asked = np.sort(high)
        for j, low in enumerate(ranked):
            out[i, j] = (np.searchsorted(low, asked, "left").sum() + np.searchsorted(low, asked, "right").sum()) / 2
    return out
