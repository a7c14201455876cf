"""Every row of the table of routes, asked as everybody, at their own site and at another: the exact answer."""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from starlette.responses import PlainTextResponse

from alerts.outcomes.events import What
from console.access.access import Access, Credentials
from console.access.asker import NOBODY, Asker, Grant, Kind
from console.access.entrance import Entrance
from console.access.gate import Gate
from console.access.roles import ACTS, Act, Role
from console.access.routes import ANYWHERE, OPEN, ROUTES, SIGNED_IN, Need, need_of, row_of
from console.access.scope import ALERTS, BANDS, GATEWAYS, MATTERS, OUTCOMES, PEOPLE, SHIFTS, SITES
from console.refusal import Refusal
from forecalm.build import Service
from ingest.registry.places import Site
from tests.console.visits import NOT_PAGES
from tests.console.whole import ALERTING, Opened, whole_house
from tests.servers import LONG_S

pytestmark = pytest.mark.long

HERE, THERE = "alder", "birch"
OURS, THEIRS = "w-02", "w-06"
"""Who is at home here, with an alert, and who is at the other site."""

THROUGH: Final = 299
"""What stands behind the gate answers so."""

PLACED: Final = {*PEOPLE, *BANDS, *GATEWAYS, *SITES, *ALERTS, *MATTERS, *SHIFTS, *OUTCOMES}
KINDS: Final = {Role.TABLET: Kind.TABLET, Role.TABLET_UNNAMED: Kind.TABLET, Role.MONITOR: Kind.MACHINE}
ROWS: Final = sorted(ROUTES.items())


def as_(role: Role, site: str) -> Asker:
    kind = KINDS.get(role, Kind.PERSON)
    return Asker(kind=kind, id=f"{role} {site}", name="Pat", grants=frozenset({Grant(role, site)}), session="s")


class Door:
    """Takes whoever asks for ``who``."""

    who: Asker = NOBODY
    turn = 0

    def asker(self, credentials: Credentials, now_s: float) -> Asker:
        self.turn += 1
        return replace(self.who, id=f"{self.who.id} {self.turn}") if self.who is not NOBODY else NOBODY


@dataclass
class House:
    service: Service
    opened: Opened
    door: Door

    @property
    def app(self) -> FastAPI:
        return self.opened.app

    @property
    def entrance(self) -> Entrance:
        return self.app.state.entrance

    def placed(self) -> dict[str, str]:
        """What stands in places: all of it of people who are here."""
        views = {view.wearer: view for view in self.service.desk.views()}
        alert = views[ALERTING].alert
        assert alert is not None
        shift = next(shift for shift in self.service.alerting.care.duty.shifts() if shift.wearers == (OURS,))
        told = self.service.alerting.care.outcomes.of(OURS)[0]
        band = next(band for band, wearer in worn(self.service).items() if wearer == OURS)
        known = {"wearer": OURS, "band": band, "site": HERE, "alert_id": alert.alert_id, "matter_id": alert.alert_id}
        return known | {"shift_id": shift.shift_id, "outcome_id": told.outcome_id, "path": "board.js"}


def worn(service: Service) -> dict[str, str]:
    registry = service.alerting.care.refusals
    now_s = service.desk.views()[0].at_s
    return {band: wearer for band in registry.bands() if (wearer := registry.wearer_of(band, now_s))}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with whole_house(tmp_path_factory.mktemp("house")) as (service, opened):
        registry: Any = service.alerting.care.refusals
        if THERE not in {site.name for site in registry.sites()}:
            registry.add_site(Site(THERE, "Birch House", "Europe/London"), by="Pat")
        registry.put_in_site(THERE, wearers=[THEIRS], by="Pat")
        now_s, care = time.time(), service.alerting.care
        care.duty.begin("Kim", [OURS], until_s=now_s + 3600, by="Kim", at_s=now_s)
        care.outcomes.tell(
            OURS,
            alert_id="",
            by="Kim",
            what=What.UNSURE,
            helped=(),
            began_s=now_s - 60,
            uncertainty_s=30,
            ended_s=now_s,
            at_s=now_s,
        )
        entrance: Entrance = opened.app.state.entrance
        entrance.access.whereabouts.look()  # type: ignore[attr-defined]
        assert entrance.access.whereabouts.of_wearer(THEIRS) == THERE
        yield House(service, opened, Door())


def ask(app: Any, method: str, path: str, **headers: str) -> httpx.Response:  # noqa: ANN401
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(send())


def gate_of(house: House) -> Gate:
    """The gate of the real house, and nothing behind it."""

    async def behind(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        await PlainTextResponse("", THROUGH)(scope, receive, send)

    def answer(request: Request, refusal: Refusal) -> Response:
        return PlainTextResponse(refusal.title, refusal.status)

    access = Access(house.door, house.entrance.access.whereabouts)
    return Gate(behind, entrance=replace(house.entrance, access=access), answer=answer)


def filled(path: str, placed: dict[str, str]) -> str:
    return re.sub(r"{(\w+)(?::path)?}", lambda place: placed.get(place[1], "none"), path)


def expected(row: tuple[str, str], need: Need, asker: Asker, at: str) -> int:
    """What the brief says, told a second time: of who asks, and at which site they have a part."""
    if need == OPEN:
        return THROUGH
    if asker is NOBODY:
        return 401
    if need == SIGNED_IN:
        return THROUGH
    acts = {act for grant in asker.grants for act in ACTS[grant.role]}
    if need not in acts:
        return 403
    if at == HERE or row in ANYWHERE:
        return THROUGH
    return 404 if PLACED & set(re.findall(r"{(\w+)", row[1])) else 403


@pytest.mark.parametrize(("row", "need"), ROWS, ids=[" ".join(row) for row, _ in ROWS])
def test_every_route_answers_every_role_as_it_should(house: House, row: tuple[str, str], need: Need) -> None:
    gate, path = gate_of(house), filled(row[1], house.placed())
    askers = [(NOBODY, HERE), *((as_(role, site), site) for role in Role for site in (HERE, THERE))]
    for asker, site in askers:
        house.door.who = asker
        answer = ask(gate, row[0], path)
        assert answer.status_code == expected(row, need, asker, site), (asker.grants, path)


def leaves(routes: Any, before: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401
    """Every route that is served, mounts and what frameworks add among them, by method and path."""
    for route in routes:
        inner = getattr(getattr(route, "original_router", None), "routes", None)
        if inner is not None:
            yield from leaves(inner, before)
            continue
        path = before + route.path
        methods = getattr(route, "methods", None)
        if methods is None:
            yield "GET", f"{path}/{{path:path}}"
        for method in (methods or set()) - {"HEAD"}:
            yield method, path


def test_no_route_is_served_that_is_not_in_the_table(house: House) -> None:
    api = {(method.upper(), path) for path, acts in house.app.openapi()["paths"].items() for method in acts}
    served = {*leaves(route for route in house.app.routes if getattr(route, "path", None)), *api}
    assert served - set(ROUTES) == set()
    assert len(served) > 60


@pytest.mark.parametrize("row", sorted(ROUTES), ids=" ".join)
def test_no_row_of_the_table_is_hidden_by_another(row: tuple[str, str]) -> None:
    assert row_of(row[0], filled(row[1], {})) == row


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/nothing", "/admin/", "/docs", "/redoc", "/openapi.json"])
def test_what_is_in_no_row_is_refused_whoever_asks(house: House, path: str) -> None:
    for asker in (NOBODY, as_(Role.ADMINISTRATOR, HERE)):
        house.door.who = asker
        assert ask(gate_of(house), "GET", path).status_code == 404


def test_a_route_that_nobody_put_into_the_table_is_refused_though_it_is_served(house: House) -> None:
    assert need_of("GET", "/forgotten") == (None, {})


def test_nobody_is_led_to_the_sign_in_and_from_there_to_where_they_wanted(house: House) -> None:
    house.door.who = NOBODY
    answer = ask(gate_of(house), "GET", "/people/w-02?day=2", accept="text/html")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/people/w-02%3Fday%3D2")
    script = ask(gate_of(house), "GET", "/people/w-02", accept="*/*")
    assert (script.status_code, script.headers["www-authenticate"]) == (401, "Bearer")


PAGES: Final = sorted(path for method, path in ROUTES if method == "GET" and path not in (*NOT_PAGES, "/take/{token}"))


@pytest.mark.parametrize("path", PAGES)
def test_what_somebody_of_another_site_is_shown_says_nothing_of_the_people_here(house: House, path: str) -> None:
    """Asked of the whole app as everybody who has a part at the other site only, and as a researcher at both."""
    names = house.service.alerting.care.refusals.names()  # type: ignore[attr-defined]
    placed = house.placed() | {"wearer": THEIRS}
    ours = {wearer: name for wearer, name in names.items() if wearer != THEIRS}
    found, door = [], house.entrance.access.doorkeeper
    for role in Role:
        asker = as_(role, THERE)
        door.asker = lambda credentials, now_s, asker=asker: asker  # type: ignore[method-assign]
        try:
            answer = ask(house.app, "GET", filled(path, placed), accept="text/html")
        finally:
            del door.asker  # type: ignore[method-assign]
        assert answer.status_code < 500, (role, answer.text[:300])
        text = answer.text
        found += [(role, who) for who, name in ours.items() if re.search(rf"\b({who}|{re.escape(name)})\b", text)]
    assert found == []


def test_the_stream_of_a_tablet_tells_of_its_own_site_only_and_ends_with_its_right(house: House) -> None:
    asker = {"now": as_(Role.TABLET, THERE)}
    door = house.entrance.access.doorkeeper
    door.asker = lambda credentials, now_s: asker["now"]  # type: ignore[method-assign]
    told, kinds = "", []
    try:
        with httpx.stream("GET", f"{house.service.address}events", timeout=LONG_S) as answer:
            for line in answer.iter_lines():
                told += line + "\n"
                kinds += [line.removeprefix("event: ")] if line.startswith("event: ") else []
                if kinds.count("beat") == 2:
                    asker["now"] = NOBODY
    finally:
        del door.asker  # type: ignore[method-assign]
    assert kinds[-1] == "signed-out"
    rows = [json.loads(line[6:]) for line in told.splitlines() if line.startswith('data: {"row"')]
    assert {row["row"]["wearer"] for row in rows} == {THEIRS}
    assert OURS not in told


def test_every_act_is_somebodys_and_every_role_does_something() -> None:
    assert set().union(*ACTS.values()) == set(Act)
    assert set(ACTS) == set(Role)
