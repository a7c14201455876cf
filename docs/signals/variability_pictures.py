"""A real session in; heart-rate variability as said live, beside that of the band's own intervals, out."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from benchmarks.accuracy.heart_rate import assembled, own_beats
from ingest.types import CHANNELS
from signals.engine import Engine
from signals.heart.hrv import Variability, features
from signals.types import Array

SESSION = "stress_predict/S05.zip"
SHOWN = ("hrv60_mean_nn_ms", "hrv60_sdnn_ms", "hrv60_rmssd_ms")
IBI_HZ = CHANNELS["ibi"].grid_hz


def variability(data: Path) -> Figure:
    """Return the variability of the last minute over a session, from PPG and from the band's own intervals."""
    path = data / SESSION
    tick = assembled(path)
    seconds = tick.seconds
    from_ppg = Variability(rows=1, rate_hz=IBI_HZ).push(Engine(rows=1).push(tick).beats)[0]
    at_s, interval_s = own_beats(path)
    at = np.floor((at_s - tick.start_s[0]) * IBI_HZ).astype(int)
    inside = (at >= 0) & (at < seconds * IBI_HZ)
    events = np.zeros((1, seconds * IBI_HZ))
    events[0, at[inside]] = interval_s[inside]
    from_band = Variability(rows=1, rate_hz=IBI_HZ).push(events)[0]
    return _drawn({"pulses": from_ppg, "the band's own intervals": from_band})


def _drawn(found: dict[str, Array]) -> Figure:
    names = [feature.name for feature in features(window_s=60)]
    figure = Figure(figsize=(9, 6))
    axes = figure.subplots(len(SHOWN), 1, sharex=True)
    for ax, name in zip(axes, SHOWN, strict=True):
        for (source, values), colour in zip(found.items(), ("tab:blue", "tab:orange"), strict=True):
            y = values[:, names.index(name)]
            ax.plot(np.arange(1, len(y) + 1) / 60, y, label=f"from {source}", color=colour, lw=1)
        ax.set_ylabel(name.removeprefix("hrv60_").replace("_ms", " [ms]").replace("_", " "))
        ax.grid(alpha=0.3)
    axes[0].legend(loc="upper right", fontsize=8)
    axes[0].set_title("Variability of the last 60 s, said once a second where beats fill 80 % of it", fontsize=10)
    axes[-1].set_xlabel("minutes")
    return figure


PICTURES = {"variability": variability}
