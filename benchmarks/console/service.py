"""A configuration in; ``forecalm serve`` as it is, and what it costs, thread by thread, out.

python -m benchmarks.console.service FORECALM_TOML FOUND [profile]. Every second a line of JSON goes to FOUND: CPU
seconds of each thread so far, memory, how late the web server's event loop was with what it was asked to do every
20 ms, and the longest that one of its callbacks held it. With "profile" each thread's place in the code is noted, too,
a hundred times a second; it goes to FOUND with the ending ``.profile``.
"""

import asyncio
import json
import os
import sys
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Final

import console.serve
from forecalm.cli import main

TICK_S: Final = 0.02
SAMPLE_S: Final = 0.01
DEEP: Final = 60
PER_S: Final = os.sysconf("SC_CLK_TCK")
PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Loop:
    """What the web server's event loop was kept from, since it was last asked."""

    def __init__(self) -> None:
        self._late_ms: list[float] = []
        self._worst: tuple[float, float, str] = (0.0, 0.0, "")
        self._lock = threading.Lock()

    def taken(self) -> dict[str, object]:
        """Return it; what was said once is not said again."""
        with self._lock:
            late, self._late_ms = self._late_ms, []
            (wall_ms, cpu_ms, what), self._worst = self._worst, (0.0, 0.0, "")
        return {"late_ms": late, "longest_ms": wall_ms, "longest_cpu_ms": cpu_ms, "longest": what}

    async def tick(self) -> None:
        """Note how late each tick is, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + TICK_S
            await asyncio.sleep(TICK_S)
            with self._lock:
                self._late_ms.append(round((loop.time() - due) * 1e3, 2))

    def held(self, wall_s: float, cpu_s: float, what: str) -> None:
        """Note that a callback held the loop for so long, of which the thread itself ran ``cpu_s``."""
        with self._lock:
            self._worst = (round(wall_s * 1e3, 2), round(cpu_s * 1e3, 2), what)

    @property
    def longest_s(self) -> float:
        """The longest so far."""
        return self._worst[0] * 1e-3


def observe(loop: Loop) -> None:
    """Let the web server's loop be watched from its start on."""
    started, ran = console.serve._Server.startup, asyncio.Handle._run

    def run(self: asyncio.Handle) -> None:
        began_s, cpu_s = time.perf_counter(), time.thread_time()
        ran(self)
        took_s = time.perf_counter() - began_s
        if took_s > loop.longest_s:
            loop.held(took_s, time.thread_time() - cpu_s, _named(self))

    async def startup(self: console.serve._Server, sockets: object = None) -> None:
        await started(self, sockets)  # type: ignore[arg-type] # as uvicorn has it
        if self._hub is not None:
            self._watched = asyncio.create_task(loop.tick())  # type: ignore[attr-defined]
            asyncio.Handle._run = run  # type: ignore[method-assign]

    console.serve._Server.startup = startup  # type: ignore[method-assign]


def _named(handle: asyncio.Handle) -> str:
    called = handle._callback  # type: ignore[attr-defined]
    task = getattr(called, "__self__", None)
    coroutine = task.get_coro() if isinstance(task, asyncio.Task) else None
    return str(getattr(coroutine, "__qualname__", "") or getattr(called, "__qualname__", called))


def threads() -> dict[str, float]:
    """Return the CPU seconds of each thread of this process so far, by its name; those without one together."""
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    spent: dict[str, float] = defaultdict(float)
    for task in Path("/proc/self/task").iterdir():
        try:
            fields = (task / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        name = names.get(int(task.name), "without a name")
        spent[name.rstrip("0123456789-_ ")] += (int(fields[11]) + int(fields[12])) / PER_S
    return dict(spent)


def memory_mb() -> float:
    """Return what of this process is in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6


def look_on(found: Path, loop: Loop) -> None:
    """Write what is found, once a second."""
    with found.open("a", encoding="utf-8") as file:
        while True:
            time.sleep(1.0)
            said = {"at_s": time.time(), "cpu_s": time.process_time(), "threads": threads(), "rss_mb": memory_mb()}
            file.write(json.dumps(said | loop.taken()) + "\n")
            file.flush()


def profile(found: Path) -> None:
    """Count where each thread stands, again and again; the counts are written every 10 s."""
    counts: Counter[str] = Counter()
    while True:
        until_s = time.monotonic() + 10.0
        while time.monotonic() < until_s:
            time.sleep(SAMPLE_S)
            names = {thread.ident: thread.name for thread in threading.enumerate()}
            for ident, frame in sys._current_frames().items():
                place: list[str] = []
                frames = frame
                while frames is not None and len(place) < DEEP:
                    place.append(f"{Path(frames.f_code.co_filename).name}:{frames.f_code.co_name}")
                    frames = frames.f_back  # type: ignore[assignment]
                counts[";".join([names.get(ident, "?"), *reversed(place)])] += 1
        found.write_text("\n".join(f"{stack} {count}" for stack, count in counts.most_common()))


if __name__ == "__main__":
    where, out = Path(sys.argv[1]), Path(sys.argv[2])
    watched = Loop()
    observe(watched)
    threading.Thread(target=look_on, args=(out, watched), name="looking on", daemon=True).start()
    if "profile" in sys.argv[3:]:
        into = out.with_suffix(".profile")
        threading.Thread(target=profile, args=(into,), name="looking on 2", daemon=True).start()
    sys.exit(main(["serve", "--config", str(where)]))
