"""Simulated wearers in, how many of their skin-conductance responses are told, and how much else, out.

Truth is the simulator's: a response counts that is at least 0.05 uS high, while the band is worn. It is found if a
told peak lies within 1.5 s of its own peak, one to one, nearest first. Told peaks that belong to a smaller
true response are neither found nor false. Clean: everybody still, before the band. With artefacts: the ward (walks,
exercise, flapping, bands taken off, electrodes pressed and dragged), as the band reports it. Ours goes live: validity,
responses; the peers get the whole recording at once. Five seeds of the simulator that no rule was made by, nor looked
at before the rules stood; that responses count only from half a per cent of the level on came of false ones in
another. The simulator's one shape of response is the one that the rules assume (Greco 2016).
"""

import contextlib
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Figure, table
from device_sim.band import STEPS
from device_sim.physiology.sweat import PEAK_S
from device_sim.scenario import load
from device_sim.ward import Ward
from signals.eda.quality import Reasons, validity
from signals.eda.responses import Responses
from signals.types import Array

NEEDS = ()  # simulated

RATE: Final = 4
WEARERS: Final = 20
SEEDS: Final = (101, 102, 103, 104, 105)
SECONDS: Final = 3600
WARM_S: Final = 60  # of life before the first second that counts
NEAR_S: Final = 1.5
LEAST_US: Final = 0.05


Detector = Callable[[Array], Array]


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """``eda`` (k, 4 n) uS, ``worn`` (k, n), and of each row the ``peak_s`` and ``size_us`` of every true response."""

    eda: Array
    worn: NDArray[np.bool_]
    peak_s: list[Array]
    size_us: list[Array]


def simulated(*, artefacts: bool, seed: int, wearers: int = WEARERS, seconds: int = SECONDS) -> Simulated:
    """Return an hour of the ward, or of the same people keeping still."""
    scenario = load("ward")
    if not artefacts:
        scenario = replace(
            scenario,
            parts=tuple(
                replace(part, activity="still", episodes=tuple(e for e in part.episodes if e.kind == "anxiety"))
                for part in scenario.parts
            ),
        )
    samples = Ward(scenario, wearers=wearers, seed=seed).skip(seconds)
    eda = np.round(samples.eda / STEPS["eda"]) * STEPS["eda"] if artefacts else samples.eda
    by_row = [samples.responses.row == row for row in range(wearers)]
    times = [samples.responses.time_s[of] + PEAK_S for of in by_row]
    return Simulated(eda, samples.drive.worn, times, [samples.responses.value[of] for of in by_row])


def ours(eda: Array) -> Array:
    """Return peak times [s] as the engine would tell them."""
    valid = validity(Reasons(rows=1, rate_hz=RATE).push(eda[None]))
    told = Responses(rows=1, rate_hz=RATE).push(np.where(valid == 1, eda, np.nan))
    at = np.flatnonzero(told.amplitude_us[0] > 0)
    return at / RATE - told.lag_s[0, at]


def neurokit(eda: Array) -> Array:
    """Return the peaks of NeuroKit2's own pipeline: clean, high-pass, peaks of at least a tenth of the largest."""
    import neurokit2 as nk

    _, found = nk.eda_process(eda, sampling_rate=RATE)
    return np.asarray(found["SCR_Peaks"], float) / RATE


def biosppy(eda: Array) -> Array:
    """Return BioSPPy's emotiphai peaks of at least 0.05 uS, none where it raises for want of any; its whole pipeline
    fails at 4 Hz."""
    from biosppy.signals import eda as peer

    try:
        found = peer.eda_events(eda, sampling_rate=RATE, method="emotiphai", min_amplitude=LEAST_US)
    except ValueError:
        return np.zeros(0)
    return np.asarray(found["peaks"]) / RATE


def matched(found_s: Array, true_s: Array, *, near_s: float = NEAR_S) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which found and which true ones belong together, nearest pairs first, each at most once."""
    away = np.abs(found_s[:, None] - true_s)
    pairs = np.argwhere(away <= near_s)
    one: list[int] = []
    other: list[int] = []
    for i, j in pairs[np.argsort(away[pairs[:, 0], pairs[:, 1]], kind="stable")]:
        if i not in one and j not in other:
            one.append(int(i))
            other.append(int(j))
    return np.array(one, np.intp), np.array(other, np.intp)


def counts(simulation: Simulated, detector: Detector) -> Array:
    """Return (rows, 3): true and found, missed, false."""
    out = np.zeros((len(simulation.eda), 3))
    for row, eda in enumerate(simulation.eda):
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            found_s = detector(eda)
        peak_s, size_us = simulation.peak_s[row], simulation.size_us[row]
        found_s = found_s[counted(found_s, simulation.worn[row])]
        inside = counted(peak_s, simulation.worn[row])
        peak_s, size_us = peak_s[inside], size_us[inside]
        large = size_us >= LEAST_US
        one, _ = matched(found_s, peak_s[large])
        rest = np.delete(found_s, one)
        small, _ = matched(rest, peak_s[~large])
        out[row] = len(one), large.sum() - len(one), len(rest) - len(small)
    return out


def counted(time_s: Array, worn: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which times fall into worn seconds after the first minute."""
    second = time_s.astype(int)
    return (second >= WARM_S) & (second < len(worn)) & worn[np.clip(second, 0, len(worn) - 1)]


def f1(hits: Array) -> float:
    """Return F1 of true and found, missed, and false."""
    return float(2 * hits[0] / max(2 * hits[0] + hits[1] + hits[2], 1))


def measure(data: Path) -> list[Figure]:
    """Return the figures; the recordings of ``data`` know no truth and are not used."""
    del data
    detectors = {"ours": ours, "NeuroKit2 eda_process": neurokit, "BioSPPy emotiphai": biosppy}
    figures = []
    for artefacts, least in ((False, 0.95), (True, 0.85)):
        told: dict[str, Array] = {name: np.zeros((0, 3)) for name in detectors}
        for seed in SEEDS:
            simulation = simulated(artefacts=artefacts, seed=seed)
            for name, detector in detectors.items():
                told[name] = np.concatenate([told[name], counts(simulation, detector)])
        pooled = {name: hits.sum(axis=0) for name, hits in told.items()}
        lines = [
            [
                name,
                f"{f1(hits):.3f}",
                f"{hits[0] / (hits[0] + hits[1]):.3f}",
                f"{hits[0] / (hits[0] + hits[2]):.3f}",
                f"{np.median([f1(row) for row in told[name] if row[:2].sum() >= 10]):.3f}",
            ]
            for name, hits in pooled.items()
        ]
        others = ", ".join(f"{name} {f1(hits):.3f}" for name, hits in pooled.items() if name != "ours")
        true = int(pooled["ours"][:2].sum())
        figures.append(
            Figure(
                what=f"skin-conductance responses, {'with artefacts' if artefacts else 'clean'}",
                against=f"{true} simulated ones of {WEARERS * len(SEEDS)} wearers, an hour each",
                reach=f"F1 >= {least:.2f}",
                found=f"{f1(pooled['ours']):.3f} ({others})",
                met=f1(pooled["ours"]) >= least,
                numbers={name: f1(hits) for name, hits in pooled.items()},
                detail=table(["detector", "F1", "sensitivity", "PPV", "median F1 of wearers"], lines),
            )
        )
    return figures
