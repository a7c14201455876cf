"""What was tested of an arm in; how the threshold trades missed events for false alarms, and example sessions, out."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset import POSITIVE, Array, Dataset
from models.datasets.target import ForecastTarget
from models.evaluation.alarms import Alarms, raised
from models.evaluation.choosing import levels_of
from models.evaluation.events import Worth, foretold, worth
from models.evaluation.judgement import Choice
from models.evaluation.timeline import timeline
from models.reports.evidence import Tested

POINTS: Final = 24
"""Thresholds of a curve: enough to see its shape."""

WORST: Final = 12.0
"""False alarms an hour beyond which nobody would look."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Curve:
    """At each of L ``levels`` of the threshold: ``sensitivity`` of everybody's events together, ``false_per_hour`` of
    everybody's valid wear."""

    levels: Array
    sensitivity: Array
    false_per_hour: Array


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Spell:
    """From when to when [s since the session began], and what it was."""

    begin_s: float
    end_s: float
    what: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Example:
    """One session of one person: ``since_s`` (n,) since it began, what was said, and what happened."""

    person: str
    session: str
    value: float
    place: str
    since_s: Array
    probability: Array
    low: Array
    high: Array
    enter: float
    warnings: tuple[Spell, ...]
    happened: tuple[Spell, ...]


def curve(tested: Tested) -> Curve | None:
    """Return the trade of one threshold for everybody; None without events to foretell or without any estimate."""
    moments, probability = tested.moments, np.asarray(tested.said.probability, np.float64)
    line = timeline(moments)
    hours = float(line.hours(line.valid).sum())
    if not np.isfinite(probability).any() or not hours:
        return None
    levels = levels_of(probability)
    levels = levels[np.unique(np.linspace(0, len(levels) - 1, POINTS).round().astype(int))]
    sensitivity, false = np.full(len(levels), np.nan), np.full(len(levels), np.nan)
    for i, level in enumerate(levels):
        alarms = raised(line, probability, [each.rule.at(float(level)) for each in _in_order(tested)])
        told = foretold(moments, line, alarms).foretold
        false[i] = np.count_nonzero(worth(moments, line, alarms) == Worth.FALSE) / hours
        if len(told):
            sensitivity[i] = told.mean()
    kept = np.isfinite(sensitivity) & (false <= WORST)
    kept[: np.flatnonzero(false == false.max())[-1]] = False  # alarms that run into one another grow few again
    if not kept.any():
        return None
    return Curve(levels=levels[kept], sensitivity=sensitivity[kept], false_per_hour=false[kept])


def example(tested: Tested, *, person: str, value: float, place: str) -> Example | None:
    """Return the session of ``person`` with most events (with most positive moments where nothing is foretold), the
    first of several; None where the person was not tested."""
    moments = tested.moments
    mine = [i for i, session in enumerate(moments.sessions) if session.person == person]
    mine = [i for i in mine if (moments.session == i).any()]
    if not mine:
        return None
    session = max(mine, key=lambda i: (_weight(moments, i), -moments.sessions[i].start_s))
    rows = np.flatnonzero(moments.session == session)
    start_s = float(moments.end_s[rows[0]])
    line = timeline(moments)
    rules = [each.rule for each in _in_order(tested)]
    alarms = raised(line, np.asarray(tested.said.probability, np.float64), rules)
    return Example(
        person=person,
        session=moments.sessions[session].name,
        value=value,
        place=place,
        since_s=moments.end_s[rows] - start_s,
        probability=tested.said.probability[rows],
        low=tested.said.low[rows],
        high=tested.said.high[rows],
        enter=tested.choices[session].rule.enter,
        warnings=_warnings(alarms, worth(moments, line, alarms), line.session[alarms.session] == session, start_s),
        happened=_happened(moments, session, rows, start_s),
    )


def _in_order(tested: Tested) -> list[Choice]:
    """The choices of the sessions that have rows, in the time line's order."""
    return [tested.choices[int(i)] for i in np.unique(tested.moments.session)]


def _weight(moments: Dataset, session: int) -> int:
    if isinstance(moments.aim, ForecastTarget):
        return sum(each.session == session and each.what in moments.aim.events for each in moments.events)
    return int(((moments.session == session) & (moments.target == POSITIVE)).sum())


def _warnings(alarms: Alarms, worths: NDArray[np.int8], here: NDArray[np.bool_], start_s: float) -> tuple[Spell, ...]:
    return tuple(
        Spell(
            begin_s=float(alarms.begin_s[i] - start_s),
            end_s=float(alarms.end_s[i] - start_s),
            what=Worth(int(worths[i])).name.lower(),
        )
        for i in np.flatnonzero(here)
    )


def _happened(moments: Dataset, session: int, rows: NDArray[np.intp], start_s: float) -> tuple[Spell, ...]:
    """The events of a forecast; of a state, its stretches of positive moments."""
    aim = moments.aim
    if isinstance(aim, ForecastTarget):
        return tuple(
            Spell(begin_s=each.onset_s - start_s, end_s=each.end_s - start_s, what=each.what)
            for each in moments.events
            if each.session == session and each.what in aim.events
        )
    positive = (moments.target[rows] == POSITIVE).astype(np.int8)
    edges = np.flatnonzero(np.diff(positive, prepend=0, append=0))
    ends = moments.end_s[rows] - start_s
    return tuple(
        Spell(begin_s=float(ends[a] - moments.step_s), end_s=float(ends[b - 1]), what="positive")
        for a, b in zip(edges[::2], edges[1::2], strict=True)
    )
