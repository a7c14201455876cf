"""The pictures of level, drive, responses and slow waves of conductance, on a real recording."""

from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from benchmarks.accuracy.eda_phasic import RATE, clean_stretches, exact, recordings
from signals.eda.phasic import Phasic
from signals.eda.responses import Responses
from signals.eda.sympathetic import Sympathetic
from signals.types import Array

SESSION = "stress_predict/S05"
SHOWN_S = (240, 400)
INK, PALE, WARM, COOL = "#1f2a37", "#9aa5b1", "#c2410c", "#0f766e"


def _stretch(data: Path) -> Array:
    """Return the longest clean stretch of the session."""
    x = next(x for name, x in recordings(data) if name == SESSION)
    return x[max(clean_stretches(x), key=lambda stretch: stretch.stop - stretch.start)]


def parts(data: Path) -> Figure:
    """Conductance, its parts as told, and the exact phasic part of the whole stretch."""
    x = _stretch(data)
    told = Phasic(rows=1, rate_hz=RATE).push(x[None])
    lag = round(told.lag_s * RATE)
    wanted = exact(x, [slice(0, len(x))])
    shown = slice(SHOWN_S[0] * RATE, SHOWN_S[1] * RATE)
    t_s = np.arange(len(x)) / RATE - SHOWN_S[0]
    figure, (top, bottom, last) = plt.subplots(3, 1, figsize=(9, 6.6), sharex=True, height_ratios=(3, 3, 2))
    top.plot(t_s[shown], x[shown], color=INK, lw=1, label="conductance")
    top.plot(t_s[shown], told.tonic_us[0, lag:][shown], color=COOL, lw=1.4, label="tonic, told 2 s later")
    bottom.plot(t_s[shown], wanted[shown], color=PALE, lw=3, label="phasic, exact: the whole recording known")
    bottom.plot(t_s[shown], told.phasic_us[0, lag:][shown], color=WARM, lw=1.2, label="phasic, told 2 s later")
    last.fill_between(t_s[shown], told.drive_us[0, lag:][shown], color=WARM, lw=0, step="mid", label="drive")
    last.set_xlabel("s")
    for axes in (top, bottom, last):
        axes.set_ylabel("µS")
        axes.legend(frameon=False, loc="upper right", fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def responses(data: Path) -> Figure:
    """Responses with onset, peak and half-recovery, and when each was told; the sympathetic band below."""
    x = _stretch(data)
    told = Responses(rows=1, rate_hz=RATE).push(x[None])
    power = Sympathetic(rows=1, rate_hz=RATE).push(x[None, : len(x) // RATE * RATE]).power_us2[0]
    t_s = np.arange(len(x)) / RATE
    at = np.flatnonzero(told.amplitude_us[0] > 0)
    peak_s = at / RATE - told.lag_s[0, at]
    recovered = np.flatnonzero(told.recovery_s[0] > 0)
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(9, 5.4), height_ratios=(3, 2))
    marks = (
        (peak_s, "v", WARM, "peak"),
        (peak_s - told.rise_s[0, at], "^", COOL, "onset"),
        (recovered / RATE - 0.23, "s", PALE, "half recovered"),
    )
    top.plot(t_s, x, color=INK, lw=1)
    for time_s, marker, colour, label in marks:
        top.plot(time_s, np.interp(time_s, t_s, x), marker, color=colour, ms=6, label=label)
    shown = (t_s >= SHOWN_S[0]) & (t_s < SHOWN_S[1])
    top.vlines(at / RATE, x[shown].min(), x[shown].max(), color=PALE, lw=0.6, ls=":", label="told")
    top.set(xlim=SHOWN_S, ylim=(x[shown].min() - 0.05, x[shown].max() + 0.1), ylabel="µS", xlabel="s")
    bottom.semilogy(np.arange(1, len(power) + 1) / 60, power, color=COOL, lw=1, label="power from 0.045 to 0.25 Hz")
    bottom.set(ylabel="µS²", xlabel="minutes")
    for axes in (top, bottom):
        axes.legend(frameon=False, loc="upper right", fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    return figure


PICTURES: dict[str, Callable[[Path], Figure]] = {"eda_parts": parts, "eda_responses": responses}
