"""A person, days and for whom in; what would be shared, shown first, and then the file, out.

A file is made when it is asked for, and handed out: none is kept here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fastapi import FastAPI, Request, Response

from console.access.asker import Kind
from console.access.entrance import asker_of, did
from console.day.pages import Room
from console.forms import Form, form_of
from console.refusal import Refusal
from console.sight import sight_of
from console.summary.facts import Audience, Facts, Sharing, Wish
from console.summary.glyphs import lacking
from console.summary.glyphs import said as lacking_said
from console.summary.making import DAYS_MOST, FORMATS, Period, PeriodError, file_name, made, period, usual, written
from console.summary.masked import Mask
from console.summary.office import Summaries
from console.summary.report import Report
from console.summary.spans import common, holds
from ingest.errors import StoreError

FOR: Final = ((Audience.FAMILY, "The family"), (Audience.SCHOOL, "School"), (Audience.HEALTH, "The health team"))
MEDIA: Final = {"pdf": "application/pdf", "html": "text/html; charset=utf-8"}
NOTES_MOST: Final = 200
"""Notes that are offered, the latest: nobody reads more before they share them."""

_UNKNOWN: Final = Refusal(
    404, "Nobody of that name is here", "They may have been erased, and everything of them with them."
)
_AWAY: Final = Refusal(
    503, "Nobody can look now who agreed to what", "The registry does not answer, so nothing is shared. Try again soon."
)
_NOT_AGREED: Final = Refusal(
    403,
    "Nobody has agreed that this is shared",
    "A consent to share must hold now. Whoever speaks for this person can give it; an administrator enters it.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a form asks for, and what is wrong with it by field."""

    days: Period
    wish: Wish
    errors: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was found: ``report`` and ``facts`` are None where no consent to share holds."""

    sharing: Sharing
    report: Report | None = None
    facts: Facts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the pages of a summary stand on."""

    room: Room
    summaries: Summaries
    place: str


def add_summary(app: FastAPI, room: Room, summaries: Summaries, place: str) -> None:
    """Serve summaries: the page that shows what would be shared, and the files."""
    desk = Desk(room=room, summaries=summaries, place=place)

    @app.get("/people/{wearer}/summary", include_in_schema=False)
    async def show_summary(wearer: str, request: Request) -> Response:
        fields: dict[str, list[str]] = {}
        for field, value in request.query_params.multi_items():
            fields.setdefault(field, []).append(value)
        form = Form(fields)
        return await _page(desk, request, wearer, _asked(desk, request, form), form if fields else None)

    @app.post("/people/{wearer}/summary", include_in_schema=False)
    async def give_summary(wearer: str, request: Request) -> Response:
        form = await form_of(request)
        asked, as_ = _asked(desk, request, form), form.one("format")
        if as_ not in FORMATS:
            asked.errors["format"] = "Choose PDF or HTML."
        if not form.one("read"):
            asked.errors["read"] = "Read it through first, and tick that you have."
        if asked.errors:
            return await _page(desk, request, wearer, asked, form)
        made_s = room.here.clock()
        looked = await _looked(desk, request, wearer, asked, made_s)
        if looked.report is None:
            raise _NOT_AGREED
        body = await room.here.rest.run(written, looked.report, as_, room.sheets.templates, made_s=made_s)
        did(
            request,
            "export summary",
            wearer=wearer,
            format=as_,
            audience=asked.wish.audience.value,
            since=str(asked.days.since),
            until=str(asked.days.until),
            notes=len(asked.wish.notes),
            own_words=asked.wish.own_words,
            signed=bool(asked.wish.signed),
        )
        named = {"Content-Disposition": f'attachment; filename="{file_name(asked.wish.audience, asked.days, as_)}"'}
        return Response(body, media_type=MEDIA[as_], headers=named)


async def _page(desk: Desk, request: Request, wearer: str, asked: Asked, form: Form | None) -> Response:
    room, now_s = desk.room, desk.room.here.clock()
    looked = await _looked(desk, request, wearer, asked, now_s)
    name = room.board.name(wearer, sight_of(asker_of(request)))
    shown = looked.report
    return await room.sheets.show(
        request,
        "summary/summary.html",
        status=422 if asked.errors else 200,
        wearer=wearer,
        name=name,
        sharing=looked.sharing,
        report=shown,
        missing=await room.here.rest.run(_lacking, shown) if shown else "",
        notes=_notes(desk, looked.facts, name) if looked.facts else [],
        days=asked.days,
        wish=asked.wish,
        audiences=[(audience.value, said) for audience, said in FOR],
        days_most=DAYS_MOST,
        by_name=asker_of(request).name if asker_of(request).kind is Kind.PERSON else "",
        form=form,
        errors=asked.errors,
    )


async def _looked(desk: Desk, request: Request, wearer: str, asked: Asked, now_s: float) -> Looked:
    try:
        return await desk.room.here.records.run(_look, desk, request, wearer, asked, now_s)
    except StoreError as error:
        raise _AWAY from error


def _look(desk: Desk, request: Request, wearer: str, asked: Asked, now_s: float) -> Looked:
    """Look at nothing of a person of whom nobody agreed that it is shared."""
    room = desk.room
    sharing = desk.summaries.sharing(wearer, now_s)
    if sharing is None:
        raise _UNKNOWN
    if not sharing.now:
        return Looked(sharing=sharing)
    since_s, until_s = asked.days.span(room.zone, now_s)
    facts = desk.summaries.facts(wearer, since_s, until_s)
    name = room.board.name(wearer, sight_of(asker_of(request)))
    shown = made(facts, asked.wish, sharing, name=name, place=desk.place, zone=room.zone, made_s=now_s)
    return Looked(sharing=sharing, report=shown, facts=facts)


def _asked(desk: Desk, request: Request, form: Form) -> Asked:
    """Return what the form asks for; what is wrong in it is as usual, so that the page can be drawn."""
    room, asker = desk.room, asker_of(request)
    now_s, errors = room.here.clock(), dict[str, str]()
    try:
        days = period(form.one("since"), form.one("until"), now_s=now_s, zone=room.zone)
    except PeriodError as error:
        errors[error.field] = f"{error.said[:1].upper()}{error.said[1:]}."
        days = usual(now_s, room.zone)
    whom = form.one("for") or Audience.FAMILY.value
    if whom not in set(Audience):
        errors["for"] = "Choose the family, school or the health team."
        whom = Audience.FAMILY.value
    notes = frozenset(int(said) for said in form.every("notes") if said.isascii() and said.isdigit() and len(said) < 19)
    signs = bool(form.one("sign")) and asker.kind is Kind.PERSON
    wish = Wish(
        audience=Audience(whom), notes=notes, own_words=bool(form.one("own")), signed=asker.name if signs else ""
    )
    return Asked(days=days, wish=wish, errors=errors)


def _notes(desk: Desk, facts: Facts, name: str) -> list[tuple[str, str]]:
    """Return the notes that may go with it, as they would be shared."""
    covered = common(facts.shared, facts.cared)
    mask = Mask(facts.names, name)
    kept = sorted((it for it in facts.notes if holds(covered, it.at_s)), key=lambda it: -it.at_s)[:NOTES_MOST]
    return [
        (str(it.number), f"{datetime.fromtimestamp(it.at_s, desk.room.zone):%d.%m. %H:%M}: {mask.out_of(it.text)}")
        for it in kept
    ]


def _lacking(shown: Report) -> str:
    from console.summary.pdf import texts_of  # here, so that whoever starts a service does not wait for it

    return lacking_said(lacking(texts_of(shown)))
