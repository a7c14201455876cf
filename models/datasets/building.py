"""Recorded sessions and labels in, a data set out: rows by the live code, targets by ``models.datasets.targets``."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from operator import attrgetter
from typing import Final

import numpy as np

from ingest.labels import Label, iso
from models.datasets.dataset import LEFT_OUT, POSITIVE, STEP_S, WINDOW_S, Array, Dataset, Event, Exclusion, Session
from models.datasets.events import Happening, events_of, happenings_of
from models.datasets.rows import Builder, FeatureSet, Making, Recorded, SessionRows, looks_back_s, rows_of, version_of
from models.datasets.target import ForecastTarget, Target
from models.datasets.targets import Told, condition_of, tell_forecast, tell_state
from models.datasets.words import is_said, require_known, require_sound, words_of
from models.errors import DatasetError

Source = Callable[[], Iterable[Recorded]]
"""One person's sessions, in order of time, read when they are asked for."""
Progress = Callable[[int, int], None]
"""``progress(done, total)``, in people."""

PRIOR: Final = ("incident_before", "since_incident_s")
NAMED: Final = 3  # people whom a note names
"""The last two columns of Imbiriba's set. Of a state there are no incidents, and the second would be the clock."""


def build(
    recorded: Iterable[Recorded],
    aim: Target,
    *,
    window_s: float = WINDOW_S,
    step_s: float = STEP_S,
    features: FeatureSet = "live",
    scores: Mapping[str, Builder] | None = None,
) -> Dataset:
    """Return the data set of sessions in memory, in any order: see ``build_from``."""
    people: dict[tuple[str, str], list[Recorded]] = defaultdict(list)
    for each in recorded:
        people[each.session.study, each.session.person].append(each)
    sources: list[Source] = [
        partial(list, sorted(each, key=lambda one: (one.session.start_s, one.session.name))) for each in people.values()
    ]
    return build_from(sources, aim, window_s=window_s, step_s=step_s, features=features, scores=scores)


def build_from(
    sources: Sequence[Source],
    aim: Target,
    *,
    window_s: float = WINDOW_S,
    step_s: float = STEP_S,
    features: FeatureSet = "live",
    scores: Mapping[str, Builder] | None = None,
    n_jobs: int = 1,
    progress: Progress = lambda *_: None,
    notes: Sequence[str] = (),
) -> Dataset:
    """Return the data set of people, each of whom is a source; people side by side in ``n_jobs`` processes, to the same
    bits.

    Rows stand every ``step_s`` from the beginning of a session; sessions are in order of study, person and time.
    Features are the ``live`` ones by the code that runs live, or one of the sets of ``signals.sets`` at the same
    moments. ``scores`` are detectors that run over the same stream. ``notes`` are put before its own.

    Raises DatasetError, saying what to change, where there are no sessions, all of them are too short, or target and
    labels do not fit.
    """
    making = Making(window_s=window_s, step_s=step_s, features=features, scores=dict(scores or {}))
    making.require()
    require_sound(aim)
    rows: list[SessionRows] = []
    said = list(notes)
    for done, some in enumerate(_each(sources, making, n_jobs)):
        rows += some
        if not some:
            who = getattr(sources[done], "person", f"person {done + 1} of {len(sources)}")
            said.append(f"{who}: left out: there are no sessions")
        progress(done + 1, len(sources))
    rows.sort(key=lambda one: (one.session.study, one.session.person, one.session.start_s, one.session.name))
    return _assembled(rows, aim, making, said)


def _each(sources: Sequence[Source], making: Making, n_jobs: int) -> Iterable[list[SessionRows]]:
    if n_jobs == 1:
        return (_read(source, making) for source in sources)
    from joblib import Parallel, delayed

    found: Iterable[list[SessionRows]] = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_read)(source, making) for source in sources
    )
    return found


def _read(source: Source, making: Making) -> list[SessionRows]:
    return list(rows_of(source(), making))


def _assembled(rows: list[SessionRows], aim: Target, making: Making, notes: list[str]) -> Dataset:
    notes += [f"{each.session.name}: {note}" for each in rows for note in each.notes]
    kept = _long_enough(rows, making, notes)
    require_apart(kept)
    people = _people(kept)
    labels = {who: _labels(kept, of) for who, of in people.items()}
    notes += require_known(aim, [label for each in labels.values() for label in each])
    told: list[Told] = [None] * len(kept)  # type: ignore[list-item]  # each is set below
    events: list[Event] = []
    for who, of in people.items():
        sessions = [kept[i].session for i in of]
        notes += _lying(aim, who[1], labels[who], sessions)
        if isinstance(aim, ForecastTarget):
            happenings = happenings_of(aim, labels[who])
            mine = events_of(aim, happenings, sessions, of)
            for i in of:
                numbers = {n: len(events) + k for k, (n, each) in enumerate(mine) if each.session == i}
                told[i] = _foretold(aim, labels[who], happenings, numbers, kept[i], making)
            events += [event for _, event in mine]
        else:
            for i in of:
                told[i] = tell_state(aim, labels[who], kept[i].session, kept[i].end_s, window_s=making.window_s)
    names, inputs = _inputs(kept, aim, making, events)
    data = _joined(kept, told, labels, aim, making, tuple(events), names, inputs)
    return replace(data, notes=(*notes, *_said_of(data)))


def _foretold(
    aim: ForecastTarget,
    labels: Sequence[Label],
    happenings: Sequence[Happening],
    numbers: Mapping[int, int],
    rows: SessionRows,
    making: Making,
) -> Told:
    """What the moments of a session say, their events by their number in the data set."""
    told = tell_forecast(aim, labels, happenings, tuple(numbers), rows.session, rows.end_s, window_s=making.window_s)
    of = np.array([*(numbers.get(n, -1) for n in range(len(happenings))), -1], np.intp)
    return replace(told, event=of[told.event])


def _long_enough(rows: list[SessionRows], making: Making, notes: list[str]) -> list[SessionRows]:
    kept = [each for each in rows if each.end_s.size and each.end_s[-1] - each.session.start_s >= making.window_s]
    if not rows:
        raise DatasetError("sessions: there are none: look at the paths, or at whom the people's names ask for")
    if not kept:
        longest_s = max(each.session.end_s - each.session.start_s for each in rows)
        raise DatasetError(
            f"sessions: all are too short for a window_s of {making.window_s:g}: the longest lasts {longest_s:.0f} s"
        )
    kept_names = {id(each) for each in kept}
    notes += [
        f"{each.session.name}: left out: shorter than a window of {making.window_s:g} s"
        for each in rows
        if id(each) not in kept_names
    ]
    return kept


def require_apart(rows: Sequence[SessionRows]) -> None:
    """Raises DatasetError where the same recording is there twice: it would be trained on and judged by."""
    seen: dict[str, Session] = {}
    for each in rows:
        other = seen.setdefault(each.session.digest, each.session)
        if other is not each.session:
            one, two = (f"{of.name} of {of.person} in study {of.study!r}" for of in (each.session, other))
            mend = "leave one of them out" if each.session.study == other.study else "name each person in one study"
            raise DatasetError(f"sessions: {one} and {two} are the same recording: {mend}")


def _people(rows: Sequence[SessionRows]) -> dict[tuple[str, str], list[int]]:
    people: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, each in enumerate(rows):
        people[each.session.study, each.session.person].append(i)
    studies: dict[str, str] = {}
    for study, person in people:
        if studies.setdefault(person, study) != study:
            raise DatasetError(
                f"people: {person!r} is of {studies[person]!r} and of {study!r}: one pseudonym must be one person;"
                " name them otherwise"
            )
    return people


def _labels(rows: Sequence[SessionRows], of: Sequence[int]) -> list[Label]:
    """Everything that is said of a person, once, in order of time."""
    said = dict.fromkeys(label for i in of for label in rows[i].labels)
    return sorted(said, key=attrgetter("start_s", "end_s", "what", "rater"))


def _lying(aim: Target, person: str, labels: Sequence[Label], sessions: Sequence[Session]) -> list[str]:
    """Return a note on labels of the target outside of a person's sessions; raises DatasetError where all are."""
    words = [word for each in words_of(aim).values() for word in each]
    named = [label for label in labels if is_said(label, words)]
    ahead_s = aim.horizon_s + aim.latency_s if isinstance(aim, ForecastTarget) else 0.0
    outside = [
        label
        for label in named
        if not any(label.start_s < each.end_s + ahead_s and label.end_s >= each.start_s for each in sessions)
    ]
    if not outside:
        return []
    first = outside[0]
    near = min(sessions, key=lambda each: max(each.start_s - first.end_s, first.start_s - each.end_s))
    said = (
        f"{person}: {len(outside)} of {len(named)} labels of the target lie outside of the recordings, the first"
        f" {first.what!r} at {iso(first.start_s)}; the nearest recording, {near.name}, lasts from {iso(near.start_s)}"
        f" to {iso(near.end_s)}"
    )
    if len(outside) == len(named) and aim.doubtful == "refuse":
        raise DatasetError(
            f"{said}: look at the clock and the time zone of the labels, leave the person out, or let it be with"
            ' target.doubtful = "leave out"'
        )
    return [said]


def _inputs(
    rows: Sequence[SessionRows], aim: Target, making: Making, events: Sequence[Event]
) -> tuple[tuple[str, ...], list[Array]]:
    """Return names and values of what models read; of Imbiriba's set with the incidents that are over, if any count."""
    names, values = rows[0].names, [each.inputs for each in rows]
    if making.features != "imbiriba":
        return names, values
    names, values = tuple(n for n in names if n not in PRIOR), [x[:, : -len(PRIOR)] for x in values]
    if not isinstance(aim, ForecastTarget):
        return names, values
    prior = []
    for i, each in enumerate(rows):
        over = sorted((e.end_s, e.onset_s) for e in events if e.session == i)
        told = np.searchsorted([end_s for end_s, _ in over], each.end_s, side="left")
        since_s = np.array([each.session.start_s, *np.maximum.accumulate([onset_s for _, onset_s in over])])[told]
        prior.append(np.stack([(told > 0).astype(np.float64), each.end_s - since_s], axis=1))
    return (*names, *PRIOR), [np.concatenate(pair, axis=1) for pair in zip(values, prior, strict=True)]


def _joined(
    rows: Sequence[SessionRows],
    told: Sequence[Told],
    labels: Mapping[tuple[str, str], Sequence[Label]],
    aim: Target,
    making: Making,
    events: tuple[Event, ...],
    names: tuple[str, ...],
    inputs: Sequence[Array],
) -> Dataset:
    x = np.concatenate(inputs)
    worn = np.concatenate([each.worn for each in rows])
    heard = np.concatenate([each.heard for each in rows])  # and not what is known: it hangs on the set of features
    target = np.concatenate([each.target for each in told])
    exclusion = np.concatenate([each.exclusion for each in told])
    event = np.concatenate([each.event for each in told])
    first_s = np.repeat([each.session.start_s for each in rows], [each.end_s.size for each in rows])
    end_s = np.concatenate([each.end_s for each in rows])
    edge = end_s - making.window_s < first_s
    exclusion[~heard & ~edge] = Exclusion.UNKNOWN
    exclusion[heard & ~worn & ~edge] = Exclusion.NOT_WORN
    target[exclusion != Exclusion.NONE] = LEFT_OUT
    event[target != POSITIVE] = -1
    conditions = [condition_of(labels[each.session.study, each.session.person], each.end_s) for each in rows]
    return Dataset(
        inputs=x,
        input_names=names,
        end_s=end_s,
        session=np.repeat(np.arange(len(rows)), [each.end_s.size for each in rows]).astype(np.intp),
        target=target,
        exclusion=exclusion,
        event=event,
        condition=np.concatenate(conditions),
        worn=worn,
        sessions=tuple(each.session for each in rows),
        events=events,
        aim=aim,
        window_s=making.window_s,
        step_s=making.step_s,
        looks_back_s=max(making.window_s, looks_back_s(making)),
        scores={name: np.concatenate([_scored(each, name) for each in rows]) for name in _scores(rows)},
        made_by={**version_of(making, names), "forecalm": _code()},
    )


def _scores(rows: Sequence[SessionRows]) -> list[str]:
    return list(dict.fromkeys(name for each in rows for name in each.scores))


def _scored(rows: SessionRows, name: str) -> Array:
    """A score of one session's rows, NaN where nobody knows that truth."""
    return rows.scores[name] if name in rows.scores else np.full(rows.end_s.size, np.nan)


def _code() -> str:
    """The version of this program."""
    try:
        return version("forecalm")
    except PackageNotFoundError:
        return "not installed"


def _said_of(data: Dataset) -> list[str]:
    """What is to be known of a data set before anything is trained on it."""
    notes = []
    counts = Counter(data.target.tolist())
    if not counts[POSITIVE]:
        notes.append("no moment is positive: nothing can be trained on it")
    contradicted = int((data.exclusion == Exclusion.CONTRADICTED).sum())
    if contradicted:
        notes.append(f"{contradicted} moments are left out: labels of both sides reach into their windows")
    notes += _at_once(data)
    if data.events:
        led = set(data.event.tolist())
        without = sum(i not in led for i in range(len(data.events)))
        if without:
            notes.append(
                f"{without} of {len(data.events)} events have no positive moment: nothing was recorded then, or their"
                " onset is not known well enough"
            )
    return notes


def _at_once(data: Dataset) -> list[str]:
    """Who has sessions at the same time, as of two bands worn at once: those hours and events count twice."""
    found: dict[str, str] = {}
    latest: dict[str, Session] = {}
    for each in sorted(data.sessions, key=lambda session: (session.start_s, session.name)):
        before = latest.get(each.person)
        if before is not None and each.start_s < before.end_s:
            found.setdefault(each.person, f"{each.person}: {before.name} and {each.name}")
        if before is None or each.end_s > before.end_s:
            latest[each.person] = each
    if not found:
        return []
    some = "; ".join(list(found.values())[:NAMED]) + (" ..." if len(found) > NAMED else "")
    return [
        f"{len(found)} of {len(data.people)} people have sessions that overlap in time, as of two bands worn at once"
        f" ({some}): what happened then counts once for each. To take one band, name devices under [[study]]"
    ]
