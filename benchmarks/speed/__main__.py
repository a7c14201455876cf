"""Synthetic recordings in, the speed table of docs/performance.md and benchmarks/results.json out.

python -m benchmarks.speed [MODULE ...] [--keep]

A module of this folder has ``race() -> list[Race]``: ours and the peers side by side in this run, one thread each,
medians. Named modules are run and printed; with ``--keep`` their lines take the place of those that were measured
before. Without names all are run, and the files are written.
"""

import argparse
import importlib
import json
import os
import pkgutil
import time

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

import benchmarks.speed
from benchmarks.figures import ROOT, Race, keep_json, table

RESULTS = ROOT / "benchmarks" / "results.json"
BEGIN, END = "<!-- speed: written by make bench -->", "<!-- /speed -->"


def duration(seconds: float) -> str:
    """Return a duration with three digits and a unit that fits."""
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def report(races: list[Race]) -> str:
    """Return the table."""
    lines = [
        [r.work, r.peer, duration(r.peer_s), duration(r.ours_s), f"{r.times:.3g}", f"{r.reach:g} ({r.goal:g})", r.note]
        for r in races
    ]
    return table(["work", "peer", "peer's", "ours", "times faster", "to reach (goal)", "note"], lines)


def measured() -> dict[str, list[Race]]:
    """Return the lines of each module, as they were measured last."""
    return {name: [Race(**line) for line in lines] for name, lines in json.loads(RESULTS.read_text()).items()}


def main() -> None:
    """Race, print, and keep."""
    skipped = ("__main__", "recordings")
    known = [module.name for module in pkgutil.iter_modules(benchmarks.speed.__path__) if module.name not in skipped]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", choices=[*known, []], help="run only these")
    parser.add_argument("--keep", action="store_true", help="write what named modules measured beside the rest")
    asked = parser.parse_args()
    races: dict[str, list[Race]] = measured() if asked.modules else {}
    for name in asked.modules or known:
        begun = time.perf_counter()
        some = importlib.import_module(f"benchmarks.speed.{name}").race()
        print(report(some), f"\n  {name}: {time.perf_counter() - begun:.0f} s", flush=True)
        races[name] = some
    if asked.keep or not asked.modules:
        lines = [race for name in known for race in races.get(name, [])]
        page = ROOT / "docs" / "performance.md"
        before, _, rest = page.read_text().partition(BEGIN)
        page.write_text(f"{before}{BEGIN}\n{report(lines)}\n{END}{rest.partition(END)[2]}")
        keep_json(RESULTS, races)


if __name__ == "__main__":
    main()
