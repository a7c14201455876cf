"""A recording on the analysis grid in, the features that FLIRT and NeuroKit2 make of it out, by their own code.

Both are given what is on the grid (an E4's own rates), short gaps bridged by straight lines, as their users do. FLIRT's
conductance and acceleration look back on 60 s, its heart-rate variability on 180 s (its defaults); its beats are those
that the band sent, or NeuroKit2's. NeuroKit2 filters, decomposes and finds beats in the whole recording at once, so
that it sees ahead; windows of 60 s of what it says are described by what its users take: level, tonic and phasic part,
responses, heart rate and its variability in the time domain. Temperature and acceleration, for which it has none, are
described by mean, spread and slope, so that it is not behind for want of a channel.
"""

import contextlib
import io
import warnings
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.types import Tick

Array = NDArray[np.float64]
Table = tuple[tuple[str, ...], Array]

VERSION: Final = 1  # of what is made here: what was kept of another one is made anew
STEP_S: Final = 10
WINDOW_S: Final = 60
HEART_S: Final = 180
EDA_HZ, MOTION_HZ, PPG_HZ, SKIN_HZ = 4, 32, 64, 4
SHORTEST_S, LONGEST_S = 0.25, 2.0  # of an interval


def bridged(x: Array) -> Array | None:
    """Return ``x`` (n,) with gaps bridged by straight lines; None where less than half is known."""
    known = np.isfinite(x)
    if known.sum() < max(2, x.size // 2):
        return None
    at = np.arange(x.size)
    return np.interp(at, at[known], x[known])


def moments(tick: Tick) -> Array:
    """Return when rows end [s since the recording began]."""
    return np.arange(STEP_S, tick.seconds + 1, STEP_S, dtype=np.float64)


def sent_beats(tick: Tick) -> tuple[Array, Array]:
    """Return when the band's intervals ended and how long they were [s]."""
    at = np.flatnonzero(tick.ibi[0] > 0)
    return (at + 1) / PPG_HZ, tick.ibi[0][at]


def found_beats(tick: Tick) -> tuple[Array, Array]:
    """Return when intervals of NeuroKit2's beats ended and how long they were [s]."""
    ppg = bridged(tick.ppg[0])
    if ppg is None:
        return np.empty(0), np.empty(0)
    import neurokit2

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clean = neurokit2.ppg_clean(ppg, sampling_rate=PPG_HZ)
        at_s = neurokit2.ppg_findpeaks(clean, sampling_rate=PPG_HZ)["PPG_Peaks"] / PPG_HZ
    interval_s = np.diff(at_s)
    good = (interval_s >= SHORTEST_S) & (interval_s <= LONGEST_S)
    return at_s[1:][good], interval_s[good]


def flirts(tick: Tick, beats: tuple[Array, Array]) -> Table:
    """Return FLIRT's features at ``moments``; each value is the last one that it says by then."""
    if not hasattr(np, "trapz"):
        np.trapz = np.trapezoid  # type: ignore[attr-defined]  # FLIRT calls what NumPy 2.4 took away
    import pandas as pd

    begin = pd.Timestamp("2024-01-01", tz="UTC")
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        import flirt as peer

        frames = []
        eda = bridged(tick.eda[0])
        if eda is not None:
            series = pd.Series(eda, index=pd.date_range(begin, periods=len(eda), freq="250ms"))
            frames.append(peer.get_eda_features(series, WINDOW_S, STEP_S, EDA_HZ, num_cores=1))
        axes = [axis for axis in map(bridged, tick.motion[0]) if axis is not None]
        if len(axes) == len(tick.motion[0]):
            times = pd.date_range(begin, periods=len(axes[0]), freq="31250us")
            counts = {f"acc_{name}": 64 * axis for name, axis in zip("xyz", axes, strict=True)}
            frames.append(
                peer.get_acc_features(pd.DataFrame(counts, index=times), WINDOW_S, STEP_S, MOTION_HZ, num_cores=1)
            )
        at_s, interval_s = beats
        if len(at_s) > 1 and at_s[-1] - at_s[0] > HEART_S + 1:
            intervals = pd.Series(1000 * interval_s, index=begin + pd.to_timedelta(at_s, unit="s"))
            domains = ["td", "fd", "nl", "stat"]
            frames.append(peer.get_hrv_features(intervals, HEART_S, STEP_S, domains, 0.2, num_cores=1))
    wanted, names, columns = moments(tick), [], []
    for frame in frames:
        end_s = (frame.index - begin).total_seconds().to_numpy()
        place = np.searchsorted(end_s, wanted + 1e-6, side="right") - 1
        fresh = (place >= 0) & (wanted - end_s[np.maximum(place, 0)] < 2 * STEP_S)
        for name in frame.columns:
            names.append(str(name))
            columns.append(np.where(fresh, frame[name].to_numpy(float)[np.maximum(place, 0)], np.nan))
    return tuple(names), np.column_stack(columns)


def neurokits(tick: Tick) -> Table:
    """Return NeuroKit2's features at ``moments``."""
    import neurokit2

    count, names, streams = tick.seconds, [], []
    eda = bridged(tick.eda[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if eda is None:
            said = None
        else:
            said, _ = neurokit2.eda_process(eda, sampling_rate=EDA_HZ)
    level = np.full(count * EDA_HZ, np.nan) if eda is None else eda
    parts = {"level": level}
    for name, key in (
        ("tonic", "EDA_Tonic"),
        ("phasic", "EDA_Phasic"),
        ("peaks", "SCR_Peaks"),
        ("size", "SCR_Amplitude"),
    ):
        parts[name] = np.full(count * EDA_HZ, np.nan) if said is None else said[key].to_numpy(float)
    at_s, interval_s = found_beats(tick)
    magnitude = np.sqrt((tick.motion[0] ** 2).sum(axis=0))
    skin = tick.temperature[0]
    for end_s in moments(tick).astype(int):
        low = max(end_s - WINDOW_S, 0)
        row = _described("eda", parts["level"][low * EDA_HZ : end_s * EDA_HZ])
        row |= _described("tonic", parts["tonic"][low * EDA_HZ : end_s * EDA_HZ])
        row |= _described("phasic", parts["phasic"][low * EDA_HZ : end_s * EDA_HZ])
        row["scr_count"] = float(np.nansum(parts["peaks"][low * EDA_HZ : end_s * EDA_HZ]))
        row["scr_sum"] = float(np.nansum(parts["size"][low * EDA_HZ : end_s * EDA_HZ]))
        row |= _beating(interval_s[(at_s > low) & (at_s <= end_s)])
        row |= _described("temp", skin[low * SKIN_HZ : end_s * SKIN_HZ])
        row |= _described("acc", magnitude[low * MOTION_HZ : end_s * MOTION_HZ])
        names = list(row)
        streams.append(list(row.values()))
    return tuple(names), np.array(streams, np.float64)


def _described(name: str, x: Array) -> dict[str, float]:
    known = np.isfinite(x)
    if known.sum() < max(4, x.size // 2):
        return dict.fromkeys((f"{name}_mean", f"{name}_sd", f"{name}_slope", f"{name}_min", f"{name}_max"), np.nan)
    y, at = x[known], np.flatnonzero(known) / x.size
    return {
        f"{name}_mean": float(y.mean()),
        f"{name}_sd": float(y.std()),
        f"{name}_slope": float(np.polyfit(at, y, 1)[0]) if y.std() else 0.0,
        f"{name}_min": float(y.min()),
        f"{name}_max": float(y.max()),
    }


def _beating(interval_s: Array) -> dict[str, float]:
    names = ("hrv_mean_nn", "hrv_sdnn", "hrv_rmssd", "hrv_sdsd", "hrv_pnn50", "hrv_hr", "hrv_median_nn", "hrv_mad_nn")
    if interval_s.size < WINDOW_S / 4:
        return dict.fromkeys(names, np.nan)
    steps = np.diff(interval_s)
    middle = float(np.median(interval_s))
    values = (
        interval_s.mean(),
        interval_s.std(ddof=1),
        np.sqrt((steps**2).mean()),
        steps.std(ddof=1),
        (np.abs(steps) > 0.05).mean(),
        (60 / interval_s).mean(),
        middle,
        np.median(np.abs(interval_s - middle)),
    )
    return {name: float(value) for name, value in zip(names, values, strict=True)}
