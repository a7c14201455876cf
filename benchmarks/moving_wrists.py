"""A seed and a signal-to-noise ratio in, PPG and acceleration of a wrist that moves out, with the true beats.

Movement shakes the light along paths of its own (tissue between sensor and bone, vessels that fill and empty): each
bout has its own filter from each axis, of up to 0.3 s, and a share of the artefact that no filter explains.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PPG_HZ: Final = 64
MOTION_HZ: Final = 32
BOUT_S: Final = 20
UNEXPLAINED: Final = 0.3  # of the artefact's amplitude
SENSOR: Final = 0.03  # white noise of the sensor, in amplitudes of the pulse


@dataclass(frozen=True, slots=True, eq=False)
class Wrist:
    """``ppg`` (64 n), ``motion`` (3, 32 n) g and ``beat_s``: when pulses were steepest."""

    ppg: Array
    motion: Array
    beat_s: Array


def wrist(*, seed: int, snr_db: float, seconds: int = 180) -> Wrist:
    """Return a wrist in movement all the time, whose pulse has ``snr_db`` over the artefact (0.5 to 8 Hz, whole)."""
    rng = np.random.default_rng(seed)
    beat_s = _beats(rng, seconds)
    pulse = _pulse_wave(rng, beat_s, seconds)
    motion, artefact = _movement(rng, seconds)
    noise = np.sqrt(np.var(_band(pulse)) / np.var(_band(artefact)) / 10 ** (snr_db / 10))
    wander = 0.5 * np.sin(2 * np.pi * rng.uniform(0.15, 0.3) * np.arange(pulse.size) / PPG_HZ + rng.uniform(0, 6))
    ppg = pulse + noise * artefact + wander + SENSOR * rng.standard_normal(pulse.size)
    return Wrist(60 * ppg, motion, beat_s)


def _beats(rng: np.random.Generator, seconds: int) -> Array:
    """A rate between 45 and 170 a minute that drifts, breathes and jumps now and then; 1 beat in 100 comes early."""
    times, at, usual = [], 0.3, np.exp(rng.uniform(np.log(45), np.log(170)))
    breath, pace, drift = rng.uniform(0.2, 0.35), usual, 0.0
    while at < seconds - 0.5:
        times.append(at)
        drift = 0.98 * drift + 0.02 * rng.normal(0, 0.5)
        pace = usual * (1 + drift + 0.1 * np.sin(2 * np.pi * at / 97))
        step = 60 / pace * (1 + 0.03 * np.sin(2 * np.pi * breath * at) + 0.01 * rng.standard_normal())
        at += step * (0.75 if rng.random() < 0.01 else 1.0)
    return np.array(times)


def _pulse_wave(rng: np.random.Generator, beat_s: Array, seconds: int) -> Array:
    """Two humps a beat; the steepest point of the first stands at the beat."""
    second_at, second_high = rng.uniform(0.26, 0.36), rng.uniform(0.15, 0.6)
    t = np.arange(PPG_HZ * seconds) / PPG_HZ
    wave = np.zeros(t.size)
    scale = np.sqrt(np.clip(np.gradient(beat_s), 0.3, 1.5) / 0.8)
    high = 1 + 0.12 * np.sin(2 * np.pi * 0.25 * beat_s) + 0.05 * rng.standard_normal(beat_s.size)
    for at, width, size in zip(beat_s, scale, high, strict=True):
        first, last = np.searchsorted(t, [at - 0.5, at + 1.2])
        since = (t[first:last] - at) / width
        wave[first:last] += size * np.exp(-0.5 * ((since - 0.085) / 0.085) ** 2)
        wave[first:last] += size * second_high * np.exp(-0.5 * ((since - 0.085 - second_at) / 0.12) ** 2)
    return wave


def _movement(rng: np.random.Generator, seconds: int) -> tuple[Array, Array]:
    """Bouts of walking, flapping, gestures and fidgeting, one after the other, and what each does to the light."""
    n = MOTION_HZ * seconds
    moving, artefact = np.zeros((3, n)), np.zeros(PPG_HZ * seconds)
    kinds = rng.permutation(np.arange(-(-seconds // BOUT_S)) % 4)
    for bout, kind in enumerate(kinds):
        first, last = bout * BOUT_S * MOTION_HZ, min((bout + 1) * BOUT_S * MOTION_HZ, n)
        t = np.arange(last - first) / MOTION_HZ
        one = (_walk, _flap, _gesture, _fidget)[kind](rng, t) * np.minimum(1, np.minimum(t, t[::-1]) / 0.5)
        moving[:, first:last] = one
        fine = np.stack([np.interp(np.arange(2 * t.size) / PPG_HZ, t, axis) for axis in one])
        shaken = np.sum([np.convolve(axis, _path(rng))[: fine.shape[1]] for axis in fine], axis=0)
        length = np.sqrt((fine**2).sum(axis=0))
        odd = _band(np.convolve(length * np.abs(length), _path(rng))[: fine.shape[1]])
        own = np.convolve(length * rng.standard_normal(length.size), np.hanning(24))[: length.size]
        rest = odd / (odd.std() + 1e-12) + own / (own.std() + 1e-12)
        shaken = shaken / shaken.std() + UNEXPLAINED * rest / rest.std()
        artefact[2 * first : 2 * last] = shaken * rng.uniform(0.7, 1.3)
    gravity = np.array([-0.6, 0.1, 0.78])[:, None]
    return gravity + moving + 0.004 * rng.standard_normal(moving.shape), artefact


def _path(rng: np.random.Generator) -> Array:
    """A filter from one axis to the light: a few lobes within 0.3 s."""
    taps = np.arange(20) / PPG_HZ
    return rng.normal() * np.exp(-0.5 * ((taps - rng.uniform(0.05, 0.15)) / 0.04) ** 2) + 0.5 * rng.normal() * np.exp(
        -0.5 * ((taps - rng.uniform(0.1, 0.25)) / 0.05) ** 2
    )


def _walk(rng: np.random.Generator, t: Array) -> Array:
    step = 2 * np.pi * np.cumsum(rng.uniform(1.4, 2.2) * (1 + 0.02 * rng.standard_normal(t.size))) / MOTION_HZ
    up = np.sin(step) + 0.4 * np.sin(2 * step + 0.7) + 0.15 * np.sin(3 * step + 1.1)
    swing = np.sin(step / 2 + rng.uniform(0, 6))
    walk: Array = 0.2 * (rng.normal(0, 1, (3, 1)) * up + rng.normal(0, 1, (3, 1)) * swing + _rough(rng, t))
    return walk


def _flap(rng: np.random.Generator, t: Array) -> Array:
    turn = 2 * np.pi * np.cumsum(rng.uniform(2, 4) * (1 + 0.05 * rng.standard_normal(t.size))) / MOTION_HZ
    across = np.stack([np.sin(turn), np.cos(turn), 0.5 * np.sin(2 * turn)])
    flapping: Array = 0.8 * rng.normal(0, 1, (3, 1)) * across + 0.1 * _rough(rng, t)
    return flapping


def _gesture(rng: np.random.Generator, t: Array) -> Array:
    """Reaches of half a second to one and a half, at random."""
    out = np.zeros((3, t.size))
    for at in np.cumsum(rng.exponential(1.2, 3 * BOUT_S)):
        width = rng.uniform(0.12, 0.4)
        out += rng.normal(0, 0.5, (3, 1)) * (t - at) / width * np.exp(-0.5 * ((t - at) / width) ** 2)
    return out + 0.05 * _rough(rng, t)


def _fidget(rng: np.random.Generator, t: Array) -> Array:
    return 0.3 * _rough(rng, t)


def _rough(rng: np.random.Generator, t: Array) -> Array:
    """Noise between 0.5 and 6 Hz, of variance about 1."""
    spectrum = np.fft.rfft(rng.standard_normal((3, t.size)))
    hz = np.fft.rfftfreq(t.size, 1 / MOTION_HZ)
    spectrum[:, (hz < 0.5) | (hz > 6)] = 0
    rough: Array = np.fft.irfft(spectrum, t.size)
    even: Array = rough / rough.std()
    return even


def _band(x: Array) -> Array:
    spectrum = np.fft.rfft(x)
    hz = np.fft.rfftfreq(x.size, 1 / PPG_HZ)
    spectrum[(hz < 0.5) | (hz > 8)] = 0
    banded: Array = np.fft.irfft(spectrum, x.size)
    return banded
