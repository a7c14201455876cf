"""Arousal, effort and wear in, the temperature under the band [degC] out, at 4 Hz."""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from device_sim.physiology.drive import Drive
from device_sim.physiology.lag import share
from device_sim.physiology.noise import Keys, keys, normal
from device_sim.physiology.person import Person
from ingest.types import CHANNELS, Array

RATE: Final = CHANNELS["temperature"].grid_hz
ROOM_C: Final = 22.5  # a heated room
_WARMING_C: Final = 0.6  # the wrist after long exercise: our choice
_NOISE_C: Final = 0.008  # an E4's steps are 0.02 degC and stand still for seconds
_NARROWING: Final = share(90.0, RATE)  # vessels of the skin narrow over a minute or two,
_WIDENING: Final = share(240.0, RATE)  # and open more slowly
_HEATING: Final = share(300.0, RATE)
_SENSOR_ON: Final = share(60.0, RATE)  # a band warms up within minutes after putting on,
_SENSOR_OFF: Final = share(180.0, RATE)  # and cools down in the open more slowly
_WANDER: Final = float(np.exp(-1 / (RATE * 900.0)))
_WANDER_C: Final = 0.35  # measured in Stress-Predict: a session stays within 1 or 2 degC (doi:10.3390/s22218135)


class Skin:
    """State of k wrists; a push of n seconds gives the temperature (k, 4 n) [degC]."""

    def __init__(self, people: tuple[Person, ...], *, seed: int) -> None:
        self._keys = keys(seed=seed, numbers=tuple(person.number for person in people))
        self._own = np.array([(p.skin_c, p.cooling_c) for p in people]).reshape(-1, 2)
        self._state = np.zeros((len(people), 4))  # arousal, effort, wander, sensor
        self._state[:, 3] = self._own[:, 0]

    def push(self, drive: Drive, *, first: int) -> Array:
        """``first``: the index of the first second."""
        k, n = drive.arousal.shape
        temperature = np.empty((k, RATE * n))
        _warm(self._keys, first, self._own, drive.arousal, drive.effort, drive.worn, self._state, temperature)
        return temperature


@njit(cache=True, nogil=True)
def _warm(
    keys: Keys,
    first: int,
    own: Array,
    arousal: Array,
    effort: Array,
    worn: NDArray[np.bool_],
    state: Array,
    temperature: Array,
) -> None:
    rows, seconds = arousal.shape
    for r in range(rows):
        key, now = keys[r], state[r]
        for j in range(seconds * RATE):
            i, at = j // RATE, first * RATE + j
            now[0] += (arousal[r, i] - now[0]) * (_NARROWING if arousal[r, i] > now[0] else _WIDENING)
            now[1] += (effort[r, i] - now[1]) * _HEATING
            for lagged in range(2):
                if now[lagged] < 1e-9:
                    now[lagged] = 0.0
            now[2] = _WANDER * now[2] + np.sqrt(1 - _WANDER * _WANDER) * normal(key, 80, at)
            wrist = own[r, 0] - own[r, 1] * now[0] + _WARMING_C * now[1] + _WANDER_C * now[2]
            around, share = (wrist, _SENSOR_ON) if worn[r, i] else (ROOM_C, _SENSOR_OFF)
            now[3] += (around - now[3]) * share
            temperature[r, j] = now[3] + _NOISE_C * normal(key, 81, at)
