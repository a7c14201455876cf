"""Real recordings in, the pictures of intervals, heart rate and what movement explains of it out."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.accuracy.heart_explained import simulated
from benchmarks.accuracy.heart_rate import assembled, own_beats
from benchmarks.accuracy.intervals import spoil
from device_sim.scenario import KINDS as KINDS_SIMULATED
from signals.heart.explained import Explained
from signals.heart.pulses import Pulses
from signals.heart.rate_periodic import Periodicity
from signals.heart.rate_tracked import TrackedRate
from signals.heart.rhythm_clean import ECTOPIC, EXTRA, MISSED, ODD, Intervals
from signals.motion.movement import Movement
from signals.windows import second_means

Array = NDArray[np.float64]
KINDS: Final = {ECTOPIC: ("ectopic", "C3"), MISSED: ("missed", "C4"), EXTRA: ("extra", "C1"), ODD: ("odd", "C5")}


def cleaned(data: Path) -> Figure:
    """Real intervals, spoilt, and what is told of them."""
    at_s, interval_s = own_beats(data / "stress_predict" / "S06.zip")
    runs = np.split(interval_s, np.flatnonzero(np.abs(np.diff(at_s) - interval_s[1:]) > 0.05) + 1)
    spoilt, _ = spoil(max(runs, key=len)[:130], np.random.default_rng(2))
    beat_s = np.cumsum(spoilt)
    x = np.zeros((1, int(1000 * (beat_s[-1] + 5))))
    x[0, np.round(1000 * beat_s).astype(int)] = spoilt
    told, kind, _ = Intervals(rows=1, rate_hz=1000).push(x)
    at = np.flatnonzero(kind[0])
    figure = Figure(figsize=(10, 3.2))
    axes = figure.subplots()
    axes.plot(beat_s, spoilt, color="0.7", lw=1, marker=".", ms=3, label="as they came")
    good = told[0, at] > 0
    axes.plot(beat_s[good], told[0, at][good], color="C0", lw=1.2, label="told")
    for code, (name, colour) in KINDS.items():
        those = kind[0, at] == code
        axes.plot(beat_s[those], spoilt[those], "o", mfc="none", color=colour, label=name)
    axes.set(xlabel="s", ylabel="interval, s")
    axes.legend(ncols=6, fontsize=8, loc="upper right")
    axes.set_ylim(top=1.15 * spoilt.max())
    return figure


def rate(data: Path) -> Figure:
    """A session's heart rate, its uncertainty, the band's own beats, and movement."""
    path = data / "stress_predict" / "S12.zip"
    tick = assembled(path)
    motion = np.sqrt(second_means(Movement(rows=1, rate_hz=32).push(tick.motion) ** 2, rate_hz=32))[0]
    beats, _, _ = Intervals(rows=1, rate_hz=64).push(*Pulses(rows=1, rate_hz=64).push(tick.ppg))
    repeats, plainness = Periodicity(rows=1, rate_hz=64).push(tick.ppg)
    bpm, error, _ = (x[0] for x in TrackedRate(rows=1, rate_hz=64).push(beats, repeats, plainness))
    beat_s, interval_s = own_beats(path)
    shown, second = slice(600, 1500), np.arange(len(bpm))
    figure = Figure(figsize=(10, 4.2))
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    above.plot(beat_s - tick.start_s[0], 60 / interval_s, ".", color="0.7", ms=3, label="the band's own beats")
    above.fill_between(second, bpm - 2 * error, bpm + 2 * error, color="C0", alpha=0.25, label="two standard errors")
    above.plot(second, bpm, color="C0", lw=1.2, label="said")
    above.set(ylabel="1/min", xlim=(shown.start, shown.stop), ylim=(50, 120))
    above.legend(ncols=3, fontsize=8, loc="upper right")
    below.plot(second, motion, color="C2", lw=0.8)
    below.set(ylabel="movement, g", xlabel="s", ylim=(0, 0.6))
    return figure


def unexplained(data: Path) -> Figure:
    """A simulated person who exercises, walks, flaps and is anxious twice; ``data`` is not needed."""
    drive, bpm, motion = simulated(seed=3)
    row = 4
    expected, left = (x[row] for x in Explained(rows=len(bpm)).push(bpm, motion))
    minute = np.arange(len(left)) / 60
    figure = Figure(figsize=(10, 4.8))
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=[3, 2, 1])
    top.plot(minute, bpm[row], color="0.5", lw=0.8, label="heart rate")
    top.plot(minute, expected, color="C0", lw=1.2, label="expected of movement")
    middle.axhline(0, color="0.8", lw=0.8)
    middle.plot(minute, left, color="C3", lw=0.8)
    anxious = drive.kind[row] == KINDS_SIMULATED.index("anxiety")
    for axes in (top, middle):
        axes.fill_between(minute, 0, 1, where=anxious, transform=axes.get_xaxis_transform(), color="C3", alpha=0.15)
    bottom.plot(minute, motion[row], color="C2", lw=0.8)
    top.set(ylabel="1/min")
    top.legend(ncols=2, fontsize=8, loc="upper right")
    middle.set(ylabel="unexplained, 1/min")
    bottom.set(ylabel="g", xlabel="minutes (shaded: anxious)")
    return figure


PICTURES: Final[dict[str, Callable[[Path], Figure]]] = {
    "heart_cleaned": cleaned,
    "heart_rate": rate,
    "heart_unexplained": unexplained,
}
