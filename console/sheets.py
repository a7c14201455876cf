"""Templates, who asks and what holds for the house in; the pages of staff, each in the same shell, out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

import jinja2
from fastapi import FastAPI, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from alerts.views import RiskState
from console.access.access import Whereabouts
from console.access.asker import Asker
from console.access.entrance import asker_of
from console.access.roles import Act
from console.api.here import Here
from console.clock import to_the_second
from console.guard import LOOPBACK

SAID: Final = "said"
"""The cookie that carries a short word of what was done over the redirect that follows it."""

SAID_S: Final = 30
"""A redirect takes far less; a word that comes later than this is about something forgotten."""

SAID_MAX: Final = 300
"""Characters of it: one or two sentences."""

AREAS: Final = (
    ("Board", "/", Act.BOARD),
    ("Today", "/support", Act.PAIR),
    ("Bands", "/bands", Act.BANDS),
    ("Research", "/research", Act.RECORDINGS),
    ("House", "/admin", Act.HOUSE),
)
"""Where one may go from the top of every page: what it is called, where it is, and who is offered it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheets:
    """Draws the pages of staff. A page is a template that extends ``office.html``; the shell's facts are here."""

    templates: jinja2.Environment
    here: Here
    whereabouts: Whereabouts
    zone: ZoneInfo
    reached: Callable[[], str] = str

    async def way_of_tablets(self, request: Request) -> str:
        """Return the address under which a tablet asks for this house, ending in a slash: the one that is asked now,
        unless only this machine knows it; "" where there is no other."""
        if request.url.hostname not in LOOPBACK:
            return str(request.base_url)
        return await self.here.rest.run(self.reached)

    async def show(self, request: Request, page: str, /, *, status: int = 200, **facts: object) -> Response:
        """Return ``page`` with ``facts``, and with who asks, where they may go, and whose alerts are open.

        Two facts mean something to the shell: ``errors`` says by field what would be right (it is shown at the top and
        beside the field), ``form`` is what was posted, so that it is kept.
        """
        asker = asker_of(request)
        said = unquote(request.cookies.get(SAID, ""))[:SAID_MAX]
        shell = {
            "asker": asker,
            "may": self.may(asker),
            "areas": [(name, where) for name, where, act in AREAS if self.may(asker)(act)],
            "path": request.url.path,
            "clock": self.clock(),
            "alerts": await self.alerts(asker),
            "said": said,
        }
        shown = HTMLResponse(self.templates.get_template(page).render(**shell, **facts), status)
        if said:
            shown.delete_cookie(SAID, httponly=True, samesite="strict")
        return shown

    def after(self, request: Request, where: str, said: str = "") -> Response:
        """Return the way to the page ``where``, which says in short what was done."""
        away = RedirectResponse(where, 303)
        if said:
            secure = request.url.scheme == "https"
            kept = quote(said[:SAID_MAX], safe="")
            away.set_cookie(SAID, kept, max_age=SAID_S, httponly=True, samesite="strict", secure=secure)
        return away

    def called(self, site: str) -> str:
        """Return what people call a site: this house's own by its place."""
        return str(self.templates.globals.get("place", site)) if site == self.whereabouts.here else site

    def clock(self) -> str:
        """Return what the clock on the wall says."""
        return to_the_second(self.here.clock(), self.zone)

    def may(self, asker: Asker) -> Callable[[Act], bool]:
        """Return what says whether they may do something in this house."""
        return lambda act: asker.may(Act(act), self.whereabouts.here)

    async def alerts(self, asker: Asker) -> list[str]:
        """Return the names of those whose alert is open and whom ``asker`` may see; a pseudonym where not by name."""
        views = await self.here.rest.run(self.here.desk.views)
        seen = [view.wearer for view in views if view.risk is RiskState.ALERTING]
        sites = {wearer: self.whereabouts.of_wearer(wearer) for wearer in seen}
        return [
            self.here.name(wearer) if asker.may(Act.NAMES, sites[wearer]) else wearer
            for wearer in seen
            if asker.may(Act.BOARD, sites[wearer])
        ]


def add_strips(app: FastAPI, sheets: Sheets) -> None:
    """Serve whose alerts are open, to the pages of staff that stand open and ask for it now and then."""

    @app.get("/strips", include_in_schema=False)
    async def strips(request: Request) -> Response:
        alerts = await sheets.alerts(asker_of(request))
        drawn = sheets.templates.get_template("strips.html").render(alerts=alerts)
        return HTMLResponse(drawn, headers={"X-Clock": sheets.clock()})
