"""A session in, its windows of a minute out: what can be measured of each channel in them, raw and not normalised.

Nothing is scaled by person, session or source: a difference of level is a difference. A window is looked at where the
band is worn for all but ``OFF_S`` of it; a group of features where its channels are known throughout.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.realism.sessions import Session
from ingest.types import CHANNELS, Array

WINDOW_S: Final = 60
OFF_S: Final = 3  # of a window may be said to be off: more is another state of affairs
LEAST_COVERED: Final = 0.6  # of a window's beats known: intervals are compared where there are intervals
_TINY: Final = 1e-12
NEEDS: Final = {  # which channels a group of features is of
    "eda": ("eda",),
    "temperature": ("temperature",),
    "ppg": ("ppg",),
    "heart": ("ppg",),
    "motion": ("motion",),
    "coupling": ("eda", "ppg", "motion"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """m windows of one session: for each group that its channels allow, features by name (m,), NaN where a window has
    none (no beats, say); ``known`` (m,) bool a group: whether its channels are known throughout."""

    source: str
    person: str
    groups: dict[str, dict[str, Array]]
    known: dict[str, Array]

    @property
    def count(self) -> int:
        """How many."""
        return int(self.known["eda"].size)


def windows(session: Session) -> Windows:
    """Return what is measured in the worn windows of ``session``."""
    count = session.seconds // WINDOW_S
    cut = {name: _cut(values, count, CHANNELS[name].grid_hz) for name, values in session.channels.items()}
    said = {name: values[: count * WINDOW_S].reshape(count, WINDOW_S) for name, values in session.said.items()}
    lone = not np.isfinite(session.channels["temperature"]).any()  # conductance alone cannot tell wear: contact stands
    off = (said["eda_contact"] == 0) if lone and np.isfinite(session.channels["eda"]).any() else (said["worn"] == 0)
    worn = off.sum(axis=1) <= OFF_S
    whole = {name: np.isfinite(x).all(axis=tuple(range(1, x.ndim))) & worn for name, x in cut.items()}
    known = {group: np.all([whole[name] for name in needs], axis=0)[worn] for group, needs in NEEDS.items()}
    cut = {name: np.nan_to_num(x[worn]) for name, x in cut.items()}
    said = {name: x[worn] for name, x in said.items()}
    at = np.flatnonzero(worn) * WINDOW_S
    made: dict[str, Callable[[], dict[str, Array]]] = {
        "eda": lambda: _eda(cut["eda"]) | _responses(session, at),
        "temperature": lambda: _temperature(cut["temperature"]),
        "ppg": lambda: _ppg(cut["ppg"]),
        "heart": lambda: _heart(session, at),
        "motion": lambda: _motion(cut["motion"]),
        "coupling": lambda: _coupling(cut, session, at),
    }
    groups = {group: make() if at.size else {} for group, make in made.items()}
    return Windows(session.source, session.person, groups, known)


def _cut(values: Array, count: int, rate: int) -> Array:
    n = count * WINDOW_S * rate
    if values.ndim == 1:
        return values[:n].reshape(count, WINDOW_S * rate)
    return values[:, :n].reshape(3, count, WINDOW_S * rate).transpose(1, 0, 2)


def _spread(prefix: str, x: Array, shares: tuple[float, ...]) -> dict[str, Array]:
    return {f"{prefix}_p{100 * share:g}": value for share, value in zip(shares, _quantiles(x, shares), strict=True)}


def _quantiles(x: Array, shares: tuple[float, ...]) -> Array:
    found: Array = np.quantile(x, shares, axis=-1)
    return found


def _log(x: Array) -> Array:
    return np.log10(x + _TINY)


def _shape(prefix: str, x: Array) -> dict[str, Array]:
    """Skewness and kurtosis of each row."""
    z = x - x.mean(axis=-1, keepdims=True)
    sd = z.std(axis=-1) + _TINY
    return {f"{prefix}_skew": (z**3).mean(axis=-1) / sd**3, f"{prefix}_kurtosis": (z**4).mean(axis=-1) / sd**4}


def _again(x: Array, lag: int) -> Array:
    """The autocorrelation of each row at ``lag`` samples."""
    z = x - x.mean(axis=-1, keepdims=True)
    found: Array = (z[..., lag:] * z[..., :-lag]).sum(axis=-1) / ((z * z).sum(axis=-1) + _TINY)
    return found


def spectrum(x: Array, rate: int) -> tuple[Array, Array]:
    """Frequencies [Hz] and power densities of each row, by periodograms of 15 s under Hann's window, half
    overlapped."""
    n = 15 * rate
    taper = np.hanning(n)
    starts = range(0, x.shape[-1] - n + 1, n // 2)
    pieces = np.stack([x[..., start : start + n] for start in starts])
    pieces = (pieces - pieces.mean(axis=-1, keepdims=True)) * taper
    power = (np.abs(np.fft.rfft(pieces, axis=-1)) ** 2).mean(axis=0) / (rate * (taper**2).sum())
    return np.fft.rfftfreq(n, 1 / rate), power


def _bands(prefix: str, x: Array, rate: int, edges: tuple[float, ...]) -> dict[str, Array]:
    """The logarithm of power in each band, and each band's share of all."""
    hz, power = spectrum(x, rate)
    parts = [power[..., (hz >= low) & (hz < high)].sum(axis=-1) for low, high in itertools.pairwise(edges)]
    whole = sum(parts) + _TINY
    names = [f"{low:g}-{high:g}Hz" for low, high in itertools.pairwise(edges)]
    return {f"{prefix}_log_{name}": _log(part) for name, part in zip(names, parts, strict=True)} | {
        f"{prefix}_share_{name}": part / whole for name, part in zip(names, parts, strict=True)
    }


def _eda(x: Array) -> dict[str, Array]:
    step = np.diff(x)
    level = np.median(x, axis=-1)
    seconds = np.arange(x.shape[-1]) / CHANNELS["eda"].grid_hz
    slope = ((x - x.mean(axis=-1, keepdims=True)) * (seconds - seconds.mean())).sum(axis=-1)
    slope /= ((seconds - seconds.mean()) ** 2).sum() / 60
    return (
        {
            "level_us": level,
            "sd_us": x.std(axis=-1),
            "sd_share": x.std(axis=-1) / (np.abs(level) + 0.01),
            "range_us": np.ptp(x, axis=-1),
            "slope_us_per_min": slope,
            "unmoved": (step == 0).mean(axis=-1),
            "steps_again_1": _again(step, 1),
            "steps_again_2": _again(step, 2),
            "steps_again_4": _again(step, 4),
            "steps_again_12": _again(step, 12),
            "rising": (step > 0).mean(axis=-1),
            "step_abs_share": np.abs(step).mean(axis=-1) / (np.abs(level) + 0.01),
        }
        | _spread("step_us", step, (0.0, 0.01, 0.1, 0.5, 0.9, 0.99, 1.0))
        | _shape("step", step)
        | _shape("values", x)
        | _bands("eda", x, CHANNELS["eda"].grid_hz, (0.045, 0.15, 0.25, 0.5, 1.0, 2.0))
    )


def _responses(session: Session, at: Array) -> dict[str, Array]:
    inside = [_during(session.responses, start) for start in at]
    return {
        "responses_per_min": np.array([each.shape[1] for each in inside], np.float64),
        "response_us": np.array([np.median(each[1]) if each.size else np.nan for each in inside]),
        "response_largest_us": np.array([each[1].max() if each.size else np.nan for each in inside]),
    }


def _during(events: Array, start: float) -> Array:
    return events[:, (events[0] >= start) & (events[0] < start + WINDOW_S)]


def _temperature(x: Array) -> dict[str, Array]:
    step = np.diff(x)
    seconds = np.arange(x.shape[-1]) / CHANNELS["temperature"].grid_hz
    z, t = x - x.mean(axis=-1, keepdims=True), seconds - seconds.mean()
    slope = (z * t).sum(axis=-1) / (t * t).sum()
    rest = z - slope[:, None] * t
    runs = [np.diff(np.flatnonzero(np.append(True, np.append(each != 0, True)))) for each in step]
    return {
        "level_c": np.median(x, axis=-1),
        "sd_c": x.std(axis=-1),
        "range_c": np.ptp(x, axis=-1),
        "slope_c_per_min": 60 * slope,
        "off_line_c": rest.std(axis=-1),
        "unmoved": (step == 0).mean(axis=-1),
        "longest_unmoved": np.array([run.max() for run in runs], np.float64),
        "steps_again_1": _again(step, 1),
        "values": np.array([np.unique(each).size for each in x], np.float64),
        "step_largest_c": np.abs(step).max(axis=-1),
        "step_sd_c": step.std(axis=-1),
        "turns": (np.diff(np.sign(step), axis=-1) != 0).mean(axis=-1),
    }


def _ppg(x: Array) -> dict[str, Array]:
    rate = CHANNELS["ppg"].grid_hz
    each = x.reshape(len(x), WINDOW_S, rate)
    sd = each.std(axis=-1)
    hz, power = spectrum(x, rate)
    pulse = (hz >= 0.7) & (hz <= 3.5)
    top = power[:, pulse].argmax(axis=-1) + np.flatnonzero(pulse)[0]
    around = [power[np.arange(len(x)), np.minimum(times * top, hz.size - 1)] for times in (1, 2, 3, 4)]
    step = np.diff(x)
    return (
        {
            "sd": _log(x.std(axis=-1)),
            "range": _log(np.ptp(x, axis=-1)),
            "second_sd_spread": np.log10((_quantiles(sd, (0.9,))[0] + 0.1) / (_quantiles(sd, (0.1,))[0] + 0.1)),
            "mean_share": x.mean(axis=-1) / (x.std(axis=-1) + _TINY),
            "pulse_hz": hz[top],
            "pulse_share": power[:, pulse].max(axis=-1) / (power.sum(axis=-1) + _TINY),
            "second_harmonic": _log(around[1]) - _log(around[0]),
            "third_harmonic": _log(around[2]) - _log(around[0]),
            "fourth_harmonic": _log(around[3]) - _log(around[0]),
            "unmoved": (step == 0).mean(axis=-1),
            "steps_again_1": _again(step, 1),
            "steps_again_4": _again(step, 4),
        }
        | {f"second_sd_log_p{100 * s:g}": _log(_quantiles(sd, (s,))[0]) for s in (0.0, 0.1, 0.5, 0.9, 1.0)}
        | _shape("values", x)
        | _shape("step", step)
        | _bands("ppg", x, rate, (0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0))
    )


def _heart(session: Session, at: Array) -> dict[str, Array]:
    names = (
        "rate_bpm",
        "sdnn_ms",
        "rmssd_ms",
        "successive_share",
        "slow_share",
        "breath_share",
        "change_bpm",
        "again_1",
    )
    found = {name: np.full(at.size, np.nan) for name in names}
    covered = np.zeros(at.size)
    for i, start in enumerate(at):
        beats = _during(session.beats, start)
        covered[i] = beats[1].sum() / WINDOW_S
        if covered[i] < LEAST_COVERED or beats.shape[1] < 20:
            continue
        ms = 1e3 * beats[1]
        follows = np.abs(np.diff(beats[0]) - beats[1, 1:]) < 0.1
        step = np.diff(ms)[follows]
        found["rate_bpm"][i], found["sdnn_ms"][i] = 60e3 / ms.mean(), ms.std()
        if step.size > 10:
            found["rmssd_ms"][i] = np.sqrt((step**2).mean())
            found["successive_share"][i] = found["rmssd_ms"][i] / (ms.std() + _TINY)
        even = np.interp(np.arange(start, start + WINDOW_S, 0.25), beats[0], ms)
        hz, power = spectrum(even[None], 4)
        whole = power[0, (hz >= 0.04) & (hz < 0.5)].sum() + _TINY
        found["slow_share"][i] = power[0, (hz >= 0.04) & (hz < 0.15)].sum() / whole
        found["breath_share"][i] = power[0, (hz >= 0.15) & (hz < 0.4)].sum() / whole
        third = ms.size // 3
        found["change_bpm"][i] = 60e3 / ms[-third:].mean() - 60e3 / ms[:third].mean()
        found["again_1"][i] = _again(ms[None], 1)[0]
    return found | {"covered": covered}


def _motion(x: Array) -> dict[str, Array]:
    rate = CHANNELS["motion"].grid_hz
    size = np.sqrt((x * x).sum(axis=1))
    each = x.reshape(len(x), 3, WINDOW_S, rate)
    sd = np.sqrt((each.var(axis=-1)).sum(axis=1))  # (m, seconds): how much a second moves
    held = each.mean(axis=-1)  # (m, 3, seconds)
    turned = np.sqrt((np.diff(held, axis=-1) ** 2).sum(axis=1))
    axes = np.sort(x.std(axis=-1), axis=-1)
    return (
        {
            "size_g": np.median(size, axis=-1),
            "size_sd_log_g": _log(size.std(axis=-1) + 1e-4),
            "x_g": held[:, 0].mean(axis=-1),
            "y_g": held[:, 1].mean(axis=-1),
            "z_g": held[:, 2].mean(axis=-1),
            "still_share": (sd < 0.02).mean(axis=-1),
            "moving_share": (sd > 0.1).mean(axis=-1),
            "second_again_1": _again(_log(sd + 1e-3), 1),
            "second_again_5": _again(_log(sd + 1e-3), 5),
            "turned_largest_g": turned.max(axis=-1),
            "turned_median_log_g": _log(np.median(turned, axis=-1) + 1e-4),
            "turns": (turned > 0.15).mean(axis=-1),
            "axis_least_share": axes[:, 0] / (axes[:, 2] + 1e-3),
            "axis_middle_share": axes[:, 1] / (axes[:, 2] + 1e-3),
            "unmoved": (np.diff(x) == 0).all(axis=1).mean(axis=-1),
            "steps_again_1": _again(np.diff(size), 1),
            "steps_again_3": _again(np.diff(size), 3),
            "largest_g": size.max(axis=-1),
            "least_g": size.min(axis=-1),
        }
        | {
            f"second_log_g_p{100 * s:g}": _log(_quantiles(sd, (s,))[0] + 1e-4)
            for s in (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
        }
        | _shape("size", size)
        | _bands("motion", size, rate, (0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 16.0))
    )


def _coupling(cut: dict[str, Array], session: Session, at: Array) -> dict[str, Array]:
    motion, ppg, eda = cut["motion"], cut["ppg"], cut["eda"]
    count = len(eda)
    moved = _log(np.sqrt(motion.reshape(count, 3, WINDOW_S, -1).var(axis=-1).sum(axis=1)) + 1e-3)
    light = _log(ppg.reshape(count, WINDOW_S, -1).std(axis=-1) + 0.1)
    jumps = _log(np.abs(np.diff(eda, prepend=eda[:, :1])).reshape(count, WINDOW_S, -1).max(axis=-1) + 1e-3)
    rate = session.said["heart_rate_bpm"]
    beats = np.stack([rate[int(start) : int(start) + WINDOW_S] for start in at])
    return {
        "moved_light": _together(moved, light),
        "moved_jumps": _together(moved, jumps),
        "light_jumps": _together(light, jumps),
        "moved_rate": np.array([_together_known(a, b) for a, b in zip(moved, beats, strict=True)]),
        "light_when_moving": _slope(moved, light),
        "jumps_when_moving": _slope(moved, jumps),
    }


def _together(a: Array, b: Array) -> Array:
    x, y = a - a.mean(axis=-1, keepdims=True), b - b.mean(axis=-1, keepdims=True)
    found: Array = (x * y).sum(axis=-1) / (np.sqrt((x * x).sum(axis=-1) * (y * y).sum(axis=-1)) + _TINY)
    return found


def _slope(a: Array, b: Array) -> Array:
    x, y = a - a.mean(axis=-1, keepdims=True), b - b.mean(axis=-1, keepdims=True)
    found: Array = (x * y).sum(axis=-1) / ((x * x).sum(axis=-1) + 1e-3)
    return found


def _together_known(a: Array, b: Array) -> float:
    known = np.isfinite(b)
    return float(_together(a[None, known], b[None, known])[0]) if known.sum() >= 20 else float("nan")
