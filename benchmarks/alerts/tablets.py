"""A board's address in; tablets out that show, sound and prove alerts, sleep, stay mute, lose the network and take.

python -m benchmarks.alerts.tablets FOLDER PORT COUNT SEED SOON_S. Each writes what it saw to ``tablets.seen``; a
process is one life of every page. A tablet keeps its key over lives, as a browser does.
"""

import contextlib
import http.client
import json
import random
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from benchmarks.alerts.notes import Notes
from benchmarks.alerts.plans import taking
from benchmarks.enrolled import COOKIE

BEAT_S: Final = 5.0
RETRY_S: Final = 1.0
QUIET_S: Final = 8.0  # a stream beats every second
KINDS: Final = ("well", "well", "mute", "sleepy", "lost")
"""In turn: two that do all, one that never sounds, one that sleeps, one that loses the network."""


class Tablet:
    """One page: an alert rings from the first row that says that it sounds until a row says that it does not."""

    def __init__(self, folder: Path, port: int, number: int, seed: int, notes: Notes) -> None:
        self.kind = KINDS[number % len(KINDS)]
        self.number = number
        self._port, self._notes = port, notes
        self._chance = random.Random(f"{seed} {number} {time.time()}")  # noqa: S311
        self._kept = folder / f"tablet-{number}.json"
        self._life = f"{number}-{time.time():.3f}"
        self._ringing: set[str] = set()
        self._receipts: list[dict[str, object]] = []
        self._away_until_s = 0.0
        self._key = ("", "")
        self._cookie = (folder / COOKIE).read_text()

    def ask(self, path: str, body: object = None, *, form: bool = False) -> Any:  # noqa: ANN401 - as JSON comes
        """Ask the server; raises OSError, or HTTPException, where it does not say yes."""
        board = http.client.HTTPConnection("127.0.0.1", self._port, timeout=QUIET_S)
        try:
            headers = {"Accept": "application/json", "Content-Type": "application/json", "Cookie": self._cookie}
            if self._key[0]:
                headers["Authorization"] = f"Tablet {self._key[0]}.{self._key[1]}"
            if form:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            data = str(body) if form else json.dumps(body)
            board.request("POST", path, data, headers)
            answer = board.getresponse()
            said = answer.read()
            if answer.status >= 300:
                raise Refused(f"{answer.status} {path.split('/')[1]}")
            return json.loads(said)
        finally:
            board.close()

    def live(self) -> None:
        """Be there until killed."""
        if self._kept.exists():
            self._key = tuple(json.loads(self._kept.read_text()))
        threading.Thread(target=self._beat_on, daemon=True).start()
        while True:
            try:
                self._follow()
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(RETRY_S)

    @property
    def _away(self) -> bool:
        return time.time() < self._away_until_s

    def _register(self) -> None:
        if not self._key[0]:
            made = self.ask("/api/v1/tablets", {})
            self._key = (made["tablet"], made["key"])
            self._kept.write_text(json.dumps(self._key))

    def _beat_on(self) -> None:
        while True:
            if self.kind in ("sleepy", "lost") and not self._away and self._chance.random() < 0.15:
                self._away_until_s = time.time() + self._chance.uniform(5, 25)
            if not self._away:
                try:
                    self._register()
                    able = self.kind != "mute"
                    body = {"foreground": True, "able": able, "push": False, "carer": "Jo"}
                    self.ask(
                        f"/api/v1/tablets/{self._key[0]}/beat", {**body, "tested_s": time.time() if able else None}
                    )
                    self._send_receipts()
                except (OSError, http.client.HTTPException, ValueError) as error:
                    self._notes.write(what="no beat", tablet=self.number, why=type(error).__name__)
            time.sleep(BEAT_S)

    def _send_receipts(self) -> None:
        waiting = self._receipts[:]
        if waiting and self._key[0]:
            self.ask(f"/api/v1/tablets/{self._key[0]}/receipts", waiting)
            del self._receipts[: len(waiting)]

    def _follow(self) -> None:
        board = http.client.HTTPConnection("127.0.0.1", self._port, timeout=QUIET_S)
        try:
            board.request("GET", "/events", headers={"Cookie": self._cookie})
            stream = board.getresponse()
            self._notes.write(tablet=self.number, life=self._life, what="connected")
            event = b""
            while line := stream.readline():
                if self._away:
                    self._notes.write(tablet=self.number, life=self._life, what="away")
                    if self.kind == "sleepy":  # its connection stays open, and is dead when it wakes
                        time.sleep(max(0.0, self._away_until_s - time.time()))
                    break
                if line.startswith(b"event:"):
                    event = line[6:].strip()
                elif line.startswith(b"data:") and event == b"row":
                    self._row(json.loads(line[5:]))
        finally:
            self._notes.write(tablet=self.number, life=self._life, what="gone")
            board.close()
        while self._away:
            time.sleep(0.1)

    def _row(self, row: dict[str, Any]) -> None:
        alert = row["alert_id"]
        sounds = row["row"]["sounds"] == "alert" and alert is not None
        for matter in [each for each in self._ringing if each.rsplit("-", 2)[0] == row["row"]["wearer"]]:
            if not sounds or matter != alert:
                self._ringing.discard(matter)
                self._note(matter, "silent", by=row["acknowledged_by"])
        if sounds and alert not in self._ringing:
            self._ringing.add(alert)
            self._note(alert, "sounded" if self.kind != "mute" else "shown")
            stations = ["on the tablet"] if self.kind == "mute" else ["on the tablet", "sounded"]
            self._receipts += [{"matter_id": alert, "station": each, "at_s": time.time()} for each in stations]
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):  # they go with the next beat
                self._send_receipts()

    def _note(self, matter: str, what: str, **more: object) -> None:
        self._notes.write(tablet=self.number, life=self._life, kind=self.kind, matter=matter, what=what, **more)

    @property
    def ringing(self) -> frozenset[str]:
        """The alerts that this page sounds now."""
        return frozenset(self._ringing)


class Refused(http.client.HTTPException):
    """The server said no."""


def take_on(tablets: list[Tablet], seed: int, soon_s: float, notes: Notes) -> None:
    """Carers at the tablets: those who come by form or API, each alert when its time has come, again until it is so."""
    first_s: dict[str, float] = {}
    while True:
        time.sleep(0.1)
        for alert in {each for tablet in tablets for each in tablet.ringing}:
            plan = taking(seed, alert, soon_s=soon_s)
            due_s = first_s.setdefault(alert, time.time()) + plan.after_s
            if plan.way not in ("form", "api") or time.time() < due_s:
                continue
            by = plan.by
            try:
                if plan.way == "form":
                    tablets[0].ask(f"/alerts/{quote(alert)}/acknowledge", f"by={by}", form=True)
                else:
                    tablets[0].ask(f"/api/v1/alerts/{quote(alert)}/acknowledge", {"by": by})
                notes.write(what="taken", matter=alert, way=plan.way)
            except (OSError, http.client.HTTPException, ValueError) as error:
                notes.write(what="not taken", matter=alert, why=type(error).__name__ + str(error)[:40])
            first_s[alert] = time.time() + 1 - plan.after_s


def main(folder: Path, port: int, count: int, seed: int, soon_s: float) -> None:
    """Be there until killed."""
    notes = Notes(folder / "tablets.seen")
    tablets = [Tablet(folder, port, number, seed, notes) for number in range(count)]
    for tablet in tablets:
        threading.Thread(target=tablet.live, daemon=True).start()
    take_on(tablets, seed, soon_s, notes)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
