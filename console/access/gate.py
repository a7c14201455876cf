"""A request in; who asks, and whether they may, out: every route passes here before it runs."""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import Request

from console.access.access import Access, Credentials
from console.access.asker import NOBODY, Asker, Kind
from console.access.routes import OPEN, SIGNED_IN, need_of
from console.refusal import Refusal

UNLISTED: Final = Refusal(403, "Nobody may ask this", "It is not in the table of routes.")


def asker_of(request: Request) -> Asker:
    """Return who asks, as the gate found out."""
    asker: Asker = getattr(request.state, "asker", NOBODY)
    return asker


def gate(access: Access, clock: Callable[[], float]) -> Callable[[Request], Awaitable[None]]:
    """Return the dependency of all routes: refused with 401 is who has not signed in, with 403 who may not."""

    async def let_in(request: Request) -> None:
        asker = access.doorkeeper.asker(Credentials(request.cookies, request.headers.get("authorization", "")), clock())
        request.state.asker = asker
        need, _ = need_of(request.method, request.scope["path"])
        if need == OPEN:
            return
        if need is None:
            raise UNLISTED
        if asker.kind is Kind.NOBODY:
            raise Refusal(401, "Please sign in", "Nobody has signed in here, or it was too long ago.")
        if need != SIGNED_IN and not asker.may(need, access.whereabouts.here):  # type: ignore[arg-type]
            raise Refusal(403, "That is not yours to do", "Ask an administrator of this house.")

    return let_in
