"""An experiment and its data set in, trained models on the shelf out, each with what is known of how good it is."""

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from forecalm.checkout import commit
from forecalm.commands.modelling_results import read
from forecalm.config import load as load_config
from forecalm.installation import Installation
from models.datasets.dataset import Dataset
from models.datasets.selection import digest, of_studies, with_inputs
from models.errors import ExperimentError
from models.evaluation.judging import evaluate
from models.experiments.candidates import LIVE, kind_of
from models.experiments.describing import require_two_sides
from models.experiments.fold import of_group, train_for_good
from models.experiments.results import EXPERIMENT, NO_INPUTS, RESULTS, Arm, Results
from models.experiments.spec import AcrossStudies, CandidateSpec, Experiment
from models.shelf.about import LIMITS, about
from models.shelf.manifest import About, Code, Evaluated
from models.shelf.shelf import Shelf

MODELS: Final = "models"  # the shelf's folder in an installation
CHOICE: Final = "choice.json"  # beside a model: its alarm rule, threshold and prevalence
METRICS: Final = (
    "auroc",
    "auprc",
    "balanced_accuracy",
    "brier_skill_own",
    "calibration_slope",
    "ece",
    "event_sensitivity",
    "false_alarms_per_hour",
    "time_in_warning",
    "coverage",
)

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What is to be trained, and where it goes."""

    experiment: Experiment
    text: str
    candidates: tuple[str, ...]
    group: str
    config: Path | None
    shelf: Path | None
    trust: tuple[str, ...]
    evaluated: Path | None = None

    @property
    def chosen(self) -> tuple[CandidateSpec, ...]:
        """The candidates that are trained: those named, else all that read inputs as they are live, for only these can
        run live."""
        if self.candidates:
            return tuple(each for each in self.experiment.candidate if each.title in self.candidates)
        return tuple(each for each in self.experiment.candidate if kind_of(each).reads_inputs and not _ahead(each))

    def name_of(self, spec: CandidateSpec) -> str:
        """What the model is called on the shelf."""
        parts = (self.experiment.name, spec.title, *((self.group,) if self.group != "combined" else ()))
        return re.sub(r"[^a-z0-9_-]+", "-", "-".join(parts).lower())[:64]

    def open_shelf(self) -> Shelf:
        """Return the shelf, which need not be there yet."""
        if self.shelf is not None:
            return Shelf(self.shelf)
        return Shelf(Installation(load_config(self.config)).folder / MODELS)

    def arm_of(self, spec: CandidateSpec) -> tuple[Results, Arm] | None:
        """Return what ``evaluated`` has of a candidate that is trained; None where no results were named. Raises
        ExperimentError where it has none of it."""
        if self.evaluated is None:
            return None
        results = read(self.evaluated)
        group = self.group if kind_of(spec).reads_inputs else NO_INPUTS
        asked = {(each.title, each.kind): each.parameters for each in results.experiment.candidate}
        for arm in results.arms:
            same = (arm.candidate, arm.group) == (spec.title, group)
            if same and arm.judgement is not None and asked.get((spec.title, spec.kind)) == spec.parameters:
                return results, arm
        there = ", ".join(arm.key for arm in results.arms if arm.judgement is not None)
        raise ExperimentError(
            f"--evaluated {self.evaluated}: holds no figures of {spec.title}/{group} as it is to be trained; there is"
            f" {there}: evaluate this experiment, or train those with --candidate and --group"
        )

    def require_same(self, dataset: Dataset) -> None:
        """Raise ExperimentError where results were named that are of other data than these."""
        if self.evaluated is not None and (said := read(self.evaluated).data.digest) != (own := digest(dataset)):
            raise ExperimentError(
                f"--evaluated {self.evaluated}: is of other data (digest {said[:16]}) than these ({own[:16]}): evaluate"
                " this experiment again, or leave it out"
            )

    def require(self) -> None:
        """Raise ExperimentError where it could not be kept in the end, before anything long is done."""
        known = {each.title for each in self.experiment.candidate}
        if unknown := [name for name in self.candidates if name not in known]:
            there = ", ".join(sorted(known))
            raise ExperimentError(f"--candidate {unknown[0]!r}: is not in the experiment; there is {there}")
        if not self.chosen:
            raise ExperimentError(
                "candidate: none reads inputs as they come live, so that none could run live: add logistic"
            )
        if blind := [each.title for each in self.chosen if not kind_of(each).runs_live]:
            could = [each.title for each in self.experiment.candidate if kind_of(each).runs_live and not _ahead(each)]
            live = ", ".join(could) or f"none here does; of kinds there are {', '.join(LIVE)}"
            raise ExperimentError(
                f"--candidate {blind[0]!r}: reads no sensor and cannot run live, so that there is nothing to keep:"
                f" evaluate it, and train one that runs live: {live}"
            )
        if ahead := [each.title for each in self.chosen if _ahead(each)]:
            raise ExperimentError(
                f'candidate {ahead[0]!r}: normalise = "person" looks ahead, and no model that is kept for live use may:'
                " evaluate it, or train it without"
            )
        if (features := self.experiment.rows.features) != "live":
            raise ExperimentError(f'rows.features: {features!r} do not run live: a model to keep reads "live"')
        for each in self.chosen:
            self.arm_of(each)
        names = [self.name_of(each) for each in self.chosen]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ExperimentError(
                f"candidates: two would be called {twice[0]!r} on the shelf, where names are small letters and at most"
                " 64: give one of them another name, or the experiment a shorter one"
            )
        kept = self.open_shelf().names()
        if taken := [name for each in self.chosen if (name := self.name_of(each)) in kept]:
            raise ExperimentError(
                f"a model {taken[0]!r} is on the shelf already, and none is ever overwritten: give the experiment"
                " another name, or move that folder away"
            )


def _ahead(spec: CandidateSpec) -> bool:
    return spec.normalise != "none"


def train_all(training: Training, dataset: Dataset, *, progress: Progress) -> dict[str, dict[str, float | None]]:
    """Train, then put everything on the shelf; return the figures of each, by name.

    Figures are of rows left out inside what was trained on: whole people, where there are several. Raises
    DatasetError where a candidate cannot be trained; then nothing is put anywhere.
    """
    said = training.experiment
    training.require_same(dataset)
    dataset = _for_training(said, dataset)
    require_two_sides(dataset)
    made: list[tuple[str, object, About, dict[str, bytes]]] = []
    for done, spec in enumerate(training.chosen):
        progress(done, len(training.chosen), spec.title)
        group = training.group if kind_of(spec).reads_inputs else "combined"
        trained = train_for_good(dataset, spec, group, said)
        judged = evaluate(
            trained.left_out,
            trained.said,
            trained.choice,
            seed=said.seed,
            replicates=said.evaluation.bootstrap,
            surrogates=said.evaluation.surrogates,
        )
        metrics = {name: judged.over_people[name].mean for name in METRICS}
        read = of_group(dataset, group)
        told = about(
            with_inputs(read, getattr(trained.fitted, "input_names", read.input_names)),
            candidate=spec.title,
            experiment=training.text,
            seed=said.seed,
            made_s=time.time(),
            code=Code(version=version("forecalm"), commit=commit()),
            metrics=metrics,
            rule=trained.choice.rule,
            evaluated=_evaluated(training, spec),
            limits=" ".join((LIMITS, *(f"{note[0].upper()}{note[1:]}." for note in trained.notes))),
        )
        beside = {EXPERIMENT: training.text.encode(), CHOICE: msgspec.json.encode(trained.choice)}
        made.append((training.name_of(spec), trained.fitted, told, beside))
    with TemporaryDirectory() as trial:
        for shelf in (Shelf(Path(trial)), training.open_shelf()):  # what is refused is refused before anything is kept
            for name, fitted, told, beside in made:
                shelf.keep(name, fitted, told, trust=training.trust, files=beside)
    return {name: dict(told.metrics) for name, _, told, _ in made}


def _evaluated(training: Training, spec: CandidateSpec) -> Evaluated | None:
    found = training.arm_of(spec)
    if found is None or training.evaluated is None or found[1].judgement is None:
        return None
    over_people = found[1].judgement.over_people
    return Evaluated(
        digest=hashlib.sha256((training.evaluated / RESULTS).read_bytes()).hexdigest(),
        arm=found[1].key,
        figures={name: over_people[name].mean for name in METRICS},
    )


def _for_training(said: Experiment, dataset: Dataset) -> Dataset:
    """Everybody, or the studies that the split names to be trained on."""
    if isinstance(said.split, AcrossStudies) and said.split.train:
        return of_studies(dataset, said.split.train)
    return dataset
