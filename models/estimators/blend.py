"""Two estimators in, the mean of their log-odds out: lines see what trees cut too coarsely, and the other way round."""

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from models.estimators.scorer import Array, Scorer


class Blend(Scorer):
    """The mean of two estimators' log-odds; contributions are the means of theirs. Calibration comes after it."""

    def __init__(self, first: Scorer, second: Scorer) -> None:
        self.first = first
        self.second = second

    def _fit(self, X: Array, y: Array, weight: Array, groups: NDArray[np.intp] | None) -> None:
        self.both_ = [clone(each).fit(X, y, sample_weight=weight, groups=groups) for each in (self.first, self.second)]

    def crossed(self, X: Array, y: Array, weight: Array, fold: NDArray[np.intp]) -> tuple[list[Scorer], Array]:
        """Choose for each over the same folds; see ``Scorer.crossed``."""
        trials = [clone(self.first), clone(self.second)]
        each, odds = zip(*(trial.crossed(X, y, weight, fold) for trial in trials), strict=True)
        self.both_ = trials
        members: list[Scorer] = []
        for pair in zip(*each, strict=True):
            member = Blend(self.first, self.second)
            member.both_ = list(pair)
            members.append(member)
        return members, (odds[0] + odds[1]) / 2.0

    def parts(self, X: Array) -> tuple[Array, Array]:
        """The means of both estimators' parts."""
        (one, start), (other, begin) = (each.parts(X) for each in self.both_)
        return (one + other) / 2.0, (start + begin) / 2.0

    def quick(self, X: Array) -> Array:
        """Return the log-odds of checked inputs as fast as may be."""
        said: Array = (self.both_[0].quick(X) + self.both_[1].quick(X)) / 2.0
        return said

    def settled(self) -> "Blend":
        """Return an unfitted copy that takes what both chose as given."""
        return Blend(*(each.settled() for each in self.both_))
