"""Views from the hub in; what every tablet is told, row by row and beat by beat, out."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.responses import StreamingResponse

from console.access.entrance import asker_of, entrance_of
from console.access.gate import credentials_of
from console.board import Board
from console.house import House
from console.hub import Hub
from console.showing import Showings
from console.sight import Sight, sight_of

BEAT_S: Final = 1.0
"""A tablet frames its clock after 5 s without a beat and calls the server lost after 15 s: one may go astray."""

RETRY_MS: Final = 2000
"""When a browser tries again by itself; the page tries every 5 s on its own account."""

STREAMS_MOST: Final = 256
"""Streams of one session or one enrolled tablet: no more than a third of the connections that there can be, so that
whoever has one cookie shuts out no other board. Then the oldest ends: it is the likeliest to be half open."""

ANOTHER: Final = b"event: another\ndata: {}\n\n"
"""It is somebody else who asks: the page asks who."""

SIGNED_OUT: Final = b"event: signed-out\ndata: {}\n\n"
"""The last that is told: the page asks anew, and is led to where somebody signs in."""


def sight_now(request: Request) -> Sight:
    """Return whom whoever made ``request`` sees now."""
    entrance = entrance_of(request)
    return sight_of(entrance.access.doorkeeper.asker(credentials_of(request), entrance.clock()))


def who_now(request: Request) -> str:
    """Return the id of whoever made ``request``, as of now."""
    entrance = entrance_of(request)
    return entrance.access.doorkeeper.asker(credentials_of(request), entrance.clock()).id


def add_stream(app: FastAPI, *, board: Board, house: House, hub: Hub) -> None:
    """Serve ``/events``: one stream to a tablet (docs/board-events.md)."""
    showings, listeners = Showings(board, house, hub), Listeners()

    @app.get("/events", include_in_schema=False)
    async def stream(request: Request) -> Response:
        told = events(showings, partial(sight_now, request), partial(who_now, request))
        asker = asker_of(request)
        return StreamingResponse(listeners.few(asker.session or asker.id, told), media_type="text/event-stream")


class Listeners:
    """Counts streams by who listens. Belongs to one event loop."""

    def __init__(self) -> None:
        self._of: dict[str, list[object]] = {}

    async def few(self, who: str, told: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """Yield what is ``told`` to ``who``, until they have ``STREAMS_MOST`` newer streams."""
        this, theirs = object(), self._of.setdefault(who, [])
        theirs.append(this)
        del theirs[:-STREAMS_MOST]
        try:
            async with aclosing(told):
                async for event in told:
                    if this not in theirs:
                        return
                    yield event
        finally:
            if this in theirs:
                theirs.remove(this)
            if not theirs and self._of.get(who) is theirs:
                del self._of[who]


async def events(
    showings: Showings, look: Callable[[], Sight], who: Callable[[], str] = lambda: ""
) -> AsyncGenerator[bytes, None]:
    """Yield the row of everybody whom the asker sees, then every row that changes, and a beat each second, until there
    is no more to tell, or until they see nobody any more: ``look`` says at each beat whom they see, for a session may
    end; ``who`` says who asks, for a session may end on a tablet that goes on by its own right, and whoever stands
    before it must not act in another's name. All who see the same are told the same, at the same moments."""
    yield b"retry: %d\n\n" % RETRY_MS
    sight, asker = look(), who()
    while sight.seen:
        showing = showings.of(sight, beat_s=BEAT_S)
        with showing.tablet() as tablet:
            frame = await showing.first()
            while frame is not None:
                if frame.beats and (now := look()) != sight:
                    sight = now
                    break
                if frame.beats and (other := who()) != asker:
                    asker = other
                    yield ANOTHER
                yield frame.events
                frame = await tablet.next()
            else:
                return
    yield SIGNED_OUT
