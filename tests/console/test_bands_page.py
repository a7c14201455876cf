"""The page of bands in Chromium: it keeps itself fresh, fits every screen, and says when it is old."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from console.standing import ModelsAt
from ingest.bands import ConsentDue, Waiting
from ingest.intake.counts import HeldBack
from ingest.registry.consents import Scope
from ingest.store.protocol import Refusal
from tests.browsers import PATIENT_MS
from tests.console.house import NOW_S, House, Serve
from tests.console.office import Office, band

pytestmark = [pytest.mark.service, pytest.mark.long]

SIZES = [(1280, 800), (800, 1280), (390, 844)]
SHARE = 0.15  # of a screen's height, at most, for what is no alert
OVERFLOWS = """() => [document.documentElement, ...document.querySelectorAll("main, .strips")]
  .filter((it) => it.scrollWidth > it.clientWidth).map((it) => it.tagName)"""


@pytest.fixture
def office(house: House) -> Office:
    house.staff = made = Office()
    return made


class Screen:
    """The page of bands on a screen, and everything that went wrong on it."""

    def __init__(self, browser: Browser, address: str, **options: object) -> None:
        self.context = browser.new_context(reduced_motion="reduce", **options)  # type: ignore[arg-type]
        self.context.set_default_timeout(PATIENT_MS)
        self.page: Page = self.context.new_page()
        self.wrong: list[str] = []
        self.page.on("request", lambda it: urlsplit(it.url).hostname == "127.0.0.1" or self.wrong.append(it.url))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda it: it.type == "error" and self.wrong.append(it.text))
        self.page.clock.install()
        self.page.goto(f"{address}bands")


def test_the_page_keeps_itself_fresh_and_stays_where_it_was_scrolled_to(
    house: House, serve: Serve, office: Office, browser: Browser
) -> None:
    office.change(bands=tuple(band(f"band-{number:02}") for number in range(40)))
    screen = Screen(browser, serve(house), viewport={"width": 1280, "height": 800})
    page = screen.page
    expect(page.locator("#live")).to_have_text("Live")
    page.evaluate("scrollTo(0, 700)")
    office.change(held_back=HeldBack(60.0, "the disk is full"))
    house.alert("w2")
    page.clock.fast_forward(5100)
    expect(page.get_by_text("Nothing has been stored since 14:31")).to_be_visible()
    expect(page.locator(".strips").get_by_text("Bea may need you now")).to_be_visible()
    assert page.evaluate("scrollY") >= 700, "it stays, and no strip above pushes away what is read"
    assert screen.wrong == []
    screen.context.close()


def test_a_page_whose_server_is_lost_says_how_old_it_is_and_lives_again_by_itself(
    house: House, serve: Serve, office: Office, browser: Browser
) -> None:
    address = serve(house)
    screen = Screen(browser, address)
    expect(screen.page.locator("#live")).to_have_text("Live")
    serve.end(house)
    screen.page.clock.fast_forward(16_000)
    expect(screen.page.locator("#live")).to_contain_text(re.compile(r"Heard \d\d+ s ago"))
    expect(screen.page.locator("#live")).to_have_attribute("data-live", "behind")
    back = House()
    back.staff = office
    serve(back, port=urlsplit(address).port or 0)
    screen.page.clock.fast_forward(5100)
    expect(screen.page.locator("#live")).to_have_text("Live")
    screen.context.close()


@pytest.mark.parametrize("size", SIZES)
def test_everything_fits_every_screen_however_long_its_words(
    house: House, serve: Serve, office: Office, browser: Browser, size: tuple[int, int]
) -> None:
    long = "x" * 64
    office.change(
        bands=(band(long, None, waiting=Waiting(NOW_S, NOW_S + 60)), band("band-02", long)),
        held_back=HeldBack(60.0, f"/{long}/{long}: the disk is full"),
        refusals=(Refusal(f"forecalm/v1/{long}/band/{long}/data", f"{long} {long}", NOW_S, b"", None),),
        consents=(ConsentDue(long, Scope.CARE, False, NOW_S + 60),),
        faults=(long * 3,),
    )
    house.models = ModelsAt(chosen=long, shadow=long, faults=(f"model {long!r}: {long}",), shifted=(long,) * 6)
    house.alert("w2")
    screen = Screen(browser, serve(house), viewport={"width": size[0], "height": size[1]})
    assert screen.page.evaluate(OVERFLOWS) == []
    assert screen.wrong == []
    screen.context.close()


@pytest.mark.parametrize("size", SIZES)
def test_the_board_says_in_one_line_that_another_model_watches_and_staff_see_why(
    house: House, serve: Serve, office: Office, browser: Browser, size: tuple[int, int]
) -> None:
    address = serve(house)
    screen = Screen(browser, address, viewport={"width": size[0], "height": size[1]})
    screen.page.goto(address)
    line = screen.page.get_by_role("region", name="Standby detector")
    expect(line).to_be_hidden()
    house.models = ModelsAt(chosen="calm-2", faults=("model 'calm-2': model.skops is not as it was written",))
    expect(line).to_be_visible()
    expect(line).to_contain_text("Watching with the standby detector Model calm-2 cannot be used: tell support.")
    assert line.evaluate("it => it.offsetHeight") <= SHARE * size[1]
    assert screen.page.evaluate(OVERFLOWS) == []
    screen.page.goto(f"{address}bands")
    expect(screen.page.get_by_text("model.skops is not as it was written")).to_be_visible()
    assert screen.page.evaluate(OVERFLOWS) == []
    assert screen.wrong == []
    screen.context.close()


def test_without_a_script_the_page_says_everything_and_leads_back_to_the_board(
    house: House, serve: Serve, office: Office, browser: Browser
) -> None:
    office.change(bands=(band("band-07", None, waiting=Waiting(NOW_S, NOW_S + 60)),))
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    address = serve(house)
    page.goto(address)
    page.get_by_role("link", name="Bands", exact=True).first.click()
    expect(page.get_by_role("heading", name="band-07")).to_be_visible()
    page.get_by_role("link", name="Board", exact=True).click()
    expect(page).to_have_url(address)
    context.close()
