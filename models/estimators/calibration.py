"""An estimator in, one whose probabilities are frequencies and come with 90 % intervals out.

Everything is learnt within the training rows, by leaving out people: the estimator is trained without a fold of people,
says what it thinks of them, and from that a rising curve from its log-odds to believable ones is drawn. The same
folds say how sure it is: how far models that never saw some of the people lie apart (the delete-a-group jackknife,
Tukey 1958), and how far the log-odds of left-out people lie off as a whole (the spread between people, by moments:
DerSimonian 1986, doi:10.1016/0197-2456(86)90046-2). An interval is of the probability for a person like those of the
training set.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from models.estimators.curves import Method, applied, drawn
from models.estimators.folds import FOLDS, dealt, parted
from models.estimators.scorer import NORMAL_90, Array, Scorer, probability_of

ALIKE: Final = 1.0  # standard deviation of people's offsets that is assumed where few rows tell one, log-odds
OVERLAP: Final = 12.0  # rows that say as much as one: windows of a minute every five seconds
NEAR: Final = 1e-9  # log-odds within which a curve's slope is not asked for


class Calibrated(Scorer):
    """``estimator`` (a ``Scorer``) with a curve of ``models.estimators.curves`` and intervals; see the module.

    Without ``groups`` in ``fit`` there is nobody to leave out: the curve is the diagonal and intervals are unknown.
    ``overlap``: rows that say as much as one, as their windows overlap.
    Contributions are the estimator's, stretched by as much as the curve stretches their sum.
    """

    def __init__(
        self, estimator: Scorer, method: Method = "logistic", folds: int = FOLDS, overlap: float = OVERLAP
    ) -> None:
        self.estimator = estimator
        self.method = method
        self.folds = folds
        self.overlap = overlap

    def _fit(self, X: Array, y: Array, weight: Array, groups: NDArray[np.intp] | None) -> None:
        self.members_: list[Any] = []
        self.curve_ = np.empty(0)
        self.between_ = 0.0
        if groups is None:
            self.estimator_ = clone(self.estimator).fit(X, y, sample_weight=weight)
            return
        trial = clone(self.estimator)
        self.members_, odds = trial.crossed(X, y, weight, dealt(groups, y, folds=self.folds))
        self.estimator_ = trial.settled().fit(X, y, sample_weight=weight)
        self.curve_ = drawn(self.method, odds, y, weight)
        self.between_ = _between(applied(self.method, self.curve_, odds), y, groups, self.overlap)

    def fit_to(self, X: Array, y: Array, chance: Array, *, weight: Array, groups: NDArray[np.intp]) -> "Calibrated":
        """As ``fit`` of checked rows, but the estimator learns ``chance`` (n,), how probable a teacher holds each row
        to be (Hinton 2015, arXiv:1503.02531); the curve and the intervals are drawn from what was, y (n,), all the
        same. An estimator that would choose something by cross-validation takes its default."""
        self.classes_, self.n_features_in_ = np.unique(y), X.shape[1]
        self.members_, odds = [], np.empty(len(X))
        with threadpool_limits(limits=1):  # as in ``Scorer.fit``
            for train, test in parted(dealt(groups, y, folds=self.folds)):
                member = _taught(self.estimator, X[train], chance[train], weight[train])
                odds[test] = member.quick(X[test])
                member.lean()  # it is asked how far members lie apart, and for no reasons
                self.members_.append(member)
            self.estimator_ = _taught(self.estimator, X, chance, weight)
            self.curve_ = drawn(self.method, odds, y, weight)
        self.between_ = _between(applied(self.method, self.curve_, odds), y, groups, self.overlap)
        return self

    def parts(self, X: Array) -> tuple[Array, Array]:
        """Return contributions (n, F) and intercept (n,) of checked inputs, as calibrated."""
        return self._stretched(*self.estimator_.parts(X))

    def unseen_parts(self, X: Array, fold: NDArray[np.intp]) -> tuple[Array, Array]:
        """Return the ``parts`` of training rows, each by the member that was trained without its fold, (n,); of lean
        members all is in the intercept."""
        each, start = np.empty(X.shape), np.empty(len(X))
        for k, member in enumerate(self.members_):
            inside = np.flatnonzero(fold == k)
            if member.is_lean:
                each[inside], start[inside] = 0.0, applied(self.method, self.curve_, member.quick(X[inside]))
            else:
                each[inside], start[inside] = self._stretched(*member.parts(X[inside]))
        return each, start

    def _stretched(self, each: Array, start: Array) -> tuple[Array, Array]:
        if not self.curve_.size:
            return each, start
        end = each.sum(axis=-1) + start
        begin, became = applied(self.method, self.curve_, start), applied(self.method, self.curve_, end)
        far = np.abs(end - start) > NEAR
        stretch = np.where(far, became - begin, 0.0) / np.where(far, end - start, 1.0)
        return each * stretch[:, None], begin

    def deviation(self, X: Array) -> Array:
        """Of the log-odds, (n,): between members, widened for how few they are, and between people."""
        n = len(self.members_)
        if n < 2:
            return np.full(len(X), np.nan)
        said = np.empty((n, len(X)))
        for i, member in enumerate(self.members_):
            said[i] = applied(self.method, self.curve_, member.quick(X))
        variance = ((said - said.mean(axis=0)) ** 2).sum(axis=0) * (n - 1) / n
        few = float(t.ppf(0.95, n - 1)) / NORMAL_90
        spread: Array = np.sqrt(few**2 * variance + self.between_)
        return spread


def _taught(estimator: Scorer, X: Array, chance: Array, weight: Array) -> Scorer:
    """Every row as one of either class, weighed by how probable each is: the loss is then the cross-entropy."""
    twice = np.concatenate([X, X])
    y = np.repeat([1.0, 0.0], len(X))
    taught: Scorer = clone(estimator).fit(twice, y, sample_weight=np.tile(weight, 2) * np.append(chance, 1.0 - chance))
    return taught


def _between(odds: Array, y: Array, groups: NDArray[np.intp], overlap: float) -> float:
    """Return the variance of people's offsets from their log-odds, by moments, 0 where chance explains them.

    A person's offset is one Newton step from none, towards a normal of ``ALIKE``; rows count an ``overlap``-th.
    """
    chance = probability_of(odds)
    told = np.bincount(groups, weights=chance * (1.0 - chance)) / overlap
    off = np.bincount(groups, weights=y - chance) / overlap
    information = told + 1.0 / ALIKE**2
    offset = off / information
    chancy = told / information**2  # what the offset would vary by if there were none
    kept = (told / information) ** 2  # how much of a true one it shows
    return float(max(0.0, (offset**2 - chancy).sum() / max(kept.sum(), 1e-12)))
