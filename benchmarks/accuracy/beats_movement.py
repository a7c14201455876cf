"""Simulated wrists in movement, at steps of signal-to-noise ratio: our beats with acceleration, and the peers'."""

from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.beat_finders import Array, counted, everyone, ours, shift
from benchmarks.figures import Figure, table
from benchmarks.moving_wrists import Wrist, wrist

NEEDS = ()  # simulated

STEPS_DB: Final = (20, 10, 5, 0, -5)
WRISTS: Final = 24
FIRST: Final = 60_000  # seed: on none of these was anything chosen
SECONDS: Final = 120
WITHIN_S: Final = 0.1
OURS: Final = "ours, with acceleration"
ALONE: Final = "ours, PPG alone"


def measure(data: Path) -> list[Figure]:
    """Pooled sensitivity and PPV of each detector at each step, after a constant shift of its own on each wrist."""
    finders = everyone() | {ALONE: ours}
    scores: dict[str, list[tuple[float, float]]] = {name: [] for name in [*finders, OURS]}
    for step in STEPS_DB:
        wrists = [wrist(seed=seed, snr_db=step, seconds=SECONDS) for seed in range(FIRST, FIRST + WRISTS)]
        for name in scores:
            beats = [ours(one.ppg, one.motion) if name == OURS else finders[name](one.ppg) for one in wrists]
            counts = np.array([_counted(found_s, one) for found_s, one in zip(beats, wrists, strict=True)])
            right, found, true = counts.sum(axis=0)
            scores[name].append((right / true, right / max(found, 1)))
    peers = np.array([scores[name] for name in scores if name not in (OURS, ALONE)])
    mine = np.array(scores[OURS])
    above = mine >= peers.max(axis=0)
    lines = [[name, *(f"{sens:.3f} / {ppv:.3f}" for sens, ppv in said)] for name, said in scores.items()]
    head = ["sensitivity / PPV", *(f"{step} dB" for step in STEPS_DB)]
    note = (
        f"\n\n{WRISTS} wrists of {SECONDS} s each, hearts of 45 to 170 a minute, never still; true within "
        f"{WITHIN_S * 1e3:g} ms, from the first beat of all on, each detector after the shift that suits it best on "
        f"each wrist. Seeds from {FIRST}, on none of which anything was chosen. Where a peer stands at 1.000 nobody "
        "can be above it: equal counts as reached. The truth is simulated (`benchmarks/moving_wrists.py`): a tenth of "
        "the artefact's power is nothing that acceleration could explain."
    )
    return [
        Figure(
            what="beats in movement",
            against="simulated truth at PPG SNR of 20 to -5 dB, acceleration available",
            reach="sensitivity and PPV above every peer at each step",
            found=", ".join(f"{step} dB {s:.3f}/{p:.3f}" for step, (s, p) in zip(STEPS_DB, mine, strict=True)),
            met=bool(above.all()),
            numbers={
                f"{kind}_{step}_db{whose}": float(value)
                for whose, values in (("", mine), ("_best_peer", peers.max(axis=0)))
                for step, pair in zip(STEPS_DB, values, strict=True)
                for kind, value in zip(("sensitivity", "ppv"), pair, strict=True)
            },
            detail=table(head, lines) + note,
        )
    ]


def _counted(found_s: Array, one: Wrist) -> tuple[int, int, int]:
    return counted(found_s - shift(found_s, one.beat_s), one.beat_s, within_s=WITHIN_S, end_s=SECONDS)
