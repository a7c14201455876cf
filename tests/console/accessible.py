"""A path of the table of routes in; every page there opened in Chromium, three sizes, by day and by night, and nothing
found by axe, nor sticking out, nor too small to hit."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browsers import PATIENT_MS
from tests.console.tablets import LISTEN
from tests.console.visits import LOOKS, WIDE, Theme, Visit
from tests.console.whole import WHO, visits_of, whole_house

AXE: Final = Axe().axe_script
FINDINGS: Final = "axe.run({ resultTypes: ['violations'] }).then((it) => it.violations)"
LAW: Final = "Research use only \N{EN DASH} not a medical device"
FORGET: Final = "if (location.protocol !== 'about:') localStorage.clear();"
"""Nothing that a page kept is there for the next."""

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


@contextmanager
def opened_house(folder: Path) -> Iterator[House]:
    """Yield what one may visit of a whole house that stands in ``folder``."""
    with whole_house(folder) as (service, opened):
        yield House(visits_of(service, opened), {getattr(route, "path", "") for route in opened.app.routes})


@contextmanager
def opened_tablet(browser: Browser) -> Iterator[Page]:
    """Yield a page to make all visits in: one opened anew for each costs more than what is looked at in it."""
    context = browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(PATIENT_MS)
    context.add_init_script(LISTEN + FORGET)
    yield context.new_page()
    context.close()


def check(path: str, house: House, page: Page) -> None:
    """Judge every page at ``path``."""
    for _ in _opened(path, house, page):
        judge(page)


def judge(page: Page) -> None:
    """Fail where a page does not say what it is, or that it is for research; where axe finds anything, its best
    practices included; where something sticks out at the side, at 200 % and 400 % too (WCAG 1.4.4, 1.4.10: 640 and 320
    px of 1280); where fingers would not hit what they aim at."""
    assert page.locator(f".law:has-text('{LAW}'):visible").count(), f"{page.url}: the line of law"
    assert re.fullmatch(r".+ · Forecalm|Forecalm", page.title()), f"{page.url}: {page.title()!r}"
    assert page.locator("h1:visible").count() == 1, f"{page.url}: one heading says what the page is"
    for look in LOOKS:
        _look(page, *look)
        where = f"{page.url} at {look}"
        assert _found(page) == [], where
        assert page.evaluate(WIDER) == [], where
        assert page.evaluate(SMALL, [TOUCHED, TOUCH_PX]) == [], where
    for width, height in ((WIDE[0] // 2, WIDE[1] // 2), (WIDE[0] // 4, WIDE[1] // 4)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(WIDER) == [], f"{page.url} at {width} px"
    assert page.evaluate("window.forbidden") == [], f"{page.url}: its policy forbids some of it"


def _look(page: Page, size: tuple[int, int], theme: Theme) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=theme)


def _opened(path: str, house: House, page: Page) -> Iterator[Visit]:
    """Yield every visit to ``path`` that is to a page, with ``page`` there, as whoever was nowhere before finds it."""
    if path not in house.paths:
        pytest.skip("nothing stands behind it in this house")
    for visit in (visit for visit in house.visits if visit.path == path):
        page.context.clear_cookies()
        if visit.who:
            page.context.add_cookies([{"name": WHO, "value": visit.who, "url": visit.address}])
        _look(page, *LOOKS[0])
        answer = page.goto(visit.address)
        assert answer is not None
        assert answer.status == 200, f"{visit.address}: {answer.status}"
        if answer.headers.get("content-type", "").startswith("text/html") and "<html" in answer.text():
            yield visit


def _found(page: Page) -> list[str]:
    """Return what axe finds; it is a large script, and is given to each page once."""
    if page.evaluate("!window.axe"):
        page.evaluate(AXE)
    nodes = [(it["id"], node) for it in page.evaluate(FINDINGS) for node in it["nodes"]]
    return [f"{name}: {node['html'][:160]} ({node['failureSummary'][-120:]})" for name, node in nodes]
