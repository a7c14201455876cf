"""Boards of 6, 100 and 1,000 people in; their page's weight, and how soon a slow tablet can use it, out.

``raw_kb`` is everything that the page loads, unpacked, and ``wire_kb`` what of it goes over the Wi-Fi.

Run ``python -m benchmarks.console.page``; needs Chromium. The tablet is Chromium with its CPU throttled 6 times
(``Emulation.setCPUThrottlingRate``), loopback for a network. Of the times from the start of the navigation on,
``alert_shown_ms`` is when an alert and its button are drawn, ``live_ms`` when the board says that it is live, and
``usable_ms`` when everybody's row stands on it and its main thread has answered within 50 ms three times in a row.
"""

import json
import sys
import threading
import time
from dataclasses import replace
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, Page, Request, sync_playwright

from alerts.errors import UnknownAlert
from alerts.views import TREND_LENGTH, AlertView, RiskState, Sight, WearerView
from console.app import create_app
from console.hub import Hub
from console.serve import run
from tests.askers import open_to
from tests.console.caring import Caring

PEOPLE = (6, 100, 1000)
SLOWER = 6
PATIENCE_MS = 120_000
ANSWERS = """async () => {
  for (let quick = 0; quick < 3;) {
    const at = performance.now();
    await new Promise((done) => setTimeout(done, 10));
    quick = performance.now() - at < 60 ? quick + 1 : 0;
  }
  return performance.now();
}"""


class Desk:
    """Everybody calm, but for one alert; trends as they are in life: each value another."""

    journal_fault = None

    def __init__(self, people: int) -> None:
        self.hub = Hub()
        self.names = {f"w-{number:04}": f"Person {number:04}" for number in range(people)}
        now_s = time.time()
        self._views = [self._view(wearer, number, now_s) for number, wearer in enumerate(self.names)]

    def _view(self, wearer: str, number: int, now_s: float) -> WearerView:
        trend = tuple(0.1 + 0.05 * ((number * 7 + 3 * i) % 11) / 11 for i in range(TREND_LENGTH))
        alert = AlertView("a-1", wearer, now_s, 0.8, ("Sweat rising for 6 min.",), "policy-1") if number == 3 else None
        return WearerView(
            wearer=wearer,
            at_s=now_s,
            risk=RiskState.ALERTING if alert else RiskState.WATCHING,
            risk_since_s=now_s - 600,
            sight=Sight(now_s - 600),
            probability=0.1,
            trend=trend,
            why=("Sitting still.",),
            learnt=1.0,
            battery_pct=80,
            alert=alert,
        )

    def views(self) -> list[WearerView]:
        now_s = time.time()
        return [replace(view, at_s=now_s) for view in self._views]

    def acknowledge(self, alert_id: str, *, by: str, at_s: float) -> AlertView:
        raise UnknownAlert(alert_id)

    close = acknowledge


def measured(browser: Browser, people: int) -> dict[str, object]:
    """Return what a board of so many people weighs, and how soon it is usable."""
    desk = Desk(people)
    app = create_app(
        access=open_to(),
        desk=desk,
        hub=desk.hub,
        place="Alder House",
        names=desk.names,
        carers=("Jo", "Maryam"),
        time_zone=ZoneInfo("Europe/London"),
        clock=time.time,
        care=Caring(list(desk.names)).care,
    )
    stop, ready, address = threading.Event(), threading.Event(), []

    def tell(where: str) -> None:
        address.append(where)
        ready.set()

    arguments = {"hub": desk.hub, "host": "127.0.0.1", "port": 0, "stop": stop, "ready": tell}
    server = threading.Thread(target=run, args=(app,), kwargs=arguments)
    server.start()
    ready.wait(10)
    try:
        return {"people": people} | _weight(browser, address[0]) | _speed(browser, address[0], people)
    finally:
        stop.set()
        server.join()


def _weight(browser: Browser, address: str) -> dict[str, object]:
    page = browser.new_page()
    parts: dict[str, bytes] = {}

    def note(request: Request) -> None:
        if "/events" not in request.url:
            parts.setdefault(request.url, b"")

    page.on("requestfinished", note)
    page.goto(address)
    page.locator("#live", has_text="Live").wait_for()
    wire = 0
    for url in list(parts):
        if not url.endswith(("/beat", "/receipts", "/tablets", "/who")):
            answer = page.request.get(url, headers={"accept-encoding": "gzip"})
            parts[url] = answer.body()
            wire += int(answer.headers["content-length"])
    page.close()
    html = next(body for url, body in parts.items() if url == address)
    return {
        "page_kb": round(len(html) / 1000, 1),
        "raw_kb": round(sum(map(len, parts.values())) / 1000, 1),
        "wire_kb": round(wire / 1000, 1),
    }


def _speed(browser: Browser, address: str, people: int) -> dict[str, object]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page: Page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(address, wait_until="commit")
    page.wait_for_function("() => document.querySelector('[data-risk=alert] .take')?.checkVisibility()")
    shown = page.evaluate("performance.now()")
    page.wait_for_function("() => document.getElementById('live')?.textContent === 'Live'")
    live = page.evaluate("performance.now()")
    page.wait_for_function("(many) => document.getElementById('board').children.length >= many", arg=people)
    usable = page.evaluate(ANSWERS)
    context.close()
    return {"alert_shown_ms": round(shown), "live_ms": round(live), "usable_ms": round(usable)}


def main() -> None:
    """Print a line of JSON for each size."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for people in map(int, sys.argv[1:]) if len(sys.argv) > 1 else PEOPLE:
            print(json.dumps(measured(browser, people)), flush=True)
        browser.close()


if __name__ == "__main__":
    main()
