"""What wearers do in, what their wrists feel out: three-axis acceleration [g] at 32 Hz."""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from device_sim.physiology.drive import POSTURES, Drive
from device_sim.physiology.lag import share
from device_sim.physiology.noise import Keys, keys, normal
from device_sim.physiology.person import Person
from ingest.types import CHANNELS, Array

RATE: Final = CHANNELS["motion"].grid_hz
_ARM: Final = np.array(  # gravity when the arm lies on a table, in the lap, on its side, hangs; and on a shelf
    [[-0.35, -0.05, 0.93], [-0.62, 0.1, 0.78], [-0.25, 0.5, 0.83], [-0.93, 0.05, 0.35], [0.02, -0.01, 1.0]]
)  # the medians of Stress-Predict's sessions lie between these (doi:10.3390/s22218135)
_HANGING: Final = 3
_SHELF: Final = 4
_ANGLES: Final = 0.12  # how differently people hold their arms [g]
_ACTS: Final = 4  # walk, run, fidget, flap
_EASE: Final = share(0.3, RATE)  # acts start and stop within about a second
_TURN: Final = share(0.5, RATE)  # so does the arm's turning
_SWAY: Final = np.exp(-1 / (RATE * 2.0))  # slow sway while sitting
_SWAY_G: Final = 0.004
_NOISE_G: Final = 0.003  # sensor noise and tremor; an E4's step of 1/64 g adds 0.0045 g, as in Stress-Predict
_WALK_G: Final = 0.2
_RUN_G: Final = 0.55
_FIDGET_G: Final = 0.25
_FLAP_G: Final = 0.8
_RUN_HZ: Final = 2.6
_POLE: Final = 0.88  # fidgeting is noise around 1.5 Hz, some 1.5 Hz wide
_A1: Final = 2 * _POLE * np.cos(2 * np.pi * 1.5 / RATE)
_A2: Final = -_POLE * _POLE
_UNIT: Final = np.sqrt((1 + _A2) * ((1 - _A2) ** 2 - _A1**2) / (1 - _A2))  # makes its variance 1
_TINY: Final = 1e-9


class Motion:
    """State of k wrists; a push of n seconds gives acceleration (k, 3, 32 n) and its moving part (k, 32 n) [g]."""

    def __init__(self, people: tuple[Person, ...], *, seed: int) -> None:
        self._keys = keys(seed=seed, numbers=tuple(person.number for person in people))
        self._rhythm = np.array([[person.steps_hz, person.flap_hz] for person in people]).reshape(-1, 2)
        k = len(people)
        self._arm = np.empty((k, POSTURES + 1, 3))
        _hold_arms(self._keys, self._arm)
        self._acts = np.zeros((k, _ACTS))
        self._gravity = np.full((k, 3), np.nan)
        self._phase = np.zeros((k, 3))
        self._noise = np.zeros((k, 3, 3))  # axis by (fidget now, fidget before, sway)

    def push(self, drive: Drive, *, first: int) -> tuple[Array, Array]:
        """``first``: how many seconds were pushed before; the index of the first one."""
        k, n = drive.arousal.shape
        motion, moving = np.empty((k, 3, RATE * n)), np.empty((k, RATE * n))
        acts = np.ascontiguousarray(np.stack([drive.walk, drive.run, drive.fidget, drive.flap], axis=-1))
        state = (self._acts, self._gravity, self._phase, self._noise)
        _move(self._keys, first, self._rhythm, self._arm, acts, drive.posture, drive.worn, *state, motion, moving)
        return motion, moving


@njit(cache=True, nogil=True)
def _hold_arms(keys: Keys, arm: Array) -> None:
    for r in range(arm.shape[0]):
        for p in range(arm.shape[1]):
            for axis in range(3):
                own = normal(keys[r], 20, 3 * p + axis) * _ANGLES if p != _SHELF else 0.0
                arm[r, p, axis] = _ARM[p, axis] + own
            arm[r, p] /= np.sqrt((arm[r, p] ** 2).sum())


@njit(cache=True, nogil=True)
def _move(
    keys: Keys,
    first: int,
    rhythm: Array,
    arm: Array,
    acts: Array,
    posture: NDArray[np.int64],
    worn: NDArray[np.bool_],
    level: Array,
    gravity: Array,
    phase: Array,
    noise: Array,
    motion: Array,
    moving: Array,
) -> None:
    rows, seconds, _ = acts.shape
    for r in range(rows):
        key = keys[r]
        for i in range(seconds):
            lies = posture[r, i] if worn[r, i] else _SHELF
            if worn[r, i] and max(acts[r, i, 0], acts[r, i, 1]) > 0.1:
                lies = _HANGING
            if np.isnan(gravity[r, 0]):
                gravity[r] = arm[r, lies]
            for s in range(RATE):
                at = (first + i) * RATE + s
                _go_on(key, at, acts[r, i], rhythm[r], level[r], phase[r])
                walk, run, fidget, flap = level[r]
                up, side = _stride(walk, run, phase[r])
                wrist, hand = _flapping(flap, phase[r, 2])
                rough = _FIDGET_G * fidget + 0.25 * _RUN_G * run + 0.25 * _WALK_G * walk + 0.15 * _FLAP_G * flap
                size = 0.0
                for axis in range(3):
                    gravity[r, axis] += (arm[r, lies, axis] - gravity[r, axis]) * _TURN
                    along = gravity[r, axis]
                    own = rough * _shake(key, at, axis, noise[r, axis]) + up * along
                    if axis == 0:
                        own += side
                    elif axis == 1:
                        own += 0.4 * side + wrist
                    else:
                        own += hand
                    size += own * (1.0 if axis == 0 else 0.6)
                    still = noise[r, axis, 2] if worn[r, i] else 0.0
                    motion[r, axis, i * RATE + s] = along + own + still + _NOISE_G * normal(key, 28 + axis, at)
                moving[r, i * RATE + s] = size


@njit(cache=True, nogil=True)
def _go_on(key: int, at: int, acts: Array, rhythm: Array, level: Array, phase: Array) -> None:
    """Take one row's acts and their rhythms one sample on, in place."""
    for a in range(_ACTS):
        level[a] += (acts[a] - level[a]) * _EASE
        if level[a] < _TINY:
            level[a] = 0.0
    phase[0] = (phase[0] + rhythm[0] / RATE) % 2.0  # two steps: one swing of the arm
    phase[1] = (phase[1] + _RUN_HZ / RATE) % 2.0
    phase[2] = (phase[2] + rhythm[1] * (1 + 0.1 * normal(key, 21, at // RATE)) / RATE) % 1.0


@njit(cache=True, nogil=True)
def _stride(walk: float, run: float, phase: Array) -> tuple[float, float]:
    """What steps do along gravity and what the swinging arm does along itself [g]."""
    up, side = 0.0, 0.0
    if walk > 0:
        step, swing = 2 * np.pi * phase[0], np.pi * phase[0]
        up = _WALK_G * walk * (np.sin(step) + 0.4 * np.sin(2 * step + 0.7))
        side = 0.6 * _WALK_G * walk * np.sin(swing)
    if run > 0:
        stride, pump = 2 * np.pi * phase[1], np.pi * phase[1]
        up += _RUN_G * run * (np.sin(stride) + 0.3 * np.sin(2 * stride + 0.4))
        side += 0.7 * _RUN_G * run * np.sin(pump)
    return up, side


@njit(cache=True, nogil=True)
def _flapping(flap: float, phase: float) -> tuple[float, float]:
    """What a flapping hand does across the wrist, and across the hand [g]."""
    if not flap > 0:
        return 0.0, 0.0
    turn = 2 * np.pi * phase
    return 0.5 * _FLAP_G * flap * np.cos(turn), _FLAP_G * flap * np.sin(turn)


@njit(cache=True, nogil=True)
def _shake(key: int, at: int, axis: int, noise: Array) -> float:
    """Take one axis's fidgeting and sway one sample on, in place; return the fidgeting, of variance 1."""
    sways = normal(key, 22 + axis, at)
    now: float = _A1 * noise[0] + _A2 * noise[1] + _UNIT * normal(key, 25 + axis, at)
    noise[1] = noise[0]
    noise[0] = now
    noise[2] = _SWAY * noise[2] + sways * _SWAY_G * np.sqrt(1 - _SWAY * _SWAY)
    return now
