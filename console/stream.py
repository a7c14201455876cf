"""Views from the hub in; what every tablet is told, row by row and beat by beat, out."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from alerts.views import WearerView
from console.access.entrance import entrance_of
from console.access.gate import credentials_of
from console.board import Board
from console.house import House
from console.hub import Hub
from console.sight import Sight, sight_of

BEAT_S: Final = 1.0
"""A tablet frames its clock after 5 s without a beat and calls the server lost after 15 s: one may go astray."""

RETRY_MS: Final = 2000
"""When a browser tries again by itself; the page tries every 5 s on its own account."""

SIGNED_OUT: Final = b"event: signed-out\ndata: {}\n\n"
"""The last that is told: the page asks anew, and is led to where somebody signs in."""


def sight_now(request: Request) -> Sight:
    """Return whom whoever made ``request`` sees now."""
    entrance = entrance_of(request)
    return sight_of(entrance.access.doorkeeper.asker(credentials_of(request), entrance.clock()))


def add_stream(app: FastAPI, *, board: Board, house: House, hub: Hub) -> None:
    """Serve ``/events``: one stream to a tablet (docs/board-events.md)."""

    @app.get("/events", include_in_schema=False)
    async def stream(request: Request) -> Response:
        return StreamingResponse(events(board, house, hub, partial(sight_now, request)), media_type="text/event-stream")


async def events(board: Board, house: House, hub: Hub, look: Callable[[], Sight]) -> AsyncIterator[bytes]:
    """Yield the row of everybody whom the asker sees, then every row that changes, and a beat each second, until the
    hub closes, or until they see nobody any more: ``look`` says at each beat whom they see, for a session may end.

    All tablets beat at the same moments, so that what a beat says is worked out once for all of them. A change is
    written as soon as it is there: it waits neither for a beat nor for what stands beside the views.
    """
    loop = asyncio.get_running_loop()
    with hub.subscribe() as tablet:
        seed = await run_in_threadpool(house.desk.views)
        await board.look()
        tablet.seed(seed)
        yield b"retry: %d\n\n" % RETRY_MS
        sight = look()
        views: dict[str, WearerView] = {}
        told: dict[str, bytes] = {}
        beat_at = loop.time()
        while not tablet.closed:
            changes = await tablet.changes(within_s=max(beat_at - loop.time(), 0.0))
            changes = board.seen(changes, sight)
            views |= {view.wearer: view for view in changes}
            fresh = await board.drawn(changes, sight)
            told |= fresh
            if fresh:
                yield b"".join(fresh.values())
            if loop.time() < beat_at:
                continue
            beat_at = (math.floor(loop.time() / BEAT_S) + 1) * BEAT_S
            if (now := look()) != sight:
                sight = now
                views = {view.wearer: view for view in await run_in_threadpool(house.desk.views)}
            if not sight.seen:
                yield SIGNED_OUT
                return
            await board.look()
            if not sight.is_whole:
                views = {view.wearer: view for view in board.seen(views.values(), sight)}
            aged = await board.drawn(views.values(), sight)  # "for 4 min", and unrenewed views
            fresh = {wearer: event for wearer, event in aged.items() if event != told.get(wearer)}
            told |= fresh
            beat = board.beat_event(views.values(), sight, kept=house.kept, stored=house.stored, standby=house.standby)
            yield b"".join((*fresh.values(), beat))
