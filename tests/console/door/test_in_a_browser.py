"""The way in, in Chromium: a link signs in by itself, open alerts are counted, a password can be looked at."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from ingest.registry.accounts_links import Purpose
from tests.accounts import PASSWORD
from tests.console.door.way_in import WayIn
from tests.console.house import House, Serve


class Served(House):
    """The house of a way in, served."""

    def __init__(self, way_in: WayIn) -> None:
        super().__init__()
        self._way_in = way_in

    def app(self) -> FastAPI:
        return self._way_in.app


@pytest.fixture
def address(way_in: WayIn) -> Iterator[str]:
    serve = Serve()
    yield serve(Served(way_in))
    serve.end_all()


def test_somebody_signs_in_with_what_they_see(way_in: WayIn, address: str, browser: Chromium) -> None:
    way_in.add("Jo", "carer")
    page = browser.new_page()
    page.goto(f"{address}me")
    expect(page.locator("#open")).to_have_text("")
    way_in.house.alert("w2")
    expect(page.locator("#open")).to_have_text("1 alert open.")
    expect(page.locator(".door")).to_have_attribute("data-alerts", "1")
    page.get_by_label("Name").fill("Jo")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_label("Password")).to_have_attribute("type", "text")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You, Jo")
    page.close()


def test_a_link_that_signs_in_does_so_by_itself(way_in: WayIn, address: str, browser: Chromium) -> None:
    token, _ = way_in.registry.make_link(Purpose.SIGN_IN, way_in.add("Robin", "carer"), by="test")
    page = browser.new_page()
    page.goto(f"{address}welcome/{token}")
    page.wait_for_url(address)
    page.goto(f"{address}me")
    expect(page.get_by_role("heading", level=1)).to_have_text("You, Robin")
    page.close()
