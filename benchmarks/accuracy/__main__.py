"""Real recordings in, docs/accuracy.md and benchmarks/accuracy.json out: how near to the truth every signal comes.

python -m benchmarks.accuracy [MODULE ...] [--data FOLDER] [--keep]

A module of this folder has ``measure(data: Path) -> list[Figure]`` and names in ``NEEDS`` the folders of recordings
that it cannot do without: where one is missing it is left out, and that is said. Named modules are measured and
printed, and with --keep written over the figures of the same names; without names all are, and the files are written
if nothing had to be left out.
"""

import argparse
import importlib
import json
import pkgutil
import re
import sys
import time
from pathlib import Path

import benchmarks.accuracy
from benchmarks.figures import ROOT, Figure, keep_json, table
from ingest.errors import RecordingError

PAGE = ROOT / "docs" / "accuracy.md"
KEPT = ROOT / "benchmarks" / "accuracy.json"
HEAD = """# How near to the truth
*Research use only \N{EN DASH} not a medical device.* Written by `make accuracy`; how each
figure is computed stands in its module of `benchmarks/accuracy`. The recordings are not in this repository.
"""


def report(found: list[tuple[str, Figure]]) -> str:
    """Return the table of every figure, of the module of this name, and the details below it."""
    lines = [[f.what, f.against, f.reach, f.found, "yes" if f.met else "**no**"] for _, f in found]
    parts = [HEAD, table(["what", "against", "to reach", "found", "met"], lines)]
    for name, figure in found:
        if figure.detail:
            parts.append(f"\n## {figure.what} (`benchmarks/accuracy/{name}.py`)\n{figure.detail}")
    return "\n".join(parts).rstrip() + "\n"


def beside_kept(found: list[tuple[str, Figure]]) -> list[tuple[str, Figure]]:
    """Return the kept figures with those ``found`` in their places; ends the program where one was never kept."""
    names = dict(re.findall(r"^## (.+) \(`benchmarks/accuracy/(\w+)\.py`\)$", PAGE.read_text(), re.MULTILINE))
    kept = [Figure(**one) for one in json.loads(KEPT.read_text())]
    anew = {figure.what: (name, figure) for name, figure in found}
    if unknown := anew.keys() - {figure.what for figure in kept}:
        sys.exit(f"nothing is written: {', '.join(sorted(unknown))} was never kept; measure all modules")
    return [anew.get(figure.what, (names.get(figure.what, ""), figure)) for figure in kept]


def write(found: list[tuple[str, Figure]]) -> None:
    """Write the page and the JSON."""
    PAGE.write_text(report(found))
    keep_json(KEPT, [figure for _, figure in found])


def main() -> None:
    """Measure, print, and keep."""
    known = [module.name for module in pkgutil.iter_modules(benchmarks.accuracy.__path__) if module.name != "__main__"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", choices=[*known, []], help="measure only these")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="where the recordings are")
    parser.add_argument("--keep", action="store_true", help="write what named modules find beside what is kept")
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
    if left_out and (asked.keep or not asked.modules):
        sys.exit("nothing is written: something was left out")
    figures = [(name, figure) for name, several in found.items() for figure in several]
    if asked.modules:
        print("\n".join(figure.detail for _, figure in figures))
    if asked.keep or not asked.modules:
        write(beside_kept(figures) if asked.modules else figures)


if __name__ == "__main__":
    main()
