"""Everything that was compared in, pictures on disk out: areas, levels, spectra, gaps, and minutes side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from benchmarks.realism.features import WINDOW_S
from benchmarks.realism.sessions import SIMULATED, Session
from benchmarks.realism.spectra import KINDS, OF
from ingest.types import CHANNELS

if TYPE_CHECKING:
    from benchmarks.realism.report import Everything

REAL: Final = "#1f6f8b"
MADE: Final = "#d1603d"
LEVELS: Final = (
    ("eda", "eda: level_us", "EDA level [uS]", True),
    ("eda", "eda: responses_per_min", "responses a minute", False),
    ("temperature", "temperature: level_c", "skin temperature [degC]", False),
    ("temperature", "temperature: slope_c_per_min", "its slope [degC/min]", False),
    ("heart", "heart: rate_bpm", "heart rate [1/min]", False),
    ("heart", "heart: rmssd_ms", "RMSSD [ms]", False),
    ("ppg", "ppg: sd", "log10 SD of PPG", False),
    ("ppg", "ppg: second_sd_spread", "spread of PPG between seconds", False),
    ("heart", "heart: covered", "share covered by beats", False),
    ("motion", "motion: second_log_g_p50", "log10 median second [g]", False),
    ("motion", "motion: second_log_g_p90", "log10 liveliest tenth [g]", False),
    ("coupling", "coupling: moved_light", "movement with PPG", False),
)


def draw(all_: "Everything", folder: Path) -> dict[str, str]:
    """Draw every picture into ``folder``; return what each shows, by name."""
    mpl.use("agg")
    mpl.rcParams.update({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False})
    made = {
        "areas": (_areas(all_), "Area under the ROC by group of features, beside the yardstick"),
        "levels": (_levels(all_), "Cumulative shares of windows, recorded and simulated"),
        "spectra": (_spectra(all_), "Power densities of still and of moving minutes"),
        "minutes": (_minutes(all_), "Minutes side by side, recorded and simulated"),
        "gaps": (_gaps(all_), "What cannot be read, session by session"),
    }
    for name, (figure, _) in made.items():
        figure.savefig(folder / f"{name}.png", dpi=90, bbox_inches="tight", metadata={"Software": None})
        plt.close(figure)
    return {name: what for name, (_, what) in made.items()}


def _areas(all_: "Everything") -> Any:  # noqa: ANN401 - Matplotlib has no types
    figure, axis = plt.subplots(figsize=(8, 3))
    for i, one in enumerate(all_.judged.values()):
        axis.plot([i - 0.1] * len(one.unmet), list(one.unmet.values()), "_", color=MADE, markersize=9)
        axis.plot(i - 0.1, one.verdict.area, "o", color=MADE, label="simulated or real" if i == 0 else None)
        yard = list(one.yard.values())
        axis.plot([i + 0.1] * len(yard), yard, "_", color=REAL, markersize=9)
        axis.plot(i + 0.1, np.mean(yard) if yard else np.nan, "o", color=REAL,
                  label="one real set or the others" if i == 0 else None)  # fmt: skip
    axis.axhline(0.5, color="grey", lw=0.6)
    axis.set(xticks=range(len(all_.judged)), xticklabels=list(all_.judged), ylim=(0.45, 1.02), ylabel="area under ROC")
    axis.legend(loc="lower left")
    return figure


def _levels(all_: "Everything") -> Any:  # noqa: ANN401
    figure, axes = plt.subplots(3, 4, figsize=(11, 7), sharey=True, layout="constrained")
    for axis, (group, name, label, log) in zip(axes.flat, LEVELS, strict=True):
        one = all_.judged[group]
        values = one.data.x[:, one.data.names.index(name)]
        for kind, colour in ((False, REAL), (True, MADE)):
            here = values[(one.kind == kind) & np.isfinite(values)]
            axis.plot(np.sort(here), np.linspace(0, 1, here.size), color=colour, label="simulated" if kind else "real")
        if log:
            axis.set_xscale("log")
        else:
            axis.set_xlim(*np.nanquantile(values, (0.005, 0.995)))
        axis.set_xlabel(label)
    axes[0, 0].legend()
    return figure


def _spectra(all_: "Everything") -> Any:  # noqa: ANN401
    figure, axes = plt.subplots(2, 3, figsize=(11, 6), layout="constrained")
    for row, kind in zip(axes, KINDS, strict=True):
        for axis, channel in zip(row, OF, strict=True):
            for which, colour in (("recorded", REAL), ("simulated", MADE)):
                one = all_.spectra[which].get((channel, kind))
                if one is not None:
                    axis.fill_between(one.hz, one.low, one.high, color=colour, alpha=0.2, lw=0)
                    axis.plot(one.hz, one.middle, color=colour, label=f"{which} ({one.minutes} min)")
            axis.set(xscale="log", title=f"{channel}, {kind}", xlabel="Hz")
            axis.legend(fontsize=6)
    return figure


def _minutes(all_: "Everything") -> Any:  # noqa: ANN401
    figure, axes = plt.subplots(4, 6, figsize=(13, 7), layout="constrained", sharex=True)
    for column, (session, at) in enumerate(_chosen(all_.sessions)):
        colour = MADE if session.source == SIMULATED else REAL
        axes[0, column].set_title(session.source, color=colour)
        for axis, name in zip(axes[:, column], ("ppg", "motion", "eda", "temperature"), strict=True):
            rate = CHANNELS[name].grid_hz
            part = session.channels[name][..., at * rate : (at + WINDOW_S) * rate]
            axis.plot(np.arange(part.shape[-1]) / rate, part.T, lw=0.5, color=colour)
            if column == 0:
                axis.set_ylabel(f"{name} [{CHANNELS[name].unit}]")
    return figure


def _chosen(sessions: list[Session]) -> list[tuple[Session, int]]:
    """Three recorded and three simulated minutes of all channels: of wrists that are still, fairly still and moving."""
    found: list[tuple[Session, int]] = []
    for simulated in (False, True):
        own = [
            session
            for session in sessions
            if (session.source == SIMULATED) == simulated
            and session.seconds > 1800
            and all(np.isfinite(x).mean() > 0.9 for x in session.channels.values())
        ]
        for place, share in enumerate((0.15, 0.55, 0.9)):
            session = own[(7 * place + 3) % len(own)]
            count = session.seconds // WINDOW_S
            moved = session.said["motion_g"][: count * WINDOW_S].reshape(count, WINDOW_S).mean(axis=1)
            worn = (session.said["worn"][: count * WINDOW_S].reshape(count, WINDOW_S) == 1).all(axis=1)
            usable = np.flatnonzero(worn & np.isfinite(moved))
            found.append((session, int(usable[np.argsort(moved[usable])][int(share * (usable.size - 1))]) * WINDOW_S))
    return found


def _gaps(all_: "Everything") -> Any:  # noqa: ANN401
    names = ("beats_covered", "own_covered", "gap_median_s", "eda_artefact", "still", "rate_again_1min",
             "temperature_sd_c", "eda_change_10min")  # fmt: skip
    figure, axes = plt.subplots(2, 4, figsize=(11, 4.5), layout="constrained")
    for axis, name in zip(axes.flat, names, strict=True):
        for i, (source, each) in enumerate(all_.lacks.items()):
            values = each[name][np.isfinite(each[name])]
            jitter = (np.arange(values.size) % 5 - 2) * 0.06
            axis.plot(i + jitter, values, ".", color=MADE if source == SIMULATED else REAL)
        axis.set(title=name, xticks=range(len(all_.lacks)), xticklabels=[source[:9] for source in all_.lacks])
        axis.tick_params(axis="x", rotation=60)
    return figure
