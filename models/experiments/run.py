"""A data set and an experiment in, results out: folds, audit, then each candidate on each group in each fold."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import numpy as np
from joblib import Parallel, delayed

from models.datasets.by_person import against_own
from models.datasets.dataset import BETWEEN, Dataset
from models.datasets.selection import of_rows
from models.datasets.target import Words
from models.errors import DatasetError, ExperimentError
from models.estimates import Estimates
from models.evaluation.judgement import Choice, Judgement
from models.evaluation.judging import evaluate
from models.experiments.candidates import kind_of, require
from models.experiments.describing import describe, require_two_sides
from models.experiments.doubts import doubts
from models.experiments.fold import FoldRan, joined, run_fold
from models.experiments.results import NO_INPUTS, Arm, Ran, Results
from models.experiments.spec import (
    AcrossStudies,
    Calibrated,
    CandidateSpec,
    Chronological,
    Experiment,
    Grouped,
    LeaveOnePersonOut,
)
from models.splits import folds as by
from models.splits.fold import Fold, Split
from models.splits.leakage import audit

Progress = Callable[[int, int, str], None]
"""``progress(done, total, what)``."""

NOTHING: Final = "in no fold could it be trained: {why}"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Task:
    spec: CandidateSpec
    group: str
    fold: Fold

    @property
    def key(self) -> str:
        """Of the arm: what the results call it."""
        return "/".join(part for part in (self.spec.title, self.group, self.fold.variant) if part != NO_INPUTS and part)


def split_of(experiment: Experiment, dataset: Dataset) -> Split:
    """Return the folds that the experiment asks for. Raises DatasetError where the data set does not give them."""
    said = experiment.split
    if isinstance(said, LeaveOnePersonOut):
        return by.leave_one_person_out(dataset)
    if isinstance(said, Grouped):
        return by.grouped(dataset, parts=said.parts, seed=experiment.seed)
    if isinstance(said, Chronological):
        return by.chronological(dataset, parts=said.parts, others=said.others, embargo=said.embargo_s)
    if isinstance(said, Calibrated):
        return by.calibrated(dataset, k=said.k, embargo=said.embargo_s)
    assert isinstance(said, AcrossStudies)  # noqa: S101 - the last of SplitSpec
    return by.across_studies(dataset, train=said.train, test=said.test)


def run(
    experiment: Experiment,
    dataset: Dataset,
    *,
    libraries: Mapping[str, str],
    n_jobs: int | None = 1,
    progress: Progress = lambda *_: None,
) -> Ran:
    """Return what the experiment finds: to the bit the same, however many ``n_jobs`` (None: as
    ``joblib.parallel_config`` says, which may name Ray or Dask).

    Raises ExperimentError where there is nothing to learn from or no candidate could be trained, DatasetError where the
    data set does not give the folds, LeakageError where a fold or a candidate leaks.
    """
    require(experiment.candidate, forecast=experiment.is_forecast)
    require_two_sides(dataset)
    _require_controls(experiment, dataset)
    split = split_of(experiment, dataset)
    verdict = audit(dataset, split.folds, ahead=[e.title for e in experiment.candidate if e.normalise == "person"])
    tasks = [
        _Task(spec=spec, group=group, fold=fold)
        for spec in experiment.candidate
        for group in (experiment.rows.groups if kind_of(spec).reads_inputs else (NO_INPUTS,))
        for fold in split.folds
    ]
    arms: dict[str, list[tuple[_Task, FoldRan]]] = {}
    for done, (task, ran) in enumerate(zip(tasks, _each(tasks, dataset, experiment, n_jobs), strict=True)):
        arms.setdefault(task.key, []).append((task, ran))
        progress(done + 1, len(tasks), task.key)
    told, said = [], {}
    for key, mine in arms.items():
        arm, estimates = _arm(key, mine, dataset, experiment)
        told.append(arm)
        if estimates is not None:
            said[key] = estimates
    if not said:
        raise ExperimentError("no candidate could be trained:\n  " + "\n  ".join(f"{a.key}: {a.why}" for a in told))
    results = Results(
        experiment=experiment,
        libraries=dict(sorted(libraries.items())),
        data=describe(dataset),
        audit=verdict,
        arms=tuple(told),
        notes=(*split.notes, *_doubts(experiment, dataset, split, told)),
    )
    return Ran(results=results, moments=dataset, said=said)


def _doubts(experiment: Experiment, dataset: Dataset, split: Split, arms: Sequence[Arm]) -> tuple[str, ...]:
    asked = None if experiment.alarms.enter is not None else experiment.alarms.budget_per_hour
    tested = np.unique(np.concatenate([fold.test for fold in split.folds]))
    return doubts(dataset, tested, arms, false_per_hour=asked)


def _each(tasks: list[_Task], dataset: Dataset, experiment: Experiment, n_jobs: int | None) -> Iterator[FoldRan]:
    run_all = Parallel(n_jobs=n_jobs, return_as="generator")
    wanted = {task.spec.normalise for task in tasks}
    read = {"none": dataset, **({"person": against_own(dataset)} if "person" in wanted else {})}
    done: Iterator[FoldRan] = run_all(
        delayed(run_fold)(read[task.spec.normalise], task.fold, task.spec, task.group, experiment) for task in tasks
    )
    return done


def _arm(
    key: str, mine: list[tuple[_Task, FoldRan]], dataset: Dataset, experiment: Experiment
) -> tuple[Arm, Estimates | None]:
    first = mine[0][0]
    parts = [(task.fold.test, ran.said) for task, ran in mine if ran.said is not None]
    arm = Arm(
        key=key,
        candidate=first.spec.title,
        kind=first.spec.kind,
        group=first.group,
        variant=first.fold.variant,
        folds=tuple(ran.about for _, ran in mine),
    )
    if not parts:
        why = NOTHING.format(why=mine[0][1].about.refused)
        return msgspec.structs.replace(arm, why=why), None
    whole = joined(int(dataset.end_s.size), parts)
    judgement = _judged(whole, mine, dataset, experiment)
    return msgspec.structs.replace(arm, judgement=judgement), whole


def _judged(said: Estimates, mine: list[tuple[_Task, FoldRan]], dataset: Dataset, experiment: Experiment) -> Judgement:
    """Everybody's tested rows together, each session by what was chosen without it."""
    choices: dict[int, Choice] = {}
    rows = []
    for task, ran in mine:
        if ran.said is None or ran.about.choice is None:
            continue
        rows.append(task.fold.test)
        choices |= dict.fromkeys(np.unique(dataset.session[task.fold.test]).tolist(), ran.about.choice)
    tested = np.sort(np.concatenate(rows))
    kept = Estimates(
        probability=said.probability[tested],
        low=said.low[tested],
        high=said.high[tested],
        abstention=said.abstention[tested],
        drivers=said.drivers[tested],
        driver_names=said.driver_names,
    )
    return evaluate(
        told_apart(of_rows(dataset, tested), experiment.controls),
        kept,
        [choices[session] for session in np.unique(dataset.session[tested]).tolist()],
        seed=experiment.seed,
        replicates=experiment.evaluation.bootstrap,
        surrogates=experiment.evaluation.surrogates,
    )


def told_apart(moments: Dataset, controls: Mapping[str, Words]) -> Dataset:
    """Return the moments with the names of the ``controls`` as their conditions, where there are any: every other word
    is then left unsaid."""
    if not controls:
        return moments
    names = sorted(controls)
    inside = np.array([np.any([moments.in_condition(word) for word in controls[name]], axis=0) for name in names])
    combinations, which = np.unique(inside.T, axis=0, return_inverse=True)
    said = [BETWEEN.join(name for name, so in zip(names, each, strict=True) if so) for each in combinations.tolist()]
    return replace(moments, condition=np.array(said, np.str_)[which.reshape(-1)])


def _require_controls(experiment: Experiment, dataset: Dataset) -> None:
    for name, words in experiment.controls.items():
        if not any(dataset.in_condition(word).any() for word in words):
            raise DatasetError(
                f"controls.{name}: no moment is in {' or '.join(map(repr, words)) or 'no word at all'}: look at"
                " the words with --describe, or take it out"
            )
