"""The name of whoever needs somebody stands whole, at every size of a screen."""

import pytest
from playwright.sync_api import Browser, expect

from tests.console.house import NAMES, House, Serve

pytestmark = [pytest.mark.service, pytest.mark.long]

SIZES = ((1280, 800), (800, 1280), (390, 844))
LINES = """(name) => {
  const range = document.createRange();
  range.selectNodeContents(name);
  return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size;
}"""


@pytest.mark.parametrize("name", ["Gregory", "Christopher", "Wilhelmina"])
def test_a_name_is_not_broken(name: str, serve: Serve, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NAMES, "w2", name)
    house = House()
    alert_id = house.alert("w2")
    address = serve(house)
    page = browser.new_page(reduced_motion="reduce")
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.goto(address)
        expect(page.locator("#live")).to_have_text("Live")
        assert page.locator("[data-wearer=w2] .name").evaluate(LINES) == 1
        page.goto(f"{address}alerts/{alert_id}")
        assert page.locator(".urgent-name h2").evaluate(LINES) == 1
    page.context.close()
