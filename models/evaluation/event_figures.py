"""Alarms and what became of events in, figures of people and of everybody's hours together out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset import Array, Dataset, Exclusion
from models.evaluation.alarms import Alarms, warned
from models.evaluation.chance import Chance, by_chance, moving_average, p_value, per_person, rate_matched, ratio
from models.evaluation.counts import rate_bounds, share_bounds
from models.evaluation.events import Outcomes, Worth, foretold, worth
from models.evaluation.people import Figure, figure, pooled
from models.evaluation.timeline import Timeline

LEAD_S: Final = 60.0
"""A minute: what science asks lead times to be told against."""

Column = tuple[Array, Array, str]
"""Values (P,), what each is of (P,), and why one is NaN."""

NO_EVENTS: Final = "no events that could have been foretold"
NO_LEADS: Final = "no lead events that could have been foretold"
NO_WEAR: Final = "no valid wear"
NO_ALARMS: Final = "no alarm that was either true or false"
NONE_TOLD: Final = "no event was foretold"
A_STATE: Final = "the target is a state: there are no onsets to foretell"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Course:
    """What happened under one rule: ``line``, ``alarms``, their ``worth`` (K,), ``warning`` (n,), ``outcomes`` and
    ``chance``; ``seen`` (n,) rows with an estimate; ``forecast`` whether there are onsets to foretell."""

    line: Timeline
    alarms: Alarms
    worth: NDArray[np.int8]
    warning: NDArray[np.bool_]
    outcomes: Outcomes
    chance: Chance
    seen: NDArray[np.bool_]
    worn: NDArray[np.bool_]
    forecast: bool

    def count(self, kind: Worth | None = None) -> Array:
        """Return (P,) alarms of that worth, or all."""
        mine = np.ones(len(self.worth), np.bool_) if kind is None else self.worth == kind
        return np.bincount(self.line.person[self.alarms.session[mine]], minlength=len(self.line.people)).astype(float)


def course(moments: Dataset, line: Timeline, alarms: Alarms, seen: NDArray[np.bool_], **draw: int) -> Course:
    """Return what happened; ``draw`` are ``surrogates`` and ``seed`` of ``by_chance``."""
    outcomes = foretold(moments, line, alarms)
    warning = warned(line, alarms)
    return Course(
        line=line,
        alarms=alarms,
        worth=worth(moments, line, alarms),
        warning=warning,
        outcomes=outcomes,
        chance=by_chance(line, outcomes, warning, **draw),
        seen=seen,
        worn=moments.worn & (moments.exclusion != Exclusion.NOT_WORN),
        forecast=line.horizon_s > 0,
    )


def columns(moments: Dataset, of: Course) -> dict[str, Column]:
    """Return every figure of alarms and events, per person."""
    line, found = of.line, of.outcomes
    hours, seen_h = line.hours(line.valid), line.hours(line.valid & of.seen)
    rows = hours * 3600 / line.step_s
    false, true = of.count(Worth.FALSE), of.count(Worth.TRUE)
    out: dict[str, Column] = {
        "false_alarms_per_hour": (ratio(false, hours), false, NO_WEAR),
        "false_alarms_per_4_hours": (ratio(4 * false, hours), false, NO_WEAR),
        "false_alarms_per_8_hours": (ratio(8 * false, hours), false, NO_WEAR),
        "false_alarms_per_seen_hour": (ratio(false, seen_h), false, "no estimate in valid wear"),
        "alarms_per_day": (ratio(24 * of.count(), line.hours(of.worn)), of.count(), "the band was never worn"),
        "alarm_precision": (ratio(true, true + false), true + false, NO_ALARMS),
        "coverage": (ratio(seen_h, hours), rows, NO_WEAR),
    }
    if not of.forecast:
        return out
    warned_share = ratio(line.hours(of.warning & line.valid), hours)
    events = per_person(line, found, np.ones(len(found.event)))
    leads = per_person(line, found, found.lead)
    told = ratio(per_person(line, found, found.foretold), events)
    lead_told = ratio(per_person(line, found, found.foretold & found.lead), leads)
    matched = np.where(np.isnan(told), np.nan, rate_matched(line, of.alarms))
    average = moving_average(moments, line, found, warned_share)
    hits = per_person(line, found, found.foretold)
    p = np.array([p_value(h, s) if e else np.nan for h, s, e in zip(hits, of.chance.hits.T, events, strict=True)])
    surrogates = np.full(len(hits), len(of.chance.hits))
    return (
        out
        | _lead_times(of)
        | {
            "event_sensitivity": (told, events, NO_EVENTS),
            "lead_event_sensitivity": (lead_told, leads, NO_LEADS),
            "begun_sensitivity": (ratio(per_person(line, found, found.begun), events), events, NO_EVENTS),
            "time_in_warning": (warned_share, rows, NO_WEAR),
            "chance_sensitivity": (of.chance.sensitivity, events, NO_EVENTS),
            "improvement_over_chance": (told - of.chance.sensitivity, events, NO_EVENTS),
            "lead_improvement_over_chance": (lead_told - of.chance.lead_sensitivity, leads, NO_LEADS),
            "p_value": (p, surrogates, NO_EVENTS),
            "rate_matched_sensitivity": (matched, of.count(), NO_EVENTS),
            "improvement_over_rate_matched": (told - matched, events, NO_EVENTS),
            "moving_average_sensitivity": (average, events, NO_EVENTS),
            "improvement_over_moving_average": (told - average, events, NO_EVENTS),
        }
    )


def bounds(of: Course, table: dict[str, Column]) -> dict[str, tuple[Array, Array]]:
    """Return low and high (P,) of the figures of one person that have them."""
    line = of.line
    out = {}
    for times, name in ((1, "false_alarms_per_hour"), (4, "false_alarms_per_4_hours"), (8, "false_alarms_per_8_hours")):
        out[name] = rate_bounds(of.count(Worth.FALSE), line.hours(line.valid) / times)
    for told, better in (
        ("event_sensitivity", "improvement_over_chance"),
        ("lead_event_sensitivity", "lead_improvement_over_chance"),
    ):
        if told in table:
            low, high = share_bounds(*table[told][:2])
            chance = table[told][0] - table[better][0]  # known exactly: the warnings are all there are
            out |= {told: (low, high), better: (low - chance, high - chance)}
    return out


def _lead_times(of: Course) -> dict[str, Column]:
    person = of.line.person[of.outcomes.session]
    people = len(of.line.people)
    values = np.full((4, people), np.nan)
    counts = per_person(of.line, of.outcomes, of.outcomes.foretold)
    for i in np.flatnonzero(counts):
        lead_s = of.outcomes.lead_s[(person == i) & of.outcomes.foretold]
        values[:3, i] = np.quantile(lead_s, [0.25, 0.5, 0.75])
        values[3, i] = (lead_s >= LEAD_S).mean()
    names = ("lead_time_q25_s", "lead_time_median_s", "lead_time_q75_s", "lead_time_60_s_share")
    return {name: (value, counts, NONE_TOLD) for name, value in zip(names, values, strict=True)}


def together(of: Course, table: dict[str, Column], weights: Array) -> dict[str, Figure]:
    """Return figures of everybody's events and hours together; people are drawn by ``weights`` (B, P)."""
    line, found = of.line, of.outcomes
    hours = line.hours(line.valid)
    false, true = of.count(Worth.FALSE), of.count(Worth.TRUE)
    shares: dict[str, tuple[Array, Array, str]] = {
        "false_alarms_per_hour": (false, hours, NO_WEAR),
        "false_alarms_per_4_hours": (4 * false, hours, NO_WEAR),
        "false_alarms_per_8_hours": (8 * false, hours, NO_WEAR),
        "alarms_per_day": (24 * of.count(), line.hours(of.worn), "the band was never worn"),
        "alarm_precision": (true, true + false, NO_ALARMS),
        "coverage": (line.hours(line.valid & of.seen), hours, NO_WEAR),
    }
    if of.forecast:
        shares |= {
            "event_sensitivity": _events_share(of, found.foretold),
            "lead_event_sensitivity": _events_share(of, found.foretold & found.lead, found.lead),
            "begun_sensitivity": _events_share(of, found.begun),
            "time_in_warning": (line.hours(of.warning & line.valid), hours, NO_WEAR),
            "lead_time_60_s_share": _events_share(of, found.lead_s >= LEAD_S, found.foretold, NONE_TOLD),
        }
    out = {
        name: share(top, bottom, weights, float(table[name][1].sum()), why)
        for name, (top, bottom, why) in shares.items()
    }
    return out | (_surrogates(of, table, weights) | _pooled_lead_times(of, weights) if of.forecast else {})


def _events_share(
    of: Course, good: NDArray[np.bool_], among: NDArray[np.bool_] | None = None, why: str = NO_EVENTS
) -> tuple[Array, Array, str]:
    among = np.ones(len(good), np.bool_) if among is None else among
    return per_person(of.line, of.outcomes, good), per_person(of.line, of.outcomes, among), why


def share(top: Array, bottom: Array, weights: Array, n: float, why: str) -> Figure:
    """Return sum of ``top`` over sum of ``bottom`` (P,), people drawn by ``weights`` (B, P)."""
    return pooled(lambda drawn: ratio(drawn @ top, drawn @ bottom), weights, n, why)


def _surrogates(of: Course, table: dict[str, Column], weights: Array) -> dict[str, Figure]:
    told, events, _ = table["event_sensitivity"]
    some = np.flatnonzero(events > 0)
    if not len(some):
        return {"p_value": Figure(value=None, n=0, why=NO_EVENTS)}
    by_lot = (of.chance.hits[:, some] / events[some]).mean(axis=1)
    p = table["p_value"][0]
    has = (events > 0).astype(float)
    return {
        "p_value": figure(p_value(float(told[some].mean()), by_lot), len(by_lot), NO_EVENTS),
        "people_above_chance_05": share((p < 0.05).astype(float), has, weights, len(some), NO_EVENTS),
        "people_above_chance_01": share((p < 0.01).astype(float), has, weights, len(some), NO_EVENTS),
    }


def _pooled_lead_times(of: Course, weights: Array) -> dict[str, Figure]:
    told = of.outcomes.foretold
    lead_s = of.outcomes.lead_s[told]
    order = np.argsort(lead_s)
    person = of.line.person[of.outcomes.session[told]][order]

    def quantile(level: float) -> Callable[[Array], Array]:
        def of_drawn(drawn: Array) -> Array:
            if not len(order):
                return np.full(len(drawn), np.nan)
            heavy = np.cumsum(drawn[:, person], axis=1)
            place = (heavy < level * heavy[:, -1:]).sum(axis=1)
            return np.where(heavy[:, -1] > 0, lead_s[order][np.minimum(place, len(order) - 1)], np.nan)

        return of_drawn

    names = {"lead_time_q25_s": 0.25, "lead_time_median_s": 0.5, "lead_time_q75_s": 0.75}
    return {name: pooled(quantile(level), weights, len(order), NONE_TOLD) for name, level in names.items()}
