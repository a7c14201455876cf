"""Arousal, effort and movement in, skin conductance [uS] and its responses out, at 4 Hz.

A response is a difference of two exponentials (Bateman shape, 2.0 s and 0.7 s: Greco et al. 2016,
doi:10.1109/TBME.2015.2474131); responses are a point process whose rate rises with arousal, and with effort.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from device_sim.physiology.drive import Drive
from device_sim.physiology.lag import share
from device_sim.physiology.motion import RATE as MOTION_RATE
from device_sim.physiology.noise import Keys, keys, normal, uniform
from device_sim.physiology.person import Person
from ingest.types import CHANNELS, Array

RATE: Final = CHANNELS["eda"].grid_hz
_HOLD: Final = MOTION_RATE // RATE
_DECAY_S: Final = 2.0
_RISE_S: Final = 0.7
# From onset to peak: 1.13 s.
PEAK_S: Final = float(np.log(_DECAY_S / _RISE_S) * _DECAY_S * _RISE_S / (_DECAY_S - _RISE_S))
_HEIGHT: Final = float(1 / (np.exp(-PEAK_S / _DECAY_S) - np.exp(-PEAK_S / _RISE_S)))
_DECAY: Final = float(np.exp(-1 / (RATE * _DECAY_S)))
_RISE: Final = float(np.exp(-1 / (RATE * _RISE_S)))
_REFRACTORY: Final = 5  # samples: the same glands do not answer twice within a second or so
_SILENT: Final = 0.08  # what a non-responder's skin keeps of its gains
_AROUSED: Final = share(15.0, RATE)  # the tonic level follows arousal up in tens of seconds,
_CALMED: Final = share(120.0, RATE)  # and down in minutes, as in the tasks of Stress-Predict
_HEATED: Final = share(150.0, RATE)  # sweating for heat begins minutes into exercise
_WANDER: Final = float(np.exp(-1 / (RATE * 300.0)))
_SMOOTH: Final = share(20.0, RATE)  # the level's own wandering is smooth: steps would look like responses
_WANDER_SHARE: Final = 0.15
# These two by the responses in still and in moving minutes of Stress-Predict: 0-4 and 0-9 a minute, told by our own
# detector.
_PRESSED: Final = 0.6  # share of the level that a press or drag of the electrodes changes, for 1 g of movement
_UNMOVED_G: Final = 0.06  # so little movement leaves electrodes where they are
_WARMED: Final = share(60.0, RATE)  # electrodes put on anew need a minute or so
_WARM: Final = 0.9  # share of full contact under which the level cannot be trusted: our choice
_SPOILED: Final = 0.02  # and the share of the level that a press must change to look like a response: our choice
_CEILING_US: Final = 40.0  # every sensor ends somewhere; ours fits in its 16 bits


class Sweat:
    """State of k skins; a push of n seconds gives the EDA (k, 4 n) [uS] and, at the sample after its onset, each
    response: onset [s] and amplitude [uS], (k, 4 n), NaN elsewhere."""

    def __init__(self, people: tuple[Person, ...], *, seed: int) -> None:
        self._keys = keys(seed=seed, numbers=tuple(person.number for person in people))
        own = [
            (
                p.eda_us,
                p.eda_gain * (1.0 if p.sweat_responder else _SILENT),
                p.scr_per_min / 60,
                p.scr_us,
                p.scr_gain * (1.0 if p.sweat_responder else _SILENT),
            )
            for p in people
        ]
        self._own = np.array(own).reshape(-1, 5)
        self._state = np.zeros((len(people), 9))  # arousal, heat, wander, decaying, rising, rest, contact, moved, level
        self._state[:, 6] = 1.0

    def push(self, drive: Drive, moving: Array, *, first: int) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
        """``moving``: the moving part of acceleration (k, 32 n) [g]; ``first``: the index of the first second."""
        k, n = drive.arousal.shape
        eda = np.empty((k, RATE * n))
        onsets, amplitudes = np.full((k, RATE * n), np.nan), np.full((k, RATE * n), np.nan)
        displaced = np.zeros((k, n), np.bool_)
        what = (drive.arousal, drive.effort, drive.worn, moving)
        _sweat(self._keys, first, self._own, *what, self._state, eda, onsets, amplitudes, displaced)
        return eda, onsets, amplitudes, displaced


@njit(cache=True, nogil=True)
def _sweat(
    keys: Keys,
    first: int,
    own: Array,
    arousal: Array,
    effort: Array,
    worn: NDArray[np.bool_],
    moving: Array,
    state: Array,
    eda: Array,
    onsets: Array,
    amplitudes: Array,
    displaced: NDArray[np.bool_],
) -> None:
    rows, seconds = arousal.shape
    for r in range(rows):
        key = keys[r]
        level_us, gain, rate_hz, scr_us, scr_gain = own[r]
        for j in range(seconds * RATE):
            i, at = j // RATE, first * RATE + j
            shake = 0.0
            for m in range(j * _HOLD, (j + 1) * _HOLD):
                shake += abs(moving[r, m]) / _HOLD
            _advance(key, at, arousal[r, i], effort[r, i], worn[r, i], shake, state[r])
            aroused, heat, wander = state[r, 0], state[r, 1], state[r, 8]
            rate = rate_hz * (1 + scr_gain * arousal[r, i] + 2.0 * effort[r, i])
            if state[r, 5] == 0 and uniform(key, 60, at) * RATE < rate:
                amplitude = scr_us * np.exp(0.6 * normal(key, 61, at)) * (1 + 0.6 * arousal[r, i])
                ago_s = uniform(key, 62, at) / RATE
                state[r, 3] += amplitude * np.exp(-ago_s / _DECAY_S)
                state[r, 4] += amplitude * np.exp(-ago_s / _RISE_S)
                state[r, 5] = _REFRACTORY
                onsets[r, j] = at / RATE - ago_s
                amplitudes[r, j] = amplitude
            tonic = level_us * (1 + gain * aroused + 1.2 * heat) * np.exp(_WANDER_SHARE * wander)
            skin = tonic + _HEIGHT * (state[r, 3] - state[r, 4])
            skin *= 1 + _PRESSED * state[r, 7]
            value = skin * state[r, 6] + (0.001 + 0.0003 * skin) * normal(key, 63, at)
            displaced[r, i] |= not worn[r, i] or state[r, 6] < _WARM or abs(_PRESSED * state[r, 7]) > _SPOILED
            eda[r, j] = min(max(value if worn[r, i] else 0.002 * uniform(key, 64, at), 0.0), _CEILING_US)


@njit(cache=True, nogil=True)
def _advance(key: int, at: int, arousal: float, effort: float, worn: bool, shake: float, state: Array) -> None:
    """Take one row's skin one sample on, in place."""
    state[0] += (arousal - state[0]) * (_AROUSED if arousal > state[0] else _CALMED)
    state[1] += (effort - state[1]) * _HEATED
    state[2] = _WANDER * state[2] + np.sqrt(1 - _WANDER * _WANDER) * normal(key, 65, at)
    state[8] += (state[2] - state[8]) * _SMOOTH
    state[3] *= _DECAY
    state[4] *= _RISE
    for lagged in (0, 1, 3, 4):
        if state[lagged] < 1e-9:
            state[lagged] = 0.0
    state[5] = max(state[5] - 1, 0)
    state[6] = state[6] + (1 - state[6]) * _WARMED if worn else 0.2
    state[7] = 0.7 * state[7] + 0.3 * min(max(shake - _UNMOVED_G, 0.0), 1.0) * normal(key, 66, at)
    if abs(state[7]) < 1e-9:
        state[7] = 0.0
