"""Rows of people in, what estimators make of people that they never saw out: discrimination, decisions, calibration.

People are left out one by one. Everything that is learnt is learnt from the others: the estimator, the curve from its
log-odds to probabilities, and the threshold above which it says "stress". The last two come from leaving people out
once more within the others, in three parts. Every person counts alike in training.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from threadpoolctl import threadpool_limits

from models.estimators.calibration import Calibrated
from models.estimators.logistic import RidgeLogistic

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
People = NDArray[np.str_]

INNER: Final = 3
DRAWS: Final = 5000
BINS: Final = 10
PROCESSES: Final = 4


PENALTY: Final = 1.0  # fixed, for all sets alike: choosing it over people takes minutes for 602 columns


def ridge() -> RidgeLogistic:
    """The published reference of this field, as this project has it."""
    return RidgeLogistic(penalty=PENALTY)


def forest() -> RandomForestClassifier:
    """What WESAD's authors and many after them used; shallow trees, as there are few people."""
    return RandomForestClassifier(
        n_estimators=40, max_depth=6, min_samples_leaf=20, max_features="sqrt", random_state=0, n_jobs=1
    )


ESTIMATORS: Final[dict[str, Callable[[], "Estimator"]]] = {"ridge logistic": ridge, "random forest": forest}


class Estimator(Protocol):
    """A scikit-learn classifier, as far as it is used here."""

    def fit(self, X: Array, y: Flags, *, sample_weight: Array) -> "Estimator": ...

    def predict_proba(self, X: Array) -> Array: ...


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """Of n rows: ``odds`` and ``probability`` (n,), and whether it is above the ``threshold`` of its fold."""

    odds: Array
    probability: Array
    decided: Flags


def trained(X: Array, y: Flags, person: People, make: Callable[[], "Estimator"]) -> Callable[[Array], Said]:
    """Return what says of other rows what it learnt of these: odds, probability and decision."""
    inner = np.full(len(y), np.nan)
    number = {name: i for i, name in enumerate(sorted(set(person)))}
    part = np.array([number[name] % INNER for name in person])
    for k in range(INNER):
        test = part == k
        if test.any() and len(np.unique(y[~test])) == 2:
            inner[test] = log_odds(trained_on(X[~test], y[~test], person[~test], make), X[test])
    known = np.isfinite(inner)
    curve = LogisticRegression(C=np.inf).fit(inner[known, None], y[known], sample_weight=_weight(person[known]))
    cuts = np.quantile(inner[known], np.linspace(0.02, 0.98, 97))
    threshold = cuts[np.argmax([balanced_accuracy_score(y[known], inner[known] > cut) for cut in cuts])]
    model = trained_on(X, y, person, make)

    def say(rows: Array) -> Said:
        odds = log_odds(model, rows)
        return Said(odds, curve.predict_proba(odds[:, None])[:, 1], odds > threshold)

    return say


def left_out(X: Array, y: Flags, person: People, training: Flags, make: Callable[[], "Estimator"]) -> Said:
    """Return what is said of every row by what learnt from the ``training`` rows of the other people."""

    def one(name: str) -> tuple[Flags, Said]:
        with warnings.catch_warnings(), threadpool_limits(limits=1):
            warnings.simplefilter("ignore")
            mine, rows = person == name, training & (person != name)
            return mine, trained(X[rows], y[rows], person[rows], make)(X[mine])

    whole = Said(np.empty(len(y)), np.empty(len(y)), np.empty(len(y), bool))
    for mine, said in Parallel(n_jobs=PROCESSES)(delayed(one)(name) for name in sorted(set(person))):
        whole.odds[mine], whole.probability[mine], whole.decided[mine] = said.odds, said.probability, said.decided
    return whole


def by_person(score: Callable[[Flags, Array], float], y: Flags, said: Array, person: People, kept: Flags) -> Array:
    """Return the score of each person's ``kept`` rows, in order of names; NaN where a person has one class only."""
    found = []
    for name in sorted(set(person[kept])):
        rows = kept & (person == name)
        found.append(score(y[rows], said[rows]) if len(np.unique(y[rows])) == 2 else np.nan)
    return np.array(found)


def auroc_by_person(y: Flags, odds: Array, person: People, kept: Flags) -> Array:
    """Return the AUROC within each person."""
    return by_person(lambda a, b: float(roc_auc_score(a, b)), y, odds, person, kept)


def accuracy_by_person(y: Flags, decided: Flags, person: People, kept: Flags) -> Array:
    """Return the balanced accuracy within each person."""
    return by_person(lambda a, b: float(balanced_accuracy_score(a, b > 0)), y, decided.astype(np.float64), person, kept)


def interval_of_mean(values: Array, *, seed: int = 0) -> tuple[float, float]:
    """Return between which the mean over people lies with 95 % confidence: people are drawn again."""
    values = values[np.isfinite(values)]
    draws = np.random.default_rng(seed).integers(len(values), size=(DRAWS, len(values)))
    low, high = np.quantile(values[draws].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)


def pooled(y: Flags, odds: Array, person: People, *, seed: int = 0, draws: int = 1000) -> tuple[float, float, float]:
    """Return the AUROC over all rows, and between which it lies with 95 % confidence: whole people are drawn again."""
    rows = [np.flatnonzero(person == name) for name in sorted(set(person))]
    rng, found = np.random.default_rng(seed), []
    for _ in range(draws):
        at = np.concatenate([rows[i] for i in rng.integers(len(rows), size=len(rows))])
        if len(np.unique(y[at])) == 2:
            found.append(roc_auc_score(y[at], odds[at]))
    low, high = np.quantile(found, (0.025, 0.975))
    return float(roc_auc_score(y, odds)), float(low), float(high)


def calibration(y: Flags, p: Array) -> dict[str, float]:
    """Return ECE over ten bins of equal mass, slope and intercept of log-odds, and Brier skill against the share."""
    edges = np.unique(np.quantile(p, np.arange(1, BINS) / BINS))
    bins = np.searchsorted(edges, p, side="right")
    parts = [(np.mean(bins == b), abs(y[bins == b].mean() - p[bins == b].mean())) for b in np.unique(bins)]
    odds = np.log(np.clip(p, 1e-6, 1 - 1e-6) / np.clip(1 - p, 1e-6, 1))
    line = LogisticRegression(C=np.inf).fit(odds[:, None], y)
    share = y.mean()
    return {
        "ece": float(sum(weight * off for weight, off in parts)),
        "slope": float(line.coef_[0, 0]),
        "intercept": float(line.intercept_[0]),
        "brier_skill": float(1 - ((p - y) ** 2).mean() / ((share - y) ** 2).mean()),
    }


def calibration_interval(y: Flags, p: Array, person: People, *, draws: int = 500) -> dict[str, tuple[float, float]]:
    """Return between which each figure of ``calibration`` lies with 95 % confidence: whole people are drawn again."""
    rows = [np.flatnonzero(person == name) for name in sorted(set(person))]
    rng = np.random.default_rng(0)
    found = []
    for _ in range(draws):
        at = np.concatenate([rows[i] for i in rng.integers(len(rows), size=len(rows))])
        found.append(calibration(y[at], p[at]))
    return {
        key: (
            float(np.quantile([each[key] for each in found], 0.025)),
            float(np.quantile([each[key] for each in found], 0.975)),
        )
        for key in found[0]
    }


def as_kept(X: Array, y: Flags, person: People) -> Array:
    """Return the probability (n,) of every row by what ``forecalm train`` would keep of the other people.

    That is ridge logistic regression, its penalty and its curve chosen by leaving out fifths of them."""

    def one(name: str) -> tuple[Flags, Array]:
        mine, rows = person == name, person != name
        whose = np.unique(person[rows], return_inverse=True)[1]
        model = Calibrated(RidgeLogistic()).fit(
            finite(X[rows]), y[rows], sample_weight=_weight(person[rows]), groups=whose
        )
        return mine, model.predict_proba(finite(X[mine]))[:, 1]

    said = np.empty(len(y))
    for mine, p in Parallel(n_jobs=PROCESSES)(delayed(one)(name) for name in sorted(set(person))):
        said[mine] = p
    return said


def by_whole_recording(X: Array, person: People) -> Array:
    """Return ``X`` less each person's mean over its spread, of the whole recording: it looks ahead."""
    out = np.empty_like(X)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for name in set(person):
            rows = person == name
            spread = np.nanstd(X[rows], axis=0)
            out[rows] = (X[rows] - np.nanmean(X[rows], axis=0)) / np.where(spread > 1e-12, spread, 1.0)
    return out


def _weight(person: People) -> Array:
    names, at, counts = np.unique(person, return_inverse=True, return_counts=True)
    return (len(person) / len(names) / counts)[at].astype(np.float64)


def trained_on(X: Array, y: Flags, person: People, make: Callable[[], "Estimator"]) -> "Estimator":
    """Return the estimator, trained on rows of people who count alike."""
    return make().fit(finite(X), y, sample_weight=_weight(person))


def log_odds(model: "Estimator", X: Array) -> Array:
    """Return what it says of rows, (n,)."""
    p = np.clip(np.asarray(model.predict_proba(finite(X))[:, 1], np.float64), 1e-4, 1 - 1e-4)
    odds: Array = np.log(p / (1 - p))
    return odds


def finite(X: Array) -> Array:
    """Return ``X`` with NaN for what is infinite."""
    return np.where(np.isfinite(X), X, np.nan)
