"""Arousal, effort and movement in, beats and the pulse wave that a band sees out, at 64 Hz.

Beats come where the integral of the instantaneous rate passes a whole number (integral pulse frequency modulation:
Mateo & Laguna 2000, IEEE Trans Biomed Eng 47:985-996); the rate is modulated by breathing and by a slow rhythm near
0.1 Hz, as in McSharry et al. 2003 (doi:10.1109/TBME.2003.808805). A beat's time is when its pulse begins at the wrist.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from device_sim.physiology.drive import Drive
from device_sim.physiology.lag import share
from device_sim.physiology.motion import RATE as MOTION_RATE
from device_sim.physiology.noise import Keys, keys, normal
from device_sim.physiology.person import Person
from ingest.types import CHANNELS, Array

RATE: Final = CHANNELS["ppg"].grid_hz
BEATS_MAX: Final = 4  # a second: 240 bpm
_HOLD: Final = RATE // MOTION_RATE
_SLOW_RATE: Final = 4  # the slow rhythms are worked out this often a second
_EVERY: Final = RATE // _SLOW_RATE
_SILENT: Final = 0.08  # what a non-responder's heart keeps of its gain
_AROUSED: Final = share(6.0, RATE)  # heart rate follows arousal within seconds
_CALMED: Final = share(25.0, RATE)  # and comes down more slowly
_STARTING: Final = share(20.0, RATE)  # exercise on-kinetics: vagal withdrawal, then the rest; our choice
_RESTING: Final = share(60.0, RATE)  # recovery: about a minute
_POLE: Final = 0.975  # the slow rhythm: noise around 0.1 Hz
_A1: Final = 2 * _POLE * np.cos(2 * np.pi * 0.1 / _SLOW_RATE)
_A2: Final = -_POLE * _POLE
_UNIT: Final = np.sqrt((1 + _A2) * ((1 - _A2) ** 2 - _A1**2) / (1 - _A2))
_WANDER: Final = np.exp(-1 / (_SLOW_RATE * 40.0))  # rate wanders over minutes
_WANDER_SHARE: Final = 0.04
_SHAKEN: Final = 9.0  # pulses an artefact is high for 1 g of movement: by the tails of Stress-Predict's BVP
_DROWNED: Final = 0.5  # an artefact half as high as the pulse hides it: our choice
_COUPLED: Final = 1 - np.exp(-2 * np.pi * 0.25 / RATE)  # bands are AC coupled: about 0.25 Hz
_SKIN: Final = share(0.06, RATE)  # tissue smooths what movement does to the light
_DRIFT: Final = np.exp(-1 / (RATE * 0.4))
_WAVE_AT: Final = (0.19, 0.42)  # the two humps of the mean E4 beat of Stress-Predict [s after the foot at 75 bpm]
_WAVE_SD: Final = (0.075, 0.15)
_WAVE_HIGH: Final = (0.85, 0.75)


class Heart:
    """State of k hearts; a push of n seconds gives the PPG (k, 64 n) and the beats: time and interval [s], (k, 4 n),
    NaN where there are no more."""

    def __init__(self, people: tuple[Person, ...], *, seed: int) -> None:
        self._keys = keys(seed=seed, numbers=tuple(person.number for person in people))
        k = len(people)
        gain = [p.heart_gain * (1.0 if p.heart_responder else _SILENT) for p in people]
        rates = [(p.rest_bpm, answers, p.effort_gain, p.rsa, p.slow) for p, answers in zip(people, gain, strict=True)]
        pulses = [(p.breaths_hz, p.pulse, p.blur) for p in people]
        self._own = np.hstack([np.array(rates).reshape(-1, 5), np.array(pulses).reshape(-1, 3)])
        self._rhythm = np.zeros((k, 7))  # arousal, effort, phase of breath, slow, slow before, wander, phase of beat
        self._feet = np.zeros((k, 6))  # last foot, its height and width; the same of the foot before it
        self._feet[:, 0], self._feet[:, 2], self._feet[:, 3], self._feet[:, 5] = -0.4, 1.0, -1.2, 1.0
        self._light = np.zeros((k, 3))  # mean that coupling takes off, artefact, drift

    def push(self, drive: Drive, moving: Array, *, first: int) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
        """``moving``: the moving part of acceleration (k, 32 n) [g]; ``first``: the index of the first second."""
        k, n = drive.arousal.shape
        ppg = np.empty((k, RATE * n))
        beats, intervals = np.full((k, BEATS_MAX * n), np.nan), np.full((k, BEATS_MAX * n), np.nan)
        drowned = np.zeros((k, n), np.bool_)
        state = (self._rhythm, self._feet, self._light)
        what = (drive.arousal, drive.effort, drive.worn, moving)
        _beat(self._keys, first, self._own, *what, *state, ppg, beats, intervals, drowned)
        return ppg, beats, intervals, drowned


@njit(cache=True, nogil=True)
def _wave(since_s: float, high: float, width: float) -> float:
    """The pulse ``since_s`` after its foot: two humps, as wide as the beat before it was long."""
    out = 0.0
    for hump in range(2):
        z = (since_s / width - _WAVE_AT[hump]) / _WAVE_SD[hump]
        if -5 < z < 5:
            out += _WAVE_HIGH[hump] * np.exp(-0.5 * z * z)
    return high * out


@njit(cache=True, nogil=True)
def _bpm(own: Array, rhythm: Array) -> float:
    """The instantaneous heart rate [beats a minute], within 35 and 210."""
    aroused, effort, breath, slow, _, wander, _ = rhythm
    rate = own[0] * (1 + own[1] * aroused + own[2] * effort)
    vagal = 1 / (1 + 1.0 * aroused + 3.0 * effort)  # vagal modulation goes as heart rate comes: our choice
    rate *= 1 + own[3] * vagal * np.sin(2 * np.pi * breath) + own[4] * vagal * slow + _WANDER_SHARE * wander
    bounded: float = min(max(rate, 35.0), 210.0)
    return bounded


@njit(cache=True, nogil=True)
def _beat(
    keys: Keys,
    first: int,
    own: Array,
    arousal: Array,
    effort: Array,
    worn: NDArray[np.bool_],
    moving: Array,
    rhythm: Array,
    feet: Array,
    light: Array,
    ppg: Array,
    beats: Array,
    intervals: Array,
    drowned: NDArray[np.bool_],
) -> None:
    rows, seconds = arousal.shape
    for r in range(rows):
        key, breaths_hz, pulse, blur = keys[r], own[r, 5], own[r, 6], own[r, 7]
        for i in range(seconds):
            told = 0
            drowned[r, i] = not worn[r, i]
            for s in range(RATE):
                at = (first + i) * RATE + s
                _advance(key, at, arousal[r, i], effort[r, i], breaths_hz, rhythm[r])
                step = _bpm(own[r], rhythm[r]) / 60 / RATE
                rhythm[r, 6] += step
                if rhythm[r, 6] >= 1:
                    rhythm[r, 6] -= 1
                    foot_s = (at + 1 - rhythm[r, 6] / step) / RATE
                    interval = foot_s - feet[r, 0]
                    high = 1 + 0.12 * np.sin(2 * np.pi * rhythm[r, 2]) + 0.06 * normal(key, 40, at)
                    feet[r, 3:] = feet[r, :3]
                    feet[r, 0] = foot_s
                    feet[r, 1] = pulse * high * (1 - 0.35 * rhythm[r, 0])  # vessels narrow with arousal
                    feet[r, 2] = np.sqrt(min(max(interval, 0.3), 1.5) / 0.8)
                    if told < BEATS_MAX:
                        beats[r, i * BEATS_MAX + told] = foot_s
                        intervals[r, i * BEATS_MAX + told] = interval
                        told += 1
                now_s = at / RATE
                wave = _wave(now_s - feet[r, 0], feet[r, 1], feet[r, 2]) if worn[r, i] else 0.0
                wave += _wave(now_s - feet[r, 3], feet[r, 4], feet[r, 5]) if worn[r, i] else 0.0
                shaken = moving[r, (i * RATE + s) // _HOLD]
                light[r, 1] += (shaken - light[r, 1]) * _SKIN
                drowned[r, i] |= abs(_SHAKEN * light[r, 1]) > _DROWNED
                light[r, 2] = _DRIFT * light[r, 2] + np.sqrt(1 - _DRIFT * _DRIFT) * normal(key, 41, at)
                blurred = wave + pulse * (_SHAKEN * light[r, 1] + blur * light[r, 2])
                light[r, 0] += (blurred - light[r, 0]) * _COUPLED
                ppg[r, i * RATE + s] = blurred - light[r, 0] + 0.02 * normal(key, 42, at)


@njit(cache=True, nogil=True)
def _advance(key: int, at: int, arousal: float, effort: float, breaths_hz: float, rhythm: Array) -> None:
    """Take one row's rhythms one sample on, in place."""
    rhythm[0] += (arousal - rhythm[0]) * (_AROUSED if arousal > rhythm[0] else _CALMED)
    rhythm[1] += (effort - rhythm[1]) * (_STARTING if effort > rhythm[1] else _RESTING)
    for lagged in range(2):
        if rhythm[lagged] < 1e-9:
            rhythm[lagged] = 0.0
    breath = breaths_hz * (1 + 0.4 * rhythm[0] + 0.8 * rhythm[1]) * (1 + 0.15 * normal(key, 43, at // (5 * RATE)))
    rhythm[2] = (rhythm[2] + breath / RATE) % 1.0
    if at % _EVERY == 0:
        slow = _A1 * rhythm[3] + _A2 * rhythm[4] + _UNIT * normal(key, 44, at)
        rhythm[4] = rhythm[3]
        rhythm[3] = slow
        rhythm[5] = _WANDER * rhythm[5] + np.sqrt(1 - _WANDER * _WANDER) * normal(key, 45, at)
