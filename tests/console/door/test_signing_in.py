"""Signing in and out: who is let in, what is said to whoever is not, and what ends it."""

import pytest

from console.access.tries import FREE, FREE_ADDRESS
from ingest.registry.accounts_links import Purpose
from tests.accounts import PASSWORD
from tests.console.door.way_in import WayIn

WRONG = "three red kettles sing"


def test_whoever_signs_in_gets_to_where_they_wanted(way_in: WayIn) -> None:
    way_in.add("Jo", "carer")
    browser = way_in.browser()
    sent = browser.get("/shift?for=w1")
    assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in?next=/shift%3Ffor%3Dw1")
    page = browser.get(sent.headers["location"])
    assert 'value="/shift?for=w1"' in page.text
    let_in = browser.post("/sign-in", name="jo", password=PASSWORD, next="/shift?for=w1")
    assert (let_in.status_code, let_in.headers["location"]) == (303, "/shift?for=w1")
    assert "You, Jo" in browser.get("/me").text
    assert way_in.entered("sign in") == 1


@pytest.mark.parametrize(
    "way", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", "/sign-in"]
)
def test_nobody_is_led_to_another_site(way_in: WayIn, way: str) -> None:
    way_in.add("Jo", "carer")
    let_in = way_in.browser().post("/sign-in", name="Jo", password=PASSWORD, next=way)
    assert let_in.headers["location"] == "/"


def test_the_page_says_how_many_alerts_are_open_and_never_whose(way_in: WayIn) -> None:
    assert "open." not in way_in.browser().get("/sign-in").text
    way_in.house.alert("w2")
    page = way_in.browser().get("/sign-in").text
    assert "3 people watched over." in page
    assert "1 alert open. Sign in to take it." in page
    assert way_in.browser().get("/sign-in/alerts").json() == {"watched": 3, "open": 1}
    for name in ("Aidan", "Bea", "Callum", "w1", "w2"):
        assert name not in page


def test_a_wrong_name_and_a_wrong_password_are_told_the_same(way_in: WayIn) -> None:
    way_in.add("Jo", "carer")
    said = []
    for name, password in (("Jo", "wrong"), ("Nobody", "wrong"), ("", "")):
        answer = way_in.browser().post("/sign-in", name=name, password=password)
        assert answer.status_code == 422
        assert not answer.cookies
        said.append(answer.text.replace(f'value="{name}"', ""))
    assert "Name and password do not match. 4 tries left." in said[0]
    assert said[0] == said[1]
    assert way_in.entered("sign in") == 3  # refused each time, and nobody's name
    assert "Nobody" not in str([entry.detail for entry in way_in.registry.audit_entries()])


def test_whoever_was_ended_and_whoever_chose_no_password_yet_are_not_let_in(way_in: WayIn) -> None:
    account = way_in.add("Jo", "carer")
    way_in.registry.add_account("Ida", by="test")
    way_in.registry.end_account(account, by="test")
    for name in ("Jo", "Ida"):
        assert way_in.browser().post("/sign-in", name=name, password=PASSWORD).status_code == 422


def test_whoever_guesses_waits_and_keeps_nobody_from_signing_in_on_a_tablet_of_the_house(way_in: WayIn) -> None:
    way_in.add("Jo", "carer")
    token, _ = way_in.registry.invite_tablet("home", name="Kitchen", shows_names=True, by="test")
    kitchen = way_in.browser()
    assert kitchen.post(f"/tablet/{token}").headers["location"] == "/"
    guesser = way_in.browser()
    for _ in range(FREE):
        guesser.post("/sign-in", name="Jo", password=WRONG)
    refused = guesser.post("/sign-in", name="Jo", password=PASSWORD)
    assert refused.status_code == 422
    assert "Too many tries. Please wait" in refused.text
    assert "Alerts can be taken meanwhile on every enrolled tablet." in refused.text
    assert kitchen.post("/sign-in", name="Jo", password=PASSWORD).status_code == 303
    way_in.house.now_s += 5
    assert guesser.post("/sign-in", name="Jo", password=PASSWORD).status_code == 303


def test_whoever_guesses_behind_the_same_router_keeps_nobody_from_signing_in_on_a_tablet(way_in: WayIn) -> None:
    """A whole house has one address where a router stands before the server: guesses from there count for all of it."""
    way_in.add("Jo", "carer")
    token, _ = way_in.registry.invite_tablet("home", name="Kitchen", shows_names=True, by="test")
    kitchen, guesser = way_in.browser(), way_in.browser()
    kitchen.post(f"/tablet/{token}")
    for i in range(FREE_ADDRESS):
        guesser.post("/sign-in", name=f"Nobody {i}", password=WRONG)
    assert "Too many tries" in guesser.post("/sign-in", name="Jo", password=PASSWORD).text
    assert kitchen.post("/sign-in", name="Jo", password=PASSWORD).status_code == 303


def test_guesses_on_a_tablet_are_bounded_too_and_stop_nobody_elsewhere(way_in: WayIn) -> None:
    way_in.add("Jo", "carer")
    token, _ = way_in.registry.invite_tablet("home", name="Kitchen", shows_names=True, by="test")
    kitchen = way_in.browser()
    kitchen.post(f"/tablet/{token}")
    for i in range(FREE_ADDRESS):
        kitchen.post("/sign-in", name=f"Nobody {i}", password=WRONG)
    assert "Too many tries" in kitchen.post("/sign-in", name="Jo", password=PASSWORD).text
    assert way_in.browser().post("/sign-in", name="Jo", password=PASSWORD).status_code == 303


def test_a_form_of_another_site_signs_nobody_in_or_out(way_in: WayIn) -> None:
    way_in.add("Jo", "carer")
    browser = way_in.browser()
    assert browser.post("/sign-in", comes_from="cross-site", name="Jo", password=PASSWORD).status_code == 403
    browser.post("/sign-in", name="Jo", password=PASSWORD)
    assert browser.post("/sign-out", comes_from="cross-site").status_code == 403
    assert browser.get("/me").status_code == 200


def test_signing_out_ends_the_session_whoever_kept_its_cookie(way_in: WayIn) -> None:
    way_in.add("Jo", "carer")
    browser, thief = way_in.browser(), way_in.browser()
    browser.post("/sign-in", name="Jo", password=PASSWORD)
    thief._client.cookies.update(dict(browser.cookies))
    assert thief.get("/me").status_code == 200
    assert browser.post("/sign-out").headers["location"] == "/sign-in"
    assert [each.get("/me").status_code for each in (browser, thief)] == [303, 303]
    assert browser.post("/sign-out").status_code == 303


def test_a_session_begins_anew_at_every_sign_in(way_in: WayIn) -> None:
    way_in.add("Jo", "carer")
    browser = way_in.browser()
    browser.post("/sign-in", name="Jo", password=PASSWORD)
    before = dict(browser.cookies)
    browser.post("/sign-in", name="Jo", password=PASSWORD)
    assert browser.cookies["forecalm"] != before["forecalm"]
    assert len(way_in.registry.sign_ins()) == 1


def test_cookies_are_for_this_host_and_this_site_and_no_script(way_in: WayIn, by_tls: WayIn) -> None:
    for each, name, secure in ((way_in, "forecalm", False), (by_tls, "__Host-forecalm", True)):
        if each.registry.account_named("Jo") is None:
            each.add("Jo", "carer")
        said = each.browser().post("/sign-in", name="Jo", password=PASSWORD).headers["set-cookie"]
        assert said.startswith(f"{name}=")
        assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(said.split("; "))
        assert ("Secure" in said.split("; ")) == secure
        assert "Domain" not in said
        assert "Max-Age" not in said


def test_a_registry_that_is_away_is_said_and_whoever_was_let_in_stays(way_in: WayIn) -> None:
    way_in.add("Jo", "carer")
    browser = way_in.browser()
    browser.post("/sign-in", name="Jo", password=PASSWORD)
    way_in.there.gone = True
    refused = way_in.browser().post("/sign-in", name="Jo", password=PASSWORD)
    assert refused.status_code == 503
    assert "Enrolled tablets, and whoever has signed in, go on as before." in refused.text
    assert browser.get("/strips").status_code == 200


def test_names_of_any_script_are_text_and_nothing_else(way_in: WayIn) -> None:
    name = "<b onclick=alert(1)>Zoë</b> שלום"
    way_in.add(name, "carer")
    browser = way_in.browser()
    wrong = browser.post("/sign-in", name=name, password=WRONG)
    assert "<b onclick" not in wrong.text
    assert browser.post("/sign-in", name=name, password=PASSWORD).status_code == 303
    page = browser.get("/me").text
    assert "<b onclick" not in page
    assert "Zoë" in page


@pytest.mark.parametrize("body", [b"\xff\xfe", b"name=%ff", b"x" * 20_000, b"name=" + b"%00" * 10 + b"&password=%00"])
def test_what_is_no_form_is_refused_in_words(way_in: WayIn, body: bytes) -> None:
    browser = way_in.browser()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = way_in._runner.run(browser._client.post("/sign-in", content=body, headers=headers))
    assert answer.status_code in (413, 422)
    assert "Traceback" not in answer.text


def test_a_link_that_signs_in_does_so_once_and_only_when_its_form_is_sent(way_in: WayIn) -> None:
    account = way_in.add("Robin", "carer")
    token, _ = way_in.registry.make_link(Purpose.SIGN_IN, account, by="test")
    browser = way_in.browser()
    for _ in range(2):
        assert "Open the board" in browser.get(f"/welcome/{token}").text
    assert browser.post(f"/welcome/{token}").headers["location"] == "/"
    assert "You, Robin" in browser.get("/me").text
    again = way_in.browser().get(f"/welcome/{token}")
    assert (again.status_code, "This link does not work" in again.text) == (410, True)
