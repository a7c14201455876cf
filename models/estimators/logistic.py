"""Inputs and targets in, ridge logistic regression out: the published reference of this field.

Ridge logistic regression is what Goodwin 2018 (doi:10.1145/3240925.3240980) and Imbiriba 2023
(doi:10.1001/jamanetworkopen.2023.48898) used on recent windows of wrist signals; the latter found nothing better.
Deviations from them: unknown inputs count as the training mean, with an indicator where they are unknown often;
standardised inputs are clipped at ``reach``, so that one broken sensor cannot shout down the others; the penalty is
chosen over whole people.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from models.estimators.folds import FOLDS, dealt, parted
from models.estimators.scorer import Array, Scorer, probability_of

PENALTIES: Final = tuple(10.0 ** (1 - k / 2) for k in range(9))  # from 10, where little is left, to 1e-3
PENALTY: Final = 0.01  # where there is nobody to choose it over
REACH: Final = 5.0  # standard deviations at which an input is clipped
SELDOM: Final = 0.01  # share of rows in which an input must be unknown for that to be an input
STEPS: Final = 50  # Newton's; ten are enough by far where it converges at all
CLOSE: Final = 1e-8  # change of the objective at which it is done


class RidgeLogistic(Scorer):
    """Minimises the weighted mean log-loss + ``penalty`` / 2 |w|^2 over standardised inputs.

    Parameters
    ----------
    penalty : None chooses one of ``PENALTIES`` by log-loss on people left out, where ``groups`` are given to ``fit``;
        else, and without groups, ``PENALTY``.
    indicators : whether "this is unknown" counts as an input, where it is in at least ``SELDOM`` of rows.
    reach : standard deviations from the mean at which inputs are clipped.
    """

    def __init__(self, penalty: float | None = None, indicators: bool = True, reach: float = REACH) -> None:
        self.penalty = penalty
        self.indicators = indicators
        self.reach = reach

    def _fit(self, X: Array, y: Array, weight: Array, groups: NDArray[np.intp] | None) -> None:
        self.penalty_ = PENALTY if self.penalty is None else self.penalty
        if self.penalty is None and groups is not None and len(np.unique(groups)) >= 2:
            self.crossed(X, y, weight, dealt(groups, y, folds=FOLDS))
        self._scale(X, weight)
        w, curve = _newton(self._laid(X), y, weight / weight.sum(), self.penalty_, start=None)
        self._take(w)
        self.information_ = curve * weight.sum()

    def crossed(self, X: Array, y: Array, weight: Array, fold: NDArray[np.intp]) -> tuple[list[Scorer], Array]:
        """Choose the penalty of least log-loss over folds left out; see ``Scorer.crossed``."""
        penalties = PENALTIES if self.penalty is None else (self.penalty,)
        loss, odds = np.zeros(len(penalties)), np.empty((len(penalties), len(X)))
        ways = []
        for train, test in parted(fold):
            member = RidgeLogistic(self.penalty, self.indicators, self.reach)
            member._scale(X[train], weight[train])
            Z, held = member._laid(X[train]), member._laid(X[test])
            share, path = weight[train] / weight[train].sum(), list[Array]()
            for i, penalty in enumerate(penalties):
                path.append(_newton(Z, y[train], share, penalty, start=path[-1] if path else None)[0])
                odds[i, test] = held @ path[-1]
                loss[i] += float((weight[test] * (np.logaddexp(0.0, odds[i, test]) - y[test] * odds[i, test])).sum())
            ways.append((member, path))
        best = int(loss.argmin())
        self.penalty_ = penalties[best]
        for member, path in ways:
            member.penalty_ = self.penalty_
            member._take(path[best])
        return [member for member, _ in ways], odds[best]

    def _take(self, w: Array) -> None:
        width = len(self.mean_)
        self.intercept_ = float(w[-1])
        self.weights_ = w[:width].copy()
        self.unknown_ = np.zeros(width)
        self.unknown_[self.often_] = w[width:-1]

    def _scale(self, X: Array, weight: Array) -> None:
        known = ~np.isnan(X)
        filled = np.where(known, X, 0.0)
        mass = np.maximum((known * weight[:, None]).sum(axis=0), 1e-300)
        self.mean_ = (filled * weight[:, None]).sum(axis=0) / mass
        off = np.where(known, X - self.mean_, 0.0)
        deviation = np.sqrt((off**2 * weight[:, None]).sum(axis=0) / mass)
        flat = deviation <= 1e-12 * np.maximum(np.abs(self.mean_), 1e-300)
        self.scale_ = np.where(flat, 0.0, 1.0 / np.where(flat, 1.0, deviation))
        share = (~known * weight[:, None]).sum(axis=0) / weight.sum()
        self.often_ = (
            np.flatnonzero((share >= SELDOM) & (share <= 1.0 - SELDOM)) if self.indicators else np.array([], int)
        )
        self.missing_ = share

    def _standard(self, X: Array) -> Array:
        z: Array = np.clip((X - self.mean_) * self.scale_, -self.reach, self.reach)
        return np.where(np.isnan(z), 0.0, z)

    def _laid(self, X: Array) -> Array:
        """Standardised inputs, indicators less their mean, and ones, (n, G + 1)."""
        indicators = np.isnan(X[:, self.often_]) - self.missing_[self.often_]
        return np.ascontiguousarray(np.column_stack([self._standard(X), indicators, np.ones(len(X))]))

    def parts(self, X: Array) -> tuple[Array, Array]:
        """Weight times standardised input; where an input is unknown, what its being unknown says."""
        each = self._standard(X) * self.weights_ + (np.isnan(X) - self.missing_) * self.unknown_
        return each, np.full(len(X), self.intercept_)

    def deviation(self, X: Array) -> Array:
        """Of the log-odds, by Laplace's approximation: rows count as independent of each other, which they are not."""
        Z = self._laid(X)
        within: Array = np.sqrt((Z * cho_solve(cho_factor(self.information_), Z.T).T).sum(axis=-1))
        return within

    def settled(self) -> "RidgeLogistic":
        """Return an unfitted copy of the penalty that was chosen."""
        return RidgeLogistic(penalty=self.penalty_, indicators=self.indicators, reach=self.reach)


def _newton(Z: Array, y: Array, share: Array, penalty: float, *, start: Array | None) -> tuple[Array, Array]:
    """Return the weights (G + 1,), the intercept last and free of the penalty, and the second derivative there."""
    ridge = np.full(Z.shape[1], penalty)
    ridge[-1] = 1e-9
    w = np.zeros(Z.shape[1]) if start is None else start.copy()

    def objective(at: Array, odds: Array) -> float:
        return float((share * (np.logaddexp(0.0, odds) - y * odds)).sum() + 0.5 * (ridge * at * at).sum())

    odds = Z @ w
    now = objective(w, odds)
    curve = np.empty((0, 0))
    for _ in range(STEPS):
        chance = probability_of(odds)
        curve = (Z * (share * chance * (1.0 - chance))[:, None]).T @ Z
        curve[np.diag_indices_from(curve)] += ridge + 1e-12
        step = cho_solve(cho_factor(curve), Z.T @ (share * (y - chance)) - ridge * w)
        pace = 1.0
        while True:
            onward = w + pace * step
            ahead = Z @ onward
            then = objective(onward, ahead)
            if then <= now or pace < 1e-6:
                break
            pace /= 2
        gained, w, odds, now = now - then, onward, ahead, then
        if gained < CLOSE:
            break
    return w, curve
