"""Synthetic recordings in, the speed table of docs/performance.md and benchmarks/results.json out.

python -m benchmarks.speed [MODULE ...]

A module of this folder has ``race() -> list[Race]``: ours and the peers side by side in this run, one thread each,
medians. Named modules are run and printed, nothing is written; without names all are, and the files are written.
"""

import argparse
import importlib
import os
import pkgutil
import time

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

import benchmarks.speed
from benchmarks.figures import ROOT, Race, keep_json, table

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


def main() -> None:
    """Race, print, and keep."""
    skipped = ("__main__", "recordings")
    known = [module.name for module in pkgutil.iter_modules(benchmarks.speed.__path__) if module.name not in skipped]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", choices=[*known, []], help="run only these")
    asked = parser.parse_args()
    races: list[Race] = []
    for name in asked.modules or known:
        begun = time.perf_counter()
        some = importlib.import_module(f"benchmarks.speed.{name}").race()
        print(report(some), f"\n  {name}: {time.perf_counter() - begun:.0f} s", flush=True)
        races += some
    if not asked.modules:
        page = ROOT / "docs" / "performance.md"
        before, _, rest = page.read_text().partition(BEGIN)
        page.write_text(f"{before}{BEGIN}\n{report(races)}\n{END}{rest.partition(END)[2]}")
        keep_json(ROOT / "benchmarks" / "results.json", races)


if __name__ == "__main__":
    main()
