"""Whose each row is in, folds of whole people out: what is chosen within a training set is chosen over these."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.errors import DatasetError

Index = NDArray[np.intp]

FOLDS: Final = 5  # four fifths of the people teach what is judged on the rest; ten would take twice as long


def dealt(groups: Index, y: NDArray[np.float64], *, folds: int) -> Index:
    """Return which of at most ``folds`` folds each row is in, (n,): whole groups, positives spread evenly.

    Groups are dealt in the order of how many positives they have to the fold that has fewest, so that the same rows
    always give the same folds. Every fold's complement has both classes, or DatasetError is raised.
    """
    who, at = np.unique(groups, return_inverse=True)
    count = min(folds, len(who))
    if count < 2:
        raise DatasetError(f"{len(who)} person in training: what is chosen over people wants two or more; add people")
    rows = np.bincount(at)
    positives = np.bincount(at, weights=y)
    order = np.lexsort((np.arange(len(who)), -rows, -positives))
    held = np.zeros((count, 3))  # positives, rows, groups
    fold = np.zeros(len(who), np.intp)
    for each in order:
        to = min(range(count), key=lambda k: (held[k, 2] >= -(-len(who) // count), held[k, 0], held[k, 1], k))
        fold[each] = to
        held[to] += positives[each], rows[each], 1
    out: Index = fold[at]
    for k in range(count):
        rest = y[out != k]
        if rest.min() == rest.max():
            raise DatasetError(
                "without some people (or sessions, where these are left out) of the training set one class is left:"
                " calibration wants positives and negatives of several; add some with both"
            )
    return out


def parted(fold: Index) -> Iterator[tuple[Index, Index]]:
    """Yield for each fold the rows outside of it, and in it."""
    for k in range(int(fold.max()) + 1):
        yield np.flatnonzero(fold != k), np.flatnonzero(fold == k)
