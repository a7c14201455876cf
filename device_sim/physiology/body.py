"""What people go through in, what their bodies do out: every channel of a band with the truth behind it.

Pure and seeded. Where a stream is cut changes nothing, and a row knows nothing of its neighbours, to the last bit on
one machine; elsewhere exp and sin may differ in the last bit, and so the wire's values by one step of the band.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device_sim.physiology.drive import Drive
from device_sim.physiology.heart import Heart
from device_sim.physiology.motion import Motion
from device_sim.physiology.person import Person
from device_sim.physiology.ppg import Light
from device_sim.physiology.skin import Skin
from device_sim.physiology.sweat import Sweat
from ingest.types import Array


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """m events, row by row and within a row in time order: ``row`` (m,), ``time_s`` (m,) [s since the first second that
    was ever pushed] and ``value`` (m,)."""

    row: NDArray[np.intp]
    time_s: Array
    value: Array


@dataclass(frozen=True, slots=True, eq=False)
class Artefacts:
    """Second by second, whether a channel was spoiled, so that what it says is not the body's: (k, n) bool each.

    ``eda``: an electrode moved, was not yet warm or sat loose; ``ppg``: movement drowned the pulse, or the band sat
    loose. Both are true while the band is off.
    """

    eda: NDArray[np.bool_]
    ppg: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """n seconds of k rows in the units of ``ingest.types.CHANNELS``, before any band has quantised them.

    ``eda`` and ``temperature`` (k, 4 n), ``ppg`` (k, 64 n) in units of an E4's BVP, ``motion`` (k, 3, 32 n). The truth:
    ``beats`` (time of the pulse's foot, value: the interval that it ended [s]), ``responses`` (time of the onset,
    value: amplitude [uS]) of the skin, worn or not, ``artefacts`` and ``drive``, second by second.
    """

    drive: Drive
    eda: Array
    temperature: Array
    ppg: Array
    motion: Array
    beats: Events
    responses: Events
    artefacts: Artefacts


class Physiology:
    """The bodies of ``people``, a row each; holds all their state."""

    def __init__(self, people: tuple[Person, ...], *, seed: int) -> None:
        self._motion = Motion(people, seed=seed)
        self._heart = Heart(people, seed=seed)
        self._light = Light(people, seed=seed)
        self._sweat = Sweat(people, seed=seed)
        self._skin = Skin(people, seed=seed)
        self._rows = len(people)
        self._seconds = 0

    def push(self, drive: Drive) -> Samples:
        """Live through ``drive``: (k, n) for these k people; raises ValueError for another number of rows."""
        if drive.arousal.shape[0] != self._rows:
            raise ValueError(f"the drive has {drive.arousal.shape[0]} rows for {self._rows} people")
        first = self._seconds
        motion, moving = self._motion.push(drive, first=first)
        beating = self._heart.push(drive, moving, first=first)
        ppg, drowned = self._light.push(drive, moving, beating, first=first)
        eda, onsets_s, amplitudes, displaced = self._sweat.push(drive, moving, first=first)
        temperature = self._skin.push(drive, first=first)
        self._seconds += drive.seconds
        beats, responses = _events(beating.time_s, beating.interval_s), _events(onsets_s, amplitudes)
        return Samples(drive, eda, temperature, ppg, motion, beats, responses, Artefacts(displaced, drowned))


def _events(time_s: Array, value: Array) -> Events:
    row, at = np.nonzero(np.isfinite(time_s))
    return Events(row, time_s[row, at], value[row, at])
