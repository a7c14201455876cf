"""Forged, expired, replayed and cross-site requests, redirects that lead away, odd requests: refused, and entered."""

import json
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.access.access import Access
from console.access.asker import EVERYWHERE, NOBODY, Asker, Grant, Kind
from console.access.command_line import COMMAND_LINE
from console.access.limits import WRITES
from console.access.onward import HOME, onward, sign_in
from console.access.roles import OF_PEOPLE, Role
from tests.askers import Letting, OneSite
from tests.console.api.rooms import OUTSIDE, Rooms
from tests.servers import LONG_S

JO = Asker(kind=Kind.PERSON, id="a-1", name="Jo", grants=frozenset(Grant(role, EVERYWHERE) for role in OF_PEOPLE))
HALL = Asker(kind=Kind.TABLET, id="e-1", name="Hall", grants=frozenset({Grant(Role.TABLET, EVERYWHERE)}))


@pytest.fixture
def door() -> Letting:
    return Letting(JO)


@pytest.fixture
def rooms(door: Letting) -> Iterator[Rooms]:
    rooms = Rooms(access=Access(door, OneSite(elsewhere={"w3": "away"})))
    yield rooms
    rooms.close()


def entered(rooms: Rooms) -> list[tuple[str, str]]:
    rooms.app.state.entrance.trail.close(LONG_S)
    return rooms.records.refused


FOREIGN = ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"})


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("path", ["/alerts/none/outcome", "/shift/begin", "/api/v1/shifts", "/wearers/w1/outcome"])
def test_what_another_site_makes_a_browser_send_is_refused_and_entered(
    rooms: Rooms, path: str, headers: dict[str, str]
) -> None:
    answer = rooms.ask("POST", path, data={"by": "Jo"}, headers=rooms.key() | headers)
    assert answer.status_code == 403
    assert ("request", "another site") in entered(rooms)
    assert ("request", "another site") in rooms.counts.refusals
    assert rooms.duty.shifts() == ()


@pytest.mark.parametrize("brought", [{"cookie": "forecalm=forged"}, {"authorization": "Bearer forged"}])
def test_a_session_or_token_that_is_forged_or_ended_is_refused_and_entered(
    rooms: Rooms, door: Letting, brought: dict[str, str]
) -> None:
    door.asker_ = NOBODY
    answer = rooms.ask("GET", "/api/v1/matters", headers=brought)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert entered(rooms) == [("credentials", "unknown, ended or forged")]


def test_a_request_that_worked_works_no_more_when_the_session_has_ended(rooms: Rooms, door: Letting) -> None:
    alert = rooms.alert("w2")
    said = {"by": "Jo"}
    door.asker_ = NOBODY
    assert rooms.post(f"/alerts/{alert}/acknowledge", said).status_code == 401
    door.asker_ = JO
    assert rooms.post(f"/alerts/{alert}/acknowledge", said).status_code == 200


@pytest.mark.parametrize(("said", "by"), [("Mallory", "Jo"), ("", "Jo")])
def test_whoever_has_signed_in_does_what_they_do_in_no_other_name(rooms: Rooms, said: str, by: str) -> None:
    alert = rooms.alert("w2")
    assert rooms.post(f"/alerts/{alert}/acknowledge", {"by": said}).json()["by"] == by


@pytest.mark.parametrize(("said", "status"), [("maryam", 200), ("Mallory", 422), ("", 422)])
def test_a_tablet_takes_an_alert_in_the_name_of_a_carer_of_the_house_only(
    rooms: Rooms, door: Letting, said: str, status: int
) -> None:
    door.asker_, alert = HALL, rooms.alert("w2")
    answer = rooms.post(f"/alerts/{alert}/acknowledge", {"by": said})
    assert answer.status_code == status
    assert answer.json()["by" if status == 200 else "field"] == ("Maryam" if status == 200 else "by")


CALLS = Asker(kind=Kind.MACHINE, id="m-1", name="Nurse call", grants=frozenset({Grant(Role.CARER, EVERYWHERE)}))
BEAT = {"foreground": True, "able": True, "tested_s": None, "push": False, "carer": ""}


@pytest.mark.parametrize(
    ("said", "status", "by"),
    [("", 200, "Nurse call"), ("Nurse call", 200, "Nurse call"), ("maryam", 200, "Maryam"), ("Mallory", 422, "")],
)
def test_a_programs_token_is_enough_and_it_acts_as_itself_or_for_a_carer_of_the_house(
    rooms: Rooms, door: Letting, said: str, status: int, by: str
) -> None:
    door.asker_, alert = CALLS, rooms.alert("w2")
    token = {"authorization": "Bearer its-token"}
    assert rooms.ask("GET", "/api/v1/matters", headers=token).json()[0]["matter_id"] == alert
    answer = rooms.ask("POST", f"/api/v1/alerts/{alert}/acknowledge", json={"by": said}, headers=token)
    assert (answer.status_code, answer.json().get("by", "")) == (status, by)


@pytest.mark.parametrize(
    ("said", "status", "by"),
    [
        ("maryam", 200, "Maryam"),
        ("root at the command line", 200, "root at the command line"),
        ("Marjam", 422, "by: nobody known here is called that; did you mean Maryam? "),
        (" at the command line", 422, "by: nobody known here is called that"),
    ],
)
def test_the_command_line_acts_as_the_user_of_this_machine_or_for_a_carer_of_the_house_and_for_nobody_else(
    rooms: Rooms, door: Letting, said: str, status: int, by: str
) -> None:
    door.asker_, alert = COMMAND_LINE, rooms.alert("w2")
    answer = rooms.post(f"/alerts/{alert}/acknowledge", {"by": said})
    assert (answer.status_code, answer.json()["by" if status == 200 else "detail"].startswith(by)) == (status, True)
    assert [view.alert.acknowledged_by for view in rooms.desk.views() if view.alert] == [by if status == 200 else None]


@pytest.mark.parametrize(
    ("asker", "said", "new", "has"),
    [
        (JO, "jo", False, "Jo"),
        (JO, "maryam", False, "Maryam"),
        (JO, "Marjam", False, ""),
        (JO, "Marjam", True, ""),
        (replace(JO, name="Helen"), "Helen", False, "Helen"),
        (COMMAND_LINE, "Marjam", False, ""),
        (COMMAND_LINE, "Marjam", True, "Marjam"),
    ],
)
def test_nobody_is_on_shift_whom_the_house_does_not_know_unless_they_are_said_to_be_new(
    rooms: Rooms, door: Letting, asker: Asker, said: str, new: bool, has: str
) -> None:
    door.asker_ = asker
    shift = {"carer": said, "wearers": ["w1"], "until_s": rooms.now_s + 3600, "by": "Jo", "new": new}
    answer = rooms.post("/shifts", shift)
    assert (answer.status_code, answer.json().get("field", "")) == ((201, "") if has else (422, "carer"))
    assert rooms.duty.on_shift("w1", rooms.now_s) == ((has,) if has else ())


@pytest.mark.parametrize("route", ["/tablets/m-1/beat", "/tablets/t-1/beat"])
def test_a_program_says_of_no_tablet_that_it_shows_or_sounds(rooms: Rooms, door: Letting, route: str) -> None:
    door.asker_ = CALLS
    answer = rooms.ask("POST", f"/api/v1{route}", json=BEAT, headers={"authorization": "Bearer its-token"})
    assert (answer.status_code, answer.json()["title"]) == (403, "A program is no tablet")
    assert not rooms.tablets.standing(rooms.now_s)


def test_whoever_asks_of_somebody_elsewhere_hears_the_same_as_of_nobody(rooms: Rooms, door: Letting) -> None:
    door.asker_ = replace(JO, grants=frozenset({Grant(Role.CARER, "home")}))
    alert = rooms.alert("w3")
    asked = [rooms.ask("GET", f"/api/v1/matters/{alert}", headers=rooms.key()).status_code]
    asked += [rooms.post(f"/alerts/{alert}/acknowledge", {}).status_code]
    asked += [rooms.ask("GET", "/api/v1/wearers/w3/plan", headers=rooms.key()).status_code]
    body = {"carer": "Jo", "wearers": ["w3"], "until_s": rooms.now_s + 3600}
    asked += [rooms.post("/shifts", body).status_code]
    assert asked == [404] * 4
    assert "Callum" not in rooms.ask("GET", "/").text
    assert [it["wearer"] for it in rooms.ask("GET", "/api/v1/cover", headers=rooms.key()).json()["covers"]] == [
        "w1",
        "w2",
    ]
    assert rooms.ask("GET", "/api/v1/matters", headers=rooms.key()).json() == []
    assert ("take", "elsewhere") in entered(rooms)


def test_whoever_may_not_is_told_what_it_takes_whom_to_ask_and_where_they_may(rooms: Rooms, door: Letting) -> None:
    door.asker_ = replace(JO, name="Jo <b>", grants=frozenset({Grant(Role.SUPPORT, "away")}))
    page = rooms.ask("GET", "/pair", headers={"accept": "text/html"})
    assert page.status_code == 403
    for said in (
        "You may pair, swap and correct bands at away; this console is that of home.",
        "under House, Accounts",
    ):
        assert said in page.text
    assert "Jo &lt;b&gt;</bdi>" in page.text
    assert 'href="/me"' in page.text
    page = rooms.ask("GET", "/admin/audit", headers={"accept": "text/html"})
    assert "Your roles do not let you read the audit." in page.text


def test_everybody_is_whoever_one_may_keep_shifts_for(rooms: Rooms, door: Letting) -> None:
    door.asker_ = replace(JO, grants=frozenset({Grant(Role.CARER, "home")}))
    answer = rooms.post("/shifts", {"carer": "Jo", "wearers": [], "until_s": rooms.now_s + 3600})
    assert answer.json()["wearers"] == ["w1", "w2"]


def test_changes_are_bounded_and_taking_an_alert_is_not(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 1000.0
    monkeypatch.setattr("console.access.gate.monotonic", lambda: now_s)
    alert = rooms.alert("w2")
    said = [rooms.post("/alerts/none/outcome", {}).status_code for _ in range(WRITES.burst + 1)]
    assert said == [422] * WRITES.burst + [429]
    assert ("request", "too often") in entered(rooms)
    assert rooms.post(f"/alerts/{alert}/acknowledge", {}).status_code == 200
    now_s += WRITES.every_s
    assert rooms.post("/alerts/none/outcome", {}).status_code == 422


@given(st.text(max_size=40) | st.from_regex(r"[/\\]{0,3}[a-z:@.?#%/\\]{0,30}", fullmatch=True))
def test_no_way_onward_leads_anywhere_but_here(said: str) -> None:
    way = onward(said)
    assert way.startswith("/")
    assert httpx.URL("http://localhost/sign-in").join(way).host == "localhost"
    assert "\\" not in way
    assert not way.startswith("//")
    assert sign_in(said).startswith("/sign-in")


@pytest.mark.parametrize(
    "said", ["//evil.example", "/\\evil.example", "https://evil.example", "/\tx", "javascript:x", "/sign-in", "", "x"]
)
def test_what_might_lead_away_leads_home(said: str) -> None:
    assert onward(said) == HOME


@pytest.mark.parametrize("twice", ["host", "authorization", "origin", "content-type"])
def test_a_request_that_reads_in_two_ways_is_refused(rooms: Rooms, twice: str) -> None:
    headers = [("host", "localhost"), (twice, "localhost"), (twice, "localhost")]
    assert rooms.ask("GET", "/healthz", headers=headers).status_code == 400


def test_every_answer_carries_the_strict_headers_and_hsts_where_tls_is_on(rooms: Rooms) -> None:
    for path in ("/", "/static/board.js", "/nothing", "/api/v1/cover"):
        headers = rooms.ask("GET", path).headers
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "microphone=()" in headers["permissions-policy"]
        assert "strict-transport-security" not in headers
    assert "max-age" in rooms.ask("GET", "/take/none", base=OUTSIDE).headers["strict-transport-security"]


def test_a_problem_says_nothing_of_what_was_sent(rooms: Rooms) -> None:
    answer = rooms.post("/shifts", {"carer": "Secret Name", "wearers": ["w1"], "until_s": "Secret Name"})
    assert answer.status_code == 422
    assert "Secret" not in json.dumps(answer.json())


def test_a_shift_is_offered_to_nobody_whom_the_house_does_not_know(rooms: Rooms, door: Letting) -> None:
    door.asker_ = JO
    begun = rooms.post("/shifts", {"carer": "Jo", "wearers": [], "until_s": rooms.now_s + 3600}).json()
    for to, status in (("Marjam", 422), ("maryam, Marjam", 422), ("maryam,", 200)):
        answer = rooms.post(f"/shifts/{begun['shift_id']}/offer", {"to": to})
        assert (answer.status_code, answer.json().get("field", "")) == (status, "" if status == 200 else "to")
