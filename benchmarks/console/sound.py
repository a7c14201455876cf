"""Simulated bands through Mosquitto to a real service and real tablets in; how soon each alert sounded on them, out.

python -m benchmarks.console.sound [--wearers 180] [--tablets 3] [--seconds 250] [--slower 1] [--json]

Tablets are pages of Chromium, enrolled, their sound turned on by a tap. From the publishing of the message that
completed the deciding second (its ``sent_us``) until the first rising note of that alert is heard. Included: broker,
intake, engine, journal, event stream, the page's own work, and what Chromium says that its audio output takes. When it
is heard is the later of two answers to when its output reaches the moment for which the note is scheduled:
``getOutputTimestamp``, and now, what is left until then and ``outputLatency``. Not included: radio from band to
gateway, air time of a real Wi-Fi, what a sound card, a headset or an amplifier add without telling Chromium (here there
is no card: Chromium plays into nothing at the pace of one), and the 100 ms in which the note swells. ``rendered`` is
when the page's own proof came, a silent tone that ends with that swell. ``--slower`` throttles the tablets' CPU so many
times.

An alert is ``alone`` where nothing else rang, ``beside`` where another one did. Each is taken soon after it was raised,
so that others can follow. Everybody has a build-up within those seconds, evenly apart. Needs Mosquitto and Chromium.
"""

import json
import multiprocessing
import sys
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.boards import follow
from benchmarks.command import options, run
from benchmarks.console.bands import Lives
from benchmarks.console.running import Running, load, quantiles
from benchmarks.enrolled import cookie

BODIES: Final = 30
LATE_S: Final = 105  # from the begin of a build-up to its alert, of nearly all
TAKEN_AFTER_S: Final = 0.5
AFTER_S: Final = 2.0  # of the last alerts, too, the notes are waited for
FIRST_HZ: Final = 440  # of the rising notes
GOAL_MS: Final = 500.0
LISTEN: Final = """
(() => {
  window.marks = [];
  const listen = EventSource.prototype.addEventListener;
  EventSource.prototype.addEventListener = function (name, listener, ...more) {
    if (name !== "row") return listen.call(this, name, listener, ...more);
    return listen.call(this, name, (event) => {
      const came = performance.now();
      if (event.data.includes('"risk_state":"alerting"')) {
        const { row, stamp, alert_id } = JSON.parse(event.data);
        const mark = { kind: "row", came: performance.timeOrigin + came, alert: alert_id };
        window.marks.push({ ...mark, stamp, sounds: row.sounds });
      }
      listener(event);
    }, ...more);
  };
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (when = 0) {
    const now = performance.now();
    const { contextTime, performanceTime } = this.context.getOutputTimestamp();
    const { currentTime, outputLatency, baseLatency } = this.context;
    window.marks.push({
      kind: "note", hertz: Math.round(this.frequency.value), asked: performance.timeOrigin + now,
      stamped: performance.timeOrigin + performanceTime + (when - contextTime) * 1000,
      reckoned: performance.timeOrigin + now + (Math.max(0, when - currentTime) + outputLatency) * 1000,
      output: outputLatency * 1000, base: baseLatency * 1000,
      skew: Date.now() - performance.timeOrigin - now,
    });
    return start.call(this, when);
  };
  const begin = ConstantSourceNode.prototype.start;
  ConstantSourceNode.prototype.start = function (...when) {
    const asked = performance.timeOrigin + performance.now();
    this.addEventListener("ended", () => {
      window.marks.push({ kind: "rendered", asked, at: performance.timeOrigin + performance.now() });
    });
    return begin.apply(this, when);
  };
})();
"""
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-renderer-backgrounding",  # each is in front of its own tablet, whatever else this machine shows
    "--disable-backgrounding-occluded-windows",
)
Marks = list[dict[str, Any]]


def sounded(marks: Marks) -> list[dict[str, Any]]:
    """Return each alert that was raised on a tablet, and when it was heard: ``marks`` are what its page noted, in
    order.

    ``late_ms`` is from the publishing to the note, None where none followed; ``row_ms`` to the row's coming,
    ``asked_ms`` to the asking for the note, ``rendered_ms`` to the page's own proof that it was played. ``alone`` says
    whether nothing rang when it came: a note is taken for ringing until an alert's row no longer sounds.
    """
    found: dict[str, dict[str, Any]] = {}
    waiting: list[dict[str, Any]] = []
    rang: list[float] = []
    for mark in marks:
        if mark["kind"] == "row" and mark["sounds"] == "alert" and mark["stamp"] and mark["alert"] not in found:
            sent_ms = mark["stamp"]["sent_us"] / 1e3
            alone = not rang or mark["came"] - rang[-1] > RANG_MS
            found[mark["alert"]] = each = {"alert": mark["alert"], "sent_ms": sent_ms, "alone": alone}
            each |= {"row_ms": mark["came"] - sent_ms, "late_ms": None, "asked_ms": None, "rendered_ms": None}
            waiting.append(each)
        elif mark["kind"] == "note" and mark["hertz"] == FIRST_HZ:
            heard_ms = max(mark["stamped"], mark["reckoned"])
            rang.append(mark["asked"])
            for each in waiting:
                each["late_ms"] = heard_ms - each["sent_ms"]
                each["asked_ms"] = mark["asked"] - each["sent_ms"]
                each["note"] = mark["asked"]
            waiting = []
        elif mark["kind"] == "rendered":
            for each in found.values():
                if each["rendered_ms"] is None and 0 <= each.get("note", 1e18) - mark["asked"] < 5:
                    each["rendered_ms"] = mark["at"] - each["sent_ms"]
    return list(found.values())


RANG_MS: Final = 4_200.0  # an alert's notes come again every 4 s: where none did for longer, nothing rings


class Listening:
    """A tablet whose sound is on, and what its page noted."""

    def __init__(self, browser: Browser, address: str, known: str, slower: float) -> None:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        name, _, value = known.partition("=")
        context.add_cookies([{"name": name, "value": value, "url": address}])
        context.add_init_script(LISTEN)
        self.page: Page = context.new_page()
        if slower > 1:
            context.new_cdp_session(self.page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
        self.page.goto(address)
        self.page.locator("#live", has_text="Live").wait_for()
        self.page.click("#sound-on")
        self.page.click("#sound-heard")
        self.marks: Marks = []
        self.collect()
        self.marks.clear()  # the test's own notes

    def collect(self) -> None:
        """Fetch what it noted since."""
        self.marks += self.page.evaluate("marks.splice(0)")


def measure(
    folder: Path, *, mosquitto: str, wearers: int, tablets: int, seconds: int, slower: float, seed: int
) -> dict[str, object]:
    """Return what was found, in ms."""
    house = Running(folder, mosquitto=mosquitto, wearers=wearers, seed=seed)
    print(f"Learning what is usual for {wearers} people", file=sys.stderr)
    span_s = max(1, seconds - LATE_S)
    Lives(wearers=wearers, bodies=BODIES, anxious=BODIES, span_s=span_s).know(house.config, folder)
    context = multiprocessing.get_context("spawn")  # there are threads here by then
    stop, known, port = context.Event(), cookie(house.config), house.config.console.port
    before = load()
    with house, sync_playwright() as playwright:
        house.start_broker()
        house.start_service()
        house.wait_until_it_serves()
        taking = (port, 1, known, stop, str(folder / "boards.json"), TAKEN_AFTER_S)
        taker = context.Process(target=follow, args=taking)
        taker.start()
        launch = partial(playwright.chromium.launch, executable_path="/usr/bin/chromium", args=list(FLAGS))
        browsers = [launch() for _ in range(tablets)]
        pages = [Listening(browser, f"http://127.0.0.1:{port}/", known, slower) for browser in browsers]
        print(f"{seconds} s of {wearers} bands, {tablets} tablets", file=sys.stderr)
        bands = house.send(seconds)
        while bands.poll() is None:
            time.sleep(1.0)
            for page in pages:
                page.collect()
        time.sleep(AFTER_S)
        for page in pages:
            page.collect()
        stop.set()
        taker.join(30)
        for browser in browsers:
            browser.close()
    said = summary([sounded(page.marks) for page in pages], [page.marks for page in pages])
    rows = json.loads((folder / "boards.json").read_text())
    return {
        "wearers": wearers,
        "tablets": tablets,
        "slower": slower,
        "load": [before, load()],
        **said,
        "rows": quantiles(rows["rows"]),
    }


def summary(tablets: list[list[dict[str, Any]]], marks: Iterable[Marks]) -> dict[str, object]:
    """Return the figures of what each of ``tablets`` sounded; ``last_tablet`` is of the last one that did, alert by
    alert."""
    every = [each for tablet in tablets for each in tablet]
    heard = [each for each in every if each["late_ms"] is not None]
    last: dict[str, float] = {}
    for each in heard:
        last[each["alert"]] = max(each["late_ms"], last.get(each["alert"], 0.0))
    notes = [mark for some in marks for mark in some if mark["kind"] == "note"]
    parts = {name: quantiles([each[name] for each in heard]) for name in ("row_ms", "asked_ms")}
    return {
        "alerts": len({each["alert"] for each in every}),
        "unheard": len(every) - len(heard),
        "sound_ms": quantiles([each["late_ms"] for each in heard]),
        "alone_ms": quantiles([each["late_ms"] for each in heard if each["alone"]]),
        "beside_ms": quantiles([each["late_ms"] for each in heard if not each["alone"]]),
        "last_tablet_ms": quantiles(list(last.values())),
        **parts,
        "rendered_ms": quantiles([each["rendered_ms"] for each in heard if each["rendered_ms"] is not None]),
        "output_latency_ms": quantiles([note["output"] for note in notes]),
        "clock_skew_ms": quantiles([abs(note["skew"]) for note in notes]),
    }


def main() -> None:
    """Measure and print."""
    parser = options(__doc__)
    parser.add_argument("--wearers", type=int, default=180)
    parser.add_argument("--tablets", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=270)
    parser.add_argument("--slower", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=11)
    run(measure, parser)


if __name__ == "__main__":
    main()
