"""The pages of administrators, asked without a browser."""

from console.administration.channels import TESTED
from console.administration.ground import options
from console.administration.office import Looked, Standing, Tried
from ingest.registry.accounts import EVERYWHERE, Granted
from ingest.registry.consents import Consent, Scope
from ingest.registry.places import Site
from tests.console.administration.office import PASSWORD, RULES, Rooms
from tests.console.house import NOW_S

PAGES = [
    "/admin", "/admin/people", "/admin/people/new", "/admin/people/w1", "/admin/people/w2", "/admin/people/w1/name",
    "/admin/people/w1/site", "/admin/people/w1/consent", "/admin/people/w1/withdraw", "/admin/people/w1/plan",
    "/admin/people/w1/level", "/admin/people/w1/erase", "/admin/consents", "/admin/accounts", "/admin/accounts/new",
    "/admin/tablets", "/admin/tablets/new", "/admin/tokens", "/admin/tokens/new", "/admin/sites", "/admin/sites/new",
    "/admin/sites/home", "/admin/chain", "/admin/chain/history", "/admin/chain/text", "/admin/channels", "/admin/audit",
    "/admin/audit/witness", "/admin/receipts",
]  # fmt: skip
WRONG = f"{PASSWORD}?"
LINE = "not a medical device"


def test_every_page_is_drawn_shows_names_as_text_and_no_address(rooms: Rooms) -> None:
    rooms.registry.set_alerting_rules("home", RULES, because="first", by="Helen")
    for path in PAGES:
        page = rooms.get(path)
        assert LINE in page, path
        assert "<b>Bea" not in page, path
        assert "SECRET" not in page, path


def test_the_overview_says_what_is_missing_the_most_pressing_first(rooms: Rooms) -> None:
    rooms.office.alone = ["w1"]
    rooms.office.now = Standing(certificate_ends_s=NOW_S + 3 * 86_400, copied_s=None)
    page = rooms.get("/admin")
    said = [
        "Nobody is on the chain",
        "Nobody on shift has Aidan",
        "There is no second administrator",
        "The certificate ends soon",
        "No copy was ever made",
        "The audit was not witnessed this month",
        "no consent to care",
    ]
    assert [each for each in said if each not in page] == []
    assert page.index("Nobody is on the chain") < page.index("There is no second administrator")


def test_the_overview_is_silent_about_what_was_seen_to(rooms: Rooms) -> None:
    rooms.registry.set_alerting_rules("home", RULES, because="first", by="Helen")
    rooms.account("Ivy", Granted("administrator", EVERYWHERE))
    rooms.office.tried = Tried("", 0.5)
    rooms.post("/admin/channels/test", 200, to="Sam", channel="phone")
    rooms.post("/admin/audit/witness", 200, go="yes")
    page = rooms.get("/admin")
    for gone in ("on the chain", "not proved", "second administrator", "witnessed", "certificate", "copy"):
        assert gone not in page, gone


def test_somebody_is_entered_agreed_for_renamed_and_withdrawn(rooms: Rooms) -> None:
    there = rooms.post("/admin/people/new", pseudonym="w9", name="Zoë 🌙", site="home")
    assert there.headers["location"] == "/admin/people/w9/consent"
    rooms.post("/admin/people/w9/consent", scopes=["care", "research"], given_by="Ann, mother")
    assert rooms.registry.has_consent("w9", Scope.CARE, NOW_S + 1)
    rooms.post("/admin/people/w9/name", name="Zoe")
    assert rooms.registry.names()["w9"] == "Zoe"
    refused = rooms.post("/admin/people/w9/withdraw", 422, scopes=["care"])
    assert "Tick this" in refused.text
    assert rooms.registry.has_consent("w9", Scope.CARE, NOW_S + 1)
    rooms.post("/admin/people/w9/withdraw", scopes=["care"], sure="yes")
    assert not rooms.registry.has_consent("w9", Scope.CARE, NOW_S + 1)
    assert {entry.actor for entry in rooms.registry.audit_entries("w9")} == {"Helen"}


def test_what_cannot_be_is_said_beside_the_field_and_what_was_typed_is_kept(rooms: Rooms) -> None:
    page = rooms.post("/admin/people/new", 422, pseudonym="no good", name="Ida & co", site="home").text
    assert 'id="e-pseudonym"' in page
    assert "1 to 64 letters without accents, digits, - or _, with no space." in page
    assert 'value="Ida &amp; co"' in page
    page = rooms.post("/admin/people/w1/consent", 422, scopes=["care"], given_by="Ann", until="soon").text
    assert 'id="e-until"' in page
    assert 'value="Ann"' in page
    page = rooms.post("/admin/sites/new", 422, name="oak", place="Oak", time_zone="Nowhere/Else").text
    assert 'id="e-time_zone"' in page
    page = rooms.post("/admin/sites/home", 422, days="many").text
    assert 'id="e-days"' in page


def test_a_plan_is_written_with_any_letters_and_the_one_before_is_kept(rooms: Rooms) -> None:
    rooms.post("/admin/people/w1/plan", helps="Blue headphones\r\n<i>quiet</i>", avoid="")
    rooms.post("/admin/people/w1/plan", helps="Lights down", avoid="Questions")
    assert rooms.registry.plans()["w1"].helps == ("Lights down",)
    page = rooms.get("/admin/people/w1/plan")
    assert "&lt;i&gt;quiet" in page


def test_shorter_retention_says_what_goes_before_it_holds(rooms: Rooms) -> None:
    page = rooms.post("/admin/sites/home", 200, days="30").text
    assert "of 1 person, are erased within the hour" in page
    assert {site.name: site.readings_days for site in rooms.registry.sites()}["home"] is None
    rooms.post("/admin/sites/home", days="30", sure="30")
    assert {site.name: site.readings_days for site in rooms.registry.sites()}["home"] == 30
    rooms.post("/admin/sites/home", 200, days="7", sure="30")
    assert {site.name: site.readings_days for site in rooms.registry.sites()}["home"] == 30


def test_an_administrator_of_one_site_neither_sees_nor_changes_another(rooms: Rooms) -> None:
    rooms.registry.give_consent("w3", Consent(frozenset({Scope.CARE}), "Ida, sister", NOW_S), by="Helen")
    rooms.sign_in(rooms.account("Ned", Granted("administrator", "home")))
    assert "Callum" not in rooms.get("/admin/people")
    assert "Callum" not in rooms.get("/admin/consents")
    assert "Callum" not in rooms.get("/admin/audit")
    for path in ("/admin/people/w3", "/admin/people/w3/erase", "/admin/sites/beech", "/admin/chain?site=beech"):
        rooms.get(path, 404)
    rooms.post("/admin/people/w3/name", 404, name="X")
    rooms.post("/admin/people/w1/site", 404, site="beech", sure="yes")
    assert rooms.registry.names()["w3"] == "Callum"


def test_nobody_but_an_administrator_gets_in(rooms: Rooms) -> None:
    for role in ("carer", "support", "researcher"):
        rooms.sign_in(rooms.account(role.title(), Granted(role, EVERYWHERE)))
        for path in ("/admin", "/admin/people", "/admin/accounts", "/admin/chain", "/admin/audit", "/admin/receipts"):
            rooms.get(path, 403)


def test_a_test_is_really_sent_told_in_seconds_and_entered_without_a_name(rooms: Rooms) -> None:
    rooms.registry.set_alerting_rules("home", RULES, by="Helen")
    page = rooms.post("/admin/channels/test", 200, to="Sam", channel="phone").text
    assert "took the test for Sam on in 0.8 s" in page
    assert rooms.office.sent == [("Sam", "phone")]
    rooms.office.tried = Tried("refused: the service said no", 1.2)
    page = rooms.post("/admin/channels/test", 200, to="Sam", channel="mail").text
    assert "Sam was not told by mail" in page
    assert "It took 1.2 s" in page
    entries = rooms.registry.audit_entries(action=TESTED)
    assert [entry.actor for entry in entries] == ["Helen", "Helen"]
    assert not any("Sam" in entry.detail or "SECRET" in entry.detail for entry in entries)


def test_tests_go_to_nobody_unknown_and_not_too_often(rooms: Rooms) -> None:
    rooms.registry.set_alerting_rules("home", RULES, by="Helen")
    rooms.post("/admin/channels/test", 422, to="Mallory", channel="phone")
    rooms.post("/admin/channels/test", 422, to="Sam", channel="fax")
    assert rooms.office.sent == []
    for _ in range(3):
        rooms.post("/admin/channels/test", 200, to="Sam", channel="phone")
    rooms.post("/admin/channels/test", 429, to="Sam", channel="mail")
    assert len(rooms.office.sent) == 3


def test_erasing_takes_the_pseudonym_and_the_password_and_happens_once(rooms: Rooms) -> None:
    rooms.post("/admin/people/w1/erase", 422, pseudonym="w1", password=WRONG)
    rooms.post("/admin/people/w1/erase", 422, pseudonym="w2", password=PASSWORD)
    assert rooms.office.erasing.wanted == []
    rooms.post("/admin/people/w1/erase", pseudonym="w1", password=PASSWORD)
    assert rooms.office.erasing.wanted == [("w1", "Helen")]
    page = rooms.post("/admin/people/w2/erase", 422, pseudonym="w2", password=PASSWORD).text
    assert "another one is planned" in page


def test_nobody_guesses_a_password_here(rooms: Rooms) -> None:
    for _ in range(3):
        rooms.post("/admin/people/w1/erase", 422, pseudonym="w1", password=WRONG)
    page = rooms.post("/admin/people/w1/erase", 422, pseudonym="w1", password=PASSWORD).text
    assert "too many tries" in page
    assert rooms.office.erasing.wanted == []


def test_nothing_is_erased_that_nobody_looked_at(rooms: Rooms) -> None:
    rooms.office.erasing.looked = Looked(12_000, None, 0.0)
    assert "12,000 packets so far" in rooms.get("/admin/people/w1/erase")
    rooms.post("/admin/people/w1/erase", 422, pseudonym="w1", password=PASSWORD)
    assert rooms.office.erasing.wanted == []


def test_a_receipt_is_downloaded_and_nothing_else_is(rooms: Rooms) -> None:
    answer = rooms.ask("GET", "/admin/receipts/erasure-2025-11-01-abc.json")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    rooms.get("/admin/receipts/secret", 404)


def test_the_audit_is_searched_proved_and_witnessed(rooms: Rooms) -> None:
    rooms.registry.rename("w1", "Adam", by="Jo")
    page = rooms.get("/admin/audit?who=jo&whom=w1")
    assert "rename" in page
    assert "1 entry" in page
    assert "Adam" in page
    assert "Nothing like that is entered" in rooms.get("/admin/audit?what=no-such-act")
    assert 'id="e-from"' in rooms.get("/admin/audit?from=yesterday")
    assert "Whole:" in rooms.post("/admin/audit", 200, go="yes").text
    page = rooms.post("/admin/audit/witness", 200, go="yes").text
    head = rooms.registry.audit_head()
    assert f"{head.number}:{head.digest}" in page
    assert "The witness fits" in rooms.post("/admin/audit", 200, witness=f"{head.number}:{head.digest}").text
    assert "not as it was written" in rooms.post("/admin/audit", 200, witness=f"{head.number}:{'0' * 64}").text
    assert "is no witness" in rooms.post("/admin/audit", 200, witness="<b>").text


def test_what_another_site_makes_a_browser_send_changes_nothing(rooms: Rooms) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    for path, data in (
        ("/admin/people/w1/name", {"name": "X"}),
        ("/admin/people/w1/erase", {"pseudonym": "w1", "password": PASSWORD}),
        ("/admin/channels/test", {"to": "Sam", "channel": "phone"}),
    ):
        assert rooms.ask("POST", path, data=data, headers=headers).status_code == 403
    assert rooms.registry.names()["w1"] == "Aidan"
    assert rooms.office.erasing.wanted == []


def test_nobody_is_unwatched_for_an_erasure_while_an_alert_is_open(rooms: Rooms) -> None:
    rooms.house.alert("w2")
    page = rooms.post("/admin/people/w1/erase", 422, pseudonym="w1", password=PASSWORD).text
    assert "An alert is open" in page
    assert rooms.office.erasing.wanted == []


def test_a_site_is_offered_with_its_short_name_once() -> None:
    sites = [Site("demo", "Alder House (demo)", "UTC"), Site("oak", "Oak House", "UTC")]
    assert [said for _, said in options(sites)] == ["Alder House (demo)", "Oak House (oak)"]
