"""Recordings that nobody labelled in, how plausible the artefacts called there are out.

Three things show whether a rule fitted to one man travels. Clean responses, of the laboratory and of simulated people
whose conductance is known without what movement does to it, must not be called artefacts; what movement then does to
the same simulated people by a tenth of their level or more must. And in sessions of other people, where movement, which
the rule is not told of, is all there is to compare with, it must call moving windows and leave still ones alone.

Beside it stands the best of the simple peers of ``eda_artefacts``: the largest change in 0.5 s as a share of the level,
with the one threshold that suits all labelled recordings best.
"""

import io
import zipfile
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.eda_artefacts import (
    GRID_HZ,
    LIMITS,
    WINDOW,
    WINDOW_S,
    kappa,
    recordings,
    relative_changes,
    told,
)
from benchmarks.figures import Figure, table
from device_sim.director import Director
from device_sim.physiology.motion import Motion
from device_sim.physiology.sweat import Sweat
from device_sim.scenario import load
from device_sim.ward import cast
from ingest.recordings.e4 import read
from ingest.types import CHANNELS
from signals.eda.artefacts import LEAST_US, SHARE
from signals.types import Array

NEEDS = ("eda_artifacts_aww", "neurokit_bio", "stress_predict")  # folders of recordings

STILL_G: Final = 0.01  # standard deviation of the size of acceleration in 5 s
MOVING_G: Final = 0.05
LEAST_WINDOWS: Final = 12  # a minute of either, or a session tells nothing
PEOPLE: Final = 20
SECONDS: Final = 3600
STRONG: Final = 0.1  # of the level
Flags = NDArray[np.bool_]
Line = list[str]


def measure(data: Path) -> list[Figure]:
    """Return how plausible artefacts are in the laboratory, in simulation and in other people's sessions."""
    limit = peer_limit(data)
    lines: list[Line] = []
    false = [_laboratory(data, limit, lines), _clean(limit, lines)]
    found_share = _shaken(limit, lines)
    still, moving = _sessions(data, limit, lines)
    numbers = {"false": max(false), "strong_found": found_share, "still": still, "moving": moving}
    found = f"{_percent(max(false))} of clean conductance called an artefact; {_percent(found_share)} of strong shakes"
    found += f" found; {_percent(still)} of other people's still windows called one, {_percent(moving)} of moving ones"
    reach = "at most 0.1 % of clean conductance; at least 90 % of strong shakes found"
    met = max(false) <= 0.001 and found_share >= 0.9
    head = ["windows", "how many", "ours calls artefact %", f"change of {limit:.3f} of the level in 0.5 s does %"]
    against = "clean laboratory EDA, simulated truth"
    return [Figure("Movement artefacts elsewhere", against, reach, found, met, numbers, table(head, lines))]


def peer_limit(data: Path) -> float:
    """Return the threshold of relative change that agrees best with the experts over all labelled recordings."""
    records = recordings(data)
    judged = np.concatenate([record.judged for record in records])
    truth = np.concatenate([record.truth for record in records])[judged]
    changes = np.concatenate([relative_changes(record.eda) for record in records])[judged]
    return float(max(LIMITS, key=lambda limit: kappa(changes > limit, truth)))


def laboratory(data: Path, name: str) -> Array:
    """Return the conductance of a laboratory recording, every 25th of 100 samples a second."""
    with zipfile.ZipFile(data / "neurokit_bio" / "neurokit_bio_100hz.zip") as archive:
        text = archive.read(f"{name}.csv").decode()
    at = text.partition("\n")[0].strip().split(",").index("EDA")
    return np.ascontiguousarray(np.loadtxt(io.StringIO(text), delimiter=",", skiprows=1, usecols=at)[::25])


def simulated(scenario: str, *, shaken: bool) -> tuple[Array, Flags]:
    """Return the conductance of people (k, n) with or without what movement does to electrodes, and whether worn."""
    played = load(scenario)
    who = cast(played, wearers=PEOPLE, seed=5)
    drive = Director(played, who, seed=5).drive(0, SECONDS)
    _, moving = Motion(who, seed=5).push(drive, first=0)
    eda, *_ = Sweat(who, seed=5).push(drive, moving if shaken else np.zeros_like(moving), first=0)
    return eda, np.repeat(drive.worn, GRID_HZ, axis=1)


def session(path: Path) -> tuple[Array, Array]:
    """Return the conductance of an E4 session, in whole windows, and how much acceleration varies in each [g]."""
    blocks = {name: pieces[0] for name, pieces in read(path).channels.items()}
    begin_s = max(blocks[name].start_s for name in ("eda", "motion"))
    width = CHANNELS["motion"].grid_hz * WINDOW_S
    eda = np.asarray(blocks["eda"].values, np.float64).reshape(-1)
    eda = eda[round((begin_s - blocks["eda"].start_s) * GRID_HZ) :]
    size = np.linalg.norm(np.atleast_2d(blocks["motion"].values), axis=0)
    size = size[round((begin_s - blocks["motion"].start_s) * CHANNELS["motion"].grid_hz) :]
    n = min(len(eda) // WINDOW, len(size) // width)
    return np.ascontiguousarray(eda[: WINDOW * n]), size[: width * n].reshape(n, width).std(axis=1)


def _laboratory(data: Path, limit: float, lines: list[Line]) -> float:
    worst = 0.0
    for name in ("bio_eventrelated_100hz", "bio_resting_8min_100hz"):
        x = laboratory(data, name)
        ours, theirs = told(x, share=SHARE), relative_changes(x) > limit
        lines.append(_line(f"laboratory, clean (`{name}`)", ours, theirs))
        worst = max(worst, float(ours.mean()))
    return worst


def _clean(limit: float, lines: list[Line]) -> float:
    worst = 0.0
    for scenario in ("first_light", "ward"):
        ours, theirs = _answers(simulated(scenario, shaken=False), limit)
        lines.append(_line(f"simulated, nothing moves the electrodes (`{scenario}`)", ours, theirs))
        worst = max(worst, float(ours.mean()))
    return worst


def _shaken(limit: float, lines: list[Line]) -> float:
    least = 1.0
    for scenario in ("first_light", "ward"):
        clean, worn = simulated(scenario, shaken=False)
        eda, _ = simulated(scenario, shaken=True)
        changed = (np.abs(eda - clean) > LEAST_US + STRONG * clean).reshape(PEOPLE, -1, WINDOW).any(axis=2)
        strong = changed.reshape(-1)[_whole(worn)]
        ours, theirs = _answers((eda, worn), limit)
        name = f"simulated, movement changes a tenth or more (`{scenario}`)"
        lines.append(_line(name, ours[strong], theirs[strong]))
        least = min(least, float(ours[strong].mean()))
    return least


def _sessions(data: Path, limit: float, lines: list[Line]) -> tuple[float, float]:
    shares = []
    for folder in ("stress_predict", "nurse_stress"):
        for path in sorted((data / folder).glob("*.zip")):
            eda, stir = session(path)
            still, moving = stir < STILL_G, stir > MOVING_G
            if min(still.sum(), moving.sum()) < LEAST_WINDOWS:
                continue
            ours, theirs = told(eda, share=SHARE), relative_changes(eda) > limit
            lines.append(_line(f"`{folder}` {path.stem}, still", ours[still], theirs[still]))
            lines.append(_line(f"`{folder}` {path.stem}, moving", ours[moving], theirs[moving]))
            shares.append((ours[still].mean(), ours[moving].mean()))
    return float(np.median([still for still, _ in shares])), float(np.median([moving for _, moving in shares]))


def _answers(simulation: tuple[Array, Flags], limit: float) -> tuple[Flags, Flags]:
    """Return ours and the peer's answers for the windows worn throughout, wearer after wearer."""
    eda, worn = simulation
    kept = _whole(worn)
    ours = np.concatenate([told(x, share=SHARE) for x in eda])[kept]
    theirs = np.concatenate([relative_changes(x) for x in eda])[kept] > limit
    return ours, theirs


def _whole(worn: Flags) -> Flags:
    """Return which windows, wearer after wearer, are worn throughout."""
    return np.asarray(worn.reshape(len(worn), -1, WINDOW).all(axis=2).reshape(-1))


def _line(name: str, ours: Flags, theirs: Flags) -> Line:
    return [name, str(len(ours)), f"{100 * ours.mean():.1f}", f"{100 * theirs.mean():.1f}"]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
