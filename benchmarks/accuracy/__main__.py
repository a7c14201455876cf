"""Real recordings in, docs/accuracy.md and benchmarks/accuracy.json out: how near to the truth every signal comes.

python -m benchmarks.accuracy [MODULE ...] [--data FOLDER]

A module of this folder has ``measure(data: Path) -> list[Figure]`` and names in ``NEEDS`` the folders of recordings
that it cannot do without: where one is missing it is left out, and that is said. Named modules are measured and
printed, nothing is written; without names all are, and the files are written if nothing had to be left out.
"""

import argparse
import importlib
import pkgutil
import sys
import time
from pathlib import Path

import benchmarks.accuracy
from benchmarks.figures import ROOT, Figure, keep_json, table
from ingest.errors import RecordingError

HEAD = """# How near to the truth
*Research use only \N{EN DASH} not a medical device.* Written by `make accuracy`; how each
figure is computed stands in its module of `benchmarks/accuracy`. The recordings are not in this repository.
"""


def report(found: dict[str, list[Figure]]) -> str:
    """Return the table of every figure, and the details below it."""
    figures = [figure for several in found.values() for figure in several]
    lines = [[f.what, f.against, f.reach, f.found, "yes" if f.met else "**no**"] for f in figures]
    parts = [HEAD, table(["what", "against", "to reach", "found", "met"], lines)]
    for name, several in found.items():
        for figure in several:
            if figure.detail:
                parts.append(f"\n## {figure.what} (`benchmarks/accuracy/{name}.py`)\n{figure.detail}")
    return "\n".join(parts).rstrip() + "\n"


def main() -> None:
    """Measure, print, and keep."""
    known = [module.name for module in pkgutil.iter_modules(benchmarks.accuracy.__path__) if module.name != "__main__"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", choices=[*known, []], help="measure only these")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="where the recordings are")
    asked = parser.parse_args()
    if not asked.data.is_dir():
        sys.exit(f"{asked.data}: no such folder; the recordings are needed, name theirs with --data")
    found: dict[str, list[Figure]] = {}
    left_out: dict[str, str] = {}
    for name in asked.modules or known:
        begun = time.perf_counter()
        module = importlib.import_module(f"benchmarks.accuracy.{name}")
        missing = [str(asked.data / folder) for folder in module.NEEDS if not (asked.data / folder).is_dir()]
        if missing:
            left_out[name] = f"there is no {' nor '.join(missing)}"
            print(f"  {name} is left out: {left_out[name]}", flush=True)
            continue
        try:
            found[name] = module.measure(asked.data)
        except (FileNotFoundError, RecordingError) as error:
            left_out[name] = str(error)
            print(f"  {name} is left out: {error}", flush=True)
            continue
        for figure in found[name]:
            print(f"{figure.what}: {figure.found} (to reach: {figure.reach}) {'met' if figure.met else 'NOT met'}")
        print(f"  {name}: {time.perf_counter() - begun:.1f} s", flush=True)
    if left_out and not asked.modules:
        sys.exit("nothing is written: something was left out")
    if asked.modules:
        print("\n".join(figure.detail for several in found.values() for figure in several))
    else:
        (ROOT / "docs" / "accuracy.md").write_text(report(found))
        keep_json(ROOT / "benchmarks" / "accuracy.json", [figure for several in found.values() for figure in several])


if __name__ == "__main__":
    main()
