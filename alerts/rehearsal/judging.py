"""What two models would have done for one person in, whether the candidate is better or worse for them out.

Worse is said on any one of four grounds, each by a rule that anybody can check by hand; that it is better elsewhere
does not weigh it up. A gate that is asked too often costs a signature; one that lets a loss through costs an incident.
"""

import math
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Final

from alerts.rehearsal.events import AFTER_S
from alerts.rehearsal.evidence import Compared, Finding, Kind, Outcome, Person, Pooled, Rules, Side, Way

LEAD_S: Final = 30.0
"""A median lead shorter by more is worse: half of the minute that a carer is to have."""

FALSE_A_DAY: Final = 0.5
"""More false alerts a day of wear are worse from here: a quarter of a budget of two a day."""

NOISE: Final = 0.1
"""And only where chance would do the same less often than that (one-sided, conditional binomial test of two Poisson
counts over the same time: Przyborowski & Wilenski 1940, doi:10.1093/biomet/31.3-4.313): four to none. Not 0.05: to
overlook a worse model costs more than to sign for one that is not."""

WATCH: Final = 0.05
"""A share of worn time watched that is smaller by more is worse: three minutes of every hour."""

DAY_WORN_S: Final = 12 * 3600.0
"""A day is twelve hours of wear, wherever something is told by the day: bands are worn while awake, and recordings of
hours must not be told by the calendar."""

RATE_FROM_S: Final = 8 * 3600.0
"""Alerts are told by the day of wear from here on: of an hour, one alert more is twelve more a day."""

WAYS: Final[tuple[Way, ...]] = ("as lived", "as recorded")

JUDGED_S: Final = 600
"""Of whom less was worn in all, nobody can be told anything: the models themselves need that long to know a person."""


def rules(words: Sequence[str], reach_s: float) -> Rules:
    """Return the rules of a rehearsal, as they stand in its evidence."""
    return Rules(
        words=tuple(words),
        reach_s=reach_s,
        after_s=AFTER_S,
        lead_s=LEAD_S,
        false_a_day=FALSE_A_DAY,
        noise=NOISE,
        watch=WATCH,
        day_worn_s=DAY_WORN_S,
    )


def findings(compared: Compared) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Return in what the candidate is worse than the champion, and in what it is better."""
    before, after = compared.champion, compared.candidate
    worse, better = [], []
    if lost := _lost(before, after):
        worse.append(_found("events", f"misses {lost} of the {before.told} that the champion told of"))
    if gained := _lost(after, before):
        better.append(
            _found("events", f"tells of {gained} more event{'s' if gained != 1 else ''} that the champion missed")
        )
    worse += [
        *_silent(compared),
        *_lead(before, after, "shorter"),
        *_rise(len(before.false_s), len(after.false_s), compared.worn_s),
        *_watch(before, after, compared.worn_s, "less"),
    ]
    better += [
        *_lead(after, before, "longer"),
        *_fall(len(before.false_s), len(after.false_s), compared.worn_s),
        *_watch(after, before, compared.worn_s, "more"),
    ]
    return tuple(worse), tuple(better)


def outcome_of(ways: Iterable[Compared]) -> Outcome:
    """Return how the candidate does for a person: worse where it is so in any way of replaying their past."""
    judged = [way for way in ways if way.worn_s >= JUDGED_S]
    if not judged:
        return "not judged"
    if any(way.worse for way in judged):
        return "worse"
    if not any(way.better for way in judged):
        return "no different"
    return "mixed" if any(_more_false(way) for way in judged) else "better"


def pooled(people: Sequence[Person]) -> tuple[Pooled, ...]:
    """Return what shows over everybody together, for each way of replaying: false alerts that nobody's own hours are
    enough to show. By the same rule as for one person; the two ways are the same hours, and never added up."""
    found = []
    for name in WAYS:
        ways = [way for person in people for way in person.ways if way.way == name and way.worn_s]
        if ways:
            found.append(_pooled(name, ways))
    return tuple(found)


def _pooled(name: Way, ways: Sequence[Compared]) -> Pooled:
    worn_s = sum(way.worn_s for way in ways)
    before = sum(len(way.champion.false_s) for way in ways)
    after = sum(len(way.candidate.false_s) for way in ways)
    return Pooled(
        way=name,
        people=len(ways),
        worn_s=worn_s,
        champion_false=before,
        candidate_false=after,
        worse=tuple(_rise(before, after, worn_s)),
    )


def by_the_day(count: int, worn_s: float) -> float:
    """Return how many there were in a day of wear; NaN where nothing was worn."""
    return count / worn_s * DAY_WORN_S if worn_s else math.nan


def lead_of(leads_s: Iterable[float | None]) -> float | None:
    """Return the median lead over the events that were told [s]; None where none was."""
    known = [lead for lead in leads_s if lead is not None]
    return median(known) if known else None


def by_chance(more: int, fewer: int) -> float:
    """Return how likely chance makes a split of ``more + fewer`` over equal halves as uneven as this, one-sided."""
    n = more + fewer
    return float(sum(math.comb(n, k) for k in range(more, n + 1)) / 2**n)


def _lost(one: Side, other: Side) -> int:
    """How many events ``one`` told of and ``other`` did not."""
    return sum(a is not None and b is None for a, b in zip(one.leads_s, other.leads_s, strict=True))


def _silent(compared: Compared) -> list[Finding]:
    """Where nobody labelled an event, a model that never alerts looks best: it is not, where the champion spoke beyond
    chance, for among these alerts may be the ones that mattered."""
    spoke = len(compared.champion.alerts_s)
    if compared.events or compared.candidate.alerts_s or by_chance(spoke, 0) >= NOISE:
        return []
    return [_found("events", f"never alerts, where the champion did {spoke} times, and no event is labelled")]


def _lead(one: Side, other: Side, how: str) -> list[Finding]:
    """Where ``other``'s lead is shorter than that of ``one``, over the events of which both told."""
    both = [(a, b) for a, b in zip(one.leads_s, other.leads_s, strict=True) if a is not None and b is not None]
    if not both:
        return []
    loss_s = median(a for a, _ in both) - median(b for _, b in both)
    return [_found("lead", f"median lead {how} by {loss_s:.0f} s over {len(both)} events")] if loss_s > LEAD_S else []


def _more_false(compared: Compared) -> bool:
    """Whether the candidate has more false alerts, beyond chance or not: nobody is called better at that price."""
    extra = len(compared.candidate.false_s) - len(compared.champion.false_s)
    return extra > 0 and by_the_day(extra, compared.worn_s) >= FALSE_A_DAY


def _rise(champion: int, candidate: int, worn_s: int) -> list[Finding]:
    """Where the candidate has more false alerts than the champion, beyond chance."""
    return _differ(champion, candidate, worn_s, f"champion {champion}, candidate {candidate}", "more")


def _fall(champion: int, candidate: int, worn_s: int) -> list[Finding]:
    """Where it has fewer."""
    return _differ(candidate, champion, worn_s, f"champion {champion}, candidate {candidate}", "fewer")


def _differ(fewer: int, more: int, worn_s: int, which: str, how: str) -> list[Finding]:
    extra = by_the_day(more - fewer, worn_s)
    if more <= fewer or extra < FALSE_A_DAY or by_chance(more, fewer) >= NOISE:
        return []
    rate = f", {extra:.1f} a day of wear" if worn_s >= RATE_FROM_S else ""
    said = f"{more - fewer} {how} false alerts in {worn_s / 3600:.1f} h of wear{rate} ({which})"
    return [_found("false alerts", said)]


def _watch(one: Side, other: Side, worn_s: int, how: str) -> list[Finding]:
    """Where ``other`` can say something in less of the worn time than ``one``."""
    loss = (one.watched_s - other.watched_s) / worn_s if worn_s else 0.0
    return [_found("watch", f"{loss:.0%} {how} of the worn time is watched")] if loss > WATCH else []


def _found(kind: Kind, said: str) -> Finding:
    return Finding(kind=kind, said=said)
