"""Features in, risk out without any training: arousal that movement does not explain, against the person's own usual.

What is compared are conductance level, sudomotor drive, response rate and size, the fall of skin temperature,
movement, and the heart rate that is left when a regression on the person's own recent movement has had its say. Each
distance from the usual becomes a bounded, signed contribution in log-odds; ``Risk.drivers`` add up to the log-odds of
the probability.

The probability is an ordering with sensible ends, not a calibrated frequency: the weights come from what is known of
such signals, not from data. Sources of the size of things: heart rate rises by 22 +- 16 % about a minute before onset
(Nuske 2019, doi:10.1007/s10803-019-03934-8); the absolute level of wrist conductance says little, its change within
a person more (Milstein & Gordon 2020, doi:10.3389/fnbeh.2020.00148). Restlessness is part of agitation: movement
changes what pulse is expected and how much sweat counts, but is never a reason to say nothing.
"""

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.errors import ModelError
from models.risk import Abstention, Array, Risk, Rows
from models.usual import (
    CLIP,
    DEVIATIONS,
    FAST_S,
    SLOW_S,
    exertion,
    expected_pulse,
    learn,
    learn_pulse,
    settled,
    z_score,
)
from signals.features import NAMES, column

DRIVERS: Final = (
    "base",
    "sweat_level",
    "sweat_drive",
    "response_rate",
    "response_size",
    "pulse",
    "cooling",
    "restlessness",
    "exertion",
)

LEARN_S: Final = 600.0  # the shortest rest in which laboratory studies take a baseline is 5 min; twice that
BASE: Final = -3.0  # 1 in 20 when all is as usual
FULL: Final = 3.0  # standard deviations at which a contribution has three quarters of its weight
WEIGHTS: Final = (
    1.2,
    1.4,
    1.0,
    0.8,
    4.2,
    0.4,
    0.4,
)  # sweat in four voices 4.4, the pulse 4.2: either may do
EXERTING: Final = 1.0  # log-odds that exercise takes away
FLOORS: Final = (0.15, 0.35, 0.5, 0.35, 5.0, 0.05, 0.3)  # least standard deviations, in the units of ``_measure``
TRUST: Final = 0.35  # a third of the heart rate that movement explains is doubtful
EXERCISE: Final = 0.9  # lasting exertion (0.15 g) at which half of the sweat is put down to exercise
SMOOTH_S: Final = 8.0
WARY: Final = 0.3  # probability from which learning slows down, to ``SLOWEST`` at ``ALARMED``
ALARMED: Final = 0.7
SLOWEST: Final = 0.1
UNSURE: Final = 0.5  # of the evidence counts while movement is unknown: it might be exercise
HOLD_S: Final = 5  # seconds without an estimate after which smoothing starts anew
STILL_KNOWN_S: Final = 30  # seconds without movement after which how much there was of late is forgotten

_QUANTITIES: Final = len(WEIGHTS)
_DRIVERS: Final = len(DRIVERS)
_EDA, _DRIVE, _RATE, _SIZE, _HEART = (
    column(name)
    for name in ("eda_level_uS", "eda_driver_uS", "response_rate_per_min", "response_sum_uS", "heart_rate_bpm")
)
_COVERAGE, _SLOPE, _MOTION, _MINUTE, _WORN, _VALID = (
    column(name)
    for name in (
        "beat_coverage",
        "temperature_slope_C_per_min",
        "motion_g",
        "motion_minute_g",
        "worn",
        "eda_valid",
    )
)
_PULSE: Final = 4  # among the quantities
_COOLING: Final = 5
_RESTLESS: Final = 6
_ONES: Final = 0.5  # a share from here counts as yes
_NONE, _NO_SIGNAL, _NOT_WORN, _POOR_SIGNAL, _LEARNING = (int(reason) for reason in tuple(Abstention)[:5])

_STATE: Final = {
    "usual": (_QUANTITIES, 3),  # location, scale, seconds
    "pulse": (9,),
    "moving": (3,),  # fast and slow exertion; seconds since movement was known
    "contributions": (_DRIVERS,),
    "unjudged": (),  # seconds since there was an estimate
    "next_s": (),  # where the stream stands, UTC seconds
}


class Arousal:
    """A ``RiskModel`` for ``rows`` people whose usual it learns itself; see the module.

    Abstains with NO_SIGNAL where nothing arrives, NOT_WORN, POOR_SIGNAL where neither conductance nor heart rate is
    valid, LEARNING until ``LEARN_S`` worn seconds of one of them are known. Either alone suffices, and says less.
    A jump of ``start_s`` counts as seconds in which nothing arrived. Raises ModelError where rows, shapes or a
    snapshot do not fit.
    """

    def __init__(self, *, rows: int) -> None:
        if rows < 1:
            raise ModelError(f"rows: at least one person, not {rows}")
        self._rows = rows
        self._state = {name: np.zeros((rows, *shape)) for name, shape in _STATE.items()}
        self._state["unjudged"][:] = np.inf
        self._state["moving"][:, 2] = np.inf
        self._state["next_s"][:] = -np.inf

    @property
    def driver_names(self) -> tuple[str, ...]:
        """The names of ``Risk.drivers``; their sum is the log-odds of the probability."""
        return DRIVERS

    def push(self, start_s: NDArray[np.int64], features: Array, *, rows: Rows | None = None) -> Risk:
        """Return the risk of the rows ``rows`` (default: all) from their next n seconds of features, (k, n, F)."""
        chosen = np.arange(self._rows) if rows is None else np.asarray(rows)
        start_s, features = np.asarray(start_s), np.asarray(features, np.float64)
        self._check(start_s, features, chosen)
        k, n = features.shape[:2]
        probability, learnt = np.empty((k, n)), np.empty((k, n))
        abstention, drivers = np.empty((k, n), np.int8), np.empty((k, n, _DRIVERS))
        _run(
            chosen.astype(np.intp),
            start_s.astype(np.int64),
            np.ascontiguousarray(features),
            self._state["usual"],
            self._state["pulse"],
            self._state["moving"],
            self._state["contributions"],
            self._state["unjudged"],
            self._state["next_s"],
            probability,
            abstention,
            drivers,
            learnt,
        )
        return Risk(start_s.astype(np.int64), probability, abstention, drivers, learnt)

    def snapshot(self) -> Mapping[str, NDArray[np.generic]]:
        """A copy of everything that was learnt and of where the stream stands, a leading row axis each."""
        return {name: array.copy() for name, array in self._state.items()}

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from a snapshot of as many rows; raises ModelError where it does not fit, and then nothing changed."""
        fresh = {}
        for name, mine in self._state.items():
            if name not in arrays:
                raise ModelError(f"snapshot: {name!r} is missing, it has {', '.join(sorted(arrays)) or 'nothing'}")
            theirs = np.asarray(arrays[name])
            if theirs.shape != mine.shape or theirs.dtype != mine.dtype:
                raise ModelError(
                    f"snapshot: {name!r} is {theirs.dtype} {theirs.shape}, right would be {mine.dtype} {mine.shape}"
                )
            if np.isnan(theirs).any() or (name in ("usual", "pulse", "contributions") and np.isinf(theirs).any()):
                raise ModelError(f"snapshot: {name!r} holds values that are not finite: it was not written by snapshot")
            fresh[name] = theirs.copy()
        for name, theirs in fresh.items():
            self._state[name][...] = theirs

    def _check(self, start_s: NDArray[np.generic], features: Array, rows: NDArray[np.generic]) -> None:
        if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu"):
            raise ModelError(f"rows: whole numbers, (k,), not {rows.dtype} {rows.shape}")
        if rows.size and not (int(rows.min()) >= 0 and int(rows.max()) < self._rows):
            raise ModelError(f"rows: each from 0 to {self._rows - 1}, not {rows.tolist()}")
        if len(np.unique(rows)) != len(rows):
            raise ModelError(f"rows: each once, not {rows.tolist()}")
        if features.ndim != 3 or features.shape[0] != len(rows) or features.shape[2] != len(NAMES):
            raise ModelError(f"features: ({len(rows)}, n, {len(NAMES)}) would be right, not {features.shape}")
        if start_s.shape != (len(rows),) or start_s.dtype.kind not in "iu":
            raise ModelError(f"start_s: whole seconds, ({len(rows)},), not {start_s.dtype} {start_s.shape}")


@njit(cache=True, nogil=True)
def _run(
    rows: Rows,
    start_s: NDArray[np.int64],
    features: Array,
    usual: Array,
    pulse: Array,
    moving: Array,
    contributions: Array,
    unjudged: Array,
    next_s: Array,
    probability: Array,
    abstention: NDArray[np.int8],
    drivers: Array,
    learnt: Array,
) -> None:
    """One row after the other, one second after the other; writes the state of these rows and the four outputs."""
    x = np.empty(_QUANTITIES)
    for k in range(rows.size):
        row = rows[k]
        if start_s[k] != next_s[row]:
            missed = start_s[k] - next_s[row] if start_s[k] > next_s[row] else math.inf
            unjudged[row] += missed
            moving[row, 2] += missed
        next_s[row] = start_s[k] + features.shape[1]
        for i in range(features.shape[1]):
            second = features[k, i]
            _move(second, moving[row])
            explained = _measure(second, moving[row], pulse[row], x)
            reason = _abstain(second, x, usual[row])
            abstention[k, i] = reason
            if reason in (_NONE, _LEARNING):
                gain = 1.0
                if reason == _NONE:
                    _weigh(x, moving[row], explained, usual[row], unjudged[row], contributions[row])
                    unjudged[row] = 0.0
                    odds = 0.0
                    for d in range(_DRIVERS):
                        odds += contributions[row, d]
                    probability[k, i] = 1.0 / (1.0 + math.exp(-odds))
                    gain = _gain(probability[k, i])
                _learn(second, x, moving[row], gain, usual[row], pulse[row])
            if reason != _NONE:
                unjudged[row] += 1.0
                probability[k, i] = math.nan
            for d in range(_DRIVERS):
                drivers[k, i, d] = contributions[row, d] if reason == _NONE else math.nan
            learnt[k, i] = min(1.0, max(usual[row, 0, 2], usual[row, _PULSE, 2]) / LEARN_S)


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
def _measure(second: Array, moving: Array, pulse: Array, x: Array) -> float:
    """Put the second's quantities into ``x``, on scales on which a person's usual is about normal; NaN where unknown.

    Level, drive and sum of responses [uS] as logarithms, counts a minute as roots, heart rate as bpm above what
    movement explains (0 in the first second), temperature as degC a minute of fall, movement as a logarithm. Returns
    how much of the expected heart rate movement explains [bpm].
    """
    for q in range(_QUANTITIES):
        x[q] = math.nan
    if second[_VALID] >= _ONES and second[_EDA] > 0.0:
        x[0] = math.log(second[_EDA])
        x[1] = math.log(max(second[_DRIVE], 0.0) + 0.05)
        x[2] = math.sqrt(max(second[_RATE], 0.0))
        x[3] = math.log(max(second[_SIZE], 0.0) + 0.1)
    explained = 0.0
    if math.isfinite(second[_HEART]) and second[_COVERAGE] >= _ONES:
        known = moving[2] <= STILL_KNOWN_S
        expected, explained = expected_pulse(moving[0] if known else 0.0, moving[1] if known else 0.0, pulse)
        x[_PULSE] = second[_HEART] - (expected if math.isfinite(expected) else second[_HEART])
    x[_COOLING] = -second[_SLOPE]
    if math.isfinite(second[_MINUTE]):
        x[_RESTLESS] = math.log(max(second[_MINUTE], 0.0) + 0.01)
    return explained


@njit(cache=True, nogil=True)
def _abstain(second: Array, x: Array, usual: Array) -> int:
    """Return the ``Abstention`` of this second."""
    if not math.isfinite(second[_WORN]) and not math.isfinite(x[_PULSE]):
        heard = second[_VALID] >= 0.0 or second[_COVERAGE] >= 0.0 or second[_MOTION] >= 0.0
        return _POOR_SIGNAL if heard else _NO_SIGNAL
    if second[_WORN] < _ONES:
        return _NOT_WORN
    sweat, heart = math.isfinite(x[0]), math.isfinite(x[_PULSE])
    if not sweat and not heart:
        return _POOR_SIGNAL
    if (sweat and usual[0, 2] >= LEARN_S) or (heart and usual[_PULSE, 2] >= LEARN_S):
        return _NONE
    known = usual[0, 2] >= LEARN_S or usual[_PULSE, 2] >= LEARN_S
    return _POOR_SIGNAL if known else _LEARNING


@njit(cache=True, nogil=True)
def _weigh(x: Array, moving: Array, explained: float, usual: Array, unjudged: float, contributions: Array) -> None:
    """Move the smoothed contributions towards what this second says; start anew after ``HOLD_S`` without one."""
    follow = 1.0 if unjudged > HOLD_S else 1.0 / SMOOTH_S
    exercise, trust = _exercise(moving), 1.0 if moving[2] <= STILL_KNOWN_S else UNSURE
    for q in range(_QUANTITIES):
        now = 0.0
        if math.isfinite(x[q]) and usual[q, 2] >= LEARN_S:
            floor = FLOORS[q]
            if q == _PULSE:
                floor = math.hypot(floor, TRUST * explained)
            z = z_score(x[q], usual[q], floor)
            now = WEIGHTS[q] * math.tanh(z / FULL) * trust
            if q != _PULSE:
                now *= 1.0 - exercise
        contributions[q + 1] = settled(contributions[q + 1] + follow * (now - contributions[q + 1]))
    contributions[0] = BASE
    effort = contributions[_DRIVERS - 1]
    contributions[_DRIVERS - 1] = settled(effort + follow * (-EXERTING * exercise - effort))


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
def _learn(second: Array, x: Array, moving: Array, gain: float, usual: Array, pulse: Array) -> None:
    """Take the second into the usual; the pulse is pulled in towards what is expected, as in ``learn``."""
    residual = x[_PULSE]
    for q in range(_QUANTITIES):
        if math.isfinite(x[q]):
            learn(x[q], gain, usual[q])
    if math.isfinite(x[_PULSE]) and moving[2] <= STILL_KNOWN_S:
        reach = CLIP * max(DEVIATIONS * usual[_PULSE, 1], FLOORS[_PULSE])
        off = residual - min(max(residual, -reach), reach)
        learn_pulse(second[_HEART] - off, moving[0], moving[1], gain, pulse)
