"""What a model said of every second of somebody's past in; for each level what alerts it would have raised, and the
level for a budget of so many a day, out.

Alerts come from the desk's own state machine (``alerts.state``), second by second; while nothing rises, seconds that
are not high change nothing and are passed over, which is exact and a hundred times as fast.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from alerts.errors import AlertError
from alerts.policy import Policy
from alerts.rehearsal.events import Happened, told, watchable
from alerts.rehearsal.judging import DAY_WORN_S, by_the_day, lead_of
from alerts.state import Sign, Situation, after, step
from alerts.views import RiskState
from models.evaluation.alarm_rule import AlarmRule

LEVELS: Final = tuple(round(1 / (1 + math.exp(-0.1 * i)), 4) for i in range(46, -54, -1))
"""From 99 in 100 down to 5 in 1,000, by a tenth of log-odds: finer than any model is calibrated, and low enough for
one whose events are rare."""

BUSY_MAX: Final = 0.5
"""A level at which more of the watched time would lie in open alerts tells apart nothing any more: it never falls
silent, so it could not alert anew, and few alerts would look like few causes."""

ALERTS_MIN: Final = 3.0
"""A budget must allow for so many alerts in the time that was worn before a level is chosen by it: of fewer the count
says nothing. At two a day that is eighteen hours."""


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """What was said of n seconds that began at ``start_s`` (n,) [UTC s], rising: ``probability`` (n,), NaN where
    nothing; ``levelled`` (n,) where that is in the scale that a level is chosen in, elsewhere another model stands in,
    whose rules stay; ``worn_s`` (m,) are the seconds in which the band was worn [UTC s]."""

    start_s: NDArray[np.int64]
    probability: NDArray[np.float64]
    levelled: NDArray[np.bool_]
    worn_s: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Choice:
    """What watching by ``policy`` would have meant: when it would have alerted [UTC s], which alerts were false, how
    long before each event it told of it [s] (None: missed), alerts a day of wear, the share of watched time in open
    alerts, and the median lead [s]."""

    policy: Policy
    alerts_s: tuple[float, ...]
    false_s: tuple[float, ...]
    leads_s: tuple[float | None, ...]
    a_day: float
    busy: float
    lead_s: float | None

    @property
    def enter(self) -> float:
        """From which probability on signs count as high."""
        return self.policy.enter

    @property
    def told(self) -> int:
        """Of how many events it told."""
        return sum(lead is not None for lead in self.leads_s)


@dataclass(frozen=True, slots=True)
class Budget:
    """Which level ``fits`` a budget (None: even the highest alerts too often), what ``holds`` now and what everybody
    has (``default``), over the same ``events``; ``levels`` are all that were looked at, highest first; ``lost`` are
    the events that are told of now, or with the default, and would not be; ``allowed`` is how many alerts the budget
    has for the time that was worn; ``recorded``: it was not lived but imported, so that nothing of it was late."""

    events: tuple[Happened, ...]
    unheard: int
    worn_s: int
    levels: tuple[Choice, ...]
    holds: Choice
    default: Choice
    fits: Choice | None
    lost: tuple[Happened, ...]
    allowed: float
    recorded: bool = False

    @property
    def enough(self) -> bool:
        """Whether enough was worn to choose by it."""
        return self.allowed >= ALERTS_MIN


def at_level(policy: Policy, enter: float) -> Policy:
    """Return ``policy`` with another level; signs count as over at the same distance from it in log-odds."""
    leave = AlarmRule(enter=policy.enter, leave=policy.leave).at(enter).leave
    return replace(policy, enter=enter, leave=leave)


def alerts_by(
    policy: Policy,
    second_end_s: NDArray[np.float64],
    probability: NDArray[np.float64],
    levelled: NDArray[np.bool_],
    other: Policy,
) -> tuple[list[float], int]:
    """Return when a desk would have alerted [UTC s], each alert taken at once, and for how many of the n seconds one
    was open. ``second_end_s`` (n,) [UTC s] rises; ``probability`` (n,) is known throughout, and judged by ``policy``
    where it is ``levelled`` (n,), else by ``other``."""
    high = np.flatnonzero(probability >= np.where(levelled, policy.enter, other.enter))
    situation, raised, busy, i = Situation(RiskState.WATCHING, -math.inf), [], 0, 0
    while i < len(probability):
        if situation.risk is RiskState.WATCHING:
            at = int(np.searchsorted(high, i))
            if at == len(high):
                break
            i = int(high[at])
        end_s = float(second_end_s[i])
        situation = after(situation, float(probability[i]), end_s, policy if levelled[i] else other)
        if situation.risk is RiskState.ALERTING:
            raised.append(end_s)
            situation = step(situation, Sign.TAKEN, end_s)
        busy += situation.risk is RiskState.ACKNOWLEDGED
        i += 1
    return raised, busy


def choose(
    past: Past,
    events: Sequence[Happened],
    *,
    holds: Policy,
    default: Policy,
    other: Policy,
    per_day: float,
    reach_s: float,
    unsure: Sequence[Happened] = (),
) -> Budget:
    """Return what each level would have meant for somebody for whom ``holds`` does now and ``default`` for everybody
    (``other`` where another model stands in), and the lowest that, like every one above it, keeps to ``per_day`` alerts
    a day of wear: it tells of most. Raises AlertError where nothing could be said of any second, or there is no budget.
    """
    if not (math.isfinite(per_day) and per_day > 0):
        raise AlertError(f"a budget is a number of alerts a day above 0, not {per_day}")
    known = np.isfinite(past.probability)
    if not known.any():
        raise AlertError("nothing could be said of a single second of that time, so no level can be chosen by it")
    heard = watchable(events, past.worn_s, reach_s=reach_s)
    end_s: NDArray[np.float64] = past.start_s[known].astype(np.float64) + 1.0
    seconds = (end_s, past.probability[known], past.levelled[known], other)

    def meant(policy: Policy) -> Choice:
        alerts_s, busy = alerts_by(policy, *seconds)
        return Choice(
            policy=policy,
            alerts_s=tuple(alerts_s),
            false_s=told(events, alerts_s, reach_s=reach_s, unsure=unsure).false_s,
            leads_s=(leads := told(heard, alerts_s, reach_s=reach_s).leads_s),
            a_day=by_the_day(len(alerts_s), len(past.worn_s)),
            busy=busy / len(end_s),
            lead_s=lead_of(leads),
        )

    levels = tuple(meant(at_level(default, enter)) for enter in LEVELS)
    now, everybodys = meant(holds), meant(default)
    fits = _fits(levels, per_day)
    return Budget(
        events=heard,
        unheard=len(events) - len(heard),
        worn_s=len(past.worn_s),
        levels=levels,
        holds=now,
        default=everybodys,
        fits=fits,
        lost=() if fits is None else lost(heard, fits, (now, everybodys)),
        allowed=per_day * len(past.worn_s) / DAY_WORN_S,
    )


def _fits(levels: Sequence[Choice], per_day: float) -> Choice | None:
    """The lowest level within the budget; from the highest down no level may be beyond it, for further down alerts grow
    rare again only because they never end."""
    found = None
    for level in levels:
        if level.a_day > per_day or level.busy > BUSY_MAX:
            return found
        found = level
    return found


def lost(events: Sequence[Happened], chosen: Choice, others: Sequence[Choice]) -> tuple[Happened, ...]:
    """Return the events of which any of ``others`` told and ``chosen`` does not."""
    return tuple(
        event
        for i, event in enumerate(events)
        if chosen.leads_s[i] is None and any(other.leads_s[i] is not None for other in others)
    )
