"""Requests in, the same requests or refusals out: which hosts are served, who may post, what a page may load."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")

POLICY: Final = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
"""Nothing from outside, nothing inline, in nobody's frame."""


class Guard:
    """ASGI middleware: refuses foreign Host headers (a name rebound to loopback) and says what a page may load."""

    def __init__(self, app: ASGIApp, *, hosts: Sequence[str]) -> None:
        self._app = app
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = POLICY
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "same-origin"
                headers["Cache-Control"] = "no-cache" if scope["path"].startswith("/static/") else "no-store"
            await send(message)

        if _host_in(f"//{Headers(scope=scope).get('host', '')}") in self._hosts:
            await self._app(scope, receive, send_guarded)
        else:
            await PlainTextResponse("The board is not served under this name.", 421)(scope, receive, send_guarded)


def is_foreign(headers: Headers) -> bool:
    """Return whether a browser says that another site made this request. Without a browser nobody says so."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site != "same-origin"
    return origin is not None and origin.partition("://")[2] != headers.get("host")


def _host_in(address: str) -> str | None:
    """Return the host that an address names; None where it names none, or is no address."""
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
