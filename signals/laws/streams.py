"""A seed in, what a few invented wearers' bands send out: every channel an operator may ask for, gaps and all."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RATES = {
    "eda": 4,
    "temperature": 4,
    "ppg": 64,
    "motion": 32,
    "rocking": 32,
    "ibi": 64,
    "contact": 1,
    "level": 1,
    "touch": 1,
    "warm": 1,
    "stir": 1,
    "moved": 32,
    "bpm": 1,
    "context": 1,
}


def pulse_wave(beat_s: Array, *, seconds: int, rate_hz: int = 64) -> Array:
    """Return PPG that peaks at each of ``beat_s``; widths and the dicrotic wave go with the root of the interval."""
    reach = np.arange(-rate_hz, rate_hz)
    at = np.round(beat_s * rate_hz).astype(int)[:, None] + reach
    away = (at / rate_hz - beat_s[:, None]) / np.sqrt(np.gradient(beat_s))[:, None]
    pulse = np.exp(-0.5 * (away / 0.1) ** 2) + 0.35 * np.exp(-0.5 * ((away - 0.32) / 0.12) ** 2)
    inside = (at >= 0) & (at < rate_hz * seconds)
    wave: Array = np.bincount(at[inside], pulse[inside], minlength=rate_hz * seconds).astype(np.float64)
    return wave


def response(since_s: Array) -> Array:
    """Return the Bateman response of peak 1 that began ``since_s`` ago, 0 before."""
    peak_s = np.log(2.0 / 0.7) * 1.4 / 1.3
    shape = np.exp(-np.maximum(since_s, 0) / 2.0) - np.exp(-np.maximum(since_s, 0) / 0.7)
    scaled: Array = shape / (np.exp(-peak_s / 2.0) - np.exp(-peak_s / 0.7))
    return scaled


def stream(channel: str, seed: int, *, rows: int, seconds: int) -> Array:
    """Return a channel of ``RATES`` as (rows, n) or (rows, 3, n): lively, in the units of the grid, without gaps."""
    rng = np.random.default_rng([seed, *channel.encode()])
    shape = (rows, RATES[channel] * seconds)
    match channel:
        case "eda":
            onset_s = rng.uniform(0, seconds, (rows, max(seconds // 8, 1), 1))
            sizes = rng.uniform(0.05, 1, onset_s.shape)
            responses = (sizes * response(np.arange(4 * seconds) / 4 - onset_s)).sum(axis=1)
            sweat: Array = rng.uniform(0.1, 8, (rows, 1)) + responses + 0.002 * rng.standard_normal(shape)
            return sweat
        case "temperature":
            return 33 + np.cumsum(0.02 * rng.standard_normal(shape), axis=1)
        case "ppg":
            wave = [pulse_wave(beat_s, seconds=seconds) for beat_s in _beats(seed, rows=rows, seconds=seconds)]
            return 60 * np.stack(wave) + 2 * rng.standard_normal(shape)
        case "ibi":
            x = np.zeros(shape)
            for row, beat_s in enumerate(_beats(seed, rows=rows, seconds=seconds)):
                x[row, (64 * beat_s).astype(int)] = np.diff(beat_s, prepend=0)
            return x
        case "motion":
            return np.array([0.3, 0.4, 0.87])[:, None] + 0.05 * rng.standard_normal((rows, 3, shape[1]))
        case "rocking":
            turns = rng.uniform(0.6, 3.5, (rows, 1)) * np.arange(shape[1]) / 32
            sway = np.sin(2 * np.pi * turns) * (np.arange(shape[1]) // 320 % 2)
            return stream("motion", seed, rows=rows, seconds=seconds) + 0.3 * sway[:, None] * np.ones((3, 1))
        case "level":
            return np.cumsum(rng.standard_normal(shape), axis=1)
        case "touch":
            return rng.choice([0.0, 0.5], (rows, 1)) + 0.02 * rng.random(shape)
        case "warm":
            return rng.uniform(26, 34, (rows, 1)) + 0.2 * rng.standard_normal(shape)
        case "moved":
            strides_s = rng.uniform(0.4, 0.9, (rows, 1))
            return np.abs(0.4 * np.sin(2 * np.pi * np.arange(shape[1]) / 32 / strides_s)) + 0.05 * rng.random(shape)
        case "bpm":
            return 60 + 80 * rng.random(shape)
        case "contact":
            return np.where(np.arange(shape[1]) // 4 == rng.integers(seconds, size=(rows, 1)) // 4, 0.0, 1.0)
        case "context":
            return np.floor(2 * rng.random(shape))
        case "stir":
            return 0.02 * rng.random(shape)
    raise KeyError(channel)


def _beats(seed: int, *, rows: int, seconds: int) -> list[Array]:
    rng = np.random.default_rng(seed)
    found = [np.cumsum(rng.normal(usual_s, 0.02, 3 * seconds)) for usual_s in rng.uniform(0.5, 1, rows)]
    return [beat_s[beat_s < seconds] for beat_s in found]
