"""A desk, a hub, care, names, a clock and what staff see in; the carers' board as a web application out."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Response

from console.access.access import Access
from console.access.entrance import Entrance
from console.access.gate import Gate
from console.access.scope import Places
from console.access.trail import Trail
from console.administration.pages import add_administration
from console.api.document import ABOUT
from console.api.here import Here
from console.api.routes import DOCUMENT, add_api, described
from console.bands import Staff
from console.board import Board, DeskLike
from console.care import Care
from console.care_pages import add_care_pages
from console.day.alert import add_alert
from console.day.pages import Room, add_day
from console.door.pages import add_door
from console.guard import LOOPBACK, Guard
from console.house import House
from console.hub import Hub
from console.installable import add_installable
from console.offices import Offices
from console.packed import Files
from console.pages import add_board, add_form, pages
from console.refusal import add_refusals, answering
from console.research.pages import add_research
from console.sheets import Sheets, add_strips
from console.standing import ModelsAt
from console.stream import add_stream
from console.summary.pages import add_summary
from console.support.counter import Counter
from console.support.list_pages import add_bands
from console.support.pages import add_support
from console.taking import add_taking
from console.version import version

_STATIC: Final = Path(__file__).parent / "static"

NOTHING_BEHIND: Final = Offices()


def _nobody_counts(*_: object) -> None:
    """Where there is no care, nothing is counted."""


def create_app(
    *,
    desk: DeskLike,
    hub: Hub,
    place: str,
    names: Mapping[str, str],
    carers: Sequence[str],
    time_zone: ZoneInfo,
    clock: Callable[[], float],
    access: Access,
    staff: Staff | None = None,
    models: Callable[[], ModelsAt] = ModelsAt,
    hosts: Collection[str] = LOOPBACK,
    care: Care | None = None,
    outside: str = "",
    hsts: bool = True,
    offices: Offices = NOTHING_BEHIND,
) -> FastAPI:
    """Return the board of ``place``. The hub must be told all that the desk shows: ``desk.subscribe(hub.publish)``.

    ``names`` maps pseudonyms to the names that the house uses. ``carers`` are offered to "Who are you?", and may grow;
    any other name may be typed. ``clock`` gives UTC seconds, the time of the desk's views. ``staff`` tells of bands and
    readings; None: there is no such page, and nothing is stored here. ``models`` says which models run. ``hosts`` are
    the names under which the board may be asked for. ``care`` is delivery, protection, duty and what else stands beside
    the desk; None: the board alone. ``outside`` is the address under which carers' phones reach the links that they are
    sent, and nothing else. ``hsts``: browsers are told to come by TLS only, where it is on. ``access`` says who asks
    and where things belong; ``offices`` is what stands behind the pages of staff.
    """
    board = Board(
        names=names, zone=time_zone, clock=clock, care=care, version=version(), site_of=access.whereabouts.of_wearer
    )
    house = House(desk, staff, models)
    here = Here(desk=desk, care=care, names=names, clock=clock, done=board.outdate)
    templates = pages(place=place, carers=carers)
    app = _Described(
        **ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url=DOCUMENT,
        redirect_slashes=False,
    )
    entrance = _entrance(access, desk, care, carers=carers, clock=clock)
    app.state.entrance = entrance
    app.add_middleware(Gate, entrance=entrance, answer=answering(templates.get_template("refused.html")))
    app.add_middleware(Guard, hosts=hosts, outside=outside, hsts=hsts)
    app.mount("/static", Files(directory=_STATIC))
    add_refusals(app, templates.get_template("refused.html"))
    add_installable(app, place=place)
    add_board(app, here, house, board, templates.get_template("board.html"))
    add_form(app, here, templates.get_template("who.html"))
    add_stream(app, board=board, house=house, hub=hub)
    add_taking(app, here, templates.get_template("take.html"), time_zone)
    add_api(app, here)
    add_care_pages(app, here, templates, place=place, carers=carers, zone=time_zone)
    _add_metrics(app, here)
    sheets = Sheets(
        templates=templates, here=here, whereabouts=access.whereabouts, zone=time_zone, reached=offices.reached
    )
    _add_days(app, sheets, board, offices, place=place)
    add_bands(app, house, sheets)
    _add_offices(app, sheets, offices, house)
    return app


def _entrance(
    access: Access, desk: DeskLike, care: Care | None, *, carers: Sequence[str], clock: Callable[[], float]
) -> Entrance:
    """Return what every request passes; where there is no care, nothing is entered or counted."""
    return Entrance(
        access=access,
        places=Places(access.whereabouts, desk, care),
        trail=Trail(care.refusals if care else None, lost=care.counts.audit_lost if care else _nobody_counts),
        refused=care.counts.refused if care else _nobody_counts,
        carers=carers,
        clock=clock,
    )


def _add_days(app: FastAPI, sheets: Sheets, board: Board, offices: Offices, *, place: str) -> None:
    """Add the screen of an alert, and people's days and summaries, as far as something stands behind them here."""
    shares = offices.summaries is not None
    room = Room(sheets=sheets, here=sheets.here, board=board, days=offices.days, zone=sheets.zone, shares=shares)
    add_alert(app, room)
    if offices.days is not None:
        add_day(app, room)
    if offices.summaries is not None:
        add_summary(app, room, offices.summaries, place)


def _add_offices(app: FastAPI, sheets: Sheets, offices: Offices, house: House) -> None:
    """Add the pages of staff, as far as something stands behind them here."""
    add_strips(app, sheets)
    if offices.support is not None:
        add_support(app, Counter(sheets, house, offices.support))
    if offices.door is not None:
        add_door(app, sheets, offices.door)
    if offices.research is not None:
        add_research(app, sheets, offices.research)
    if offices.administration is not None:
        add_administration(app, sheets, offices.administration)


class _Described(FastAPI):
    """An application whose OpenAPI document says of every problem what it is."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = described(super().openapi())
        return self.openapi_schema


def _add_metrics(app: FastAPI, here: Here) -> None:
    @app.get("/metrics", include_in_schema=False)
    async def expose() -> Response:
        text, media_type = await here.rest.run(here.given.counts.render)
        return Response(text, media_type=media_type)
