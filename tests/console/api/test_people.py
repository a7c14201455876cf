"""Outcomes, plans, shifts, protection, push and metrics: what is asked for and what is answered."""

import pytest

from alerts.errors import JournalError
from alerts.outcomes.events import OutcomeTold
from alerts.situation_events import AlertResolved
from console.access.asker import EVERYWHERE, Asker, Grant, Kind
from console.access.roles import Role
from tests.askers import Letting, open_to
from tests.console.api.rooms import NOW_S, Rooms

SAID = {"by": "Jo", "what": "anxious, settled", "helped": ["a walk"]}
ENDPOINT = "https://push.example.org/abc"
KEYS = {  # a point of P-256, as a browser makes one, and 16 bytes
    "p256dh": "BI5TO2-gv3tGJbswZnwB-2B--fi4qA_vWzAGKHAxh7Kjc-sdveAzGDZtBp-DpvWQAFPHNjPLBBshxV4ahsH0ALQ",
    "auth": "YWFhYWFhYWFhYWFhYWFhYQ",
}
BROWSER = {"carer": "Jo", "tablet": "t-1", "subscription": {"endpoint": ENDPOINT, "expirationTime": None, "keys": KEYS}}


def outcomes(rooms: Rooms) -> list[OutcomeTold]:
    return [event for event in rooms.journal.history if isinstance(event, OutcomeTold)]


def test_an_outcome_in_two_taps_ends_the_alert_and_is_kept_with_whoever_said_it(rooms: Rooms) -> None:
    alert_id = rooms.alert()
    rooms.now_s += 300
    answer = rooms.post(f"/alerts/{alert_id}/outcome", SAID)
    assert answer.status_code == 201
    told = answer.json()
    assert (told["wearer"], told["what"], told["by"], told["helped"]) == ("w2", "anxious, settled", "Jo", ["a walk"])
    ended = [event for event in rooms.journal.history if isinstance(event, AlertResolved)]
    assert [(event.alert_id, event.by) for event in ended] == [(alert_id, "Jo")]
    assert rooms.get("/wearers/w2/outcomes").json() == [told]


def test_an_alert_that_is_over_can_still_be_told_of(rooms: Rooms) -> None:
    alert_id = rooms.alert()
    rooms.desk.close(alert_id, by="Jo", at_s=rooms.now_s)
    assert rooms.post(f"/alerts/{alert_id}/outcome", SAID).status_code == 201


def test_an_outcome_that_cannot_be_kept_ends_nothing_and_says_so(rooms: Rooms) -> None:
    alert_id = rooms.alert()

    def full(_: object) -> None:
        raise JournalError("cannot write the journal: no space left")

    rooms.journal.append = full  # type: ignore[method-assign]
    answer = rooms.post(f"/alerts/{alert_id}/outcome", SAID)
    assert (answer.status_code, answer.json()["title"]) == (503, "That could not be kept")
    assert rooms.desk.views()[1].alert.resolved_s is None


def test_what_happened_without_an_alert_is_told_with_its_time(rooms: Rooms) -> None:
    without = rooms.post("/wearers/w1/outcomes", SAID | {"what": "incident"})
    assert (without.status_code, without.json()["field"]) == (422, "began_s")
    said = SAID | {"what": "incident", "began_s": NOW_S - 600, "uncertainty_s": 120}
    told = rooms.post("/wearers/w1/outcomes", said)
    assert (told.status_code, told.json()["began_s"], told.json()["alert_id"]) == (201, NOW_S - 600, "")


def test_a_correction_stands_beside_what_it_corrects(rooms: Rooms) -> None:
    first = rooms.post(f"/alerts/{rooms.alert()}/outcome", SAID).json()
    rooms.now_s += 60
    second = rooms.post(f"/outcomes/{first['outcome_id']}/correct", SAID | {"what": "exercise", "by": "Sam"}).json()
    assert (second["corrects"], second["what"], second["by"]) == (first["outcome_id"], "exercise", "Sam")
    assert rooms.get("/wearers/w2/outcomes").json() == [first, second]


@pytest.mark.parametrize("path", ["/alerts/w9-1/outcome", "/wearers/w9/outcomes", "/outcomes/none/correct"])
def test_of_whom_or_what_nobody_knows_nothing_can_be_told(rooms: Rooms, path: str) -> None:
    assert rooms.post(path, SAID | {"began_s": NOW_S - 60}).status_code == 404
    assert outcomes(rooms) == []


def test_a_plan_is_written_by_name_and_read_again(rooms: Rooms) -> None:
    empty = {"wearer": "w1", "helps": [], "avoid": [], "by": "", "at_s": None}
    assert rooms.get("/wearers/w1/plan").json() == empty
    plan = {"helps": ["Headphones  on", "<b>quiet</b>"], "avoid": ["Touch"], "by": "Jo"}
    answer = rooms.ask("PUT", "/api/v1/wearers/w1/plan", json=plan, headers=rooms.key())
    assert answer.status_code == 200
    assert rooms.get("/wearers/w1/plan").json() == {
        "wearer": "w1",
        "helps": ["Headphones on", "<b>quiet</b>"],
        "avoid": ["Touch"],
        "by": "Jo",
        "at_s": NOW_S,
    }
    assert rooms.get("/wearers/w9/plan").status_code == 404


def test_a_shift_is_begun_offered_taken_and_told_of(rooms: Rooms) -> None:
    begun = rooms.post("/shifts", {"carer": "Jo", "wearers": ["w1"], "until_s": NOW_S + 3600, "by": "Jo"}).json()
    path = f"/shifts/{begun['shift_id']}"
    assert rooms.post(f"{path}/take", {"by": "Sam"}).status_code == 409
    offered = rooms.post(f"{path}/offer", {"to": "Sam", "note": "Bea slept badly"}).json()
    assert (offered["offered_to"], offered["carer"]) == ("Sam", "Jo")
    assert [shift["carer"] for shift in rooms.get("/shifts").json()] == ["Jo"]
    assert rooms.post(f"{path}/take", {"by": "Maryam"}).status_code == 409
    assert rooms.post(f"{path}/take", {"by": "Sam"}).json()["carer"] == "Sam"
    assert [shift["carer"] for shift in rooms.get("/shifts").json()] == ["Sam"]
    summary = rooms.get(f"{path}/summary").json()
    assert summary["shift_id"] == begun["shift_id"]
    assert any("Sam" in line for line in summary["lines"])


def test_nobody_is_left_without_a_carer_unless_somebody_says_why(rooms: Rooms) -> None:
    begun = rooms.post("/shifts", {"carer": "Jo", "wearers": [], "until_s": NOW_S + 3600, "by": "Jo"}).json()
    path = f"/shifts/{begun['shift_id']}/end"
    alone = rooms.post(path, {"by": "Jo"})
    assert (alone.status_code, alone.json()["field"]) == (409, "anyway")
    assert rooms.post(path, {"by": "Jo", "anyway": "Taken ill"}).status_code == 200
    assert rooms.get("/shifts").json() == []
    assert rooms.post(path, {"by": "Jo"}).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"until_s": NOW_S - 1}, "until_s"),
        ({"until_s": NOW_S * 1000}, "until_s"),
        ({"wearers": ["w9"]}, "wearers"),
        ({"wearers": "w1"}, "wearers"),
        ({"carer": ""}, "carer"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_a_shift_that_cannot_be_is_refused_by_its_field(rooms: Rooms, changes: dict[str, object], field: str) -> None:
    shift = {"carer": "Jo", "wearers": [], "until_s": NOW_S + 3600, "by": "Jo"}
    answer = rooms.post("/shifts", shift | changes)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert rooms.duty.shifts() == ()


def test_a_snooze_has_an_end_and_whoever_is_next_is_told_all_the_same(rooms: Rooms) -> None:
    alert_id = rooms.alert()
    before = rooms.get(f"/matters/{alert_id}").json()["next"]
    answer = rooms.post(f"/matters/{alert_id}/snooze", {"by": "Jo", "reason": "On my way.", "minutes": 2})
    assert answer.json() == {"matter_id": alert_id, "snoozed_until_s": rooms.now_s + 120}
    after = rooms.get(f"/matters/{alert_id}").json()
    assert (after["snoozed_until_s"], after["next"]) == (rooms.now_s + 120, before)


@pytest.mark.parametrize(("minutes", "status"), [(0, 422), (121, 422), (60, 422), (1.5, 422), (True, 422), (5, 200)])
def test_an_alert_is_snoozed_for_minutes_not_for_hours(rooms: Rooms, minutes: object, status: int) -> None:
    said = {"by": "Jo", "reason": "On my way.", "minutes": minutes}
    assert rooms.post(f"/matters/{rooms.alert()}/snooze", said).status_code == status


def test_what_somebody_has_is_snoozed_no_more(rooms: Rooms) -> None:
    matter_id = rooms.notice()
    rooms.post(f"/matters/{matter_id}/take", {"by": "Jo"})
    said = {"by": "Sam", "reason": "Known", "minutes": 5}
    assert rooms.post(f"/matters/{matter_id}/snooze", said).status_code == 409
    assert rooms.post("/matters/none/snooze", said).status_code == 404


def test_cover_says_for_everybody_how_they_are_protected_and_what_the_house_should_know(rooms: Rooms) -> None:
    rooms.notice()
    said = rooms.get("/cover").json()
    levels = {cover["wearer"]: (cover["name"], cover["level"], cover["link"]) for cover in said["covers"]}
    assert levels["w1"] == ("Aidan", "not protected", "gateway")
    assert levels["w2"] == ("Bea", "protected", None)
    assert said["notices"][0]["words"] == ["Aidan is not protected since 14:02."]


def test_a_browser_subscribes_and_unsubscribes_for_its_own_tablet(rooms: Rooms) -> None:
    assert rooms.ask("GET", "/api/v1/push/key").json() == {"key": "BKey"}
    assert rooms.post("/push/subscriptions", BROWSER).status_code == 204
    assert rooms.records.browsers == {ENDPOINT: ("Jo", "t-1")}
    assert rooms.post("/push/subscriptions", BROWSER, tablet="t-2").status_code == 403
    gone = rooms.ask("DELETE", "/api/v1/push/subscriptions", json=BROWSER, headers=rooms.key())
    assert (gone.status_code, rooms.records.browsers) == (204, {})


def test_an_enrolled_tablet_is_one_browser_however_often_it_registers_and_ends_its_own_only() -> None:
    wall = Asker(kind=Kind.TABLET, id="wall", name="Wall", grants=frozenset({Grant(Role.TABLET, EVERYWHERE)}))
    jo = Asker(kind=Kind.PERSON, id="jo", name="Jo", grants=frozenset({Grant(Role.CARER, EVERYWHERE)}))
    asking = Letting(wall)
    rooms = Rooms(access=open_to(asking))
    phone = "https://push.example.org/phone"
    rooms.records.browsers[phone] = ("Jo", "t-9")
    for tablet in ("t-1", "t-2"):
        assert rooms.post("/push/subscriptions", BROWSER | {"tablet": tablet}, tablet=tablet).status_code == 204
        assert rooms.records.browsers[ENDPOINT] == ("Jo", "enrolled:wall")

    def end(endpoint: str) -> None:
        body = BROWSER | {"subscription": {"endpoint": endpoint, "keys": KEYS}}
        assert rooms.ask("DELETE", "/api/v1/push/subscriptions", json=body, headers=rooms.key()).status_code == 204

    end(phone)
    assert phone in rooms.records.browsers
    end(ENDPOINT)
    assert set(rooms.records.browsers) == {phone}
    asking.asker_ = jo
    end(phone)
    assert not rooms.records.browsers
    rooms.close()


@pytest.mark.parametrize(
    "endpoint",
    ["http://push.example.org/a", "https://192.168.1.7/a", "https://localhost/a", "https://a:b@example.org/"],
)
def test_no_browser_makes_this_server_call_into_the_house(rooms: Rooms, endpoint: str) -> None:
    answer = rooms.post("/push/subscriptions", BROWSER | {"subscription": {"endpoint": endpoint, "keys": KEYS}})
    assert answer.status_code == 422
    assert rooms.records.browsers == {}


def test_what_the_registry_refuses_is_said_with_its_field_and_without_the_endpoint(rooms: Rooms) -> None:
    browser = BROWSER | {"subscription": {"endpoint": "https://push.example.org/full", "keys": KEYS}}
    answer = rooms.post("/push/subscriptions", browser)
    assert (answer.status_code, answer.json()["field"]) == (422, "carer")
    assert "push.example.org" not in answer.text


@pytest.mark.parametrize(
    "said",
    [
        {"endpoint": "https://192.168.1.1/admin", "keys": KEYS},
        {"endpoint": "http://push.example.org/abc", "keys": KEYS},
        {"endpoint": ENDPOINT, "keys": {"p256dh": "B" * 87, "auth": "A" * 22}},
    ],
)
def test_what_no_browser_gives_is_refused_before_it_is_kept(rooms: Rooms, said: dict[str, object]) -> None:
    answer = rooms.post("/push/subscriptions", BROWSER | {"subscription": said})
    assert (answer.status_code, answer.json()["field"]) == (422, "subscription")
    assert rooms.records.browsers == {}


def test_monitoring_reads_the_counts(rooms: Rooms) -> None:
    answer = rooms.ask("GET", "/metrics")
    assert answer.headers["content-type"] == "text/plain; version=1.0.0; charset=utf-8"
    assert answer.text == "forecalm_refusals_total 0\n"


def test_a_board_alone_works_as_before_and_has_nothing_else(board: Rooms) -> None:
    alert_id = board.alert()
    assert board.ask("GET", "/").status_code == 200
    for method, path in (("POST", "/api/v1/tablets"), ("GET", "/api/v1/shifts"), ("GET", "/take/x")):
        assert board.ask(method, path).status_code == 404
    assert board.ask("GET", "/metrics").status_code == 404
    assert board.post(f"/alerts/{alert_id}/acknowledge", {"by": "Jo"}).status_code == 404
    assert board.ask("POST", f"/alerts/{alert_id}/acknowledge", data={"by": "Jo"}).status_code == 303


def test_an_error_of_our_own_is_said_without_a_word_of_what_it_was(rooms: Rooms) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("Bea, pulse 180")

    rooms.duty.shifts = fail  # type: ignore[method-assign,assignment]
    answer = rooms.ask("GET", "/api/v1/shifts", headers=rooms.key(), raising=False)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "Bea" not in answer.text
