"""Pages of days and alerts as they are answered: every state, what is wrong beside its field, nothing for others."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from alerts.journal import Scratch
from alerts.outcomes.outcomes import Outcomes
from alerts.situation_events import AlertAcknowledged, AlertRaised, AlertResolved
from console import around
from console.access.asker import NOBODY, Asker, Grant, Kind
from console.access.roles import Role
from tests.console.caring import Caring
from tests.console.day.days import JO, WALL, Client, Home, minutes
from tests.console.house import NAMES, NOW_S
from tests.console.tablets import MARKUP
from tests.servers import LONG_S

HERE = {"origin": "http://localhost", "sec-fetch-site": "same-origin"}


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Home:
    """A house whose pages wait for what stands beside the views, however long a busy machine takes to look it up."""
    monkeypatch.setattr(around, "PATIENCE_S", LONG_S)
    home = Home(JO)
    home.caring = Caring(list(NAMES))
    return home


@pytest.fixture
def client(home: Home) -> Iterator[Client]:
    client = Client(home)
    yield client
    client.close()


def test_an_empty_day_says_that_nobody_could_see_and_not_that_all_was_well(client: Client) -> None:
    page = client.get("/people/w1").text
    assert "No readings yet." in page
    assert "Nobody could see Aidan so far." in page
    assert "<strong>No</strong> alerts" in page


def test_a_day_of_gaps_hatches_them(home: Home, client: Client) -> None:
    home.book.readings["w1"] = minutes(NOW_S - 3600, [0.1] * 20) + minutes(NOW_S - 1200, [0.1] * 20)
    page = client.get("/people/w1").text
    assert page.count("Hatched: nobody could see.") == 1
    assert "Not seen" in page


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"withdrawn": True}, "The consent was withdrawn"),
        ({"consented": False}, "Nobody has agreed"),
        ({"worn": False}, "No band yet."),
        ({"missing": ("The registry does not answer.",)}, "The registry does not answer."),
    ],
)
def test_what_keeps_anybody_from_seeing_is_said(
    home: Home, client: Client, facts: dict[str, object], said: str
) -> None:
    home.book.facts = facts
    assert said in client.get("/people/w1").text


@pytest.mark.parametrize(("day", "hours"), [("2025-10-26", "25"), ("2025-03-30", "23")])
def test_a_day_on_which_clocks_were_changed_says_so(client: Client, day: str, hours: str) -> None:
    assert f"a day of {hours} hours: clocks were changed" in client.get(f"/people/w1?day={day}").text


def test_who_was_erased_is_nobody_here(client: Client) -> None:
    answer = client.get("/people/w-gone")
    assert answer.status_code == 404
    assert "erased" in answer.text


@pytest.mark.parametrize("day", ["yesterday", "2025-13-01", "0001-01-01", "<script>"])
def test_a_day_that_is_none_is_refused(client: Client, day: str) -> None:
    assert client.get("/people/w1", params={"day": day}).status_code == 404


def test_a_note_is_kept_in_the_name_of_who_signed_in_and_shown_as_it_was_written(home: Home, client: Client) -> None:
    form = {"text": f"{MARKUP}\nsecond line", "by": "Somebody else", "at": "", "day": ""}
    answer = client.post("/people/w2/notes", data=form, headers=HERE)
    assert answer.status_code == 303
    (note,) = home.book.noted.values()
    assert (note.by, note.at_s, note.text) == ("Jo", NOW_S, f"{MARKUP}\nsecond line")
    page = client.get(answer.headers["location"]).text
    assert "&lt;b&gt;now&lt;/b&gt;" in page
    assert "Your note is kept." in page


@pytest.mark.parametrize(
    ("form", "field", "said"),
    [
        ({"text": "  "}, "text", "Write what happened"),
        ({"text": "x" * 2001}, "text", "2001 characters are too many"),
        ({"text": "a\0b"}, "text", "NUL"),
        ({"text": "Lunch", "at": "25:99"}, "at", "Write a time of that day"),
        ({"text": "Lunch", "at": "23:59"}, "at", "has not come yet"),
    ],
)
def test_what_is_wrong_with_a_note_stands_beside_the_field_and_nothing_typed_is_lost(
    home: Home, client: Client, form: dict[str, str], field: str, said: str
) -> None:
    answer = client.post("/people/w2/notes", data=form, headers=HERE)
    assert answer.status_code == 422
    assert said in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert form["text"].strip().replace("\0", "") in answer.text.replace("\0", "")
    assert home.book.noted == {}


def test_a_note_is_changed_and_removed_and_one_that_is_gone_is_said(home: Home, client: Client) -> None:
    client.post("/people/w2/notes", data={"text": "Lunch"}, headers=HERE)
    assert client.post("/people/w2/notes/1", data={"text": "Late lunch"}, headers=HERE).status_code == 303
    assert home.book.noted[1].text == "Late lunch"
    assert client.post("/people/w2/notes/1", data={"act": "remove"}, headers=HERE).status_code == 303
    assert home.book.noted == {}
    assert client.post("/people/w2/notes/1", data={"text": "x"}, headers=HERE).status_code == 404


def test_a_day_leads_to_alerts_that_have_a_screen_and_to_no_other(home: Home, client: Client) -> None:
    shown = home.alert("w2")
    home.book.events["w2"] = tuple(
        AlertRaised(wearer="w2", at_s=NOW_S - ago_s, alert_id=alert_id, probability=0.7, reasons=(why,), policy="p")
        for ago_s, alert_id, why in ((600, "long-over", "Pulse up."), (60, shown, "Sweat rising."))
    )
    page = client.get("/people/w2").text
    assert "Alert. Pulse up." in page
    ways = set(re.findall(r'href="(/alerts/[^"/]+)"', page))
    assert ways == {f"/alerts/{shown}"}
    assert {client.get(way).status_code for way in ways} == {200}


def test_an_alert_that_only_the_journal_knows_has_a_screen_for_whoever_may_see_the_day(home: Home) -> None:
    assert home.caring is not None
    raised_s = NOW_S - 20 * 86_400
    lines = (
        AlertRaised(
            wearer="w2", at_s=raised_s, alert_id="old", probability=0.7, reasons=("Pulse <b>up</b>.",), policy="p"
        ),
        AlertAcknowledged(wearer="w2", at_s=raised_s + 40, alert_id="old", by="Maryam"),
        AlertResolved(wearer="w2", at_s=raised_s + 900, alert_id="old", by="Maryam"),
    )
    home.book.events["w2"] = lines
    home.caring.outcomes = Outcomes(Scratch(lines), home.caring.labels)
    home.caring.care = replace(home.caring.care, outcomes=home.caring.outcomes)
    client = Client(home)
    assert 'href="/alerts/old"' in client.get("/people/w2?day=2025-10-30").text
    page = client.get("/alerts/old")
    assert page.status_code == 200
    for said in ("Alert 30 Oct 2025, 14:32, taken 14:32, over 14:47", "Maryam</bdi> had it"):
        assert said in page.text
    for said in ("Pulse &lt;b&gt;up&lt;/b&gt;.", "Which tablets and phones it reached", "This alert is over."):
        assert said in page.text
    assert client.get("/alerts/old/outcome").status_code == 200
    home.ask_as(WALL)
    assert client.get("/alerts/old").status_code == 404, "a tablet on a wall shows no day"
    assert client.get("/alerts/older").status_code == 404
    client.close()


def test_another_sites_page_writes_no_note(home: Home, client: Client) -> None:
    answer = client.post("/people/w2/notes", data={"text": "x"}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert home.book.noted == {}


def test_a_tablet_with_nobody_signed_in_shows_an_alert_and_no_day(home: Home, client: Client) -> None:
    alert_id = home.alert("w2")
    home.ask_as(WALL)
    assert "may need you now." in client.get(f"/alerts/{alert_id}").text
    assert client.get("/people/w2").status_code == 403
    assert client.get("/who").json() == {"kind": "tablet", "name": ""}


def test_who_has_no_part_in_a_house_sees_neither_its_days_nor_its_alerts(home: Home, client: Client) -> None:
    alert_id = home.alert("w2")
    home.ask_as(Asker(kind=Kind.PERSON, id="x", name="X", grants=frozenset({Grant(Role.CARER, "elsewhere")})))
    assert client.get("/people/w2").status_code == 404
    assert client.get(f"/alerts/{alert_id}").status_code == 404


def test_an_alert_says_what_since_when_why_what_helps_and_who_is_told_next(home: Home, client: Client) -> None:
    assert home.caring is not None
    home.caring.rest.set_plan("w2", helps=["Blue headphones", MARKUP], avoid=["Questions"], by="Jo")
    alert_id = home.alert("w2", "Sweat rising for 6 min.", "Hardly any movement.")
    page = client.get(f"/alerts/{alert_id}").text
    for said in ("Alert 14:32:08, just now", "Sweat rising for 6 min.", "Hardly any movement.", "About 8 in 10"):
        assert said in page
    for said in ("Blue headphones", "&lt;b&gt;now&lt;/b&gt;", "Questions", "phone rings at 14:33", "Seen", "as Jo"):
        assert said in page
    home.acknowledge(alert_id, by="Jo", at_s=NOW_S + 62)
    assert "You have it, <bdi>Jo</bdi>." in client.get(f"/alerts/{alert_id}").text
    home.close(alert_id, by="Jo", at_s=NOW_S + 600)
    assert "This alert is over." in client.get(f"/alerts/{alert_id}").text
    assert client.get("/alerts/no-such").status_code == 404


def test_an_alert_says_each_reason_once(home: Home, client: Client) -> None:
    alert_id = home.alert("w2", "Sweat rising for 6 min.")
    page = client.get(f"/alerts/{alert_id}").text
    assert page.count("Sweat rising for 6 min.") == 1


def test_the_sound_of_an_alert_is_paused_by_a_form(home: Home, client: Client) -> None:
    assert home.caring is not None
    alert_id = home.alert("w2")
    assert client.post(f"/alerts/{alert_id}/snooze", data={"reason": "x"}, headers=HERE).status_code == 422
    form = {"reason": "Exercise", "minutes": "5"}
    assert client.post(f"/alerts/{alert_id}/snooze", data=form, headers=HERE).status_code == 303
    proof = home.caring.telling.proof(alert_id)
    assert proof is not None
    assert proof.snoozed_until_s == NOW_S + 300


def test_a_page_that_is_refused_tells_of_alerts_all_the_same_to_whoever_has_signed_in(
    home: Home, client: Client
) -> None:
    html = {"accept": "text/html"}
    for asker, status in ((JO, 404), (WALL, 404)):
        home.ask_as(asker)
        answer = client.get("/no/such/page", headers=html)
        assert answer.status_code == status
        assert 'id="strips"' in answer.text
        assert "/static/office.js" in answer.text
    home.ask_as(NOBODY)
    answer = client.get("/no/such/page", headers=html)
    assert "office.js" not in answer.text
