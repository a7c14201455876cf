"""The whole house, and a phone in one hand: from the first link to the hand-over, by messages while no page is open,
and as an app."""

import os
import re
from contextlib import closing

import pytest
from playwright.sync_api import Playwright, expect

from tests.browsers import FLAGS, push
from tests.console.tablets import ALERT, SUBSCRIBING, TAKEN
from tests.servers import until
from tests.whole.conftest import Get
from tests.whole.devices import HAND, PATIENT_MS, UPRIGHT, Device
from tests.whole.house import NAME, NAMES, House, wearer_of

pytestmark = [pytest.mark.service, pytest.mark.long]

SHOWN = """() => self.registration.getNotifications()
    .then((all) => all.map(({ title, body, data, tag }) => ({ title, body, data, tag })))"""
TAPPED = """async (link) => {
  const opened = [];
  Object.defineProperty(self.clients, "openWindow", { value: async (url) => { opened.push(url); } });
  await open(link);
  return opened;
}"""
"""Only a person's own tap may open a window: where it would lead is asked instead."""


def test_from_the_first_link_to_the_hand_over(
    house: House, robin: Device, carers: tuple[str, ...], device: Get
) -> None:
    robin.go("/admin/accounts/new")
    robin.page.get_by_label("Name", exact=True).fill("Jo")
    robin.page.get_by_label("Carer: takes alerts").first.check(force=True)
    robin.look("3-invite", whole=True)
    robin.tap("Make an invitation")
    link = robin.page.locator("output.secret").inner_text().strip()
    robin.look("4-invited", whole=True)
    jo = device()
    jo.go(link)
    jo.look("5-welcome")
    jo.chooses(link).live()
    jo.look("6-jo-board")
    house.bands.build_up("Yann")
    jo.page.locator("#shift").click()
    jo.look("7-shift")
    jo.tap("Begin my shift")
    expect(jo.page.locator("#sheet")).to_contain_text("Jo since")
    jo.look("8-shift-begun")
    jo.page.locator("#sheet").get_by_role("button", name="Board").click()
    jo.look("9-sound-off")
    jo.page.click("#sound-on")
    jo.hears(ALERT)
    jo.look("10-heard")
    jo.page.click("#sound-heard")
    jo.forgets().needed("Yann")
    jo.hears(ALERT)
    jo.look("11-alert")
    expect(jo.row("Yann").locator(".take")).to_be_in_viewport(ratio=1)
    jo.page.clock.fast_forward(1000)  # rows that moved just now take no tap
    jo.row("Yann").locator(".name").click()
    sheet = jo.page.locator("#sheet")
    expect(sheet).to_contain_text("No plan is written")
    jo.look("12-alert-screen")
    sheet.locator(".take").click()
    expect(sheet).to_contain_text("You have it, Jo.")
    jo.hears(TAKEN)
    jo.look("13-taken")
    sheet.get_by_role("link", name="It\u2019s over").click()
    expect(sheet).to_contain_text("What was it?")
    expect(sheet).to_contain_text("Said by Jo")
    jo.look("14-outcome")
    sheet.get_by_label("Anxious, then settled").check()
    sheet.locator("button[name=helped]").first.click()
    expect(sheet).to_be_hidden()
    jo.look("15-after")
    jo.page.clock.fast_forward(1000)
    jo.row("Yann").locator(".name").click()
    expect(sheet.locator(".day-moments")).to_contain_text("Anxious, then settled")
    jo.look("16-day")
    sheet.get_by_role("button", name="Board").click()
    jo.page.locator("#shift").click()
    sheet.get_by_role("button", name="Maryam").click()
    expect(sheet).to_contain_text("Not taken over yet")
    expect(sheet.get_by_role("button", name="Take over")).to_have_count(0)
    jo.look("17-offered")
    maryam = device(UPRIGHT).signs_in("Maryam")
    maryam.page.locator("#shift").click()
    maryam.tap("Take over as Maryam")
    expect(maryam.page.locator("#sheet")).to_contain_text("Maryam since")
    maryam.look("18-taken-over")
    jo.go()
    expect(jo.page.locator("#shift")).to_contain_text("Maryam")


def test_a_message_comes_while_no_page_is_open_names_nobody_and_leads_to_taking_it(
    house: House, carers: tuple[str, ...], device: Get
) -> None:
    phone = device(clock=False).signs_in("Sam")
    origin = house.address
    phone.context.grant_permissions(["notifications"], origin=origin)
    subscription = house.pushes.subscription()
    endpoint = subscription["endpoint"].replace(house.pushes.url, "https://push.example.org")
    phone.page.evaluate(SUBSCRIBING, {**subscription, "endpoint": endpoint})
    phone.page.locator("#shift").click()
    phone.tap("Begin my shift")
    phone.page.locator("#sheet").get_by_role("button", name="Board").click()
    phone.sounding().page.click("#sound")
    phone.look("push-1-sound")
    phone.tap("Messages when the page is closed")
    expect(phone.page.locator("#voice-note")).to_contain_text("Messages for Sam come here", timeout=PATIENT_MS)
    worker = phone.context.service_workers[0]
    phone.page.goto("about:blank")
    house.bands.build_up("Zoe")
    until(lambda: any(each.json()["priority"] == "high" for each in house.pushes.got), "no phone was told")
    got = next(each for each in house.pushes.got if each.json()["priority"] == "high")
    told = got.json()
    words = re.findall(r"[\w-]+", got.what)
    assert not [name for name in NAMES if name in words or wearer_of(name) in words]
    push(phone.page, origin, got.what)
    shown = worker.evaluate(SHOWN)
    assert [(it["title"], it["tag"]) for it in shown] == [("Somebody may need you now", told["tag"])]
    (opened,) = worker.evaluate(TAPPED, shown[0]["data"]["link"])
    phone.go(opened)
    phone.look("push-2-tapped")
    expect(phone.page.locator("body")).to_contain_text("Somebody may need you now")
    for name in NAMES:
        expect(phone.page.locator("body")).not_to_contain_text(name)
    phone.tap("I\u2019m on it")
    expect(phone.page.locator("body")).to_contain_text("You have it")
    phone.look("push-3-taken")
    board = device().signs_in("Maryam")
    # of Zoe, or of Yann once more, whose signs may still be high
    expect(board.page.locator("[data-wearer] .has", has_text="Sam has it")).to_have_count(1)


def test_the_board_can_be_installed_as_an_app(house: House, playwright: Playwright, chromium: str) -> None:
    with closing(house.here.open_registry()) as registry:
        token, _ = registry.invite_tablet(house.config.site.name, name="Hall", shows_names=True, by="test")
    context = playwright.chromium.launch_persistent_context(
        str(house.home / "profile"),
        executable_path=chromium,
        args=[*FLAGS, f"--host-resolver-rules=MAP {NAME} 127.0.0.1"],
        env={**os.environ, "HOME": str(house.home)},
        viewport=HAND,
    )
    context.set_default_timeout(PATIENT_MS)
    try:
        page = context.new_page()
        page.goto(f"{house.address}/tablet/{token}")
        page.get_by_role("button", name="This is the tablet").click()
        expect(page.locator("#live")).to_have_text("Live", timeout=PATIENT_MS)
        page.evaluate("navigator.serviceWorker.ready.then((it) => it.scope)")
        debugger = context.new_cdp_session(page)
        assert debugger.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
        manifest = debugger.send("Page.getAppManifest")
        assert manifest["url"] == f"{house.address}/manifest.webmanifest"
        assert manifest["errors"] == []
    finally:
        context.close()
