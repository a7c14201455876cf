"""A real recording in, pictures of its exact decomposition out."""

import io
import zipfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from signals.eda.exact import decompose
from signals.types import Array

RATE_HZ = 4.0
JUMP_US, AROUND_S = 0.5, 5.0  # from sample to sample; unknown around a jump


def exact(data: Path) -> Figure:
    """Draw an hour and three minutes of it, and the same with the electrode's jumps unknown."""
    with zipfile.ZipFile(data / "stress_predict" / "S07.zip") as archive:
        whole = np.loadtxt(io.BytesIO(archive.read("EDA.csv")))[None, 2:]
    figure, axes = plt.subplots(4, 2, figsize=(10, 7), sharex="col", height_ratios=[3, 2, 3, 2], layout="constrained")
    minutes = np.arange(whole.shape[1]) / RATE_HZ / 60
    for pair, x, title in ((axes[:2], whole, "as recorded"), (axes[2:], without_jumps(whole), "jumps unknown")):
        parts = decompose(x, rate_hz=RATE_HZ)
        for column, (start, stop) in enumerate(((0, 56), (30, 33))):
            seen = (minutes >= start) & (minutes < stop)
            t, (top, bottom) = minutes[seen], pair[:, column]
            top.plot(t, x[0, seen], color="#9aa5b1", lw=2.5, label="conductance")
            top.plot(t, (parts.tonic + parts.phasic)[0, seen], color="#1f6f8b", lw=0.8, label="tonic + phasic")
            top.plot(t, parts.tonic[0, seen], color="#c0392b", lw=1.5, label="tonic")
            bottom.vlines(t, 0, parts.driver[0, seen] / 4, color="#e08e0b", lw=0.8, label="driver / 4")
            bottom.plot(t, parts.phasic[0, seen], color="#1f6f8b", lw=0.8, label="phasic")
        pair[0, 0].set_title(title, loc="left", fontsize=10)
        pair[0, 0].set_ylabel("µS")
        pair[1, 0].set_ylabel("µS")
    for axis in axes[:2, 0]:
        axis.legend(loc="upper right", fontsize=8)
    axes[3, 0].set_xlabel("minutes")
    axes[3, 1].set_xlabel("minutes")
    return figure


def without_jumps(x: Array) -> Array:
    """Return ``x`` (1, n) with what lies within AROUND_S of a jump of the electrode unknown."""
    jumps = np.abs(np.diff(x[0], prepend=x[0, :1])) > JUMP_US
    around = np.convolve(jumps, np.ones(2 * round(AROUND_S * RATE_HZ) + 1), "same") > 0
    return np.where(around, np.nan, x)


PICTURES = {"exact": exact}
