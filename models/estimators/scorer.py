"""Inputs of n moments in, their log-odds out, as a sum of what each input says: what every estimator here is."""

from abc import abstractmethod
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from models.errors import DatasetError

Array = NDArray[np.float64]
Groups = NDArray[Any]

NORMAL_90: Final = 1.6448536269514722  # standard deviations on either side that hold 90 % of a normal
BOUND: Final = 30.0  # log-odds beyond which a double's probability is 0 or 1 for all that can be said


def probability_of(log_odds: Array) -> Array:
    """Return the probability of log-odds, NaN where they are NaN."""
    chance: Array = 1.0 / (1.0 + np.exp(-np.clip(log_odds, -BOUND, BOUND)))
    return chance


class Scorer(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A scikit-learn classifier of two classes whose log-odds are a sum over inputs.

    The second of ``classes_`` is what is foretold. Inputs may be NaN where unknown. The same data and parameters give
    the same bits, on however many threads. A child fits in ``_fit`` and says the sum's parts in ``parts``.
    """

    def fit(self, X: Array, y: Any, *, sample_weight: Any = None, groups: Any = None) -> Self:  # noqa: ANN401 - scikit-learn's
        """Learn from X (n, F) and y (n,). ``groups`` (n,): whose each row is; what is chosen by cross-validation is
        chosen over whole groups, and without groups nothing is. Raises DatasetError where there are not two classes,
        ValueError where X or y are none."""
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=2)
        check_classification_targets(y)
        if type_of_target(y) != "binary" and len(np.unique(y)) > 2:
            raise DatasetError(
                f"Only binary classification is supported. The type of the target is {type_of_target(y)}."
            )
        self.classes_, code = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise DatasetError(f"one class only, {self.classes_.tolist()}: rows of both are needed to tell them apart")
        weight = _weights(sample_weight, len(X))
        kept = weight > 0
        whose = None if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1][kept]
        if len(np.unique(code[kept])) < 2:
            raise DatasetError("all rows of one class have no weight: nothing can be told apart")
        with threadpool_limits(limits=1):  # sums of a BLAS depend on its threads
            self._fit(np.ascontiguousarray(X[kept]), code[kept].astype(np.float64), weight[kept], whose)
        return self

    @abstractmethod
    def _fit(self, X: Array, y: Array, weight: Array, groups: NDArray[np.intp] | None) -> None:
        """Learn from rows of both classes, y 0 or 1, weights above 0."""

    @abstractmethod
    def parts(self, X: Array) -> tuple[Array, Array]:
        """Return contributions (n, F) and intercept (n,) of checked inputs: their sums are the log-odds."""

    def contributions(self, X: Array) -> Array:
        """Return what each input adds to the log-odds, (n, F); with ``intercepts`` it is ``decision_function``."""
        return self.parts(self._checked(X))[0]

    def intercepts(self, X: Array) -> Array:
        """Return the log-odds before anything is known of a moment, (n,)."""
        return self.parts(self._checked(X))[1]

    def decision_function(self, X: Array) -> Array:
        """Return the log-odds of ``classes_[1]``, (n,)."""
        return self.log_odds(self._checked(X))

    def log_odds(self, X: Array) -> Array:
        """Return the log-odds of checked inputs, (n,)."""
        each, intercept = self.parts(X)
        total: Array = each.sum(axis=-1) + intercept
        return total

    def quick(self, X: Array) -> Array:
        """Return the log-odds of checked inputs as fast as may be; equal to the sum of the parts up to rounding."""
        return self.log_odds(X)

    def predict_proba(self, X: Array) -> Array:
        """Return the probability of either class, (n, 2)."""
        chance = probability_of(self.decision_function(X))
        return np.column_stack([1.0 - chance, chance])

    def predict(self, X: Array) -> NDArray[Any]:
        """Return the likelier class, (n,)."""
        likelier = (self.decision_function(X) > 0).astype(np.intp)
        chosen: NDArray[Any] = self.classes_[likelier]
        return chosen

    def intervals(self, X: Array) -> tuple[Array, Array]:
        """Return between which the probability lies with 90 % confidence, (n,) each; NaN where it cannot be told."""
        X = self._checked(X)
        middle, spread = self.log_odds(X), NORMAL_90 * self.deviation(X)
        return probability_of(middle - spread), probability_of(middle + spread)

    def deviation(self, X: Array) -> Array:
        """Return the standard deviation of the log-odds of checked inputs, (n,); NaN where it is not known."""
        return np.full(len(X), np.nan)

    @property
    def is_lean(self) -> bool:
        """Whether it says log-odds alone, and no contributions."""
        return False

    def lean(self) -> None:
        """Forget what contributions alone need: ``quick`` says what it said, ``parts`` need not."""

    def crossed(self, X: Array, y: Array, weight: Array, fold: NDArray[np.intp]) -> "tuple[list[Scorer], Array]":
        """Choose what is to be chosen over folds, for ``settled``; return what was trained without each fold, and the
        log-odds (n,) of every row by the one that has not seen it."""
        members: list[Scorer] = []
        odds = np.empty(len(X))
        for k in range(int(fold.max()) + 1):
            inside, outside = np.flatnonzero(fold == k), np.flatnonzero(fold != k)
            member = self.settled().fit(X[outside], y[outside], sample_weight=weight[outside])
            odds[inside] = member.log_odds(X[inside])
            members.append(member)
        return members, odds

    def settled(self) -> Self:
        """Return an unfitted copy that takes what this one chose by cross-validation as given."""
        return type(self)(**self.get_params(deep=False))

    def _checked(self, X: Any) -> Array:  # noqa: ANN401 - scikit-learn's
        check_is_fitted(self)
        checked: Array = validate_data(self, X, reset=False, dtype=np.float64, ensure_all_finite="allow-nan", order="C")
        return checked

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401 - scikit-learn's
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags


def _weights(sample_weight: Any, n: int) -> Array:  # noqa: ANN401 - scikit-learn's
    if sample_weight is None:
        return np.ones(n)
    weight = np.asarray(sample_weight, np.float64) * np.ones(n)
    if weight.shape != (n,) or not (np.isfinite(weight).all() and (weight >= 0).all() and weight.any()):
        raise DatasetError(f"sample_weight: {n} numbers from 0 up, not every weight zero, would be right")
    return weight
