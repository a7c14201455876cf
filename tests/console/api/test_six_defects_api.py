"""Two of six defects of programs that do this job, each as a test that would have caught it; both need the whole app.

The others are in tests/alerts/test_six_defects.py.
"""

import json

import pytest

from alerts.journal import Scratch
from alerts.situation_events import AlertAcknowledged
from tests.console.api.rooms import NAMES, Rooms

ROUTES = ("/alerts/{}/acknowledge", "/matters/{}/take", "/alerts/{}/outcome")


def test_defect_4_no_viewer_clears_an_alert_for_everybody_in_memory_and_with_nobodys_name(rooms: Rooms) -> None:
    """A tap clears every client, as it must: by a name, in the journal before it is shown, and still so after a
    restart; a tap without a name clears nothing."""
    alert_id = rooms.alert()
    for by in ("", "   ", None):
        assert rooms.post(f"/alerts/{alert_id}/acknowledge", {"by": by}).status_code == 422
    assert rooms.desk.views()[1].alert.acknowledged_by is None

    shown: list[str | None] = []
    journalled: list[list[str]] = []

    def see(view: object) -> None:
        shown.append(view.alert.acknowledged_by)  # type: ignore[attr-defined]
        journalled.append([it.by for it in rooms.journal.history if isinstance(it, AlertAcknowledged)])

    rooms.desk.subscribe(see)
    assert rooms.post(f"/alerts/{alert_id}/acknowledge", {"by": "Jo"}).json()["by"] == "Jo"
    assert (shown, journalled) == (["Jo"], [["Jo"]])

    again = Rooms(Scratch(rooms.journal.history))
    try:
        again.delivery.resume()
        assert again.get("/matters").json() == []
        assert again.get(f"/matters/{alert_id}").json()["ended_by"] == "Jo"
        assert [view.alert.acknowledged_by for view in again.desk.views() if view.alert] == ["Jo"]
    finally:
        again.close()


def test_defect_4_one_viewers_tap_for_one_person_leaves_everybody_elses_alert(rooms: Rooms) -> None:
    first, second = rooms.alert("w1"), rooms.alert("w3")
    rooms.post(f"/alerts/{first}/acknowledge", {"by": "Jo"})
    rooms.delivery.turn()
    assert [matter["matter_id"] for matter in rooms.get("/matters").json()] == [second]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("header", "status"),
    [("", 401), ("Basic x", 401), ("Tablet t-1.", 401), ("Tablet t-1.AAAAAAAAAAAAAAAAAAAAAA", 403)],
)
def test_defect_5_no_route_that_takes_an_alert_skips_the_check_of_who_asks(
    rooms: Rooms, route: str, header: str, status: int
) -> None:
    alert_id = rooms.alert()
    body = {"by": "Jo"} | ({"what": "incident"} if "outcome" in route else {})
    answer = rooms.ask("POST", f"/api/v1{route.format(alert_id)}", json=body, headers={"authorization": header})
    assert answer.status_code == status
    assert rooms.desk.views()[1].alert.acknowledged_by is None
    assert rooms.get(f"/matters/{alert_id}").json()["ended_s"] is None


def test_defect_5_nothing_that_changes_anything_answers_whoever_has_no_key(rooms: Rooms) -> None:
    """Every route of the document that is no GET, but the registration of a tablet, which gives the key."""
    document = rooms.ask("GET", "/api/v1/openapi.json").json()
    alert_id, before = rooms.alert(), len(rooms.journal.history)
    asked = 0
    for path, acts in document["paths"].items():
        for method in acts.keys() - {"get"}:
            if path == "/api/v1/tablets":
                continue
            for name, value in {"alert_id": alert_id, "matter_id": alert_id, "wearer": "w1", "tablet": "t-1"}.items():
                path = path.replace(f"{{{name}}}", value)
            answer = rooms.ask(method.upper(), path.replace("{", "").replace("}", ""), json={"by": "Jo"})
            assert answer.status_code == 401, (method, path, answer.text)
            asked += 1
    assert asked > 10
    assert len(rooms.journal.history) == before


def test_defect_5_the_form_of_the_board_takes_an_alert_on_this_machine_only_and_by_name(rooms: Rooms) -> None:
    """It is open until people sign in (docs/decisions/016 and 049): so nobody else must ever reach it."""
    alert_id = rooms.alert()
    path = f"/alerts/{alert_id}/acknowledge"
    for base in ("http://192.168.1.7", "https://board.example.org", "http://evil.example"):
        assert rooms.ask("POST", path, base=base, data={"by": "Eve"}).status_code == 421
    assert rooms.ask("POST", path, data={"by": "Eve"}, headers={"origin": "http://evil.example"}).status_code == 403
    assert rooms.ask("POST", path, data={"by": "Eve"}, headers={"via": "1.1 tunnel"}).status_code == 421
    assert rooms.desk.views()[1].alert.acknowledged_by is None
    assert rooms.ask("POST", path, data={"by": "Jo"}).status_code == 303
    assert rooms.desk.views()[1].alert.acknowledged_by == "Jo"


def test_no_answer_without_a_key_names_anybody(rooms: Rooms) -> None:
    alert_id = rooms.alert()
    for path in ("/matters", f"/matters/{alert_id}", "/cover", "/shifts", "/wearers/w2/plan", "/wearers/w2/outcomes"):
        answer = rooms.ask("GET", f"/api/v1{path}")
        assert answer.status_code == 401
        assert not any(name in answer.text for name in NAMES.values())
        assert json.loads(answer.text)["status"] == 401
