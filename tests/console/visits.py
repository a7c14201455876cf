"""A whole house in; how one gets to every page out: the table of routes, with something put in each of its places."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

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
    """A page: its route, its address, who goes there ("" for somebody who may do everything), what may be answered."""

    path: str
    address: str
    who: str = ""
    statuses: tuple[int, ...] = (200,)


def visits(service: Service) -> list[Visit]:
    """Return a visit to every page; what no place is known for is left out, and the test that walks them says so."""
    found = []
    for path in PAGES:
        places = {place: PLACES.get(place) for place in re.findall(r"{(\w+)}", path)}
        if None in places.values():
            continue
        filled = path
        for place, fill in places.items():
            assert fill is not None
            filled = filled.replace(f"{{{place}}}", fill(service))
        found.append(Visit(path, service.address + filled.lstrip("/")))
    return found


def _alert(service: Service) -> str:
    return next(view.alert.alert_id for view in service.desk.views() if view.wearer == ALERTING and view.alert)


def _link(service: Service) -> str:
    return service.alerting.care.seals.link(_alert(service), "Jo", until_s=time.time() + 3600)


PLACES: Final[dict[str, Callable[[Service], str]]] = {
    "alert_id": _alert,
    "wearer": lambda service: ALERTING,
    "band": lambda service: "band-02",
    "token": _link,
}
"""What stands in a place of a path."""
