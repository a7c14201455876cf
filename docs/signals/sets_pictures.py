"""A real session in; some features of FLIRT's set of it out, and what windows of unlike length and hop make of them."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from benchmarks.accuracy.heart_rate import assembled
from signals.engine import Engine
from signals.frame import of_recording

SESSION = "stress_predict/S05.zip"
SHOWN = (("tonic_mean", "uS"), ("phasic_lineintegral", "uS"), ("l2_std", "g/64"), ("hrv_rmssd", "ms"))


def flirt_set(data: Path) -> Figure:
    """Return four of FLIRT's features by time, for windows of 60 s every second and of 300 s every minute."""
    tick = assembled(data / SESSION)
    beats = Engine(rows=1).push(tick).beats
    figure = Figure(figsize=(9, 7))
    axes = figure.subplots(len(SHOWN), 1, sharex=True)
    for window_s, hop_s, style in ((60.0, 1.0, {"lw": 0.8}), (300.0, 60.0, {"lw": 1.2, "marker": ".", "ms": 4})):
        found = of_recording(tick, feature_set="flirt", window_s=window_s, hop_s=hop_s, beats=beats)
        minutes = (found.index - found.index[0]).total_seconds() / 60 + window_s / 60
        for ax, (name, unit) in zip(axes, SHOWN, strict=True):
            scale = window_s / 60 if name.endswith("integral") else 1.0
            ax.plot(minutes, found[name] / scale, label=f"{window_s:g} s every {hop_s:g} s", **style)
            ax.set_ylabel(f"{name}\n[{unit}{' a minute' if name.endswith('integral') else ''}]", fontsize=8)
            ax.grid(alpha=0.3)
    axes[0].legend(fontsize=8)
    axes[0].set_title("FLIRT's features of a session; a label is the end of its window", fontsize=10)
    axes[-1].set_xlabel("minutes")
    axes[-1].set_xlim(0, np.ceil(minutes[-1]))
    return figure


PICTURES = {"flirt_set": flirt_set}
