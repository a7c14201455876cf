"""Real recordings in, the pictures of wear, skin temperature, activity and posture out."""

import csv
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from benchmarks.accuracy.wear import MARKS, Seconds, session, told
from ingest.recordings.e4 import read
from signals.motion.movement import Activity
from signals.motion.posture import Posture
from signals.skin.temperature import Trend
from signals.types import Array

OFF, WARMING = "#d95f02", "#fdd49e"


def wear(data: Path) -> Figure:
    """A session whose band waits, is put on, comes off and is carried home; and the moment of another one's removal."""
    start_s, heard = session(data / "exam_stress" / "S06_Midterm1.zip")
    said = told(heard)[0]
    figure, axes = plt.subplots(3, 2, figsize=(10, 5.5), width_ratios=[3, 2], layout="constrained")
    _channels(axes[:, 0], heard, said, minutes=np.arange(said.size) / 60)
    with MARKS.open(newline="") as file:
        for mark in csv.DictReader(file):
            if mark["file"] == "S06_Midterm1":
                span = [(int(mark[end]) - start_s) / 60 for end in ("start_unix", "end_unix")]
                axes[2, 0].axvspan(*span, ymax=0.08, color="#1b9e77" if mark["worn"] == "1" else OFF, lw=0)
    axes[0, 0].set_title(
        "table, bag, table, worn, bag, table (a slow sensor)\nshaded: said to be off; foot: marked by hand", size=9
    )
    axes[2, 0].set_xlabel("min")
    _, heard = session(data / "nurse_stress" / "5C_1588974475.zip")
    said = told(heard)[0]
    around = slice(9080, 9150)
    _channels(axes[:, 1], {name: x[:, around] for name, x in heard.items()}, said[around], minutes=np.arange(70.0))
    axes[0, 1].set_title("a band being taken off (a fast sensor)", size=9)
    axes[2, 1].set_xlabel("s")
    return figure


def slope(data: Path) -> Figure:
    """An hour of skin temperature, its slope with what it may be wrong by, and how long the band warms up."""
    figure, axes = plt.subplots(2, 2, figsize=(10, 4.5), sharex="col", layout="constrained")
    sessions = (
        ("stress_predict/S12", "a laboratory session"),
        ("exam_stress/S06_Midterm2", "put on at 36 min, off at 139"),
    )
    for column, (name, title) in enumerate(sessions):
        _, heard = session(data / f"{name}.zip")
        celsius = heard["temperature"]
        found, error, warming = (part[0] for part in Trend(rows=1, rate_hz=1).push(celsius, told(heard)))
        minutes = np.arange(found.size) / 60
        axes[0, column].plot(minutes, celsius[0], lw=0.8, color="k")
        axes[0, column].set_title(f"{title}; shaded: off or warming up", size=9)
        axes[1, column].fill_between(minutes, found - 1.96 * error, found + 1.96 * error, color="#9ecae1", lw=0)
        axes[1, column].plot(minutes, found, lw=0.8, color="#08519c")
        axes[1, column].axhline(0, color="k", lw=0.4)
        axes[1, column].set_ylim(-1, 1)
        axes[1, column].set_xlabel("min")
        for ax in axes[:, column]:
            _shade(ax, minutes, warming == 1, WARMING)
    axes[0, 0].set_ylabel("°C")
    axes[1, 0].set_ylabel("°C/min, 95 %")
    return figure


def activity(data: Path) -> Figure:
    """A nurse's half hour: how active, when still, how the forearm is held."""
    motion = read(data / "nurse_stress" / "5C_1588974475.zip").whole("motion").values[None, :, : 32 * 1800]
    motion = np.ascontiguousarray(motion)
    enmo, mad, level, still = (part[0] for part in Activity(rows=1, rate_hz=32).push(motion))
    elevation, _, changes = (part[0] for part in Posture(rows=1, rate_hz=32).push(motion))
    minutes = np.arange(enmo.size) / 60
    figure, axes = plt.subplots(3, 1, figsize=(9, 5.5), sharex=True, layout="constrained")
    axes[0].semilogy(minutes, np.maximum(enmo, 1e-3), lw=0.7, label="ENMO")
    axes[0].semilogy(minutes, np.maximum(mad, 1e-3), lw=0.7, label="MAD")
    axes[0].set_ylabel("g")
    axes[0].legend(fontsize=8, loc="upper right")
    axes[0].set_title("shaded: still", size=9)
    _shade(axes[0], minutes, still == 1, "#c7e9c0")
    axes[1].step(minutes, level, lw=0.8, color="k")
    axes[1].set_yticks(range(4), ["inactive", "light", "moderate", "vigorous"])
    axes[2].plot(minutes, elevation, lw=0.7)
    axes[2].set_ylabel("forearm, deg")
    other = axes[2].twinx()
    other.plot(minutes, changes, lw=1.2, color=OFF)
    other.set_ylabel("new postures/min", color=OFF)
    axes[2].set_xlabel("min")
    return figure


def _channels(axes: np.ndarray, heard: Seconds, said: Array, *, minutes: Array) -> None:
    axes[0].plot(minutes, heard["temperature"][0], lw=0.8, color="k")
    axes[0].set_ylabel("°C")
    axes[1].semilogy(minutes, np.maximum(heard["eda"][0], 1e-3), lw=0.6, color="k")
    axes[1].axhline(0.05, color="k", lw=0.4, ls=":")
    axes[1].set_ylabel("µS")
    axes[2].semilogy(minutes, np.maximum(heard["motion"][0], 1e-4), lw=0.4, color="k")
    axes[2].set_ylabel("g")
    for ax in axes:
        _shade(ax, minutes, said == 0, OFF)


def _shade(ax: Axes, minutes: Array, where: np.ndarray, colour: str) -> None:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], where.astype(int), [0]])))
    step = minutes[1] - minutes[0]
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        ax.axvspan(minutes[start], minutes[stop - 1] + step, color=colour, alpha=0.35, lw=0)


PICTURES = {"wear": wear, "slope": slope, "activity": activity}
