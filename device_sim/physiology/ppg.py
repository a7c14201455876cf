"""Beats and movement in, the light that a band sees out: PPG [units of an E4's BVP] at 64 Hz, and when it was spoiled.

What is said to be measured was measured in Stress-Predict (doi:10.3390/s22218135): the mean beat of its E4, the
spectra of its BVP in stillness and in movement, and how much higher BVP goes the more the wrist moves.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.signal import cheby2

from device_sim.physiology.drive import Drive
from device_sim.physiology.heart import ARRIVES_S, BEATS_MAX, STEPS, Beats
from device_sim.physiology.lag import share
from device_sim.physiology.motion import RATE as MOTION_RATE
from device_sim.physiology.noise import Keys, keys, normal, uniform
from device_sim.physiology.person import Person
from ingest.types import CHANNELS, Array

RATE: Final = CHANNELS["ppg"].grid_hz
_HOLD: Final = RATE // MOTION_RATE
_STEP: Final = RATE // STEPS
# The mean beat: a notch, a crest and a broad shoulder, fitted through the coupling and an earlier, gentler low-pass.
_WAVE_AT: Final = (0.077, 0.159, 0.509)  # s after the heart's beat, at 75 bpm
_WAVE_SD: Final = (0.103, 0.127, 0.264)
_WAVE_HIGH: Final = (-1.034, 0.579, 1.509)  # so that it is 1 high at 75 bpm
_ENDS_S: Final = 1.35
_RISES_S: Final = 0.1  # a pulse begins smoothly
_SHAPES: Final = 0.25  # how differently high the shoulder is: measured, from a third lower to higher than the crest
_VARIES: Final = 0.32  # how much a wave of height 1 varies (standard deviation)
# Artefacts are noise with about the spectrum that BVP has in movement: three splines over random knots, so many samples
# apart; each varies by 0.69, the sum of three by 1.
_KNOTS: Final = (12, 6, 4, 24)
_MIX: Final = (1.31, 0.55, 0.15, 1.45)  # chosen by the measured spectrum;
_RESTS: Final = 2  # the fast one also reaches beyond the low-pass,
_BLURS: Final = 3  # and the last, slow one is the sensor's own
# Beyond the low-pass an E4 shows nothing in most seconds and much in a few, the more often the larger the artefact is:
# seen in six sets second by second; the numbers are chosen by the power beyond 16 Hz.
_SPILLS: Final = (200.0, 0.8)  # units of BVP that it varies by where every other second does: median, log-spread
_SPILT: Final = 2.0  # times the fast spline
_SPOILED: Final = 3.0  # times the pulse varies that an artefact varies in the strongest movement: measured
_HALF_G: Final = 0.10  # and the movement at which it is half of that
_SHAKING: Final = (share(0.12, RATE), share(0.9, RATE))  # an artefact comes with the movement and stays a while
_FITS: Final = 1.0  # the same movement spoils more or less, log-normally, for seconds: measured
_FITFUL: Final = (np.exp(-1 / 6.0), np.exp(-1 / 150.0))  # a second
_BLUR: Final = 1.0  # what a person's ``blur`` is worth in an artefact's units
_LOOSE: Final = 3.0  # times as much if the band hangs loose: our choice, as all about loose bands
_LOST: Final = 0.5  # pulses get through while it hangs
_COUPLES: Final = 0.5  # of an artefact follows the movement itself
_SMOOTH: Final = share(0.06, RATE)  # tissue smooths what movement does to light
_BREATHES: Final = 0.05  # pulses that the baseline rises and falls with breathing: our choice
_COUPLED: Final = 1 - np.exp(-2 * np.pi * 0.4 / RATE)  # bands are AC coupled: BVP is flat below 0.5 Hz
_AMPLITUDE: Final = (np.exp(-1 / 45.0), 0.3)  # height wanders over a minute: measured, with the spread of sessions
_STOPPED_HZ: Final = 11.6  # a resting pulse ends abruptly there: measured
_STOPPED_DB: Final = 50.0  # low-pass of sixth order
_TINY: Final = 1e-9
_DROWNED: Final = 1.2  # times the pulse varies: an artefact of that size hides it; our choice


_SECTIONS: Final = cheby2(6, _STOPPED_DB, _STOPPED_HZ, fs=RATE, output="sos")


class Light:
    """State of k sensors; a push of n seconds gives the PPG (k, 64 n) and the seconds that were spoiled (k, n)."""

    def __init__(self, people: tuple[Person, ...], *, seed: int) -> None:
        self._keys = keys(seed=seed, numbers=tuple(person.number for person in people))
        self._own = np.array([(p.pulse, p.blur) for p in people]).reshape(-1, 2)
        k = len(people)
        self._feet = np.tile([-9.0, 1.0, 1.0, 1.0], (k, 3, 1))  # the last three beats: time, height, width, second hump
        self._slow = np.zeros((k, 3))  # two scales of how badly movement spoils; the wandering height
        self._fast = np.zeros((k, 10))  # shaking, movement, the mean that coupling takes off, the low-pass, artefact

    def push(self, drive: Drive, moving: Array, beats: Beats, *, first: int) -> tuple[Array, NDArray[np.bool_]]:
        """``moving``: the moving part of acceleration (k, 32 n) [g]; ``first``: the index of the first second."""
        k, n = drive.arousal.shape
        ppg, drowned = np.empty((k, RATE * n)), np.zeros((k, n), np.bool_)
        seen = (drive.worn, drive.fit, moving, beats.time_s, beats.pulse, beats.breath)
        state = (self._feet, self._slow, self._fast)
        _shine(self._keys, first, self._own, *seen, *state, ppg, drowned)
        return ppg, drowned


@njit(cache=True, nogil=True)
def _shine(
    keys: Keys,
    first: int,
    own: Array,
    worn: NDArray[np.bool_],
    fit: Array,
    moving: Array,
    time_s: Array,
    pulse: Array,
    breath: Array,
    feet: Array,
    slow: Array,
    fast: Array,
    ppg: Array,
    drowned: NDArray[np.bool_],
) -> None:
    rows, seconds = worn.shape
    knots = np.empty((4, 4))
    for r in range(rows):
        key, (high, blur) = keys[r], own[r]
        leak = _SPILLS[0] * np.exp(_SPILLS[1] * normal(key, 50, 1))
        second_hump = 1 + _SHAPES * normal(key, 50, 0)
        for i in range(seconds):
            looseness = 1 - fit[r, i]
            spoils = _wander(key, first + i, slow[r]) * (1 + _LOOSE * looseness)
            height = np.exp(_AMPLITUDE[1] * slow[r, 2]) * (1 - (1 - _LOST) * looseness) if worn[r, i] else 0.0
            varies = (high * _VARIES * _SPOILED * spoils * fast[r, 0] / (fast[r, 0] + _HALF_G)) ** 2
            spills = 1.0 if uniform(key, 58, first + i) * (varies + leak * leak) < varies else 0.0
            drowned[r, i] = not worn[r, i]
            next_beat, last_beat = i * BEATS_MAX, (i + 1) * BEATS_MAX
            for s in range(RATE):
                j = i * RATE + s
                at = (first + i) * RATE + s
                now_s = at / RATE
                while next_beat < last_beat and time_s[r, next_beat] - ARRIVES_S <= now_s:
                    feet[r, 1:] = feet[r, :-1].copy()
                    feet[r, 0, 0], feet[r, 0, 1:] = time_s[r, next_beat] - ARRIVES_S, pulse[r, next_beat]
                    next_beat += 1
                value = 0.0
                if height > 0:
                    for foot in range(3):
                        value += _wave(now_s, feet[r, foot], second_hump)
                    value = height * (value + _BREATHES * breath[r, j // _STEP])
                shaken = moving[r, j // _HOLD]
                size = abs(shaken)
                fast[r, 0] += (size - fast[r, 0]) * (_SHAKING[0] if size > fast[r, 0] else _SHAKING[1])
                fast[r, 1] += (shaken - fast[r, 1]) * _SMOOTH
                swamp = spoils * _SPOILED * fast[r, 0] / (fast[r, 0] + _HALF_G)
                noise, rest, dims = _noise(key, at, j == 0, knots)
                follows = _COUPLES * fast[r, 1] / (fast[r, 0] + 0.01)
                value += _VARIES * (_BLUR * blur * spoils * dims + swamp * (noise + rest + follows))
                fast[r, 9] += (spills * swamp - fast[r, 9]) * _SMOOTH
                if fast[r, 9] < _TINY:
                    fast[r, 9] = 0.0
                value = high * (_passed(value, fast[r, 3:9]) + _VARIES * _SPILT * fast[r, 9] * rest)
                drowned[r, i] |= swamp > _DROWNED
                fast[r, 2] += (value - fast[r, 2]) * _COUPLED
                ppg[r, j] = value - fast[r, 2]
            while next_beat < last_beat and time_s[r, next_beat] >= 0:  # begun after the second's last sample
                feet[r, 1:] = feet[r, :-1].copy()
                feet[r, 0, 0], feet[r, 0, 1:] = time_s[r, next_beat] - ARRIVES_S, pulse[r, next_beat]
                next_beat += 1


@njit(cache=True, nogil=True)
def _wave(now_s: float, foot: Array, second_hump: float) -> float:
    """One pulse at ``now_s``: two humps, as wide as the beat before it was long."""
    out = 0.0
    since = (now_s - foot[0]) / foot[2]
    if since > _ENDS_S:
        return out
    begun = min(since / _RISES_S, 1.0)
    for hump in range(3):
        z = (since - _WAVE_AT[hump]) / _WAVE_SD[hump]
        if z < 4:
            out += _WAVE_HIGH[hump] * (second_hump * foot[3] if hump == 2 else 1.0) * np.exp(-0.5 * z * z)
    risen: float = foot[1] * out * begun * begun * (3 - 2 * begun)
    return risen


@njit(cache=True, nogil=True)
def _passed(value: float, held: Array) -> float:
    """Take the low-pass a sample on, in place; return what it passes."""
    for section in range(3):
        b0, b1, b2, _, a1, a2 = _SECTIONS[section]
        out = b0 * value + held[2 * section]
        held[2 * section] = b1 * value - a1 * out + held[2 * section + 1]
        held[2 * section + 1] = b2 * value - a2 * out
        value = out
    return value


@njit(cache=True, nogil=True)
def _wander(key: int, second: int, slow: Array) -> float:
    """Take one row's slow changes a second on, in place; return how badly movement spoils now, about 1."""
    for scale in range(2):
        kept = _FITFUL[scale]
        slow[scale] = kept * slow[scale] + np.sqrt(1 - kept * kept) * normal(key, 51 + scale, second)
    kept = _AMPLITUDE[0]
    slow[2] = kept * slow[2] + np.sqrt(1 - kept * kept) * normal(key, 53, second)
    spoils: float = np.exp(_FITS * (0.9 * slow[0] + 0.43 * slow[1]))
    return spoils


@njit(cache=True, nogil=True)
def _noise(key: int, at: int, begins: bool, knots: Array) -> tuple[float, float, float]:
    """Noise with the spectrum of artefacts in two parts, of variance 1 in all, the second for behind the low-pass; and
    noise of variance 1 of the sensor itself. ``knots`` is scratch that is filled anew where it begins."""
    total, rest, own = 0.0, 0.0, 0.0
    for kind in range(4):
        every = _KNOTS[kind]
        knot, into = at // every, at % every
        if begins or into == 0:
            for k in range(4):
                knots[kind, k] = normal(key, 54 + kind, knot + k)
        x = into / every
        y = 1 - x
        drawn = knots[kind, 0] * y * y * y + knots[kind, 3] * x * x * x
        drawn += knots[kind, 1] * (4 - 6 * x * x + 3 * x * x * x)
        drawn += knots[kind, 2] * (4 - 6 * y * y + 3 * y * y * y)
        if kind == _BLURS:
            own = _MIX[kind] * drawn / 6
        elif kind == _RESTS:
            rest = _MIX[kind] * drawn / 6
        else:
            total += _MIX[kind] * drawn / 6
    return total, rest, own
