"""Links that work once, one's own account, a second factor, and tablets of the house: on the pages that people see."""

import re

import pyotp
import pytest

from ingest.registry.accounts import Granted
from ingest.registry.accounts_links import LASTS_S, Purpose
from tests.accounts import PASSWORD
from tests.console.door.way_in import Browser, WayIn

OTHER = "a heron stands in rain"


@pytest.fixture
def jo(way_in: WayIn) -> Browser:
    """Jo, who has signed in."""
    way_in.add("Jo", "carer")
    browser = way_in.browser()
    browser.post("/sign-in", name="Jo", password=PASSWORD)
    return browser


def factor_of(browser: Browser) -> tuple[str, str]:
    """Begin a second factor; return its secret and what the form carries."""
    page = browser.post("/me/factor", password=PASSWORD, act="new").text
    secret = re.search(r'class="secret">([A-Z2-7 ]+)<', page)
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)
    assert secret
    assert sealed
    return secret[1].replace(" ", ""), sealed[1]


def test_the_first_link_makes_an_administrator_who_is_signed_in(way_in: WayIn) -> None:
    token, _ = way_in.registry.make_link(Purpose.SET_UP, by="test")
    browser = way_in.browser()
    assert "Who are you?" in browser.get(f"/welcome/{token}").text
    nameless = browser.post(f"/welcome/{token}", name=" ", password=PASSWORD)
    assert (nameless.status_code, "The name that carers know you by." in nameless.text) == (422, True)
    guessed = browser.post(f"/welcome/{token}", name="Helen", password="alderhouse-helen")  # noqa: S106 - refused
    assert (guessed.status_code, "among the first that are guessed" in guessed.text) == (422, True)
    assert 'value="Helen"' in guessed.text
    assert "alderhouse-helen" not in guessed.text
    assert browser.post(f"/welcome/{token}", name="Helen", password=PASSWORD).status_code == 303
    assert "administrator everywhere" in browser.get("/me").text
    assert browser.post(f"/welcome/{token}", name="Mallory", password=PASSWORD).status_code == 410
    assert [each.name for each in way_in.registry.accounts()] == ["Helen"]


def test_a_lost_password_is_chosen_anew_and_ends_what_was_open(way_in: WayIn, jo: Browser) -> None:
    account = way_in.registry.account_named("Jo")
    assert account is not None
    token, _ = way_in.registry.reset(account.id, by="test")
    browser = way_in.browser()
    assert browser.post(f"/welcome/{token}", password=OTHER).status_code == 303
    assert (jo.get("/me").status_code, browser.get("/me").status_code) == (303, 200)
    assert way_in.browser().post("/sign-in", name="Jo", password=PASSWORD).status_code == 422


def test_a_lost_password_is_no_way_round_a_second_factor(way_in: WayIn, jo: Browser) -> None:
    secret, sealed = factor_of(jo)
    jo.post("/me/factor/confirm", sealed=sealed, code=pyotp.TOTP(secret).at(way_in.house.now_s))
    account = way_in.registry.account_named("Jo")
    assert account is not None
    token, _ = way_in.registry.reset(account.id, by="test")
    browser = way_in.browser()
    assert browser.post(f"/welcome/{token}", password=OTHER).headers["location"] == "/sign-in"
    assert "forecalm" not in browser.cookies


def test_an_expired_link_is_refused_and_entered(way_in: WayIn) -> None:
    token, _ = way_in.registry.make_link(Purpose.SET_UP, by="test")
    way_in.house.now_s += LASTS_S[Purpose.SET_UP]
    for path in (f"/welcome/{token}", "/welcome/forged", f"/tablet/{token}"):
        assert way_in.browser().get(path).status_code == 410
        assert way_in.browser().post(path, name="Helen", password=PASSWORD).status_code == 410
    assert way_in.entered("one-time link") == 6


def test_another_password_takes_the_old_one_and_signs_out_everywhere_else(way_in: WayIn, jo: Browser) -> None:
    phone = way_in.browser()
    phone.post("/sign-in", name="Jo", password=PASSWORD)
    wrong = jo.post("/me/password", password=OTHER, new=OTHER)
    assert (wrong.status_code, "That is not your password." in wrong.text) == (422, True)
    assert "6 characters so far" in jo.post("/me/password", password=PASSWORD, new="kettle").text
    assert jo.post("/me/password", password=PASSWORD, new=OTHER).headers["location"] == "/me"
    assert (jo.get("/me").status_code, phone.get("/me").status_code) == (200, 303)


def test_one_ends_ones_own_sessions_and_nobody_elses(way_in: WayIn, jo: Browser) -> None:
    way_in.add("Ida", "carer")
    ida, phone = way_in.browser(), way_in.browser()
    ida.post("/sign-in", name="Ida", password=PASSWORD)
    phone.post("/sign-in", name="Jo", password=PASSWORD)
    page = jo.get("/me").text
    (mine,) = re.findall(r"/me/sessions/(\w+)/end", page)
    assert page.count("Chrome on Linux<") == 2
    assert ida.post(f"/me/sessions/{mine}/end").status_code == 404
    assert jo.post(f"/me/sessions/{mine}/end").status_code == 303
    assert [each.get("/me").status_code for each in (jo, phone, ida)] == [200, 303, 200]


def test_a_second_factor_is_asked_for_once_a_code(way_in: WayIn, jo: Browser) -> None:
    secret, sealed = factor_of(jo)
    app = pyotp.TOTP(secret)
    assert "not the code of now" in jo.post("/me/factor/confirm", sealed=sealed, code="000000").text
    shown = jo.post("/me/factor/confirm", sealed=sealed, code=app.at(way_in.house.now_s)).text
    codes = re.findall(r'class="secret">([A-Z2-7-]{19})<', shown)
    assert len(codes) == 10

    def tried(code: str) -> int:
        return way_in.browser().post("/sign-in", name="Jo", password=PASSWORD, code=code).status_code

    assert tried("") == 422
    assert tried(app.at(way_in.house.now_s)) == 422, "it was used to switch it on"
    way_in.house.now_s += 30
    assert [tried(app.at(way_in.house.now_s)) for _ in range(2)] == [303, 422]
    assert [tried(codes[0].lower()) for _ in range(2)] == [303, 422]
    assert jo.post("/me/factor", password=PASSWORD, act="end").status_code == 303
    assert tried("") == 303


def test_a_second_factor_that_somebody_else_began_is_not_switched_on(way_in: WayIn, jo: Browser) -> None:
    way_in.add("Ida", "carer")
    ida = way_in.browser()
    ida.post("/sign-in", name="Ida", password=PASSWORD)
    secret, sealed = factor_of(jo)
    code = pyotp.TOTP(secret).at(way_in.house.now_s)
    assert ida.post("/me/factor/confirm", sealed=sealed, code=code).headers["location"] == "/me/factor"
    way_in.house.now_s += 301  # an open session that somebody walks up to
    assert jo.post("/me/factor/confirm", sealed=sealed, code=code).headers["location"] == "/me/factor"
    found = way_in.registry.account_named("Ida")
    assert found is not None
    assert found.factor is None


def test_a_house_is_called_by_its_place_where_somebody_has_a_role_there(way_in: WayIn, jo: Browser) -> None:
    account = way_in.registry.account_named("Jo")
    assert account is not None
    way_in.registry.set_grants(account.id, [Granted("carer", "home"), Granted("support", "home")], by="test")
    way_in.keeper.look()
    assert "carer at Alder House, support at Alder House" in jo.get("/me").text
    assert "at home" not in jo.get("/me").text


def test_a_tablet_is_enrolled_by_the_code_that_somebody_shows_once(way_in: WayIn) -> None:
    way_in.add("Sam", "support")
    sam = way_in.browser()
    sam.post("/sign-in", name="Sam", password=PASSWORD)
    assert "Where it stands" in sam.post("/tablet", where="link").text
    page = sam.post("/tablet", name="Kitchen", site="home", names="yes", where="link").text
    assert 'aria-label="QR code that enrols the tablet"' not in page
    assert "Only this machine reaches this house." in page
    found = re.search(r"http://localhost(/tablet/[\w-]+)", page)
    assert found
    kitchen = way_in.browser()
    assert "Make this the tablet" in kitchen.get(found[1]).text
    assert kitchen.post(found[1]).headers["location"] == "/"
    assert kitchen.get("/strips").status_code == 200
    assert kitchen.get("/me").status_code == 403
    assert kitchen.post(found[1]).status_code == 410
    way_in.registry.revoke_tablet(way_in.registry.enrolled_tablets()[0].id, by="test")
    way_in.keeper.look()
    assert kitchen.get("/strips").status_code == 303


def test_the_code_that_a_tablet_reads_leads_to_where_the_house_is_served(way_in: WayIn) -> None:
    """Whoever enrols it sits at the server, whose own address leads nowhere elsewhere."""
    way_in.add("Sam", "support")
    sam = way_in.browser()
    sam.post("/sign-in", name="Sam", password=PASSWORD)
    way_in.reached = "https://board.alder.example/"
    page = sam.post("/tablet", name="Kitchen", site="home", names="yes", where="link").text
    assert 'aria-label="QR code that enrols the tablet"' in page
    assert "https://board.alder.example/tablet/" in page
    assert "localhost" not in page
    assert "Only this machine" not in page


def test_a_tablet_is_enrolled_by_signing_in_on_it_and_stays_when_signed_out(way_in: WayIn) -> None:
    way_in.add("Sam", "support")
    tablet = way_in.browser()
    tablet.post("/sign-in", name="Sam", password=PASSWORD)
    assert tablet.post("/tablet", name="Hall", site="home", where="here").status_code == 303
    assert tablet.post("/sign-out").headers["location"] == "/"
    assert tablet.get("/strips").status_code == 200
    assert "This is the tablet “Hall”" in tablet.get("/sign-in").text


@pytest.mark.parametrize("way", ["here", "link"])
def test_whoever_enrols_a_tablet_leaves_no_session_of_theirs_on_the_wall(way_in: WayIn, way: str) -> None:
    """It knew of no tablet, so that it would have lasted an hour for whoever comes by, and not a quarter of one."""
    way_in.add("Ada", "administrator")
    tablet = way_in.browser()
    tablet.post("/sign-in", name="Ada", password=PASSWORD)
    if way == "here":
        tablet.post("/tablet", name="Hall", site="home", where="here")
    else:
        token, _ = way_in.registry.invite_tablet("home", name="Hall", shows_names=True, by="test")
        tablet.post(f"/tablet/{token}")
    assert tablet.get("/strips").status_code == 200
    assert tablet.get("/me").status_code == 403
    assert way_in.registry.sign_ins() == []


def test_a_tablet_that_shows_the_board_stays_enrolled_for_good(way_in: WayIn) -> None:
    key, _ = way_in.registry.enrol_tablet("Kitchen", site="home", shows_names=True, by="test")
    way_in.keeper.look()
    kitchen, stranger = way_in.browser(), way_in.browser()
    kitchen._client.cookies.set("forecalm-tablet", key)
    stranger._client.cookies.set("forecalm-tablet", key[:-1])
    renewed = kitchen.get("/").headers["set-cookie"]
    assert renewed.startswith(f"forecalm-tablet={key}; HttpOnly; Max-Age=34560000; Path=/; SameSite=lax")
    assert "set-cookie" not in kitchen.get("/strips").headers
    assert "set-cookie" not in stranger.get("/").headers


def test_carers_enrol_no_tablets_and_nobody_does_at_a_site_that_is_not_theirs(way_in: WayIn, jo: Browser) -> None:
    assert jo.get("/tablet").status_code == 403
    way_in.add("Sam", "support")
    sam = way_in.browser()
    sam.post("/sign-in", name="Sam", password=PASSWORD)
    assert sam.post("/tablet", name="Kitchen", site="nowhere", where="here").status_code == 422
    assert way_in.registry.enrolled_tablets() == []
