"""Tablets: keys, heartbeats, receipts and mutes."""

from dataclasses import replace

import pytest

from alerts.delivery.events import Station
from console.access.access import Access
from console.access.asker import EVERYWHERE, Asker, Grant, Kind
from console.access.limits import LOOKS
from console.access.roles import Role
from console.api.tablets import REGISTER_BURST
from tests.askers import Letting, OneSite
from tests.console.api.rooms import Rooms

WHOEVER = Asker(kind=Kind.TABLET, id="e-1", name="Hall", grants=frozenset({Grant(Role.TABLET, EVERYWHERE)}))


def test_a_tablet_registers_beats_and_is_told_that_it_can_sound(rooms: Rooms) -> None:
    made = rooms.ask("POST", "/api/v1/tablets")
    assert made.status_code == 201
    tablet, key = made.json()["tablet"], made.json()["key"]
    said = {"foreground": True, "able": True, "tested_s": rooms.now_s, "push": False, "carer": "Jo"}
    header = {"authorization": f"Tablet {tablet}.{key}"}
    answer = rooms.ask("POST", f"/api/v1/tablets/{tablet}/beat", json=said, headers=header)
    assert answer.json() == {"muted_until_s": None, "can_sound": True, "why": "", "now_s": rooms.now_s}
    assert [each.tablet for each in rooms.tablets.standing(rooms.now_s)] == [tablet]


def test_no_two_tablets_get_the_same_key(rooms: Rooms) -> None:
    made = [rooms.ask("POST", "/api/v1/tablets").json() for _ in range(5)]
    assert len({one["tablet"] for one in made}) == len({one["key"] for one in made}) == 5


def test_a_tablet_that_nobody_has_heard_is_told_why_it_cannot_sound(rooms: Rooms) -> None:
    answer = rooms.beat(tested_s=None).json()
    assert (answer["can_sound"], answer["why"]) == (False, "Nobody has heard it sound this shift.")


def test_two_windows_of_one_browser_are_one_tablet_and_the_better_one_counts(rooms: Rooms) -> None:
    assert rooms.beat(page="a").json()["can_sound"]
    assert rooms.beat(page="b", foreground=False).json()["can_sound"]
    assert not rooms.beat(page="a", foreground=False).json()["can_sound"]
    assert rooms.beat(page="a b").status_code == 422


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ({}, 401),
        ({"authorization": "Basic abc"}, 401),
        ({"authorization": "Tablet t-1"}, 401),
        ({"authorization": "Tablet t-1.AAAAAAAAAAAAAAAAAAAAAA"}, 403),
        ({"authorization": "Tablet t-1.\u00e9"}, 403),
        ({"authorization": "Tablet " + "t" * 5000 + ".AAAA"}, 403),
    ],
)
def test_without_its_own_key_no_tablet_is_believed(rooms: Rooms, header: dict[str, str], status: int) -> None:
    said = {"foreground": True, "able": True, "tested_s": rooms.now_s, "push": False, "carer": ""}
    headers = {name: value.encode() for name, value in header.items()}
    answer = rooms.ask("POST", "/api/v1/tablets/t-1/beat", json=said, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert rooms.tablets.standing(rooms.now_s) == ()


def test_a_tablet_speaks_for_itself_only(rooms: Rooms) -> None:
    said = {"foreground": True, "able": True, "tested_s": rooms.now_s, "push": False, "carer": ""}
    assert rooms.post("/tablets/t-2/beat", said, tablet="t-1").status_code == 403
    assert rooms.tablets.standing(rooms.now_s) == ()
    rooms.settle()
    assert rooms.records.refused == rooms.counts.refusals == [("tablet key", "another tablet")]


def test_receipts_become_stations_of_the_proof_with_their_times(rooms: Rooms) -> None:
    rooms.beat()
    alert_id = rooms.alert()
    rooms.now_s += 3
    stations = ("on the tablet", "sounded", "seen")
    receipts = [{"matter_id": alert_id, "station": it, "at_s": rooms.now_s - 2 + i} for i, it in enumerate(stations)]
    answer = rooms.post("/tablets/t-1/receipts", receipts)
    assert answer.json() == {"taken": 3, "unknown": []}
    rooms.delivery.turn()
    proof = rooms.get(f"/matters/{alert_id}").json()
    (leg,) = [leg for leg in proof["legs"] if leg["to"] == "t-1"]
    assert leg["station"] == Station.SEEN
    came = {it["station"]: it["at_s"] for it in leg["times"]}
    assert [came[station] for station in stations] == [receipt["at_s"] for receipt in receipts]


def test_the_same_receipt_twice_changes_nothing(rooms: Rooms) -> None:
    rooms.beat()
    alert_id = rooms.alert()
    for _ in range(2):
        receipt = {"matter_id": alert_id, "station": "sounded", "at_s": rooms.now_s}
        assert rooms.post("/tablets/t-1/receipts", [receipt]).status_code == 200
        rooms.delivery.turn()
    legs = [leg for leg in rooms.get(f"/matters/{alert_id}").json()["legs"] if leg["to"] == "t-1"]
    assert [it["station"] for it in legs[0]["times"]].count("sounded") == len(legs) == 1


def test_one_unknown_matter_does_not_lose_the_receipts_beside_it(rooms: Rooms) -> None:
    rooms.beat()
    alert_id = rooms.alert()
    at_s = rooms.now_s
    receipts = [{"matter_id": it, "station": "sounded", "at_s": at_s} for it in ("gone-1", alert_id, "gone-1")]
    assert rooms.post("/tablets/t-1/receipts", receipts).json() == {"taken": 1, "unknown": ["gone-1"]}


@pytest.mark.parametrize("off_s", [-1e9, 1e8])
def test_a_tablet_whose_clock_is_wrong_still_proves_what_it_did(rooms: Rooms, off_s: float) -> None:
    rooms.beat()
    alert_id = rooms.alert()
    receipt = {"matter_id": alert_id, "station": "sounded", "at_s": rooms.now_s + off_s}
    assert rooms.post("/tablets/t-1/receipts", [receipt]).json()["taken"] == 1
    rooms.delivery.turn()
    (leg,) = [leg for leg in rooms.get(f"/matters/{alert_id}").json()["legs"] if leg["to"] == "t-1"]
    assert rooms.now_s - 86_400 <= leg["at_s"] <= rooms.now_s


def test_receipts_of_a_tablet_that_the_server_has_forgotten_are_asked_for_again_after_its_beat(rooms: Rooms) -> None:
    alert_id = rooms.alert()
    receipt = [{"matter_id": alert_id, "station": "sounded", "at_s": rooms.now_s}]
    assert rooms.post("/tablets/t-1/receipts", receipt).status_code == 409
    rooms.beat()
    assert rooms.post("/tablets/t-1/receipts", receipt).json()["taken"] == 1


def test_a_mute_ends_with_the_shift_and_by_a_tap(rooms: Rooms) -> None:
    shift = {"carer": "Jo", "wearers": [], "until_s": rooms.now_s + 600, "by": "Jo"}
    assert rooms.post("/shifts", shift).status_code == 201
    mute = {"by": "Jo", "reason": "Bea sleeps beside it", "until_s": rooms.now_s + 3600}
    assert rooms.post("/tablets/t-1/mute", mute).json() == {"muted_until_s": rooms.now_s + 600}
    assert rooms.beat().json()["can_sound"] is False
    assert rooms.post("/tablets/t-1/unmute", {"by": "Jo"}).json() == {"muted_until_s": None}
    assert rooms.beat().json()["can_sound"] is True


def test_nobody_who_is_not_on_shift_mutes_a_tablet(rooms: Rooms) -> None:
    mute = {"by": "Jo", "reason": "loud", "until_s": rooms.now_s + 3600}
    answer = rooms.post("/tablets/t-1/mute", mute)
    assert (answer.status_code, answer.json()["field"]) == (422, "by")


def test_a_script_that_beats_all_the_time_is_told_to_wait(rooms: Rooms) -> None:
    statuses = {rooms.beat().status_code for _ in range(25)}
    assert statuses == {200, 429}
    assert rooms.beat("t-2").status_code == 200


def test_tablets_behind_one_router_register_whoever_else_there_registers_without_end() -> None:
    """They have one address: whoever used up what it may have kept a tablet from proving that it can sound."""
    door = Letting(WHOEVER)
    rooms = Rooms(access=Access(door, OneSite()))
    try:
        for _ in range(REGISTER_BURST + 50):
            answer = rooms.ask("POST", "/api/v1/tablets")
        assert answer.status_code == 429
        door.asker_ = replace(WHOEVER, id="e-2", name="Kitchen")
        assert rooms.ask("POST", "/api/v1/tablets").status_code == 201
    finally:
        rooms.close()


def test_a_session_that_asks_without_end_darkens_no_other_board_of_the_same_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("console.access.gate.monotonic", lambda: 100.0)
    door = Letting(replace(WHOEVER, kind=Kind.PERSON, session="stolen"))
    rooms = Rooms(access=Access(door, OneSite()))
    try:
        for _ in range(LOOKS.burst + 50):
            answer = rooms.ask("GET", "/api/v1/push/key", headers=rooms.key())
        assert answer.status_code == 429
        door.asker_ = replace(WHOEVER, kind=Kind.PERSON, session="her own")
        assert rooms.get("/push/key").status_code == 200
    finally:
        rooms.close()
