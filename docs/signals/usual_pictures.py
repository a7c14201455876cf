"""A real recording in, the picture of what is usual for a person, and of how far off it they are, out."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.figure import Figure

from benchmarks.accuracy.heart_rate import assembled
from signals.baseline import Baseline
from signals.engine import Engine
from signals.features import column
from signals.usual import FLOORS, LEAST_S, MEMORY_S, context_of

SHOWN: Final = (("heart_rate_bpm", "heart rate, 1/min"), ("response_rate_per_min", "responses, 1/min"))


def usual(data: Path) -> Figure:
    """An hour of Stress-Predict: the feature, location and scale as they are learnt, the deviation, the tasks."""
    tick = assembled(data / "stress_predict" / "S10.zip")
    features = Engine(rows=1).push(tick).features
    context = context_of(features[..., column("motion_minute_g")])
    minute = np.arange(features.shape[1]) / 60
    figure = Figure(figsize=(10, 6))
    axes = figure.subplots(4, 1, sharex=True, height_ratios=[2, 1, 2, 1])
    for (name, label), above, below in zip(SHOWN, axes[::2], axes[1::2], strict=True):
        learnt = Baseline(rows=1, rate_hz=1, contexts=3, floor=FLOORS[name], memory_s=MEMORY_S, least_s=LEAST_S)
        _, location, scale = (x[0] for x in learnt.push(features[..., column(name)], context))
        above.plot(minute, features[0, :, column(name)], lw=0.8, color="C0")
        for still, colour in ((0, "0.3"), (1, "C1")):
            those = np.where(context[0] == still, 1.0, np.nan)
            if not np.isfinite(location * those).any():
                continue
            above.plot(minute, location * those, lw=1.2, color=colour, label=("usual, still", "usual, moving")[still])
            above.fill_between(
                minute, (location - scale) * those, (location + scale) * those, color=colour, alpha=0.2, lw=0
            )
        above.set_ylabel(label, fontsize=8)
        below.plot(minute, features[0, :, column(f"{name}_deviation")], lw=0.8, color="C3")
        below.axhline(0, color="0.7", lw=0.6)
        below.set_ylabel("deviation", fontsize=8)
    axes[0].legend(fontsize=8, loc="upper right")
    with (data / "stress_predict" / "labels.csv").open(newline="") as file:
        for line in csv.DictReader(file):
            if line["participant"] == "S10" and line["stress"] == "1":
                span = [(float(line[end]) - tick.start_s[0]) / 60 for end in ("start_unix", "end_unix")]
                for ax in axes:
                    ax.axvspan(*span, color="C3", alpha=0.08, lw=0)
    axes[-1].set(xlabel="minutes; shaded: tasks that stress", xlim=(0, minute[-1]))
    return figure


PICTURES: Final[dict[str, Callable[[Path], Figure]]] = {"usual": usual}
