"""A few columns and whether it happened in, a ridge logistic regression with intervals over people out.

For baselines and detectors, whose columns are few and all known. What a wrist says is many inputs, some unknown, and
goes to ``models.estimators.logistic``, which chooses its penalty over people.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.detectors.said import Z90, chance
from models.risk import Array

RIDGE: Final = 1.0  # of coefficients of standardised columns: weak against any hour of moments
ROUNDS: Final = 50  # Newton's method converges within ten
NEAR: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Logistic:
    """What was fitted: ``weights`` (d + 1,) of the constant and the columns, and their ``spread`` (d + 1, d + 1)."""

    weights: Array
    spread: Array

    def parts(self, columns: Array) -> Array:
        """Return the contributions (n, d + 1) to the log-odds, the constant first; they are independent of each other's
        rows to the bit."""
        return _with_one(columns) * self.weights

    def interval(self, columns: Array) -> tuple[Array, Array]:
        """Return between which probabilities (n,) and (n,) the expected one lies with 90 %."""
        full = _with_one(columns)
        odds = (full * self.weights).sum(axis=-1)
        variance = ((full[:, :, None] * self.spread).sum(axis=1) * full).sum(axis=-1)
        reach = Z90 * np.sqrt(np.maximum(variance, 0.0))
        return chance(odds - reach), chance(odds + reach)


def fit(columns: Array, happened: NDArray[np.bool_], *, weights: Array, person: NDArray[np.intp]) -> Logistic:
    """Return the penalised maximum-likelihood fit of (n, d) columns, all of them known.

    The penalty is ``RIDGE`` / 2 on squared coefficients of standardised columns, none on the constant. The spread is
    the cluster-robust one over people (Liang & Zeger 1986, doi:10.1093/biomet/73.1.13), to which the inverse Hessian is
    added: rows overlap and people differ, and with few people the former alone is too sure.
    """
    total = weights.sum()
    mean = (weights[:, None] * columns).sum(axis=0) / total
    scale = np.sqrt((weights[:, None] * (columns - mean) ** 2).sum(axis=0) / total)
    scale[scale < NEAR] = 1.0
    full, y = _with_one((columns - mean) / scale), happened.astype(np.float64)
    penalty = np.diag([NEAR, *[RIDGE] * columns.shape[1]])
    beta = np.zeros(full.shape[1])
    share = (weights * y).sum() / total
    beta[0] = np.log(share / (1.0 - share))
    for _ in range(ROUNDS):
        p = chance((full * beta).sum(axis=-1))
        hessian = (full * (weights * p * (1.0 - p))[:, None]).T @ full + penalty
        step = np.linalg.solve(hessian, full.T @ (weights * (y - p)) - penalty @ beta)
        beta = beta + step * min(1.0, 4.0 / max(float(np.abs(step).max()), NEAR))
        if np.abs(step).max() < NEAR:
            break
    p = chance((full * beta).sum(axis=-1))
    inverse = np.linalg.inv((full * (weights * p * (1.0 - p))[:, None]).T @ full + penalty)
    scores = np.zeros((int(person.max()) + 1, full.shape[1]))
    np.add.at(scores, person, full * (weights * (y - p))[:, None])
    people = int((np.bincount(person, weights=weights) > 0).sum())
    robust = inverse @ (scores.T @ scores) @ inverse * (people / max(people - 1, 1))
    back = np.eye(full.shape[1])  # from standardised columns to those that came in
    back[1:, 1:] /= scale[:, None]
    back[0, 1:] = -mean / scale
    return Logistic(weights=back @ beta, spread=back @ (robust + inverse) @ back.T)


def _with_one(columns: Array) -> Array:
    return np.concatenate([np.ones((len(columns), 1)), columns], axis=1)
