"""Labelled recordings in, how well movement artefacts in conductance are told as three experts tell them out.

Three experts judged 5 s windows of four recordings of one man (Zhang 2017, arXiv:1707.08287); the truth is
their majority, windows without one are left out. What ``Artefacts`` says at the last sample of a window is its answer:
causal, without delay. Its one fitted number, ``share``, is fitted to the three other recordings for each; a peer's
threshold likewise. Its form and its times were settled with all four in view, so that a few hundredths of kappa may be
owed to them: other lengths of 10 to 30 s, and of 1 to 3 s, gave 0.80 to 0.84. One threshold on a change relative to
the level, fitted likewise, does as well on this one man (0.80 on the grid, 0.84 as logged); elsewhere they differ.

Kleckner's rules are here in three forms: as ``Reasons`` has them (4 Hz, with and without the floor of 30 degC, below
which most of these outdoor recordings lie), and their range and slope on what was logged at 8 Hz, not smoothed, where a
window counts by any or by most of its samples (kappa 0.16 is the last of these); with the paper's low-pass no slope
reaches 10 uS/s and kappa is 0. BioSPPy's index wants segments of 2 s or more: how those are pooled to windows moves it
by a few hundredths.
``eda_artefacts_elsewhere`` shows how it travels.
"""

import csv
import importlib
import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Figure, table
from ingest.grid import fill
from signals.eda.artefacts import LEAST_US, SHARE, Artefacts
from signals.eda.quality import Reasons
from signals.types import Array

NEEDS = ("eda_artifacts_aww",)  # folders of recordings

LOGGED_HZ: Final = 8
GRID_HZ: Final = 4
WINDOW_S: Final = 5
WINDOW: Final = GRID_HZ * WINDOW_S
SHARES: Final = np.arange(0.005, 0.0605, 0.001)
LIMITS: Final = np.geomspace(0.005, 5, 200)  # uS/s or shares, the peers'
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """A recording: ``eda`` and ``celsius`` at 4 Hz, ``logged`` as the band logged it, at 8 Hz, ``stir`` (windows,) how
    much the size of acceleration varies [g], ``labels`` (windows, 3): 1 clean, 2 artefact, 0 skipped."""

    name: str
    eda: Array
    celsius: Array
    logged: Array
    stir: Array
    labels: Array

    @property
    def truth(self) -> Flags:
        """Whether most experts say artefact."""
        found: Flags = (self.labels == 2).sum(axis=1) > (self.labels == 1).sum(axis=1)
        return found

    @property
    def judged(self) -> Flags:
        """Whether there is a majority."""
        found: Flags = (self.labels == 2).sum(axis=1) != (self.labels == 1).sum(axis=1)
        return found


def measure(data: Path) -> list[Figure]:
    """Return agreement with the experts."""
    return [_labelled(data)]


def recordings(data: Path) -> list[Labelled]:
    """Return the labelled recordings, on the analysis grid as the engine gets them."""
    found = []
    with zipfile.ZipFile(data / "eda_artifacts_aww" / "qsensor_recordings.zip") as archive:
        for name in sorted(entry for entry in archive.namelist() if not entry.endswith("_Epochs.csv")):
            lines = archive.read(name).decode("latin-1").splitlines()[8:]
            columns = np.array([[float(value) for value in line.split(",")[:6]] for line in lines if line]).T
            size, logged = np.linalg.norm(columns[:3], axis=0), columns[4:6]
            epochs = csv.DictReader(io.StringIO(archive.read(f"{name[:-4]}_Epochs.csv").decode("latin-1")))
            labels = np.array([[float(row[f"qualityLabel_Expert{i}"]) for i in (1, 2, 3)] for row in epochs])
            grid = np.empty((2, WINDOW * len(labels)))
            start_s, counts = np.zeros(1), np.array([logged.shape[1]])
            fill(start_s, np.array([float(LOGGED_HZ)]), counts, np.ascontiguousarray(logged), 0.0, GRID_HZ, grid)
            stir = size[: LOGGED_HZ * WINDOW_S * len(labels)].reshape(len(labels), -1).std(axis=1)
            found.append(Labelled(name[:-4], grid[1], grid[0], logged[1], stir, labels))
    return found


def kappa(one: Flags, other: Flags) -> float:
    """Return Cohen's kappa of two judges of the same windows."""
    agreed = float((one == other).mean())
    chance = float(one.mean() * other.mean() + (1 - one.mean()) * (1 - other.mean()))
    return (agreed - chance) / (1 - chance)


def told(eda: Array, *, share: float, rate_hz: int = GRID_HZ) -> Flags:
    """Return what ``Artefacts`` says of each window of ``eda`` (n,) at its end."""
    answers = Artefacts(rows=1, rate_hz=rate_hz, least_us=LEAST_US, share=share).push(eda[None])[0]
    found: Flags = answers[rate_hz * WINDOW_S - 1 :: rate_hz * WINDOW_S] == 1
    return found


def slopes(record: Labelled) -> Array:
    """Return the steepest slope in each window [uS/s], as it was logged."""
    steep = np.abs(np.diff(record.logged, prepend=record.logged[0])) * LOGGED_HZ
    return _largest(steep, record)


def quarter_second_changes(record: Labelled) -> Array:
    """Return the largest change within 0.25 s in each window [uS/s]."""
    return _largest(np.abs(record.logged - _before(record.logged, 2)) * 4, record)


def half_second_changes(record: Labelled) -> Array:
    """Return the largest change within 0.5 s in each window [uS/s]."""
    return _largest(np.abs(record.logged - _before(record.logged, 4)) * 2, record)


def logged_relative_changes(record: Labelled) -> Array:
    """Return the largest change within 0.5 s in each window, as it was logged, relative to what was."""
    before = _before(record.logged, 4)
    return _largest(np.abs(record.logged - before) / np.maximum(before, LEAST_US), record)


def _before(x: Array, samples: int) -> Array:
    return np.concatenate([np.full(samples, x[0]), x[:-samples]])


def relative_changes(eda: Array) -> Array:
    """Return the largest change within 0.5 s in each whole window of ``eda`` (n,) at 4 Hz, relative to what was."""
    before = np.concatenate([eda[:1], eda[:1], eda[:-2]])
    steep = np.abs(eda - before) / np.maximum(before, LEAST_US)
    found: Array = steep[: WINDOW * (len(steep) // WINDOW)].reshape(-1, WINDOW).max(axis=1)
    return found


def _largest(x: Array, record: Labelled) -> Array:
    n = len(record.labels)
    found: Array = x[: LOGGED_HZ * WINDOW_S * n].reshape(n, -1).max(axis=1)
    return found


def left_out(records: Sequence[Labelled], tried: Sequence[Sequence[Flags]]) -> tuple[list[Flags], list[int]]:
    """Return the answers for each record under the setting that is best for the others, and which settings those are.

    ``tried`` holds for each setting its answers for each record.
    """
    answers, chosen = [], []
    for i in range(len(records)):
        others = [j for j in range(len(records)) if j != i]
        best = max(range(len(tried)), key=lambda setting: _agreement(records, tried[setting], others))
        answers.append(tried[best][i])
        chosen.append(best)
    return answers, chosen


def _agreement(records: Sequence[Labelled], answers: Sequence[Flags], some: Sequence[int]) -> float:
    says = np.concatenate([answers[i][records[i].judged] for i in some])
    return kappa(says, np.concatenate([records[i].truth[records[i].judged] for i in some]))


def _labelled(data: Path) -> Figure:
    records = recordings(data)
    every = range(len(records))
    tried = [[told(record.eda, share=share) for record in records] for share in SHARES]
    ours, chosen = left_out(records, tried)
    shipped = [told(record.eda, share=SHARE) for record in records]
    pairs = [record.logged[: 2 * (len(record.logged) // 2)].reshape(-1, 2).mean(axis=1) for record in records]
    judges: dict[str, list[Flags]] = {
        "**ours, share fitted to the other recordings**": ours,
        f"ours as shipped (share {SHARE:g})": shipped,
        "ours as shipped, on means of two samples": [
            told(x, share=SHARE)[: len(r.labels)] for x, r in zip(pairs, records, strict=True)
        ],
        "ours as shipped, at the logged 8 Hz": [
            told(r.logged, share=SHARE, rate_hz=LOGGED_HZ)[: len(r.labels)] for r in records
        ],
        "ours with acceleration: one share while still, another while moving": _with_motion(records, tried),
        "steepest slope, one threshold fitted to the others": _threshold(records, slopes),
        "largest change in 0.25 s, one threshold fitted to the others": _threshold(records, quarter_second_changes),
        "largest change in 0.5 s, one threshold fitted to the others": _threshold(records, half_second_changes),
        "the same as a share of the level": _threshold(records, logged_relative_changes),
        "the same at 4 Hz, as a share of the level": _threshold(records, lambda record: relative_changes(record.eda)),
        "Kleckner's rules, any sample invalid, 5 s both ways": [_kleckner(r, coldest_c=30.0) for r in records],
        "Kleckner's rules without the floor of 30 degC": [_kleckner(r, coldest_c=None) for r in records],
        "the same at the logged 8 Hz, any sample": [_kleckner_as_logged(r) > 0 for r in records],
        "the same at the logged 8 Hz, most samples": [_kleckner_as_logged(r) > 0.5 for r in records],
    }
    judges |= _biosppy(records)
    lines = []
    for name, answers in judges.items():
        each = [_agreement(records, answers, [i]) for i in every]
        lines.append([name, f"{_agreement(records, answers, every):.3f}", *(f"{k:.3f}" for k in each)])
    for one, other in combinations(range(3), 2):
        lines.append([f"expert {one + 1} against expert {other + 1}", *_experts(records, one, other)])
    prevalence = [r.truth[r.judged].mean() for r in records]
    pooled = np.concatenate([r.truth[r.judged] for r in records]).mean()
    lines.append(["artefacts, share of windows", f"{pooled:.2f}", *(f"{p:.2f}" for p in prevalence)])
    reached = _agreement(records, ours, every)
    shares = [float(SHARES[i]) for i in chosen]
    detail = table(["kappa against the majority", "all", *(r.name[:28].replace("&", "+") for r in records)], lines)
    curve = ", ".join(f"{SHARES[i]:.3f}: {_agreement(records, tried[i], every):.2f}" for i in range(5, 41, 5))
    detail += f"\n\nFitted share with each recording left out: {', '.join(f'{s:.3f}' for s in shares)}. Kappa of all by"
    detail += f" share: {curve}."
    numbers = {"kappa": reached, "kappa_shipped": _agreement(records, shipped, every)}
    numbers |= {f"kappa_{i}": _agreement(records, ours, [i]) for i in every} | {f"share_{i}": shares[i] for i in every}
    found = f"kappa {reached:.3f} leave-one-recording-out"
    what = "Movement artefacts in conductance"
    against = "majority of three experts, 5 s windows"
    return Figure(what, against, "kappa at least 0.80", found, reached >= 0.80, numbers, detail)


def _with_motion(records: Sequence[Labelled], tried: Sequence[Sequence[Flags]]) -> list[Flags]:
    coarse = tried[5:50:3]
    both = [
        [np.where(r.stir < limit_g, a, b) for r, a, b in zip(records, still, moving, strict=True)]
        for limit_g in (0.02, 0.05, 0.1, 0.2)
        for still in coarse
        for moving in coarse
    ]
    return left_out(records, both)[0]


def _threshold(records: Sequence[Labelled], measured: Callable[[Labelled], Array]) -> list[Flags]:
    values = [measured(record) for record in records]
    return left_out(records, [[x > limit for x in values] for limit in LIMITS])[0]


def _kleckner(record: Labelled, *, coldest_c: float | None) -> Flags:
    """Return whether any sample of each window is invalid, with the paper's 5 s both ways."""
    rules = Reasons(rows=1, rate_hz=GRID_HZ, delay_s=5.0, frozen_s=1e6, drop_c=1e6, coldest_c=coldest_c)
    late = np.full((1, 5 * GRID_HZ), np.nan)
    x, celsius = np.hstack([record.eda[None], late]), np.hstack([record.celsius[None], late])
    codes = rules.push(x, celsius)[0, 5 * GRID_HZ :]
    found: Flags = np.asarray((codes.reshape(-1, WINDOW) > 0).any(axis=1))
    return found


def _kleckner_as_logged(record: Labelled) -> Array:
    """Return which share of each window is invalid by range and slope alone, not smoothed, with 5 s both ways."""
    x = record.logged
    bad = (x < 0.05) | (x > 60) | (np.abs(np.diff(x, prepend=x[0])) * LOGGED_HZ > 10)
    around = np.convolve(bad, np.ones(2 * LOGGED_HZ * WINDOW_S + 1), "same") > 0
    n = len(record.labels)
    found: Array = around[: LOGGED_HZ * WINDOW_S * n].reshape(n, -1).mean(axis=1)
    return found


def _biosppy(records: Sequence[Labelled]) -> dict[str, list[Flags]]:
    """Return the peer's answers: a window is bad where any of three 2 s segments that cover it is; none without it."""
    try:
        index = importlib.import_module("biosppy.quality").eda_sqi_bottcher
    except ModuleNotFoundError:
        return {}
    answers = []
    for record in records:
        n = len(record.labels)
        windows = record.logged[: LOGGED_HZ * WINDOW_S * n].reshape(n, -1)
        parts = np.hstack([windows[:, :32], windows[:, 24:]])
        answers.append(np.array([index(part, LOGGED_HZ, verbose=0) < 1 for part in parts]))
    return {"BioSPPy's index (Boettcher 2022)": answers}


def _experts(records: Sequence[Labelled], one: int, other: int) -> list[str]:
    labels = [np.vstack([r.labels for r in records]), *(r.labels for r in records)]
    both = [x[(x[:, one] > 0) & (x[:, other] > 0)] for x in labels]
    return [f"{kappa(x[:, one] == 2, x[:, other] == 2):.3f}" for x in both]
