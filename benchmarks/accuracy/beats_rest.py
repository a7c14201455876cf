"""Finger and phone-camera PPG at rest: our beats and NeuroKit2's against an ECG and chest straps.

A phone's frames (about 30 a second, uneven) are put on a grid of 64 Hz by straight lines. The channel is the first of
green, red and blue of which fewer than 2 % of the frames are dark (below 1) or saturated (above 254), turned over:
blood takes light away. A strap's list of intervals has no time: it is laid where it fits a detector's beats best, by
steps of 10 ms up to 4 s before the film began and 1 s after, for each detector on its own.
"""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.beat_finders import Array, Finder, counted, nearest, neurokit, ours, shift
from benchmarks.figures import Figure, table

NEEDS = ("welltory_ppg_rr", "neurokit_bio")  # folders of recordings

WITHIN_S: Final = 0.1
EARLIEST_S: Final = -4.0
LATEST_S: Final = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """``ppg`` (64 n) and when beats happened [s]; of a chest strap (``timed`` False) since a moment unknown."""

    name: str
    ppg: Array
    beat_s: Array
    timed: bool


def measure(data: Path) -> list[Figure]:
    """F1 of each record within 100 ms after alignment, and of all records pooled."""
    records = _phones(data / "welltory_ppg_rr") + _fingers(data / "neurokit_bio")
    finders: dict[str, Finder] = {"ours": ours} | neurokit()
    counts = {name: np.array([_counted(find(one.ppg), one) for one in records]) for name, find in finders.items()}
    each = {name: 2 * c[:, 0] / (c[:, 1] + c[:, 2]) for name, c in counts.items()}
    pooled = {name: float(2 * c[:, 0].sum() / c[:, 1:].sum()) for name, c in counts.items()}
    best = max((name for name in finders if name != "ours"), key=pooled.__getitem__)
    median = float(np.median(each["ours"]))
    lines = [[one.name, *(f"{each[name][i]:.3f}" for name in finders)] for i, one in enumerate(records)]
    lines.append(["**median**", *(f"**{np.median(each[name]):.4f}**" for name in finders)])
    lines.append(["**pooled**", *(f"**{pooled[name]:.4f}**" for name in finders)])
    return [
        Figure(
            what="beats, rest",
            against=f"ECG or chest strap of {len(records)} records (±100 ms after alignment)",
            reach="median F1 ≥ 0.98; pooled F1 not below the best of NeuroKit2's detectors",
            found=f"median {median:.4f}, pooled {pooled['ours']:.4f} ({best}: {pooled[best]:.4f})",
            met=median >= 0.98 and pooled["ours"] >= pooled[best],
            numbers={"median_f1": median} | {f"pooled_f1_{name}": value for name, value in pooled.items()},
            detail=table(["F1", *finders], lines),
        )
    ]


def _phones(folder: Path) -> list[Record]:
    found = []
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in sorted(name for name in archive.namelist() if name.endswith("PPG.csv")):
                frames = _columns(archive.read(name))
                interval_s = np.array(archive.read(name.replace("PPG.csv", "RR.txt")).split(), float) / 1e3
                at = frames["time"] / 1e3
                usable = [c for c in "GRB" if np.mean((frames[c] < 1) | (frames[c] > 254)) < 0.02]
                if usable:
                    ppg = np.interp(np.arange(at[0], at[-1], 1 / 64), at, -frames[usable[0]])
                    found.append(Record(f"{name.split('/')[-2]} ({usable[0]})", ppg, np.cumsum(interval_s), False))
    return found


def _fingers(folder: Path) -> list[Record]:
    import neurokit2 as nk

    found = []
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                columns = _columns(archive.read(name))
                if {"ECG", "PPG"} <= set(columns.dtype.names or ()):
                    clean = nk.ecg_clean(columns["ECG"], sampling_rate=100)
                    peaks = np.asarray(nk.ecg_peaks(clean, sampling_rate=100)[1]["ECG_R_Peaks"]) / 100
                    at = np.arange(len(columns)) / 100
                    ppg = np.interp(np.arange(0, at[-1], 1 / 64), at, columns["PPG"])
                    found.append(Record(name.removesuffix(".csv"), ppg, peaks, True))
    return found


def _columns(data: bytes) -> NDArray[Any]:
    return np.genfromtxt(io.BytesIO(data), delimiter=",", names=True, encoding="utf-8-sig")


def _counted(found_s: Array, one: Record) -> tuple[int, int, int]:
    steps = np.arange(0, 0.6, 0.01) if one.timed else np.arange(EARLIEST_S, LATEST_S, 0.01)
    away = [np.minimum(np.abs(nearest(found_s, one.beat_s + step)), WITHIN_S).sum() for step in steps]
    true_s = one.beat_s + steps[int(np.argmin(away))]
    true_s = true_s + shift(found_s, true_s)
    return counted(found_s, true_s[true_s > 0], within_s=WITHIN_S, end_s=one.ppg.size / 64)
