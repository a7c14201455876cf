"""What staff see of bands, clocks and the store, the site's zone and the time in; a page in words out, and its facts.

Nothing is left to be read out of a number alone: what needs somebody comes first and says what to do.
"""

from dataclasses import dataclass
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import msgspec

from console.amounts import lasting, plain, times
from console.clock import clock_time
from console.rows import LOW_BATTERY_PCT
from console.standing import (
    QUIET_S,
    GatewayRow,
    Link,
    Look,
    ModelsAt,
    exchanges,
    gateway_rows,
    gateways_to_see_to,
    links,
    models_to_see_to,
    watching,
)
from ingest.admission import Verdict
from ingest.bands import BandReport, ConsentDue, Overview
from ingest.clock.clocks import ClockState
from ingest.intake.counts import KINDS, Counters, HeldBack
from ingest.registry.assignments import LINGER_S
from ingest.registry.consents import Scope

_SCOPES: Final = {Scope.CARE: "care", Scope.RESEARCH: "research", Scope.SHARE: "reports that leave the house"}
_KINDS: Final = {
    "topic": "sent to a topic that is none of ours",
    "band": "named another band than their topic",
    "size": "empty or too large",
    "form": "not in a form that can be read",
    "value": "with values that cannot be",
    "ours": "refused by an error of our own",
}


class Staff(Protocol):
    """Where the page comes from. Called from any thread."""

    @property
    def held_back(self) -> HeldBack | None:
        """Why nothing can be stored now, None while it can; answers at once."""
        ...

    def take(self) -> Overview:
        """Return what there is to see now; may take its time."""
        ...


@dataclass(frozen=True, slots=True)
class BandRow:
    """One band in words; empty strings where there is nothing to say. ``doubt`` frames it: ``none`` of what it sends is
    of use to anybody, ``some`` is wrong with it, or nothing ("")."""

    band: str
    worn_by: str
    doubt: str
    what: str
    heard: str
    battery: str
    gateway: str
    link: str
    stored: str
    clock: str
    clock_more: str


@dataclass(frozen=True, slots=True)
class Urgent:
    """A band that nobody is known to wear, and when its readings go."""

    band: str
    heard: str
    goes: str


@dataclass(frozen=True, slots=True)
class Due:
    """A consent that somebody must see to: whose, what is so, what to do, and the command that enters it."""

    name: str
    what: str
    do: str
    command: str
    glyph: str


@dataclass(frozen=True, slots=True)
class Count:
    """A number and what it counts; ``doubt`` where it should be 0 and is not."""

    number: str
    what: str
    doubt: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A message in quarantine."""

    at: str
    topic: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on the page, in its order. ``storing`` is empty while readings are stored."""

    headline: str
    rest: str
    storing: str
    storing_why: str
    faults: tuple[str, ...]
    exchanges: tuple[Look, ...]
    urgent: tuple[Urgent, ...]
    gateway_faults: tuple[Look, ...]
    dues: tuple[Due, ...]
    bands: tuple[BandRow, ...]
    gateways: tuple[GatewayRow, ...]
    counts: tuple[Count, ...]
    refused: tuple[Refused, ...]
    model_faults: tuple[Look, ...]
    watching: str


def page_of(overview: Overview, *, zone: ZoneInfo, models: ModelsAt) -> Page:
    """Return what the page says of ``overview``, in the clock of ``zone``, and of ``models``."""
    now_s, held = overview.at_s, overview.held_back

    def clock(at_s: float) -> str:
        return clock_time(at_s, zone=zone, now_s=now_s)

    def name(wearer: str) -> str:
        return overview.names.get(wearer, wearer)

    urgent = [each for each in overview.bands if each.is_urgent]
    linked = links(overview.standing, clock=clock)
    rows = [
        _row(
            each,
            linked.get(each.band, Link()),
            worn_by="" if each.wearer is None else name(each.wearer),
            now_s=now_s,
            zone=zone,
        )
        for each in overview.bands
    ]
    doubts = exchanges(overview.doubts, name=name, clock=clock)
    ailing = gateways_to_see_to(overview.standing, now_s=now_s)
    pairs = f"{len(doubts)} {'pair' if len(doubts) == 1 else 'pairs'} to look at" if doubts else ""
    orphans = f"{len(urgent)} that nobody is known to wear" if urgent else ""
    dues = f"{len(overview.consents)} {'consent' if len(overview.consents) == 1 else 'consents'} to see to"
    return Page(
        headline=f"{len(rows)} {'band' if len(rows) == 1 else 'bands'}",
        rest=", ".join(part for part in (pairs, orphans, dues if overview.consents else "") if part),
        storing="" if held is None else f"Nothing has been stored since {clock(now_s - held.for_s)}",
        storing_why="" if held is None else held.reason,
        faults=overview.faults,
        exchanges=doubts,
        gateway_faults=ailing,
        urgent=tuple(_urgent(each, now_s=now_s, zone=zone) for each in urgent),
        dues=tuple(_due(each, name=name(each.wearer), now_s=now_s, zone=zone) for each in overview.consents),
        bands=tuple(row for row, each in zip(rows, overview.bands, strict=True) if not each.is_urgent),
        gateways=gateway_rows(
            overview.standing,
            overview.gateways,
            now_s=now_s,
            heard=lambda at_s: _heard(at_s, now_s=now_s, zone=zone),
        ),
        counts=_counts(overview.counters, held=held is not None),
        refused=tuple(Refused(clock(each.received_s), each.topic, each.reason) for each in overview.refusals),
        model_faults=models_to_see_to(models, name=name),
        watching=watching(models),
    )


def facts_of(overview: Overview, *, models: ModelsAt) -> dict[str, Any]:
    """Return the same for a program; what was refused without its payload, which may be readings."""
    facts: dict[str, Any] = msgspec.to_builtins(overview)
    for each in facts["refusals"]:
        del each["payload"], each["digest"]
    facts["models"] = msgspec.to_builtins(models)
    return facts


def _row(each: BandReport, link: Link, *, worn_by: str, now_s: float, zone: ZoneInfo) -> BandRow:
    heard = _heard(each.last_heard_s, now_s=now_s, zone=zone)
    silent = each.last_heard_s is None or now_s - each.last_heard_s > QUIET_S
    battery = each.sent.battery_pct
    clock, more, unsure = _clock(each.clock)
    if each.verdict is Verdict.WAIT:
        doubt, what = "", "Nobody wears it" if each.given_up_s is None else _given_up(each.given_up_s, now_s, zone)
    elif each.verdict is Verdict.DROP:
        doubt, what = "none", "Not recorded: no consent covers it, nothing is kept"
    elif silent:
        doubt, what = "none", "Not sending" if each.last_heard_s is not None else "Never heard"
        what += f": {link.fault}" if link.fault else ""
    else:
        low = battery is not None and battery <= LOW_BATTERY_PCT
        doubt, what = "some" if low or unsure else "", "Charge it soon" if low else ""
    return BandRow(
        band=each.band,
        worn_by=worn_by or ("Somebody who was erased" if each.verdict is Verdict.DROP else "Nobody"),
        doubt=doubt,
        what=what,
        heard=heard,
        battery="" if battery is None else f"{battery} %",
        gateway=each.sent.gateway or "",
        link=link.words,
        stored=plain(each.packets),
        clock=clock,
        clock_more=more,
    )


def _given_up(at_s: float, now_s: float, zone: ZoneInfo) -> str:
    at, until = (clock_time(each_s, zone=zone, now_s=now_s) for each_s in (at_s, at_s + LINGER_S))
    return f"Given up at {at}: gateways fetch what it still keeps until {until}"


def _urgent(each: BandReport, *, now_s: float, zone: ZoneInfo) -> Urgent:
    if each.waiting is None:
        return Urgent(each.band, _heard(each.last_heard_s, now_s=now_s, zone=zone), "")
    first_s, last_s = each.waiting.first_goes_s, each.waiting.last_goes_s
    first, last = (clock_time(at_s, zone=zone, now_s=now_s) for at_s in (first_s, last_s))
    now = first_s <= now_s
    begin = "Its oldest readings are being erased now" if now else f"Its readings are erased from {first} on"
    goes = f"{begin}; the last that came is erased at {last}."
    return Urgent(each.band, _heard(each.last_heard_s, now_s=now_s, zone=zone), goes)


def _heard(at_s: float | None, *, now_s: float, zone: ZoneInfo) -> str:
    if at_s is None:
        return "never"
    if now_s - at_s <= QUIET_S:
        return "now"
    return clock_time(at_s, zone=zone, now_s=now_s)


def _clock(state: ClockState | None) -> tuple[str, str, bool]:
    """Return how a band's clock runs, what else is to be said of it, and whether that is a doubt."""
    if state is None:
        return "", "", False
    drift, residual = state.drift_ppm, state.residual_s
    told = "drift not known yet" if drift is None else f"{abs(drift):.1f} ppm {'slow' if drift > 0 else 'fast'}"
    told += "" if residual is None else f", within {residual * 1e3:.0f} ms"
    doubts = [] if state.is_proven else ["not yet proven"]
    doubts += [f"set {times(state.sets)}"] if state.sets else []
    return told, ", ".join(doubts), bool(state.sets)


def _due(each: ConsentDue, *, name: str, now_s: float, zone: ZoneInfo) -> Due:
    scope = _SCOPES[each.scope]
    give = f"forecalm consent give {each.wearer} --scope {each.scope.value} --by WHO"
    if each.to_confirm:
        what = f"The consent to {scope} is to be confirmed: it was carried over, and nobody gave it."
        return Due(name, what, "Ask whoever may agree, and enter who did.", give, "cannot")
    if each.ends_s is None:
        what = "Not recording: no consent to care covers today. Nothing is kept, and no alert can come."
        return Due(name, what, "Look in. If somebody agrees, enter who did.", give, "notrecording")
    ends = f"{clock_time(each.ends_s, zone=zone, now_s=now_s)}, in {lasting(each.ends_s - now_s)}"
    what = f"The consent to care ends {ends}. Then nothing is kept, and no alert can come."
    return Due(name, what, "Ask for a new one before that.", give, "clock")


def _counts(counters: Counters, *, held: bool) -> tuple[Count, ...]:
    """Since the start of the service."""
    counts = [
        Count(plain(counters.messages), "messages came in", False),
        Count(plain(counters.duplicates), "came twice, stored once", False),
        Count(plain(counters.late), "came too late to be watched, stored", False),
        Count(plain(counters.repaired), "numbers no sensor can say, left out", False),
        Count(plain(counters.unassigned), "of bands that nobody is known to wear", counters.unassigned > 0),
        Count(plain(counters.dropped), "not kept, because no consent covers them", False),
        Count(plain(counters.lost), "declared lost by gateways", counters.lost > 0),
        Count(plain(counters.waiting), "wait to be stored", held),
        Count(lasting(counters.held_back_s), "nothing could be stored", counters.held_back_s > 0),
    ]
    kinds = [kind for kind in KINDS if counters.quarantined.get(kind)]
    counts += [Count(plain(counters.quarantined[kind]), f"in quarantine: {_KINDS[kind]}", True) for kind in kinds]
    return (*counts, *([] if kinds else [Count("0", "in quarantine", False)]))
