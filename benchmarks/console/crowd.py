"""A board's address and tablets' cookies in; tablets that follow, beat and prove alerts, and what they saw, out.

python -m benchmarks.console.crowd FOLDER PORT FIRST COUNT [take]. Follows as ``tablets.json`` of the folder from FIRST
on, until ``stop`` is there; what it saw goes to ``crowd-FIRST.json``. With "take" it takes each alert after a while.

A tablet reads all of its stream; of every tenth band, and of every alert, it notes when each second's row had come.
"""

import asyncio
import contextlib
import json
import re
import sys
import time
import urllib.parse
from collections import Counter
from pathlib import Path
from typing import Any, Final

BEAT_S: Final = 5.0
TAKEN_AFTER_S: Final = 10.0
SWELL_S: Final = 0.12  # until the page's own proof that a note was played
STAMP: Final = re.compile(rb'"stamp":\{"band":"(band-\d*0)","boot":\d+,"seq":(\d+),"sent_us":(\d+)\}')
ALERTING: Final = b'"risk_state":"alerting"'
Seen = dict[str, float]


class Crowd:
    """What all tablets of this process saw. ``rows`` is when a band's second had come to the last of them [UTC s]."""

    def __init__(self, folder: Path, port: int, tablets: list[dict[str, str]], *, first: int, takes: bool) -> None:
        self._folder, self._port, self._tablets = folder, port, tablets
        self._first, self._takes = first, takes
        self.newest: list[dict[bytes, int]] = [{} for _ in tablets]
        self._came: Counter[tuple[bytes, int]] = Counter()
        self.sent: dict[tuple[bytes, int], float] = {}
        self.rows: dict[tuple[bytes, int], float] = {}
        self.alerts: dict[str, dict[str, float]] = {}
        self.bytes = self.events = self.beats = self.refused = self.receipts = self.ended = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Follow until told to stop."""
        for number in range(len(self._tablets)):
            self._begin(self._live(number))
            await asyncio.sleep(0.02)
        while not (self._folder / "stop").exists():
            await asyncio.sleep(0.2)
        for task in self._tasks:
            task.cancel()

    def _begin(self, work: Any) -> None:  # noqa: ANN401 - a coroutine
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _live(self, number: int) -> None:
        key: dict[str, str] = {}
        made = await self._ask(number, "/api/v1/tablets", {}, key)
        key |= {"Authorization": f"Tablet {made['tablet']}.{made['key']}"}
        self._begin(self._follow(number, made["tablet"], key))
        while True:
            body = {"foreground": True, "able": True, "push": False, "carer": "Jo", "tested_s": time.time()}
            await self._ask(number, f"/api/v1/tablets/{made['tablet']}/beat", body, key)
            self.beats += 1
            await asyncio.sleep(BEAT_S)

    async def _open(self, number: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """As a machine of its own would: what is bounded for each address is bounded for each tablet."""
        own = f"127.0.{1 + (self._first + number) // 200}.{1 + (self._first + number) % 200}"
        return await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 24, local_addr=(own, 0))

    async def _ask(self, number: int, path: str, body: object, headers: dict[str, str], *, form: str = "") -> Any:  # noqa: ANN401
        reader, writer = await self._open(number)
        data = form.encode() or json.dumps(body).encode()
        kind = "application/x-www-form-urlencoded" if form else "application/json"
        said = {"Host": f"127.0.0.1:{self._port}", "Cookie": self._tablets[number]["cookie"], "Content-Type": kind}
        said |= {"Accept": "application/json", "Connection": "close", "Content-Length": str(len(data))} | headers
        writer.write(
            f"POST {path} HTTP/1.1\r\n{''.join(f'{k}: {v}' + chr(13) + chr(10) for k, v in said.items())}\r\n".encode()
            + data
        )
        answer = await reader.read()
        writer.close()
        head, _, rest = answer.partition(b"\r\n\r\n")
        if not 200 <= int(head[9:12]) < 300:
            self.refused += 1
            return {}
        return json.loads(rest)

    async def _follow(self, number: int, tablet: str, key: dict[str, str]) -> None:
        reader, writer = await self._open(number)
        cookie = self._tablets[number]["cookie"]
        writer.write(f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nCookie: {cookie}\r\n\r\n".encode())
        rest = b""
        while chunk := await reader.read(1 << 20):
            now_s = time.time()
            self.bytes += len(chunk)
            self.events += chunk.count(b"\nevent: row")
            whole, end, rest = (rest + chunk).rpartition(b"\n\n")
            for band, seq, sent_us in STAMP.findall(whole):
                self._row(number, band, int(seq), int(sent_us) * 1e-6, now_s)
            if ALERTING in whole:
                for line in whole.split(b"\n"):
                    if ALERTING in line:
                        self._alert(number, tablet, key, json.loads(line[line.index(b"{") :]), now_s)
            rest = rest if end else whole + rest
        self.ended += 1

    def _row(self, number: int, band: bytes, seq: int, sent_s: float, now_s: float) -> None:
        newest = self.newest[number]
        before = newest.get(band, seq - 1)
        newest[band] = max(seq, before)
        self.sent.setdefault((band, seq), sent_s)
        for each in range(before + 1, seq + 1):
            self._came[band, each] += 1
            if self._came[band, each] == len(self._tablets):
                self.rows[band, each] = now_s
                del self._came[band, each]

    def _alert(self, number: int, tablet: str, key: dict[str, str], row: dict[str, Any], now_s: float) -> None:
        alert = row["alert_id"]
        stamp = row["stamp"]
        known = self.alerts.get(alert)
        if known is None and stamp is not None:
            known = self.alerts[alert] = {"sent_s": stamp["sent_us"] * 1e-6, "first_s": now_s}
            if self._takes:
                self._begin(self._take(number, alert))
        if known is not None and f"tablet {number}" not in known:
            known[f"tablet {number}"] = now_s
            self._begin(self._prove(number, tablet, key, alert))

    async def _prove(self, number: int, tablet: str, key: dict[str, str], alert: str) -> None:
        for station, after_s in (("on the tablet", 0.0), ("sounded", SWELL_S)):
            await asyncio.sleep(after_s)
            body = [{"matter_id": alert, "station": station, "at_s": time.time()}]
            await self._ask(number, f"/api/v1/tablets/{tablet}/receipts", body, key)
            self.receipts += 1

    async def _take(self, number: int, alert: str) -> None:
        await asyncio.sleep(TAKEN_AFTER_S)
        await self._ask(number, f"/alerts/{urllib.parse.quote(alert)}/acknowledge", {}, {}, form="by=Jo")

    def said(self) -> dict[str, object]:
        """Return it, for another process."""
        last = {
            alert: [at for name, at in it.items() if name.startswith("tablet")] for alert, it in self.alerts.items()
        }
        return {
            "rows": [
                [band.decode(), seq, self.sent[band, seq], at]
                for (band, seq), at in self.rows.items()
                if (band, seq) in self.sent
            ],
            "alerts": [[alert, it["sent_s"], len(last[alert]), max(last[alert])] for alert, it in self.alerts.items()],
            **{name: getattr(self, name) for name in ("bytes", "events", "beats", "refused", "receipts", "ended")},
        }


async def main(folder: Path, port: int, first: int, count: int, *, takes: bool) -> None:
    """Be there until told to stop."""
    tablets = json.loads((folder / "tablets.json").read_text())[first : first + count]
    crowd = Crowd(folder, port, tablets, first=first, takes=takes)
    with contextlib.suppress(asyncio.CancelledError):
        await crowd.run()
    part = folder / f"crowd-{first}.part"
    part.write_text(json.dumps(crowd.said()))
    part.replace(folder / f"crowd-{first}.json")


if __name__ == "__main__":
    asyncio.run(
        main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), takes="take" in sys.argv[5:])
    )
