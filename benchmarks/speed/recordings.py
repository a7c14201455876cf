"""Hours and a seed in, an E4-like recording with known truth out: what every race is run on."""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """``eda`` (4 n) uS, ``ppg`` (64 n), ``motion`` (3, 32 n) g; ``beat_s`` and ``peak_s``: when beats began and
    responses of at least 0.05 uS peaked; ``moving`` (n,) seconds in which movement shakes PPG and electrodes."""

    eda: Array
    ppg: Array
    motion: Array
    beat_s: Array
    peak_s: Array
    moving: NDArray[np.bool_]


@functools.cache
def recording(*, hours: float, seed: int = 1) -> Recording:
    """Return the recording: about 70 beats and 4 responses a minute, a fifth of the time in movement."""
    rng = np.random.default_rng(seed)
    seconds = round(3600 * hours)
    moving = _stretches(rng, seconds)
    beat_s = _beats(rng, seconds)
    eda, peak_s = _conductance(rng, seconds)
    motion = np.array([0.1, 0.2, 0.97])[:, None] + 0.004 * rng.standard_normal((3, 32 * seconds))
    swing = (
        np.repeat(moving, 32) * 0.5 * np.sin(2 * np.pi * np.cumsum(1.7 + 0.2 * rng.standard_normal(32 * seconds)) / 32)
    )
    motion += swing * np.array([0.5, 0.3, 0.8])[:, None]
    ppg = 60 * _pulse_wave(beat_s, seconds) + 2 * rng.standard_normal(64 * seconds)
    ppg += 60 * np.interp(np.arange(64 * seconds) / 64, np.arange(32 * seconds) / 32, swing)
    eda = eda + 0.002 * rng.standard_normal(4 * seconds)
    return Recording(eda, ppg, motion, beat_s, peak_s, moving)


def _stretches(rng: np.random.Generator, seconds: int) -> NDArray[np.bool_]:
    moving = np.zeros(seconds, bool)
    for start in range(0, seconds, 150):
        length = int(rng.integers(10, 50))
        moving[start + 60 : start + 60 + length] = True
    return moving


def _beats(rng: np.random.Generator, seconds: int) -> Array:
    time_s, at = [], 0.0
    while at < seconds:
        rate_hz = 1.17 + 0.25 * np.sin(at / 200) + 0.05 * np.sin(2 * np.pi * 0.25 * at) + 0.02 * rng.standard_normal()
        at += 1 / rate_hz
        time_s.append(at)
    return np.array(time_s[:-1])


def _pulse_wave(beat_s: Array, seconds: int) -> Array:
    reach = np.arange(-64, 65)
    at = np.round(beat_s * 64).astype(int)[:, None] + reach
    away = at / 64 - beat_s[:, None]
    wave = np.exp(-0.5 * ((away - 0.15) / 0.09) ** 2) + 0.35 * np.exp(-0.5 * ((away - 0.45) / 0.1) ** 2)
    inside = (at >= 0) & (at < 64 * seconds)
    return np.bincount(at[inside], wave[inside], minlength=64 * seconds)


def _conductance(rng: np.random.Generator, seconds: int) -> tuple[Array, Array]:
    t = np.arange(4 * seconds) / 4
    onset_s = np.cumsum(4 + rng.exponential(11, seconds))
    onset_s = onset_s[onset_s < seconds - 15]
    amplitude = np.clip(rng.lognormal(np.log(0.25), 0.7, len(onset_s)), 0.05, 2)
    peak_s = np.log(2.0 / 0.7) * 2.0 * 0.7 / 1.3
    top = np.exp(-peak_s / 2.0) - np.exp(-peak_s / 0.7)
    eda = 3 + 0.5 * np.sin(t / 300) + 0.3 * np.sin(t / 97)
    for start, size in zip(onset_s, amplitude, strict=True):
        since = t[(t >= start) & (t < start + 25)] - start
        eda[(t >= start) & (t < start + 25)] += size / top * (np.exp(-since / 2.0) - np.exp(-since / 0.7))
    return eda, onset_s + peak_s
