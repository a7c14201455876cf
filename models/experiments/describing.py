"""A data set in, what is in it in numbers out: what ``--describe`` says before anything is trained."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from models.datasets.dataset import BETWEEN, LEFT_OUT, NEGATIVE, POSITIVE, Dataset, Exclusion, Index
from models.datasets.selection import digest
from models.errors import DatasetError, ExperimentError
from models.estimators.folds import FOLDS, dealt
from models.experiments.candidates import kind_of, make
from models.experiments.results import DataSaid, StudySaid
from models.experiments.spec import CandidateSpec
from models.splits.fold import Fold

FOLDS_NAMED: Final = 6


def describe(dataset: Dataset) -> DataSaid:
    """Return what there is, study by study."""
    return DataSaid(
        digest=digest(dataset),
        rows=int(dataset.end_s.size),
        inputs=len(dataset.input_names),
        window_s=float(dataset.window_s),
        step_s=float(dataset.step_s),
        made_by=dict(sorted(dataset.made_by.items())),
        studies=tuple(_study(dataset, name) for name in sorted({each.study for each in dataset.sessions})),
        notes=dataset.notes,
    )


def require_two_sides(dataset: Dataset) -> None:
    """Raise ExperimentError where nothing can be learnt: no positives, or no negatives."""
    positives, negatives = (int((dataset.target == side).sum()) for side in (POSITIVE, NEGATIVE))
    if positives and negatives:
        return
    side = "positive" if not positives else "negative"
    reasons = ", ".join(f"{name} {count:,}" for name, count in _excluded(dataset.exclusion).items()) or "none"
    words = sorted({word for told in np.unique(dataset.condition).tolist() for word in told.split(BETWEEN) if word})
    raise ExperimentError(
        f"target: none of {dataset.end_s.size:,} moments is {side} (left out: {reasons}). The labels of these moments"
        f" say {', '.join(words[:20]) or 'nothing'}: name such words under [target], or add recordings"
    )


def untrainable(dataset: Dataset, folds: Sequence[Fold], candidates: Sequence[CandidateSpec]) -> tuple[str, ...]:
    """Return in which folds a candidate that reads inputs could not be trained, and why: a sentence for each reason.

    Looks at targets, people and sessions alone; what else a candidate may miss in its inputs is known when it is
    trained. Raises ExperimentError where a candidate cannot be made.
    """
    found: dict[tuple[str, ...], list[str]] = {}
    whose: dict[tuple[str, str], list[str]] = {}
    for spec in (each for each in candidates if kind_of(each).reads_inputs):
        made = make(spec)
        folding, parts = getattr(made, "folding", None), getattr(made, "folds", FOLDS)
        for fold in folds:
            if folding is not None and (why := _lacks(dataset, fold.training, by=folding, parts=parts)):
                whose.setdefault((fold.name, why), []).append(spec.title)
    for (name, why), titles in whose.items():
        found.setdefault((why, *titles), []).append(name)
    return tuple(
        f"{', '.join(titles)} cannot be trained in {len(names)} of {len(folds)} fold{'s' if len(folds) != 1 else ''}"
        f" ({', '.join(names[:FOLDS_NAMED])}{' ...' if len(names) > FOLDS_NAMED else ''}): {why}"
        for (why, *titles), names in found.items()
    )


def _lacks(dataset: Dataset, training: Index, *, by: str, parts: int) -> str:
    """What training rows lack so that anything could be calibrated on whole people or sessions of them; "" if none."""
    rows = training[dataset.target[training] != LEFT_OUT]
    positive = dataset.target[rows] == POSITIVE
    if not positive.any() or positive.all():
        return f"it has no {'negatives' if positive.any() else 'positives'} to train on"
    groups = (dataset.person if by == "people" else dataset.session)[rows]
    one = "person" if by == "people" else "session"
    if np.unique(groups).size < 2:
        mend = ', or parameters = { folding = "sessions" }' if by == "people" else ""
        return f"what it is trained on is of one {one}, and calibration wants two: add {by}{mend}"
    try:
        dealt(groups, positive.astype(np.float64), folds=parts)
    except DatasetError:
        return f"some {by} in training have all of one class, and calibration wants both in two or more {by}"
    return ""


def _study(dataset: Dataset, name: str) -> StudySaid:
    which = np.array([each.study == name for each in dataset.sessions], bool)
    rows = which[dataset.session]
    target, condition = dataset.target[rows], dataset.condition[rows]
    told, counts = np.unique(condition, return_counts=True)
    words: dict[str, float] = {}
    for said, count in zip(told.tolist(), counts.tolist(), strict=True):
        for word in said.split(BETWEEN):
            if word:
                words[word] = words.get(word, 0.0) + count * dataset.step_s / 3600
    sessions = [each for each in dataset.sessions if each.study == name]
    return StudySaid(
        study=name,
        people=len({each.person for each in sessions}),
        sessions=len(sessions),
        hours=float(rows.sum() * dataset.step_s / 3600),
        worn_hours=float(dataset.worn[rows].sum() * dataset.step_s / 3600),
        positives=int((target == POSITIVE).sum()),
        negatives=int((target == NEGATIVE).sum()),
        events=sum(bool(which[each.session]) for each in dataset.events),
        excluded=_excluded(dataset.exclusion[rows]),
        words=dict(sorted(words.items())),
    )


def _excluded(exclusion: np.ndarray) -> dict[str, int]:
    counts = np.bincount(exclusion, minlength=max(Exclusion) + 1)
    return {each.name.lower(): int(counts[each]) for each in Exclusion if each and counts[each]}
