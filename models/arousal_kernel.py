"""The kernels of ``models.arousal``: a row's state and its seconds in, contributions in log-odds out.

The usual of a quantity is a location and a scale (mean absolute deviation) that start as plain averages of everything
seen and, once an hour of it is known, forget exponentially. What lies far outside is pulled in to ``CLIP`` scales
before it is learnt (Huber 1964, doi:10.1214/aoms/1177703732), so that an artefact or an episode does not become usual.

The pulse is what ``signals.heart.explained`` leaves unexplained by movement. Where it cannot say, as of a band without
an accelerometer, heart rate is compared with the person's own, and counts half.

All of it is in one file, and the columns that it reads are named here: numba keeps what it compiled until *this* file
changes, and would not notice a change in another.
"""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.risk import Abstention, Array, Rows

READS: Final = (
    "eda_level_uS",
    "eda_driver_uS",
    "response_rate_per_min",
    "response_sum_uS",
    "heart_rate_bpm",
    "heart_rate_expected_bpm",
    "heart_rate_unexplained_bpm",
    "beat_coverage",
    "temperature_slope_C_per_min",
    "motion_minute_g",
    "worn",
    "eda_valid",
)
"""The features that the kernel is given, in its own order; ``models.arousal`` adds movement [g] without what only the
hand does."""

_EDA, _DRIVE, _RATE, _SIZE, _HEART, _EXPECTED, _UNEXPLAINED, _COVERAGE = range(8)
_SLOPE, _MINUTE, _WORN, _VALID, _MOTION = range(8, len(READS) + 1)

MEMORY_S: Final = 3600.0  # an hour: longer than an episode, shorter than a shift, so that slow drifts are followed
CLIP: Final = 3.0
FREE: Final = 60.0  # seconds before the scale is known well enough to clip by
DEVIATIONS: Final = 1.2533  # standard deviations in a mean absolute deviation of a normal distribution

FAST_S: Final = 30.0  # time constants of what movement does to sweat: the first minute, and the minutes after
SLOW_S: Final = 180.0
EXERTION_G: Final = 0.1
NOTHING: Final = 1e-12

LEARN_S: Final = 600.0  # the shortest rest in which laboratory studies take a baseline is 5 min; twice that
BASE: Final = -3.0  # 1 in 20 when all is as usual
FULL: Final = 3.0  # standard deviations at which a contribution has three quarters of its weight
WEIGHTS: Final = (1.2, 1.4, 1.0, 0.8, 4.2, 0.4, 0.4)  # sweat in its four voices 4.4, the pulse 4.2: either may do
EXERTING: Final = 1.0  # log-odds that exercise takes away
FLOORS: Final = (0.15, 0.35, 0.5, 0.35, 5.5, 0.05, 0.3)  # least standard deviations, in the units of ``_measure``
TRUST: Final = 0.5  # half of the heart rate that movement explains is doubtful
EXERCISE: Final = 0.9  # lasting exertion (0.15 g) at which half of the sweat is put down to exercise
SMOOTH_S: Final = 8.0
FADE_S: Final = 30.0  # what a quantity said fades once it is unknown; a heart takes about as long to come down
STALE_S: Final = 10.0  # seconds unknown after which it counts no more; with a pulse's window less than an alert's hold
WARY: Final = 0.3  # probability from which learning slows down, to ``SLOWEST`` at ``ALARMED``
ALARMED: Final = 0.7
SLOWEST: Final = 0.1
UNSURE: Final = 0.5  # of the evidence counts while movement is unknown: it might be exercise
HOLD_S: Final = 5  # seconds without an estimate after which smoothing starts anew
STILL_KNOWN_S: Final = 30  # seconds without movement after which how much there was of late is forgotten

_VOICES: Final = len(WEIGHTS)
_DRIVERS: Final = _VOICES + 2  # and the base, and exertion
QUANTITIES: Final = _VOICES + 1  # and heart rate as it is, for when nobody can say what movement explains of it

_PULSE: Final = 4  # among the quantities
_COOLING: Final = 5
_RESTLESS: Final = 6
_BEATING: Final = 7
_ONES: Final = 0.5  # a share from here counts as yes
_NONE, _NO_SIGNAL, _NOT_WORN, _POOR_SIGNAL, _LEARNING = (int(reason) for reason in tuple(Abstention)[:5])


@njit(cache=True, nogil=True)
def run(
    rows: Rows,
    start_s: NDArray[np.int64],
    features: Array,
    usual: Array,
    moving: Array,
    contributions: Array,
    unknown: Array,
    unjudged: Array,
    next_s: Array,
    probability: Array,
    abstention: NDArray[np.int8],
    drivers: Array,
    learnt: Array,
) -> None:
    """One row after the other, one second after the other; writes the state of these rows and the four outputs."""
    x = np.empty(QUANTITIES)
    for k in range(rows.size):
        row = rows[k]
        if start_s[k] != next_s[row]:
            missed = start_s[k] - next_s[row] if start_s[k] > next_s[row] else math.inf
            unknown[row] += missed
            unjudged[row] += missed
            moving[row, 2] += missed
        next_s[row] = start_s[k] + features.shape[1]
        for i in range(features.shape[1]):
            second = features[k, i]
            _move(second, moving[row])
            _measure(second, x)
            for q in range(QUANTITIES):
                unknown[row, q] = 0.0 if math.isfinite(x[q]) else unknown[row, q] + 1.0
            reason = _abstain(second, x, usual[row])
            abstention[k, i] = reason
            if reason in (_NONE, _LEARNING):
                gain = 1.0
                if reason == _NONE:
                    _weigh(second, x, moving[row], usual[row], unknown[row], unjudged[row], contributions[row])
                    unjudged[row] = 0.0
                    probability[k, i] = _chance(contributions[row])
                    gain = _gain(probability[k, i])
                for q in range(QUANTITIES):
                    if math.isfinite(x[q]):
                        learn(x[q], gain, usual[row, q])
            if reason != _NONE:
                unjudged[row] += 1.0
                probability[k, i] = math.nan
            for d in range(_DRIVERS):
                drivers[k, i, d] = contributions[row, d] if reason == _NONE else math.nan
            learnt[k, i] = min(1.0, max(usual[row, 0, 2], usual[row, _BEATING, 2]) / LEARN_S)


@njit(cache=True, nogil=True)
def _move(second: Array, moving: Array) -> None:
    """Follow exertion; after a spell without movement begin again at the last minute's, where that is known."""
    motion = second[_MOTION]
    if not math.isfinite(motion):
        moving[2] += 1.0
        return
    now = exertion(max(motion, 0.0))
    if moving[2] > STILL_KNOWN_S:
        minute = second[_MINUTE]
        moving[0] = moving[1] = exertion(max(minute, 0.0)) if math.isfinite(minute) else now
    moving[0] = settled(moving[0] + (now - moving[0]) / FAST_S)
    moving[1] = settled(moving[1] + (now - moving[1]) / SLOW_S)
    moving[2] = 0.0


@njit(cache=True, nogil=True)
def _measure(second: Array, x: Array) -> None:
    """Put the second's quantities into ``x``, on scales on which a person's usual is about normal; NaN where unknown.

    Level, drive and sum of responses [uS] as logarithms, counts a minute as roots, heart rate as bpm above what
    movement explains, and as it is, temperature as degC a minute of fall, movement as a logarithm.
    """
    for q in range(QUANTITIES):
        x[q] = math.nan
    if second[_VALID] >= _ONES and second[_EDA] > 0.0:
        x[0] = math.log(second[_EDA])
        x[1] = math.log(max(second[_DRIVE], 0.0) + 0.05)
        x[2] = math.sqrt(max(second[_RATE], 0.0))
        x[3] = math.log(max(second[_SIZE], 0.0) + 0.1)
    x[_PULSE] = second[_UNEXPLAINED]
    x[_COOLING] = -second[_SLOPE]
    if math.isfinite(second[_MINUTE]):
        x[_RESTLESS] = math.log(max(second[_MINUTE], 0.0) + 0.01)
    x[_BEATING] = second[_HEART]


@njit(cache=True, nogil=True)
def _abstain(second: Array, x: Array, usual: Array) -> int:
    """Return the ``Abstention`` of this second."""
    if not math.isfinite(second[_WORN]) and not math.isfinite(x[_BEATING]):
        heard = second[_VALID] >= 0.0 or second[_COVERAGE] >= 0.0 or second[_MOTION] >= 0.0
        return _POOR_SIGNAL if heard else _NO_SIGNAL
    if second[_WORN] < _ONES:
        return _NOT_WORN
    sweat, heart = math.isfinite(x[0]), math.isfinite(x[_BEATING])
    if not sweat and not heart:
        return _POOR_SIGNAL
    if (sweat and usual[0, 2] >= LEARN_S) or (heart and usual[_BEATING, 2] >= LEARN_S):
        return _NONE
    known = usual[0, 2] >= LEARN_S or usual[_BEATING, 2] >= LEARN_S
    return _POOR_SIGNAL if known else _LEARNING


@njit(cache=True, nogil=True)
def _weigh(
    second: Array, x: Array, moving: Array, usual: Array, unknown: Array, unjudged: float, contributions: Array
) -> None:
    """Move the smoothed contributions towards what this second says; start anew after ``HOLD_S`` without one.

    A quantity that is unknown for a moment, as the pulse is whenever the wrist moves, is not one that is as usual; but
    what was said of it is dropped once it has been unknown for ``STALE_S``, so that no alert is held up by it alone.
    """
    anew = unjudged > HOLD_S
    follow = 1.0 if anew else 1.0 / SMOOTH_S
    exercise, trust = _exercise(moving), 1.0 if moving[2] <= STILL_KNOWN_S else UNSURE
    for q in range(_VOICES):
        now = 0.0
        if q == _PULSE:
            silent = unknown[_BEATING]
            now = WEIGHTS[q] * _pulse(second, x, usual)
        else:
            silent = unknown[q]
            if math.isfinite(x[q]) and usual[q, 2] >= LEARN_S:
                z = z_score(x[q], usual[q], FLOORS[q])
                now = WEIGHTS[q] * math.tanh(z / FULL) * trust * (1.0 - exercise)
        fade = 1.0 if anew or silent >= STALE_S else 1.0 / FADE_S
        pace = fade if silent > 0.0 else follow
        contributions[q + 1] = settled(contributions[q + 1] + pace * (now - contributions[q + 1]))
    contributions[0] = BASE
    effort = contributions[_DRIVERS - 1]
    contributions[_DRIVERS - 1] = settled(effort + follow * (-EXERTING * exercise - effort))


@njit(cache=True, nogil=True)
def _pulse(second: Array, x: Array, usual: Array) -> float:
    """What the pulse says, -1 to 1: what movement leaves unexplained, or else, at half, how far it is from usual."""
    if not (math.isfinite(x[_BEATING]) and usual[_BEATING, 2] >= LEARN_S):
        return 0.0
    if not math.isfinite(x[_PULSE]):
        return UNSURE * math.tanh(z_score(x[_BEATING], usual[_BEATING], FLOORS[_PULSE]) / FULL)
    explained = max(second[_EXPECTED] - usual[_BEATING, 0], 0.0)
    return math.tanh(z_score(x[_PULSE], usual[_PULSE], math.hypot(FLOORS[_PULSE], TRUST * explained)) / FULL)


@njit(cache=True, nogil=True)
def _chance(contributions: Array) -> float:
    """The probability whose log-odds the contributions add up to."""
    odds = 0.0
    for d in range(_DRIVERS):
        odds += contributions[d]
    return 1.0 / (1.0 + math.exp(-odds))


@njit(cache=True, nogil=True)
def _exercise(moving: Array) -> float:
    """How far exercise explains sweat, 0 to 1: lasting movement, or movement not long ago."""
    lasting = max(moving[0], moving[1]) / EXERCISE
    return float(1.0 - 1.0 / (1.0 + lasting**4))


@njit(cache=True, nogil=True)
def _gain(probability: float) -> float:
    """How fast this second is learnt: what looks like an episode is to stay unusual, yet not for ever."""
    alarm = min(max((probability - WARY) / (ALARMED - WARY), 0.0), 1.0)
    return 1.0 - (1.0 - SLOWEST) * alarm


@njit(cache=True, nogil=True)
def exertion(motion_g: float) -> float:
    """Movement [g] as what the body answers to: about linear up to 0.1 g, then in ever smaller steps."""
    return math.log1p(motion_g / EXERTION_G)


@njit(cache=True, nogil=True)
def settled(x: float) -> float:
    """What decays ends at 0, not among the denormals, which are many times slower."""
    return x if abs(x) > NOTHING else 0.0


@njit(cache=True, nogil=True)
def z_score(x: float, usual: Array, floor: float) -> float:
    """How many standard deviations, of at least ``floor``, ``x`` is above the usual (3,): location, scale, seconds."""
    return float((x - usual[0]) / max(DEVIATIONS * usual[1], floor))


@njit(cache=True, nogil=True)
def learn(x: float, gain: float, usual: Array) -> None:
    """Take ``x`` into the usual with weight ``gain``, from 0 to 1."""
    weight = gain / (min(usual[2], MEMORY_S) + 1.0)
    off = x - usual[0]
    if usual[2] >= FREE:
        reach = CLIP * max(usual[1], 1e-9)
        off = min(max(off, -reach), reach)
    usual[0] += weight * off
    usual[1] = settled(usual[1] + weight * (abs(off) - usual[1]))
    usual[2] += gain
