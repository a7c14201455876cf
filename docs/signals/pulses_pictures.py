"""The pictures of beats: a wrist of daily life against the band's own, and a simulated one in movement."""

from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from benchmarks.beat_finders import MOTION_HZ, PPG_HZ, told
from benchmarks.moving_wrists import wrist
from ingest.recordings.e4 import read
from signals.heart.pulses import BELIEVED

SESSION = "nurse_stress/8B_1594927003"
INK, PALE, WARM, COOL = "#1f2a37", "#9aa5b1", "#c2410c", "#0f766e"
SHOWN_S = 40
FOOT_S = 0.17  # from the trough on which the band puts a beat to the middle of the upstroke of the filtered pulse


def beats_wrist(data: Path) -> Figure:
    """Forty seconds of a nurse at work in which the band itself tells some beats and not others."""
    recording = read(data / f"{SESSION}.zip")
    block = recording.whole("ppg")
    beat_s, interval_s, quality = told(block.values)
    own_s = recording.ibi_s[0] - block.start_s
    start = _mixed(own_s, block.values.size / PPG_HZ)
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(9, 4.6), sharex=True, height_ratios=(3, 2))
    t_s = np.arange(block.values.size) / PPG_HZ - start
    shown = (t_s >= 0) & (t_s < SHOWN_S)
    top.plot(t_s[shown], block.values[shown], color=PALE, lw=0.9, label="PPG")
    _mark(top, beat_s - FOOT_S - start, quality, block.values, start)
    own = own_s[(own_s >= start) & (own_s < start + SHOWN_S)] - start
    top.plot(own, np.full(own.size, np.min(block.values[shown])), "|", color=INK, ms=9, label="the band's own beats")
    top.set_ylabel("PPG")
    top.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, fontsize=7, frameon=False)
    inside = (beat_s >= start) & (beat_s < start + SHOWN_S)
    bottom.scatter(beat_s[inside] - start, interval_s[inside], c=quality[inside], cmap="RdYlGn", vmin=0, vmax=1, s=14)
    near = (own_s >= start) & (own_s < start + SHOWN_S)
    bottom.plot(own_s[near] - start + FOOT_S, recording.ibi_s[1][near], "o", mfc="none", mec=INK, ms=7, mew=0.6)
    bottom.set_ylabel("interval [s]")
    bottom.set_xlabel("s")
    return figure


def beats_movement(data: Path) -> Figure:
    """A simulated wrist at 0 dB: acceleration, PPG, and the beats told with their quality against the true ones."""
    one = wrist(seed=9, snr_db=0, seconds=80)
    figure, (top, middle, bottom) = plt.subplots(3, 1, figsize=(9, 5.4), sharex=True, height_ratios=(1, 2, 2))
    t_s = np.arange(one.motion.shape[1]) / MOTION_HZ
    top.plot(t_s, one.motion.T, lw=0.6)
    top.set_ylabel("g")
    middle.plot(np.arange(one.ppg.size) / PPG_HZ, one.ppg, color=PALE, lw=0.9)
    middle.set_ylabel("PPG")
    bottom.plot(one.beat_s[1:], np.diff(one.beat_s), color=INK, lw=0.8, label="true")
    beat_s, interval_s, quality = told(one.ppg, one.motion)
    dots = bottom.scatter(beat_s, interval_s, c=quality, cmap="RdYlGn", vmin=0, vmax=1, s=14, label="told")
    bottom.set_ylabel("interval [s]")
    bottom.set_xlabel("s")
    bottom.set_xlim(35, 78)
    figure.colorbar(dots, ax=[top, middle, bottom], label="quality", shrink=0.5)
    return figure


def _mixed(own_s: np.ndarray, end_s: float) -> float:
    """Return where the band tells about half of the time's beats."""
    starts = np.arange(60, end_s - SHOWN_S, 10)
    counts = np.array([((own_s >= start) & (own_s < start + SHOWN_S)).sum() for start in starts])
    return float(starts[np.argmin(np.abs(counts - 0.5 * counts.max()))])


def _mark(axes: plt.Axes, beat_s: np.ndarray, quality: np.ndarray, ppg: np.ndarray, start: float) -> None:
    for low, high, colour, name in (
        (BELIEVED, 1.01, COOL, f"told, quality ≥ {BELIEVED}"),
        (0.0, BELIEVED, WARM, "told, lower"),
    ):
        chosen = beat_s[(quality >= low) & (quality < high) & (beat_s >= 0) & (beat_s < SHOWN_S)]
        axes.plot(chosen, ppg[((chosen + start) * PPG_HZ).astype(int)], "o", color=colour, ms=3.5, label=name)


PICTURES: dict[str, Callable[[Path], Figure]] = {"beats_wrist": beats_wrist, "beats_movement": beats_movement}
