"""A house of processes in; each link from skin to somebody broken on purpose, and how soon a board says so, out.

python -m benchmarks.alerts.links [--only NAME] [--jobs 3] [--json]

For each link: seconds from the fault until a board, which follows ``/events`` as a page does, has a row that says that
somebody is not wholly protected, and why; and until the journal begins to tell staff, whose grace is 5 s here. Limit:
15 s at the board. Needs Mosquitto.
"""

import http.client
import json
import os
import re
import resource
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.alerts.house import CARERS, SHIFT_S, AlertHouse, dumped
from benchmarks.alerts.notes import Tail
from benchmarks.command import broker, options
from benchmarks.enrolled import cookie
from forecalm.installation import Installation
from models.shelf.manifest import POINTERS

TOLD_S: Final = 15.0
GRACE_S: Final = 5.0
WHOLE_S: Final = 90.0  # until everybody is believed to be protected again
WATCHED_S: Final = 40.0  # how long a fault is left, so that staff hear of it
WEARERS: Final = 3
LOOK_S: Final = 0.05
MAKING: Final = threading.Lock()  # a registry is brought up to date by one thread of a process at a time
SERVER: Final = "server stopped"
OUT: Final = Path(__file__).parents[1] / "alert_links.json"


class Board:
    """Follows ``/events`` at ``port`` for ever, on a thread of its own: ``rows`` is the newest of each person."""

    def __init__(self, port: int, cookie: str) -> None:
        self._port = port
        self._cookie = cookie
        self.rows: dict[str, dict[str, Any]] = {}
        self.beat_s = time.time()
        self.key = ""
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            board = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            try:
                board.request("GET", "/events", headers={"Cookie": self._cookie})
                stream = board.getresponse()
                event = b""
                while line := stream.readline():
                    if line.startswith(b"event:"):
                        event = line[6:].strip()
                    elif line.startswith(b"data:") and event == b"row":
                        row = json.loads(line[5:])["row"]
                        self.rows[row["wearer"]] = row
                    elif line.startswith(b"data:") and event == b"beat":
                        self.beat_s = time.time()
            except (OSError, http.client.HTTPException):
                time.sleep(LOOK_S)
            finally:
                board.close()

    def ask(self, path: str, body: Mapping[str, object] | None = None, *, key: str = "") -> Any:  # noqa: ANN401 - JSON
        """Ask the API."""
        if not (key or self.key) and path != "tablets":
            made = self.ask("tablets", {})
            self.key = f"{made['tablet']}.{made['key']}"
        board = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            headers = {"Content-Type": "application/json", "Authorization": f"Tablet {key or self.key}"}
            headers["Cookie"] = self._cookie
            data = None if body is None else json.dumps(body)
            board.request("GET" if body is None else "POST", f"/api/v1/{path}", data, headers)
            answer = board.getresponse()
            said = answer.read()
            if answer.status >= 300:
                raise RuntimeError(f"{path}: {answer.status} {said[:200]!r}")
            return json.loads(said)
        finally:
            board.close()


@dataclass(frozen=True, slots=True)
class Fault:
    """``breaks`` holds while the link is broken; a board's row of the first person then says something like ``why``."""

    name: str
    breaks: Callable[[AlertHouse, Board], AbstractContextManager[object]]
    why: str


@contextmanager
def silent(house: AlertHouse, _: Board) -> Iterator[None]:
    house.say("off", frozenset({"w-01"}))
    yield
    house.say("off", frozenset())


@contextmanager
def unworn(house: AlertHouse, _: Board) -> Iterator[None]:
    house.say("unworn", frozenset({"w-01"}))
    yield
    house.say("unworn", frozenset())


def killed(name: str) -> Callable[[AlertHouse, Board], AbstractContextManager[None]]:
    """A process is killed, and started again at the end."""

    @contextmanager
    def kill(house: AlertHouse, _: Board) -> Iterator[None]:
        house.kill(name)
        yield
        house.start(name)

    return kill


@contextmanager
def engine_hangs(house: AlertHouse, _: Board) -> Iterator[None]:
    (house.folder / "hang").touch()
    yield
    (house.folder / "hang").unlink()


@contextmanager
def disk_full(house: AlertHouse, _: Board) -> Iterator[None]:
    """No file of the service may grow: journal and store both."""
    resource.prlimit(house.pid("service"), resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    yield
    resource.prlimit(house.pid("service"), resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@contextmanager
def journal_full(house: AlertHouse, _: Board) -> Iterator[None]:
    """What is written beside the journal finds a full disk; a thread keeps it so, for the probe tidies up."""
    probe, done = house.journal.with_name("journal.probe"), threading.Event()

    def keep_full() -> None:
        while not done.wait(LOOK_S):
            try:
                probe.symlink_to("/dev/full")
            except FileExistsError:
                continue

    keeping = threading.Thread(target=keep_full)
    keeping.start()
    try:
        yield
    finally:
        done.set()
        keeping.join()
        probe.unlink(missing_ok=True)


@contextmanager
def store_locked(house: AlertHouse, _: Board) -> Iterator[None]:
    with closing(sqlite3.connect(Installation(house.config).readings, timeout=30, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")


@contextmanager
def shelf_damaged(house: AlertHouse, _: Board) -> Iterator[None]:
    shelf = Installation(house.config).models
    shelf.mkdir(parents=True, exist_ok=True)
    (shelf / POINTERS).write_bytes(b"\x00 no pointer at all\n")
    yield
    (shelf / POINTERS).unlink()


@contextmanager
def asleep(house: AlertHouse, _: Board) -> Iterator[None]:
    with house.stands_still("tablets"):
        yield


def _tablet(house: AlertHouse) -> tuple[str, str]:
    tablet, key = json.loads((house.folder / "tablet-0.json").read_text())
    return tablet, f"{tablet}.{key}"


@contextmanager
def muted(house: AlertHouse, board: Board) -> Iterator[None]:
    tablet, key = _tablet(house)
    body = {"by": CARERS[0], "reason": "A benchmark.", "until_s": time.time() + 3600}
    board.ask(f"tablets/{tablet}/mute", body, key=key)
    yield
    board.ask(f"tablets/{tablet}/unmute", {"by": CARERS[0]}, key=key)


@contextmanager
def closed(house: AlertHouse, board: Board) -> Iterator[None]:
    """A page that goes says so with its last breath."""
    tablet, key = _tablet(house)
    house.kill("tablets")
    body = {"foreground": False, "able": True, "tested_s": None, "push": False, "carer": "Jo"}
    board.ask(f"tablets/{tablet}/beat", body, key=key)
    yield
    house.start("tablets")


@contextmanager
def nobody_on_shift(_: AlertHouse, board: Board) -> Iterator[None]:
    for shift in board.ask("shifts"):
        board.ask(f"shifts/{shift['shift_id']}/end", {"by": shift["carer"], "anyway": "A benchmark."})
    yield
    for carer in CARERS:
        board.ask("shifts", {"carer": carer, "wearers": [], "until_s": time.time() + SHIFT_S, "by": carer})


FAULTS: Final = (
    Fault("band silent", silent, "band|silent|heard"),
    Fault("band off the wrist", unworn, "worn|off|wrist|skin"),
    Fault("gateway killed", killed("bands"), "[Gg]ateway"),
    Fault("broker killed", killed("broker"), "roker|network|reach"),
    Fault("engine hangs", engine_hangs, "."),
    Fault("journal's disk full", journal_full, "disk|kept|written|restart"),
    Fault("store locked", store_locked, "stor|reading|kept"),
    Fault("disk full (journal and store)", disk_full, "disk|kept|written|stor"),
    Fault("model damaged", shelf_damaged, "odel"),
    Fault("tablet asleep", asleep, "tablet"),
    Fault("tablet muted", muted, "tablet|muted"),
    Fault("tablet closed", closed, "tablet"),
    Fault("tablet's process killed", killed("tablets"), "tablet"),
    Fault("no carer on shift", nobody_on_shift, "shift|carer"),
)


def whole(house: AlertHouse, board: Board) -> None:
    """Return when a board shows everybody as protected; raises TimeoutError."""
    deadline = time.monotonic() + WHOLE_S
    while time.monotonic() < deadline:
        if len(board.rows) == WEARERS and all(row["cover"] == "protected" for row in board.rows.values()):
            return
        time.sleep(LOOK_S)
    said = {row["wearer"]: (row["cover"], row["cover_why"]) for row in board.rows.values()}
    raise TimeoutError(f"not whole after {WHOLE_S:.0f} s: {said}\n{house.said()}")


def broken(house: AlertHouse, board: Board, fault: Fault) -> dict[str, object]:
    """Break a link, and return after how long who was told what."""
    told = Tail(house.journal)
    told.more()
    shown_s = staff_s = None
    cover, why = "", ""
    with fault.breaks(house, board):
        begun_s = time.time()
        while time.time() - begun_s < WATCHED_S and (shown_s is None or staff_s is None):
            row = board.rows["w-01"]
            if shown_s is None and row["cover"] != "protected" and re.search(fault.why, row["cover_why"]):
                shown_s, cover, why = time.time() - begun_s, row["cover"], row["cover_why"]
            for event in told.more():
                if event["event"] == "escalated" and staff_s is None:
                    staff_s = time.time() - begun_s
            time.sleep(LOOK_S)
        if shown_s is None:
            cover, why = row["cover"], row["cover_why"] or row["why"]
    return {
        "link": fault.name,
        "board_s": None if shown_s is None else round(shown_s, 1),
        "cover": cover,
        "why": why,
        "staff_s": None if staff_s is None else round(staff_s, 1),
    }


def server(house: AlertHouse, board: Board) -> dict[str, object]:
    """The whole service stands still: a board says so itself, 15 s after the last word from it."""
    with house.stands_still("service"):
        begun_s = time.time()
        while time.time() - board.beat_s < TOLD_S:
            time.sleep(LOOK_S)
        shown_s = time.time() - begun_s
    return {
        "link": SERVER,
        "board_s": round(shown_s, 1),
        "cover": "not",
        "why": "the board's own: nothing was heard for 15 s",
        "staff_s": None,
    }


def measured(folder: Path, mosquitto: str, fault: Fault | None) -> dict[str, object]:
    """Break one link (None: the server itself) of a house that nothing has befallen: three breaks in five minutes
    count as broken throughout."""
    folder.mkdir()
    with MAKING:
        house = AlertHouse(
            folder, mosquitto=mosquitto, wearers=WEARERS, tablets=1, seed=1, soon_s=1.0, grace_s=GRACE_S, full=True
        )
    with house:
        for name in ("broker", "service", "bands", "tablets"):
            house.start(name)
        house.wait_until_served()
        board = Board(house.config.console.port, cookie(house.config))
        whole(house, board)
        found = server(house, board) if fault is None else broken(house, board, fault)
    print(found, file=sys.stderr)
    return found


def measure(folder: Path, *, mosquitto: str, only: str, jobs: int) -> list[dict[str, object]]:
    """Return a line for each link."""
    chosen: list[Fault | None] = [fault for fault in FAULTS if only in fault.name]
    if only in SERVER:
        chosen.append(None)
    with ThreadPoolExecutor(jobs) as pool:
        going = [pool.submit(measured, folder / str(place), mosquitto, it) for place, it in enumerate(chosen)]
        return [each.result() for each in going]


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--only", default="", help="links whose name holds this")
    parser.add_argument("--jobs", type=int, default=3, help="so many houses at once")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    mosquitto = broker()
    with tempfile.TemporaryDirectory(prefix="forecalm-links-") as folder:
        found = measure(Path(folder), mosquitto=mosquitto, only=chosen.only, jobs=chosen.jobs)
    said = {"limit_s": TOLD_S, "grace_s": GRACE_S, "load": round(os.getloadavg()[0], 1), "links": found}
    if chosen.json:
        print(dumped(said))
    else:
        print(f"{'link':32} {'board [s]':>10} {'staff [s]':>10}  limit {TOLD_S:.0f} s, load {said['load']}")
        for each in found:
            print(f"{each['link']:32} {each['board_s']!s:>10} {each['staff_s']!s:>10}  {each['cover']}: {each['why']}")
    late = [each["link"] for each in found if not isinstance(each["board_s"], float) or each["board_s"] > TOLD_S + 0.2]
    if late:
        sys.exit(f"later than {TOLD_S:.0f} s: {', '.join(map(str, late))}")
    if not chosen.only:
        OUT.write_text(dumped(said) + "\n")


if __name__ == "__main__":
    main()
