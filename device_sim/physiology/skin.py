"""Arousal, effort, surroundings, sleep and wear in, the temperature under the band [degC] out, at 4 Hz.

An E4 reads its thermometer once a second and says each reading four times; so does this one (measured in
Stress-Predict, doi:10.3390/s22218135, as is all that is said to be measured).
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from device_sim.physiology.drive import Drive
from device_sim.physiology.lag import share
from device_sim.physiology.noise import Keys, keys, normal, uniform
from device_sim.physiology.person import Person
from ingest.types import CHANNELS, Array

RATE: Final = CHANNELS["temperature"].grid_hz
ROOM_C: Final = 22.5  # a heated room,
_HOTTER_C: Final = 9.0  # and how much hotter it is at full heat
_FLUSHED_C: Final = 1.6  # the wrist at full heat: vessels widen; our choice
_WARMING_C: Final = 1.1  # the wrist long into exercise: our choice,
_AT_FIRST_C: Final = 0.7  # after vessels narrowed for the blood that muscles need: our choice
_FED_C: Final = 0.2  # after a meal: our choice
_ASLEEP_C: Final = 1.4  # wrists are warmer by 1 to 2 degC at night: Sarabia 2008, doi:10.1016/j.physbeh.2008.08.005
_NOISE_C: Final = 0.012  # measured: readings differ by 0.018 degC from second to second with steps of 0.02
_NARROWING: Final = share(90.0, 1)  # vessels of the skin narrow over a minute or two,
_WIDENING: Final = share(240.0, 1)  # and open more slowly: our choice
_WORKING: Final = share(60.0, 1)  # muscles take the skin's blood within a minute of work: our choice,
_HEATING: Final = share(420.0, 1)  # and warmth comes to the wrist over some seven: our choice
_SLEEPING: Final = share(900.0, 1)  # 0.6 degC in the 10 min before sleep: doi:10.1080/09291016.2020.1802160
_SENSOR_ON: Final = share(45.0, 1)  # a band warms up within minutes after putting on,
_UNDER: Final = share(600.0, 1)  # the skin under it, sheltered now, for longer: measured, 1-2 degC in 20 min
_UNDER_C: Final = 1.2
_SENSOR_OFF: Final = share(180.0, 1)  # and it cools down in the open more slowly: our choice
_LOOSE: Final = 0.35  # share of the way to the room's that air under a hanging band takes it: our choice
_DRAUGHT_C: Final = 0.25  # movement fans the wrist: our choice
_DRIFTS: Final = np.array([60.0, 700.0, 5400.0])  # measured: readings 10, 60, 300 s apart differ by 0.03, 0.1, 0.25
_DRIFTS_C: Final = np.array([0.04, 0.17, 0.5])
_DRIFTS_SPREAD: Final = 0.5  # people and rooms differ: measured, log-normally
_SHIFTS: Final = 0.006  # a second: the band shifts and its reading jumps, up or down: measured, so often
_SHIFT_C: Final = 0.12
_SHIFTED: Final = share(25.0, 1)
_KEPT: Final = np.exp(-1 / _DRIFTS)


class Skin:
    """State of k wrists; a push of n seconds gives the temperature (k, 4 n) [degC]."""

    def __init__(self, people: tuple[Person, ...], *, seed: int) -> None:
        self._keys = keys(seed=seed, numbers=tuple(person.number for person in people))
        self._own = np.array([(p.skin_c, p.cooling_c, 1.0) for p in people]).reshape(-1, 3)
        # arousal, effort now and long since, heat, meal, sleep, three drifts, under, sensor, shift
        self._state = np.zeros((len(people), 12))
        _settle(self._keys, self._own, self._state)
        self._state[:, 10] = self._own[:, 0]

    def push(self, drive: Drive, *, first: int) -> Array:
        """``first``: the index of the first second."""
        k, n = drive.arousal.shape
        temperature = np.empty((k, n))
        causes = (drive.arousal, drive.effort, drive.effort, drive.heat, drive.meal, drive.asleep)
        driven = np.ascontiguousarray(np.stack(causes, axis=-1))
        moved = np.maximum(drive.walk, np.maximum(drive.run, drive.flap))
        _warm(self._keys, first, self._own, driven, moved, drive.fit, drive.worn, self._state, temperature)
        return np.repeat(temperature, RATE, axis=1)


@njit(cache=True, nogil=True)
def _settle(keys: Keys, own: Array, state: Array) -> None:
    """Begin with bands that were on before, each somewhere in its drift."""
    for r in range(state.shape[0]):
        own[r, 2] = np.exp(_DRIFTS_SPREAD * normal(keys[r], 83, 1))
        for d in range(3):
            state[r, 6 + d] = normal(keys[r], 82, d)
        state[r, 9] = 1 - 0.5 * uniform(keys[r], 83, 0)


@njit(cache=True, nogil=True)
def _warm(
    keys: Keys,
    first: int,
    own: Array,
    driven: Array,
    moved: Array,
    fit: Array,
    worn: NDArray[np.bool_],
    state: Array,
    temperature: Array,
) -> None:
    rows, seconds = temperature.shape
    for r in range(rows):
        key, now = keys[r], state[r]
        for i in range(seconds):
            at = first + i
            _follow(driven[r, i], now)
            wrist = own[r, 0] - own[r, 1] * now[0] - _AT_FIRST_C * now[1] + _WARMING_C * now[2]
            wrist += _FLUSHED_C * now[3] + _FED_C * now[4] + _ASLEEP_C * now[5]
            for d in range(3):
                kept = _KEPT[d]
                now[6 + d] = kept * now[6 + d] + np.sqrt(1 - kept * kept) * normal(key, 84 + d, at)
                wrist += own[r, 2] * _DRIFTS_C[d] * now[6 + d]
            now[9] = now[9] + (1 - now[9]) * _UNDER if worn[r, i] else now[9] * (1 - _UNDER)
            wrist += _UNDER_C * (now[9] - 1) - _DRAUGHT_C * moved[r, i]
            room = ROOM_C + _HOTTER_C * driven[r, i, 3]
            wrist += (room - wrist) * _LOOSE * (1 - fit[r, i])
            around, part = (wrist, _SENSOR_ON) if worn[r, i] else (room, _SENSOR_OFF)
            now[10] += (around - now[10]) * part
            now[11] -= now[11] * _SHIFTED
            if uniform(key, 88, at) < _SHIFTS and worn[r, i]:
                now[11] += _SHIFT_C * normal(key, 89, at)
            temperature[r, i] = now[10] + now[11] + _NOISE_C * normal(key, 81, at)


@njit(cache=True, nogil=True)
def _follow(driven: Array, now: Array) -> None:
    """Let what drives the wrist act one second longer, in place."""
    now[0] += (driven[0] - now[0]) * (_NARROWING if driven[0] > now[0] else _WIDENING)
    now[1] += (driven[1] - now[1]) * _WORKING
    now[2] += (driven[2] - now[2]) * _HEATING
    now[3] += (driven[3] - now[3]) * _HEATING
    now[4] += (driven[4] - now[4]) * _HEATING
    now[5] += (driven[5] - now[5]) * _SLEEPING
    for lagged in range(6):
        if -1e-9 < now[lagged] < 1e-9:
            now[lagged] = 0.0
