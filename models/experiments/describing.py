"""A data set in, what is in it in numbers out: what ``--describe`` says before anything is trained."""

import numpy as np

from models.datasets.dataset import BETWEEN, NEGATIVE, POSITIVE, Dataset, Exclusion
from models.datasets.selection import digest
from models.errors import ExperimentError
from models.experiments.results import DataSaid, StudySaid


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
