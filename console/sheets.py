"""Templates, who asks and what holds for the house in; the pages of staff, each in the same shell, out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import jinja2
from fastapi import Request, Response
from starlette.responses import HTMLResponse

from alerts.views import RiskState
from console.access.access import Whereabouts
from console.access.asker import Asker
from console.access.gate import asker_of
from console.access.roles import Act
from console.api.here import Here

AREAS: Final = (
    ("Board", "/", Act.BOARD),
    ("Today", "/support", Act.PAIR),
    ("Bands", "/bands", Act.BANDS),
    ("Research", "/research", Act.RECORDINGS),
    ("Administration", "/admin", Act.HOUSE),
)
"""Where one may go from the top of every page: what it is called, where it is, and who is offered it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheets:
    """Draws the pages of staff. A page is a template that extends ``office.html``; the shell's facts are here."""

    templates: jinja2.Environment
    here: Here
    whereabouts: Whereabouts
    zone: ZoneInfo

    async def show(self, request: Request, page: str, /, *, status: int = 200, **facts: object) -> Response:
        """Return ``page`` with ``facts``, and with who asks, where they may go, and whose alerts are open."""
        asker = asker_of(request)
        shell = {
            "asker": asker,
            "may": self.may(asker),
            "areas": [(name, where) for name, where, act in AREAS if self.may(asker)(act)],
            "path": request.url.path,
            "clock": f"{datetime.fromtimestamp(self.here.clock(), self.zone):%H:%M:%S}",
            "alerts": await self._alerts(asker),
        }
        return HTMLResponse(self.templates.get_template(page).render(**shell, **facts), status)

    def may(self, asker: Asker) -> Callable[[Act], bool]:
        """Return what says whether they may do something in this house."""
        return lambda act: asker.may(Act(act), self.whereabouts.here)

    async def _alerts(self, asker: Asker) -> list[str]:
        """Return the names of those whose alert is open and whom ``asker`` may see; a pseudonym where not by name."""
        views = await self.here.rest.run(self.here.desk.views)
        seen = [view.wearer for view in views if view.risk is RiskState.ALERTING]
        sites = {wearer: self.whereabouts.of_wearer(wearer) for wearer in seen}
        return [
            self.here.name(wearer) if asker.may(Act.NAMES, sites[wearer]) else wearer
            for wearer in seen
            if asker.may(Act.BOARD, sites[wearer])
        ]
