"""Arousal, effort, heat, wear and movement in, skin conductance [uS], its responses and its artefacts out, at 4 Hz.

A response is a difference of two exponentials (Bateman shape: Benedek & Kaernbach 2010,
doi:10.1111/j.1469-8986.2009.00972.x; 2.0 s and 0.7 s at the fastest, as Greco et al. 2016 take them,
doi:10.1109/TBME.2015.2474131); responses are a point process whose rate rises with arousal and with effort. They
habituate (Edwards 1975, doi:10.1016/0301-0511(75)90027-7), and glands that are full have little left to give.
What is said to be measured was measured in Stress-Predict (doi:10.3390/s22218135), an E4 on seated people.
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
_DECAY_S: Final = (2.0, 0.9)  # the fastest skins decay with 2 s; slower ones by a log-spread: our choice
_RISE_S: Final = (0.7, 0.5)
_MEDIAN_S: Final = (_DECAY_S[0] + 0.5 * _DECAY_S[1], _RISE_S[0] + 0.5 * _RISE_S[1])
# From onset to peak in the median skin: 1.47 s.
PEAK_S: Final = float(np.log(_MEDIAN_S[0] / _MEDIAN_S[1]) / (1 / _MEDIAN_S[1] - 1 / _MEDIAN_S[0]))
_REFRACTORY: Final = 5  # samples: the same glands do not answer twice within a second or so
_SILENT: Final = 0.08  # what a non-responder's skin keeps of its gains: our choice, too little to be told by
_AROUSED: Final = share(15.0, RATE)  # the tonic level follows arousal up in tens of seconds,
_CALMED: Final = share(120.0, RATE)  # and down in minutes, as in the tasks of Stress-Predict
_HEATED: Final = share(150.0, RATE)  # sweating for heat begins minutes into exercise: our choice, 2.5 of them
_SWEATS: Final = (1.2, 1.5)  # times the level more at full effort, and in a heat wave: our choice
_WORKS: Final = 2.0  # times the responses more at full effort: our choice
_STIRS: Final = 0.5  # as many responses again while the arm moves by ``_STIRS_G``; they come with movement: measured
_STIRS_G: Final = 0.1
_ASLEEP: Final = (0.35, 0.8)  # the level that sleep takes, and the responses; "storms" of deep sleep are left out
_HABITUATES: Final = 0.05  # of its size that each response takes from the next ones: our choice, as all of this
_RECOVERS: Final = share(60.0, RATE)
_NOVEL: Final = 1.5  # of habituation that goes when arousal rises in full: something new is answered anew
_NEWS: Final = share(20.0, RATE)
# The level at which glands and ducts are full [uS], and times one's own level on top: our choice, so that a calm skin
_FULL: Final = (9.0, 5.0)  # is never near it; nine tenths of measured levels lie below 5.6 uS (person.py)
_WANDER: Final = (np.exp(-1 / (RATE * 200.0)), np.exp(-1 / (RATE * 5400.0)))  # the tonic level drifts for hours:
_WANDER_SHARE: Final = (0.13, 0.45)  # measured: levels 60 s, 5 and 20 min apart differ by 9 %, 25 % and 55 %
_UNLIKE: Final = (
    0.5  # people and sites differ, log-normally; chosen by how much minutes vary: here 2 to 14 % of the level
)
_SMOOTH: Final = share(12.0, RATE)  # the drift itself is smooth: steps would look like responses
# What movement does to electrodes: by how EDA changes in seconds of more and more movement.
_PRESSED: Final = 0.024  # share of the level that a press or drag moves it in a sample, at most
_HALF_G: Final = 0.30  # the movement at which it is half of that
_UNMOVED_G: Final = 0.004  # so little movement leaves electrodes where they are
_FITS: Final = 1.0  # the same movement does more or less, log-normally
_GIVES: Final = share(1.6, RATE)  # and the skin gives way again
_KNOCKED: Final = 0.10  # share of the level that an electrode which lifts takes at once; and it comes back as
_LIFTS: Final = 0.16  # often as this a second in strong movement: EDA's steepest falls
_SETTLES: Final = share(1.2, RATE)
_LOOSE: Final = 3.0  # times more of both if the band hangs loose: our choice, as the next two
_LOOSE_LOSS: Final = 0.5  # of the level goes
_TOUCH: Final = share(60.0, RATE)  # electrodes put on anew need a minute or so
_SOAK: Final = share(700.0, RATE)  # and the skin under them to become moist; makers ask for some 15 min
_DRY: Final = (0.2, 0.45)  # what they show of the level as they touch, and until it is moist
_WARM: Final = 0.8  # share of the touch under which the level cannot be trusted: our choice
_SPOILED: Final = 0.02  # and the share of the level that a press must change to look like a response: our choice
_NOISE_US: Final = (0.0007, 0.0011)  # measured: the sensor's own, and by the root of the level,
_NOISY: Final = 0.6  # log-normally from band to band
_CEILING_US: Final = 40.0  # every sensor ends somewhere: our choice, what 16 bits hold (band.py: 41.9 uS), and below
# the 60 uS from which a level is no skin's: Kleckner 2018, doi:10.1109/TBME.2017.2758643
_TINY: Final = 1e-9


class Sweat:
    """State of k skins; a push of n seconds gives the EDA (k, 4 n) [uS]; at the sample after its onset, each response:
    onset [s] and amplitude [uS], (k, 4 n), NaN elsewhere; and the seconds that were spoiled (k, n)."""

    def __init__(self, people: tuple[Person, ...], *, seed: int) -> None:
        self._keys = keys(seed=seed, numbers=tuple(person.number for person in people))
        gain = [1.0 if p.sweat_responder else _SILENT for p in people]
        own = [
            (p.eda_us, p.eda_gain * g, p.scr_per_min / 60, p.scr_us, p.scr_gain * g, 0.0, 0.0, 0.0, 1.0, 1.0)
            for p, g in zip(people, gain, strict=True)
        ]
        self._own = np.array(own).reshape(-1, 10)
        k = len(people)
        self._level = np.zeros((k, 6))  # arousal, effort, heat, two drifts, the smooth sum of them
        self._answer = np.zeros((k, 5))  # decaying, rising, rest, habituation, arousal of late
        self._touch = np.tile([1.0, 1.0, 0.0, 0.0], (k, 1))  # touch, moisture, press, lift
        _make(self._keys, self._own, self._level)

    def push(self, drive: Drive, moving: Array, *, first: int) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
        """``moving``: the moving part of acceleration (k, 32 n) [g]; ``first``: the index of the first second."""
        k, n = drive.arousal.shape
        eda = np.empty((k, RATE * n))
        onsets, amplitudes = np.full((k, RATE * n), np.nan), np.full((k, RATE * n), np.nan)
        displaced = np.zeros((k, n), np.bool_)
        causes = (drive.arousal, drive.effort, drive.heat, drive.asleep)
        driven = np.ascontiguousarray(np.stack(causes, axis=-1))
        state = (self._level, self._answer, self._touch)
        what = (driven, drive.worn, drive.fit, moving)
        _sweat(self._keys, first, self._own, *what, *state, eda, onsets, amplitudes, displaced)
        return eda, onsets, amplitudes, displaced


@njit(cache=True, nogil=True)
def _make(keys: Keys, own: Array, level: Array) -> None:
    """Fill in how fast each skin answers (decay, rise [s]) and what makes its peak 1, and where its level drifts."""
    for r in range(own.shape[0]):
        decay_s = _DECAY_S[0] + _DECAY_S[1] * np.exp(0.6 * normal(keys[r], 59, 0)) * uniform(keys[r], 59, 1)
        rise_s = _RISE_S[0] + _RISE_S[1] * uniform(keys[r], 59, 2)
        peak_s = np.log(decay_s / rise_s) * decay_s * rise_s / (decay_s - rise_s)
        own[r, 5], own[r, 6] = decay_s, rise_s
        own[r, 7] = 1 / (np.exp(-peak_s / decay_s) - np.exp(-peak_s / rise_s))
        own[r, 8], own[r, 9] = np.exp(_NOISY * normal(keys[r], 59, 5)), np.exp(_UNLIKE * normal(keys[r], 59, 6))
        for d in range(2):
            level[r, 3 + d] = normal(keys[r], 59, 3 + d)
        level[r, 5] = _WANDER_SHARE[0] * own[r, 9] * level[r, 3] + _WANDER_SHARE[1] * level[r, 4]


@njit(cache=True, nogil=True)
def _sweat(
    keys: Keys,
    first: int,
    own: Array,
    driven: Array,
    worn: NDArray[np.bool_],
    fit: Array,
    moving: Array,
    level: Array,
    answer: Array,
    touch: Array,
    eda: Array,
    onsets: Array,
    amplitudes: Array,
    displaced: NDArray[np.bool_],
) -> None:
    rows, seconds, _ = driven.shape
    for r in range(rows):
        key = keys[r]
        level_us, gain = own[r, 0], own[r, 1]
        full_us = _FULL[0] + _FULL[1] * level_us
        decay, rise = np.exp(-1 / (RATE * own[r, 5])), np.exp(-1 / (RATE * own[r, 6]))
        for j in range(seconds * RATE):
            i, at = j // RATE, first * RATE + j
            shake = 0.0
            for m in range(j * _HOLD, (j + 1) * _HOLD):
                shake += abs(moving[r, m]) / _HOLD
            loose = 1 - fit[r, i]
            _drift(key, at, driven[r, i], own[r, 9], level[r])
            tonic = level_us * (1 + gain * level[r, 0] + _SWEATS[0] * level[r, 1] + _SWEATS[1] * max(level[r, 2], 0.0))
            tonic *= np.exp(level[r, 5]) * (1 - _ASLEEP[0] * driven[r, i, 3])
            answer[r, 0] *= decay
            answer[r, 1] *= rise
            skin = tonic + own[r, 7] * (answer[r, 0] - answer[r, 1])
            room = max(1 - skin / full_us, 0.05)
            ago_s, amplitude = _respond(key, at, own[r], driven[r, i], shake, room, answer[r])
            if amplitude > 0:
                onsets[r, j] = at / RATE - ago_s
                amplitudes[r, j] = amplitude
                skin += own[r, 7] * amplitude * (np.exp(-ago_s / own[r, 5]) - np.exp(-ago_s / own[r, 6]))
            skin = _saturated(skin, full_us)
            pressed = _press(key, at, worn[r, i], shake, loose, touch[r])
            displaced[r, i] |= not worn[r, i] or touch[r, 0] < _WARM or abs(pressed) > _SPOILED
            shown = touch[r, 0] * (_DRY[1] + (1 - _DRY[1]) * touch[r, 1]) * (1 - _LOOSE_LOSS * loose)
            value = skin * shown * (1 + pressed)
            value += own[r, 8] * (_NOISE_US[0] + _NOISE_US[1] * np.sqrt(skin)) * normal(key, 63, at)
            eda[r, j] = min(max(value if worn[r, i] else 0.002 * uniform(key, 64, at), 0.0), _CEILING_US)


@njit(cache=True, nogil=True)
def _saturated(skin: float, full_us: float) -> float:
    """What glands show that would show ``skin`` if they never were full: the same far below ``full_us``, never more."""
    square = (skin / full_us) ** 2
    shown: float = skin / np.sqrt(np.sqrt(1 + square * square))
    return shown


@njit(cache=True, nogil=True)
def _respond(
    key: int, at: int, own: Array, driven: Array, shake: float, room: float, answer: Array
) -> tuple[float, float]:
    """Let one row's skin answer, in place; return how long ago the response began [s] and its size [uS], or 0."""
    arousal, effort, _, asleep = driven
    answer[2] = max(answer[2] - 1, 0)
    answer[3] -= answer[3] * _RECOVERS
    news = max(arousal - answer[4], 0.0)
    answer[3] *= max(1 - _NOVEL * news * _NEWS, 0.0)
    answer[4] += (arousal - answer[4]) * _NEWS
    for lagged in (0, 1, 3, 4):
        if answer[lagged] < _TINY:
            answer[lagged] = 0.0
    rate = own[2] * (1 + own[4] * arousal + _WORKS * effort + _STIRS * shake / (shake + _STIRS_G))
    rate *= 1 - _ASLEEP[1] * asleep
    if answer[2] > 0 or uniform(key, 60, at) * RATE >= rate:
        return 0.0, 0.0
    # How responses differ in size, and grow with arousal: our choice.
    amplitude = own[3] * np.exp(0.6 * normal(key, 61, at)) * (1 + 0.6 * arousal) * np.exp(-answer[3]) * room
    ago_s = uniform(key, 62, at) / RATE
    answer[0] += amplitude * np.exp(-ago_s / own[5])
    answer[1] += amplitude * np.exp(-ago_s / own[6])
    answer[2] = _REFRACTORY
    answer[3] += _HABITUATES
    return ago_s, amplitude


@njit(cache=True, nogil=True)
def _drift(key: int, at: int, driven: Array, unlike: float, level: Array) -> None:
    """Take one row's tonic level one sample on, in place."""
    level[0] += (driven[0] - level[0]) * (_AROUSED if driven[0] > level[0] else _CALMED)
    level[1] += (driven[1] - level[1]) * _HEATED
    level[2] += (driven[2] - level[2]) * _HEATED
    for lagged in range(3):
        if -_TINY < level[lagged] < _TINY:
            level[lagged] = 0.0
    drawn = 0.0
    for d in range(2):
        kept = _WANDER[d]
        level[3 + d] = kept * level[3 + d] + np.sqrt(1 - kept * kept) * normal(key, 65 + d, at)
        drawn += _WANDER_SHARE[d] * level[3 + d] * (unlike if d == 0 else 1.0)
    level[5] += (drawn - level[5]) * _SMOOTH


@njit(cache=True, nogil=True)
def _press(key: int, at: int, worn: bool, shake: float, loose: float, touch: Array) -> float:
    """Take one row's electrodes one sample on, in place; return the share of the level that movement changes."""
    if worn:
        touch[0] += (1 - touch[0]) * _TOUCH
        touch[1] += (1 - touch[1]) * _SOAK
    else:
        touch[0], touch[1] = _DRY[0], touch[1] * (1 - _SOAK)
    moved = max(shake - _UNMOVED_G, 0.0)
    hard = moved / (moved + _HALF_G) * (1 + _LOOSE * loose)
    touch[2] -= touch[2] * _GIVES
    touch[3] -= touch[3] * _SETTLES
    if hard > 0:
        fits = np.exp(_FITS * normal(key, 67, at // (5 * RATE)))
        touch[2] += _PRESSED * hard * fits * normal(key, 66, at)
        if uniform(key, 68, at) * RATE < _LIFTS * hard:
            touch[3] -= _KNOCKED * fits * uniform(key, 69, at)
    for lagged in (2, 3):
        if -_TINY < touch[lagged] < _TINY:
            touch[lagged] = 0.0
    changed: float = min(max(touch[2] + touch[3], -0.9), 1.5)
    return changed
