"""Requests at the way in, in; what they brought, what is done for them on which threads, and their cookies, out."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, ParamSpec, TypeVar

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from alerts.views import RiskState
from console.access.access import Credentials
from console.access.entrance import asker_of, entrance_of
from console.door.office import WAITING_MOST, Door
from console.door.proving import Wrong
from console.refusal import Refusal
from console.sheets import Sheets
from ingest.errors import StoreError
from ingest.registry.accounts_sessions import SignIn

BUSY: Final = Refusal(503, "Too many sign in at once", "Please try again in a moment.")

AWAY: Final = Refusal(
    503,
    "The registry does not answer",
    "Nobody can sign in or be changed at the moment. Enrolled tablets, and whoever has signed in, go on as before.",
)

DEVICE_MAX: Final = 200
"""Characters of what a browser says of itself that are kept."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


async def asked(sheets: Sheets, act: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Return what the registry answers; refused with 503 where it is away."""
    try:
        return await sheets.here.records.run(act, *args, **kwargs)
    except StoreError as error:
        raise AWAY from error


async def slowly(door: Door, act: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Return what ``act`` does with passwords, a few at a time; refused with 503 where too many wait."""
    if door.waiting >= WAITING_MOST:
        raise BUSY
    door.waiting += 1
    try:
        return await door.slow.run(act, *args, **kwargs)
    except StoreError as error:
        raise AWAY from error
    finally:
        door.waiting -= 1


async def look(sheets: Sheets, door: Door) -> None:
    """Let what was just changed hold at once in this process."""
    await asked(sheets, door.keeper.look)


async def let_in(
    request: Request, sheets: Sheets, door: Door, begun: tuple[str, SignIn], where: str, said: str = ""
) -> Response:
    """Return the way to ``where`` with a session that has begun; one that this browser had before ends."""
    before = asker_of(request)
    if before.session:
        await asked(sheets, door.registry.end_sign_in, before.session, by=before.name)
    await look(sheets, door)
    away = sheets.after(request, where, said) if said else RedirectResponse(where, 303)
    door.keeper.cookies.set_session(away, begun[0])
    return away


def tablet_of(request: Request, door: Door) -> str:
    """Return the id of the enrolled tablet that asks, "" where it is none."""
    found = door.keeper.tablet_of(Credentials(request.cookies))
    return "" if found is None else found.id


def device_of(request: Request) -> str:
    """Return what a browser says of itself."""
    return request.headers.get("user-agent", "")[:DEVICE_MAX]


def whence_of(request: Request, door: Door) -> str:
    """Return where failures count beside the account: at an enrolled tablet, whatever address it shares with whoever
    guesses behind the same router; else at the address that a request came from."""
    tablet = tablet_of(request, door)
    if tablet:
        return f"tablet {tablet}"
    return request.client.host if request.client is not None else ""


def refused(request: Request, what: str, wrong: Wrong) -> None:
    """Enter that somebody was not let in; what was typed as a name is not kept, for it may be a password."""
    request.state.refusal_told = True
    entrance = entrance_of(request)
    told = {"account": wrong.account} if wrong.account else {}
    entrance.trail.refuse(asker_of(request), what, because=wrong.because, **told)
    entrance.refused(what, wrong.because)


async def counted(sheets: Sheets) -> dict[str, int]:
    """Return how many people are watched over now, and how many alerts nobody has taken. No names."""
    views = await sheets.here.rest.run(sheets.here.desk.views)
    return {
        "watched": sum(view.sight.reason is None for view in views),
        "open": sum(view.risk is RiskState.ALERTING for view in views),
    }


def told(sheets: Sheets, at_s: float) -> str:
    """Return a moment as people here say it."""
    return f"{datetime.fromtimestamp(at_s, sheets.zone):%d %B %H:%M}".lstrip("0")


async def facts_of(request: Request, sheets: Sheets, door: Door) -> dict[str, object]:
    """Return what every page at the way in is drawn with."""
    tablet = door.keeper.tablet_of(Credentials(request.cookies))
    return {**await counted(sheets), "clock": sheets.clock(), "tablet": tablet, "asker": asker_of(request)}


def place_of(sheets: Sheets) -> str:
    """Return what the house is called."""
    return str(sheets.templates.globals.get("place", ""))
