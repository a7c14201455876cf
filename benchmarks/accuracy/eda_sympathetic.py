"""Real conductance in, how near the streaming power of its sympathetic band comes to Welch's periodogram, out.

The reference is SciPy's ``welch`` as Posada-Quintero 2016 (doi:10.1007/s10439-016-1606-6) has it, over the same 64 s:
a Blackman window, zeros up to 256 s, a straight line taken off. Clean stretches as ``eda_phasic`` chooses them, every
ten seconds; the correlation is of logarithms, as powers spread over decades.
"""

from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.accuracy.eda_phasic import RATE, clean_stretches, recordings
from benchmarks.figures import Figure, table
from signals.eda.sympathetic import BAND_HZ, SEGMENT_S, Sympathetic
from signals.types import Array

NEEDS = ("stress_predict",)  # folders of recordings

EVERY_S: Final = 10
LEAST: Final = 20  # windows, of a recording


def welch_power(x: Array) -> float:
    """Return the reference power of one segment (n,)."""
    from scipy.signal import welch

    hz, density = welch(x, RATE, "blackman", nperseg=len(x), nfft=4 * len(x), detrend="linear")
    inside = (hz >= BAND_HZ[0]) & (hz <= BAND_HZ[1])
    return float(density[inside].sum() * hz[1])


def powers(x: Array) -> Array:
    """Return (2, m): our power and the reference's, at the end of every tenth second that has a whole clean segment."""
    pairs = []
    for stretch in clean_stretches(x):
        clean = x[stretch][: (stretch.stop - stretch.start) // RATE * RATE]
        told = Sympathetic(rows=1, rate_hz=RATE).push(clean[None]).power_us2[0]
        for end in range(SEGMENT_S, len(told) + 1, EVERY_S):
            segment = clean[RATE * (end - SEGMENT_S) : RATE * end]
            if segment.std() > 0:
                pairs.append((told[end - 1], welch_power(segment)))
    return np.transpose(pairs) if pairs else np.zeros((2, 0))


def measure(data: Path) -> list[Figure]:
    """Return the figure."""
    lines, found = [], []
    for name, x in recordings(data):
        ours, reference = powers(x)
        if len(ours) < LEAST:
            continue
        found.append((np.corrcoef(np.log(ours), np.log(reference))[0, 1], np.median(ours / reference)))
        lines.append([name, str(len(ours)), f"{found[-1][0]:.3f}", f"{found[-1][1]:.2f}"])
    alike, ratio = np.transpose(found)
    return [
        Figure(
            what="sympathetic band power",
            against=f"Welch's periodogram of the same 64 s, {len(found)} recordings",
            reach="median correlation of logarithms >= 0.95",
            found=f"{np.median(alike):.3f} (least {alike.min():.3f}), median ratio {np.median(ratio):.2f}",
            met=bool(np.median(alike) >= 0.95),
            numbers={"median": float(np.median(alike)), "least": float(alike.min()), "ratio": float(np.median(ratio))},
            detail=table(["recording", "segments", "correlation", "ours over Welch's"], lines),
        )
    ]
