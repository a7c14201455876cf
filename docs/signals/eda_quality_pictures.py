"""Real recordings in, the pictures of the quality of electrodermal activity out."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from benchmarks.accuracy.eda_artefacts import recordings
from benchmarks.accuracy.eda_artefacts_elsewhere import laboratory
from benchmarks.accuracy.eda_quality import channels
from signals.eda.artefacts import Artefacts
from signals.eda.contact import Contact
from signals.eda.quality import REASONS, Reasons
from signals.types import Array

COLOURS = {
    "no contact": "#4d4d4d",
    "too low": "#8c6bb1",
    "too high": "#c51b8a",
    "frozen": "#41b6c4",
    "too steep": "#fe9929",
    "too cold": "#2c7fb8",
    "too hot": "#e31a1c",
    "artefact": "#d95f02",
    "around": "#bdbdbd",
}


def artefacts(data: Path) -> Figure:
    """The labelled recording of a meal, the clean responses of a laboratory, and an E4 worn by somebody else."""
    figure, axes = plt.subplots(3, 1, figsize=(9, 7.5), layout="constrained")
    record = recordings(data)[1]
    _line(axes[0], record.eda, start_s=500, stop_s=680)
    for window in range(100, 136):
        votes = int((record.labels[window] == 2).sum())
        axes[0].axvspan(5 * window, 5 * window + 5, ymax=0.04 * votes, color="#7570b3", lw=0)
    axes[0].set_title("Q sensor, a meal: called artefact (shaded); purple below: how many of three experts did", size=9)
    _line(axes[1], laboratory(data, "bio_eventrelated_100hz"), start_s=0, stop_s=150)
    axes[1].set_title("laboratory, finger: responses of 2 uS and more are none", size=9)
    eda, _ = channels(data / "stress_predict" / "S12.zip")
    _line(axes[2], eda[0], start_s=2000, stop_s=2400)
    axes[2].set_title("E4, somebody else: responses believed, shakes not", size=9)
    axes[2].set_xlabel("s")
    return figure


def reasons(data: Path) -> Figure:
    """A band that is put on, worn and taken off: what speaks against each sample."""
    eda, celsius = channels(data / "exam_stress" / "S04_Final.zip")
    contact, shaken = Contact(rows=1, rate_hz=4).push(eda), Artefacts(rows=1, rate_hz=4).push(eda)
    codes = Reasons(rows=1, rate_hz=4).push(eda, celsius, shaken, contact)[0]
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(9, 4.5), layout="constrained", sharex=True, height_ratios=(3, 1)
    )
    t_min = np.arange(len(codes)) / 240
    above.plot(t_min, eda[0], lw=0.5, color="black")
    for code, name in enumerate(REASONS):
        if code > 0 and (codes == code).any():
            where = np.convolve(codes == code, np.ones(40), "same") > 0
            above.fill_between(
                t_min,
                0,
                1,
                where=where,
                color=COLOURS[name],
                alpha=0.45,
                lw=0,
                label=name,
                transform=above.get_xaxis_transform(),
            )
    above.legend(loc="upper right", fontsize=8, ncols=4)
    above.set_ylabel("uS")
    above.set_title("E4 on an examination day: why conductance is not believed (widened to 10 s to be seen)", size=9)
    below.plot(t_min, celsius[0], lw=0.8, color="#e31a1c")
    below.set_ylabel("degC")
    below.set_xlabel("min")
    return figure


def _line(axes: Axes, eda: Array, *, start_s: int, stop_s: int) -> None:
    found = Artefacts(rows=1, rate_hz=4).push(np.ascontiguousarray(eda)[None])[0]
    t_s = np.arange(len(eda)) / 4
    here = slice(4 * start_s, 4 * stop_s)
    axes.plot(t_s[here], eda[here], lw=0.9, color="black")
    axes.fill_between(
        t_s[here],
        0,
        1,
        where=found[here] == 1,
        color=COLOURS["artefact"],
        alpha=0.3,
        lw=0,
        transform=axes.get_xaxis_transform(),
    )
    axes.set_ylabel("uS")
    axes.margins(x=0)


PICTURES = {"eda_artefacts": artefacts, "eda_reasons": reasons}
