"""A packaged scenario in; how many hours of wearers one core simulates in a second, part by part, out.

python -m benchmarks.simulator [SCENARIO] [--wearers N] [--hours H] [--json FILE]
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from device_sim.scenario import load
from device_sim.ward import Ward

WEARERS: Final = 8
HOURS: Final = 0.5
SEED: Final = 1
RUNS: Final = 3  # the best of so many counts: other work on the machine only slows


def timed(work: Callable[[], object]) -> float:
    """Return how long ``work`` takes [s], at best."""
    best = float("inf")
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best


def measure(name: str, *, wearers: int, hours: float) -> dict[str, float]:
    """Return wearer-hours a second of the bodies alone and of bodies with their bands' packets."""
    ward, seconds = Ward(load(name), wearers=wearers, seed=SEED), round(3600 * hours)
    ward.push(10)  # compiles
    lived = wearers * seconds / 3600
    return {
        "bodies": lived / timed(lambda: ward.skip(seconds)),
        "bodies and packets": lived / timed(lambda: ward.push(seconds)),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", nargs="?", default="ward")
    parser.add_argument("--wearers", type=int, default=WEARERS)
    parser.add_argument("--hours", type=float, default=HOURS)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    found = measure(chosen.scenario, wearers=chosen.wearers, hours=chosen.hours)
    for what, rate in found.items():
        print(f"{rate:6.1f} wearer-hours a second  {what}")
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
