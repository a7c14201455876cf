"""A person's usual, learnt second by second: numba kernels over one row of state, without a look ahead.

The usual of a quantity is a location and a scale (mean absolute deviation) that start as plain averages of everything
seen and, once an hour of it is known, forget exponentially. What lies far outside is pulled in to ``CLIP`` scales
before it is learnt (Huber 1964, doi:10.1214/aoms/1177703732), so that an artefact or an episode does not become usual.

The pulse is a linear regression of heart rate on how much the person moved lately, as exponentially forgotten averages
of its normal equations with a prior that never fades: the prior is an adult's, the person's own minutes outweigh it.
"""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]

MEMORY_S: Final = 3600.0  # an hour: longer than an episode, shorter than a shift, so that slow drifts are followed
CLIP: Final = 3.0
FREE: Final = 60.0  # seconds before the scale is known well enough to clip by
DEVIATIONS: Final = 1.2533  # standard deviations in a mean absolute deviation of a normal distribution

FAST_S: Final = 30.0  # time constants of the pulse after movement: the first minute, and the minutes after
SLOW_S: Final = 180.0
PRIOR_FAST_BPM: Final = 13.0  # together 20 bpm for each unit of ``exertion``: brisk walking (about 0.3 g) raises an
PRIOR_SLOW_BPM: Final = 7.0  # adult's pulse by some 25 to 30 bpm, running (about 1 g) by some 50
PRIOR_S: Final = 60.0  # the prior weighs as much as a minute of data, in which pulse windows of 10 s hardly repeat
EXERTION_G: Final = 0.1
NOTHING: Final = 1e-12


@njit(cache=True, nogil=True)
def exertion(motion_g: float) -> float:
    """Movement [g] as what the heart answers to: about linear up to 0.1 g, then in ever smaller steps."""
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


@njit(cache=True, nogil=True)
def expected_pulse(fast: float, slow: float, pulse: Array) -> tuple[float, float]:
    """Return the heart rate [bpm] that goes with the exertion of late, and how much of it exertion explains.

    ``pulse`` (9,): averages of fast, slow, their three products, the rate and its products with them, and the seconds
    learnt. NaN and 0 before the first.
    """
    if pulse[8] <= 0.0:
        return math.nan, 0.0
    still, more_fast, more_slow = _coefficients(pulse)
    explained = more_fast * fast + more_slow * slow
    return still + explained, explained


@njit(cache=True, nogil=True)
def _coefficients(pulse: Array) -> tuple[float, float, float]:
    """Solve the normal equations with the intercept taken out: covariances of the two exertions and the rate."""
    mean_fast, mean_slow, mean_rate = pulse[0], pulse[1], pulse[5]
    prior = PRIOR_S / min(pulse[8], MEMORY_S)
    ff = max(pulse[2] - mean_fast * mean_fast, 0.0) + prior
    fs = pulse[3] - mean_fast * mean_slow
    ss = max(pulse[4] - mean_slow * mean_slow, 0.0) + prior
    fr = pulse[6] - mean_fast * mean_rate + prior * PRIOR_FAST_BPM
    sr = pulse[7] - mean_slow * mean_rate + prior * PRIOR_SLOW_BPM
    determinant = ff * ss - fs * fs
    fast = (fr * ss - sr * fs) / determinant
    slow = (sr * ff - fr * fs) / determinant
    return mean_rate - fast * mean_fast - slow * mean_slow, fast, slow


@njit(cache=True, nogil=True)
def learn_pulse(rate: float, fast: float, slow: float, gain: float, pulse: Array) -> None:
    """Take one second of heart rate and exertion into the regression with weight ``gain``, from 0 to 1."""
    weight = gain / (min(pulse[8], MEMORY_S) + 1.0)
    pulse[0] = settled(pulse[0] + weight * (fast - pulse[0]))
    pulse[1] = settled(pulse[1] + weight * (slow - pulse[1]))
    pulse[2] = settled(pulse[2] + weight * (fast * fast - pulse[2]))
    pulse[3] = settled(pulse[3] + weight * (fast * slow - pulse[3]))
    pulse[4] = settled(pulse[4] + weight * (slow * slow - pulse[4]))
    pulse[5] += weight * (rate - pulse[5])
    pulse[6] = settled(pulse[6] + weight * (fast * rate - pulse[6]))
    pulse[7] = settled(pulse[7] + weight * (slow * rate - pulse[7]))
    pulse[8] += gain
