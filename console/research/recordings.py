"""Requests for recordings in; their list with filters, and one of them with signals beside labels, out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response

from console.access.roles import Act
from console.clock import to_the_second
from console.forms import Form
from console.paging import paged
from console.research import drawing
from console.research.decimated import Drawn
from console.research.moments import typed
from console.research.office import Recording, Seconds, Told, Working
from console.research.room import Room, person_of
from ingest.types import Array

EACH: Final = 40
"""Recordings of a page of the list."""

COLUMNS: Final = 700
"""Of a drawing: as wide as it is on a laptop, in steps of about a pixel."""

TWICE_S: Final = 23 * 3600.0
"""A recording so long may have the same time by the clock twice: dates are typed, too."""

LABELS_MOST: Final = 2000
"""Labels of a recording that a page takes in; of more it says how many there are."""

LEAD_MOST_S: Final = 300.0
"""How long before an incident an alert tells of it, as a rehearsal counts."""

NARROWEST_S: Final = 2.0
"""As far as one can look into a recording."""

WHATS: Final = ("incident", "settled_build_up", "exercise", "excitement", "band problem", "unsure")
"""Words that are offered: those that carers' answers become, so that they count as the same."""

WORDS: Final = {
    "incident": "Incident",
    "settled_build_up": "Anxious, settled",
    "exercise": "Exercise",
    "excitement": "Happy, excited",
    "band problem": "Band problem",
    "unsure": "Not sure",
}

CHANNELS: Final = (
    ("eda", "EDA", "µS"),
    ("temperature", "Skin temp", "°C"),
    ("motion", "Motion", "g"),
    ("ppg", "Pulse wave", ""),
)


@dataclass(frozen=True, slots=True)
class Look:
    """What of a recording is looked at, and how."""

    since_s: float
    until_s: float
    chosen: int | None
    blind: bool


def add_recordings(app: FastAPI, room: Room) -> None:
    """Add the list, and one recording."""

    @app.get("/research", include_in_schema=False)
    async def list_recordings(request: Request) -> Response:
        return await room.show(request, "recordings.html", **await _listed(room, request))

    @app.get("/research/recordings/{wearer}/{recording}", include_in_schema=False)
    async def show_recording(request: Request, wearer: str, recording: str) -> Response:
        found = await room.recording(request, wearer, recording)
        return await show(room, request, found)


async def _listed(room: Room, request: Request) -> dict[str, Any]:
    everything = await room.recordings(request)
    asked = request.query_params
    kept = [each for each in everything if _matches(each, asked, room)]
    shown, page, pages = paged(kept, asked.get("page", ""), EACH)

    def to(other: int) -> str:
        return "/research?" + urlencode([*((k, v) for k, v in asked.items() if k != "page"), ("page", str(other))])

    return {
        "recordings": shown,
        "many": len(kept),
        "of": len(everything),
        "page": page,
        "pages": pages,
        "before": to(page - 1) if page > 1 else "",
        "after": to(page + 1) if page < pages else "",
        "people_options": [(who, who) for who in sorted({each.wearer for each in everything})],
        "form": Form({key: [value[:200]] for key, value in asked.items()}) if asked else None,
    }


def _matches(each: Recording, asked: Mapping[str, str], room: Room) -> bool:
    """Whether a recording is one of those that are looked for; what cannot be read filters nothing."""
    day = datetime.fromtimestamp(each.start_s, room.sheets.zone).date()
    kind, labelled, who = asked.get("kind", ""), asked.get("labelled", ""), asked.get("who", "")
    return (
        (not who or who == each.wearer)
        and (kind not in ("import", "band") or (kind == "import") == bool(each.form))
        and (labelled not in ("yes", "no") or (labelled == "yes") == bool(each.labels))
        and (_day(asked.get("from", "")) or day) <= day <= (_day(asked.get("to", "")) or day)
        and (asked.get("all") == "yes" or each.covered_s > 0)
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


async def show(
    room: Room,
    request: Request,
    recording: Recording,
    *,
    form: Form | None = None,
    errors: dict[str, str] | None = None,
    chosen: int | None = None,
    status: int = 200,
) -> Response:
    """Return the page of a recording, with what was typed and what was wrong with it."""
    look = _look(request, recording, chosen)
    facts = await room.sheets.here.rest.run(_facts, room, recording, look, person_of(request))
    may_label = room.sees(request, recording.wearer, Act.LABEL)
    return await room.show(
        request, "recording.html", status=status, form=form, errors=errors or {}, may_label=may_label, **facts
    )


def _look(request: Request, recording: Recording, chosen: int | None) -> Look:
    """What is asked for; the whole recording where that cannot be read or lies outside."""
    asked = request.query_params
    since_s = _second(asked.get("from", ""), recording.start_s)
    until_s = _second(asked.get("to", ""), recording.end_s)
    since_s, until_s = max(since_s, recording.start_s), min(until_s, recording.end_s)
    if until_s - since_s < NARROWEST_S:
        middle_s = min(max((since_s + until_s) / 2, recording.start_s), recording.end_s)
        since_s = max(middle_s - NARROWEST_S / 2, min(recording.start_s, recording.end_s - NARROWEST_S))
        until_s = since_s + NARROWEST_S
    label = asked.get("label", "")
    if chosen is None and label.isdecimal() and len(label) < 16:
        chosen = int(label)
    return Look(since_s, until_s, chosen, asked.get("blind", "") == "yes")


def _second(text: str, otherwise: float) -> float:
    try:
        value = float(text)
    except ValueError:
        return otherwise
    return value if math.isfinite(value) else otherwise


def _facts(room: Room, recording: Recording, look: Look, who: str) -> dict[str, Any]:
    office, zone = room.office, room.sheets.zone
    drawn = office.drawn(recording, look.since_s, look.until_s, COLUMNS)
    said_by_models = office.seconds(recording)
    labels, many = office.labels(recording, asker=who, most=LABELS_MOST)
    if look.blind:
        labels = [each for each in labels if each.rater == "You"]
    chosen = next((each for each in labels if each.number == look.chosen), None)
    seen = said_by_models if isinstance(said_by_models, Seconds) else None
    here = f"/research/recordings/{recording.wearer}/{recording.name}"
    return {
        "recording": recording,
        "here": here,
        "look": look,
        "zooms": _zooms(here, recording, look),
        "lanes": _lanes(drawn, seen, look),
        "label_lanes": drawing.label_lanes(
            labels, since_s=look.since_s, until_s=look.until_s, chosen=look.chosen, zone=zone, first="You"
        ),
        "ticks": drawing.ticks(look.since_s, look.until_s, zone),
        "labels": labels,
        "many": many,
        "chosen": chosen,
        "seconds": seen,
        "working": said_by_models if isinstance(said_by_models, Working) else None,
        "told": [] if seen is None or look.blind else _told(seen, labels, room),
        "whats": [(what, WORDS[what]) for what in WHATS],
        "words": WORDS,
        "typed": lambda at_s: typed(at_s, zone=zone, since_s=recording.start_s, until_s=recording.end_s),
        "query": _query(look, recording),
        "away_s": (datetime.fromtimestamp(look.since_s, zone).utcoffset() or timedelta()).total_seconds(),
        "dates": recording.end_s - recording.start_s >= TWICE_S,
    }


def _query(look: Look, recording: Recording, **more: str) -> str:
    """What stands after the ``?`` of links that go on looking at the same."""
    whole = (look.since_s, look.until_s) == (recording.start_s, recording.end_s)
    asked = {} if whole else {"from": f"{look.since_s:.3f}", "to": f"{look.until_s:.3f}"}
    return urlencode(asked | ({"blind": "yes"} if look.blind else {}) | more)


def _zooms(here: str, recording: Recording, look: Look) -> list[tuple[str, str, str]]:
    """Ways to look closer, wider, earlier and later: what it is called, its key, and its address ("": as far as it
    goes)."""
    span_s, middle_s = look.until_s - look.since_s, (look.since_s + look.until_s) / 2

    def to(since_s: float, until_s: float) -> str:
        since_s, until_s = max(since_s, recording.start_s), min(until_s, recording.end_s)
        if until_s - since_s < NARROWEST_S or (since_s, until_s) == (look.since_s, look.until_s):
            return ""
        return f"{here}?{_query(Look(since_s, until_s, look.chosen, look.blind), recording)}"

    return [
        (
            "Earlier",
            "earlier",
            to(look.since_s - span_s / 2, look.until_s - span_s / 2) if look.since_s > recording.start_s else "",
        ),
        ("Closer", "closer", to(middle_s - span_s / 8, middle_s + span_s / 8)),
        ("Wider", "wider", to(middle_s - span_s * 2, middle_s + span_s * 2)),
        ("All", "all", to(recording.start_s, recording.end_s)),
        (
            "Later",
            "later",
            to(look.since_s + span_s / 2, look.until_s + span_s / 2) if look.until_s < recording.end_s else "",
        ),
    ]


def _lanes(drawn: Mapping[str, Drawn], seen: Seconds | None, look: Look) -> list[drawing.Lane]:
    lanes = []
    if seen is not None:
        if not look.blind:
            lanes.append(_risk(seen, look))
        lanes.append(drawing.lane("Heart rate", "a minute", _per_second(seen, seen.heart_bpm, look)))
    elif "ibi" in drawn:
        lanes.append(drawing.lane("Heart rate", "a minute, from the band's beats", drawn["ibi"]))
    for name, words, unit in CHANNELS:
        if name in drawn:
            lanes.append(drawing.lane(words, unit, drawn[name]))
    if seen is not None:
        quality = drawing.lane(
            "Quality", "share of EDA believed", _per_second(seen, seen.quality, look), scale=(0.0, 1.0)
        )
        lanes.append(quality)
    return lanes


def _risk(seen: Seconds, look: Look) -> drawing.Lane:
    shadow = [(_per_second(seen, seen.shadow, look), "dashed")] if seen.shadow_model else []
    marks = [*((at_s, "alert") for at_s in seen.alerts_s), *((at_s, "shadow") for at_s in seen.shadow_alerts_s)]
    return drawing.lane(
        "Risk",
        "",
        _per_second(seen, seen.risk, look),
        more=shadow,
        tall=True,
        scale=(0.0, 1.0),
        level=seen.enter,
        marks=marks,
    )


def _per_second(seen: Seconds, values: Array, look: Look) -> Drawn:
    return drawing.per_second(seen.start_s, values, look.since_s, look.until_s, COLUMNS)


def _told(seen: Seconds, labels: Sequence[Told], room: Room) -> list[tuple[str, str, str]]:
    """Of each model when it would have alerted, and how long before a labelled incident."""
    incidents = _incidents(labels)
    both = [(seen.model, seen.alerts_s)]
    if seen.shadow_model:
        both.append((seen.shadow_model, seen.shadow_alerts_s))
    found = []
    for name, alerts_s in both:
        leads = [_lead(at_s, alerts_s) for at_s in incidents]
        known = [f"{lead:.0f} s" for lead in leads if lead is not None]
        when = ", ".join(to_the_second(at_s, room.sheets.zone) for at_s in alerts_s[:6]) or "none"
        when += f" and {len(alerts_s) - 6} more" if len(alerts_s) > 6 else ""
        missed = len(leads) - len(known)
        lead = "no incident labelled" if not incidents else ", ".join(known) or "none"
        lead += f"; {missed} missed" if incidents and missed else ""
        found.append((name, when, lead))
    return found


def _incidents(labels: Sequence[Told]) -> list[float]:
    """When each incident began [UTC s]: labels that touch are one, however many raters gave it."""
    found: list[float] = []
    ended_s = -math.inf
    for each in sorted((each for each in labels if each.what == "incident"), key=lambda told: told.start_s):
        if each.start_s > ended_s:
            found.append(each.start_s)
        ended_s = max(ended_s, each.end_s)
    return found


def _lead(onset_s: float, alerts_s: Sequence[float]) -> float | None:
    """How long before an onset the earliest alert came that tells of it: up to five minutes, as a rehearsal counts."""
    leads = [onset_s - at_s for at_s in alerts_s if 0 <= onset_s - at_s <= LEAD_MOST_S]
    return max(leads, default=None)
