"""What is slow holds up nothing that is not: a stream, a tap, a link."""

import asyncio
import threading
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import httpx
import pytest

from console import around
from console.api.here import NOTES_MOST
from console.board import Board
from console.house import House
from console.showing import Showings
from console.sight import EVERYBODY
from console.standing import ModelsAt
from console.stream import events
from ingest.registry.plans import Plan
from models.risk import Abstention
from tests.console.api.rooms import NAMES, NOW_S, Rooms
from tests.servers import LONG_S


@pytest.fixture
def stuck(rooms: Rooms) -> Iterator[threading.Event]:
    """A registry that does not answer until the test is over."""
    let_go = threading.Event()

    def plans() -> dict[str, Plan]:
        let_go.wait(2 * LONG_S)
        return {}

    rooms.records.plans = plans  # type: ignore[method-assign]
    rooms.records.plan = lambda wearer: plans().get(wearer)  # type: ignore[method-assign]
    yield let_go
    let_go.set()


async def meanwhile(rooms: Rooms, path: str, body: object, let_go: threading.Event) -> httpx.Response:
    """Ask for plans until every thread for that hangs, then post; let go."""
    transport = httpx.ASGITransport(app=rooms.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=rooms.key()) as client:
        asked = [asyncio.create_task(client.get("/api/v1/wearers/w1/plan")) for _ in range(50)]
        await asyncio.sleep(0)
        try:
            return await asyncio.wait_for(client.post(f"/api/v1{path}", json=body), LONG_S)
        finally:
            let_go.set()
            await asyncio.gather(*asked)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/alerts/{}/acknowledge", {"by": "Jo"}),
        ("/matters/{}/take", {"by": "Jo"}),
        ("/matters/{}/snooze", {"by": "Jo", "reason": "On my way.", "minutes": 1}),
        ("/alerts/{}/outcome", {"by": "Jo", "what": "incident"}),
        ("/tablets/t-1/beat", {"foreground": True, "able": True, "tested_s": None, "push": False, "carer": ""}),
        ("/shifts", {"carer": "Jo", "wearers": [], "until_s": NOW_S + 600, "by": "Jo"}),
    ],
)
def test_a_registry_that_hangs_holds_up_nothing_of_an_alert(
    rooms: Rooms, stuck: threading.Event, path: str, body: object
) -> None:
    assert rooms.run(meanwhile(rooms, path.format(rooms.alert()), body, stuck)).status_code in (200, 201)


async def first_events(rooms: Rooms, count: int) -> list[bytes]:
    board = Board(names=NAMES, zone=ZoneInfo("Europe/London"), clock=lambda: rooms.now_s, care=rooms.care)
    house = House(rooms.desk, None, ModelsAt)
    said: list[bytes] = []
    async for chunk in events(Showings(board, house, rooms.hub), lambda: EVERYBODY):
        said.append(chunk)
        if len(said) == count:
            break
    return said


def test_a_stream_begins_and_beats_while_what_stands_beside_the_views_hangs(
    rooms: Rooms, stuck: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(around, "PATIENCE_S", 0.01)
    retry, begun, later = rooms.run(asyncio.wait_for(first_events(rooms, 3), LONG_S))
    stuck.set()
    assert retry.startswith(b"retry")
    assert begun.count(b"event: row") == 3
    assert begun.count(b"event: beat") == later.count(b"event: beat") == 1


def test_while_it_hangs_nobody_is_said_to_be_protected(
    rooms: Rooms, stuck: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(around, "PATIENCE_S", 0.01)
    for wearer in NAMES:
        rooms.desk.observe(wearer, rooms.now_s, 0.1, Abstention.NONE, (), 1.0, 70.0, 80, None)
    page = rooms.ask("GET", "/").text
    stuck.set()
    assert around.DOUBT in page
    assert "0 of 3 protected" in page


def test_a_tablet_hears_at_once_that_its_key_is_none_though_the_registry_hangs_and_what_waits_is_bounded(
    rooms: Rooms,
) -> None:
    let_go = threading.Event()
    noted: list[str] = []

    def note(action: str, **_: object) -> bool:
        let_go.wait(2 * LONG_S)
        noted.append(action)
        return True

    rooms.records.note_refusal = note  # type: ignore[method-assign, assignment]
    forged = {"authorization": "Tablet t-1.AAAA"}
    tries = NOTES_MOST + 5
    for _ in range(tries):
        assert rooms.ask("POST", "/api/v1/tablets/t-1/beat", json={}, headers=forged).status_code == 403
    assert noted == []
    let_go.set()
    rooms.settle()
    assert noted == ["tablet key"] * NOTES_MOST
    assert len(rooms.counts.refusals) == tries
