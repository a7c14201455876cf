"""Every page, answer and stream of a whole house, read as those who know nobody by name: no name is in any of it."""

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from console.access.roles import Role
from console.access.routes import ROUTES
from console.api.routes import DOCUMENT
from forecalm.build import Service
from tests.console.visits import NOT_PAGES
from tests.console.whole import ALERTING, WHO, Opened, visits_of, whole_house
from tests.servers import LONG_S

pytestmark = pytest.mark.long

READ_MOST = 200_000
"""Bytes of an answer that are read: far more than any page has."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Opened]]:
    with whole_house(tmp_path_factory.mktemp("house")) as opened:
        yield opened


def said(address: str, role: Role, key: str) -> str:
    """All that is answered, headers too."""
    asked = urllib.request.Request(address, headers={"Cookie": f"{WHO}={role}", "Authorization": f"Tablet t-1.{key}"})
    try:
        with closing(urllib.request.urlopen(asked, timeout=LONG_S)) as answer:
            if answer.headers.get_content_type() == "text/event-stream":
                lines = [answer.readline().decode() for _ in range(40)]
                return str(answer.headers) + "".join(lines)
            return str(answer.headers) + str(answer.read(READ_MOST), "utf-8", "replace")
    except urllib.error.HTTPError as error:
        return str(error.headers) + str(error.read(), "utf-8", "replace")


def addresses(service: Service, opened: Opened) -> list[str]:
    """Of every page, and of everything below /api that is read, for each of the people here."""
    care = service.alerting.care
    alert = next(view.alert for view in service.desk.views() if view.wearer == ALERTING and view.alert)
    places = {"alert_id": [alert.alert_id], "matter_id": [alert.alert_id]}
    places["wearer"] = [view.wearer for view in service.desk.views()]
    places["shift_id"] = [shift.shift_id for shift in care.duty.shifts()]
    registry: Any = care.refusals
    places["band"] = list(registry.bands())
    found = [visit.address for visit in visits_of(service, opened)]
    for method, path in ROUTES:
        inside = re.findall(r"{(\w+)}", path)
        if method == "GET" and path not in NOT_PAGES and len(inside) == 1 and inside[0] in places:
            found += [service.address + path.lstrip("/").replace(f"{{{inside[0]}}}", it) for it in places[inside[0]]]
        elif method == "GET" and ((not inside and path not in NOT_PAGES) or path in ("/events", "/metrics")):
            found.append(service.address + path.lstrip("/"))
    return sorted(set(found))


@pytest.mark.parametrize("role", [Role.TABLET_UNNAMED, Role.RESEARCHER, Role.MONITOR])
def test_who_knows_nobody_by_name_is_told_no_name(house: tuple[Service, Opened], role: Role) -> None:
    service, opened = house
    key = service.alerting.care.seals.tablet_key("t-1")
    names = set(service._names.values()) - {view.wearer for view in service.desk.views()}
    assert any(name in said(service.address, Role.CARER, key) for name in names)
    found = {}
    for address in addresses(service, opened):
        if "/take/" in address or "/welcome/" in address or "/tablet/" in address or address.endswith(DOCUMENT):
            continue  # links open by themselves; the document has examples
        text = said(address, role, key)
        told = [name for name in names if re.search(rf"\b{re.escape(name)}\b", text)]
        if told:
            found[address] = told
    assert found == {}
