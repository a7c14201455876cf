"""A request in; who asks, and whether they may, out: everything that is served passes here before anything runs.

It is middleware, not a dependency of routes, so that what is mounted, and what frameworks add by themselves, passes
here too. What is in no row of ``console.access.routes.ROUTES`` is refused.
"""

from collections.abc import Callable
from time import monotonic
from typing import Final

from fastapi import Request, Response
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.access.access import Credentials
from console.access.asker import Asker, Kind
from console.access.cookies import HOST, SESSION, TABLET
from console.access.entrance import Entrance, did, elsewhere, refuse, seen
from console.access.limits import Limits
from console.access.onward import sign_in
from console.access.roles import ACTS, Act
from console.access.routes import ANYWHERE, OPEN, Need, methods_of, need_of, row_of
from console.access.scope import OF_THE_HOUSE, About
from console.api.here import Lane
from console.guard import is_foreign
from console.refusal import NO_PAGE, Refusal

READING: Final = ("GET", "HEAD", "OPTIONS")

QUIET: Final = frozenset({Act.COUNTS})
"""Looking at these is looking at nobody's data."""

ASK: Final = "Ask an administrator of this house: under House, Accounts they say who may do what here."
"""What whoever may not can do about it."""

FINDING: Final = 8
"""Threads that find out whom a path is about: in memory, but behind locks that others hold while a disk answers."""

ASKED_AGAIN: Final = ("/events", "/strips")
"""What open pages ask for again and again: a browser that does not say how it asks is known by it."""

UNHEARD: Final = ("/beat", "/receipts")
"""What tablets say of themselves every few seconds stands in the journal, as far as it proves anything."""


class Gate:
    """ASGI middleware. ``answer`` says how a refusal is answered."""

    def __init__(self, app: ASGIApp, *, entrance: Entrance, answer: Callable[[Request, Refusal], Response]) -> None:
        self._app = app
        self._entrance = entrance
        self._answer = answer
        self._limits = Limits()
        self._finding = Lane(FINDING)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        request.state.entrance = self._entrance
        try:
            need, about = await self._let_in(request)
        except Refusal as refusal:
            answer = self._sent_away(request, refusal)
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, self._followed(request, need, about, send))

    async def _let_in(self, request: Request) -> tuple[Need, About]:
        """Return what it took, and whom it is about; refused where whoever asks may not."""
        entrance, path = self._entrance, request.scope["path"]
        credentials = credentials_of(request)
        asker = entrance.access.doorkeeper.asker(credentials, entrance.clock())
        request.state.asker = asker
        need, places = need_of(request.method, path)
        if need is None:
            allowed = methods_of(path)
            if allowed:
                request.state.allowed = allowed
                raise Refusal(405, "That cannot be done here", f"This takes {', '.join(allowed)}.")
            raise Refusal(404, *NO_PAGE)
        if request.method not in READING and is_foreign(request.headers):
            refuse(request, "request", because="another site")
            raise Refusal(403, "This came from another site", "It can only be done on the board itself.")
        if need == OPEN:
            return need, OF_THE_HOUSE
        if asker.kind is Kind.NOBODY:
            if _tried(credentials):
                refuse(request, "credentials", because="unknown, ended or forged")
            raise Refusal(401, "Please sign in", "Nobody has signed in here, or it was too long ago.")
        self._not_too_often(request, asker, need)
        if not isinstance(need, Act):
            return need, OF_THE_HOUSE
        if not asker.may_anywhere(need):
            refuse(request, need.name.lower(), because="not theirs")
            raise Refusal(403, "That is not yours to do", f"Your roles do not let you {need.value}. {ASK}")
        return need, await self._there(request, asker, need, dict(places))

    async def _there(self, request: Request, asker: Asker, need: Act, places: dict[str, str]) -> About:
        """Return whom it is about; refused where whoever asks may not do it there."""
        about = await self._finding.run(self._entrance.places.about, places) if places else None
        here = self._entrance.access.whereabouts.here
        if about is None:
            anywhere = row_of(request.method, request.scope["path"]) in ANYWHERE
            if not anywhere and not asker.may(need, here):
                refuse(request, need.name.lower(), because="elsewhere")
                theirs = ", ".join(sorted({grant.site for grant in asker.grants if need in ACTS[grant.role]}))
                why = f"You may {need.value} at {theirs}; this console is that of {here}. {ASK}"
                raise Refusal(403, "That is not yours to do here", why)
            return OF_THE_HOUSE
        if about.sites is not None and not all(asker.may(need, site) for site in about.sites):
            refuse(request, need.name.lower(), because="elsewhere")
            raise elsewhere()
        return about

    def _not_too_often(self, request: Request, asker: Asker, need: Need) -> None:
        changes, now_s = request.method not in READING, monotonic()
        # a session that asks without end, or whoever stole it, darkens no other board of the same person
        session = "" if changes else asker.session
        who = f"{asker.kind} {session or asker.id or asker.name}"
        if request.scope["path"].endswith(UNHEARD):
            return  # they are counted by tablet
        rate = self._limits.allow(who, need, changes=changes, now_s=now_s)
        if rate is not None:
            refuse(request, "request", because="too often")
            raise Refusal(429, "That is too often", f"Once in {rate.every_s:g} s is enough: wait a moment.")

    def _sent_away(self, request: Request, refusal: Refusal) -> Response:
        """Return the answer: people who have not signed in are led to where they can."""
        if refusal.status == 401 and wants_page(request):
            return RedirectResponse(sign_in(_wanted(request)), 303)
        answer = self._answer(request, refusal)
        if refusal.status == 401:
            answer.headers["WWW-Authenticate"] = "Bearer"
        if refusal.status == 405:
            answer.headers["Allow"] = ", ".join(request.state.allowed)
        return answer

    def _followed(self, request: Request, need: Need, about: About, send: Send) -> Send:
        """Return ``send`` that enters, with the answer, what was seen or done."""

        async def followed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._enter(request, need, about, message["status"])
            await send(message)

        return followed

    def _enter(self, request: Request, need: Need, about: About, status: int) -> None:
        if not isinstance(need, Act) or need in QUIET or request.scope["path"].endswith(UNHEARD):
            return
        if request.method in READING and status < 300:
            seen(request, about.wearer or None, need.name.lower())
        elif request.method not in READING and status < 400 and not getattr(request.state, "told", False):
            row = row_of(request.method, request.scope["path"])
            did(request, need.name.lower(), wearer=about.wearer or None, route=" ".join(row) if row else "")


def credentials_of(request: Request) -> Credentials:
    """Return what a request brought."""
    return Credentials(request.cookies, request.headers.get("authorization", ""), by_itself=_by_itself(request))


def _by_itself(request: Request) -> bool:
    """Whether a page asks without anybody touching it: streams, beats, and what scripts read now and then."""
    path = request.scope["path"]
    if request.method not in READING:
        return bool(path.endswith(UNHEARD))
    return path in ASKED_AGAIN or request.headers.get("sec-fetch-mode", "navigate") != "navigate"


def wants_page(request: Request) -> bool:
    """Return whether a person waits for a page, rather than a program, a script or a picture for an answer."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def _tried(credentials: Credentials) -> bool:
    """Whether somebody showed something that ought to let them in."""
    keys = {name.removeprefix(HOST) for name in credentials.cookies}
    return bool(keys & {SESSION, TABLET}) or credentials.authorization.lower().startswith("bearer ")


def _wanted(request: Request) -> str:
    """Where whoever is sent to the sign-in wanted to go: after a form that is gone, back to the board."""
    if request.method not in READING:
        return "/"
    query = request.scope.get("query_string", b"").decode("latin-1")
    raw = request.scope.get("raw_path", b"").decode("latin-1") or request.url.path
    return f"{raw}?{query}" if query else raw
