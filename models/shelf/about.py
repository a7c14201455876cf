"""A training set and what was done with it in; what a model's manifest says of it out."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from ingest.notice import SENTENCE
from models.datasets.dataset import NEGATIVE, POSITIVE, Dataset
from models.datasets.selection import digest
from models.drift.summary import summarise
from models.evaluation.alarm_rule import AlarmRule
from models.inputs.inputs import VERSION
from models.shelf.manifest import About, Code, Data, Evaluated
from signals.features import NAMES as FEATURES

INTENDED_USE: Final = (
    "Research on early warning of anxiety incidents by wristband, beside and never instead of the care that is there."
    f" {SENTENCE}"
)
LIMITS: Final = (
    "Known for the people, bands and settings it was trained and judged on, and for no others. No public recording of"
    " the time before incidents of anxiety in severe autism exists: figures on simulated or laboratory data do not show"
    " that it works for them."
)


def about(
    training: Dataset,
    *,
    candidate: str,
    experiment: str,
    seed: int,
    made_s: float,
    code: Code,
    metrics: Mapping[str, float | None],
    rule: AlarmRule | None = None,
    evaluated: Evaluated | None = None,
    intended_use: str = INTENDED_USE,
    limits: str = LIMITS,
) -> About:
    """Return what is to be said of a model that ``candidate`` became by training on ``training``.

    ``experiment`` is the text of the file that asked for it, ``made_s`` [UTC s] when it was done, ``rule`` when its
    estimates become alarms. Raises DatasetError where there is nothing to sum up.
    """
    return About(
        candidate=candidate,
        made_at=f"{np.datetime_as_string(np.datetime64(int(made_s), 's'))}Z",
        code=code,
        features=FEATURES,
        inputs=tuple(training.input_names),
        inputs_version=VERSION,
        target=training.aim,
        experiment=experiment,
        data=Data(
            digest=digest(training),
            moments=len(training.end_s),
            positives=int((training.target == POSITIVE).sum()),
            negatives=int((training.target == NEGATIVE).sum()),
            sessions=len(training.sessions),
            window_s=float(training.window_s),
            step_s=float(training.step_s),
            made_by=dict(training.made_by),
        ),
        trained_on=training.people,
        studies=tuple(sorted({session.study for session in training.sessions})),
        metrics={name: _known(value) for name, value in metrics.items()},
        rule=rule,
        evaluated=evaluated,
        seed=seed,
        intended_use=intended_use,
        limits=limits,
        training=summarise(training),
    )


def _known(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
