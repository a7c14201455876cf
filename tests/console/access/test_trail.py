"""What the audit is told: once, behind the answer, bounded; and what happens while it cannot be written."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.access.access import Access
from console.access.asker import EVERYWHERE, Asker, Grant, Kind
from console.access.roles import OF_PEOPLE, Role
from console.access.trail import LOOK_S, REFUSALS_MOST, Trail, actor
from ingest.errors import RegistryError, StoreError
from tests.askers import Letting, OneSite
from tests.console.api.rooms import Rooms
from tests.servers import LONG_S

JO = Asker(kind=Kind.PERSON, id="a-1", name="Jo", grants=frozenset(Grant(role, EVERYWHERE) for role in OF_PEOPLE))
HALL = Asker(kind=Kind.TABLET, id="e-1", name="Hall", grants=frozenset({Grant(Role.TABLET, EVERYWHERE)}))
T = 1_763_562_000.0


class Book:
    """An audit in memory that is away, or hangs, when it is told to."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str | None, str]] = []
        self.crowded_out: list[int] = []
        self.away = False
        self.go = threading.Event()
        self.go.set()

    def note(self, action: str, *, wearer: str | None = None, by: str, **detail: object) -> None:
        self.go.wait()
        if self.away:
            raise StoreError("away")
        if wearer == "unknown":
            raise RegistryError("wearer: is not known")
        said = f"{action} {detail['entries']}" if "entries" in detail else action
        self.entries.append((said, wearer, by))

    def note_refusal(self, action: str, *, wearer: str | None = None, by: str, **detail: object) -> bool:
        self.note(f"refused {action}", by=by)
        self.crowded_out.append(int(str(detail.get("crowded_out", 0))))
        return True


@pytest.fixture
def rooms() -> Iterator[Rooms]:
    rooms = Rooms(access=Access(Letting(JO), OneSite()))
    yield rooms
    rooms.close()


def noted(rooms: Rooms) -> list[tuple[str, str | None, str]]:
    rooms.app.state.entrance.trail.close(LONG_S)
    return rooms.records.noted


def test_a_look_at_somebody_is_entered_once_in_a_quarter_of_an_hour(rooms: Rooms) -> None:
    rooms.now_s = T
    for _ in range(3):
        rooms.ask("GET", "/api/v1/wearers/w1/outcomes", headers=rooms.key())
    assert noted(rooms) == [("look", "w1", "Jo")]
    rooms.now_s += LOOK_S
    rooms.ask("GET", "/api/v1/wearers/w1/outcomes", headers=rooms.key())
    assert noted(rooms) == [("look", "w1", "Jo")] * 2


def test_taking_an_alert_and_writing_a_plan_are_entered_with_whom_they_are_about(rooms: Rooms) -> None:
    alert = rooms.alert("w2")
    rooms.post(f"/alerts/{alert}/acknowledge", {})
    rooms.ask("PUT", "/api/v1/wearers/w1/plan", json={"helps": ["Music"], "avoid": []}, headers=rooms.key())
    assert noted(rooms) == [("take", "w2", "Jo"), ("plan", "w1", "Jo")]


def test_what_was_not_granted_is_entered_as_neither_seen_nor_done(rooms: Rooms) -> None:
    rooms.ask("GET", "/api/v1/matters/none", headers=rooms.key())
    rooms.post("/shifts", {})
    assert noted(rooms) == []


def test_what_tablets_say_of_themselves_is_no_entry(rooms: Rooms) -> None:
    beat = {"foreground": True, "able": True, "tested_s": None, "push": False, "carer": ""}
    assert rooms.post("/tablets/t-1/beat", beat).status_code == 200
    assert noted(rooms) == []


def test_an_alert_is_taken_at_once_though_the_audit_hangs(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = threading.Event()
    monkeypatch.setattr(rooms.records, "note", lambda *args, **said: stuck.wait(LONG_S))
    alert = rooms.alert("w2")
    assert rooms.post(f"/alerts/{alert}/acknowledge", {}).status_code == 200
    stuck.set()
    rooms.app.state.entrance.trail.close(LONG_S)


def test_what_cannot_be_entered_is_counted_said_and_entered_as_a_number_later() -> None:
    book, lost = Book(), [0]
    trail = Trail(book, lost=lambda count: lost.__setitem__(0, lost[0] + count))
    book.away = True
    for _ in range(3):
        trail.act(JO, "plan", wearer="w1")
    trail.close(LONG_S)
    assert lost == [3]
    assert "3 entries are missing" in trail.trouble
    book.away = False
    trail.act(JO, "plan", wearer="w1")
    trail.close(LONG_S)
    assert book.entries == [("plan", "w1", "Jo"), ("audit was not written 3", None, "the board")]
    assert trail.trouble == ""


def test_what_is_lost_while_the_number_is_entered_is_entered_as_another(monkeypatch: pytest.MonkeyPatch) -> None:
    book = Book()
    trail, note = Trail(book, most=1), book.note
    book.away = True
    trail.act(JO, "plan")
    trail.close(LONG_S)
    book.away = False

    def slow(action: str, **said: Any) -> None:  # noqa: ANN401
        if said.get("entries") == 1:
            for _ in range(3):
                trail.act(JO, "plan")
        note(action, **said)

    monkeypatch.setattr(book, "note", slow)
    trail.act(JO, "plan")
    trail.close(LONG_S)
    assert [said for said, *_ in book.entries] == ["plan", "audit was not written 1", "plan", "audit was not written 2"]
    assert trail.trouble == ""


@given(st.integers(1, 30), st.integers(1, 10))
def test_no_more_waits_than_may_and_each_is_entered_or_counted(entries: int, most: int) -> None:
    book, lost = Book(), [0]
    trail = Trail(book, most=most, lost=lambda count: lost.__setitem__(0, lost[0] + count))
    book.go.clear()
    for _ in range(entries):
        trail.act(JO, "plan")
    book.go.set()
    trail.close(LONG_S)
    assert sum(action == "plan" for action, *_ in book.entries) + lost[0] == entries
    assert lost[0] >= entries - most - 1


def test_somebody_no_registry_knows_is_entered_without_being_named() -> None:
    book = Book()
    trail = Trail(book)
    trail.look(JO, "unknown", "day", T)
    trail.close(LONG_S)
    assert book.entries == [("look", None, "Jo")]


def test_the_audit_names_the_carer_and_the_tablet_where_a_tablet_did_it() -> None:
    assert actor(HALL, "Maryam") == "Maryam, at Hall"
    assert actor(JO, "Mallory") == "Jo"
    assert actor(Asker()) == "the board"


def test_a_flood_of_refusals_takes_no_room_from_what_people_do() -> None:
    book = Book()
    trail = Trail(book)
    book.go.clear()
    for _ in range(5000):
        trail.refuse(Asker(), "credentials", because="unknown, ended or forged")
    trail.act(JO, "take", wearer="w1")
    book.go.set()
    trail.close(LONG_S)
    assert ("take", "w1", "Jo") in book.entries
    refused = [action for action, *_ in book.entries if action == "refused credentials"]
    assert 1 <= len(refused) <= REFUSALS_MOST + 1


def test_refusals_that_found_no_room_are_told_by_the_next_and_are_no_trouble_of_the_audit() -> None:
    book, lost = Book(), [0]
    trail = Trail(book, lost=lambda count: lost.__setitem__(0, lost[0] + count))
    book.go.clear()
    for _ in range(REFUSALS_MOST + 10):
        trail.refuse(Asker(), "credentials", because="unknown, ended or forged")
    assert trail.trouble == ""
    book.go.set()
    trail.close(LONG_S)
    trail.refuse(Asker(), "credentials", because="unknown, ended or forged")
    trail.close(LONG_S)
    assert len(book.entries) + sum(book.crowded_out) == REFUSALS_MOST + 11
    assert lost == [0]
