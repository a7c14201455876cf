"""Requests for the board in, the same requests out: an enrolled tablet that asks for it is given its cookie anew.

Browsers keep a cookie for 400 days at most: a tablet that hangs on a wall must not go dark on the day after.
"""

from fastapi import Request, Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.access.access import Credentials
from console.access.doorkeeper import Doorkeeper

BOARD = "/"


class KeepsTablets:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, *, keeper: Doorkeeper) -> None:
        self._app = app
        self._keeper = keeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        renewed = self._renewed(scope)
        if not renewed:
            await self._app(scope, receive, send)
            return

        async def renewing(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("Set-Cookie", renewed)
            await send(message)

        await self._app(scope, receive, renewing)

    def _renewed(self, scope: Scope) -> str:
        """Return the cookie that is to be set, "" for whoever is no tablet, or asks for something else."""
        if scope["type"] != "http" or scope["path"] != BOARD or scope["method"] != "GET":
            return ""
        cookies = Request(scope).cookies
        if self._keeper.tablet_of(Credentials(cookies)) is None:
            return ""
        answer = Response()
        self._keeper.cookies.set_tablet(answer, cookies[self._keeper.cookies.tablet])
        return answer.headers["set-cookie"]
