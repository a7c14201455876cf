"""A desk, a hub, names, a clock and what staff see in; the carers' board as a web application out."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import jinja2
import msgspec
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, StreamingResponse
from starlette.staticfiles import StaticFiles

from alerts.errors import AlertError, UnknownAlert
from alerts.views import AlertView, WearerView
from console.bands import Staff, facts_of, page_of
from console.board import Board, DeskLike
from console.care import Care
from console.errors import ConsoleError
from console.guard import LOOPBACK, Guard, is_foreign
from console.hub import Hub
from console.installable import add_installable
from console.rows import ALERT_LINE, initials, tally_of
from console.standing import ModelsAt, standby
from ingest.bands import Overview

BEAT_S: Final = 1.0
"""A tablet frames its clock after 5 s without a beat and calls the server lost after 15 s: one may go astray."""

RETRY_MS: Final = 2000
"""When a browser tries again by itself; the page tries every 5 s on its own account."""

FORM_BYTES: Final = 4096
"""Far more than a name needs."""

_HERE: Final = Path(__file__).parent


class Refusal(ConsoleError):
    """A request that is not granted: answered with ``status`` and ``title``, as problem+json or as a page."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail


def create_app(
    *,
    desk: DeskLike,
    hub: Hub,
    place: str,
    names: Mapping[str, str],
    carers: Sequence[str],
    time_zone: ZoneInfo,
    clock: Callable[[], float],
    staff: Staff | None = None,
    models: Callable[[], ModelsAt] = ModelsAt,
    hosts: Sequence[str] = LOOPBACK,
    care: Care | None = None,
) -> FastAPI:
    """Return the board of ``place``. The hub must be told all that the desk shows: ``desk.subscribe(hub.publish)``.

    ``names`` maps pseudonyms to the names that the house uses. ``carers`` are offered to "Who are you?", and may grow;
    any other name may be typed. ``clock`` gives UTC seconds, the time of the desk's views. ``staff`` tells of bands and
    readings; None: there is no such page, and nothing is stored here. ``models`` says which models run. ``hosts`` are
    the names under which the board may be asked for: loopback only, because there are no accounts yet.
    """
    board = Board(names=names, zone=time_zone, clock=clock, care=care)
    house = House(desk, staff, models)
    pages = _pages(place=place, carers=carers)
    app = FastAPI(title="forecalm", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guard, hosts=hosts)
    app.mount("/static", StaticFiles(directory=_HERE / "static"))
    _add_bands(app, house, board, pages.get_template("bands.html"), time_zone)

    add_installable(app, place=place)

    @app.get("/")
    async def show_board() -> Response:
        views = await run_in_threadpool(desk.views)
        await board.look()
        rows = board.rows(views)
        page = pages.get_template("board.html")
        return HTMLResponse(
            page.render(
                rows=rows,
                tally=tally_of(rows, kept=house.kept, stored=house.stored),
                clock=board.wall_clock(),
                has_staff=staff is not None,
                standby=house.standby,
                shift=board.shift(),
                has_care=care is not None,
            )
        )

    @app.get("/events")
    async def stream() -> Response:
        return StreamingResponse(_events(board, house, hub), media_type="text/event-stream")

    @app.get("/healthz")
    async def say_health() -> Response:
        status = "ok" if house.stored and house.kept else "not storing"
        wearers = len(await run_in_threadpool(desk.views))
        return JSONResponse({"status": status, "wearers": wearers, "storing": house.stored, "journal": house.kept})

    @app.post("/alerts/{alert_id}/acknowledge")
    async def take(alert_id: str, request: Request) -> Response:
        if is_foreign(request.headers):
            raise Refusal(403, "This came from another site", "An alert can only be taken on the board itself.")
        by = await _name_in(request)
        if not by and not _wants_json(request):
            return HTMLResponse(pages.get_template("who.html").render(alert_id=alert_id))
        alert = await run_in_threadpool(_acknowledge, desk, alert_id, by=by, at_s=clock())
        if not _wants_json(request):
            return RedirectResponse("/", status_code=303)
        taken = {"by": alert.acknowledged_by, "at_s": alert.acknowledged_s, "name": board.name(alert.wearer)}
        return JSONResponse({"alert_id": alert_id, "wearer": alert.wearer, **taken})

    @app.exception_handler(Refusal)
    async def refuse(request: Request, refusal: Refusal) -> Response:
        if _wants_json(request):
            problem = {"title": refusal.title, "status": refusal.status, "detail": refusal.detail}
            return JSONResponse(problem, refusal.status, media_type="application/problem+json")
        return HTMLResponse(pages.get_template("refused.html").render(refusal=refusal), refusal.status)

    return app


def _add_bands(app: FastAPI, house: "House", board: Board, page: jinja2.Template, zone: ZoneInfo) -> None:
    """What staff see of bands and readings, as a page and as facts."""

    @app.get("/bands")
    async def show_bands() -> Response:
        overview = await house.overview()
        rows = board.rows(await run_in_threadpool(house.desk.views))
        alerts = [row.name for row in rows if row.risk == "alert"]
        said = page_of(overview, zone=zone, models=house.models())
        shown = page.render(page=said, alerts=alerts, clock=board.wall_clock())
        return HTMLResponse(shown)

    @app.get("/bands.json")
    async def tell_bands() -> Response:
        facts = facts_of(await house.overview(), models=house.models())
        return Response(msgspec.json.encode(facts), media_type="application/json")


class House:
    """What holds for all of the house: whether alerts and readings are kept, which models run, and what staff see."""

    def __init__(self, desk: DeskLike, staff: Staff | None, models: Callable[[], ModelsAt]) -> None:
        self.desk = desk
        self.models = models
        self._staff = staff
        self._looking = asyncio.Lock()

    @property
    def kept(self) -> bool:
        """Whether alerts outlast a restart."""
        return self.desk.journal_fault is None

    @property
    def stored(self) -> bool:
        """Whether readings are stored, as far as anything stores them here."""
        return self._staff is None or self._staff.held_back is None

    @property
    def standby(self) -> str:
        """Why another model watches than was chosen, "" where none does."""
        return standby(self.models())

    async def overview(self) -> Overview:
        """Look up what staff see, one at a time: a slow database must not take the threads that alerts are taken on."""
        if self._staff is None:
            raise Refusal(404, "There are no bands here", "This board shows people, but takes in no readings.")
        async with self._looking:
            return await run_in_threadpool(self._staff.take)


async def _events(board: Board, house: House, hub: Hub) -> AsyncIterator[bytes]:
    """Yield everybody's row, then every row that changes, and a beat each second, until the hub closes."""
    loop = asyncio.get_running_loop()
    with hub.subscribe() as tablet:
        seed = await run_in_threadpool(house.desk.views)
        await board.look()
        tablet.seed(seed)
        yield b"retry: %d\n\n" % RETRY_MS
        views: dict[str, WearerView] = {}
        told: dict[str, bytes] = {}
        beat_at = loop.time()
        while not tablet.closed:
            for view in await tablet.changes(within_s=max(beat_at - loop.time(), 0.0)):
                views[view.wearer] = view
                told[view.wearer] = event = board.row_event(view)
                yield event
            if loop.time() < beat_at:
                continue
            beat_at = loop.time() + BEAT_S
            await board.look()
            for wearer, view in views.items():  # words age: "for 4 min", and a view that nobody renews
                event = board.row_event(view)
                if event != told[wearer]:
                    told[wearer] = event
                    yield event
            yield board.beat_event(views.values(), kept=house.kept, stored=house.stored, standby=house.standby)


def _pages(*, place: str, carers: Sequence[str]) -> jinja2.Environment:
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    pages.globals.update(place=place, carers=carers, initials=initials, alert_line=ALERT_LINE)
    return pages


def _acknowledge(desk: DeskLike, alert_id: str, *, by: str, at_s: float) -> AlertView:
    try:
        return desk.acknowledge(alert_id, by=by, at_s=at_s)
    except UnknownAlert as error:
        raise Refusal(404, "That alert is no longer open", "It may be over. Please look at the board.") from error
    except AlertError as error:
        raise Refusal(422, "That did not work", str(error)) from error


async def _name_in(request: Request) -> str:
    """Return the name in the form that was posted, "" where there is none."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            raise Refusal(413, "That is too long", f"A form of up to {FORM_BYTES} bytes is read.")
    try:
        form = parse_qs(body.decode("ascii"), errors="strict")
    except UnicodeError as error:
        raise Refusal(422, "That name cannot be read", "Send a form with a field named by, in UTF-8.") from error
    return " ".join(form.get("by", [""])[-1].split())


def _wants_json(request: Request) -> bool:
    return "json" in request.headers.get("accept", "")
