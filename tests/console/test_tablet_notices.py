"""Real tablets (Chromium) before a real server: what is no alert, how old a page is, and what nobody said."""

import threading
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from alerts.delivery.matter import Kind
from alerts.outcomes.times import ENTERED_AFTER_S
from alerts.protection.cover import Cover, Level, Link
from console.around import HELD_S
from console.care import Outside
from console.hub import Hub
from tests.console.caring import Caring
from tests.console.house import House, Serve
from tests.console.tablets import WORKER, Tablet, eventually, knows

pytestmark = [pytest.mark.service, pytest.mark.long]


def test_what_is_no_alert_is_taken_by_name_at_one_tablet_and_every_tablet_says_who_has_it(
    house: House, caring: Caring, browser: Browser, tablet: Tablet, tablets: list[Tablet]
) -> None:
    tablets.append(Tablet(browser, tablet.page.url))
    other = tablets[1].live()
    knows(tablet.page, "Jo")
    caring.telling.open("alone-w1", "", house.now_s, kind=Kind.OPEN_LONG, words="An alert has been open for hours")
    caring.telling.open("cover-w3", "w3", house.now_s, kind=Kind.PROTECTION, words="Callum is not protected.")
    caring.rest.now["w3"] = Cover(
        wearer="w3", level=Level.NOT, since_s=house.now_s - 60, link=Link.GATEWAY, why="The gateway is silent"
    )
    house.now_s += 1
    strip = tablet.page.locator("#notices .strip")
    strip.get_by_role("button", name="I\u2019m seeing to it").click()
    eventually(tablet.page, lambda: caring.telling.all["alone-w1"].ended_by == "Jo")
    tablet.page.clock.fast_forward(1000)
    tablet.row("w3").get_by_role("button", name="I\u2019m seeing to it").click()
    eventually(tablet.page, lambda: caring.telling.all["cover-w3"].ended_by == "Jo")
    house.now_s += 1
    for each in tablets:
        expect(each.page.locator("#notices .strip .seen-to")).to_have_text("Jo is seeing to it, since 14:32.")
        expect(each.row("w3").locator(".why")).to_have_text(
            "Look in. The gateway is silent. Jo is seeing to it, since 14:32."
        )
        expect(each.page.get_by_role("button", name="I\u2019m seeing to it")).to_have_count(0)
    expect(other.row("w3")).to_have_attribute("data-sounds", "")
    house.now_s += HELD_S
    expect(tablet.page.locator("#notices .strip")).to_have_count(0)


def test_a_board_of_another_version_than_its_server_asks_to_be_loaded_anew_and_waits_for_a_tap(
    house: House, serve: Serve, tablet: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed = tablet.page.locator("#renewed")
    expect(renewed).to_be_hidden()
    address = urlsplit(tablet.page.url)
    tablet.page.evaluate(WORKER)
    serve.end(house)
    monkeypatch.setattr("console.app.version", lambda: "a newer one")
    house.stop, house.hub = threading.Event(), Hub()
    serve(house, port=address.port or 0)
    tablet.page.clock.fast_forward(6000)
    expect(renewed).to_contain_text("This board has been renewed")
    renewed.get_by_role("button", name="Load it anew").click()
    expect(tablet.page.locator("#watching")).to_have_attribute("data-version", "a newer one")
    tablet.live()
    expect(renewed).to_be_hidden()


def test_a_house_that_tells_nobody_outside_says_so_beside_the_shift_and_says_how_to_mend_it(
    house: House, caring: Caring, tablet: Tablet
) -> None:
    said = tablet.page.locator("#indoors")
    expect(said).to_be_hidden()
    caring.rest.outside = Outside(contacts=(), devices=())
    house.now_s += 1
    expect(said).to_have_text("Nobody outside is told.")
    said.click()
    expect(tablet.page.locator("#sheet")).to_contain_text("Messages when the page is closed")


def test_two_taps_on_what_no_alert_told_of_teach_no_time_that_nobody_gave(
    house: House, caring: Caring, tablet: Tablet
) -> None:
    knows(tablet.page, "Jo")
    tablet.page.get_by_role("link", name="No alert came?").click()
    sheet = tablet.page.locator("#sheet")
    sheet.get_by_role("link", name="Callum").click()
    expect(sheet.locator("input[name=began]")).to_have_count(4)
    expect(sheet.locator("input[name=began]:checked")).to_have_count(0)
    sheet.get_by_label("Incident", exact=True).check()
    sheet.get_by_role("button", name="Time alone").click()
    expect(sheet).to_be_hidden()
    told = caring.outcomes.of("w3")[-1]
    assert (told.began_s, told.uncertainty_s) == (house.now_s - ENTERED_AFTER_S, ENTERED_AFTER_S)
    order = "[...document.querySelectorAll('#what, [name=began], [name=helped]')].map((it) => it.id.slice(0, 5))"
    tablet.page.goto(f"{tablet.page.url}wearers/w3/outcome")
    assert [it or "helped" for it in tablet.page.evaluate(order)][:6] == ["what", *["began"] * 4, "helped"]
