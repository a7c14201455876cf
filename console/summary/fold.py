"""Facts of a person and period and a wish in; the summary as one value out. Pure: no clock, no disk.

Only times count that a consent to share and one to care cover: what lies outside is not even counted as left out.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from alerts.delivered import with_delivered
from alerts.happened import HappenedTo
from alerts.outcomes.events import OutcomeTold, What
from alerts.outcomes.helped import HELPED, NOTHING, PASSED, what_helped
from alerts.protection.cover import Level
from alerts.protection.events import CoverChanged
from alerts.situation_events import AlertAcknowledged, AlertRaised, AlertResolved, SightLost, SightRegained
from alerts.views import Blind
from console.day.moments import LINKS
from console.summary import rates
from console.summary.facts import MINUTE_S, Audience, Facts, Minute, Wish, Written
from console.summary.levels import Reading, readings
from console.summary.masked import Mask
from console.summary.rates import Rate
from console.summary.signs import Sign, pulses, signs
from console.summary.spans import Spans, common, holds, joined, lasting_s, without

HARD: Final = (What.SETTLED, What.INCIDENT)
"""What counts as a hard time, as what helps is counted of (``alerts.outcomes.helped``)."""

OWN_WORDS: Final = "something else, in a carer\N{RIGHT SINGLE QUOTATION MARK}s own words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Of the period, how long a consent covers [s], how long somebody watched, and why not, the longest first; for
    ``rest_s`` nobody wrote down why. ``unreached_s``: an alert would have reached nobody. ``kept_s`` [UTC s]: minutes
    before then are kept no more, None where all of them are."""

    covered_s: float
    watched_s: float
    blind: tuple[tuple[Blind, float], ...]
    rest_s: float
    unreached_s: float
    kept_s: float | None = None

    @property
    def unwatched_s(self) -> float:
        """How long nobody watched [s]."""
        return max(self.covered_s - self.watched_s, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One alert, or one time that a carer told of, at ``at_s`` [UTC s]. ``what`` is None where nobody said how it went;
    ``taken`` is whether somebody had it; ``watched`` whether somebody could see at that moment."""

    at_s: float
    is_alert: bool
    what: What | None = None
    taken: bool = False
    over: bool = False
    watched: bool = True
    signs: frozenset[Sign] = frozenset()
    pulses: tuple[int, ...] = ()
    helped: tuple[str, ...] = ()

    @property
    def is_hard(self) -> bool:
        """Whether somebody was upset, as a carer says."""
        return self.what in HARD


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """``what`` helped ``times`` of ``of`` hard times; ``planned``: the plan has it in the same words."""

    what: str
    times: int
    of: int
    calm_after_s: float
    planned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The support plan as it may leave; ``by`` is "" unless its writer signs the summary."""

    helps: tuple[str, ...]
    avoid: tuple[str, ...]
    at_s: float
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a family, a school or a health team is told. ``told`` is in order of time; ``overall``, ``parts`` and
    ``days`` are rates of hard times in watched hours. ``readings`` are for health teams alone, else empty."""

    audience: Audience
    since_s: float
    until_s: float
    covered: Spans
    hours: Hours
    told: tuple[Told, ...]
    overall: Rate
    parts: tuple[Rate, ...]
    days: tuple[Rate, ...]
    helped: tuple[Counted, ...]
    plan: Plan | None
    notes: tuple[Written, ...]
    readings: tuple[Reading, ...]
    others_left_out: int
    names_left_out: int
    missing: tuple[str, ...] = ()

    @property
    def alerts(self) -> tuple[Told, ...]:
        """Those that were raised."""
        return tuple(it for it in self.told if it.is_alert)

    @property
    def hard(self) -> tuple[Told, ...]:
        """Hard times, with and without an alert."""
        return tuple(it for it in self.told if it.is_hard)

    @property
    def ended_as(self) -> tuple[tuple[What | None, int], ...]:
        """What became of the alerts, the most frequent first; None: nobody said."""
        counts = Counter(it.what for it in self.alerts)
        return tuple(sorted(counts.items(), key=lambda it: (-it[1], it[0] or "~")))

    @property
    def signs(self) -> tuple[tuple[Sign, int, int], ...]:
        """Each sign, before how many alerts it was told of, and before how many of those that were hard times."""
        found = Counter(sign for it in self.alerts for sign in it.signs)
        hard = Counter(sign for it in self.alerts if it.is_hard for sign in it.signs)
        order = list(Sign)
        return tuple(
            (sign, found[sign], hard[sign]) for sign in sorted(found, key=lambda s: (-found[s], order.index(s)))
        )


def fold(facts: Facts, wish: Wish, *, name: str, zone: ZoneInfo) -> Summary:
    """Return the summary of ``facts`` as ``wish`` has it; ``name`` is what the house calls the person."""
    covered = common(common(facts.shared, facts.cared), ((facts.since_s, facts.until_s),))
    watched = _watched(facts.minutes, covered)
    events = [it for it in with_delivered(facts.events) if isinstance(it, HappenedTo)]  # type: ignore[arg-type]
    outcomes = _outcomes(events)
    told, of_these = _told(events, outcomes, covered, watched, facts.not_theirs)
    mask = Mask(facts.names, name)
    hard_s = [it.at_s for it in told if it.is_hard and it.watched]
    compared = len(rates.PARTS) + 1 + len(rates.DAYS)
    names = (*(part[0] for part in rates.PARTS), rates.EVENING)
    minutes = [it for it in facts.minutes if it.at_s in watched]
    return Summary(
        audience=wish.audience,
        since_s=facts.since_s,
        until_s=facts.until_s,
        covered=covered,
        hours=_hours(facts, events, covered, watched),
        told=tuple(_in_words(it, facts, wish, mask) for it in told),
        overall=rates.overall(watched, len(hard_s)),
        parts=rates.rates(watched, hard_s, zone, of=rates.part_of_day, names=names, compared=compared),
        days=rates.rates(watched, hard_s, zone, of=rates.day_of_week, names=rates.DAYS, compared=compared),
        helped=_helped(of_these, facts, wish, mask),
        plan=_plan(facts, wish, mask),
        notes=_notes(facts, wish, covered, mask),
        readings=readings(minutes, told_s=[it.at_s for it in told if it.is_alert or it.is_hard], hard_s=hard_s)
        if wish.audience is Audience.HEALTH
        else (),
        others_left_out=_others(events, covered, facts.not_theirs),
        names_left_out=mask.taken,
        missing=facts.missing,
    )


def _watched(minutes: Iterable[Minute], covered: Spans) -> dict[float, float]:
    """Return how many seconds of each minute somebody watched; a minute that is not covered whole does not count, and
    one that was written twice, by a service that was started anew, counts for no more than a minute."""
    found: dict[float, float] = {}
    for it in minutes:
        end_s = it.at_s + MINUTE_S
        if it.known_s > 0 and any(since_s <= it.at_s and end_s <= until_s for since_s, until_s in covered):
            found[it.at_s] = min(found.get(it.at_s, 0.0) + it.known_s, MINUTE_S)
    return found


def _hours(facts: Facts, events: Sequence[HappenedTo], covered: Spans, watched: Mapping[float, float]) -> Hours:
    seen = joined((at_s, at_s + MINUTE_S) for at_s in watched)
    kept_s = facts.kept_s if facts.kept_s is not None else facts.until_s
    unseen = without(covered, seen)
    why = {reason: lasting_s(common(spans, unseen)) for reason, spans in _blind(events, facts.until_s).items()}
    unwatched_s = max(lasting_s(covered) - sum(watched.values()), 0.0)
    return Hours(
        covered_s=lasting_s(covered),
        watched_s=sum(watched.values()),
        blind=tuple(
            sorted(((reason, s) for reason, s in why.items() if s >= MINUTE_S), key=lambda it: (-it[1], it[0]))
        ),
        rest_s=max(unwatched_s - sum(why.values()), 0.0),
        unreached_s=lasting_s(common(_unreached(events, facts.until_s), covered)),
        kept_s=kept_s if covered and kept_s > covered[0][0] + MINUTE_S else None,
    )


def _blind(events: Iterable[HappenedTo], until_s: float) -> dict[Blind, Spans]:
    """Return when nobody could see, by reason; no moment counts for two."""
    found: dict[Blind, list[tuple[float, float]]] = {}
    since_s, reason = 0.0, None
    for it in (*events, None):
        if it is not None and not isinstance(it, SightLost | SightRegained):
            continue
        at_s = until_s if it is None else it.since_s if isinstance(it, SightLost) and reason is None else it.at_s
        at_s = max(at_s, since_s)
        if reason is not None:
            found.setdefault(reason, []).append((since_s, at_s))
        since_s, reason = at_s, it.reason if isinstance(it, SightLost) else None
    return {reason: joined(spans) for reason, spans in found.items()}


def _unreached(events: Iterable[HappenedTo], until_s: float) -> Spans:
    """Return when an alert would have reached nobody, for what was broken beyond the band."""
    found, since_s = [], None
    for it in events:
        if not isinstance(it, CoverChanged):
            continue
        broken = it.level is Level.NOT and it.link in LINKS
        if since_s is not None and not broken:
            found.append((since_s, it.since_s))
            since_s = None
        elif since_s is None and broken:
            since_s = it.since_s
    return joined([*found, *([] if since_s is None else [(since_s, until_s)])])


def _outcomes(events: Iterable[HappenedTo]) -> tuple[OutcomeTold, ...]:
    """Return those that hold: of several that stand in for each other the last."""
    told = {it.outcome_id: it for it in events if isinstance(it, OutcomeTold)}
    corrected = {it.corrects for it in told.values()}
    return tuple(it for it in told.values() if it.outcome_id not in corrected)


def _told(
    events: Sequence[HappenedTo],
    outcomes: Sequence[OutcomeTold],
    covered: Spans,
    watched: Mapping[float, float],
    not_theirs: frozenset[str],
) -> tuple[tuple[Told, ...], tuple[OutcomeTold, ...]]:
    """Return alerts and what was told without one, and the outcomes that these are from. What was told of an alert
    stands at the alert's own moment."""
    every = {it.alert_id: it for it in events if isinstance(it, AlertRaised)}
    raised = {key: it for key, it in every.items() if key not in not_theirs and holds(covered, it.at_s)}
    taken = {it.alert_id for it in events if isinstance(it, AlertAcknowledged)}
    over = {it.alert_id for it in events if isinstance(it, AlertResolved)}
    of_alert = {it.alert_id: it for it in outcomes if it.alert_id}
    found = [
        Told(
            at_s=it.at_s,
            is_alert=True,
            what=of_alert[key].what if key in of_alert else None,
            taken=key in taken,
            over=key in over,
            watched=it.at_s // MINUTE_S * MINUTE_S in watched,
            signs=signs(it.reasons),
            pulses=pulses(it.reasons),
            helped=of_alert[key].helped if key in of_alert else (),
        )
        for key, it in raised.items()
    ]
    alone = [it for it in outcomes if it.alert_id not in every and holds(covered, it.began_s)]
    found += [
        Told(
            at_s=it.began_s,
            is_alert=False,
            what=it.what,
            taken=True,
            over=True,
            watched=it.began_s // MINUTE_S * MINUTE_S in watched,
            helped=it.helped,
        )
        for it in alone
    ]
    of_these = [*(of_alert[key] for key in raised if key in of_alert), *alone]
    return tuple(sorted(found, key=lambda it: (it.at_s, not it.is_alert))), tuple(of_these)


def _others(events: Iterable[HappenedTo], covered: Spans, not_theirs: frozenset[str]) -> int:
    raised = {it.alert_id for it in events if isinstance(it, AlertRaised) and holds(covered, it.at_s)}
    return len(raised & not_theirs)


def _in_words(told: Told, facts: Facts, wish: Wish, mask: Mask) -> Told:
    """What a carer wrote in words of their own goes only where that is wished, figures only to health teams."""
    return Told(
        at_s=told.at_s,
        is_alert=told.is_alert,
        what=told.what,
        taken=told.taken,
        over=told.over,
        watched=told.watched,
        signs=told.signs,
        pulses=told.pulses if wish.audience is Audience.HEALTH else (),
        helped=tuple(it for it in _words(told.helped, facts, wish, mask) if it.casefold() != NOTHING),
    )


def _words(helped: Iterable[str], facts: Facts, wish: Wish, mask: Mask) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_word(it, facts, wish, mask) for it in helped))


def _word(word: str, facts: Facts, wish: Wish, mask: Mask) -> str:
    """A word of those that are offered to everybody as it is; of the plan, or a carer's own, without names."""
    if word.casefold() in {each.casefold() for each in HELPED}:
        return word
    if wish.own_words or _is_planned(word, facts):
        return mask.out_of(word)
    return OWN_WORDS


def _is_planned(word: str, facts: Facts) -> bool:
    lines = facts.plan.helps if facts.plan else ()
    return word.strip().casefold() in {line.strip().casefold() for line in lines}


def _helped(outcomes: Iterable[OutcomeTold], facts: Facts, wish: Wish, mask: Mask) -> tuple[Counted, ...]:
    """Return what helped, each word as it may leave; words that are one then are counted as one."""
    planned = {_word(line, facts, wish, mask).casefold() for line in (facts.plan.helps if facts.plan else ())}
    said = [replace(it, helped=_words(it.helped, facts, wish, mask)) for it in outcomes]
    found = [
        Counted(
            what=it.what,
            times=it.times,
            of=it.of,
            calm_after_s=it.calm_after_s,
            planned=it.what.casefold() in planned,
        )
        for it in what_helped(said)
    ]
    return tuple(sorted(found, key=lambda it: it.what in (PASSED, OWN_WORDS)))


def _plan(facts: Facts, wish: Wish, mask: Mask) -> Plan | None:
    if facts.plan is None or not (facts.plan.helps or facts.plan.avoid):
        return None
    return Plan(
        helps=tuple(mask.out_of(line) for line in facts.plan.helps),
        avoid=tuple(mask.out_of(line) for line in facts.plan.avoid),
        at_s=facts.plan.at_s,
        by=facts.plan.by if wish.signed and facts.plan.by == wish.signed else "",
    )


def _notes(facts: Facts, wish: Wish, covered: Spans, mask: Mask) -> tuple[Written, ...]:
    """Return those that were chosen, without names."""
    chosen = [it for it in facts.notes if it.number in wish.notes and holds(covered, it.at_s)]
    return tuple(
        Written(number=it.number, at_s=it.at_s, text=mask.out_of(it.text))
        for it in sorted(chosen, key=lambda it: (it.at_s, it.number))
    )
