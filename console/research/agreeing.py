"""Two raters of a recording in; what each said, one above the other, and how far they agree, out."""

from typing import Any, Final
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response

from console.access.roles import Act
from console.research import drawing
from console.research.agreement import BLOCK_S, GRID_S, kappa, onsets
from console.research.office import Recording, Told
from console.research.recordings import WORDS
from console.research.room import Room, person_of
from ingest.recordings.importing import DEVICE

LABELS_MOST: Final = 200_000
"""Labels of a recording that are compared; more take longer than anybody waits for a page."""

GRIDS: Final = ((1.0, "1 s"), (5.0, "5 s"), (10.0, "10 s"), (30.0, "30 s"))


def add_agreement(app: FastAPI, room: Room) -> None:
    """Add the page of agreement."""

    @app.get("/research/recordings/{wearer}/{recording}/agreement", include_in_schema=False)
    async def compare(request: Request, wearer: str, recording: str) -> Response:
        found = await room.recording(request, wearer, recording)
        asked = dict(request.query_params)
        facts = await room.sheets.here.rest.run(_facts, room, found, asked, person_of(request))
        return await room.show(
            request, "agreement.html", may_label=room.sees(request, wearer, Act.LABEL), errors={}, form=None, **facts
        )


def _facts(room: Room, recording: Recording, asked: dict[str, str], who: str) -> dict[str, Any]:
    labels, many = room.office.labels(recording, asker=who, most=LABELS_MOST)
    by: dict[str, list[Told]] = {}
    for each in labels:
        by.setdefault(each.rater, []).append(each)
    raters = sorted(by, key=lambda rater: (rater != "You", rater == DEVICE, -len(by[rater]), rater.casefold()))
    first = asked.get("a", "") if asked.get("a") in by else (raters[0] if raters else "")
    others = [rater for rater in raters if rater != first]
    second = asked.get("b", "") if asked.get("b") in others else (others[0] if others else "")
    whats = sorted({each.what for rater in (first, second) for each in by.get(rater, [])})
    what = asked.get("what", "") if asked.get("what") in whats else ""
    words = (what,) if what else None
    grid_s = next((seconds for seconds, _ in GRIDS if f"{seconds:g}" == asked.get("grid", "")), GRID_S)
    here = f"/research/recordings/{recording.wearer}/{recording.name}"
    facts: dict[str, Any] = {
        "recording": recording,
        "here": here,
        "raters": [(rater, f"{rater} ({len(by[rater])})") for rater in raters],
        "first": first,
        "second": second,
        "whats": [(each, WORDS.get(each, each)) for each in whats],
        "what": what,
        "grids": [(f"{seconds:g}", said) for seconds, said in GRIDS],
        "grid": f"{grid_s:g}",
        "cut": many - len(labels),
        "words": WORDS,
        "block_min": BLOCK_S / 60,
    }
    if not second:
        return facts
    theirs = [each for each in (*by[first], *by[second]) if words is None or each.what in words]
    spans = recording.covered or ((recording.start_s, recording.end_s),)
    return facts | {
        "kappa": kappa(by[first], by[second], spans, words=words, grid_s=grid_s),
        "onsets": onsets(by[first], by[second], words),
        "label_lanes": drawing.label_lanes(
            theirs, since_s=recording.start_s, until_s=recording.end_s, chosen=None, zone=room.sheets.zone
        ),
        "ticks": drawing.ticks(recording.start_s, recording.end_s, room.sheets.zone),
        "swap": f"{here}/agreement?{urlencode({'a': second, 'b': first, 'what': what, 'grid': f'{grid_s:g}'})}",
    }
