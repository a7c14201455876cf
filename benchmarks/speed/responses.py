"""An hour of conductance with known responses in, how fast they are told, by ours and by NeuroKit2, out."""

import time
import warnings
from collections.abc import Callable

import numpy as np

from benchmarks.accuracy.eda_responses import matched
from benchmarks.figures import Race
from benchmarks.speed.recordings import recording
from signals.eda.responses import Responses
from signals.types import Array

NEAR_S = 1.0


def _ours(eda: Array) -> Array:
    told = Responses(rows=1, rate_hz=4).push(eda[None])
    at = np.flatnonzero(told.amplitude_us[0] > 0)
    return at / 4 - told.lag_s[0, at]


def _peer(eda: Array) -> Array:
    import neurokit2 as nk

    _, found = nk.eda_process(eda, sampling_rate=4)
    return np.asarray(found["SCR_Peaks"], float) / 4


def _timed(detector: Callable[[Array], Array], eda: Array, runs: int) -> tuple[float, Array]:
    """Return the median duration [s] and what was found."""
    durations = []
    for _ in range(runs + 1):
        begun = time.perf_counter()
        found = detector(eda)
        durations.append(time.perf_counter() - begun)
    return float(np.median(durations[1:])), found


def _said(found_s: Array, true_s: Array) -> str:
    """Return F1, sensitivity and PPV in words."""
    hits = len(matched(found_s, true_s, near_s=NEAR_S)[0])
    f1, sensitivity, ppv = 2 * hits / (len(found_s) + len(true_s)), hits / len(true_s), hits / len(found_s)
    return f"F1 {f1:.3f} (sensitivity {sensitivity:.3f}, PPV {ppv:.3f})"


def race() -> list[Race]:
    """Return the race."""
    played = recording(hours=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours_s, ours = _timed(_ours, played.eda, 31)
        peer_s, peer = _timed(_peer, played.eda, 7)
    return [
        Race(
            work="skin-conductance responses, 1 h at 4 Hz",
            peer="NeuroKit2 eda_process",
            peer_s=peer_s,
            ours_s=ours_s,
            reach=20,
            goal=20,
            note=f"ours, causal, with recovery: {_said(ours, played.peak_s)}; NeuroKit2: {_said(peer, played.peak_s)}"
            f"; {len(played.peak_s)} true ones, peaks within {NEAR_S:g} s",
        )
    ]
