"""Requests in, the same requests or refusals out: which hosts are served, who may post, what a page may load."""

from collections.abc import Collection, Set
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")

POLICY: Final = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
"""Nothing from outside, nothing inline, in nobody's frame."""


HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), screen-wake-lock=(self), microphone=(), geolocation=(), payment=(), usb=(), "
    "serial=(), hid=(), display-capture=(), browsing-topics=()",
}
"""On every answer. A page of pairing reads QR codes with the camera, and a board keeps its screen awake."""

HSTS: Final = "max-age=31536000"
"""Where TLS is on: a browser that was here asks no other way for a year. Not for names beside this one, nor for this
very machine as it calls itself: browsers remember hosts and no ports, and what else is served there is somebody's."""

ODD: Final = {
    "title": "That cannot be read in one way only",
    "status": 400,
    "detail": "Send each header once, and no more of them than a browser does.",
}

HEADERS_MOST: Final = 64
"""Header lines of a request: a browser sends some twenty."""

ONCE: Final = (b"host", b"authorization", b"content-length", b"content-type", b"origin", b"sec-fetch-site")
"""Headers that say who asks, for what: given twice, two readers could believe two things."""

BODY_BYTES: Final = 300_000
"""Twice what a tablet that was away for long has to say; everything else is far shorter."""

OUTSIDE: Final = ("/take/", "/static/")
"""What carers' phones are served."""

PROXIED: Final = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
"""What proxies and tunnels add: who asks through one is not on this machine, whatever name they ask for."""


class Guard:
    """ASGI middleware: refuses foreign Host headers (a name rebound to loopback), bounds what is sent, and says what a
    page may load.

    Under the name of ``outside``, by which carers' phones reach this server, and through any proxy, only links that
    take a matter are served: the board stays in the house, whoever has signed in.
    """

    def __init__(self, app: ASGIApp, *, hosts: Collection[str], outside: str = "", hsts: bool = True) -> None:
        self._app = app
        self._hsts = hsts
        self._hosts = hosts if isinstance(hosts, Set) else frozenset(hosts)  # a set may grow: an address comes and goes
        self._outside = _host_in(outside)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if self._hsts and scope["scheme"] == "https" and _host_of(scope) not in LOOPBACK:
                    headers["Strict-Transport-Security"] = HSTS
                headers["Cache-Control"] = "no-cache" if scope["path"].startswith("/static/") else "no-store"
            await send(message)

        if _is_odd(scope):
            await JSONResponse(ODD, 400, media_type="application/problem+json")(scope, receive, send_guarded)
        elif self._serves(Headers(scope=scope), scope["path"]):
            await self._app(scope, _bounded(receive), send_guarded)
        else:
            await PlainTextResponse("The board is not served under this name.", 421)(scope, receive, send_guarded)

    def _serves(self, headers: Headers, path: str) -> bool:
        host = _host_named(headers)
        if host not in self._hosts or any(name in headers for name in PROXIED):
            return self._is_outside(host) and path.startswith(OUTSIDE)
        return True

    def _is_outside(self, host: str | None) -> bool:
        return self._outside is not None and host in {self._outside, *self._hosts}


def _is_odd(scope: Scope) -> bool:
    """Return whether a request is larger, or reads in more ways, than what any browser or program here sends."""
    names = [name for name, _ in scope["headers"]]
    twice = any(names.count(name) > 1 for name in ONCE)
    return twice or len(names) > HEADERS_MOST


def _bounded(receive: Receive) -> Receive:
    """Return ``receive`` that refuses a body longer than ``BODY_BYTES``."""
    left = BODY_BYTES

    async def bounded() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(413)
        return message

    return bounded


def is_foreign(headers: Headers) -> bool:
    """Return whether a browser says that another site made this request. Without a browser nobody says so."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site != "same-origin"
    return origin is not None and origin.partition("://")[2] != headers.get("host")


def _host_of(scope: Scope) -> str | None:
    return _host_named(Headers(scope=scope))


def _host_named(headers: Headers) -> str | None:
    return _host_in(f"//{headers.get('host', '')}")


def _host_in(address: str) -> str | None:
    """Return the host that an address names; None where it names none, or is no address."""
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
