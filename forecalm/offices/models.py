"""The shelf, rehearsals, what models foretold and results of experiments in; what pages of models say out.

What loads scikit-learn is imported where it is first needed: a service without a trained model starts without it.
"""

import math
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from alerts.errors import AlertError
from alerts.policy import Policy
from alerts.rehearsal.evidence import Compared, Person, decode
from alerts.rehearsal.evidence import Side as Replayed
from alerts.rehearsal.judging import lead_of
from console.research.office import (
    Arm,
    CardPart,
    Disagreement,
    Experiment,
    Model,
    ModelCard,
    Models,
    Rehearsed,
    Side,
)
from forecalm.installation import Installation
from forecalm.watching.foretold import DAYS_KEPT, FOLDER, minutes_of
from forecalm.watching.watchers import Choice
from models.errors import ExperimentError, ShelfError
from models.risk import TRAINING_FREE

if TYPE_CHECKING:
    from models.evaluation.judgement import Judgement
    from models.reports.evidence import Evidence

EXPERIMENTS: Final = "experiments"  # in an installation: folders of results, as ``forecalm evaluate --out`` writes them
ENDING: Final = ".results"

FIGURES: Final = (
    "event_sensitivity",
    "false_alarms_per_hour",
    "time_in_warning",
    "improvement_over_chance",
    "auroc",
    "coverage",
)
"""What a page shows of an arm; the whole report has all of them."""


class Shelved:
    """What is known of models. Called from any thread; keeps nothing."""

    def __init__(self, here: Installation, choice: Callable[[], Choice]) -> None:
        self._here = here
        self._choice = choice

    def models(self) -> Models:
        """See ``Research.models``."""
        from models.shelf.pointers import Pointers
        from models.shelf.shelf import Shelf

        choice, shelf = self._choice(), Shelf(self._here.models)
        try:
            standing = Pointers(shelf).standing()
            names = {each.name for each in (standing.champion, standing.shadow) if each is not None}
            found = tuple(self._model(name) for name in sorted({*shelf.names(), *names}))
            faults = choice.faults
        except (ShelfError, OSError) as error:
            found, faults = (), (*choice.faults, _plain(error))
        return Models(
            watches=TRAINING_FREE if choice.champion is None else choice.champion.name,
            shadow="" if choice.shadow is None else choice.shadow.name,
            faults=tuple(dict.fromkeys(faults)),
            models=found,
            disagree=self._disagree(choice),
            days=DAYS_KEPT,
        )

    def _model(self, name: str) -> Model:
        from forecalm.shipped import readable, simulated
        from models.shelf.pointers import Pointers
        from models.shelf.shelf import Shelf

        shelf = Shelf(self._here.models)
        standing = Pointers(shelf).standing()
        pointed = (("champion", standing.champion), ("shadow", standing.shadow))
        role = next((what for what, each in pointed if each is not None and each.name == name), "")
        try:
            manifest, _ = readable(shelf, name).look(name)
        except (ShelfError, OSError) as error:
            return Model(
                name=name, role=role, candidate="", made_at="", people=0, simulated=False, refused=_plain(error)
            )
        return Model(
            name=name,
            role=role,
            candidate=manifest.candidate,
            made_at=manifest.made_at,
            people=len(manifest.trained_on),
            simulated=simulated(manifest),
            refused="",
        )

    def _disagree(self, choice: Choice) -> tuple[Disagreement, ...]:
        """By the minutes that were written while both ran: see ``forecalm.watching.foretold``."""
        if choice.shadow is None:
            return ()
        champion = TRAINING_FREE if choice.champion is None else choice.champion.name
        told = _level(None if choice.champion is None else choice.champion.policy)
        theirs = _level(choice.shadow.policy)
        counts: dict[str, list[float]] = defaultdict(lambda: [0, 0, 0, 0, 0.0])
        for minute in minutes_of(self._here.folder / FOLDER):
            shadow = minute.shadow
            if shadow is None or (minute.told.model, shadow.model) != (champion, choice.shadow.name):
                continue
            if minute.told.highest is None or shadow.highest is None:
                continue
            if minute.told.mean is None or shadow.mean is None:
                continue
            mine = counts[minute.wearer]
            a, b = minute.told.highest >= told, shadow.highest >= theirs
            mine[0] += 1
            mine[1] += a and b
            mine[2] += a and not b
            mine[3] += b and not a
            mine[4] += abs(minute.told.mean - shadow.mean)
        return tuple(
            Disagreement(
                wearer=wearer,
                minutes=int(minutes),
                both=int(both),
                champion_alone=int(alone),
                shadow_alone=int(shadow_alone),
                apart=apart / minutes,
            )
            for wearer, (minutes, both, alone, shadow_alone, apart) in sorted(counts.items())
        )

    def card(self, name: str) -> ModelCard:
        """See ``Research.card``; raises LookupError where there is no such model."""
        from forecalm.shipped import limits_of, readable
        from models.reports import card as cards
        from models.shelf.shelf import Shelf

        model = self._model(name)
        if model.refused:
            if name not in Shelf(self._here.models).names():
                raise LookupError(f"model: there is no {name[:40]!r}")
            return ModelCard(model=model, parts=(), rehearsed=(), rehearsed_s=None)
        manifest, digest = readable(Shelf(self._here.models), name).look(name)
        known = cards.Known(manifest=replace(manifest, limits=limits_of(manifest)), digest=digest, role=model.role)
        parts = [
            CardPart(title=each.title, says=each.says, heads=each.heads, rows=each.rows)
            for each in cards.sections(known)
        ]
        people, at_s = self._rehearsed(name)
        return ModelCard(model=model, parts=tuple(parts), rehearsed=people, rehearsed_s=at_s)

    def _rehearsed(self, name: str) -> tuple[tuple[Rehearsed, ...], float | None]:
        """The last rehearsal of a model, person by person; None where there is none that can be read."""
        from forecalm.rehearsing.proof import path_of

        path = path_of(self._here, name)
        try:
            evidence = decode(path.read_bytes(), path.name)
        except (OSError, AlertError):
            return (), None
        people = [_person(person, way) for person in evidence.people for way in person.ways]
        return tuple(people), evidence.at_s

    def experiments(self) -> list[Experiment]:
        """See ``Research.experiments``."""
        folder = self._here.folder / EXPERIMENTS
        return [self._experiment(path) for path in sorted(folder.glob(f"*{ENDING}")) if path.is_dir()]

    def _experiment(self, path: Path) -> Experiment:
        from models.experiments.results import RESULTS
        from models.experiments.results import decode as decode_results

        name = path.name.removesuffix(ENDING)
        try:
            results = decode_results((path / RESULTS).read_bytes(), origin=path.name)
        except (ExperimentError, OSError) as error:
            return Experiment(name=name, title=name, people=0, sessions=0, events=0, why=_plain(error))
        studies = results.data.studies
        return Experiment(
            name=name,
            title=results.experiment.name,
            people=sum(each.people for each in studies),
            sessions=sum(each.sessions for each in studies),
            events=sum(each.events for each in studies),
            arms=tuple(
                Arm(
                    key=arm.key,
                    figures={} if arm.judgement is None else {n: _spread(arm.judgement, n) for n in FIGURES},
                    why=arm.why,
                )
                for arm in results.arms
            ),
            warnings=tuple(results.notes),
        )

    def _evidence(self, path: Path) -> "Evidence":
        from models.experiments.results import EXPERIMENT, PREDICTIONS, RESULTS
        from models.reports.evidence import read

        there = {name: path / name for name in (RESULTS, EXPERIMENT, PREDICTIONS)}
        return read({name: each.read_bytes() for name, each in there.items() if each.is_file()}, origin=path.name)

    def report(self, name: str) -> bytes:
        """See ``Research.report``; raises LookupError where there are no such results, or none that hold together."""
        from forecalm.commands.reporting import tokens
        from models.reports.report import report

        known = {each.name.removesuffix(ENDING): each for each in (self._here.folder / EXPERIMENTS).glob(f"*{ENDING}")}
        if name not in known:
            raise LookupError(f"experiment: there is no {name[:40]!r}")
        try:
            return report([self._evidence(known[name])], tokens=tokens())
        except (ExperimentError, OSError) as error:
            raise LookupError(_plain(error)) from error


def _level(policy: Policy | None) -> float:
    return (policy or Policy()).enter


def _person(person: Person, way: Compared) -> Rehearsed:
    return Rehearsed(
        wearer=person.wearer,
        way=way.way,
        worn_s=way.worn_s,
        events=len(way.events),
        champion=_side(way.champion, way.worn_s),
        candidate=_side(way.candidate, way.worn_s),
        outcome=person.outcome,
    )


def _side(side: Replayed, worn_s: float) -> Side:
    return Side(
        model=side.model,
        told=side.told,
        lead_s=lead_of(side.leads_s),
        false=len(side.false_s),
        watched=side.watched_s / worn_s if worn_s else math.nan,
    )


def _spread(judgement: "Judgement", name: str) -> str:
    """The mean over people with its 95 % interval, "" where it cannot be told."""
    found = judgement.over_people.get(name)
    if found is None or found.mean is None:
        return ""
    ends = "" if found.low is None or found.high is None else f" ({found.low:.2f} to {found.high:.2f})"
    return f"{found.mean:.2f}{ends}"


def _plain(error: Exception) -> str:
    """What is wrong, without where files lie."""
    return (error.strerror or "cannot be read") if isinstance(error, OSError) else str(error)
