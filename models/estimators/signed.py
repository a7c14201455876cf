"""Inputs and targets in, logistic regression whose inputs may only say what physiology has them say out.

Weights are bounded at 0: an input that is known to rise under stress may raise the probability or say nothing. What a
laboratory's order of tasks has taught the other way round is then not learnt, which is what carries over to a study
with another order. Few inputs, a strong ridge: lines with right signs hold up where weights do not (Dawes 1979,
doi:10.1037/0003-066X.34.7.571).
"""

from typing import Annotated, Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.datasets.dataset import Dataset
from models.datasets.selection import with_inputs
from models.errors import DatasetError
from models.estimators.candidates import Common
from models.estimators.fitted import FittedEstimator
from models.estimators.scorer import Array, Scorer, probability_of

PENALTY: Final = 0.1  # with few inputs of known sign .1 and 1 differ by less than .005 in AUROC: docs/stress.md
REACH: Final = 5.0  # standard deviations at which an input is clipped
RISING: Final = ("pulse_recent", "level_change", "drive_change")
"""What rises within a minute of a strain and is over soon after it: short-lived, so that it needs little of a past."""


class SignedLogistic(Scorer):
    """Minimises the weighted mean log-loss + ``penalty`` / 2 |w|^2 over standardised inputs, w bounded by their signs.

    Parameters
    ----------
    rising, falling : numbers of inputs with which the probability may only rise, or only fall; others are free.
    penalty : of the squared weights; the intercept is free of it.
    reach : standard deviations from the mean at which inputs are clipped. What is unknown counts as the mean.
    """

    def __init__(
        self,
        rising: tuple[int, ...] = (),
        falling: tuple[int, ...] = (),
        penalty: float = PENALTY,
        reach: float = REACH,
    ) -> None:
        self.rising = rising
        self.falling = falling
        self.penalty = penalty
        self.reach = reach

    def _fit(self, X: Array, y: Array, weight: Array, groups: NDArray[np.intp] | None) -> None:
        share = weight / weight.sum()
        self._scale(X, share)
        Z, width = self._standard(X), X.shape[1]

        def loss(at: Array) -> tuple[float, Array]:
            odds = (Z * at[:-1]).sum(axis=-1) + at[-1]
            off = share * (probability_of(odds) - y)
            value = (share * (np.logaddexp(0.0, odds) - y * odds)).sum() + 0.5 * self.penalty * (at[:-1] ** 2).sum()
            return float(value), np.append((Z * off[:, None]).sum(axis=0) + self.penalty * at[:-1], off.sum())

        bounds: list[tuple[float | None, float | None]] = [(None, None)] * (width + 1)
        for numbers, bound in ((self.rising, (0.0, None)), (self.falling, (None, 0.0))):
            for number in numbers:
                bounds[number] = bound
        found = minimize(loss, np.zeros(width + 1), jac=True, method="L-BFGS-B", bounds=bounds, options=_CLOSE)
        self.weights_, self.intercept_ = np.array(found.x[:-1]), float(found.x[-1])

    def _scale(self, X: Array, share: Array) -> None:
        known = ~np.isnan(X)
        mass = np.maximum((known * share[:, None]).sum(axis=0), 1e-300)
        self.mean_ = (np.where(known, X, 0.0) * share[:, None]).sum(axis=0) / mass
        off = np.where(known, X - self.mean_, 0.0)
        deviation = np.sqrt((off**2 * share[:, None]).sum(axis=0) / mass)
        flat = deviation <= 1e-12 * np.maximum(np.abs(self.mean_), 1e-300)
        self.scale_ = np.where(flat, 0.0, 1.0 / np.where(flat, 1.0, deviation))

    def _standard(self, X: Array) -> Array:
        z: Array = np.clip((X - self.mean_) * self.scale_, -self.reach, self.reach)
        return np.where(np.isnan(z), 0.0, z)

    def parts(self, X: Array) -> tuple[Array, Array]:
        """Weight times standardised input; what is unknown says nothing."""
        return self._standard(X) * self.weights_, np.full(len(X), self.intercept_)


_CLOSE: Final[dict[str, Any]] = {"ftol": 1e-12, "gtol": 1e-8, "maxiter": 500}


class Signed(Common, frozen=True, kw_only=True, tag_field="kind", tag="signed"):
    """Logistic regression of the inputs ``rising`` and ``falling`` alone, held to these directions.

    Inputs of these names that a data set (or a group of its inputs) lacks are left out; DatasetError where none is
    left. See ``models.estimators.signed``.
    """

    name: str = "signed"
    rising: tuple[str, ...] = RISING
    falling: tuple[str, ...] = ()
    penalty: Annotated[float, msgspec.Meta(gt=0)] = PENALTY
    reach: Annotated[float, msgspec.Meta(gt=0)] = REACH

    def __post_init__(self) -> None:
        if both := sorted(set(self.rising) & set(self.falling)):
            raise ValueError(f"{both[0]}: is in rising and in falling: name it in one")

    def fit(self, training: Dataset, *, seed: int) -> FittedEstimator:
        """Train on rows that have a target; raises DatasetError where they cannot train it. It draws no lots."""
        there = set(training.input_names)
        # what nothing is known of is dropped before fitting, and would shift the numbers of the others
        named = [name for name in (*self.rising, *self.falling) if name in there and _ever(training, name)]
        if not named:
            wanted = ", ".join((*self.rising, *self.falling)) or "no names at all"
            raise DatasetError(
                f"{self.name}: none of its inputs, {wanted}, is in the data set, or known there: name others under"
                f" rising and falling; there are {', '.join(training.input_names[:8])} ..."
            )
        scorer = SignedLogistic(
            rising=tuple(i for i, name in enumerate(named) if name in self.rising),
            falling=tuple(i for i, name in enumerate(named) if name in self.falling),
            penalty=self.penalty,
            reach=self.reach,
        )
        return self.fitted(with_inputs(training, named), scorer, self.name)[0]


def _ever(training: Dataset, name: str) -> bool:
    column = training.inputs[training.target >= 0, training.input_names.index(name)]
    return bool(np.isfinite(column).any())
