"""Simulated bands through Mosquitto to a real service and many boards in; how late the last board was told, out.

python -m benchmarks.boards [--wearers 100] [--boards 20] [--seconds 600] [--scenario crisis] [--seed 11] [--json]
python -m benchmarks.boards --scenario anxious

For every second that was decided, how long it was [ms] from the publishing of the message that completed it until the
row had come in at every board, which is later than it was written to the last of them; and the same of the seconds that
raised an alert alone. Boards run in one process of their own, on one loop: what they wait for each other counts too.
Alerts are taken after ten seconds, so that others can follow. ``anxious`` is made here: everybody has a build-up within
those seconds, evenly apart, so that there are many alerts. Needs Mosquitto.
"""

import asyncio
import json
import multiprocessing
import subprocess
import sys
import time
import urllib.parse
from collections import defaultdict
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, Final

from benchmarks.command import options, run
from benchmarks.console.running import quantiles
from benchmarks.enrolled import cookie
from benchmarks.kill_house import House
from device_sim.scenario import load
from forecalm.demo import learn_past
from forecalm.installation import Installation

TAKEN_AFTER_S: Final = 10.0
SETTLE_S: Final = 5.0  # what the first seconds after a start say is of the start
ANXIOUS: Final = "anxious"
RISE_S: Final = 60.0
HOLD_S: Final = 90.0
FALL_S: Final = 60.0
Message = tuple[str, int, int]


class Boards:
    """Reads the streams of ``count`` boards of the console at ``port`` until ``stop``.

    ``told_us`` is when each decided second's row was with its first and its last board, by the message that completed
    it; ``raised`` are those messages that raised an alert.
    """

    def __init__(self, port: int, count: int, cookie: str, taken_after_s: float = TAKEN_AFTER_S) -> None:
        self._port = port
        self._taken_after_s = taken_after_s
        self._cookie = cookie
        self._count = count
        self._seen: dict[Message, int] = defaultdict(int)
        self._taking: set[asyncio.Task[None]] = set()
        self.late_ms: dict[Message, float] = {}
        self.raised: dict[str, Message] = {}

    async def run(self, stop: Event) -> None:
        """Follow all of them."""
        boards = [asyncio.create_task(self._follow()) for _ in range(self._count)]
        while not stop.is_set():
            await asyncio.sleep(0.2)
            for board in boards:
                if board.done():
                    board.result()
        for board in boards:
            board.cancel()

    async def _follow(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 22)
        writer.write(f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nCookie: {self._cookie}\r\n\r\n".encode())
        first_s = time.monotonic()
        event = b""
        while line := await reader.readline():
            if line.startswith(b"event:"):
                event = line[6:].strip()
            elif line.startswith(b"data:") and event == b"row":
                now_us = time.time() * 1e6
                if time.monotonic() - first_s > SETTLE_S:
                    self._row(json.loads(line[5:]), now_us)
        raise ConnectionError("the board's stream ended")

    def _row(self, row: dict[str, Any], now_us: float) -> None:
        stamp = row.get("stamp")
        if not isinstance(stamp, dict) or stamp["sent_us"] is None:
            return
        message = (stamp["band"], stamp["boot"], stamp["seq"])
        self._seen[message] += 1
        if self._seen[message] == self._count:
            self.late_ms[message] = (now_us - stamp["sent_us"]) / 1e3
        alert = row.get("alert_id")
        if isinstance(alert, str) and row["risk_state"] == "alerting" and alert not in self.raised:
            self.raised[alert] = message
            task = asyncio.create_task(self._take(alert))
            self._taking.add(task)
            task.add_done_callback(self._taking.discard)

    async def _take(self, alert: str) -> None:
        await asyncio.sleep(self._taken_after_s)
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        path = f"/alerts/{urllib.parse.quote(alert)}/acknowledge"
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nAccept: application/json\r\nConnection: close\r\n"
            f"Cookie: {self._cookie}\r\n"
        )
        writer.write(
            f"{head}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 5\r\n\r\nby=Jo".encode()
        )
        await reader.read()
        writer.close()


def follow(port: int, count: int, cookie: str, stop: Event, out: str, taken_after_s: float = TAKEN_AFTER_S) -> None:
    """The boards' process: see ``Boards``."""
    boards = Boards(port, count, cookie, taken_after_s)
    asyncio.run(boards.run(stop))
    alerts = [boards.late_ms[message] for message in boards.raised.values() if message in boards.late_ms]
    Path(out).write_text(json.dumps({"rows": list(boards.late_ms.values()), "alerts": alerts}))


def anxious(wearers: int, seconds: float) -> str:
    """A scenario in which each of ``wearers`` has one build-up, evenly apart, that is over within ``seconds``."""
    first_s, last_s = SETTLE_S, max(SETTLE_S, seconds - RISE_S - HOLD_S)
    lines = ['title = "Many alerts"', "past_s = 1800", f"wearers = {wearers}", 'activity = "still"']
    for number in range(wearers):
        start_s = first_s + (last_s - first_s) * number / max(1, wearers - 1)
        episode = f'kind = "anxiety", start_s = {start_s:.1f}, rise_s = {RISE_S}, hold_s = {HOLD_S}, fall_s = {FALL_S}'
        lines += ["[[wearer]]", 'responds = "both"', f"episode = [{{ {episode} }}]"]
    return "\n".join(lines)


def measure(
    folder: Path, *, mosquitto: str, wearers: int, boards: int, seconds: float, scenario: str, seed: int
) -> dict[str, object]:
    """Return what was found: quantiles [ms] over decided seconds, and over those that raised an alert."""
    house = House(folder, mosquitto=mosquitto, wearers=wearers, seed=seed)
    if scenario == ANXIOUS:
        scenario = str(folder / "anxious.toml")
        Path(scenario).write_text(anxious(wearers, seconds))
    mqtt, port = house.config.mqtt, house.config.console.port
    print(f"Learning what is usual for {wearers} people", file=sys.stderr)
    learn_past(Installation(house.config), [f"w-{number:02}" for number in range(1, wearers + 1)], load(scenario))
    stop, out, known = multiprocessing.Event(), folder / "boards.json", cookie(house.config)
    with house:
        house.start_broker()
        house.start_service()
        house.wait_until_it_serves()
        watching = multiprocessing.Process(target=follow, args=(port, boards, known, stop, str(out)))
        watching.start()
        where = ("--port", str(mqtt.port), "--user", f"{mqtt.username}:{mqtt.password}")
        what = ("--scenario", scenario, "--wearers", str(wearers), "--seed", str(seed), "--seconds", str(seconds))
        print(f"{seconds:.0f} s of {wearers} bands, {boards} boards", file=sys.stderr)
        subprocess.run([sys.executable, "-P", "-m", "forecalm", "simulate", *what, *where], check=True)  # noqa: S603
        stop.set()
        watching.join(30)
        complaints = house.said()
    if watching.exitcode != 0:
        raise RuntimeError(f"the boards ended early:\n{complaints}")
    found = json.loads(out.read_text())
    return {"wearers": wearers, "boards": boards, **{name: quantiles(values) for name, values in found.items()}}


def main() -> None:
    """Measure and print."""
    parser = options(__doc__)
    parser.add_argument("--wearers", type=int, default=100)
    parser.add_argument("--boards", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--scenario", default="crisis")
    parser.add_argument("--seed", type=int, default=11)
    run(measure, parser)


if __name__ == "__main__":
    main()
