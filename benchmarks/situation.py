"""A thousand wearers in, what the situation logic costs a tick out: ``Desk.tick`` and a second observed of everybody.

python -m benchmarks.situation [--wearers N] [--ticks N] [--json FILE]

Three ticks are told apart: a quiet one, in which nothing is journalled; one with journal writes, in which one wearer in
a hundred changes between seen and not (one durable append, whose time is the disk's); and a quiet one in which words
are made too, as the pipeline has them made. A tick is taken in one, as the pipeline does.
"""

import argparse
import json
import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from alerts.desk import Desk
from alerts.journal import Journal
from alerts.policy import Policy
from alerts.words import reasons
from models.arousal import DRIVERS
from models.risk import Abstention
from signals.features import NAMES, column

BEGAN_S: Final = 1.7e9  # UTC; any moment will do
WARM: Final = 30  # ticks that are not counted: trends fill, memory is got
CHANGING: Final = 100  # one wearer of so many changes in a tick with writes
WAYS: Final = ("quiet", "with journal writes", "quiet, with words")


def ticks_ms(way: str, *, wearers: int, ticks: int, folder: Path) -> list[float]:
    """Return what each of ``ticks`` cost [ms]."""
    journal = Journal(folder / f"{way}.jsonl")
    names = [f"w-{i:05}" for i in range(wearers)]
    desk = Desk(wearers=names, policy=Policy(), journal=journal, started_s=BEGAN_S)
    probability = np.random.default_rng(0).uniform(0.05, 0.6, (WARM + ticks, wearers)).tolist()
    words = _words() if way == WAYS[2] else lambda: ("Signs as usual for this person.",)
    took = []
    for second in range(WARM + ticks):
        at_s, some = BEGAN_S + second, probability[second]
        began = time.perf_counter()
        desk.tick(at_s)
        with desk.together():
            for i, wearer in enumerate(names):
                off = way == WAYS[1] and i % CHANGING == second // 2 % CHANGING and second % 2
                desk.observe(
                    wearer,
                    at_s,
                    math.nan if off else some[i],
                    Abstention.NOT_WORN if off else Abstention.NONE,
                    words,
                    1.0,
                    72.0,
                    80,
                    None,
                )
        if second >= WARM:
            took.append((time.perf_counter() - began) * 1e3)
    journal.close()
    return took


def _words() -> Callable[[], tuple[str, ...]]:
    features, drivers = [math.nan] * len(NAMES), [0.1] * len(DRIVERS)
    for name, value in (("heart_rate_bpm", 96.0), ("motion_minute_g", 0.01), ("eda_slope_uS_per_min", 0.3)):
        features[column(name)] = value
    drivers[DRIVERS.index("sweat_level")] = drivers[DRIVERS.index("pulse")] = 1.2
    return lambda: reasons(features, drivers, DRIVERS, lasted_s=(300.0, 300.0, 200.0, 900.0))


def main() -> None:
    """Measure each way, and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wearers", type=int, default=1000)
    parser.add_argument("--ticks", type=int, default=300)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    load = os.getloadavg()[0]
    found: dict[str, object] = {"wearers": asked.wearers, "ticks": asked.ticks, "load_1min": load}
    with tempfile.TemporaryDirectory() as folder:
        for way in WAYS:
            took = sorted(ticks_ms(way, wearers=asked.wearers, ticks=asked.ticks, folder=Path(folder)))
            median, p99 = statistics.median(took), took[min(int(0.99 * len(took)), len(took) - 1)]
            found[way] = {"median_ms": round(median, 2), "p99_ms": round(p99, 2), "most_ms": round(took[-1], 2)}
            print(f"{way:22} median {median:6.2f} ms, p99 {p99:6.2f} ms, most {took[-1]:6.2f} ms a tick")
    print(f"{asked.wearers} wearers, {asked.ticks} ticks, load {load:.1f}")
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
