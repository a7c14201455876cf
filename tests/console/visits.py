"""A whole house in; how one gets to every page out: the table of routes, with something put in each of its places."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from fastapi import FastAPI

from alerts.views import RiskState
from console.access.routes import ROUTES
from forecalm.build import Service
from tests.console.whole import ALERTING

WIDE, UPRIGHT, HAND = (1280, 800), (800, 1280), (390, 844)
LOOKS: Final = ((WIDE, "light"), (UPRIGHT, "dark"), (HAND, "light"), (HAND, "dark"))

NOT_PAGES: Final = ("/static/{path:path}", "/events", "/sw.js", "/manifest.webmanifest", "/healthz", "/metrics")
"""Streams and files; a stream would never end."""

PAGES: Final = sorted(
    {path for method, path in ROUTES if method == "GET" and not path.startswith("/api/") and path not in NOT_PAGES}
)


@dataclass(frozen=True, slots=True)
class Visit:
    """A page: its route, its address, who goes there ("" for somebody who may do everything), what sets it
    apart from others of its route, and what may be answered."""

    path: str
    address: str
    who: str = ""
    said: str = ""
    statuses: tuple[int, ...] = (200,)


def visits(service: Service, app: FastAPI) -> list[Visit]:
    """Return visits to every page that is served, where something can be put in its places: an alert's only while one
    is open."""
    served = {getattr(route, "path", "") for route in app.routes}
    found = []
    for path in filter(served.__contains__, PAGES):
        filled = path
        for place in re.findall(r"{(\w+)}", path):
            fill = PLACES.get(f"{path} {place}") or PLACES.get(place)
            filled = filled.replace(f"{{{place}}}", quote(fill(service) if fill else "", safe=""))
        if "//" not in f"{filled}/" or path == "/":
            found.append(Visit(path, service.address + filled.lstrip("/")))
    return found


def _alert(service: Service) -> str:
    views = [view for view in service.desk.views() if view.alert and view.risk is RiskState.ALERTING]
    return views[0].alert.alert_id if views and views[0].alert else ""


def _link(service: Service) -> str:
    alert_id = _alert(service)
    return service.alerting.care.seals.link(alert_id, "Jo", until_s=time.time() + 3600) if alert_id else ""


PLACES: Final[dict[str, Callable[[Service], str]]] = {
    "alert_id": _alert,
    "wearer": lambda service: ALERTING,
    "band": lambda service: "band-02",
    "token": _link,
}
"""What stands in a place of a path."""
