"""Alarms beside events in, which events were foretold and what every alarm was worth out."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset import Array, Dataset, Exclusion, Index
from models.datasets.target import ForecastTarget
from models.evaluation.alarm_rule import SETTLE_S
from models.evaluation.alarms import Alarms
from models.evaluation.timeline import Timeline

LINGER_S: Final = SETTLE_S
"""Valid wear that an alarm which began outside of it may stand in before it counts as a warning: what the desk takes to
settle one whose signs went with the event. Without an end to it, whoever warns after every event warns for nothing."""


class Worth(IntEnum):
    """What an alarm was."""

    FALSE = 0  # it begins in valid wear or lingers there, and no event follows within horizon + latency while it stands
    TRUE = 1  # it foretold an event
    LATE = 2  # it begins when an event can no more be acted upon, is under way, or was over only just now
    OPEN = 3  # neither can be said: an onset is uncertain, labels contradict, or the session ends too soon


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Outcomes:
    """E events that could be foretold (the band was worn in valid wear somewhere in their window), in order.

    ``event`` (E,) index into the data set's events, ``session`` (E,) into the time line's, ``last`` (E,) the last row
    of valid wear before onset - latency; ``foretold`` an alarm begins or stands in [onset - (horizon + latency),
    onset - latency), ``begun`` one begins there; ``lead_s`` onset minus the beginning of the first that foretells it,
    at most horizon + latency, NaN where none does; ``lead`` it was a lead event. ``unwatched`` (P,) counts each
    person's events with no valid wear in the window: nobody could have foretold them, and nobody was asked.
    """

    event: Index
    session: Index
    last: Index
    foretold: NDArray[np.bool_]
    begun: NDArray[np.bool_]
    lead: NDArray[np.bool_]
    lead_s: Array
    unwatched: Array


def _onsets(moments: Dataset, line: Timeline) -> tuple[Index, Index, Array, Array]:
    """Return event, session, onset - latency and uncertainty of every event of a session that has rows, in order."""
    aim = moments.aim
    if not isinstance(aim, ForecastTarget):
        return np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0), np.zeros(0)
    place = {int(s): i for i, s in enumerate(line.session)}
    wanted = [(place[e.session], e.onset_s, i) for i, e in enumerate(moments.events) if e.session in place]
    wanted = [each for each in wanted if moments.events[each[2]].what in aim.events]
    wanted.sort()
    event = np.array([i for _, _, i in wanted], np.intp)
    session = np.array([s for s, _, _ in wanted], np.intp)
    act_s = np.array([onset for _, onset, _ in wanted], np.float64) - aim.latency_s
    return event, session, act_s, np.array([moments.events[i].uncertainty_s for i in event], np.float64)


def foretold(moments: Dataset, line: Timeline, alarms: Alarms) -> Outcomes:
    """Return what became of every event; of a state target, of none."""
    event, session, act_s, _ = _onsets(moments, line)
    first = np.searchsorted(line.key, line.at(session, act_s - line.horizon_s), side="left")
    stop = np.searchsorted(line.key, line.at(session, act_s), side="left")
    judged = line.before[stop] > line.before[first]
    unwatched = np.bincount(line.person[session[~judged]], minlength=len(line.people)).astype(np.float64)
    event, session, act_s, stop = event[judged], session[judged], act_s[judged], stop[judged]
    begin, end = line.at(alarms.session, alarms.begin_s), line.at(alarms.session, alarms.end_s)
    window, act = line.at(session, act_s - line.horizon_s), line.at(session, act_s)
    earliest = np.searchsorted(end, window, side="left")  # alarms of a session do not overlap: their ends are in order
    after = np.searchsorted(begin, act, side="left")
    # keys of sessions lie apart, but a window may reach out of its own; then it meets the gap only
    told = after > earliest
    lead_s = np.full(len(event), np.nan)
    began = alarms.begin_s[earliest[told]]
    lead_s[told] = np.minimum(act_s[told] - began, line.horizon_s) + line.latency_s
    return Outcomes(
        event=event,
        session=session,
        last=(np.searchsorted(line.before, line.before[stop], side="left") - 1).astype(np.intp),
        foretold=told,
        begun=after > np.searchsorted(begin, window, side="left"),
        lead=np.array([moments.events[i].lead for i in event], np.bool_),
        lead_s=lead_s,
        unwatched=unwatched,
    )


def worth(moments: Dataset, line: Timeline, alarms: Alarms) -> NDArray[np.int8]:
    """Return (K,) the ``Worth`` of every alarm: one that begins outside of valid wear and then stands in it for longer
    than ``LINGER_S`` is told by what follows, like any other. For a state target ``TRUE`` where it begins in a positive
    moment, ``FALSE`` in a negative one or a negative control, else ``OPEN``."""
    if not isinstance(moments.aim, ForecastTarget):
        apart = np.isin(moments.exclusion[alarms.row], [Exclusion.APART])
        told = np.where(moments.target[alarms.row] == 1, Worth.TRUE, Worth.OPEN)
        return np.where((moments.target[alarms.row] == 0) | apart, Worth.FALSE, told).astype(np.int8)
    _, session, act_s, unsure_s = _onsets(moments, line)
    out = np.full(len(alarms.row), Worth.FALSE, np.int8)
    out[~line.valid[alarms.row]] = Worth.OPEN
    out[line.late[alarms.row]] = Worth.LATE
    out[line.stands_s(alarms.row, line.at(alarms.session, alarms.end_s)) > LINGER_S] = Worth.FALSE
    begin = line.at(alarms.session, alarms.begin_s)
    until = line.at(alarms.session, alarms.end_s + line.horizon_s)
    for i in np.flatnonzero(unsure_s > 0):
        low, high = line.at(session[[i, i]], act_s[i] + unsure_s[i] * np.array([-1.0, 1.0]))
        out[(out == Worth.FALSE) & (begin < high) & (until >= low)] = Worth.OPEN
    act = line.at(session, act_s)
    out[np.searchsorted(act, until, side="right") > np.searchsorted(act, begin, side="right")] = Worth.TRUE
    return out
