"""The house, its board and its carers in; the pages people see of them, and the form that takes an alert, out."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

import jinja2
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse

from alerts.duty.duty import NOTE_MAX, REASON_MAX
from alerts.names import NAME_MAX
from alerts.outcomes.helped import LENGTH_MAX
from console.access.asker import Kind
from console.access.entrance import asker_of, by_of
from console.access.roles import Act
from console.api.here import Here
from console.api.matters import acknowledged, name_of
from console.board import Board
from console.house import House
from console.packed import packed
from console.refusal import Refusal, only_from_here, wants_json
from console.rows import initials, tally_of
from console.sheets import AREAS
from console.sight import sight_of
from console.trend import ALERT_LINE
from ingest.notice import NOTICE

FORM_BYTES: Final = 4096
"""Far more than a name needs."""

FIRST: Final = 8
"""Rows of the first paint, beside those of whoever may need somebody: a screen full, and less than 30 kB. The stream
brings everybody else."""

FIRST_MOST: Final = 24
"""With whoever may need somebody: more are drawn for no first paint, since drawing holds up everybody else."""

_ORDER: Final = {"alert": 0, "held": 1}

TEMPLATES: Final = Path(__file__).parent / "templates"

_INDENT: Final = re.compile(r"(?m)^[ \t]+(?=<)")

MOST: Final = {"name": NAME_MAX, "note": NOTE_MAX, "reason": REASON_MAX, "helped": LENGTH_MAX}
"""Characters that a field takes: as many as the room behind it keeps."""


class _Unindented(jinja2.FileSystemLoader):
    """Templates without the blanks before a line's first tag: they are for whoever reads templates, and every row of a
    board would carry them over the Wi-Fi."""

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source, path, is_fresh = super().get_source(environment, template)
        return _INDENT.sub("", source), path, is_fresh


def pages(*, place: str, carers: Sequence[str]) -> jinja2.Environment:
    """Return the templates of ``place``, with the names that are offered to "Who are you?"."""
    templates = jinja2.Environment(loader=_Unindented(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    templates.globals.update(
        place=place, carers=carers, initials=initials, alert_line=ALERT_LINE, most=MOST, notice=NOTICE
    )
    return templates


def add_board(app: FastAPI, here: Here, house: House, board: Board, page: jinja2.Template) -> None:
    """Serve the board's first paint, and whether it is served."""

    @app.get("/", include_in_schema=False)
    async def show_board(request: Request) -> Response:
        asker = asker_of(request)
        sight = sight_of(asker)
        views = await run_in_threadpool(house.desk.views)
        await board.look()
        await board.drawn(board.seen(views, sight), sight)
        rows = board.rows(views, sight)
        first = {row.wearer for row in sorted(rows, key=lambda row: _ORDER.get(row.risk, 2))[:FIRST_MOST]}
        shown = [
            row for number, row in enumerate(rows) if number < FIRST or (row.risk in _ORDER and row.wearer in first)
        ]
        drawn = HTMLResponse(
            page.render(
                rows=shown,
                more=len(rows) - len(shown),
                asker=asker,
                areas=[(name, where) for name, where, act in AREAS if where != "/" and asker.may_anywhere(act)],
                may_pair=asker.may_anywhere(Act.PAIR),
                tally=tally_of(rows, kept=house.kept, stored=house.stored),
                clock=board.wall_clock(),
                has_staff=house.has_staff,
                standby=house.standby,
                shift=board.shift(sight),
                has_care=here.care is not None,
                indoors=board.indoors,
                version=board.version,
            )
        )
        return await packed(request, drawn)

    @app.get("/who", include_in_schema=False)
    async def say_who(request: Request) -> Response:
        asker = asker_of(request)
        return JSONResponse({"kind": asker.kind.value, "name": asker.name if asker.kind is Kind.PERSON else ""})

    @app.get("/healthz", include_in_schema=False)
    async def say_health() -> Response:
        status = "ok" if house.stored and house.kept else "not storing"
        wearers = len(await run_in_threadpool(house.desk.views))
        return JSONResponse({"status": status, "wearers": wearers, "storing": house.stored, "journal": house.kept})


def add_form(app: FastAPI, here: Here, who: jinja2.Template) -> None:
    """Serve the form that takes an alert before a script arrives: on this machine, by name, from the board itself."""

    @app.post("/alerts/{alert_id}/acknowledge", include_in_schema=False)
    async def take(alert_id: str, request: Request) -> Response:
        only_from_here(request)
        said = await _name_in(request)
        if not said and asker_of(request).kind is not Kind.PERSON and not wants_json(request):
            return HTMLResponse(who.render(alert_id=alert_id))
        by = by_of(request, said)
        alert = await here.acts.run(acknowledged, here, alert_id, by=by)
        if not wants_json(request):
            return RedirectResponse("/", status_code=303)
        name = name_of(request, here, alert.wearer)
        taken = {"by": alert.acknowledged_by, "at_s": alert.acknowledged_s, "name": name}
        return JSONResponse({"alert_id": alert_id, "wearer": alert.wearer, **taken})


async def _name_in(request: Request) -> str:
    """Return the name in the form that was posted, "" where there is none."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            raise Refusal(413, "That is too long", f"A form of up to {FORM_BYTES} bytes is read.")
    try:
        form = parse_qs(body.decode("ascii"), errors="strict")
    except (UnicodeError, ValueError) as error:
        raise Refusal(422, "That name cannot be read", "Send a form with a field named by, in UTF-8.") from error
    return " ".join(form.get("by", [""])[-1].split())
