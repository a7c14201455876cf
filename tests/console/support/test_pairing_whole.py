"""The whole system, and a phone in one hand: a band is paired; whatever goes wrong pairs nobody wrongly."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

pytest.importorskip("bumble", reason="the extra radio is not installed")

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Error, Page, expect

from console.pairing import flow, gesture, one
from console.pairing.label import code_of
from tests.console.support.air import System, whole_system
from tests.servers import LONG_S

pytestmark = [pytest.mark.service, pytest.mark.long]

HAND = {"width": 390, "height": 844}
PATIENT_MS = LONG_S * 1000
TRIES = 30
"""Prompts: a machine with much else to do shows some of them too late for anybody to follow."""

UNDER_THE_FINGER = """() => {
  addEventListener("mousedown", ({ target: it }) => {
    const row = it.closest(".near-tap")?.querySelector(".near-live");
    row?.replaceChildren(...row.cloneNode(true).childNodes);
  });
  addEventListener("click", ({ target: it }) => { window.tapped = it.closest(".near-tap")?.value; }, true);
}"""
"""What is shown of a band is drawn anew while it is tapped; and which one was tapped is noted."""

UNTAPPED = "(band) => location.pathname === '/pair' && window.tapped !== band"

STANDS = """() => {
  const ends = (said, alone) => {
    for (const it of document.querySelectorAll(".near-tap .moved")) {
      it.textContent = said;
      it.classList.toggle("alone", alone);
    }
    return [...document.querySelectorAll(".near-tap")].map((it) => it.getBoundingClientRect().bottom).join();
  };
  return ends("", false) === ends("Moved at 23:58:58. No other band moved.", true);
}"""
"""Whether each row of the list is where it was when it is said that a band moved: it is about to be tapped."""

LATE = ("did not move as asked", "came or went")
"""What is said of whoever did as asked too late, or while other bands were still coming back."""


@pytest.fixture(scope="module")
def short() -> Iterator[None]:
    """Prompts are as short as they may be, and there are many; what is away may take long to be back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow, "FIT_S", 4.0)
        patch.setattr(flow, "ATTEMPTS", TRIES)
        patch.setattr(flow, "UNSURE", TRIES)
        patch.setattr(one, "AWAY_S", LONG_S)
        patch.setattr(gesture, "TURNS", 2)
        patch.setattr(gesture, "LONGEST_S", gesture.SHORTEST_S)
        patch.setattr(gesture, "LATEST_S", 1.5)
        yield


@pytest.fixture(scope="module")
def system(short: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with whole_system(tmp_path_factory.mktemp("system"), bands=3) as system:
        yield system


class Phone:
    """Somebody of the staff with a phone in one hand, and a band, or two, in the other."""

    def __init__(self, browser: Browser, system: System, who: str = "support") -> None:
        self.system = system
        self.context = browser.new_context(viewport=HAND, has_touch=True, reduced_motion="reduce")  # type: ignore[arg-type]
        self.context.add_cookies([{"name": "who", "value": who, "url": system.service.address}])
        self.context.set_default_timeout(PATIENT_MS)
        self.page: Page = self.context.new_page()
        self.wrong: list[str] = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda it: "Content Security" in it.text and self.wrong.append(it.text))

    def go(self, path: str) -> None:
        self.page.goto(self.system.service.address + path.lstrip("/"))

    def tap(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def says(self, text: str) -> None:
        expect(self.page.get_by_role("main")).to_contain_text(text, ignore_case=True, timeout=PATIENT_MS)

    def passes(self) -> None:
        """What stands there now is for everybody: axe finds nothing, nothing sticks out, nothing is too small."""
        found = Axe().run(self.page).response["violations"]
        assert [(it["id"], [node["html"][:120] for node in it["nodes"]]) for it in found] == []
        assert self.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        low = "[...document.querySelectorAll('main .btn, main button')].filter((it) => it.offsetHeight < 44).length"
        assert self.page.evaluate(low) == 0

    def pick(self, band: str) -> None:
        """Tap it in the list of those nearby, where it is drawn anew under the finger."""
        self.go("/pair")
        self.page.evaluate(UNDER_THE_FINGER)
        for _ in range(TRIES):  # a row may have moved on while a busy machine tapped it
            self.page.locator(f"button.near-tap[value='{band}']").click()
            with suppress(Error):  # the tap led away while this was asked
                if self.page.evaluate(UNTAPPED, band):
                    continue
            return

    def do_as_told(self, *bands: str) -> None:
        """Begin the gesture, and do with ``bands`` what the page says; again where that was too late."""
        self._until_in_time(lambda: self._shake(bands))

    def tap_twice(self, band: str) -> None:
        """Begin the gesture, and double-tap the band twice, as a hand does; again where that was too late."""
        self._until_in_time(lambda: self._tap(band))

    def _shake(self, bands: tuple[str, ...]) -> None:
        self.system.radio.do("shake", *bands)
        over = ".rhythm[data-turn=still], .rhythm[data-turn=over], main:not(:has(.rhythm))"
        expect(self.page.locator(over)).to_have_count(1, timeout=PATIENT_MS)
        self.system.radio.do("still", *bands)

    def _tap(self, band: str) -> None:
        self.system.radio.do("tap", band)
        self.page.wait_for_timeout(1500)
        self.system.radio.do("tap", band)

    def _until_in_time(self, gesture: Callable[[], None]) -> None:
        """Begin the gesture and do it, until the page says something else than that nothing came of it."""
        main = self.page.get_by_role("main")
        for _ in range(TRIES):
            with self.page.expect_navigation():
                self.page.get_by_role("button", name="begin", exact=False).first.click()
            gesture()
            expect(self.page.locator(".rhythm")).to_be_hidden(timeout=PATIENT_MS)
            said = main.inner_text().casefold()
            if not any(late in said for late in LATE):
                return

    def finish(self) -> None:
        """Take it as it sits once any reading of it has come, and until then have it looked at again."""
        again = self.page.get_by_role("button", name="Mended: check again")
        finish = self.page.get_by_role("button", name="Finish as it sits, partly protected")
        for _ in range(TRIES):
            expect(again).to_be_visible(timeout=PATIENT_MS)
            if finish.count():
                finish.click()
                return
            with self.page.expect_navigation():
                again.click()

    def close(self) -> None:
        assert self.wrong == []
        self.context.close()


@pytest.fixture
def phone(browser: Browser, system: System) -> Iterator[Phone]:
    phone = Phone(browser, system)
    yield phone
    phone.close()


def entered(system: System, band: str, wearer: str) -> None:
    """Somebody else says on the command line that this is so."""
    with system.registry() as registry:
        if registry.wearer_of(band, time.time()) != wearer:
            registry.assign(band, wearer, time.time(), by="Kim")


def free(system: System) -> None:
    """Nobody wears anything."""
    with system.registry() as registry:
        for band in registry.worn(time.time()):
            registry.unassign(band, time.time(), by="Kim")


def worn(system: System) -> dict[str, str | None]:
    with system.registry() as registry:
        return {band: each.wearer for band, each in registry.worn(time.time()).items()}


def test_a_band_is_paired_from_the_list_to_the_board(phone: Phone, system: System) -> None:
    phone.go("/support")
    phone.page.get_by_role("link", name="Pair a band").first.click()
    expect(phone.page.locator("button.near-tap")).to_have_count(3, timeout=PATIENT_MS)
    assert phone.page.evaluate(STANDS)
    phone.pick("band-01")
    phone.says("Take band-01 in your hand")
    phone.passes()
    phone.do_as_told("band-02")
    phone.says("another band moved as asked")
    phone.do_as_told("band-01", "band-02")
    phone.says("several bands moved as asked")
    phone.do_as_told("band-01")
    phone.says("Who wears band-01?")
    phone.passes()
    phone.page.get_by_role("radio", name="Somebody new").check()
    phone.tap("Go on")
    phone.says("Give the name that the house uses")
    phone.passes()
    phone.page.get_by_label("Name, as boards show it").fill("ann")
    phone.page.get_by_label("Who agrees").fill("Ida, mother")
    phone.tap("Go on")
    phone.says("Is this the same person?")
    phone.passes()
    phone.page.get_by_role("radio", name="Yes: Ann").check()
    phone.tap("Go on")
    phone.says("Put band-01 on Ann")
    phone.passes()
    phone.tap("It is on")
    expect(phone.page.get_by_role("button", name="Mended: check again")).to_be_visible(timeout=PATIENT_MS)
    phone.passes()
    phone.finish()
    phone.says("Ann wears band-01")
    phone.passes()
    assert worn(system) == {"band-01": "w-1"}
    with system.registry() as registry:
        assert [entry.actor for entry in registry.audit_entries("w-1", action="assign")] == ["Support"]
        assert registry.verify_audit() == []


def test_a_band_is_swapped_in_two_steps_and_the_old_one_is_free_in_that_moment(phone: Phone, system: System) -> None:
    entered(system, "band-01", "w-1")
    phone.go("/bands/band-01/swap")
    phone.says("Take band-01 off Ann, and put it on the charger")
    phone.page.get_by_role("link", name="It is off: next").click()
    phone.page.locator("button.near-tap[value='band-02']").click()
    phone.tap_twice("band-02")
    phone.says("Put band-02 on Ann")
    phone.tap("It is on")
    phone.finish()
    phone.says("band-01 is free")
    assert worn(system) == {"band-02": "w-1"}
    with system.registry() as registry:
        (old, new) = registry.worn_by("w-1")[-2:]
        assert (old.band, old.until_s) == ("band-01", new.since_s), "no moment without a band on record"


def test_a_band_that_is_out_of_reach_is_said_to_be_so_and_nobody_is_paired(
    phone: Phone, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone.go("/pair")
    phone.page.get_by_label("Its code, or its id as it stands on the band").fill(code_of("band-09"))
    phone.tap("Go on")
    phone.says("Connecting to band-09")
    monkeypatch.setitem(flow._PATIENCE, flow.Stage.CONNECT, (0.0, "no readings of it arrive"))
    phone.says("Not paired No readings of it arrive")
    assert "band-09" not in worn(system)


def test_somebody_who_pairs_it_meanwhile_keeps_it(phone: Phone, system: System) -> None:
    free(system)
    phone.pick("band-03")
    phone.tap_twice("band-03")
    phone.says("Who wears band-03?")
    phone.page.get_by_role("radio", name="Ann").check()
    phone.tap("Go on")
    phone.says("Put band-03 on Ann")
    entered(system, "band-03", "w-2")
    phone.tap("It is on")
    phone.finish()
    phone.says("Not paired")
    phone.says("meanwhile")
    assert worn(system) == {"band-03": "w-2"}


def test_a_gateway_that_goes_in_the_middle_is_blamed_and_not_the_band_and_it_goes_on_when_it_is_back(
    phone: Phone, system: System
) -> None:
    free(system)
    phone.pick("band-01")
    phone.says("Take band-01 in your hand")
    system.gateway.kill()
    phone.says("No readings of band-01 arrive any more")
    system.gateway.start()
    expect(phone.page.locator("#trouble")).to_be_empty(timeout=PATIENT_MS)
    phone.tap_twice("band-01")
    phone.says("Who wears band-01?")
    phone.tap("Stop; nothing is entered")
    phone.says("Not paired Stopped by hand")
    assert worn(system) == {}


def test_a_page_whose_server_is_lost_says_how_old_it_is(phone: Phone, system: System) -> None:
    phone.go("/pair")
    expect(phone.page.locator("#live")).to_have_text("Live", timeout=PATIENT_MS)
    phone.context.set_offline(True)
    expect(phone.page.locator("#live")).to_contain_text("What is shown may be old", timeout=PATIENT_MS)
    phone.context.set_offline(False)
    expect(phone.page.locator("#live")).to_have_text("Live", timeout=PATIENT_MS)
