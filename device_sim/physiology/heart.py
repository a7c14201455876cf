"""What a body lives through in, its beats out: when each pulse begins at the wrist, and how that pulse will look.

Beats come where the integral of the instantaneous rate passes a whole number (integral pulse frequency modulation:
Mateo & Laguna 2000, IEEE Trans Biomed Eng 47:985-996). Breathing modulates the rate, and so does the pressure of the
blood through the baroreflex, whose delayed sympathetic arm makes pressure swing near 0.1 Hz (de Boer et al. 1987, Am J
Physiol 253:H680; Cohen & Taylor 2002, doi:10.1113/jphysiol.2002.017483). Deviation: their beat-to-beat equations are
a continuous loop of two lags and a delay here, whose constants are ours, chosen so that it resonates at 0.1 Hz.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit

from device_sim.physiology.drive import Drive
from device_sim.physiology.lag import share
from device_sim.physiology.motion import RATE as MOTION_RATE
from device_sim.physiology.noise import Keys, keys, normal, uniform
from device_sim.physiology.person import Person
from ingest.types import Array

BEATS_MAX: Final = 4  # a second: 240 bpm
STEPS: Final = 8  # a second: the rate is constant within a step
_PER_STEP: Final = MOTION_RATE // STEPS
_LOWEST: Final = 35.0  # bpm that a heart here never leaves: our choice, below all that is drawn of calm sleepers,
_HIGHEST: Final = 210.0  # and the most at ten years of age by the rule of thumb of 220 less the age
_SILENT: Final = 0.08  # what a non-responder's heart keeps of its gain: our choice, too little to be told by
_AROUSED: Final = share(6.0, STEPS)  # sympathetic nerves move a heart with time constants of 1-2 s, or of 10-20 s in
# older work: Mokrane & Nadeau 1998, Am J Physiol 275:H995; between them: our choice
_CALMED: Final = share(25.0, STEPS)  # and it comes down more slowly (there); how much: our choice
_VAGAL: Final = 0.45  # share of exercise's rise that comes at once, by vagal withdrawal: our choice
_STARTING: Final = (share(9.0, STEPS), share(60.0, STEPS))  # vagal withdrawal, then sympathetic drive: our choice
_RESTING: Final = (share(35.0, STEPS), share(150.0, STEPS))  # about a minute as a whole: doi:10.25259/IJPP_122_2022
_SLOWLY: Final = share(240.0, STEPS)  # heat and meals act over minutes
_FED: Final = 0.09  # share of the resting rate that a meal adds: our choice, as
_HOT: Final = 0.12  # what heat adds, and
_ASLEEP: Final = 0.14  # what deep sleep takes; it does: Trinder et al. 2001, doi:10.1046/j.1365-2869.2001.00263.x
_STIRRED: Final = 0.07  # small movements of the arm cost some beats, too: our choice
_STIRRED_G: Final = 0.3
_STIRRING: Final = (share(2.0, STEPS), share(12.0, STEPS))
_RELAX: Final = share(2.5, STEPS)  # vessels answer the reflex
_FILL: Final = share(1.0, STEPS)  # and pressure the vessels
_DELAY: Final = 20  # steps: 2.5 s until vessels hear
_GAIN: Final = 1.5
_UNIT: Final = 1 / 2.65  # makes pressure's variance 1: measured over 2 million steps
_HEARS: Final = 12  # steps: the heart answers pressure 1.5 s late
_MEMORY: Final = 24
_WANDERS: Final = (np.exp(-1 / 40.0), np.exp(-1 / 900.0))  # a second: rate wanders over a minute and a quarter hour
_WANDER_SHARE: Final = (0.035, 0.03)  # standard deviations, as shares of the rate: our choice, 4.6 % together
_ECTOPICS_PER_H: Final = (0.8, 1.3, 40.0)  # median, log-spread, most: premature beats are about 1 an hour in half of
# middle-aged people and far more in some: Conen et al. 2012, doi:10.1161/CIRCULATIONAHA.112.112300; spread: our choice
ARRIVES_S: Final = 0.12  # from the heart to the foot at the wrist, as a band shows it: our choice
_EARLY: Final = 0.66  # of an interval: when a premature beat comes; the next waits until the sum is two intervals
_WEAK: Final = 0.45  # its pulse, before the heart has filled: our choice
_STRONG: Final = 1.15  # and the one after
_SIGH: Final = 0.04  # of breaths are sighs: about 12 an hour (Li et al. 2016, doi:10.1038/nature16964, in mice more)
_DEEP: Final = 2.2  # times a usual breath: twice makes a sigh (Perez-Padilla 1983, Sleep 6:234); how much: our choice
_BREATHES: Final = 0.12  # of its height that breathing takes from a pulse, as its waves of pressure do: our choice
_WAVES: Final = 0.07
_NARROW: Final = 0.3  # vessels narrow with arousal
_OPEN: Final = 0.25  # and open in sleep: our choices
_SCATTER: Final = 0.05  # from beat to beat


@dataclass(frozen=True, slots=True, eq=False)
class Beats:
    """The beats of k hearts over n seconds, ``BEATS_MAX`` places a second, NaN where none is.

    ``time_s`` and ``interval_s`` (k, 4 n): when the pulse began [s since the first second], and the interval that it
    ended. ``pulse`` (k, 4 n, 3): its height (1 is usual), its width (1 at 75 bpm) and the height of its second hump
    (1 is usual). ``breath`` (k, 8 n): how far breathed in, about -1 to 1.
    """

    time_s: Array
    interval_s: Array
    pulse: Array
    breath: Array


class Heart:
    """State of k hearts; a push of n seconds gives their beats."""

    def __init__(self, people: tuple[Person, ...], *, seed: int) -> None:
        self._keys = keys(seed=seed, numbers=tuple(person.number for person in people))
        k = len(people)
        gain = [p.heart_gain * (1.0 if p.heart_responder else _SILENT) for p in people]
        own = [
            (p.rest_bpm, g, p.effort_gain, p.rsa, p.slow, p.breaths_hz, 0.0) for p, g in zip(people, gain, strict=True)
        ]
        self._own = np.array(own).reshape(-1, 7)
        # arousal; effort fast, slow; heat; meal; movement now, lately; phase and depth of breath
        self._body = np.zeros((k, 9))
        self._body[:, 8] = 1.0
        self._loop = np.zeros((k, 1 + _MEMORY))  # tone of the vessels, pressure of late
        self._wander = np.zeros((k, 2))
        self._beat = np.tile([0.0, 1.0, -0.4], (k, 1))  # phase, phase at which the next beat comes, last beat [s]
        _begin(self._keys, self._own, self._wander)

    def push(self, drive: Drive, moving: Array, *, first: int) -> Beats:
        """``moving``: the moving part of acceleration (k, 32 n) [g]; ``first``: the index of the first second."""
        k, n = drive.arousal.shape
        places = BEATS_MAX * n
        time_s, interval_s = np.full((k, places), np.nan), np.full((k, places), np.nan)
        pulse, breath = np.empty((k, places, 3)), np.empty((k, STEPS * n))
        causes = (drive.arousal, drive.effort, drive.heat, drive.meal, drive.asleep)
        driven = np.ascontiguousarray(np.stack(causes, axis=-1))
        state = (self._body, self._loop, self._wander, self._beat)
        _beat(self._keys, first, self._own, driven, moving, *state, time_s, interval_s, pulse, breath)
        return Beats(time_s, interval_s, pulse, breath)


@njit(cache=True, nogil=True)
def _begin(keys: Keys, own: Array, wander: Array) -> None:
    """Fill in how many beats are premature (per beat-second), and where each rate is in its wandering."""
    median, spread, most = _ECTOPICS_PER_H
    for r in range(own.shape[0]):
        own[r, 6] = min(median * np.exp(spread * normal(keys[r], 39, 0)), most) / 3600
        for w in range(2):
            wander[r, w] = normal(keys[r], 39, 1 + w)


@njit(cache=True, nogil=True)
def _beat(
    keys: Keys,
    first: int,
    own: Array,
    driven: Array,
    moving: Array,
    body: Array,
    loop: Array,
    wander: Array,
    beat: Array,
    time_s: Array,
    interval_s: Array,
    pulse: Array,
    breath: Array,
) -> None:
    rows, seconds, _ = driven.shape
    for r in range(rows):
        key = keys[r]
        for i in range(seconds):
            told = i * BEATS_MAX
            asleep = driven[r, i, 4]
            for w in range(2):
                kept = _WANDERS[w]
                wander[r, w] = kept * wander[r, w] + np.sqrt(1 - kept * kept) * normal(key, 45 + w, first + i)
            for s in range(STEPS):
                at, here = (first + i) * STEPS + s, i * STEPS + s
                shake = 0.0
                for m in range(here * _PER_STEP, (here + 1) * _PER_STEP):
                    shake += abs(moving[r, m]) / _PER_STEP
                _live(key, at, driven[r, i], shake, own[r, 5], body[r])
                pressure = _press(key, at, loop[r])
                breath[r, here] = body[r, 8] * np.sin(2 * np.pi * body[r, 7])
                heard = loop[r, 1 + (at - _HEARS) % _MEMORY]
                step = _bpm(own[r], body[r], asleep, heard, breath[r, here], wander[r]) / 60 / STEPS
                beat[r, 0] += step
                if beat[r, 0] < beat[r, 1]:
                    continue
                over = beat[r, 0] - beat[r, 1]
                was_early, was_late = beat[r, 1] < 1, beat[r, 1] > 1
                beat[r, 0] = over
                rate_hz = step * STEPS
                early = not was_early and uniform(key, 47, at) * rate_hz < own[r, 6]
                beat[r, 1] = _EARLY if early else 2 - _EARLY if was_early else 1.0
                foot_s = (at + 1 - over / step) / STEPS
                time_s[r, told], interval_s[r, told] = foot_s + ARRIVES_S, foot_s - beat[r, 2]
                beat[r, 2] = foot_s
                high = 1 - _BREATHES * breath[r, here] + _WAVES * pressure + _SCATTER * normal(key, 40, at)
                high *= (1 - _NARROW * body[r, 0]) * (1 + _OPEN * asleep)
                pulse[r, told, 0] = max(high, 0.1) * (_WEAK if was_early else _STRONG if was_late else 1.0)
                pulse[r, told, 1] = np.sqrt(min(max(interval_s[r, told], 0.3), 1.5) / 0.8)
                pulse[r, told, 2] = 1 - 0.3 * body[r, 0] + 0.1 * pressure
                told += 1


@njit(cache=True, nogil=True)
def _bpm(own: Array, body: Array, asleep: float, heard: float, breath: float, wander: Array) -> float:
    """The instantaneous heart rate [beats a minute]; ``heard`` is the pressure that the reflex answers now."""
    aroused, effort = body[0], _VAGAL * body[1] + (1 - _VAGAL) * body[2]
    stirred = body[6] / (body[6] + _STIRRED_G)
    rate = 1 + own[1] * aroused + own[2] * effort + _HOT * body[3] + _FED * body[4] - _ASLEEP * asleep
    rate += _STIRRED * stirred
    vagal = (1 + 0.4 * asleep) / (1 + 1.0 * aroused + 3.0 * effort)  # modulation goes as heart rate comes: our choice
    rate *= 1 + vagal * (own[3] * breath - own[4] * heard) + _WANDER_SHARE[0] * wander[0] + _WANDER_SHARE[1] * wander[1]
    bounded: float = min(max(own[0] * rate, _LOWEST), _HIGHEST)
    return bounded


@njit(cache=True, nogil=True)
def _press(key: int, at: int, loop: Array) -> float:
    """Take one row's loop of vessels and pressure one step on, in place; return the pressure, of variance 1."""
    before, long_ago = loop[1 + (at - 1) % _MEMORY], loop[1 + (at - _DELAY) % _MEMORY]
    loop[0] += (-_GAIN * long_ago - loop[0]) * _RELAX
    now: float = before + (loop[0] - before) * _FILL + _UNIT * normal(key, 44, at)
    loop[1 + at % _MEMORY] = now
    return now


@njit(cache=True, nogil=True)
def _live(key: int, at: int, driven: Array, shake: float, breaths_hz: float, body: Array) -> None:
    """Take what drives one row's rate, and its breathing, one step on, in place."""
    arousal, effort, heat, meal, asleep = driven
    body[0] += (arousal - body[0]) * (_AROUSED if arousal > body[0] else _CALMED)
    for part in range(2):
        body[1 + part] += (effort - body[1 + part]) * (_STARTING[part] if effort > body[1 + part] else _RESTING[part])
    body[3] += (heat - body[3]) * _SLOWLY
    body[4] += (meal - body[4]) * _SLOWLY
    body[5] += (shake - body[5]) * _STIRRING[0]
    body[6] += (shake - body[6]) * (_STIRRING[0] if shake > body[6] else _STIRRING[1])
    for lagged in range(7):
        if -1e-9 < body[lagged] < 1e-9:
            body[lagged] = 0.0
    # How breaths vary, quicken with arousal and effort, and slow down in sleep: the sizes are our choice.
    freely = (1 + 0.15 * normal(key, 43, at // (5 * STEPS)) * (1 - 0.6 * asleep)) * (1 - 0.1 * asleep)
    breath = breaths_hz * (1 + 0.4 * body[0] + 0.8 * body[2]) * freely
    body[7] += breath / STEPS
    if body[7] >= 1:
        body[7] -= 1
        sighs = uniform(key, 48, at) < _SIGH / 12
        body[8] = _DEEP if sighs else max(1 + 0.25 * normal(key, 49, at), 0.3)
