"""Tablets (Chromium) in: pages that are watched for all that goes wrong on them, and what they proved, out."""

import time
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Error, Page, expect

from tests.browsers import PATIENT_MS
from tests.console.caring import Caring
from tests.console.house import House
from tests.servers import LONG_S

LISTEN = """
window.heard = [];
window.forbidden = [];
document.addEventListener("securitypolicyviolation", (event) => window.forbidden.push(event.violatedDirective));
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) {
  window.heard.push(Math.round(this.frequency.value));
  return start.apply(this, when);
};
"""
PATIENT = "AbortSignal.timeout = () => new AbortController().signal;"
"""The page gives up no request: its time is moved on while one is under way, and a busy machine may take long."""
COUNT_SAID = """() => {
  window.said = 0;
  new MutationObserver((changes) => { window.said += changes.filter(({ addedNodes: [it] }) => it?.data).length; })
    .observe(document.getElementById("say-alert"), { childList: true });
}"""
"""How often a screen reader is told of an alert from now on."""
WORKER = "navigator.serviceWorker.ready.then(() => true)"
"""The service worker has come: to be asked before a server ends, or else the page may complain that it does not."""
SUBSCRIBING = """(said) => {
  let mine = null;
  const made = { toJSON: () => said, unsubscribe: async () => { mine = null; return true; } };
  PushManager.prototype.subscribe = async () => (mine = made);
  PushManager.prototype.getSubscription = async () => mine;
}"""
"""A browser registers with its maker's push service, which is not here; whatever else is of push is the real thing."""
MARKUP = "Lights down <b>now</b> & \u0647\u062f\u0648\u0621 \U0001f3a7"
"""What somebody may write, and is shown as it was written."""

ALERT, LOST, TAKEN = [440, 554, 659], [554, 415], [220]


class Tablet:
    """A page of its own tablet, and everything that went wrong on it."""

    def __init__(self, browser: Browser, address: str, *, script: str = "", **options: object) -> None:
        self.context = browser.new_context(reduced_motion="reduce", **options)  # type: ignore[arg-type]
        self.context.set_default_timeout(PATIENT_MS)
        self.context.add_init_script(LISTEN + script)
        self.page: Page = self.context.new_page()
        self.outside: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda it: urlsplit(it.url).hostname == "127.0.0.1" or self.outside.append(it.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda it: it.type == "error" and self.complaints.append(it.text))
        self.page.clock.install()
        self.page.add_init_script(PATIENT)  # after the clock's own, which lets requests go by the page's time
        self.page.goto(address)

    def live(self) -> "Tablet":
        expect(self.page.locator("#live")).to_have_text("Live")
        return self

    def sounding(self) -> "Tablet":
        self.page.click("#sound-on")
        self.page.click("#sound-heard")
        self.hears(ALERT)
        assert self.heard() == ALERT
        self.page.evaluate("window.heard.length = 0")
        return self

    def still(self) -> "Tablet":
        """Let the page's time stand still: it goes on only as far as ``clock`` is told, however long a test takes."""
        try:
            self._stand()
        except Error:  # a busy machine let it run past where it was to stand: now it stands, and past there
            self._stand()
        return self

    def _stand(self) -> None:
        self.page.clock.pause_at(self.page.evaluate("Date.now()") / 1000 + 1)

    def row(self, wearer: str):  # noqa: ANN201 - a Locator
        return self.page.locator(f"[data-wearer={wearer}]")

    def settled(self, wearer: str, risk: str = "alert") -> "Tablet":
        """Wait until the row of ``wearer`` has come to ``risk``, and until taps count again after that."""
        expect(self.row(wearer)).to_have_attribute("data-risk", risk)
        self.page.clock.fast_forward(1000)
        return self

    def heard(self) -> list[int]:
        return self.page.evaluate("window.heard")

    def hears(self, notes: list[int]) -> None:
        """Wait until what was heard ends with ``notes``."""
        ends = "(notes) => window.heard.slice(-notes.length).join() === notes.join()"
        self.page.wait_for_function(ends, arg=notes)


def knows(page: Page, name: str) -> None:
    """Let the tablet know whose it is."""
    page.click("#tablet")
    page.get_by_role("button", name=name).first.click()
    expect(page.locator("#tablet")).to_contain_text(name)


def stations(caring: Caring, matter: str) -> list[str]:
    return [station for _, it, station, _ in caring.telling.heard if it == matter]


def eventually(page: Page, holds: object) -> None:
    """Wait until ``holds()``; the page goes on meanwhile."""
    deadline = time.monotonic() + LONG_S
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it never held"
        page.wait_for_timeout(50)


def standing(caring: Caring, house: House) -> object:
    return next(iter(caring.tablets.standing(house.now_s)), None)
