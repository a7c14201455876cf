"""The whole house, and tablets and phones before it: what becomes of an alert when servers, tablets and nets do not do
as they should."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, expect

from tests.console.tablets import ALERT, COUNT_SAID, LOST, TAKEN
from tests.servers import until
from tests.whole.conftest import Get
from tests.whole.devices import PATIENT_MS, UPRIGHT, WIDE
from tests.whole.house import NAMES, House, wearer_of

pytestmark = [pytest.mark.service, pytest.mark.long]


def test_a_tablet_that_slept_catches_up_and_sounds_and_the_house_knew_that_it_could_not(
    house: House, carers: tuple[str, ...], device: Get, other_browser: Browser
) -> None:
    kitchen = device(WIDE, clock=False, of=other_browser).enrolled("Kitchen").sounding()
    phone = device().signs_in("Maryam")
    protected = phone.row("Vera")
    expect(protected).not_to_have_attribute("data-watch", "none", timeout=PATIENT_MS)
    with asleep(other_browser):
        house.bands.build_up("Femi")
        expect(protected).to_have_attribute("data-watch", "none", timeout=PATIENT_MS)
        phone.look("nothing-can-sound")
        phone.needed("Femi")
    kitchen.needed("Femi")
    kitchen.hears(ALERT)
    expect(protected).not_to_have_attribute("data-watch", "none", timeout=PATIENT_MS)
    phone.take("Femi")
    kitchen.hears(TAKEN)


@contextmanager
def asleep(browser: Browser) -> Iterator[None]:
    """Nothing of its pages runs meanwhile, as where a tablet's screen goes dark."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    pages = [each["id"] for each in processes if each["type"] == "renderer"]
    assert pages
    for each in pages:
        os.kill(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in pages:
            os.kill(each, signal.SIGCONT)


def test_from_a_build_up_to_the_sound_on_two_tablets_and_whoever_takes_it_silences_both(
    house: House, carers: tuple[str, ...], device: Get
) -> None:
    house.bands.build_up("Aidan")
    kitchen, lounge = device(WIDE).enrolled("Kitchen").sounding(), device(UPRIGHT).signs_in("Maryam").sounding()
    for each in (kitchen, lounge):
        each.needed("Aidan")
        each.hears(ALERT)
    kitchen.look("alert-kitchen")
    lounge.look("alert-lounge")
    expect(lounge.row("Aidan").locator(".as")).to_have_text("as Maryam")
    for stage in ("On 2 tablets", "Sounded"):  # what tablets prove of an alert that somebody has counts no more
        expect(lounge.row("Aidan").locator(".chain .done", has_text=stage)).to_be_attached()
    lounge.take("Aidan")
    for each in (kitchen, lounge):
        expect(each.row("Aidan").locator(".has")).to_have_text("Maryam has it")
        each.hears(TAKEN)
        each.forgets().page.clock.fast_forward(9000)
        assert ALERT[0] not in each.heard(), "nothing rings any more"
    for stage in ("Raised", "On 2 tablets", "Sounded", "Maryam has it"):
        expect(lounge.row("Aidan").locator(".chain .done", has_text=stage)).to_be_attached()
    lounge.look("taken-lounge")


def test_a_tablet_without_a_net_says_so_at_once_sends_nothing_and_sounds_on_return(
    house: House, carers: tuple[str, ...], device: Get
) -> None:
    house.bands.build_up("Callum")
    kitchen, phone = device(UPRIGHT).enrolled("Kitchen").sounding(), device().signs_in("Maryam")
    kitchen.needed("Callum")
    kitchen.halted().context.set_offline(True)
    kitchen.cut_off()
    house.bands.build_up("Esme")
    kitchen.take("Callum")
    kitchen.page.get_by_role("button", name="Sam").click()
    note = kitchen.row("Callum").locator(".note")
    expect(note).to_have_text("Not sent, nobody knows yet. Please tap again.")
    kitchen.look("not-sent")
    phone.needed("Esme")
    expect(phone.row("Callum").locator(".lead")).to_have_text("may need you now")
    kitchen.page.clock.fast_forward(16_000)
    expect(kitchen.page.get_by_role("heading", name="This tablet is not watching")).to_be_visible()
    kitchen.page.clock.resume()
    kitchen.forgets().context.set_offline(False)
    kitchen.live().needed("Esme")
    kitchen.hears(ALERT)
    kitchen.take("Callum")
    expect(phone.row("Callum").locator(".has")).to_have_text("Sam has it")
    phone.take("Esme")
    kitchen.hears(TAKEN)


def test_a_session_that_ends_on_a_shared_tablet_leaves_it_a_tablet_that_takes_alerts(
    house: House, carers: tuple[str, ...], device: Get
) -> None:
    house.bands.build_up("Noor")
    kitchen = device(UPRIGHT).enrolled("Kitchen").signs_in("Maryam").sounding()
    phone = device().signs_in("Maryam")
    expect(kitchen.page.locator("#me")).to_contain_text("Maryam")
    phone.go("/me")
    phone.look("me")
    phone.tap("Sign out everywhere else")
    expect(kitchen.page.locator("#me")).to_be_hidden(timeout=PATIENT_MS)
    kitchen.live().needed("Noor")
    kitchen.hears(ALERT)
    kitchen.look("signed-out-tablet")
    kitchen.take("Noor")
    kitchen.look("who-are-you")
    kitchen.page.get_by_role("button", name="Sam").click()
    expect(kitchen.row("Noor").locator(".has")).to_have_text("Sam has it")
    kitchen.go(f"/people/{wearer_of('Noor')}")
    expect(kitchen.page.get_by_role("heading", level=1)).to_be_visible()
    expect(kitchen.page.locator(".day")).to_have_count(0)


def test_a_server_killed_and_back_is_said_at_once_and_starts_no_alert_anew(
    house: House, carers: tuple[str, ...], device: Get
) -> None:
    house.bands.build_up("Tom")
    kitchen, phone = device(WIDE).enrolled("Kitchen").sounding(), device().signs_in("Maryam").sounding()
    boards = (kitchen, phone)
    for each in boards:
        each.needed("Tom")
        each.hears(ALERT)
        each.page.evaluate(COUNT_SAID)
    alert = phone.row("Tom").get_attribute("data-alert")
    house.kill()
    for each in boards:
        each.cut_off().page.clock.fast_forward(16_000)
        expect(each.page.get_by_role("heading", name="This tablet is not watching")).to_be_visible()
        expect(each.page.locator("#lost-people")).to_contain_text("Tom alert, nobody had it")
        each.page.wait_for_function("(notes) => window.heard.join().includes(notes.join())", arg=LOST)
    phone.look("server-lost")
    house.start()
    for each in boards:
        each.live()
        expect(each.page.locator("#lost")).to_be_hidden()
        each.needed("Tom")
        each.hears(ALERT)
        assert each.page.evaluate("window.said") == 0, "what was known is not announced again"
    assert phone.row("Tom").get_attribute("data-alert") == alert
    until(lambda: house.bands.waiting() < len(NAMES), "what was sent meanwhile is not stored")
    expect(phone.page.locator("#me")).to_contain_text("Maryam")
    phone.take("Tom")
    for each in boards:
        expect(each.row("Tom").locator(".has")).to_have_text("Maryam has it")
        each.hears(TAKEN)
    phone.go(f"/people/{wearer_of('Tom')}")
    expect(phone.page.locator(".moments [data-risk=alert]")).to_have_count(1)
    phone.look("day-after-a-kill")
