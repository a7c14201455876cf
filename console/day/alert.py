"""An alert's id in; its own screen (what, since when, why, what helps, who was told, and the one tap) out."""

import contextlib
import math
from dataclasses import dataclass, replace
from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.responses import RedirectResponse

from alerts.delivered import with_delivered
from alerts.delivery.matter import Kind as MatterKind
from alerts.errors import UnknownAlert
from alerts.situation_events import AlertAcknowledged, AlertRaised
from alerts.views import AlertView, WearerView
from console.access.asker import Kind
from console.access.entrance import asker_of, by_of, check_person, may_of
from console.access.roles import Act
from console.clock import dated, day_typed, to_the_minute, to_the_second
from console.day.moments import odds_words
from console.day.pages import Room
from console.forms import form_of
from console.refusal import Refusal
from console.rows import Row
from console.sight import sight_of

REASONS: Final = ("Somebody is with them", "The sound makes it worse", "Exercise", "Happy, excited", "Band problem")
"""Why the sound of an alert is paused, as on the board."""

LASTS_S: Final = 86_400.0
"""So long after it was raised it is looked for who took an alert of the past."""

MINUTES: Final = (1, 2, 5)
"""For how long it may be: no longer than delivery takes (alerts.delivery.snooze)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An alert as far as anybody knows it: whose, since when [UTC s], and its ``view`` while the desk has it; else who
    had it since when, and when it was over. ``is_past``: only the journal tells of it, and why it was raised."""

    wearer: str
    raised_s: float
    view: WearerView | None = None
    alert: AlertView | None = None
    by: str = ""
    taken_s: float | None = None
    ended_s: float | None = None
    reasons: tuple[str, ...] = ()
    is_past: bool = False


def add_alert(app: FastAPI, room: Room) -> None:
    """Serve alerts on a screen of their own, and the form that pauses the sound of one before a script arrives."""

    @app.get("/alerts/{alert_id}", include_in_schema=False)
    async def show_alert(alert_id: str, request: Request) -> Response:
        found = await room.here.rest.run(_found, room, alert_id)
        found = found or await room.here.records.run(_past, room, alert_id)
        if found is None:
            raise Refusal(404, "Nobody knows of that alert", "It may be long over. Please look at the board.")
        check_person(request, Act.DAY if found.is_past else Act.BOARD, found.wearer)
        await room.board.look()
        row = room.board.rows([found.view], sight_of(asker_of(request)))[0] if found.view else None
        return await _shown(room, request, alert_id, found, row)

    @app.post("/alerts/{alert_id}/snooze", include_in_schema=False)
    async def snooze(alert_id: str, request: Request) -> Response:
        form = await form_of(request)
        reason, minutes = form.one("reason"), form.one("minutes")
        if reason not in REASONS or minutes not in map(str, MINUTES):
            raise Refusal(422, "Why, and for how long?", "Choose one of the reasons, then for how long.")
        by = by_of(request, form.one("by"))
        await room.here.rest.run(_snooze, room, alert_id, reason, int(minutes), by)
        room.here.done()
        return RedirectResponse(f"/alerts/{alert_id}", status_code=303)


async def _shown(room: Room, request: Request, alert_id: str, found: Found, row: Row | None) -> Response:
    asker = asker_of(request)
    alert = found.alert
    is_open = alert is not None and alert.resolved_s is None and alert.acknowledged_by is None
    is_held = alert is not None and alert.resolved_s is None and not is_open
    now_s, taken_s = room.here.clock(), alert.acknowledged_s if alert else found.taken_s
    plan = row.alert.plan if row and row.alert else None

    def clock(at_s: float) -> str:
        day = day_typed(at_s, room.zone)
        if day == day_typed(now_s, room.zone):
            return to_the_second(at_s, room.zone)
        after = at_s > found.raised_s and day == day_typed(found.raised_s, room.zone)
        return to_the_minute(at_s, room.zone) if after else dated(at_s, room.zone)

    return await room.sheets.show(
        request,
        "day/alert.html",
        alert_id=alert_id,
        wearer=found.wearer,
        name=room.board.name(found.wearer, sight_of(asker)),
        state="open" if is_open else "held" if is_held else "over",
        row=row if is_open or is_held else None,
        reasons=(alert.reasons or (row.word if row else "",)) if alert else found.reasons,
        odds=_odds(alert),
        odds_words=odds_words(alert.probability) if alert and math.isfinite(alert.probability) else "",
        raised=clock(found.raised_s),
        ago=_ago(now_s - found.raised_s),
        by=(alert.acknowledged_by if alert else found.by) or "",
        taken=clock(taken_s) if taken_s is not None else "",
        is_past=found.is_past,
        ended=clock(found.ended_s) if found.ended_s is not None else "",
        told=row.alert if row else None,
        plan=plan,
        pause_reasons=REASONS,
        pause_minutes=MINUTES,
        day=day_typed(found.raised_s, room.zone),
        by_name=asker.name if asker.kind is Kind.PERSON else "",
        may_day=may_of(request, Act.DAY, found.wearer),
        may_tell=may_of(request, Act.TELL, found.wearer),
    )


def _found(room: Room, alert_id: str) -> Found | None:
    """Return what is known of an alert at once; None where only the journal may tell."""
    for view in room.here.desk.views():
        alert = view.alert
        if alert is not None and alert.alert_id == alert_id:
            return Found(wearer=view.wearer, raised_s=alert.raised_s, view=view, alert=alert, ended_s=alert.resolved_s)
    proof = room.here.care.delivery.proof(alert_id) if room.here.care else None
    if proof is not None and proof.matter.wearer and proof.matter.kind is MatterKind.ALERT:
        matter = proof.matter
        return Found(wearer=matter.wearer, raised_s=matter.since_s, by=proof.ended_by, ended_s=proof.ended_s)
    return None


def _past(room: Room, alert_id: str) -> Found | None:
    """Return what the journal tells of an alert that nothing else knows any more; None where it does not."""
    known = room.here.care.outcomes.times(alert_id) if room.here.care else None
    kept = room.days.kept(known.wearer, known.raised_s, known.raised_s + LASTS_S) if known and room.days else None
    if known is None or kept is None:
        return None
    found = Found(wearer=known.wearer, raised_s=known.raised_s, ended_s=known.resolved_s, is_past=True)
    for event in with_delivered(kept.events):  # type: ignore[arg-type]
        match event:
            case AlertRaised() if event.alert_id == alert_id:
                found = replace(found, reasons=event.reasons)
            case AlertAcknowledged() if event.alert_id == alert_id:
                found = replace(found, by=event.by, taken_s=event.at_s)
    return found


def _snooze(room: Room, alert_id: str, reason: str, minutes: int, by: str) -> None:
    now_s, delivery = room.here.clock(), room.here.given.delivery
    proof = delivery.proof(alert_id)
    if proof is None or not proof.is_open:
        raise Refusal(409, "That sounds no more", "Somebody has it, or it is over.")
    with contextlib.suppress(UnknownAlert):  # it was over in this very moment
        delivery.snooze(alert_id, by=by, reason=reason, until_s=now_s + 60 * minutes, at_s=now_s)


def _odds(alert: AlertView | None) -> int | None:
    """Return how many of ten dots are full, never all of them; None where nobody knows."""
    if alert is None or not math.isfinite(alert.probability):
        return None
    return min(max(round(10 * alert.probability), 0), 9)


def _ago(seconds: float) -> str:
    minutes = int(seconds // 60)
    if minutes < 1:
        return "just now"
    hours, rest = divmod(minutes, 60)
    return f"{minutes} min ago" if not hours else f"{hours} h {rest} min ago"
