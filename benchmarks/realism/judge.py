"""Windows of two kinds in, how well a judge tells them apart out: the area under its ROC, and by what it told them.

The judge is gradient boosting over every feature of a group at once. It is judged on people it has not met (folds by
person) and, harder, on a real data set it has not met (all its windows held out, beside people it has not met of the
simulation). Every person weighs the same, and both kinds do. 0.5 is guessing, 1.0 is certainty.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold

from benchmarks.realism.features import Windows
from ingest.types import Array

FOLDS: Final = 5
MOST: Final = 60  # windows of a person are taken, evenly over the recording: nobody's day rules
LEAST: Final = 20  # windows make a kind
SEED: Final = 7


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """m windows: ``x`` (m, F) by ``names``; whose they are, of which source, and what each weighs (m,)."""

    names: tuple[str, ...]
    x: Array
    person: NDArray[np.str_]
    source: NDArray[np.str_]

    def only(self, chosen: NDArray[np.bool_]) -> "Table":
        """Return the windows that are ``chosen``."""
        return Table(self.names, self.x[chosen], self.person[chosen], self.source[chosen])


def table(sessions: Sequence[Windows], groups: Sequence[str]) -> Table:
    """Return the windows in which every channel of ``groups`` is known, at most ``MOST`` a person."""
    names = [f"{group}: {name}" for group in groups for name in sessions[0].groups[group]]
    x, person, source = [], [], []
    for one in sessions:
        if not one.groups["eda"]:
            continue
        known = np.all([one.known[group] for group in groups], axis=0)
        each = [one.groups[group][name][known] for group in groups for name in one.groups[group]]
        x.append(np.stack(each, axis=-1))
        person += [one.person] * int(known.sum())
        source += [one.source] * int(known.sum())
    made = Table(tuple(names), np.concatenate(x), np.array(person, np.str_), np.array(source, np.str_))
    kept = np.zeros(len(person), bool)
    for who in np.unique(made.person):
        at = np.flatnonzero(made.person == who)
        kept[at[np.unique(np.linspace(0, at.size - 1, min(MOST, at.size)).round().astype(int))]] = True
    return made.only(kept)


def weights(person: NDArray[np.str_], kind: NDArray[np.bool_]) -> Array:
    """Return what each window weighs: every person of a kind the same, both kinds the same."""
    out = np.zeros(kind.size)
    for which in (False, True):
        people, of, count = np.unique(person[kind == which], return_inverse=True, return_counts=True)
        out[kind == which] = kind.size / (2 * people.size * count[of])
    return out


@dataclass(frozen=True, slots=True)
class Verdict:
    """``area`` under the ROC (mean over ``areas``, of each fold) and by how much it falls where one feature is shuffled
    among the windows that were held out, the largest first."""

    area: float
    areas: tuple[float, ...]
    gives_away: tuple[tuple[str, float], ...] = ()


def by_person(data: Table, kind: NDArray[np.bool_], *, folds: int = FOLDS, why: bool = False) -> Verdict:
    """Tell windows of ``kind`` from the others, on people held out."""
    areas, falls = [], np.zeros(len(data.names))
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=SEED)
    for train, test in splitter.split(data.x, kind, data.person):
        area, judge = _judged(data, kind, train, test)
        areas.append(area)
        if why:
            falls += _falls(judge, data, kind, test, area) / folds
    order = np.argsort(-falls)[:12] if why else []
    return Verdict(float(np.mean(areas)), tuple(areas), tuple((data.names[i], float(falls[i])) for i in order))


def by_source(data: Table, kind: NDArray[np.bool_]) -> dict[str, float]:
    """Tell windows of ``kind`` from each other source that the judge has not met, by that source; half of the people of
    ``kind`` are held out too, and then the other half."""
    found = {}
    people = np.unique(data.person[kind])
    for source in np.unique(data.source[~kind]):
        strange = data.source == source
        if strange.sum() < LEAST or (~kind & ~strange).sum() < LEAST:
            continue
        areas = []
        for half in (people[::2], people[1::2]):
            held = np.isin(data.person, half)
            train, test = np.flatnonzero((~kind & ~strange) | (kind & ~held)), np.flatnonzero(strange | (kind & held))
            areas.append(_judged(data, kind, train, test)[0])
        found[str(source)] = float(np.mean(areas))
    return found


def _judged(
    data: Table, kind: NDArray[np.bool_], train: NDArray[np.intp], test: NDArray[np.intp]
) -> tuple[float, HistGradientBoostingClassifier]:
    judge = HistGradientBoostingClassifier(
        max_iter=60, learning_rate=0.15, max_leaf_nodes=15, min_samples_leaf=15, l2_regularization=1.0,
        early_stopping=False, random_state=SEED,
    )  # fmt: skip
    judge.fit(data.x[train], kind[train], sample_weight=weights(data.person[train], kind[train]))
    return _area(judge, data.x[test], kind[test], weights(data.person[test], kind[test])), judge


def _area(judge: HistGradientBoostingClassifier, x: Array, kind: NDArray[np.bool_], weight: Array) -> float:
    return float(roc_auc_score(kind, judge.predict_proba(x)[:, 1], sample_weight=weight))


def _falls(
    judge: HistGradientBoostingClassifier, data: Table, kind: NDArray[np.bool_], test: NDArray[np.intp], area: float
) -> Array:
    draw = np.random.default_rng(SEED)
    weight = weights(data.person[test], kind[test])
    falls = np.zeros(len(data.names))
    for i in range(len(data.names)):
        x = data.x[test].copy()
        x[:, i] = draw.permutation(x[:, i])
        falls[i] = area - _area(judge, x, kind[test], weight)
    return falls


def alone(data: Table, kind: NDArray[np.bool_]) -> Array:
    """Return how well each feature by itself tells ``kind``: the area of the better direction, (F,); NaN where it is
    hardly ever known."""
    found = np.full(len(data.names), np.nan)
    for i in range(len(data.names)):
        known = np.isfinite(data.x[:, i])
        if known[kind].sum() < LEAST or known[~kind].sum() < LEAST:
            continue
        weight = weights(data.person[known], kind[known])
        area = roc_auc_score(kind[known], data.x[known, i], sample_weight=weight)
        found[i] = max(area, 1 - area)
    return found
