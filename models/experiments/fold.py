"""One fold and one candidate in; trained on its training rows alone, what it says of the tested ones out.

Thresholds are chosen inside the training part. Everything is done in one thread of linear algebra, so that the bits do
not depend on how many folds run side by side.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from models.datasets.dataset import LEFT_OUT, POSITIVE, Array, Dataset
from models.datasets.selection import of_rows, with_inputs
from models.errors import DatasetError, ExperimentError, ModelError
from models.estimates import Estimates, Fitted
from models.estimators.training import read
from models.evaluation.choosing import choose
from models.evaluation.judgement import Choice
from models.experiments.candidates import make
from models.experiments.results import NO_INPUTS, FoldSaid
from models.experiments.spec import CandidateSpec, Experiment
from models.experiments.unseen import unseen
from models.risk import Abstention
from models.splits.fold import Fold, blinded
from models.splits.folds import inner
from models.splits.leakage import audit, refuse_fitted_on_test, refuse_foresight

INNER_PARTS: Final = 3  # of the training part where a threshold is chosen: each model there has two thirds of it
NOT_INSIDE: Final = "the threshold was chosen on the very rows that were trained on, which is too sure: {why}"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FoldRan:
    """What was ``said`` of the fold's test rows, and the file's account of it; ``said`` None: it was refused."""

    about: FoldSaid
    said: Estimates | None


def run_fold(dataset: Dataset, fold: Fold, spec: CandidateSpec, group: str, experiment: Experiment) -> FoldRan:
    """Train, choose, estimate. Raises LeakageError where something looked at what it may not see."""
    with threadpool_limits(limits=1):
        part = of_group(dataset, group)
        training, test = of_rows(part, fold.training), of_rows(part, fold.test)
        about = FoldSaid(
            name=fold.name,
            people=test.people,
            trained_people=len(training.people),
            trained_rows=int((training.target != LEFT_OUT).sum()),
            trained_positives=int((training.target == POSITIVE).sum()),
            tested_rows=int(fold.test.size),
        )
        with blamed(spec):
            try:
                fitted = make(spec).fit(training, seed=experiment.seed)
                said = checked(fitted, blinded(test), spec.title)
                choice, notes = chosen(spec, training, fitted, experiment)
            except DatasetError as error:
                return FoldRan(about=msgspec.structs.replace(about, refused=str(error)), said=None)
            refuse_fitted_on_test(fitted, fold, part)
            refuse_foresight(fitted, test, fold)
        return FoldRan(
            about=msgspec.structs.replace(about, choice=choice, drivers=_drivers(said), notes=notes), said=said
        )


@contextmanager
def blamed(spec: CandidateSpec) -> Iterator[None]:
    """Raise ExperimentError, with the line, where a researcher's own candidate fails: it is no fault of this program,
    whose own are let through as they are."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:
        if ":" not in spec.kind:
            raise
        at = extract_tb(error.__traceback__)[-1]
        said = f"{type(error).__name__}: {error}"
        raise ExperimentError(
            f"candidate {spec.title!r}: failed in {Path(at.filename).name}, line {at.lineno}: {said}"
        ) from error


def of_group(dataset: Dataset, group: str) -> Dataset:
    """Return the data set with the inputs of one group alone. Raises DatasetError where it has none of them."""
    if group in (NO_INPUTS, "combined"):
        return dataset
    names = read(dataset.input_names, group)  # type: ignore[arg-type]  # the others are its own words
    if not names:
        raise DatasetError(f"rows.groups: the data set has no inputs of {group}: leave it out")
    return with_inputs(dataset, names)


def chosen(
    spec: CandidateSpec, training: Dataset, fitted: Fitted, experiment: Experiment
) -> tuple[Choice, tuple[str, ...]]:
    """Return the alarm rule and the threshold of single moments, chosen by estimates of training rows that the model
    which made them had not seen; and notes."""
    moments, said, notes = _left_out(spec, training, fitted, experiment)
    choice = _choice(moments, said, experiment)
    return choice, (*notes, choice.note) if choice.note else notes


def _left_out(
    spec: CandidateSpec, training: Dataset, fitted: Fitted, experiment: Experiment
) -> tuple[Dataset, Estimates, tuple[str, ...]]:
    try:
        quick = unseen(make(spec), fitted, training)
        return *(out_of_fold(training, spec, experiment.seed) if quick is None else quick), ()
    except DatasetError as error:
        said = checked(fitted, blinded(training), spec.title)
        return training, said, (NOT_INSIDE.format(why=error),)


def _choice(moments: Dataset, said: Estimates, experiment: Experiment) -> Choice:
    alarms = experiment.alarms
    per_hour = alarms.budget_per_hour if experiment.is_forecast or alarms.false_per_hour is not None else None
    if alarms.enter is not None:
        choice = choose(moments, said, rule=alarms.rule)
        return Choice(rule=alarms.rule, threshold=choice.threshold, prevalence=choice.prevalence)
    return choose(
        moments,
        said,
        rule=alarms.rule,
        shapes=alarms.shapes,
        false_alarms_per_hour=per_hour,
        time_in_warning=alarms.time_in_warning,
    )


def out_of_fold(training: Dataset, spec: CandidateSpec, seed: int) -> tuple[Dataset, Estimates]:
    """Return the training moments that could be left out, and what models trained without them say of them."""
    split = inner(training, parts=INNER_PARTS, seed=seed)
    audit(training, split.folds)
    rows = np.sort(np.concatenate([fold.test for fold in split.folds]))
    parts = []
    for fold in split.folds:
        fitted = make(spec).fit(of_rows(training, fold.training), seed=seed)
        parts.append((fold.test, checked(fitted, blinded(of_rows(training, fold.test)), spec.title)))
    whole = joined(int(training.end_s.size), parts)
    return of_rows(training, rows), Estimates(
        probability=whole.probability[rows],
        low=whole.low[rows],
        high=whole.high[rows],
        abstention=whole.abstention[rows],
        drivers=whole.drivers[rows],
        driver_names=(),
    )


def checked(fitted: Fitted, moments: Dataset, title: str) -> Estimates:
    """Return its estimates of ``moments``. Raises DatasetError where they are none: a candidate may be anybody's."""
    said, n = fitted.estimate(moments), moments.end_s.size
    for what in ("probability", "low", "high", "abstention"):
        shape = np.shape(getattr(said, what))
        if shape != (n,):
            raise DatasetError(f"{title}: {what} of {n} moments must be ({n},), not {shape}")
    known = said.probability[np.isfinite(said.probability)]
    if np.isinf(said.probability).any() or (known < 0).any() or (known > 1).any():
        raise DatasetError(f"{title}: a probability lies between 0 and 1, or is NaN where it abstains")
    return said


def joined(n: int, parts: list[tuple[NDArray[np.intp], Estimates]]) -> Estimates:
    """Return estimates of n rows from those of some; abstention is -1 where nobody was asked. Drivers are dropped."""
    probability, low, high = (np.full(n, np.nan) for _ in range(3))
    abstention = np.full(n, -1, np.int8)
    for rows, said in parts:
        probability[rows], low[rows], high[rows] = said.probability, said.low, said.high
        abstention[rows] = np.where(np.isnan(said.probability), said.abstention, Abstention.NONE)
    return Estimates(
        probability=probability,
        low=low,
        high=high,
        abstention=abstention,
        drivers=np.empty((n, 0)),
        driver_names=(),
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Trained:
    """What is put on the shelf: ``fitted`` on every row, with the ``choice`` and what was ``said`` of moments that were
    ``left_out`` inside the training; ``notes`` where none could be."""

    fitted: Fitted
    choice: Choice
    left_out: Dataset
    said: Estimates
    notes: tuple[str, ...]


def train_for_good(dataset: Dataset, spec: CandidateSpec, group: str, experiment: Experiment) -> Trained:
    """Train on everybody. Raises DatasetError where the candidate cannot be trained."""
    with threadpool_limits(limits=1), blamed(spec):
        part = of_group(dataset, group)
        fitted = make(spec).fit(part, seed=experiment.seed)
        moments, said, notes = _left_out(spec, part, fitted, experiment)
        choice = _choice(moments, said, experiment)
        notes = (*notes, choice.note) if choice.note else notes
        return Trained(fitted=fitted, choice=choice, left_out=moments, said=said, notes=notes)


def _drivers(said: Estimates) -> dict[str, float]:
    size: Array = np.abs(said.drivers[np.isfinite(said.probability)])
    if not size.size:
        return {}
    mean = size.mean(axis=0)
    total = mean.sum()
    return {name: float(each / total) for name, each in zip(said.driver_names, mean, strict=True)} if total > 0 else {}
