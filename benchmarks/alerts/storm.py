"""A house in; alerts without end, and every process killed in turn, until so many were taken out.

The one who drives reads the journal and what arrived, and decides by nothing else: who is warm stays so until somebody
has the alert, carers take by the links that came, and come at last where nobody else does.
"""

import http.client
import random
import re
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlsplit

from alerts.delivery.seals import Seals
from benchmarks.alerts.house import URL, AlertHouse
from benchmarks.alerts.notes import Notes, Tail, text_of
from benchmarks.alerts.plans import taking
from benchmarks.alerts.receiver import KINDS
from benchmarks.enrolled import COOKIE
from forecalm.installation import Installation

LOOK_S: Final = 0.1
REST_S: Final = (0.5, 4.0)  # between the end of one alert of somebody and the signs of the next
LATE_STEP: Final = 3  # of the chain, MQTT and the tablets among them: the first step that is not taken at once
LAST: Final = 4.0  # times as long as carers may take: whom nobody has taken by then somebody takes at the board
KILL_S: Final = (1.5, 5.0)
DOWN_S: Final = (0.0, 2.0)
AGAIN: Final = 0.25  # how often it is killed once more while it starts
STARTING_S: Final = (0.2, 5.0)
SETTLE_S: Final = 25.0  # for what is under way at the end: the longest wait for an answer, and its repeat
END_S: Final = 120.0  # for the end of each delivery whose alert somebody has, which comes at once
QUIET_S: Final = 4.0  # without a message under way: longer than an answer is waited for
LINK: Final = re.compile(re.escape(URL) + r"/take/([A-Za-z0-9_.-]+)")
ASK_S: Final = 5.0


@dataclass(slots=True)
class Open:
    """An alert that nobody has yet, as the one who drives knows it."""

    wearer: str
    since_s: float
    late_s: float | None = None  # since when the third step was taken
    link: str = ""
    link_s: float | None = None
    busy: bool = False


@dataclass(slots=True)
class Driving:
    """What was begun: ``episodes`` are signs that somebody must be told of; ``done`` those that somebody has."""

    episodes: int = 0
    done: int = 0
    open: dict[str, Open] = field(default_factory=dict)
    warm: set[str] = field(default_factory=set)
    next_s: dict[str, float] = field(default_factory=dict)


class Storm:
    """Drives ``house`` until ``alerts`` were raised and taken, for ``minutes`` at most; ``victims`` are killed
    ``every_s`` [s, least and most], ``kills`` times at most in all, and ``kills_least`` at least."""

    def __init__(
        self,
        house: AlertHouse,
        *,
        alerts: int,
        minutes: float,
        seed: int,
        soon_s: float,
        kills: int,
        victims: Sequence[str],
        kills_least: int = 0,
        every_s: tuple[float, float] = KILL_S,
    ) -> None:
        self._house, self._alerts, self._seed, self._soon_s = house, alerts, seed, soon_s
        self._until_s = time.monotonic() + minutes * 60
        self._chance = random.Random(seed)  # noqa: S311
        self._driving = Driving()
        self._journal = Tail(house.journal)
        self._got = {kind: Tail(house.folder / f"{kind}.got") for kind in KINDS}
        self._notes = Notes(house.folder / "driver")
        self._kills_most, self._kills_least, self._killed = kills, kills_least, 0
        self._victims, self._every_s = victims, every_s
        self._seals = Seals(Installation(house.config).secret())
        self._stop = threading.Event()
        self._hands = ThreadPoolExecutor(16)

    def run(self) -> Driving:
        """Return what was begun, and what came of it."""
        now_s = time.time()
        for number in range(1, self._house.wearers + 1):
            self._driving.next_s[f"w-{number:02}"] = now_s + self._chance.uniform(0.0, self._soon_s)
        killing = threading.Thread(target=self._kill, daemon=True)
        killing.start()
        try:
            while self._goes_on():
                self._house.tend()
                self._look()
                time.sleep(LOOK_S)
        finally:
            self._stop.set()
            killing.join()
            self._hands.shutdown()
        self._settle()
        return self._driving

    def _goes_on(self) -> bool:
        driving = self._driving
        begun = driving.episodes >= self._alerts or time.monotonic() > self._until_s
        if time.monotonic() > self._until_s + 300:
            return False
        return not begun or driving.done < driving.episodes or self._killed < self._kills_least

    def _look(self) -> None:
        driving, now_s = self._driving, time.time()
        for event in self._journal.more():
            self._hear(event, now_s)
        for channel, tail in self._got.items():
            for got in tail.more():
                self._read(channel, got)
        begins = driving.episodes < self._alerts and time.monotonic() < self._until_s
        for wearer, at_s in sorted(driving.next_s.items()):
            if begins and at_s <= now_s and driving.episodes < self._alerts:
                del driving.next_s[wearer]
                driving.warm.add(wearer)
                driving.episodes += 1
                self._notes.write(what="signs", wearer=wearer)
        self._house.say("warm", frozenset(driving.warm))
        for alert_id, each in driving.open.items():
            self._take(alert_id, each, now_s)

    def _hear(self, event: dict[str, Any], now_s: float) -> None:
        driving, kind = self._driving, event["event"]
        if kind == "alert raised":
            driving.open[event["alert_id"]] = Open(event["wearer"], now_s)
        elif kind == "alert acknowledged" and event["alert_id"] in driving.open:
            wearer = driving.open.pop(event["alert_id"]).wearer
            driving.warm.discard(wearer)
            driving.done += 1
        elif kind == "alert resolved":
            driving.next_s[event["wearer"]] = now_s + 1.5 + self._chance.uniform(*REST_S)
        elif kind == "escalated" and event["step"] >= LATE_STEP and event["matter_id"] in driving.open:
            each = driving.open[event["matter_id"]]
            each.late_s = each.late_s or now_s

    def _read(self, channel: str, got: dict[str, Any]) -> None:
        found = LINK.search(text_of(channel, got["what"]))
        if found and got["behaviour"] in ("take", "deny"):
            matter = self._seals.read(found[1], now_s=0.0).matter_id
            if matter in self._driving.open and self._driving.open[matter].link_s is None:
                self._driving.open[matter].link = found[1]
                self._driving.open[matter].link_s = got["at_s"]

    def _take(self, alert_id: str, each: Open, now_s: float) -> None:
        plan = taking(self._seed, alert_id, soon_s=self._soon_s)
        first_s = {"link": each.link_s, "late": each.late_s}.get(plan.way)
        if each.busy:
            return
        if first_s is not None and now_s >= first_s + plan.after_s:
            each.busy = True
            self._hands.submit(self._go, alert_id, each, plan.way, plan.by)
        elif now_s >= each.since_s + LAST * self._soon_s:
            each.busy = True
            self._hands.submit(self._go, alert_id, each, "last", plan.by)

    def _go(self, alert_id: str, each: Open, way: str, by: str) -> None:
        try:
            if way == "link":
                path = f"/take/{each.link}"
                ask(self._house.config.console.port, "GET", path, host=urlsplit(URL).netloc)  # a messenger's preview
                status = ask(self._house.config.console.port, "POST", path, host=urlsplit(URL).netloc)
            else:
                path = f"/alerts/{quote(alert_id)}/acknowledge"
                said = (self._house.folder / COOKIE).read_text()
                status = ask(self._house.config.console.port, "POST", path, body=f"by={by}", cookie=said)
            self._notes.write(what="asked", matter=alert_id, way=way, status=status)
        except (OSError, http.client.HTTPException) as error:
            self._notes.write(what="nobody there", matter=alert_id, way=way, error=type(error).__name__)
        finally:  # whatever it was, it is tried again
            time.sleep(1.0)
            each.busy = False

    def _kill(self) -> None:
        """Each process in turn, the turn shuffled each time."""
        chance = random.Random(self._seed + 1)  # noqa: S311
        while not (self._driving.open or self._stop.wait(LOOK_S)):
            continue
        while True:
            for name in chance.sample(self._victims, len(self._victims)):
                if self._killed >= self._kills_most or self._stop.wait(chance.uniform(*self._every_s)):
                    return
                self._house.kill(name)
                self._killed += 1
                if self._stop.wait(chance.uniform(*DOWN_S)):
                    self._house.start(name)
                    return
                self._house.start(name)
                if chance.random() < AGAIN and self._killed < self._kills_most:
                    self._stop.wait(chance.uniform(*STARTING_S))
                    self._house.kill(name)
                    self._killed += 1
                    self._house.start(name)
                if name == "service":
                    self._house.wait_until_served()

    def _settle(self) -> None:
        """Let what is under way come to its end."""
        (self._house.folder / "settle").touch()
        for name in self._house.names:
            self._house.start(name)
        self._house.wait_until_served()
        begun_s = quiet_s = time.monotonic()
        waiting: dict[tuple[object, ...], bool] = {}
        open_: set[str] = set()
        tail = Tail(self._house.journal)
        while (now_s := time.monotonic()) < begun_s + (END_S if open_ else SETTLE_S) and now_s < quiet_s + QUIET_S:
            for event in tail.more():
                if event["event"] == "reached" and event["channel"] not in ("board", "mqtt"):
                    leg = tuple(event.get(key, 1) for key in ("matter_id", "step", "to", "channel", "attempt"))
                    waiting[leg] = event["station"] == "queued"
                elif event["event"] == "alert acknowledged":
                    open_.add(event["alert_id"])
                elif event["event"] == "delivery ended":
                    open_.discard(event["matter_id"])
            if open_ or any(waiting.values()):
                quiet_s = now_s
            time.sleep(LOOK_S)


def ask(port: int, method: str, path: str, *, host: str = "", body: str = "", cookie: str = "") -> int:
    """Return the status; raises OSError or HTTPException where nobody answers."""
    board = http.client.HTTPConnection("127.0.0.1", port, timeout=ASK_S)
    try:
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        headers |= {"Host": host} if host else {}
        headers |= {"Cookie": cookie} if cookie else {}
        board.request(method, path, body, headers)
        answer = board.getresponse()
        answer.read()
        return answer.status
    finally:
        board.close()
