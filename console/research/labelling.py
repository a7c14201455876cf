"""Forms about labels in; labels given, corrected and removed, and what became of each, out."""

from typing import Any, Final

from fastapi import FastAPI, Request, Response

from console.forms import Form, form_of
from console.refusal import Refusal
from console.research.moments import NoMoment, moment_of
from console.research.office import Given, Recording
from console.research.recordings import WHATS, WORDS, show
from console.research.room import UNKNOWN, Room, number_of, person_of
from ingest.errors import RegistryError
from ingest.labels import NOTE, NOTE_MAX, TEXT_MAX

UNSURE_MOST_S: Final = 3600.0
"""Who cannot tell within an hour when it began has not seen it."""

FORM_BYTES: Final = 120_000
"""The longest note, each of its letters as twelve characters of a form."""

DONE: Final = {
    "add": "The label is kept.",
    "correct": "The label is corrected. The old one is kept beside it.",
    "remove": "The label is removed. It can be found in its history.",
}


def add_labels(app: FastAPI, room: Room) -> None:
    """Add what gives, corrects and removes labels, and their history."""
    run = room.sheets.here.rest.run

    @app.post("/research/recordings/{wearer}/{recording}/labels", include_in_schema=False)
    async def give(request: Request, wearer: str, recording: str) -> Response:
        found = await room.recording(request, wearer, recording)
        form = await form_of(request, most=FORM_BYTES)
        given, errors = read(form, found, room)
        if not errors:
            try:
                await run(room.office.add, found, given, by=person_of(request))
                return room.sheets.after(request, _back(request, found), DONE["add"])
            except RegistryError as error:
                errors[""] = f"{error}."
        return await show(room, request, found, form=form, errors=errors, status=422)

    @app.post("/research/recordings/{wearer}/{recording}/labels/{label}", include_in_schema=False)
    async def change(request: Request, wearer: str, recording: str, label: int) -> Response:
        found = await room.recording(request, wearer, recording)
        form = await form_of(request, most=FORM_BYTES)
        who = person_of(request)
        await _require_theirs(room, found, label, who)
        errors: dict[str, str] = {}
        try:
            if form.one("act") == "remove":
                await run(room.office.remove, found, label, by=who)
                return room.sheets.after(request, _back(request, found), DONE["remove"])
            given, errors = read(form, found, room)
            if not errors:
                await run(room.office.correct, found, label, given, by=who)
                return room.sheets.after(request, _back(request, found), DONE["correct"])
        except RegistryError as error:
            errors[""] = f"{error}."
        return await show(room, request, found, form=form, errors=errors, chosen=label, status=422)

    @app.get("/research/recordings/{wearer}/{recording}/labels/{label}", include_in_schema=False)
    async def tell_history(request: Request, wearer: str, recording: str, label: int) -> Response:
        found = await room.recording(request, wearer, recording)
        try:
            history = await run(room.office.history, wearer, label, asker=person_of(request))
        except LookupError:
            raise UNKNOWN from None
        here = f"/research/recordings/{wearer}/{found.name}"
        return await room.show(request, "label.html", recording=found, history=history, here=here, words=WORDS)


async def _require_theirs(room: Room, recording: Recording, label: int, who: str) -> None:
    """Refuse who would change what somebody else said: they may say otherwise beside it."""
    try:
        *_, last = await room.sheets.here.rest.run(room.office.history, recording.wearer, label, asker=who)
    except (LookupError, ValueError):
        raise UNKNOWN from None
    if not last.mine:
        raise Refusal(403, "That is somebody else's label", "Give one of your own beside it: both are kept.")


def read(form: Form, recording: Recording, room: Room) -> tuple[Given, dict[str, str]]:
    """Return the label that a form gives, and by field what is wrong with it."""
    errors: dict[str, str] = {}
    span: Any = {"zone": room.sheets.zone, "since_s": recording.start_s, "until_s": recording.end_s}
    what = form.one("other") or form.one("what")
    if not what:
        errors["what"] = f"Choose one, such as {WORDS[WHATS[0]]}, or write your own word."
    elif len(what) > TEXT_MAX or not what.isprintable():
        errors["other"] = f"Write up to {TEXT_MAX} characters on one line."
    elif what == NOTE:
        errors["other"] = "Carers' notes about a day are called so: choose another word."
    start_s = end_s = recording.start_s
    try:
        start_s = moment_of(form.one("onset"), **span)
        end_s = start_s
    except NoMoment as error:
        errors["onset"] = str(error)
    if form.one("end"):
        try:
            end_s = moment_of(form.one("end"), **span)
        except NoMoment as error:
            errors["end"] = str(error)
        if "onset" not in errors and "end" not in errors and end_s < start_s:
            errors["end"] = "The end lies before the onset: write a later time, or none for a moment."
    unsure_s = number_of(form, "unsure", least=0, most=UNSURE_MOST_S, errors=errors, unit="seconds")
    level = None
    if form.one("level"):
        level = number_of(form, "level", least=-1e6, most=1e6, errors=errors)
    note = form.text("note")
    if len(note) > NOTE_MAX or "\0" in note:
        errors["note"] = f"Write up to {NOTE_MAX} characters."
    given = Given(what=what, start_s=start_s, end_s=end_s, onset_uncertainty_s=unsure_s, level=level, note=note)
    return given, errors


def _back(request: Request, recording: Recording) -> str:
    query = request.url.query
    return f"/research/recordings/{recording.wearer}/{recording.name}{f'?{query}' if query else ''}"
