"""Real intervals with beats moved, missed and added by us in; how many of those ``Intervals`` finds, and mends, out.

Bases: Polar H10 intervals (``welltory_ppg_rr``), R peaks of ECG (``neurokit_bio``) and unbroken runs of the E4's own
intervals (``stress_predict``). NeuroKit2's ``signal_fixpeaks(method="Kubios")``, Lipponen & Tarvainen 2019 over the
whole recording, is given the very same beats. Real hearts, and their detectors, have beats of their own that are out of
step: of two PPV given, one holds what NeuroKit2 flags before we put anything in, and its neighbours, against nobody;
the other, in which NeuroKit2 is not excused by itself, holds them against both.
"""

import importlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.figures import Figure, table
from signals.heart.rhythm_clean import ECTOPIC, EXTRA, MISSED, NORMAL, STARTING, Intervals

NEEDS = ("stress_predict", "welltory_ppg_rr", "neurokit_bio")  # folders of recordings

Array = NDArray[np.float64]
Kinds = NDArray[np.int64]
GRID_HZ = 1000  # both are given beats to the millisecond
LEAST = 60  # intervals in a base
RUN = 60
EVERY = 15  # intervals between two artefacts, at least
NAMES = {ECTOPIC: "ectopic", MISSED: "missed", EXTRA: "extra"}
DRAWS = 4


def bases(data: Path) -> Iterator[tuple[str, Array]]:
    """Yield intervals [s] of whole recordings, by their names."""
    with zipfile.ZipFile(data / "welltory_ppg_rr" / "welltory_21_records.zip") as archive:
        for name in sorted(n for n in archive.namelist() if n.endswith("RR.txt")):
            yield f"H10 {Path(name).parent.name}", np.array(archive.read(name).split(), float) / 1000
    neurokit2 = importlib.import_module("neurokit2")

    with zipfile.ZipFile(data / "neurokit_bio" / "neurokit_bio_100hz.zip") as archive:
        for name in archive.namelist():
            ecg = pd.read_csv(io.BytesIO(archive.read(name)))["ECG"].to_numpy()
            clean = neurokit2.ecg_clean(ecg, sampling_rate=100)
            yield (
                f"ECG {Path(name).stem}",
                np.diff(neurokit2.ecg_findpeaks(clean, sampling_rate=100)["ECG_R_Peaks"]) / 100,
            )
    for path in sorted((data / "stress_predict").glob("S*.zip")):
        with zipfile.ZipFile(path) as archive:
            leaf = next(name for name in archive.namelist() if Path(name).name == "IBI.csv")
            at_s, interval_s = np.loadtxt(io.BytesIO(archive.read(leaf)), delimiter=",", skiprows=1).T
        breaks = np.flatnonzero(np.abs(np.diff(at_s) - interval_s[1:]) > 0.05) + 1
        for run in np.split(interval_s, breaks):
            if len(run) >= RUN:
                yield f"E4 {path.stem}", run


def spoil(interval_s: Array, rng: np.random.Generator) -> tuple[Array, Kinds]:
    """Return the intervals with artefacts in them, and of each interval what was done to it (0: nothing)."""
    beat_s = np.concatenate([[0.0], np.cumsum(interval_s)])
    at, kept, added, moved = int(rng.integers(12, 12 + EVERY)), np.ones(len(beat_s), bool), [], {}
    while at < len(beat_s) - 4:
        kind = int(rng.choice(list(NAMES)))
        if kind == MISSED:
            kept[at] = False
            moved[float(beat_s[at + 1])] = [MISSED]
        elif kind == EXTRA:
            split = beat_s[at] + rng.uniform(0.25, 0.75) * (beat_s[at + 1] - beat_s[at])
            added.append(split)
            moved[float(split)] = moved[float(beat_s[at + 1])] = [EXTRA]
        else:
            beat_s[at] -= rng.uniform(0.1, 0.45) * interval_s[at - 1]
            moved[float(beat_s[at])] = moved[float(beat_s[at + 1])] = [ECTOPIC]
        at += EVERY + int(rng.integers(0, EVERY))
    spoilt = np.sort(np.concatenate([beat_s[kept], added]))
    kinds = np.array([moved.get(float(beat), [0])[0] for beat in spoilt[1:]], np.int64)
    return np.diff(spoilt), kinds


def ours(interval_s: Array) -> tuple[Kinds, Array]:
    """Return the kind of each interval as told live, and what is told instead of it [s]; the last are told late."""
    beat_s = np.cumsum(interval_s)
    x = np.zeros((1, int(GRID_HZ * (beat_s[-1] + 8))))
    x[0, np.round(GRID_HZ * beat_s).astype(int)] = interval_s
    told, kind, _ = Intervals(rows=1, rate_hz=GRID_HZ).push(x)
    at = np.flatnonzero(kind[0] > 0)
    return kind[0, at].astype(np.int64), told[0, at]


def theirs(interval_s: Array) -> Kinds:
    """Return the kind of each interval as NeuroKit2 tells it of the whole recording; -1: too long or too short."""
    neurokit2 = importlib.import_module("neurokit2")

    peaks = np.round(GRID_HZ * np.concatenate([[1.0], 1.0 + np.cumsum(interval_s)])).astype(int)
    artefacts, _ = neurokit2.signal_fixpeaks(peaks, sampling_rate=GRID_HZ, iterative=False, method="Kubios")
    kinds = np.full(len(peaks), NORMAL)
    for name, kind in (("longshort", -1), *((name, kind) for kind, name in NAMES.items())):
        kinds[np.array(artefacts[name], int)] = kind
    return kinds[1:]


def own(spoilt_s: Array, base_s: Array) -> NDArray[np.bool_]:
    """Return which of the spoilt intervals overlap, or touch, one that NeuroKit2 flags in the base."""
    flagged = np.flatnonzero(theirs(base_s) != NORMAL)
    begun_s, ended_s = (np.concatenate([[0.0], np.cumsum(x)]) for x in (base_s, spoilt_s))
    touched = np.zeros(len(spoilt_s), bool)
    for i in flagged:
        touched |= (ended_s[1:] >= begun_s[i] - 0.01) & (ended_s[:-1] <= begun_s[i + 1] + 0.01)
    return touched


def counted(truth: Kinds, found: Kinds, excused: NDArray[np.bool_]) -> dict[str, int]:
    """Count artefacts put in, found (any of their intervals flagged), named rightly, and flags on or beside nothing."""
    flagged = (found != NORMAL) & (found != STARTING)
    counts = {f"{what} {kind}": 0 for kind in NAMES for what in ("in", "found", "named")}
    begun = np.flatnonzero((truth > 0) & np.concatenate([[True], truth[:-1] == 0]))
    near = np.zeros(len(truth), bool)
    for i in begun:
        stop = i + (1 if truth[i] == MISSED else 2)
        near[max(i - 1, 0) : stop + 1] = True
        counts[f"in {truth[i]}"] += 1
        counts[f"found {truth[i]}"] += int(flagged[i:stop].any())
        counts[f"named {truth[i]}"] += int((found[i:stop] == truth[i]).any())
    counts["wrong"] = int((flagged & ~near & ~excused).sum())
    counts["wrong or its own"] = int((flagged & ~near).sum())
    return counts


def measure(data: Path) -> list[Figure]:
    """Spoil each base ``DRAWS`` times, and count."""
    total: dict[str, dict[str, int]] = {"ours": {}, "NeuroKit2": {}}
    means, spreads = [], []
    for number, (_, interval_s) in enumerate(bases(data)):
        if len(interval_s) < LEAST:
            continue
        for draw in range(DRAWS):
            spoilt, truth = spoil(interval_s, np.random.default_rng([number, draw]))
            kinds, told = ours(spoilt)
            excused = own(spoilt, interval_s)
            for name, found in (("ours", kinds), ("NeuroKit2", theirs(spoilt))):
                for key, count in counted(truth, found, excused).items():
                    total[name][key] = total[name].get(key, 0) + count
            settled = told > 0
            means.append(abs(60 / told[settled].mean() - 60 / interval_s[settled.argmax() :].mean()))
            spreads.append((_rmssd(np.where(settled, told, np.nan)), _rmssd(spoilt), _rmssd(interval_s)))
    return [_figure(total, np.array(means), np.array(spreads))]


def _three(scores: tuple[float, float, float]) -> str:
    return f"sensitivity {scores[0]:.3f}, PPV {scores[1]:.3f}, F1 with nothing excused {_f1(scores):.3f}"


def _f1(scores: tuple[float, float, float]) -> float:
    return 2 * scores[0] * scores[2] / (scores[0] + scores[2])


def _rmssd(interval_s: Array) -> float:
    return float(1000 * np.sqrt(np.nanmean(np.diff(interval_s) ** 2)))


def _figure(total: dict[str, dict[str, int]], means: Array, spreads: Array) -> Figure:
    scores = {}
    for name, counts in total.items():
        put, found = (sum(counts[f"{what} {kind}"] for kind in NAMES) for what in ("in", "found"))
        scores[name] = (found / put, found / (found + counts["wrong"]), found / (found + counts["wrong or its own"]))
    lines = [
        [
            name,
            *(
                f"{counts[f'found {kind}'] / counts[f'in {kind}']:.3f}"
                f" ({counts[f'named {kind}'] / counts[f'in {kind}']:.2f})"
                for kind in NAMES
            ),
            *(f"{score:.3f}" for score in scores[name]),
        ]
        for name, counts in total.items()
    ]
    put = sum(total["ours"][f"in {kind}"] for kind in NAMES)
    head = ["", *(f"{name}, found (named so)" for name in NAMES.values()), "sensitivity", "PPV", "PPV, nothing excused"]
    off = np.abs(spreads[:, :2] / spreads[:, 2:] - 1)
    note = (
        f"{put} artefacts. PPV counts intervals flagged that neither are nor touch one of ours, nor one that NeuroKit2"
        " flags in the unspoilt recording. Ours is live, two beats late;"
        f" NeuroKit2 sees the whole recording. Mean rate of what is told: off by {np.median(means):.2f} bpm (95 %:"
        f" {np.quantile(means, 0.95):.2f}). RMSSD off by {100 * np.median(off[:, 0]):.0f} % (median of recordings),"
        f" as spoilt by {100 * np.median(off[:, 1]):.0f} %."
    )
    numbers = {
        f"{name} {what}": score
        for name, both in scores.items()
        for what, score in zip(("sensitivity", "ppv", "ppv_strict"), both, strict=True)
    }
    return Figure(
        what="intervals cleaned, live",
        against="beats moved, missed and added by us in real intervals",
        reach="sensitivity and PPV >= 0.95; F1, nothing excused, not below NeuroKit2's offline",
        found=f"{_three(scores['ours'])} (NeuroKit2 offline {_three(scores['NeuroKit2'])})",
        met=min(scores["ours"][:2]) >= 0.95 and _f1(scores["ours"]) >= _f1(scores["NeuroKit2"]),
        numbers=numbers | {"rate_bpm_median": float(np.median(means)), "rmssd_off": float(np.median(off[:, 0]))},
        detail=f"{table(head, lines)}\n\n{note}",
    )
