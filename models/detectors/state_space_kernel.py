"""The kernels of ``models.detectors.state_space``: a row's state and its seconds in, evidence in log-odds out.

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
    "heart_rate_bpm",
    "eda_driver_uS",
    "response_rate_per_min",
    "eda_level_uS",
    "beat_coverage",
    "worn",
    "eda_valid",
)
"""The features that the kernel is given, in its own order; ``models.detectors.state_space`` adds movement [g] without
what only the hand does."""
_HEART, _DRIVE, _RATE, _EDA, _COVERAGE, _WORN, _VALID, _MOTION = range(len(READS) + 1)

VOICES: Final = 4  # pulse, drive of sweat, rate of responses, level of conductance
MOVES: Final = 3  # still, active, exerting
EXERTION_G: Final = 0.1
ACTIVE: Final = 0.92  # log(1 + g / EXERTION_G) at 0.15 g: pottering about
EXERTING: Final = 1.61  # at 0.4 g: a brisk walk
FAST_S: Final = 30.0  # a heart follows effort within a minute and recovers over several
SLOW_S: Final = 150.0
FAST_SHARE: Final = 0.6

# What a person's levels are before anything is known of them: when still, and how much more with movement.
STILL_AT: Final = (80.0, -2.0, 1.5, 0.5)
MORE: Final = ((8.0, 25.0), (0.2, 0.7), (0.4, 1.2), (0.1, 0.5))
STRANGE: Final = (20.0, 1.5, 1.5, 2.0)  # standard deviations of the first over people, and of the others given it
MORE_STRANGE: Final = ((5.0, 10.0), (0.4, 0.7), (0.5, 1.0), (0.2, 0.5))
DRIFT: Final = (6.0, 0.4, 0.5, 0.4)  # standard deviation by which levels wander in an hour
SPREAD: Final = (5.5, 0.35, 0.5, 0.15)  # least standard deviation of seconds about their level
ALIKE_S: Final = (60.0, 180.0, 240.0, 360.0)  # seconds that say as much as one: a pulse wanders, skin is slow
DOUBT: Final = 0.25  # of what movement adds, however well it is known
HUBER: Final = 2.0  # standard deviations beyond which a second is learnt as that far: an episode is not usual

SHIFT: Final = 1.5  # standard deviations by which arousal lifts a voice: a pulse by 22 % (Nuske 2019) is two or three
HIGHEST: Final = 4.0  # beyond these a voice says no more
LOWEST: Final = -2.0
ENTER: Final = 1.0 / 1800.0  # a second: arousal once in half an hour,
LEAVE: Final = 1.0 / 120.0  # for two minutes
BASE: Final = math.log(ENTER / LEAVE)

LEARN_S: Final = 600.0  # as models.arousal
LOST_S: Final = 30.0  # seconds without movement after which it is not known how much there was of late
UNSURE: Final = 0.5  # of the evidence counts then
SILENCE_S: Final = 4000  # without anything, after which all that was of late is forgotten (0.01 of NOTHING)
NOTHING: Final = 1e-12
DEVIATIONS: Final = 1.2533141373155003  # standard deviations in a mean absolute deviation of a normal distribution
MEMORY_S: Final = 3600.0
_ONES: Final = 0.5
_NONE, _NO_SIGNAL, _NOT_WORN, _POOR_SIGNAL, _LEARNING = (int(reason) for reason in tuple(Abstention)[:5])


@njit(cache=True, nogil=True)
def run(
    rows: Rows,
    start_s: NDArray[np.int64],
    features: Array,
    levels: Array,
    doubts: Array,
    spreads: Array,
    known: Array,
    moves: Array,
    evidence: Array,
    next_s: Array,
    probability: Array,
    abstention: NDArray[np.int8],
    drivers: Array,
    learnt: Array,
) -> None:
    """One row after the other, one second after the other; writes the state of these rows and the four outputs."""
    x = np.empty(VOICES)
    says = np.zeros(VOICES)
    for k in range(rows.size):
        row = rows[k]
        missed = 0
        if start_s[k] != next_s[row] and next_s[row] > -math.inf:
            gone = start_s[k] - next_s[row]
            missed = SILENCE_S if gone < 0 or gone > SILENCE_S else int(gone)
        for _ in range(missed):
            move(math.nan, moves[row])
            says[:] = 0.0
            weigh(says, evidence[row])
        next_s[row] = start_s[k] + features.shape[1]
        for i in range(features.shape[1]):
            second = features[k, i]
            move(second[_MOTION], moves[row])
            measure(second, x)
            reason = abstain(second, x, known[row])
            trust = 1.0 if moves[row, 2, 0] < LOST_S else UNSURE
            for v in range(VOICES):
                says[v] = 0.0
                if reason in (_NONE, _LEARNING) and math.isfinite(x[v]):
                    ready = known[row, v] >= LEARN_S
                    z = follow(v, x[v], moves[row], levels[row, v], doubts[row, v], spreads[row], known[row])
                    if ready and reason == _NONE:
                        z = min(max(z, LOWEST), HIGHEST)
                        says[v] = trust * (SHIFT * z - 0.5 * SHIFT * SHIFT) / ALIKE_S[v]
            weigh(says, evidence[row])
            abstention[k, i] = reason
            odds = BASE
            drivers[k, i, 0] = BASE if reason == _NONE else math.nan
            for v in range(VOICES):
                odds += evidence[row, v]
                drivers[k, i, v + 1] = evidence[row, v] if reason == _NONE else math.nan
            probability[k, i] = 1.0 / (1.0 + math.exp(-odds)) if reason == _NONE else math.nan
            learnt[k, i] = min(1.0, max(known[row, 0], known[row, 3]) / LEARN_S)


@njit(cache=True, nogil=True)
def move(motion_g: float, moves: Array) -> None:
    """Follow what was moved: shares of still, active and exerting, fast and slow; ``moves`` (3, MOVES), of which the
    last row counts seconds in which movement was unknown."""
    if not math.isfinite(motion_g):
        moves[2, 0] = min(moves[2, 0] + 1.0, LOST_S)
        return
    effort = math.log1p(max(motion_g, 0.0) / EXERTION_G)
    active = min(effort / ACTIVE, 1.0)
    exerting = min(max((effort - ACTIVE) / (EXERTING - ACTIVE), 0.0), 1.0)
    now = (1.0 - active, active - exerting, exerting)
    for m in range(MOVES):
        if moves[2, 0] >= LOST_S:
            moves[0, m] = moves[1, m] = now[m]
        moves[0, m] = settled(moves[0, m] + (now[m] - moves[0, m]) / FAST_S)
        moves[1, m] = settled(moves[1, m] + (now[m] - moves[1, m]) / SLOW_S)
    moves[2, 0] = 0.0


@njit(cache=True, nogil=True)
def measure(second: Array, x: Array) -> None:
    """Put what the voices say into ``x``, on scales on which a person's usual is about normal; NaN where unknown."""
    x[:] = math.nan
    x[0] = second[_HEART] if math.isfinite(second[_HEART]) else math.nan
    if second[_VALID] >= _ONES and second[_EDA] > 0.0 and math.isfinite(second[_EDA]):
        if math.isfinite(second[_DRIVE]):
            x[1] = math.log(max(second[_DRIVE], 0.0) + 0.05)
        if math.isfinite(second[_RATE]):
            x[2] = math.sqrt(max(second[_RATE], 0.0))
        x[3] = math.log(second[_EDA])


@njit(cache=True, nogil=True)
def abstain(second: Array, x: Array, known: Array) -> int:
    """Return the ``Abstention`` of this second, by the rules of ``models.arousal_kernel``."""
    sweat, heart = math.isfinite(x[3]), math.isfinite(x[0])
    if not math.isfinite(second[_WORN]) and not heart:
        heard = second[_VALID] >= 0.0 or second[_COVERAGE] >= 0.0 or second[_MOTION] >= 0.0
        return _POOR_SIGNAL if heard else _NO_SIGNAL
    if second[_WORN] < _ONES:
        return _NOT_WORN
    if not sweat and not heart:
        return _POOR_SIGNAL
    if (sweat and known[3] >= LEARN_S) or (heart and known[0] >= LEARN_S):
        return _NONE
    return _POOR_SIGNAL if known[3] >= LEARN_S or known[0] >= LEARN_S else _LEARNING


@njit(cache=True, nogil=True)
def follow(v: int, x: float, moves: Array, level: Array, doubt: Array, spreads: Array, known: Array) -> float:
    """Return how many standard deviations ``x`` lies above what the movement of late predicts, and learn it.

    A Kalman filter of the levels (MOVES,) that a voice has in each motion state, with covariances ``doubt`` (MOVES,
    MOVES). The prediction is their mean by the share of each motion state of late.
    """
    if known[v] <= 0.0:
        begin(v, level, doubt)
        spreads[v] = SPREAD[v] / DEVIATIONS
    expected, reach = 0.0, 0.0
    towards = np.empty(MOVES)
    for m in range(MOVES):
        expected += share(m, moves) * level[m]
        towards[m] = 0.0
        for o in range(MOVES):
            towards[m] += doubt[m, o] * share(o, moves)
        reach += share(m, moves) * towards[m]
    added = DOUBT * (expected - level[0])
    noise = max(DEVIATIONS * spreads[v], SPREAD[v]) ** 2
    spread = math.sqrt(reach + noise + added * added)
    off = x - expected
    bounded = min(max(off, -HUBER * spread), HUBER * spread)
    alike = noise * ALIKE_S[v] + added * added
    for m in range(MOVES):
        gain = towards[m] / (reach + alike)
        level[m] += gain * bounded
        for o in range(MOVES):
            doubt[m, o] -= gain * towards[o]
        doubt[m, m] += DRIFT[v] * DRIFT[v] / 3600.0
    weight = 1.0 / (min(known[v], MEMORY_S) + LEARN_S)
    spreads[v] += weight * (abs(bounded) - spreads[v])
    known[v] = min(known[v] + 1.0, MEMORY_S)
    return off / spread


@njit(cache=True, nogil=True)
def begin(v: int, level: Array, doubt: Array) -> None:
    """Write what is assumed of somebody new: a level of their own, and more of it with movement."""
    for m in range(MOVES):
        level[m] = STILL_AT[v] + (MORE[v][m - 1] if m > 0 else 0.0)
        for o in range(MOVES):
            doubt[m, o] = STRANGE[v] * STRANGE[v]
        if m > 0:
            doubt[m, m] += MORE_STRANGE[v][m - 1] * MORE_STRANGE[v][m - 1]


@njit(cache=True, nogil=True)
def share(m: int, moves: Array) -> float:
    """The share that motion state ``m`` has in what the body answers to now."""
    return float(FAST_SHARE * moves[0, m] + (1.0 - FAST_SHARE) * moves[1, m])


@njit(cache=True, nogil=True)
def weigh(says: Array, evidence: Array) -> None:
    """Let a second pass, and take in what the voices say: the forward filter of calm and aroused (Rabiner 1989,
    doi:10.1109/5.18626), in log-odds above ``BASE``, of which each voice keeps its part."""
    total = 0.0
    for v in range(VOICES):
        total += evidence[v]
    aroused = 1.0 / (1.0 + math.exp(-(BASE + total)))
    after = aroused * (1.0 - LEAVE) + (1.0 - aroused) * ENTER
    kept = 1.0 - ENTER - LEAVE
    if abs(total) > 1e-6:
        kept = (math.log(after / (1.0 - after)) - BASE) / total
    for v in range(VOICES):
        evidence[v] = settled(kept * evidence[v] + says[v])


@njit(cache=True, nogil=True)
def settled(x: float) -> float:
    """What decays ends at 0, not among the denormals, which are many times slower."""
    return x if abs(x) > NOTHING else 0.0
