"""Who takes what: at a tablet, by a form, by a link; and who does not."""

import re

import pytest

from alerts.delivery.matter import Kind, Matter, Priority
from alerts.delivery.seals import Seals
from alerts.delivery.snooze import WORDS_MOST
from alerts.names import NAME_MAX
from alerts.outcomes.helped import LENGTH_MAX
from alerts.outcomes.times import UNCERTAIN_MAX_S
from alerts.situation_events import AlertAcknowledged
from tests.console.api.rooms import OUTSIDE, Rooms


def taken(rooms: Rooms) -> list[tuple[str, str]]:
    return [(it.alert_id, it.by) for it in rooms.journal.history if isinstance(it, AlertAcknowledged)]


def test_a_tablet_takes_an_alert_in_somebodys_name_and_nobody_is_told_any_more(rooms: Rooms) -> None:
    alert_id = rooms.alert()
    answer = rooms.post(f"/alerts/{alert_id}/acknowledge", {"by": " Zoë  van Dijk "})
    told = {"alert_id": alert_id, "wearer": "w2", "name": "Bea", "by": "Zoë van Dijk", "at_s": rooms.now_s}
    assert answer.json() == told
    assert taken(rooms) == [(alert_id, "Zoë van Dijk")]
    rooms.delivery.turn()
    assert rooms.get("/matters").json() == []
    assert rooms.get(f"/matters/{alert_id}").json()["ended_by"] == "Zoë van Dijk"


def test_whoever_comes_second_is_told_who_was_first(rooms: Rooms) -> None:
    alert_id = rooms.alert()
    rooms.post(f"/alerts/{alert_id}/acknowledge", {"by": "Jo"})
    assert rooms.post(f"/alerts/{alert_id}/acknowledge", {"by": "Sam"}).json()["by"] == "Jo"
    assert rooms.post(f"/matters/{alert_id}/take", {"by": "Sam"}).json()["by"] == "Jo"
    assert taken(rooms) == [(alert_id, "Jo")]


def test_a_matter_that_is_no_alert_is_taken_by_name_too(rooms: Rooms) -> None:
    matter_id = rooms.notice()
    assert rooms.post(f"/matters/{matter_id}/take", {"by": "Jo"}).json()["by"] == "Jo"
    assert rooms.post(f"/matters/{matter_id}/take", {"by": "Sam"}).json()["by"] == "Jo"


def test_what_is_over_by_itself_is_nobodys_to_take(rooms: Rooms) -> None:
    matter_id = rooms.notice()
    rooms.delivery.over(matter_id, "protected again")
    rooms.delivery.turn()
    assert rooms.post(f"/matters/{matter_id}/take", {"by": "Jo"}).status_code == 409


@pytest.mark.parametrize("path", ["/alerts/w9-1/acknowledge", "/matters/w9-1/take"])
def test_what_nobody_knows_cannot_be_taken(rooms: Rooms, path: str) -> None:
    assert rooms.post(path, {"by": "Jo"}).status_code == 404


@pytest.mark.parametrize("by", ["", " ", "\u3164", "J" * 81, "a\u0000b", 7, None, ["Jo"]])
def test_nobody_takes_an_alert_without_a_name(rooms: Rooms, by: object) -> None:
    alert_id = rooms.alert()
    answer = rooms.post(f"/alerts/{alert_id}/acknowledge", {"by": by})
    assert (answer.status_code, answer.json().get("field")) in [(422, "by"), (422, None)]
    assert taken(rooms) == []


def test_a_link_says_in_whose_name_it_takes_before_it_takes(rooms: Rooms) -> None:
    link = rooms.link(rooms.alert(), "Sam")
    assert 'You are taking this as <strong dir="auto">Sam</strong>.' in rooms.ask("GET", link).text
    rooms.ask("POST", link)
    assert "You are taking this" not in rooms.ask("GET", link).text


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/matters/{}/snooze", {"by": "Jo", "reason": "x" * (WORDS_MOST + 1), "minutes": 2}, "reason"),
        ("/alerts/{}/outcome", {"by": "Jo", "what": "incident", "uncertainty_s": UNCERTAIN_MAX_S + 1}, "uncertainty_s"),
        ("/alerts/{}/outcome", {"by": "Jo", "what": "incident", "helped": ["x" * (LENGTH_MAX + 1)]}, "helped"),
        ("/alerts/{}/acknowledge", {"by": "J" * (NAME_MAX + 1)}, "by"),
    ],
)
def test_what_a_room_keeps_at_most_is_refused_at_the_door_by_its_field(
    rooms: Rooms, path: str, body: dict[str, object], field: str
) -> None:
    answer = rooms.post(path.format(rooms.alert()), body)
    assert answer.status_code == 422
    assert answer.json()["field"].startswith(field)


def test_another_sites_page_takes_nothing_though_it_has_a_key(rooms: Rooms) -> None:
    alert_id = rooms.alert()
    answer = rooms.post(f"/alerts/{alert_id}/acknowledge", {"by": "Jo"}, origin="http://evil.example")
    assert answer.status_code == 403
    assert taken(rooms) == []


def test_an_alert_of_somebody_who_is_watched_no_more_can_still_be_taken(rooms: Rooms) -> None:
    words = ("Sweat rising.",)
    gone = Matter(
        matter_id="w9-1", kind=Kind.ALERT, priority=Priority.HIGH, wearer="w9", since_s=rooms.now_s, words=words
    )
    rooms.delivery.tell(gone)
    rooms.delivery.turn()
    link = rooms.link("w9-1", "Sam")
    assert "<form" in rooms.ask("GET", link).text
    assert rooms.ask("POST", link).status_code == 303
    assert rooms.get("/matters/w9-1").json()["ended_by"] == "Sam"


# Links


def test_opening_a_link_takes_nothing_and_names_nobody_who_is_cared_for(rooms: Rooms) -> None:
    link = rooms.link(rooms.alert(), "Sam")
    for _ in range(3):  # as messengers do for a preview
        page = rooms.ask("GET", link)
        assert page.status_code == 200
    assert "Somebody may need you now" in page.text
    assert "<form" in page.text
    assert not re.search("Bea|w2|Sweat|96", page.text)
    assert "Research use only" in page.text
    assert taken(rooms) == []


def test_one_tap_takes_the_alert_in_the_name_of_whom_the_link_was_sent_to(rooms: Rooms) -> None:
    alert_id = rooms.alert()
    link = rooms.link(alert_id, "Sam")
    answer = rooms.ask("POST", link)
    assert answer.status_code == 303
    assert taken(rooms) == [(alert_id, "Sam")]
    assert "You have it since" in rooms.ask("GET", link).text


def test_a_link_says_who_has_it_already_and_takes_it_from_nobody(rooms: Rooms) -> None:
    alert_id = rooms.alert()
    link = rooms.link(alert_id, "Sam")
    rooms.post(f"/alerts/{alert_id}/acknowledge", {"by": "Jo"})
    page = rooms.ask("GET", link).text
    assert "Jo has it since 14:32" in page
    assert "<form" not in page
    assert rooms.ask("POST", link).status_code == 303
    assert taken(rooms) == [(alert_id, "Jo")]


def test_a_link_to_what_is_over_says_so(rooms: Rooms) -> None:
    alert_id = rooms.alert()
    link = rooms.link(alert_id, "Sam")
    rooms.desk.close(alert_id, by="Jo", at_s=rooms.now_s)
    assert rooms.ask("POST", link).status_code == 303
    assert "This is over" in rooms.ask("GET", link).text


def test_a_link_takes_a_matter_that_is_no_alert(rooms: Rooms) -> None:
    link = rooms.link(rooms.notice(), "Sam")
    assert "Somebody is not protected" in rooms.ask("GET", link).text
    rooms.ask("POST", link)
    assert "You have it since" in rooms.ask("GET", link).text


def test_a_link_to_one_matter_takes_no_other(rooms: Rooms) -> None:
    first, second = rooms.alert("w1"), rooms.alert("w2")
    rooms.ask("POST", rooms.link(first, "Sam"))
    assert taken(rooms) == [(first, "Sam")]
    assert rooms.get(f"/matters/{second}").json()["ended_s"] is None


def test_an_expired_link_takes_nothing_and_is_kept_and_counted(rooms: Rooms) -> None:
    link = rooms.link(rooms.alert(), "Sam", lasts_s=60)
    rooms.now_s += 62
    for method in ("GET", "POST"):
        answer = rooms.ask(method, link)
        assert answer.status_code == 410
        assert "Please look at the board" in answer.text
    assert taken(rooms) == []
    rooms.settle()
    assert rooms.records.refused == rooms.counts.refusals == [("take link", "expired")] * 2


def test_a_forged_link_takes_nothing_and_is_kept_and_counted(rooms: Rooms) -> None:
    alert_id = rooms.alert()
    theirs = Seals(b"another secret of thirty-two byte").link(alert_id, "Sam", until_s=rooms.now_s + 60)
    ours = rooms.link(alert_id, "Sam").removeprefix("/take/")
    forged = [
        theirs,
        ours[:-1],
        ours[1:],
        f"{ours}A",
        f"{ours}.",
        f"{ours[:-2]}AA",
        "\u00e9.\u00e9",
        "x" * 3000,
    ]
    for token in forged:
        for method in ("GET", "POST"):
            answer = rooms.ask(method, f"/take/{token}")
            assert answer.status_code == 403, token
            assert answer.headers["content-type"].startswith("text/html")
    assert taken(rooms) == []
    assert rooms.counts.refusals == [("take link", "forged")] * 2 * len(forged)


def test_that_the_audit_cannot_be_written_changes_nothing_for_who_is_refused(rooms: Rooms) -> None:
    def away(*_: object, **__: object) -> bool:
        raise OSError("the registry is away")

    rooms.records.note_refusal = away  # type: ignore[method-assign]
    assert rooms.ask("POST", "/take/forged").status_code == 403
    rooms.settle()


def test_a_foreign_form_takes_nothing_with_a_link_either(rooms: Rooms) -> None:
    link = rooms.link(rooms.alert(), "Sam")
    assert rooms.ask("POST", link, headers={"origin": "https://evil.example"}).status_code == 403
    assert taken(rooms) == []


@pytest.mark.parametrize("headers", [{}, {"x-forwarded-for": "203.0.113.9"}, {"forwarded": "for=203.0.113.9"}])
@pytest.mark.parametrize("base", [OUTSIDE, "http://localhost"])
def test_from_outside_links_are_served_and_nothing_else(rooms: Rooms, base: str, headers: dict[str, str]) -> None:
    if base == "http://localhost" and not headers:
        return
    alert_id = rooms.alert()
    link = rooms.link(alert_id, "Sam")
    assert rooms.ask("GET", link, base=base, headers=headers).status_code == 200
    assert rooms.ask("GET", "/static/tokens.css", base=base, headers=headers).status_code == 200
    for path in ("/", "/events", "/healthz", "/metrics", "/bands", "/api/v1/tablets", "/api/v1/openapi.json", "/shift"):
        assert rooms.ask("GET", path, base=base, headers=headers).status_code == 421, path
    form = rooms.ask("POST", f"/alerts/{alert_id}/acknowledge", base=base, headers=headers, data={"by": "Eve"})
    assert form.status_code == 421
    assert taken(rooms) == []
    assert rooms.ask("POST", link, base=base, headers=headers).status_code == 303
    assert taken(rooms) == [(alert_id, "Sam")]


def test_any_other_name_is_served_nothing_at_all(rooms: Rooms) -> None:
    assert rooms.ask("GET", rooms.link(rooms.alert(), "Sam"), base="http://evil.example").status_code == 421
