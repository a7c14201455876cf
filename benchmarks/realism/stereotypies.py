"""Flapping and rocking in, labelled in recordings and simulated; how fast, how strong and how even they are out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.realism.sessions import laid
from device_sim.band import STEPS, quantise
from device_sim.scenario import Episode, Scenario, Wearer
from device_sim.ward import Ward
from ingest.recordings.detect import look
from ingest.types import CHANNELS, Array

FOLDER: Final = "autism_smm"
RATE: Final = CHANNELS["motion"].grid_hz
PIECE_S: Final = 5  # bouts are looked at in pieces of this length
LEAST_HZ: Final = 0.4
MOST_HZ: Final = 4.5
KINDS: Final = {"Flap": "stereotypy", "Rock": "rocking"}  # as labelled; as simulated
MEASURES: Final = ("main frequency [Hz]", "size above 0.4 Hz [g]", "share of it near that frequency")
_WEARERS: Final = 24
_BOUT_S: Final = 40.0
_SEED: Final = 5


def recorded(data: Path) -> dict[str, Array]:
    """Return what ``MEASURES`` say of each piece, (3, m), by kind; both wrists, unless a bout is of both kinds."""
    found: dict[str, list[tuple[float, float, float]]] = {kind: [] for kind in KINDS}
    for source in look(data / FOLDER):
        for recording in source.recordings:
            if "wrist" not in recording.name or "motion" not in recording.channels:
                continue
            base_s = int(recording.start_s)
            motion = np.full((3, (int(recording.end_s) - base_s) * RATE), np.nan)
            laid(recording.channels["motion"], base_s, RATE, motion)
            for label in recording.labels:
                if label.what in KINDS:
                    low, high = (round((at_s - base_s) * RATE) for at_s in (label.start_s, label.end_s))
                    found[label.what] += _pieces(motion[:, max(low, 0) : high])
    return {kind: np.array(each).T for kind, each in found.items() if each}


def simulated() -> dict[str, Array]:
    """Return the same of simulated autistic children who flap, and rock, in bouts of 40 s of varied strength."""
    return {kind: np.array([*_lived(episode)]).T for kind, episode in KINDS.items()}


def _lived(kind: str) -> Iterator[tuple[float, float, float]]:
    draw = np.random.default_rng(_SEED)
    parts = tuple(
        Wearer(
            stereotypy="flapping" if kind == "stereotypy" else "rocking",
            episodes=(
                Episode(start_s=60, rise_s=1, hold_s=_BOUT_S, fall_s=1, kind=kind, strength=draw.uniform(0.5, 1.0)),
            ),
        )
        for _ in range(_WEARERS)
    )
    scenario = Scenario(name=kind, title=kind, past_s=0, wearers=_WEARERS, parts=parts, population="autistic_children")
    motion = Ward(scenario, seed=_SEED).skip(120).motion
    for each in motion:
        counts = quantise("motion", each) * STEPS["motion"]
        yield from _pieces(counts[:, 63 * RATE : int(60 + _BOUT_S) * RATE])


def _pieces(motion: Array) -> list[tuple[float, float, float]]:
    n = PIECE_S * RATE
    found = []
    for start in range(0, motion.shape[1] - n + 1, n):
        piece = motion[:, start : start + n]
        if np.isfinite(piece).all():
            found.append(_measure(piece))
    return found


def _measure(piece: Array) -> tuple[float, float, float]:
    z = (piece - piece.mean(axis=1, keepdims=True)) * np.hanning(piece.shape[1])
    power = (np.abs(np.fft.rfft(z, 8 * z.shape[1], axis=1)) ** 2).sum(axis=0)
    hz = np.fft.rfftfreq(8 * z.shape[1], 1 / RATE)
    moved = power[hz >= LEAST_HZ].sum()
    inside = (hz >= LEAST_HZ) & (hz <= MOST_HZ)
    main = hz[inside][np.argmax(power[inside])]
    near = power[(np.abs(hz - main) <= 0.3) & (hz >= LEAST_HZ)].sum() / moved
    steady = piece - piece.mean(axis=1, keepdims=True)
    share = moved / power.sum()
    return float(main), float(np.sqrt((steady**2).sum(axis=0).mean() * share)), float(near)
