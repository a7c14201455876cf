"""E4 sessions in; how far variability said live from PPG is from that of the band's own intervals.

The engine's accepted beats through ``Variability``; the reference is the same numbers from IBI.csv, in the seconds in
which both fill 80 % of the last minute. The band's own beats are no electrocardiogram: they sit on the pulse's troughs,
ours on its steepest rise, each with its own few milliseconds of error, which RMSSD and HF add up and SDNN hardly does.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.heart_rate import assembled, own_beats
from benchmarks.figures import Figure, table
from ingest.types import CHANNELS
from signals.engine import Engine
from signals.heart.hrv import Variability, features

NEEDS = ("stress_predict",)  # folders of recordings

Array = NDArray[np.float64]

IBI_HZ = CHANNELS["ibi"].grid_hz
SESSIONS = 8
NAMES = [feature.name.removeprefix("hrv60_") for feature in features(window_s=60)]
SDNN, RMSSD = NAMES.index("sdnn_ms"), NAMES.index("rmssd_ms")


def both(path: Path) -> tuple[Array, Array]:
    """Return the variability of a session second by second, from PPG and from the band's own intervals."""
    tick = assembled(path)
    length = tick.seconds * IBI_HZ
    at_s, interval_s = own_beats(path)
    at = np.floor((at_s - tick.start_s[0]) * IBI_HZ).astype(int)
    inside = (at >= 0) & (at < length)
    events = np.zeros((1, length))
    events[0, at[inside]] = interval_s[inside]
    from_ppg = Variability(rows=1, rate_hz=IBI_HZ).push(Engine(rows=1).push(tick).beats)[0]
    return from_ppg, Variability(rows=1, rate_hz=IBI_HZ).push(events)[0]


def measure(data: Path) -> list[Figure]:
    """Measure every session, and all of them together."""
    lines, off, wanted = [], [], []
    for path in sorted((data / "stress_predict").glob("*.zip"))[:SESSIONS]:
        found, reference = both(path)
        known = np.isfinite(found).all(axis=1) & np.isfinite(reference).all(axis=1)
        off.append(np.abs(found[known] - reference[known]))
        wanted.append(reference[known])
        middle = [f"{value:.2g}" for value in np.median(off[-1], axis=0)] if known.any() else [""] * len(NAMES)
        lines.append([path.stem, f"{known.sum()}", *middle])
    error, value = np.concatenate(off), np.concatenate(wanted)
    lines.append(["together", f"{len(error)}", *(f"{one:.2g}" for one in np.median(error, axis=0))])
    lines.append(["95 % below", "", *(f"{one:.2g}" for one in np.percentile(error, 95, axis=0))])
    lines.append(["median of the reference", "", *(f"{one:.3g}" for one in np.median(value, axis=0))])
    sdnn, rmssd = np.median(error[:, SDNN]), np.median(error[:, RMSSD])
    share = np.median(error, axis=0) / np.median(value, axis=0)
    return [
        Figure(
            "variability of the last minute, live from wrist PPG",
            f"the band's own intervals, {len(off)} sessions of stress_predict",
            "SDNN within 10 % on the median second",
            f"median error SDNN {sdnn:.1f} ms ({100 * share[SDNN]:.0f} %), RMSSD {rmssd:.1f} ms"
            f" ({100 * share[RMSSD]:.0f} %), over {len(error)} seconds in which both are said",
            bool(share[SDNN] < 0.1),
            {"sdnn_ms": float(sdnn), "rmssd_ms": float(rmssd), "seconds": float(len(error))},
            table(["session: median error", "seconds", *NAMES], lines),
        )
    ]
