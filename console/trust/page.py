"""A house's certificate authority in; a page that hands it to tablets, and nothing else, out.

Served by plain HTTP, because no tablet trusts this house yet: whoever sits on the network could change what it shows.
So it says to compare the fingerprint, which they cannot forge, with one that came another way.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jinja2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from console.qr import picture_svg
from ingest.notice import SENTENCE

FOLDER: Final = Path(__file__).parent
TOKENS: Final = FOLDER.parent / "static" / "tokens.css"
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
AUTHORITY: Final = "application/x-x509-ca-cert"
"""What Android and Apple's systems offer to install."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What the page hands out: of ``place``, its authority's certificate in DER, the fingerprint by which people tell
    it, the day on which it ends, the addresses of the board and of this page, those first that surely work."""

    place: str
    certificate: bytes
    fingerprint: str
    ends: str
    boards: tuple[str, ...]
    pages: tuple[str, ...]

    @property
    def halves(self) -> tuple[str, str]:
        """The fingerprint in two lines of equal length, as people compare them."""
        pairs = self.fingerprint.split(":")
        half = len(pairs) // 2
        return " ".join(pairs[:half]), " ".join(pairs[half:])


def trust_app(look: Callable[[], Trust]) -> Starlette:
    """Return the page; ``look`` says what it hands out now."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    page = templates.get_template("trust.html")

    def show(_: Request) -> Response:
        trust = look()
        return HTMLResponse(
            page.render(trust=trust, board=trust.boards[0], here=trust.pages[0], notice=SENTENCE), headers=HEADERS
        )

    def hand_over(_: Request) -> Response:
        named = {"Content-Disposition": 'attachment; filename="forecalm-authority.crt"'}
        return Response(look().certificate, media_type=AUTHORITY, headers={**HEADERS, **named})

    def picture(_: Request) -> Response:
        return Response(picture_svg(look().pages[0]), media_type="image/svg+xml", headers=HEADERS)

    def style(path: Path) -> Callable[[Request], Response]:
        return lambda _: PlainTextResponse(path.read_text(), media_type="text/css", headers=HEADERS)

    def nothing(_: Request, __: Exception) -> Response:
        return PlainTextResponse("Only /trust is served here.\n", 404, headers=HEADERS)

    return Starlette(
        routes=[
            Route("/", lambda _: RedirectResponse("/trust", 303, headers=HEADERS)),
            Route("/trust", show),
            Route("/trust/authority.crt", hand_over),
            Route("/trust/qr.svg", picture),
            Route("/trust/tokens.css", style(TOKENS)),
            Route("/trust/trust.css", style(FOLDER / "trust.css")),
        ],
        exception_handlers={404: nothing, 405: nothing},
    )
