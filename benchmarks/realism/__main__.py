"""Recordings and simulated people in; docs/realism.md, its pictures and benchmarks/realism.json out.

python -m benchmarks.realism [GROUP ...] [--data FOLDER] [--dry]

The recordings are those that FORECALM_TEST_RECORDINGS names, else ../shared/data. Named groups of features (eda,
temperature, ppg, heart, motion, coupling) are judged and printed without the yardstick, nothing is written; without
names everything is compared, and the files are written, also where a set of recordings is absent: the report names it.
"""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.figures import ROOT
from benchmarks.realism import report, stereotypies
from benchmarks.realism.features import NEEDS, Windows, windows
from benchmarks.realism.gaps import lacks
from benchmarks.realism.judge import LEAST, alone, by_person, by_source, table
from benchmarks.realism.sessions import (
    OTHER_SENSORS,
    PERSONS,
    SIMULATED,
    Session,
    recorded,
    simulated,
    taken,
)
from benchmarks.realism.spectra import spectra
from ingest.errors import RecordingError
from ingest.types import Array

WEARERS: Final = 12  # of each scenario
HOURS: Final = 1.5
SEED: Final = 20
ALL: Final = "all channels"
GROUPS: Final = {**{group: (group,) for group in NEEDS}, ALL: tuple(NEEDS)}
FEW_PEOPLE: Final = 3  # fewer make no yardstick


def real_sessions(data: Path) -> tuple[list[Session], dict[str, str]]:
    """Return every session of the sets that are there, and why each other set is absent."""
    sessions: list[Session] = []
    absent = {}
    for source in PERSONS:
        if not (data / source).is_dir():
            absent[source] = "no such folder"
            continue
        try:
            sessions += recorded(data, source)
        except RecordingError as error:
            absent[source] = str(error)
    return sessions, absent


def simulated_sessions() -> list[Session]:
    """Return the sessions that stand for the simulation."""
    return [
        session
        for seed, scenario in enumerate(taken(), SEED)
        for session in simulated(scenario, wearers=WEARERS, hours=HOURS, seed=seed)
    ]


def judged(cut: list[Windows], group: str, *, yardstick: bool) -> report.Judged:
    """Return how well a group of features tells simulated windows from real ones, and by the ``yardstick`` real sets
    from each other."""
    data = table([one for one in cut if one.source not in OTHER_SENSORS], GROUPS[group])
    kind = data.source == SIMULATED
    verdict = by_person(data, kind, why=True)
    real = data.only(~kind)
    yard, yard_unmet = {}, {}
    for source in np.unique(real.source) if yardstick else ():
        own = real.source == source
        if np.unique(real.person[own]).size < FEW_PEOPLE or own.sum() < LEAST or (~own).sum() < LEAST:
            continue
        yard[str(source)] = by_person(real, own, folds=FEW_PEOPLE).area
        yard_unmet[str(source)] = float(np.mean([*by_source(real, own).values()] or [np.nan]))
    return report.Judged(data, kind, verdict, by_source(data, kind), yard, yard_unmet, alone(data, kind))


def stereotyped(data: Path) -> dict[str, dict[str, Array]]:
    """Return what is measured of labelled bouts, "real" where the recordings are there, and "simulated"."""
    found = {"simulated": stereotypies.simulated()}
    return found | {"real": stereotypies.recorded(data)} if (data / stereotypies.FOLDER).is_dir() else found


def main() -> None:
    """Compare, print, and keep."""
    folder = os.environ.get("FORECALM_TEST_RECORDINGS", str(ROOT.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], help="judge only these, and write nothing")
    parser.add_argument("--data", type=Path, default=Path(folder), help="where the recordings are")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    asked = parser.parse_args()
    begun = time.perf_counter()
    real, absent = real_sessions(asked.data)
    if not real:
        sys.exit(f"{asked.data}: no recordings; name their folder with --data or in FORECALM_TEST_RECORDINGS")
    for source, why in absent.items():
        print(f"  {source} is absent: {why}")
    made = simulated_sessions()
    cut = [windows(session) for session in (*real, *made)]
    print(f"  {len(real)} recorded and {len(made)} simulated sessions: {time.perf_counter() - begun:.0f} s", flush=True)
    found = {}
    for group in asked.groups or GROUPS:
        found[group] = judged(cut, group, yardstick=not asked.groups)
        print(report.said(group, found[group]), flush=True)
        print(f"  {time.perf_counter() - begun:.0f} s", flush=True)
    if asked.groups or asked.dry:
        return
    everything = report.Everything(
        sessions=[*real, *made],
        absent=absent,
        judged=found,
        lacks={source: lacks([s for s in (*real, *made) if s.source == source]) for source in _sources(real, made)},
        spectra={
            "recorded": spectra([s for s in real if s.source not in OTHER_SENSORS]),
            "simulated": spectra(made),
        },
        scenarios=taken(),
        stereotypies=stereotyped(asked.data),
    )
    report.write(everything)


def _sources(real: list[Session], made: list[Session]) -> list[str]:
    return list(dict.fromkeys(session.source for session in (*real, *made)))


if __name__ == "__main__":
    main()
