"""Administrators' pages in a real browser: with a script and without one, at three sizes."""

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from console.serve import run
from tests.console.administration.office import PASSWORD, RULES, Rooms
from tests.servers import LONG_S

SIZES = ((1280, 800), (800, 1280), (390, 844))


@pytest.fixture
def address(rooms: Rooms) -> Iterator[str]:
    ready, stop, at = threading.Event(), threading.Event(), []

    def tell(where: str) -> None:
        at.append(where.rstrip("/"))
        ready.set()

    arguments = {"hub": rooms.house.hub, "host": "127.0.0.1", "port": 0, "stop": stop, "ready": tell}
    thread = threading.Thread(target=run, args=(rooms.app,), kwargs=arguments)
    thread.start()
    assert ready.wait(LONG_S)
    yield at[0]
    stop.set()
    thread.join(LONG_S)


@pytest.fixture(params=[True, False], ids=["with a script", "without a script"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=request.param, viewport={"width": 800, "height": 1280})
    yield context.new_page()
    context.close()


def test_a_chain_is_changed_shown_and_holds(rooms: Rooms, address: str, page: Page) -> None:
    rooms.registry.set_alerting_rules("home", RULES, because="first", by="Helen")
    page.goto(f"{address}/admin/chain")
    page.get_by_role("button", name="Add a step to: An alert").click()
    step = page.get_by_role("group", name="Step 3")
    step.get_by_label("After").fill("soon")
    step.get_by_label("Who").select_option("Sam")
    step.get_by_label("By").select_option("mail")
    page.get_by_role("button", name="Show what that would mean").click()
    expect(page.locator("#e-a2-after")).to_contain_text("number of seconds")
    page.get_by_role("group", name="Step 3").get_by_label("After").fill("120")
    page.get_by_role("button", name="Show what that would mean").click()
    expect(page.get_by_text("02:02:00", exact=True).first).to_be_visible()
    expect(page.get_by_text("Sam by mail.", exact=True).first).to_be_visible()
    assert len(rooms.registry.alerting_rules_history("home")) == 1
    page.get_by_label("Why").fill("Sam reads mail at night")
    page.get_by_role("button", name="Let them hold").click()
    expect(page.locator("#said")).to_contain_text("hold within seconds")
    assert rooms.registry.alerting_rules_history("home")[-1].because == "Sam reads mail at night"
    page.get_by_role("link", name="History").click()
    expect(page.get_by_text("Sam reads mail at night")).to_be_visible()


def test_somebody_is_invited_and_somebody_is_erased(rooms: Rooms, address: str, page: Page) -> None:
    rooms.reached = "https://board.alder.example/"
    page.goto(f"{address}/admin")
    page.get_by_role("link", name="Invite somebody").click()
    page.get_by_label("Name", exact=True).fill("Ivy")
    page.get_by_label("Administrator: says who signs in").first.check(force=True)
    page.get_by_role("button", name="Make an invitation").click()
    expect(page.locator("output.secret")).to_contain_text("https://board.alder.example/welcome/")
    expect(page.locator("svg.qr")).to_be_visible()
    page.goto(f"{address}/admin/people/w1")
    page.get_by_role("link", name="Erase Aidan…").click()
    expect(page.get_by_text("1,200: band-01")).to_be_visible()
    page.get_by_label("Type the pseudonym: w1").fill("w1")
    page.get_by_label("Your password, again").fill("something else")
    page.get_by_role("button", name="Erase Aidan").click()
    expect(page.locator("#e-password")).to_contain_text("not your password")
    expect(page.get_by_label("Type the pseudonym: w1")).to_have_value("w1")
    page.get_by_label("Your password, again").fill(PASSWORD)
    page.get_by_role("button", name="Erase Aidan").click()
    expect(page.get_by_text("The service ends, erases, and begins again").first).to_be_visible()
    assert rooms.office.erasing.wanted == [("w1", "Helen")]


def test_nothing_is_wider_than_the_screen_and_nothing_is_forbidden(
    rooms: Rooms, address: str, browser: Browser
) -> None:
    rooms.registry.set_alerting_rules("home", RULES, because="first", by="Helen")
    wrong: list[str] = []
    page = browser.new_page()
    page.on("console", lambda said: wrong.append(said.text))
    for path in ("", "/people", "/people/w1", "/chain", "/channels", "/accounts", "/audit", "/consents", "/sites"):
        page.goto(f"{address}/admin{path}")
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                wrong.append(f"{path} is wider than {width}")
    page.context.close()
    assert wrong == []
