"""Real tablets (Chromium) before a real server: what a carer sees, hears and taps. Every page is watched for anything
that it loads from outside, that its policy forbids, or that it complains of."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from alerts.views import Blind, Sight
from console.rows import LOW_BATTERY_PCT, UNSTORED
from ingest.intake.counts import HeldBack
from tests.console.house import House, Serve
from tests.console.office import Office
from tests.console.tablets import ALERT, LOST, TAKEN, Tablet

pytestmark = [pytest.mark.service, pytest.mark.long]


@pytest.fixture
def tablets(browser: Browser) -> Iterator[list[Tablet]]:
    """A list to put tablets in; at the end nothing may have gone wrong on them."""
    tablets: list[Tablet] = []
    yield tablets
    for tablet in tablets:
        assert tablet.page.evaluate("window.forbidden") == []
        assert tablet.outside == []
        assert tablet.complaints == []
        tablet.context.close()


@pytest.fixture
def tablet(house: House, serve: Serve, browser: Browser, tablets: list[Tablet]) -> Tablet:
    house.staff = Office()
    tablets.append(Tablet(browser, serve(house)))
    return tablets[0].live()


def test_an_alert_appears_by_itself_and_sounds_until_it_is_taken(house: House, tablet: Tablet) -> None:
    tablet.sounding().still()
    house.alert("w2", "Sweat rising for 6 min.")
    expect(tablet.row("w2").locator(".lead")).to_have_text("may need you now")
    expect(tablet.page.locator("#say-alert")).to_have_text("Bea may need you now. Sweat rising for 6 min.")
    expect(tablet.page).to_have_title("Board: 1 alert · Forecalm")
    tablet.hears(ALERT)
    tablet.page.clock.fast_forward(4100)
    tablet.hears(ALERT + ALERT)
    house.acknowledge("w2-1", by="Sam", at_s=house.now_s)
    expect(tablet.row("w2").locator(".word")).to_have_text("Sam has it since 14:32")
    tablet.hears(TAKEN)
    tablet.page.clock.fast_forward(4100)
    assert tablet.heard() == ALERT + ALERT + TAKEN


def test_an_alert_sounds_at_once_while_another_one_rings(house: House, tablet: Tablet) -> None:
    tablet.sounding().still()
    house.alert("w2")
    tablet.hears(ALERT)
    house.alert("w1")
    expect(tablet.row("w1").locator(".lead")).to_have_text("may need you now")
    tablet.page.clock.run_for(500)  # far from the next time that the first of them rings by itself
    assert tablet.heard() == ALERT + ALERT
    tablet.page.clock.run_for(4000)
    assert tablet.heard() == ALERT + ALERT + ALERT


def test_two_taps_take_an_alert_and_every_tablet_says_whose_it_is(
    house: House, browser: Browser, tablet: Tablet, tablets: list[Tablet]
) -> None:
    tablets.append(Tablet(browser, tablet.page.url))
    other = tablets[1].live()
    tablet.still()
    house.alert("w2")
    expect(tablet.row("w2").locator(".take")).to_be_visible()
    tablet.page.clock.fast_forward(1000)
    tablet.row("w2").locator(".take").click()
    tablet.page.get_by_role("button", name="Maryam").click()
    expect(other.row("w2").locator(".has")).to_have_text("Maryam has it")
    expect(tablet.row("w2").locator(".has")).to_have_text("Maryam has it")
    expect(tablet.page.locator("#say-status")).to_have_text("You have Bea, Maryam.")


def test_a_tablet_that_knows_its_name_takes_with_one_tap_and_can_be_told_another(house: House, tablet: Tablet) -> None:
    tablet.page.click("#tablet")
    tablet.page.get_by_role("button", name="Jo").click()
    expect(tablet.page.locator("#tablet")).to_have_text("This tablet: Jo")
    house.alert("w1")
    house.alert("w3")
    expect(tablet.row("w1").locator(".take")).to_have_text("I\u2019m on itas Jo")
    expect(tablet.page.get_by_role("button", name="Not Jo?")).to_have_count(2)
    tablet.page.clock.fast_forward(1000)
    tablet.row("w1").locator(".take").click()
    expect(tablet.row("w1").locator(".has")).to_have_text("Jo has it")
    tablet.page.clock.fast_forward(1000)
    tablet.row("w3").get_by_role("button", name="Not Jo?").click()
    tablet.page.get_by_label("Somebody else").fill("maryam")
    tablet.page.keyboard.press("Enter")
    expect(tablet.row("w3").locator(".has")).to_have_text("Maryam has it")
    assert [view.alert.acknowledged_by for view in house.views() if view.alert] == ["Jo", "Maryam"]


def test_a_tap_just_after_the_rows_moved_takes_nobody(house: House, tablet: Tablet) -> None:
    tablet.still()
    house.alert("w1")
    expect(tablet.row("w1").locator(".take")).to_be_visible()
    tablet.row("w1").locator(".take").click()
    expect(tablet.row("w1").locator(".note")).to_have_text("The rows moved just now. Please tap again.")
    expect(tablet.page.locator("#picker")).to_be_hidden()


def test_the_button_under_a_finger_is_never_replaced_and_focus_stays(house: House, tablet: Tablet) -> None:
    house.alert("w2")
    button = tablet.row("w2").locator(".take")
    expect(button).to_be_visible()  # what is hidden until the alert comes takes no focus
    button.focus()
    expect(button).to_be_focused()
    button.evaluate("it => it.dataset.mine = 'yes'")
    for percent in (LOW_BATTERY_PCT, 50):
        house.show("w2", battery_pct=percent, trend=(None, 0.5) * 45)
        expect(tablet.row("w2").locator(".battery")).to_have_text(f"Battery {percent} %")
    assert tablet.page.evaluate("document.activeElement.dataset.mine") == "yes"


def test_an_alert_that_loses_its_signal_stays_an_alert_and_says_so(house: House, tablet: Tablet) -> None:
    house.alert("w2")
    house.lose("w2")
    expect(tablet.row("w2").locator(".word")).to_have_text("Signal lost 14:32. The alert stays.")
    expect(tablet.row("w2")).to_have_attribute("data-risk", "alert")
    expect(tablet.row("w2")).to_have_attribute("data-watch", "none")
    expect(tablet.page.locator("#tally")).to_have_text("2 of 3 protected")


def test_lost_protection_sounds_two_falling_notes_once(house: House, tablet: Tablet) -> None:
    tablet.sounding()
    house.lose("w3")
    tablet.hears(LOST)
    tablet.page.clock.fast_forward(1000)
    assert tablet.heard() == LOST


def test_a_withdrawn_consent_is_shown_and_told_by_two_falling_notes(house: House, tablet: Tablet) -> None:
    tablet.sounding()
    house.show("w3", sight=Sight(house.now_s, Blind.NOT_RECORDING), why=(), battery_pct=None)
    expect(tablet.row("w3").locator(".word")).to_have_text("Not recording")
    expect(tablet.row("w3")).to_have_attribute("data-watch", "none")
    expect(tablet.row("w3").locator(".bead use")).to_have_attribute("href", "#g-notrecording")
    expect(tablet.page.locator("#tally")).to_have_text("2 of 3 protected")
    tablet.hears(LOST)
    tablet.page.clock.fast_forward(1000)
    assert tablet.heard() == LOST


def test_a_notice_does_not_come_back_and_lost_protection_does(
    browser: Browser, tablet: Tablet, tablets: list[Tablet]
) -> None:
    tablets.append(Tablet(browser, f"{tablet.page.url}bands"))  # a page that sounds nothing of its own
    silent = tablets[1]
    silent.page.locator("h1").click()
    silent.page.evaluate(
        """async () => {
          const { Sound } = await import("/static/sound.js");
          window.sound = new Sound(() => {});
          await window.sound.unlock();
          window.sound.notice();
        }"""
    )
    silent.page.clock.fast_forward(125_000)
    assert silent.heard() == LOST
    silent.page.evaluate("window.sound.lost()")
    silent.page.clock.fast_forward(125_000)
    assert silent.heard() == LOST + LOST + LOST


def test_a_board_whose_readings_are_no_longer_stored_says_so_by_itself(house: House, tablet: Tablet) -> None:
    house.staff.change(held_back=HeldBack(5.0, "the disk is full"))
    expect(tablet.page.locator("#tally-rest")).to_have_text(UNSTORED)
    house.staff.change(held_back=None)
    expect(tablet.page.locator("#tally-rest")).to_have_text("nobody rising")


def test_a_tablet_says_that_it_cannot_sound_until_somebody_has_heard_it(tablet: Tablet) -> None:
    expect(tablet.page.locator("#sound-strip")).to_contain_text("This tablet cannot sound yet")
    expect(tablet.page.locator("#sound")).to_contain_text("Sound off")
    tablet.page.get_by_role("button", name="Turn sound on").click()
    expect(tablet.page.locator("#heard-strip")).to_contain_text("Did you hear three notes?")
    tablet.hears(ALERT)
    assert tablet.heard() == ALERT
    tablet.page.get_by_role("button", name="Yes, I heard them").click()
    expect(tablet.page.locator("#sound")).to_contain_text("Sound heard 14:32")
    expect(tablet.page.locator("#heard-strip")).to_be_hidden()


def test_a_lost_server_is_said_loudly_and_the_board_returns_by_itself(
    house: House, serve: Serve, browser: Browser, tablets: list[Tablet]
) -> None:
    address = serve(house)
    tablets.append(Tablet(browser, address))
    page = tablets[0].live().sounding().page
    house.show("w1", battery_pct=50)
    house.lose("w3")
    expect(tablets[0].row("w3").locator(".word")).to_have_text("Not protected since 14:32")
    tablets[0].hears(LOST)
    serve.end(house)
    page.clock.fast_forward(8000)
    expect(page.locator("#live")).to_contain_text("Heard ")
    page.clock.fast_forward(8000)
    expect(page.get_by_role("heading", name="This tablet is not watching")).to_be_visible()
    expect(page.locator("#lost-people")).to_contain_text("Callum Not protected since 14:32")
    expect(page.locator("#lost-people")).to_contain_text("Aidan, Bea were calm. Nobody knows now.")
    expect(page.locator("#board")).to_be_hidden()
    tablets[0].hears(LOST + LOST)
    back = House()
    back.alert("w2")
    serve(back, port=urlsplit(address).port)
    page.clock.fast_forward(5100)
    expect(tablets[0].live().row("w2").locator(".lead")).to_be_visible()
    expect(page.locator("#lost")).to_be_hidden()
    tablets[0].hears(ALERT)
    tablets[0].complaints[:] = [it for it in tablets[0].complaints if "net::ERR_" not in it]


def test_a_page_that_cannot_show_what_the_server_says_does_not_pass_for_one_that_watches(
    house: House, tablet: Tablet
) -> None:
    """As a page of the version before, left open through an upgrade: beats come, and an alert would not be seen."""
    tablet.row("w2").locator(".take-form").evaluate("(form) => form.remove()")
    house.alert("w2")
    with tablet.page.expect_console_message():
        house.show("w1", battery_pct=50)
    tablet.page.clock.fast_forward(16_000)
    expect(tablet.page.get_by_role("heading", name="This tablet is not watching")).to_be_visible()
    tablet.page.goto("about:blank")
    tablet.complaints.clear()


def test_without_a_script_two_taps_take_an_alert(
    house: House, serve: Serve, browser: Browser, tablets: list[Tablet]
) -> None:
    house.alert("w2")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(serve(house))
    page.get_by_role("button", name="I\u2019m on it").click()
    page.get_by_role("button", name="Jo").click()
    expect(page.locator("[data-wearer=w2] .word")).to_have_text("Jo has it since 14:32")
    context.close()
