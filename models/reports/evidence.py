"""The files of a results folder in; what they say, proved against each other, out.

A report shows nothing that its predictions do not give: every figure of every person, and of everybody together, is
judged again from ``predictions.npz`` and must come to what ``results.json`` says.
"""

import io
import math
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset import Dataset, Event, Index, Session
from models.datasets.selection import of_rows
from models.errors import ExperimentError
from models.estimates import Estimates
from models.evaluation.judgement import VERSION, Choice, Judgement
from models.evaluation.judging import evaluate
from models.experiments.results import EVENT_FIELDS, EXPERIMENT, PREDICTIONS, RESULTS, Arm, Results, decode
from models.experiments.run import told_apart

TOLERANCE: Final = 1e-6
"""Relative; logarithms differ in their last bits between processors, and recalibration carries that on."""

DRAWN: Final = 2  # people drawn again: no interval is held against another, so that as few as there can be
NOT_HELD: Final = ("p_value",)  # stands on surrogates, which take long; what it is the p-value of is held
PREPARED: Final = ("end_s", "session_at", "session", "person", "study", "target", "exclusion", "condition", "worn")
SAID: Final = ("probability", "low", "high", "abstention")
AGAIN: Final = "evaluate the experiment again, and report what that writes"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Evidence:
    """``results``, the ``text`` of the experiment file, the ``moments`` that were judged (without inputs), and what
    each arm ``said`` of them, by key; ``checked`` is the number of figures that were judged again and agreed."""

    results: Results
    text: str
    moments: Dataset
    said: Mapping[str, Estimates]
    checked: int

    def tested(self, arm: Arm) -> "Tested":
        """Return what was tested of an arm, with what was chosen for each session."""
        return _tested(self.moments, self.said[arm.key], arm)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Tested:
    """The tested ``moments``, what was ``said`` of them, and the ``choices``, one for each of their sessions."""

    moments: Dataset
    said: Estimates
    choices: tuple[Choice, ...]


def read(files: Mapping[str, bytes], *, origin: str) -> Evidence:
    """Return what the files of a results folder say. Raises ExperimentError where one is missing, of another version,
    or does not agree with the others."""
    for name in (RESULTS, EXPERIMENT, PREDICTIONS):
        if name not in files:
            raise ExperimentError(f"{origin}: holds no {name}: name a folder that forecalm evaluate has written")
    results = decode(files[RESULTS], origin=f"{origin}/{RESULTS}")
    for version in {arm.judgement.version for arm in results.arms if arm.judgement is not None} - {VERSION}:
        raise ExperimentError(
            f"{origin}/{RESULTS}: figures of version {version}, and these are of {VERSION} and may mean something else:"
            " evaluate the experiment again"
        )
    text = _same_experiment(files[EXPERIMENT], results, f"{origin}/{EXPERIMENT}")
    where = f"{origin}/{PREDICTIONS}"
    arrays = _arrays(files[PREDICTIONS], where)
    moments = _moments(arrays, results, where)
    said = {arm.key: _estimates(arrays, arm, moments, where) for arm in results.arms if arm.judgement is not None}
    checked = 0
    for arm in results.arms:
        if arm.judgement is not None:
            checked += _judged_again(results, arm, arm.judgement, _tested(moments, said[arm.key], arm), origin)
    return Evidence(results=results, text=text, moments=moments, said=said, checked=checked)


def _same_experiment(text: bytes, results: Results, origin: str) -> str:
    """Return the text, every key of which the results must say too; what it leaves out has a default, which another
    version may have had otherwise."""
    try:
        found = msgspec.toml.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ExperimentError(f"{origin}: not TOML: {error}") from None
    other = differs(found, msgspec.to_builtins(results.experiment), "")
    if other:
        raise ExperimentError(f"{origin}: {other} is not what {RESULTS} says of its experiment: {AGAIN}")
    return text.decode()


def differs(said: Any, known: Any, where: str) -> str:  # noqa: ANN401
    """The first place where ``said`` is not in ``known``; "" where all of it is."""
    if isinstance(said, dict) and isinstance(known, dict):
        each = [differs(value, known.get(key), f"{where}.{key}".lstrip(".")) for key, value in said.items()]
    elif isinstance(said, list) and isinstance(known, list | tuple) and len(said) == len(known):
        each = [
            differs(one, other, f"{where}[{i + 1}]") for i, (one, other) in enumerate(zip(said, known, strict=True))
        ]
    else:
        return "" if said == known else where
    return next(filter(None, each), "")


def _arrays(data: bytes, origin: str) -> dict[str, NDArray[Any]]:
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise ExperimentError(f"{origin}: no predictions of an experiment ({error}): {AGAIN}") from None


def _moments(arrays: dict[str, NDArray[Any]], results: Results, origin: str) -> Dataset:
    missing = [name for name in (*PREPARED, *(f"events/{each}" for each in EVENT_FIELDS)) if name not in arrays]
    if missing:
        raise ExperimentError(f"{origin}: has no {missing[0]}, so an older forecalm wrote it, or it was cut: {AGAIN}")
    n = results.data.rows
    if wrong := [name for name in PREPARED if arrays[name].shape != (n,)]:
        raise ExperimentError(f"{origin}: {wrong[0]} is not of the {n:,} moments of {RESULTS}: {AGAIN}")
    session = arrays["session_at"].astype(np.intp)
    events = _events(arrays)
    count = max([int(session.max(initial=-1)), *(each.session for each in events)]) + 1
    first = np.unique(session, return_index=True)
    known = {
        int(i): Session(
            name=str(arrays["session"][at]),
            person=str(arrays["person"][at]),
            study=str(arrays["study"][at]),
            start_s=float(arrays["end_s"][at]),
            end_s=float(arrays["end_s"][session == i][-1]),
        )
        for i, at in zip(*first, strict=True)
    }
    without = Session(name="", person="", study="", start_s=0.0, end_s=0.0)
    return Dataset(
        inputs=np.empty((n, 0)),
        input_names=(),
        end_s=arrays["end_s"].astype(np.float64),
        session=session,
        target=arrays["target"],
        exclusion=arrays["exclusion"],
        event=np.full(n, -1, np.intp),
        condition=arrays["condition"],
        worn=arrays["worn"].astype(np.bool_),
        sessions=tuple(known.get(i, without) for i in range(count)),
        events=events,
        aim=results.experiment.target,
        window_s=results.data.window_s,
        step_s=results.data.step_s,
    )


def _events(arrays: dict[str, NDArray[Any]]) -> tuple[Event, ...]:
    columns = [arrays[f"events/{name}"].tolist() for name in EVENT_FIELDS]
    return tuple(Event(**dict(zip(EVENT_FIELDS, each, strict=True))) for each in zip(*columns, strict=True))


def _estimates(arrays: dict[str, NDArray[Any]], arm: Arm, moments: Dataset, origin: str) -> Estimates:
    for what in SAID:
        if arrays.get(f"{arm.key}/{what}", np.empty(0)).shape != moments.end_s.shape:
            raise ExperimentError(f"{origin}: has no {arm.key}/{what} of every moment: {AGAIN}")
    found = {what: arrays[f"{arm.key}/{what}"] for what in SAID}
    return Estimates(**found, drivers=np.empty((moments.end_s.size, 0)), driver_names=())


def _tested(moments: Dataset, said: Estimates, arm: Arm) -> Tested:
    rows: Index = np.flatnonzero(said.abstention >= 0)
    test = of_rows(moments, rows)
    kept = Estimates(
        **{what: getattr(said, what)[rows] for what in SAID}, drivers=np.empty((rows.size, 0)), driver_names=()
    )
    return Tested(moments=test, said=kept, choices=_choices(test, arm))


def _choices(moments: Dataset, arm: Arm) -> tuple[Choice, ...]:
    """One for each session: that of the fold which tested it. Where a person is tested in several, these follow each
    other in time, each so many rows long as it says."""
    folds = [fold for fold in arm.folds if fold.choice is not None]
    rows = np.bincount(moments.session, minlength=len(moments.sessions))
    left = [fold.tested_rows for fold in folds]
    chosen: dict[int, Choice] = {}
    for at in sorted(range(len(moments.sessions)), key=lambda i: (moments.sessions[i].start_s, i)):
        person = moments.sessions[at].person
        mine = [i for i, fold in enumerate(folds) if person in fold.people]
        if not mine:
            raise ExperimentError(f"{arm.key}: no fold tested {person}: {AGAIN}")
        here = next((i for i in mine if left[i] > 0), mine[-1])
        left[here] -= int(rows[at])
        chosen[at] = folds[here].choice or Choice()
    return tuple(chosen[at] for at in range(len(moments.sessions)))


def _judged_again(results: Results, arm: Arm, judgement: Judgement, tested: Tested, origin: str) -> int:
    again = evaluate(
        told_apart(tested.moments, results.experiment.controls),
        tested.said,
        tested.choices,
        seed=results.experiment.seed,
        replicates=DRAWN,
        surrogates=0,
    )
    ours, theirs = dict(_figures(again)), dict(_figures(judgement))
    for what in sorted(ours.keys() | theirs.keys()):
        if what not in ours or what not in theirs or not _near(ours[what], theirs[what]):
            raise ExperimentError(
                f"{origin}: {arm.key}: {what} is {theirs.get(what, 'not there')} in {RESULTS}, and its predictions give"
                f" {ours.get(what, 'no such figure')}: one of them is not as it was written: {AGAIN}"
            )
    return len(ours)


def _figures(of: Judgement) -> Iterator[tuple[str, float | None]]:
    """Every figure that does not stand on lots, with whose it is."""
    for person in of.people:
        for name, figure in person.figures.items():
            if name not in NOT_HELD:
                yield f"{name} of {person.person}", figure.value
        for name in ("wear_h", "valid_h", "events", "alarms", "true_alarms", "false_alarms"):
            yield f"{name} of {person.person}", float(getattr(person, name))
    for name, spread in of.over_people.items():
        if name not in NOT_HELD:
            yield f"mean {name}", spread.mean
    for name, figure in of.pooled.items():
        if name not in NOT_HELD and not name.startswith("people_above_chance"):
            yield f"pooled {name}", figure.value
    for event in of.events:
        yield f"lead time of {event.what} of {event.person} at {event.onset_s}", event.lead_s


def _near(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
