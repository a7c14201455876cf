"""Every page of the table of routes in Chromium, three sizes, by day and by night: what axe finds, what sticks out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browsers import PATIENT_MS
from tests.console.tablets import LISTEN
from tests.console.visits import LOOKS, NOT_REACHED, PAGES, WIDE, Visit
from tests.console.whole import WHO, visits_of, whole_house

pytestmark = pytest.mark.long

LAW: Final = "Research use only \N{EN DASH} not a medical device"
TOUCH_PX: Final = 44
"""WCAG 2.5.5; what stands in a sentence may be smaller."""

TOUCHED: Final = (
    "button, .btn, summary, .choice, select, textarea, input:not([type=checkbox], [type=radio], [type=hidden])"
)
SMALL: Final = """([touched, least]) => [...document.querySelectorAll(touched)]
  .filter((it) => it.checkVisibility({ checkOpacity: true }) && !it.closest(".vh, .skip, [inert]"))
  .map((it) => [it, it.getBoundingClientRect()])
  .filter(([it, { width, height }]) => width && height < least)
  .map(([it, { height }]) => `${it.outerHTML.slice(0, 120)}: ${Math.round(height)} px`)"""
WIDER: Final = """() => document.documentElement.scrollWidth <= innerWidth ? []
  : [...document.querySelectorAll("body *")].filter((it) => it.getBoundingClientRect().right > innerWidth + 1)
    .slice(-3).map((it) => it.outerHTML.slice(0, 120))"""


@dataclass(frozen=True, slots=True)
class House:
    """What one may visit, and what is served."""

    visits: list[Visit]
    paths: set[str]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with whole_house(tmp_path_factory.mktemp("house")) as (service, opened):
        yield House(visits_of(service, opened), {getattr(route, "path", "") for route in opened.app.routes})


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(PATIENT_MS)
    context.add_init_script(LISTEN)
    yield context
    context.close()


def test_there_is_a_way_to_every_page(house: House) -> None:
    ways = {visit.path for visit in house.visits}
    lost = sorted(set(PAGES) & house.paths - ways - set(NOT_REACHED))
    assert not lost, f"say in tests/console/visits.py how one gets to {lost}"


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_accessible(path: str, house: House, context: BrowserContext) -> None:
    """It says what it is, and that it is for research; axe finds nothing, its best practices included; nothing sticks
    out at the side, at 200 % and 400 % neither (WCAG 1.4.4, 1.4.10: 640 and 320 px of 1280); fingers hit what they aim
    at."""
    for visit, page in opened(path, house, context):
        assert page.locator(f".law:has-text('{LAW}'):visible").count(), f"{visit.address}: the line of law"
        assert re.fullmatch(r".+ · Forecalm|Forecalm", page.title()), f"{visit.address}: {page.title()!r}"
        assert page.locator("h1:visible").count() == 1, f"{visit.address}: one heading says what the page is"
        for (width, height), theme in LOOKS:
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=theme)
            where = f"{visit.address} at {width} x {height} by {theme}"
            assert found(page) == [], where
            assert page.evaluate(WIDER) == [], where
            assert page.evaluate(SMALL, [TOUCHED, TOUCH_PX]) == [], where
        for width, height in ((WIDE[0] // 2, WIDE[1] // 2), (WIDE[0] // 4, WIDE[1] // 4)):
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate(WIDER) == [], f"{visit.address} at {width} px"
        assert page.evaluate("window.forbidden") == [], f"{visit.address}: its policy forbids some of it"


def opened(path: str, house: House, context: BrowserContext) -> Iterator[tuple[Visit, Page]]:
    """Yield every visit to ``path`` that is to a page, with the page."""
    if path not in house.paths:
        pytest.skip("nothing stands behind it in this house")
    for visit in (visit for visit in house.visits if visit.path == path):
        context.clear_cookies()
        if visit.who:
            context.add_cookies([{"name": WHO, "value": visit.who, "url": visit.address}])
        page = context.new_page()
        answer = page.goto(visit.address)
        assert answer is not None
        assert answer.status == 200, f"{visit.address}: {answer.status}"
        if answer.headers.get("content-type", "").startswith("text/html") and "<html" in answer.text():
            yield visit, page
        page.close()


def found(page: Page) -> list[str]:
    """Return what axe finds."""
    nodes = [(it["id"], node) for it in Axe().run(page).response["violations"] for node in it["nodes"]]
    return [f"{name}: {node['html'][:160]} ({node['failureSummary'][-120:]})" for name, node in nodes]
