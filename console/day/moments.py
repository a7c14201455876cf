"""The journal's lines about a person, and notes, in; the moments of a day in plain words, the latest first, out."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from alerts.delivered import with_delivered
from alerts.delivery.events import Snoozed
from alerts.happened import HappenedTo
from alerts.outcomes.events import OutcomeTold, What
from alerts.protection.cover import Level, Link
from alerts.protection.events import CoverChanged
from alerts.situation_events import AlertAcknowledged, AlertRaised, AlertResolved, SightLost, SightRegained
from alerts.views import Blind
from console.day.office import Note
from console.day.times import Span

BRIEF_S: Final = 60.0
"""So short a time without sight is drawn and not told: a start makes some, and nobody can do anything about it."""

MOST: Final = 120
"""Moments that a page tells; a day that has more is told from its end."""

SEEN: Final = {
    Blind.NOT_HEARD: ("Not heard yet", "cannot"),
    Blind.SILENT: ("The band fell silent", "unprotected"),
    Blind.NOT_WORN: ("Band off", "bandoff"),
    Blind.POOR_SIGNAL: ("Cannot tell: the signal was poor", "cannot"),
    Blind.LEARNING: ("Getting to know what is usual", "cannot"),
    Blind.OUT_OF_RANGE: ("Cannot tell: readings unlike any that were learnt from", "cannot"),
    Blind.NOT_RECORDING: ("Not recording: no consent", "notrecording"),
}

TOLD: Final = {
    What.SETTLED: ("Anxious, then settled", "settle"),
    What.INCIDENT: ("Incident", "burst"),
    What.EXERCISE: ("Exercise", "run"),
    What.EXCITED: ("Happy, excited", "joy"),
    What.BAND: ("Band problem", "band"),
    What.UNSURE: ("Not sure what it was", "cannot"),
}

LINKS: Final = {
    Link.GATEWAY: "the gateway was silent",
    Link.BROKER: "messages did not arrive",
    Link.PIPELINE: "readings were not worked on",
    Link.MODEL: "nothing watched",
    Link.JOURNAL: "alerts could not be kept",
    Link.SERVER: "the server had stopped",
    Link.TABLET: "no tablet could sound",
    Link.CARER: "nobody was on shift",
}
"""What between band and carer was broken; what the band itself says is told by sight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something that happened at ``at_s`` [UTC s]: ``said`` and, in small, ``beside``. ``glyph`` names a symbol of the
    sprite, ``badge`` is the name of who took it in its place. ``alert_id`` leads to an alert, ``outcome_of`` to what
    was told of one, ``note`` is a carer's own words, shown as they were written. ``goes_on``: it has not ended."""

    at_s: float
    said: str
    beside: str = ""
    glyph: str = "pip"
    badge: str = ""
    alert_id: str = ""
    outcome_of: str = ""
    note: Note | None = None
    goes_on: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The moments of a day, the latest first, and how many more there are; ``alerts`` that were raised, by what it was
    as far as anybody said, and the times at which they were [UTC s]."""

    moments: tuple[Moment, ...]
    more: int
    alerts: tuple[float, ...]
    outcomes: tuple[str, ...]


def told(events: Iterable[HappenedTo], notes: Sequence[Note], span: Span) -> Told:
    """Return what happened in ``span``."""
    lines = [event for event in with_delivered(events) if isinstance(event, HappenedTo)]  # type: ignore[arg-type]
    raised = {it.alert_id: it for it in lines if isinstance(it, AlertRaised)}
    found = [
        *_alerts(lines, raised),
        *_outcomes(lines, raised),
        *_sight(lines),
        *_cover(lines),
        *(_note(note) for note in notes),
    ]
    inside = [it for it in found if span.since_s <= it.at_s < span.until_s]
    inside.sort(key=lambda it: it.at_s, reverse=True)
    today = [it.at_s for it in raised.values() if span.since_s <= it.at_s < span.until_s]
    said = [it.said for it in inside if it.outcome_of or it.glyph in ("settle", "burst", "run", "joy", "band")]
    return Told(
        moments=tuple(inside[:MOST]),
        more=max(len(inside) - MOST, 0),
        alerts=tuple(sorted(today)),
        outcomes=tuple(said),
    )


def lasting(seconds: float) -> str:
    """Return how long something took, as people say it: "18 min", "8 h 22 min", "40 s"."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{max(round(seconds), 0)} s"
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def odds_words(probability: float) -> str:
    """Return odds as people count them: "About 7 in 10". Nothing is said to be certain, either way."""
    tenths = round(10 * probability)
    return "More than 9 in 10" if tenths > 9 else "Fewer than 1 in 10" if tenths < 1 else f"About {tenths} in 10"


def _alerts(lines: Sequence[HappenedTo], raised: dict[str, AlertRaised]) -> Iterable[Moment]:
    for it in lines:
        match it:
            case AlertRaised():
                first = it.reasons[0] if it.reasons else "Signs as they come before a hard time."
                odds = "" if math.isnan(it.probability) else f"{odds_words(it.probability)}."
                yield Moment(at_s=it.at_s, said=f"Alert. {first}", beside=odds, glyph="alert", alert_id=it.alert_id)
            case AlertAcknowledged():
                of = raised.get(it.alert_id)
                after = f" after {_after(it.at_s - of.at_s)}" if of and it.at_s >= of.at_s else ""
                yield Moment(at_s=it.at_s, said=f"{it.by} had it{after}.", badge=it.by)
            case AlertResolved():
                by = f"{it.by} said that it was over." if it.by else "The signs settled."
                yield Moment(at_s=it.at_s, said=by)
            case Snoozed() if it.matter_id in raised:
                for_s = lasting(it.until_s - it.at_s)
                yield Moment(
                    at_s=it.at_s, said=f"{it.by} paused the sound for {for_s}.", beside=it.reason, glyph="mute"
                )


def _after(seconds: float) -> str:
    return f"{round(seconds)} s" if seconds < 120 else lasting(seconds)


def _outcomes(lines: Sequence[HappenedTo], raised: dict[str, AlertRaised]) -> Iterable[Moment]:
    """What holds: of several that stand in for each other the last, told at its own time."""
    told = {it.outcome_id: it for it in lines if isinstance(it, OutcomeTold)}
    corrected = {it.corrects for it in told.values()}
    for it in told.values():
        if it.outcome_id in corrected:
            continue
        said, glyph = TOLD[it.what]
        lasted = f", {lasting(it.ended_s - it.began_s)}" if it.ended_s - it.began_s >= BRIEF_S else ""
        helped = f" {_listed(it.helped)} helped." if it.helped else ""
        first = raised.get(it.alert_id)
        early = "" if first is None or it.began_s <= first.at_s else f", told {lasting(it.began_s - first.at_s)} before"
        beside = f"{it.by}{early}" if not it.alert_id or first else it.by
        yield Moment(
            at_s=it.began_s,
            said=f"{said}{lasted}.{helped}",
            beside=beside if it.alert_id else f"{beside}. No alert came.",
            glyph=glyph,
            outcome_of=it.alert_id,
        )


def _listed(words: Sequence[str]) -> str:
    first = f"{words[0][:1].upper()}{words[0][1:]}"
    return first if len(words) == 1 else f"{', '.join([first, *words[1:-1]])} and {words[-1]}"


def _sight(lines: Sequence[HappenedTo]) -> Iterable[Moment]:
    """Each time without sight once, by its first reason, with how long it took."""
    lost: SightLost | None = None
    for it in lines:
        if isinstance(it, SightLost) and (lost is None or it.reason is not lost.reason):
            if lost is not None:
                yield from _without(lost, it.since_s)
            lost = it
        elif isinstance(it, SightRegained) and lost is not None:
            yield from _without(lost, it.at_s)
            long = it.at_s - lost.since_s >= BRIEF_S
            worn = lost.reason is Blind.NOT_WORN
            if long:
                yield Moment(at_s=it.at_s, said="Band on again." if worn else "Can be watched again.")
            lost = None
    if lost is not None:
        said, glyph = SEEN[lost.reason]
        yield Moment(at_s=lost.since_s, said=f"{said}.", glyph=glyph, goes_on=True)


def _without(lost: SightLost, until_s: float) -> Iterable[Moment]:
    if until_s - lost.since_s >= BRIEF_S:
        said, glyph = SEEN[lost.reason]
        yield Moment(at_s=lost.since_s, said=f"{said}, {lasting(until_s - lost.since_s)}.", glyph=glyph)


def _cover(lines: Sequence[HappenedTo]) -> Iterable[Moment]:
    """Each time in which an alert would have reached nobody, for what was broken beyond the band."""
    begun: CoverChanged | None = None
    for it in lines:
        if not isinstance(it, CoverChanged):
            continue
        broken = it.level is Level.NOT and it.link in LINKS
        if begun is not None and (not broken or it.link is not begun.link):
            yield from _uncovered(begun, it.since_s)
            begun = None
        if broken and begun is None:
            begun = it
    if begun is not None:
        yield from _uncovered(begun, None)


def _uncovered(begun: CoverChanged, until_s: float | None) -> Iterable[Moment]:
    if begun.link is None or (until_s is not None and until_s - begun.since_s < BRIEF_S):
        return
    long = "" if until_s is None else f", {lasting(until_s - begun.since_s)}"
    said = f"Not protected{long}: {LINKS[begun.link]}."
    yield Moment(at_s=begun.since_s, said=said, glyph="unprotected", goes_on=until_s is None)


def _note(note: Note) -> Moment:
    return Moment(at_s=note.at_s, said="", beside=note.by, glyph="note", note=note)


def in_words(alerts: Sequence[float], gaps: Sequence[tuple[float, float]], clock: Callable[[float], str]) -> str:
    """Return what a drawing of the day shows, for who cannot see it."""
    said = f"Above the alert line at {', '.join(map(clock, alerts))}." if alerts else "No alert."
    hidden = [f"from {clock(since_s)} to {clock(until_s)}" for since_s, until_s in gaps]
    return f"{said} Not seen {', '.join(hidden)}." if hidden else said
