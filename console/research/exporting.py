"""Forms that ask for exports in; exports that are made in the background, and their files, out."""

from datetime import date, datetime, timedelta
from typing import Final, cast

from fastapi import FastAPI, Request, Response
from starlette.responses import FileResponse

from console.access.roles import Act
from console.forms import Form, by_field, form_of
from console.research.office import ExportWish
from console.research.room import UNKNOWN, Room, person_of
from ingest.errors import RegistryError
from ingest.exports.export import Layout
from ingest.types import CHANNELS

LAYOUTS: Final = (("parquet", "Parquet"), ("bids", "BIDS"), ("csv", "CSV"))

EVER_S: Final = 1e11
"""Farther from 1970 than anything that can be entered; a number that every file can hold [s]."""

WORDS: Final = {
    "eda": "EDA",
    "temperature": "Skin temperature",
    "ppg": "Pulse wave",
    "motion": "Motion",
    "ibi": "Beats",
}


def add_exports(app: FastAPI, room: Room) -> None:
    """Add the list of one's own exports, and what begins, gives and deletes them."""
    run = room.sheets.here.rest.run

    @app.get("/research/exports", include_in_schema=False)
    async def list_exports(request: Request) -> Response:
        return await _show(room, request)

    @app.post("/research/exports", include_in_schema=False)
    async def ask(request: Request) -> Response:
        form = await form_of(request)
        consented = await room.consented(request)
        known = {who for who in consented if room.sees(request, who, Act.EXPORT)}
        wish, errors = read(form, known, room)
        if not errors:
            try:
                await run(room.office.export, wish, by=person_of(request))
                return room.sheets.after(request, "/research/exports", "The export is being made.")
            except RegistryError as error:
                errors = by_field(error)
        return await _show(room, request, form, errors)

    @app.get("/research/exports/{export}/file", include_in_schema=False)
    async def give(request: Request, export: str) -> Response:
        try:
            path = await run(room.office.take_out, export, by=person_of(request))
        except LookupError:
            raise UNKNOWN from None
        return FileResponse(path, media_type="application/zip", filename=f"forecalm-export-{export}.zip")

    @app.post("/research/exports/{export}/delete", include_in_schema=False)
    async def delete(request: Request, export: str) -> Response:
        await form_of(request)
        try:
            await run(room.office.drop, export, by=person_of(request))
        except LookupError:
            raise UNKNOWN from None
        return room.sheets.after(request, "/research/exports", "The export is deleted.")


async def _show(
    room: Room, request: Request, form: Form | None = None, errors: dict[str, str] | None = None
) -> Response:
    consented = await room.consented(request)
    people = [who for who in consented if room.sees(request, who, Act.EXPORT)]
    return await room.show(
        request,
        "exports.html",
        status=422 if errors else 200,
        exports=await room.sheets.here.rest.run(room.office.exports, by=person_of(request)),
        people=[(who, who) for who in people if consented[who]],
        without=[who for who in people if not consented[who]],
        layouts=LAYOUTS,
        channels=[(name, WORDS[name]) for name in CHANNELS],
        form=form,
        errors=errors or {},
    )


def read(form: Form, known: set[str], room: Room) -> tuple[ExportWish, dict[str, str]]:
    """Return what a form asks for, and by field what is wrong with it."""
    errors: dict[str, str] = {}
    wearers = form.every("wearers")
    if not wearers:
        errors["wearers"] = "Choose at least one person."
    elif set(wearers) - known:
        errors["wearers"] = "Somebody of these is not known here, or at another site: choose again."
    layout = form.one("layout")
    if layout not in {name for name, _ in LAYOUTS}:
        errors["layout"] = "Choose Parquet, BIDS or CSV."
        layout = "parquet"
    channels = tuple(name for name in CHANNELS if name in form.every("channels"))
    if not channels:
        errors["channels"] = "Choose at least one channel."
    since_s = _midnight(form.one("since"), room, errors, "since", -EVER_S)
    until_s = _midnight(form.one("until"), room, errors, "until", EVER_S, days=1)
    if not {"since", "until"} & set(errors) and since_s >= until_s:
        errors["until"] = "The last day lies before the first: choose a later one, or none."
    wish = ExportWish(
        wearers=wearers,
        layout=cast("Layout", layout),
        since_s=since_s,
        until_s=until_s,
        channels=channels,
        labels=form.one("labels") == "yes",
        deidentify=form.one("deidentify") == "yes",
    )
    return wish, errors


def _midnight(text: str, room: Room, errors: dict[str, str], field: str, otherwise: float, days: int = 0) -> float:
    """Return when a day begins by the clock of the house [UTC s], ``days`` later; ``otherwise`` where none is named."""
    if not text:
        return otherwise
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
        return datetime(day.year, day.month, day.day, tzinfo=room.sheets.zone).timestamp()
    except (ValueError, OverflowError):
        errors[field] = "Write a day such as 2026-01-31, or none."
        return otherwise
