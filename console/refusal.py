"""What goes wrong with a request in, one shape of answer out: application/problem+json, or a page for people."""

import logging
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

import jinja2
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse

from alerts.errors import AlertError, JournalError
from alerts.patient_log import Unanswered
from console.access.asker import NOBODY, Asker, Kind
from console.errors import ConsoleError
from console.guard import is_foreign
from ingest.errors import RegistryError

log = logging.getLogger(__name__)

SHOWN: Final = 80
"""Characters of a key that nobody asked for, as far as it is said back."""

_FIELD: Final = re.compile(r"([a-z_]+(?:\.[a-z0-9_]+)*)(?:, line \d+)?: ")

NO_PAGE: Final = (
    "There is no such page",
    "Please look at the board. For programs, GET /api/v1/openapi.json says what there is.",
)

_PLAIN: Final = {404: NO_PAGE}
"""What people read, where the protocol's own words say nothing to them."""

PROBLEM: Final = "application/problem+json"


class Refusal(ConsoleError):
    """A request that is not granted: answered with ``status`` and ``title``, as problem+json or as a page.

    ``field`` names what was wrong in the body, "" where it is not one field. Texts hold no name and no secret.
    """

    def __init__(self, status: int, title: str, detail: str, *, field: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.field = field


def only_from_here(request: Request) -> None:
    """Refuse what another site's page made a browser send."""
    if is_foreign(request.headers):
        raise Refusal(403, "This came from another site", "It can only be done on the board itself.")


def wants_json(request: Request) -> bool:
    """Return whether a program asks, rather than a person."""
    return request.url.path.startswith("/api/") or "json" in request.headers.get("accept", "")


def answering(page: jinja2.Template) -> Callable[[Request, Refusal], Response]:
    """Return what answers a refusal: as problem+json to programs, as ``page`` to people."""

    def answer(request: Request, refusal: Refusal) -> Response:
        if wants_json(request):
            return JSONResponse(_problem(refusal), refusal.status, media_type=PROBLEM)
        me = _asked_by(request) if refusal.status == HTTPStatus.FORBIDDEN else ""
        shown = page.render(refusal=refusal, watches=_watches(request), me=me)
        return HTMLResponse(shown, refusal.status)

    return answer


def _asked_by(request: Request) -> str:
    """Return the name of the person who has signed in and asks, "" where none has."""
    asker: Asker = getattr(request.state, "asker", NOBODY)
    return asker.name if asker.kind is Kind.PERSON else ""


def _watches(request: Request) -> bool:
    """Return whether the page of a refusal asks by itself whose alerts are open: it is drawn without, so that nothing
    of them can keep it from being drawn. Only who has signed in, or an enrolled tablet, is told."""
    asker = getattr(request.state, "asker", None)
    return asker is not None and asker.kind in (Kind.PERSON, Kind.TABLET)


def add_refusals(app: FastAPI, page: jinja2.Template) -> None:
    """Answer whatever goes wrong in ``app`` in one shape; ``page`` is what people see of it."""
    answer = answering(page)

    def handle(kind: type[Exception], refusal_of: Callable[[Any], Refusal]) -> None:
        async def told(request: Request, error: Exception) -> Response:
            return answer(request, refusal_of(error))

        app.add_exception_handler(kind, told)

    handle(Refusal, lambda refusal: refusal)
    handle(RequestValidationError, _of_validation)
    handle(HTTPException, lambda error: Refusal(error.status_code, *_said(error.status_code)))
    handle(AlertError, of_alert_error)
    handle(RegistryError, of_registry_error)
    handle(Exception, lambda _: Refusal(500, "That did not work", "The server's log says why: tell support."))


def of_alert_error(error: AlertError) -> Refusal:
    """Return what is answered where a room of alerts refuses: its own words, which name what was wrong."""
    if isinstance(error, Unanswered):
        log.error("an act may not be kept: %s", error)
        return Refusal(
            503,
            "Nobody knows yet whether that is kept",
            "The disk of this server does not answer. Look again before you do it again, and tell whoever runs it.",
        )
    if isinstance(error, JournalError):
        log.error("an act could not be kept: %s", error)
        return Refusal(503, "That could not be kept", "The journal cannot be written: tell whoever runs this server.")
    if isinstance(error, LookupError):
        return Refusal(404, "There is no such thing here", str(error), field=_field_of(error))
    return Refusal(422, "That did not work", str(error), field=_field_of(error))


def of_registry_error(error: RegistryError) -> Refusal:
    """Return what is answered where the registry refuses."""
    return Refusal(422, "That did not work", str(error), field=_field_of(error))


def _field_of(error: Exception) -> str:
    """Return the field that a room's refusal begins with, as in "until_s: a time after now", "" where it names none."""
    named = _FIELD.match(str(error))
    return named[1] if named else ""


def _problem(refusal: Refusal) -> dict[str, object]:
    problem: dict[str, object] = {"title": refusal.title, "status": refusal.status, "detail": refusal.detail}
    return problem | {"field": refusal.field} if refusal.field else problem


def _of_validation(error: RequestValidationError) -> Refusal:
    """Say the first thing that is wrong, and where; never what was sent."""
    first = error.errors()[0]
    where = [str(part) for part in first["loc"] if part not in ("body", "path", "query", "header")]
    field = "".join(c for c in ".".join(where) if c.isprintable())[:SHOWN]
    if first["type"] == "json_invalid":
        return Refusal(422, "That is no JSON", "Send one JSON value in UTF-8, as GET /api/v1/openapi.json says.")
    return Refusal(422, "That cannot be taken", f"{field or 'the body'}: {first['msg']}.", field=field)


def _said(status: int) -> tuple[str, str]:
    if status in _PLAIN:
        return _PLAIN[status]
    try:
        known = HTTPStatus(status)
    except ValueError:
        return "That did not work", "Please look at the board."
    return known.phrase, known.description or "Please look at the board."
