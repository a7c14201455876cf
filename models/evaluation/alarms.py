"""Probabilities and rules in, alarms out: which stand when, and which moments they warn of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset import Array, Index
from models.errors import ModelError
from models.evaluation.alarm_kernel import BEGINS, SETTLES, mark
from models.evaluation.alarm_rule import AlarmRule
from models.evaluation.timeline import Timeline


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Alarms:
    """K alarms in order: ``session`` (K,) index into the time line's, ``row`` (K,) at whose end it begins, ``begin_s``
    and ``end_s`` (K,) [UTC s]: it stands between, until it is settled or the session's rows end."""

    session: Index
    row: Index
    begin_s: Array
    end_s: Array


def raised(line: Timeline, probability: Array, rules: AlarmRule | Sequence[AlarmRule]) -> Alarms:
    """Return the alarms that ``rules`` (one, or one for each of the line's sessions) make of ``probability`` (n,)."""
    each = [rules] * len(line.session) if isinstance(rules, AlarmRule) else list(rules)
    if len(each) != len(line.session):
        raise ModelError(f"evaluation: {len(line.session)} rules would be right, one for each session, not {len(each)}")
    numbers = np.array([[r.enter, r.leave, r.hold_s, r.settle_s, r.refractory_s, r.fade_s] for r in each])
    marks = np.zeros(len(line.end_s), np.int8)
    mark(np.ascontiguousarray(probability, np.float64), line.end_s, line.bounds, numbers, float(line.step_s), marks)
    row = np.flatnonzero(marks == BEGINS)
    settled = np.flatnonzero(marks == SETTLES)
    session = np.searchsorted(line.bounds, row, side="right") - 1
    last = line.bounds[session + 1] - 1
    following = np.searchsorted(settled, row)
    stop = np.minimum(np.append(settled, len(marks))[following], last)
    return Alarms(session=session, row=row, begin_s=line.end_s[row], end_s=line.end_s[stop])


def warned(line: Timeline, alarms: Alarms) -> NDArray[np.bool_]:
    """Return (n,) of each row whether an alarm stands at some moment of the horizon before the row after it: an event
    whose onset lies ``latency_s`` after such a moment is foretold."""
    return _covered(line, alarms, line.horizon_s)


def standing(line: Timeline, alarms: Alarms) -> NDArray[np.bool_]:
    """Return (n,) whether an alarm stands in the step after each row."""
    return _covered(line, alarms, 0.0)


def reach(line: Timeline, alarms: Alarms, longer_s: float) -> tuple[Index, Index]:
    """Return (K,) the first row of each alarm and the row after the last that it stands at or has stood ``longer_s``
    or less before."""
    until = line.at(alarms.session, alarms.end_s + longer_s)
    return alarms.row, np.minimum(np.searchsorted(line.key, until, side="left"), line.bounds[alarms.session + 1])


def _covered(line: Timeline, alarms: Alarms, longer_s: float) -> NDArray[np.bool_]:
    first, stop = reach(line, alarms, longer_s)
    n = len(line.end_s)
    change = np.bincount(first, minlength=n + 1) - np.bincount(stop, minlength=n + 1)
    return np.asarray(np.cumsum(change[:n]) > 0)
