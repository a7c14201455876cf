"""A whole house in; how one gets to every page of it out: by links, or by what is put into its places."""

import re
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import Final, Literal

from fastapi import FastAPI
from starlette.routing import compile_path

from alerts.views import RiskState
from console.access.routes import ROUTES
from forecalm.build import Service
from tests.console.furnish import RECORDED, Furnished
from tests.servers import LONG_S

WIDE, UPRIGHT, HAND = (1280, 800), (800, 1280), (390, 844)
Theme = Literal["light", "dark"]
LOOKS: Final[tuple[tuple[tuple[int, int], Theme], ...]] = ((WIDE, "light"), (UPRIGHT, "dark"), (HAND, "light"))

NOT_PAGES: Final = ("/static/{path:path}", "/events", "/sw.js", "/manifest.webmanifest", "/healthz", "/metrics")
"""Streams and files; a stream would never end."""

PAGES: Final = sorted(
    {path for method, path in ROUTES if method == "GET" and not path.startswith("/api/") and path not in NOT_PAGES}
)
NOT_REACHED: Final = (
    "/pair/{pairing}",
    "/pair/{pairing}/now",
    "/admin/receipts/{name}",
    "/research/experiments/{experiment}",
    "/research/experiments/{experiment}/report",
    "/research/models/{model}",
    "/research/exports/{export}/file",
)
"""Only somebody with a band in the hand gets there, or after an erasure, an experiment, a training or an export. What
of it are pages is looked at in tests/console/support/test_pairing_whole.py and tests/console/research."""

RECORDING: Final = "/research/recordings/{wearer}/{recording}"
BELOW: Final = {f"{RECORDING}/labels/{{label}}": (RECORDING, "/labels/1")}
"""What is got to from another page only once something is chosen there."""

LOOKED_FOR: Final = {RECORDING: f"/{RECORDED}/"}
"""What the link has in it that is gone by, where a page links to several of a kind: the recording with labels."""

WHO: Final[dict[str, str]] = {"/sign-in": "nobody", "/welcome/{token}": "nobody", "/tablet/{token}": "nobody"}
"""Who goes there, where it is not somebody who may do everything."""

_LINK: Final = re.compile(r'href="(/[^"#]*)"')


@dataclass(frozen=True, slots=True)
class Visit:
    """A page: its route, its address, and who goes there ("" for somebody who may do everything)."""

    path: str
    address: str
    who: str = ""


def visits(service: Service, app: FastAPI, furnished: Furnished) -> list[Visit]:
    """Return a visit to every page that is served and that one can get to: an alert's only while one is open."""
    served = {getattr(route, "path", "") for route in app.routes}
    wanted = [path for path in PAGES if path in served]
    found = {path: filled for path in wanted if (filled := _filled(path, service, furnished)) is not None}
    seen: set[str] = set()
    while fresh := [path for path in found if path not in seen]:
        for path in fresh:
            seen.add(path)
            for link in _links(service.address + found[path].lstrip("/")):
                of = _route(link.partition("?")[0], wanted)
                if of and (of not in found or (of not in seen and LOOKED_FOR.get(of, link + "?") in link)):
                    found[of] = link
    found |= {path: found[page] + tail for path, (page, tail) in BELOW.items() if page in found}
    return [Visit(path, service.address + at.lstrip("/"), WHO.get(path, "")) for path, at in sorted(found.items())]


def _route(link: str, paths: list[str]) -> str:
    """Return which of ``paths`` serves ``link``, as routers find it: the one with the fewest places; "" for none."""
    return min((path for path in paths if compile_path(path)[0].match(link)), key=lambda it: it.count("{"), default="")


def _filled(path: str, service: Service, furnished: Furnished) -> str | None:
    """Return ``path`` with something in each of its places; None where links must lead there."""
    filled = path
    for place in re.findall(r"{(\w+)}", path):
        fill = PLACES.get(path, PLACES.get(place))
        told = fill(service, furnished) if fill else ""
        if not told:
            return None
        filled = filled.replace(f"{{{place}}}", told)
    return filled


def _links(address: str) -> list[str]:
    """Return what a page links to; nothing where it is no page."""
    try:
        with urllib.request.urlopen(address, timeout=LONG_S) as answer:
            is_page = answer.headers.get_content_type() == "text/html"
            return [unescape(link) for link in _LINK.findall(answer.read().decode())] if is_page else []
    except urllib.error.HTTPError:
        return []


def _alert(service: Service, furnished: Furnished) -> str:
    views = [view for view in service.desk.views() if view.alert and view.risk is RiskState.ALERTING]
    return views[0].alert.alert_id if views and views[0].alert else ""


def _link(service: Service, furnished: Furnished) -> str:
    alert_id = _alert(service, furnished)
    return service.alerting.care.seals.link(alert_id, "Jo", until_s=time.time() + 3600) if alert_id else ""


PLACES: Final[dict[str, Callable[[Service, Furnished], str]]] = {
    "alert_id": _alert,
    "/people/{wearer}": lambda service, furnished: f"w-01?day={furnished.day}",
    "/wearers/{wearer}/outcome": lambda service, furnished: "w-01",
    "band": lambda service, furnished: "band-02",
    "/take/{token}": _link,
    "/welcome/{token}": lambda service, furnished: furnished.invitation,
    "/tablet/{token}": lambda service, furnished: furnished.tablet,
}
"""What stands in a place of a path, or in that of one path; to other pages links lead."""
