"""A person and a date in; the page of that day, and what carers write on it, out."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request, Response

from alerts.views import WearerView
from console.access.asker import Kind
from console.access.entrance import asker_of, by_of, may_of
from console.access.roles import Act
from console.api.here import Here
from console.board import Board
from console.clock import to_the_minute
from console.day import lanes, moments, times
from console.day.office import Days, Kept, Note
from console.forms import Form, form_of
from console.refusal import Refusal
from console.sheets import Sheets
from console.sight import sight_of
from ingest.errors import StoreError

NOTE_MAX: Final = 2000
"""Characters of a note: a page in a hand; the label that it is kept as takes more."""

AHEAD_S: Final = 300.0
"""A note may be of a moment so far ahead: a tablet's clock is not the server's."""

SHORTEST_PAST_S: Final = 60.0
"""No less than a minute of a day is said to be over: "watched 0 s of 0 s" says nothing at midnight."""

DAYS_BACK: Final = 3650
"""Ten years: further back there is no band of ours."""

_UNKNOWN: Final = Refusal(
    404, "Nobody of that name is here", "They may have been erased, and everything of them with them."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a page of a day is drawn from: ``day`` is all of it, ``span`` as much as is drawn."""

    day: times.Span
    span: times.Span
    kept: Kept
    told: moments.Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the pages of a day stand on; ``shares``: summaries are made here."""

    sheets: Sheets
    here: Here
    board: Board
    days: Days | None
    zone: ZoneInfo
    shares: bool = False

    @property
    def book(self) -> Days:
        """Whoever keeps people's days; refused with 404 where a house has nobody."""
        if self.days is None:
            raise Refusal(404, "There are no days here", "This board shows how people are now.")
        return self.days


def add_day(app: FastAPI, room: Room) -> None:
    """Serve people's days, and take in notes."""

    @app.get("/people/{wearer}", include_in_schema=False)
    async def show_day(wearer: str, request: Request) -> Response:
        return await _page(room, request, wearer, _asked(room, request.query_params.get("day", "")))

    @app.post("/people/{wearer}/notes", include_in_schema=False)
    async def write_note(wearer: str, request: Request) -> Response:
        form = await form_of(request)
        day = _asked(room, form.one("day"))
        errors, at_s, text = _note_in(room, form, day)
        by = _by(request, form, errors)
        if errors:
            return await _page(room, request, wearer, day, form=form, errors=errors)
        try:
            await room.here.records.run(_write, room, wearer, text, at_s, by)
        except StoreError:
            errors["text"] = "It is not kept: the registry does not answer. Please try again in a moment."
            return await _page(room, request, wearer, day, form=form, errors=errors, status=503)
        return room.sheets.after(request, f"/people/{wearer}?day={day}", "Your note is kept.")

    @app.post("/people/{wearer}/notes/{note}", include_in_schema=False)
    async def change_note(wearer: str, note: int, request: Request) -> Response:
        form = await form_of(request)
        day = _asked(room, form.one("day"))
        errors: dict[str, str] = {}
        by = _by(request, form, errors)
        text = _text_in(form, errors) if form.one("act") != "remove" else ""
        if errors:
            return await _page(room, request, wearer, day, form=form, errors=errors, note=note)
        await room.here.records.run(_change, room, wearer, note, text, by)
        done = "The note is changed." if text else "The note is removed."
        return room.sheets.after(request, f"/people/{wearer}?day={day}", done)


async def _page(
    room: Room,
    request: Request,
    wearer: str,
    day: date,
    *,
    form: Form | None = None,
    errors: dict[str, str] | None = None,
    note: int | None = None,
    status: int = 200,
) -> Response:
    seen = await room.here.records.run(_look, room, wearer, day)
    now_s, today = room.here.clock(), times.date_of(room.here.clock(), room.zone)
    views = {view.wearer: view for view in await room.here.rest.run(room.here.desk.views)}
    await room.board.look()
    sight = sight_of(asker_of(request))
    row = room.board.rows([views[wearer]], sight)[0] if wearer in views else None
    return await room.sheets.show(
        request,
        "day/day.html",
        status=422 if errors and status == 200 else status,
        wearer=wearer,
        name=room.board.name(wearer, sight),
        row=row,
        day=day,
        today=today,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1),
        form=form,
        errors=errors or {},
        wrong_note=note,
        note_max=NOTE_MAX,
        by_name=asker_of(request).name if asker_of(request).kind is Kind.PERSON else "",
        may_tell=may_of(request, Act.TELL, wearer),
        may_pair=may_of(request, Act.PAIR, wearer),
        may_share=room.shares and may_of(request, Act.SHARE, wearer),
        open_alert=_open_alert(views.get(wearer)),
        **_drawn(seen, room.zone, now_s),
    )


def _drawn(seen: Seen, zone: ZoneInfo, now_s: float) -> dict[str, Any]:
    """Return what of a day is drawn and said, as it stands at ``now_s`` [UTC s]."""
    readings = seen.kept.readings
    gaps = lanes.unseen(readings, seen.span, now_s=now_s) if readings else ()

    def clock(at_s: float) -> str:
        return to_the_minute(at_s, zone)

    return {
        "clock_of": clock,
        "now": clock(now_s),
        "place_of": seen.span.place,
        "kept": seen.kept,
        "told": seen.told,
        "signs": lanes.signs(readings, seen.span, now_s=now_s),
        "lanes": lanes.lanes(readings, seen.span, now_s=now_s),
        "gaps": gaps,
        "line": lanes.ALERT_LINE,
        "marks": times.marks(seen.span, zone),
        "hours": round(seen.day.lasts_s / times.HOUR_S),
        "in_words": moments.in_words(seen.told.alerts, [(it.since_s, it.until_s) for it in gaps], clock),
        "watched": moments.lasting(lanes.watched_s(readings)),
        "past": moments.lasting(max(min(seen.day.until_s, now_s) - seen.day.since_s, SHORTEST_PAST_S)),
    }


def _look(room: Room, wearer: str, day: date) -> Seen:
    whole = times.day_of(day, room.zone)
    kept = room.book.kept(wearer, whole.since_s, whole.until_s)
    if kept is None:
        raise _UNKNOWN
    told = moments.told(kept.events, kept.notes, whole)
    told = replace(told, moments=tuple(_with_ways(room, told.moments)))
    ats = [it.at_s for it in kept.readings] + [it.at_s for it in told.moments]
    known = (min(ats), max(ats) + lanes.MINUTE_S) if ats else None
    span = times.shown(whole, known, now_s=room.here.clock())
    return Seen(day=whole, span=span, kept=kept, told=told)


def _with_ways(room: Room, told: Iterable[moments.Moment]) -> Iterable[moments.Moment]:
    """Yield moments without the ways to alerts that have no screen: nobody knows of them."""
    shown = {view.alert.alert_id for view in room.here.desk.views() if view.alert}

    def known(alert_id: str) -> str:
        care = room.here.care
        if not alert_id or alert_id in shown or care is None:
            return alert_id if alert_id in shown else ""
        is_known = care.delivery.proof(alert_id) is not None or care.outcomes.times(alert_id) is not None
        return alert_id if is_known else ""

    for each in told:
        yield replace(each, alert_id=known(each.alert_id), outcome_of=known(each.outcome_of))


def _asked(room: Room, said: str) -> date:
    """Return the date that was asked for; today where none was, or where it has not come."""
    today = times.date_of(room.here.clock(), room.zone)
    if not said:
        return today
    try:
        day = date.fromisoformat(said)
    except ValueError as error:
        raise Refusal(404, "There is no such day", "day: write it as 2025-11-19.", field="day") from error
    if today - day > timedelta(days=DAYS_BACK):
        raise Refusal(404, "There is no such day", "day: it is too long ago.", field="day")
    return min(day, today)


def _note_in(room: Room, form: Form, day: date) -> tuple[dict[str, str], float, str]:
    """Return what is wrong with a note by field, the moment that it is of [UTC s], and its text."""
    errors: dict[str, str] = {}
    text, now_s, said = _text_in(form, errors), room.here.clock(), form.one("at")
    at_s = times.moment_of(day, said, room.zone) if said else now_s
    if at_s is None:
        errors["at"] = "Write a time of that day, such as 14:05."
    elif at_s > now_s + AHEAD_S:
        errors["at"] = "That has not come yet: write a time that has."
    return errors, at_s or now_s, text


def _text_in(form: Form, errors: dict[str, str]) -> str:
    text = form.text("text").strip()
    if not text:
        errors["text"] = "Write what happened, in a few words."
    elif len(text) > NOTE_MAX:
        errors["text"] = f"{len(text)} characters are too many: up to {NOTE_MAX} are kept."
    elif "\0" in text:
        errors["text"] = "There is a character in it that is none (NUL): write it without."
    return text


def _by(request: Request, form: Form, errors: dict[str, str]) -> str:
    try:
        return by_of(request, form.one("by"))
    except Refusal as refusal:
        errors["by"] = refusal.detail.partition(": ")[2] or refusal.detail
        return ""


def _write(room: Room, wearer: str, text: str, at_s: float, by: str) -> None:
    if room.book.kept(wearer, at_s, at_s) is None:
        raise _UNKNOWN
    room.book.write(wearer, text, at_s=at_s, by=by)


def _change(room: Room, wearer: str, number: int, text: str, by: str) -> None:
    known: Note | None = room.book.notes(wearer, number)
    if known is None:
        raise Refusal(404, "That note is not there any more", "Somebody changed or removed it. Look at the day again.")
    if text:
        room.book.correct(wearer, number, text, by=by)
    else:
        room.book.remove(wearer, number, by=by)


def _open_alert(view: WearerView | None) -> str:
    return view.alert.alert_id if view and view.alert and view.alert.resolved_s is None else ""
