"""A report in a real browser: it asks for nothing, draws every chart, and fits a laptop, a tablet and a phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from forecalm.commands.reporting import tokens
from models.reports import card
from models.reports.card import Known
from models.reports.evidence import read
from models.reports.report import report
from tests.browsers import launched
from tests.models.reports.conftest import Files
from tests.models.reports.test_card import DIGEST, manifest

pytestmark = pytest.mark.service

SIZES = [(1280, 800), (800, 1280), (390, 844)]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with launched(chromium) as browser:
        yield browser


@pytest.fixture(scope="module")
def page(of_forecasts: Files, of_nasty_names: Files, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    evidences = [read(files, origin="x") for files in (of_forecasts, of_nasty_names)]
    path.write_bytes(report(evidences, tokens=tokens()))
    return path


def test_a_report_asks_for_nothing_draws_everything_and_fits_every_screen(browser: Browser, page: Path) -> None:
    shown = browser.new_page()
    said: list[str] = []
    asked: list[str] = []
    shown.on("console", lambda message: said.append(message.text))
    shown.on("pageerror", lambda error: said.append(str(error)))
    shown.on("request", lambda request: asked.append(request.url))
    shown.goto(page.as_uri())
    shown.wait_for_selector("html[data-drawn]")
    places = shown.locator("[data-chart]").count()
    assert places > 10
    assert shown.locator("[data-chart] .main-svg").count() >= places
    for width, height in SIZES:
        shown.set_viewport_size({"width": width, "height": height})
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
    assert said == []
    assert asked == [page.as_uri()]
    shown.close()


def test_charts_wear_the_night_and_the_paper(browser: Browser, page: Path) -> None:
    context = browser.new_context(color_scheme="dark")
    shown = context.new_page()
    shown.goto(page.as_uri())
    shown.wait_for_selector("html[data-drawn]")
    drawn = shown.locator("[data-chart] .main-svg").first
    expect(drawn).to_have_css("background-color", "rgb(26, 23, 18)")
    shown.emulate_media(media="print")
    expect(drawn).to_have_css("background-color", "rgb(255, 255, 255)")
    context.close()


def test_a_card_fits_a_phone(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "card.html"
    path.write_bytes(card.page(Known(manifest=manifest(), digest=DIGEST), tokens=tokens()))
    shown = browser.new_page(viewport={"width": 390, "height": 844})
    shown.goto(path.as_uri())
    assert shown.evaluate("document.documentElement.scrollWidth") <= 390
    shown.close()
