"""A house in; tablets and phones (Chromium) before it out, each watched for all that goes wrong on it."""

import os
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect

from tests.accounts import PASSWORD
from tests.console.tablets import ALERT, LISTEN, PATIENT
from tests.whole.house import NAME, House, wearer_of

WIDE: Final[ViewportSize] = {"width": 1280, "height": 800}
UPRIGHT: Final[ViewportSize] = {"width": 800, "height": 1280}
HAND: Final[ViewportSize] = {"width": 390, "height": 844}
PATIENT_MS: Final = 90_000  # a bound, never waited out where things work: signs take their time on a busy machine
HALT_S: Final = 10.0  # a page's clock leaps so far ahead where it stops: less than a silence that is a loss
LOST: Final = ("Failed to load", "ERR_", "net::")  # what Chromium says of a server that is not there


class Device:
    """A browser of its own with one page, which stands at nothing yet. ``wrong`` is what went wrong on it."""

    def __init__(self, browser: Browser, house: House, size: ViewportSize = HAND, *, clock: bool = True) -> None:
        hand = size == HAND
        self.house = house
        self.context: BrowserContext = browser.new_context(viewport=size, reduced_motion="reduce", has_touch=hand)
        self.context.set_default_timeout(PATIENT_MS)
        self.context.add_init_script(LISTEN)
        self.wrong: list[str] = []
        self.page = self._watched(self.context.new_page())
        if clock:
            self.page.clock.install()
            self.page.add_init_script(PATIENT)

    def _watched(self, page: Page) -> Page:
        page.on("request", lambda it: urlsplit(it.url).hostname == NAME or self.wrong.append(it.url))
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda it: it.type == "error" and self._complain(it.text))
        return page

    def _complain(self, text: str) -> None:
        if not any(each in text for each in LOST):
            self.wrong.append(text)

    def go(self, path: str = "/") -> Self:
        self.page.goto(path if path.startswith("https:") else self.house.address + path)
        return self

    def enrolled(self, name: str) -> Self:
        """Make it a tablet of the house that shows names, by a link that somebody made for it."""
        registry = self.house.here.open_registry()
        token, _ = registry.invite_tablet(self.house.config.site.name, name=name, shows_names=True, by="test")
        registry.close()
        self.go(f"/tablet/{token}")
        self.tap("This is the tablet")
        return self.live()

    def chooses(self, link: str) -> Self:
        """Open a one-time link, and choose a password."""
        self.go(link)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.locator(".door-form button.btn-solid").click()
        return self

    def signs_in(self, name: str) -> Self:
        self.go("/sign-in")
        self.page.get_by_label("Name", exact=True).fill(name)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_role("main").get_by_role("button", name="Sign in").click()
        return self.live()

    def live(self) -> Self:
        expect(self.page.locator("#live")).to_have_text("Live", timeout=PATIENT_MS)
        return self

    def cut_off(self) -> Self:
        """Wait until it says that it has no connection: the browser has told it so, and no time had to go by."""
        expect(self.page.locator("#live")).to_contain_text("Cut off.", timeout=PATIENT_MS)
        expect(self.page.locator(".heard")).not_to_have_attribute("data-live", "live", timeout=PATIENT_MS)
        return self

    def halted(self) -> Self:
        """Let time stand still on its page but for what a test winds on: however slow this machine is, nothing that
        waits for time happens there by itself. ``page.clock.resume()`` lets it go on."""
        self.page.clock.pause_at(self.page.evaluate("Date.now() / 1000") + HALT_S)
        return self.live()

    def sounding(self) -> Self:
        """Turn its sound on, and hear it."""
        self.page.click("#sound-on")
        self.hears(ALERT)
        self.page.click("#sound-heard")
        return self.forgets()

    def forgets(self) -> Self:
        """What was heard until now does not count."""
        self.page.evaluate("window.heard.length = 0")
        return self

    def heard(self) -> list[int]:
        heard: list[int] = self.page.evaluate("window.heard")
        return heard

    def hears(self, notes: list[int]) -> None:
        """Wait until what was heard ends with ``notes``."""
        ends = "(notes) => window.heard.slice(-notes.length).join() === notes.join()"
        self.page.wait_for_function(ends, arg=notes)

    def tap(self, name: str) -> None:
        self.page.get_by_role("button", name=name).first.click()

    def row(self, name: str) -> Locator:
        """Somebody's row on the board."""
        return self.page.locator(f"[data-wearer={wearer_of(name)}]")

    def needed(self, name: str) -> None:
        """Wait until the board says that somebody may need one."""
        expect(self.row(name).locator(".lead")).to_have_text("may need you now", timeout=PATIENT_MS)

    def take(self, name: str) -> Locator:
        """Tap *I'm on it* once the rows stand still, and again where they moved under the finger."""
        button, note = self.row(name).locator(".take"), self.row(name).locator(".note")
        self.page.clock.fast_forward(1000)
        button.click()
        while any("moved just now" in text for text in note.all_inner_texts()):
            self.page.clock.fast_forward(9000)  # until it no longer says so
            button.click()
        return button

    def look(self, name: str, *, whole: bool = False) -> None:
        """Keep a picture, where somebody wants to look at it."""
        if folder := os.environ.get("FORECALM_TEST_SCREENS"):
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=whole)

    def close(self) -> None:
        """Nothing may have gone wrong on it."""
        if not self.page.is_closed() and self.page.url.startswith("https:"):
            assert self.page.evaluate("window.forbidden") == []
        self.context.close()
        assert self.wrong == []
