"""A thousand bands through Mosquitto to a real service and two hundred tablets in; what that costs the service, out.

python -m benchmarks.console.house [--wearers 1000] [--tablets 200] [--seconds 200] [--profile FILE] [--json]

After a minute in which all begins, for so many seconds: the service's CPU, thread by thread, in cores; its memory, and
how fast that grows; how late its web server's event loop was, and what held it longest; and from the publishing of the
message that completed a second until that second's row, or a later one of the same person, had come to the last tablet
(of every tenth band), and the same of the rows that raised an alert. Every tablet is enrolled, sees everybody, beats
every 5 s, and proves each alert twice. Bands and tablets are processes of their own, and count for nothing but the
machine's load, which is said. Needs Mosquitto.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.command import options, run
from benchmarks.console.bands import Lives
from benchmarks.console.running import Running, load, quantiles
from benchmarks.kill_house import ROOT
from console.access.cookies import TABLET
from forecalm.config import Config
from forecalm.installation import Installation

BODIES: Final = 50
ANXIOUS: Final = 2  # of these: an alert in four seconds, far more than any house has
SPAN_S: Final = 180
OURS: Final = "looking on"  # the thread that measures
MINUTE_S: Final = 60.0
WARM_S: Final = 60  # all begin, alerts begin to come
CROWDS: Final = 2  # processes of tablets
ENDS_S: Final = 30.0
START_S: Final = 90.0
LOOK_S: Final = 0.2


def enrol(config: Config, tablets: int) -> list[dict[str, str]]:
    """Return the cookies of so many tablets."""
    with closing(Installation(config).open_registry()) as registry:
        tokens = [
            registry.enrol_tablet(f"Tablet {number}", site=config.site.name, shows_names=True, by="benchmark")[0]
            for number in range(tablets)
        ]
    return [{"cookie": f"{TABLET}={token}"} for token in tokens]


def measure(
    folder: Path, *, mosquitto: str, wearers: int, tablets: int, seconds: int, profile: Path | None
) -> dict[str, object]:
    """Return what was found."""
    house = Running(folder, mosquitto=mosquitto, wearers=wearers, seed=11, profile=profile is not None)
    port = house.config.console.port
    print(f"Learning what is usual for {wearers} people", file=sys.stderr)
    Lives(wearers=wearers, bodies=BODIES, anxious=ANXIOUS, span_s=SPAN_S).know(house.config, folder)
    (folder / "tablets.json").write_text(json.dumps(enrol(house.config, tablets)))
    others: list[subprocess.Popen[bytes]] = []
    before = load()
    with house:
        house.start_broker()
        house.start_service()
        house.wait_until_it_serves()
        total_s = WARM_S + seconds
        others.append(_run("bands", str(folder), str(total_s + 5)))
        _until((folder / "sending").exists, START_S, others)
        share = -(-tablets // CROWDS)
        for first in range(0, tablets, share):
            takes = [] if first else ["take"]
            others.append(_run("crowd", str(folder), str(port), str(first), str(min(share, tablets - first)), *takes))
        print(f"{total_s} s of {wearers} bands, {tablets} tablets", file=sys.stderr)
        began_s = time.time()
        _until(lambda: time.time() > began_s + total_s, total_s + 1.0, others)
        (folder / "stop").touch()
        for process in others[1:]:
            process.wait(ENDS_S)
        after = load()
        others[0].kill()
        others[0].wait()
        complaints = house.said()
    if profile is not None:
        shutil.copy(house.found.with_suffix(".profile"), profile)
    steady = (began_s + WARM_S, began_s + total_s)
    crowds = [json.loads(path.read_text()) for path in sorted(folder.glob("crowd-*.json"))]
    found = [json.loads(line) for line in house.found.read_text().splitlines()]
    return {
        "wearers": wearers,
        "tablets": tablets,
        "seconds": seconds,
        "load": [before, after],
        **costs([each for each in found if steady[0] <= each["at_s"] <= steady[1]]),
        **lags(crowds, steady=steady, tablets=tablets),
        "complaints": len(complaints.splitlines()),
    }


def _until(true: Callable[[], bool], within_s: float, others: Sequence["subprocess.Popen[bytes]"]) -> None:
    """Wait until it is true; raises RuntimeError where one of the ``others`` ends before, TimeoutError where it never
    is."""
    deadline = time.monotonic() + within_s
    while not true():
        time.sleep(LOOK_S)
        if any(process.poll() is not None for process in others):
            raise RuntimeError("bands or tablets ended early")
        if time.monotonic() > deadline:
            raise TimeoutError(f"it is not so after {within_s:.0f} s")


def _run(what: str, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen((sys.executable, "-P", "-m", f"benchmarks.console.{what}", *arguments), cwd=ROOT)  # noqa: S603


def costs(found: Sequence[dict[str, Any]]) -> dict[str, object]:
    """Return what a service cost while it was looked at: ``found`` are lines of ``benchmarks.console.service``."""
    first, last = found[0], found[-1]
    took_s = last["at_s"] - first["at_s"]
    threads = {
        name: round((spent - first["threads"].get(name, 0.0)) / took_s, 3) for name, spent in last["threads"].items()
    }
    ours = threads.pop(OURS, 0.0)
    at_s, memory = np.array([each["at_s"] for each in found]), np.array([each["rss_mb"] for each in found])
    longest = max(found, key=lambda each: each["longest_ms"])
    return {
        "cores": round((last["cpu_s"] - first["cpu_s"]) / took_s - ours, 3),
        "threads": dict(sorted(((k, v) for k, v in threads.items() if v > 0.001), key=lambda it: -it[1])),
        "memory_mb": {"first": round(memory[0]), "last": round(memory[-1]), "most": round(memory.max())},
        "growth_mb_per_h": round(_growth(at_s, memory)),
        "loop_late_ms": quantiles([late for each in found for late in each["late_ms"]]),
        "loop_held_ms": {name: longest[name] for name in ("longest_ms", "longest_cpu_ms", "longest")},
    }


def _growth(at_s: NDArray[np.float64], memory_mb: NDArray[np.float64]) -> float:
    """Return by how much an hour would add [MB]: from the least of the first minute to the least of the last one, for
    what is learnt is written, all at once, in each."""
    first, last = memory_mb[at_s < at_s[0] + MINUTE_S].min(), memory_mb[at_s > at_s[-1] - MINUTE_S].min()
    apart_s = max(MINUTE_S, at_s[-1] - at_s[0] - MINUTE_S)
    return float((last - first) / apart_s * 3600)


def lags(crowds: Sequence[dict[str, Any]], *, steady: tuple[float, float], tablets: int) -> dict[str, object]:
    """Return how late the last of all tablets was told [ms]: ``crowds`` are what processes of them saw."""
    rows: dict[tuple[str, int], list[tuple[float, float]]] = {}
    alerts: dict[str, list[tuple[float, int, float]]] = {}
    for crowd in crowds:
        for band, seq, sent_s, at_s in crowd["rows"]:
            rows.setdefault((band, seq), []).append((sent_s, at_s))
        for alert, sent_s, count, at_s in crowd["alerts"]:
            alerts.setdefault(alert, []).append((sent_s, count, at_s))
    told = [each for each in rows.values() if len(each) == len(crowds) and steady[0] <= each[0][0] <= steady[1]]
    raised = [each for each in alerts.values() if steady[0] <= each[0][0] <= steady[1] - 1.0]
    whole = [each for each in raised if sum(count for _, count, _ in each) == tablets]
    took_s = steady[1] - steady[0] + WARM_S
    return {
        "rows_ms": quantiles([1e3 * (max(at for _, at in each) - each[0][0]) for each in told]),
        "alerts_ms": quantiles([1e3 * (max(at for *_, at in each) - min(s for s, *_ in each)) for each in whole]),
        "alerts_not_everywhere": len(raised) - len(whole),
        "a_tablet_gets": {
            "kB_per_s": round(sum(crowd["bytes"] for crowd in crowds) / tablets / took_s / 1e3, 1),
            "rows_per_s": round(sum(crowd["events"] for crowd in crowds) / tablets / took_s, 1),
        },
        **{name: sum(crowd[name] for crowd in crowds) for name in ("beats", "receipts", "refused", "ended")},
    }


def main() -> None:
    """Measure and print."""
    parser = options(__doc__)
    parser.add_argument("--wearers", type=int, default=1000)
    parser.add_argument("--tablets", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=200)
    parser.add_argument("--profile", type=Path)
    run(measure, parser)


if __name__ == "__main__":
    main()
