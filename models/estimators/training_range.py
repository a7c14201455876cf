"""Inputs that a model was trained on in, which other inputs lie beyond them out.

Two questions: does one input lie far outside of all that was seen of it, and do all together lie where nothing was seen
(a Mahalanobis distance whose covariance is that of a few directions and the same in all others; after Tipping 1999,
doi:10.1111/1467-9868.00196). How far is too far is learnt from people left out: another person's ordinary hour is not
to be taken for something never seen.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.estimators.folds import FOLDS, dealt, parted
from models.estimators.scorer import Array

MARGIN: Final = 1.0  # of the width that was seen, by which an input may lie outside of it
DIRECTIONS: Final = 8
USUAL: Final = 0.995  # of moments of people left out that are to be within
ROOM: Final = 1.25  # by which even they may be outdone
CLIP: Final = 10.0  # spreads at which one input stops counting for the distance: that is the first question's


class TrainingRange:
    """What was seen in training: ``fit`` it, then ask ``outside``. Unknown inputs say nothing, either time."""

    low_: Array
    high_: Array
    middle_: Array
    spread_: Array
    directions_: Array
    variances_: Array
    rest_: float
    limit_: float

    def fit(self, X: Array, groups: NDArray[np.intp]) -> "TrainingRange":
        """Learn from X (n, F) and whose rows they are, (n,)."""
        known = ~np.isnan(X)
        ever = known.any(axis=0)
        low = np.min(np.where(known, X, np.inf), axis=0)
        high = np.max(np.where(known, X, -np.inf), axis=0)
        width = np.where(ever, high - low, 0.0)
        self.low_ = np.where(ever, low - MARGIN * width, -np.inf)
        self.high_ = np.where(ever, high + MARGIN * width, np.inf)
        held = np.empty(len(X))
        if len(np.unique(groups)) >= 2:
            for train, test in parted(dealt(groups, np.arange(len(X), dtype=np.float64) % 2, folds=FOLDS)):
                self._spread(X[train])
                held[test] = self.distance(X[test])
            self._spread(X)
            seen = np.maximum(np.quantile(held, USUAL), np.quantile(self.distance(X), USUAL))
        else:
            self._spread(X)
            seen = np.quantile(self.distance(X), USUAL)
        self.limit_ = ROOM * float(seen)
        return self

    def _spread(self, X: Array) -> None:
        known = ~np.isnan(X)
        count = np.maximum(known.sum(axis=0), 1)
        self.middle_ = np.where(known, X, 0.0).sum(axis=0) / count
        off = np.where(known, X - self.middle_, 0.0)
        deviation = np.sqrt((off**2).sum(axis=0) / count)
        self.spread_ = np.where(deviation > 1e-12 * np.maximum(np.abs(self.middle_), 1.0), deviation, np.inf)
        z = np.clip(off / self.spread_, -CLIP, CLIP)
        variance, vectors = np.linalg.eigh(z.T @ z / len(z))
        few = min(DIRECTIONS, len(variance) - 1)
        self.directions_ = np.ascontiguousarray(vectors[:, ::-1][:, :few].T)
        self.rest_ = max(float(variance[: len(variance) - few].mean()), 1e-3)
        self.variances_ = np.maximum(variance[::-1][:few], self.rest_)

    def distance(self, X: Array) -> Array:
        """Return how far moments (n, F) lie from the middle of what was seen, (n,): a root mean square over inputs."""
        known = ~np.isnan(X)
        z = np.clip(np.where(known, X - self.middle_, 0.0) / self.spread_, -CLIP, CLIP)
        square = (z * z).sum(axis=-1) / self.rest_
        for direction, variance in zip(self.directions_, self.variances_, strict=True):
            along = (z * direction).sum(axis=-1)
            square += along * along * (1.0 / variance - 1.0 / self.rest_)
        far: Array = np.sqrt(np.maximum(square, 0.0) / np.maximum(known.sum(axis=-1), 1))
        return far

    def outside(self, X: Array) -> NDArray[np.bool_]:
        """Return which moments (n, F) the model has seen nothing like, (n,)."""
        beyond: NDArray[np.bool_] = ((self.low_ > X) | (self.high_ < X)).any(axis=-1) | (self.distance(X) > self.limit_)
        return beyond
