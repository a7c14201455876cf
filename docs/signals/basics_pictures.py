"""Real recordings in, the pictures of what operators are made of, and of the evidence behind a heart rate, out."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from benchmarks.accuracy.heart_rate import assembled
from signals.eda.phasic import Driver, Phasic
from signals.filters import Filter, low_pass
from signals.gaps import HELD, RESTART, UNKNOWN, Gaps
from signals.heart.pulses_beats import Beats
from signals.heart.rate import HeartRate
from signals.heart.rate_periodic import Periodicity
from signals.heart.rhythm import Rhythm
from signals.motion.cadence import Cadence
from signals.motion.movement import Movement
from signals.skin.frozen import ALIVE, AT_LOW, STUCK, Frozen
from signals.types import Array
from signals.windows import GREATEST, LEAST, Extreme, Mean, Share, Slope, second_means

HOLES_S: Final = ((18.0, 19.5), (47.0, 52.0), (83.0, 84.0))


def foundations(data: Path) -> Figure:
    """Two minutes of conductance with holes that we cut: bridged or begun anew, filtered, and in windows of 20 s."""
    part = assembled(data / "stress_predict" / "S05.zip").eda[:, 4 * 1290 : 4 * 1410]
    time_s = np.arange(part.shape[1]) / 4
    holed = part.copy()
    for begin, end in HOLES_S:
        holed[:, (time_s >= begin) & (time_s < end)] = np.nan
    bridged = Gaps(rows=1, rate_hz=4, hold_s=2.0).push(holed)
    sos = low_pass(cutoff_hz=0.5, rate_hz=4, order=2)
    slow = Filter(sos, rows=1, rate_hz=4, hold_s=2.0, warm_s=3.0).push(holed)
    figure, (gaps, filtered, windows, slopes) = plt.subplots(4, 1, figsize=(9, 7.5), sharex=True, layout="constrained")
    gaps.plot(time_s, holed[0], lw=1, color="k", label="conductance, with holes cut into it")
    held, begun = bridged.standing[0] == HELD, bridged.standing[0] == RESTART
    gaps.plot(time_s[held], bridged.filled[0, held], ".", ms=4, color="#d95f02", label="HELD")
    gaps.plot(time_s[begun], bridged.filled[0, begun], "^", ms=7, color="#1b9e77", label="RESTART")
    _shade(gaps, time_s, bridged.standing[0] == UNKNOWN)
    filtered.plot(time_s, holed[0], lw=1, color="0.7", label="conductance")
    filtered.plot(time_s, slow[0], lw=1.2, color="#7570b3", label="below 0.5 Hz; unknown 3 s after a restart")
    level = second_means(slow, rate_hz=4)
    second = np.arange(level.shape[1]) + 1.0
    windows.plot(second, level[0], lw=1, color="0.7", label="mean of each second")
    for operator, label, colour in (
        (Mean(rows=1, rate_hz=1, window_s=20), "mean of 20 s", "k"),
        (Extreme(rows=1, rate_hz=1, window_s=20, which=GREATEST), "greatest", "#d95f02"),
        (Extreme(rows=1, rate_hz=1, window_s=20, which=LEAST), "least", "#1b9e77"),
    ):
        windows.plot(second, operator.push(level)[0], lw=1.2, color=colour, label=label)
    slopes.plot(second, Slope(rows=1, rate_hz=1, window_s=20).push(level)[0], color="k", label="slope of 20 s")
    slopes.axhline(0, color="0.7", lw=0.6)
    share = slopes.twinx()
    known = np.isfinite(level).astype(float)
    share.plot(second, Share(rows=1, rate_hz=1, window_s=20).push(known)[0], color="#1b9e77", lw=1)
    share.set(ylabel="of 20 s known", ylim=(0, 1.05))
    share.yaxis.label.set_color("#1b9e77")
    slopes.set_xlabel("s; grey: UNKNOWN")
    for ax in (gaps, filtered, windows):
        ax.set_ylabel("µS")
    slopes.set_ylabel("µS/min")
    for ax in (gaps, filtered, windows, slopes):
        ax.legend(fontsize=7, ncols=4, loc="upper left")
        ax.set_ylim(top=ax.get_ylim()[1] + 0.25 * np.ptp(ax.get_ylim()))
    return figure


def heart_evidence(data: Path) -> Figure:
    """A nurse sits and walks. Beats of any quality, PPG alone: which fit their rhythm, the rate that they say, the one
    by which PPG repeats itself, and whether the pulse keeps step."""
    tick = assembled(data / "nurse_stress" / "5C_1588974475.zip")
    pulses = Beats(rows=1, rate_hz=64).push(tick.ppg)[0]
    accepted = Rhythm(rows=1, rate_hz=64).push(pulses)
    rate, coverage = HeartRate(rows=1, rate_hz=64).push(accepted)
    repeats, plain = Periodicity(rows=1, rate_hz=64).push(tick.ppg)
    moved = Movement(rows=1, rate_hz=32).push(tick.motion)
    stepping = Cadence(rows=1, rate_hz=32).push(moved, rate)
    motion = np.sqrt(second_means(moved * moved, rate_hz=32))[0]
    shown = _liveliest(motion, stepping[0], width=300)
    figure, axes = plt.subplots(4, 1, figsize=(9, 7), sharex=True, layout="constrained")
    for x, size, colour, label in ((pulses, 9, "#d95f02", "dropped"), (accepted, 6, "k", "fits its rhythm")):
        at = np.flatnonzero(x[0] > 0)
        axes[0].scatter(at / 64, x[0, at], s=size, color=colour, label=label, lw=0)
    axes[0].set(ylabel="interval, s", ylim=(0.3, 1.6))
    second = np.arange(rate.shape[1]) + 1.0
    axes[1].plot(second, rate[0], color="k", lw=1, label="60 over the mean interval of 10 s")
    axes[1].plot(second, np.where(plain[0] > 0, repeats[0], np.nan), ".", ms=3, color="#7570b3", label="PPG repeats")
    axes[1].set(ylabel="1/min", ylim=(40, 180))
    axes[2].plot(second, coverage[0], color="k", lw=1, label="beats fill, of 10 s")
    axes[2].plot(second, plain[0], color="#7570b3", lw=1, label="how plainly PPG repeats")
    axes[2].set_ylim(-0.1, 2.4)
    axes[3].plot(second, motion, color="0.6", lw=0.8, label="movement, g")
    axes[3].plot(second, stepping[0], color="#d95f02", lw=1.2, label="pulse in step with it")
    axes[3].set(xlim=shown, xlabel="s", ylim=(-0.05, 1.6))
    for ax in axes:
        ax.legend(fontsize=8, ncols=2, loc="upper right")
    return figure


def driver_and_frozen(data: Path) -> Figure:
    """Drive told at once by a filter, and two seconds late by the exact problem; a day with an open circuit."""
    part = assembled(data / "stress_predict" / "S05.zip").eda[:, 4 * 1200 : 4 * 1420]
    figure, axes = plt.subplots(3, 1, figsize=(9, 6), layout="constrained")
    time_s = np.arange(part.shape[1]) / 4
    axes[0].plot(time_s, part[0], color="k", lw=1)
    axes[0].set(ylabel="µS", xlim=(40, 220))
    late = Phasic(rows=1, rate_hz=4).push(part)
    axes[1].plot(
        time_s, Driver(rows=1, rate_hz=4).push(_smooth(part))[0], color="#d95f02", lw=1, label="Driver, at once"
    )
    axes[1].plot(time_s - 2, late.drive_us[0], color="#1b9e77", lw=0.9, label="Phasic, told 2 s later")
    axes[1].set(ylabel="drive, µS", xlim=(40, 220), xlabel="s")
    axes[1].legend(fontsize=8, loc="upper right")
    eda = assembled(data / "exam_stress" / "S06_Midterm1.zip").eda
    said = Frozen(rows=1, rate_hz=4, after_s=15.0, low=0.0).push(eda)[0]
    minute = np.arange(eda.shape[1]) / 240
    axes[2].semilogy(minute, np.maximum(eda[0], 1e-3), color="k", lw=0.6)
    for state, colour, label in ((STUCK, "#7570b3", "stuck"), (AT_LOW, "#d95f02", "at the low end")):
        axes[2].fill_between(minute, 1e-3, 10, where=said == state, color=colour, alpha=0.4, lw=0, label=label)
    axes[2].set(ylabel="µS", xlabel="min", title=f"a working sensor: {np.mean(said == ALIVE):.0%} of the session")
    axes[2].title.set_fontsize(9)
    axes[2].legend(fontsize=8, loc="upper right")
    return figure


def _smooth(x: Array) -> Array:
    return Filter(low_pass(cutoff_hz=0.5, rate_hz=4, order=2), rows=1, rate_hz=4, hold_s=2.0, warm_s=1.0).push(x)


def _liveliest(motion: Array, stepping: Array, *, width: int) -> tuple[int, int]:
    """Return the stretch of ``width`` s with the most of both, seconds at rest and seconds in step, and some after."""
    rest, step = motion < 0.03, stepping > 0.3
    sums = [np.convolve(x, np.ones(width), "valid") for x in (rest, step)]
    first = int(np.argmax(np.minimum(*sums)))
    return first + width // 5, first + width // 5 + width


def _shade(ax: plt.Axes, time_s: Array, where: np.ndarray) -> None:
    ax.fill_between(time_s, *ax.get_ylim(), where=where, color="0.85", lw=0, zorder=0)


PICTURES: Final[dict[str, Callable[[Path], Figure]]] = {
    "foundations": foundations,
    "heart_evidence": heart_evidence,
    "driver_and_frozen": driver_and_frozen,
}
