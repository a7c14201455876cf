"""Heart rate and movement in, the heart rate that the person's movement explains, and what it does not, out."""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.rows import Record, RowOperator
from signals.types import Array, Rows

FAST_S: Final = 30.0  # time constants of the pulse after movement: the first minute, and the minutes after
SLOW_S: Final = 150.0
EASY_G: Final = 0.04  # turning the wrist is no effort
EXERTION_G: Final = 0.2
FAST_BPM: Final = 16.0  # together 24 bpm a unit of exertion: brisk walking (about 0.3 g) raises an adult's pulse by
SLOW_BPM: Final = 8.0  # some 20 bpm, running (about 1 g) by some 40
PRIOR_S: Final = 10.0  # the prior weighs as much as ten seconds with a unit of exertion more than usual
MOST_BPM: Final = 40.0  # a unit of exertion
LEVEL_S: Final = 3600.0  # known time after which the resting pulse is forgotten,
SLOPE_S: Final = 6 * 3600.0  # and how it answers movement: people seldom exercise
FREE_S: Final = 120.0  # known time in which everything is learnt, and nothing said
SPREAD_BPM: Final = 3.0  # the least spread of what movement leaves unexplained
FAR: Final = 2.0  # spreads: what lies farther above is learnt ever more slowly, what lies below is cut
SLOWEST: Final = 0.05
DOUBT: Final = 0.35  # a third of what movement explains is doubtful, and not far
LOST_S: Final = 30  # seconds without movement after which it is not known how much there was of late,
FOUND_S: Final = 60  # and with it until it is again
QUIET: Final = 1e-12  # what decays ends at 0, not among the denormals

_STATE = np.dtype(
    [
        ("fast", "f8"),  # exertion, averaged with FAST_S and SLOW_S
        ("slow", "f8"),
        ("lost", "i8"),  # seconds without movement, up to LOST_S
        ("found", "i8"),  # seconds since it was found again, up to FOUND_S
        ("known", "f8"),  # seconds learnt from, up to SLOPE_S
        ("at", "f8", (3,)),  # means of fast, slow and the rate
        ("spread", "f8", (5,)),  # of fast with itself, fast with slow, slow with itself, and of the rate with each
        ("away", "f8"),  # mean distance from what is expected [1/min]
    ]
)


class Explained(RowOperator):
    """What movement explains of heart rate: (k, n) 1/min and (k, n) g, one a second, in; (k, n) 1/min expected and
    (k, n) 1/min unexplained (above what is expected, or below) out.

    The rate is regressed on exertion of late: log(1 + what movement is above 0.04 g / 0.2 g), averaged exponentially
    with 30 s and 150 s (a heart follows effort within a minute and recovers over several). Person by person and
    recursively: covariances are forgotten over 6 h, the level over 1 h of known time, and an adult's answer to movement
    (24 bpm a unit) stands in until the person's own is known; slopes are kept within 0 and 40 bpm a unit. What is
    learnt is not forgotten in silence.

    So that an episode does not become what is expected, a second is learnt the less the farther its rate lies above
    what is expected (from two spreads on, down to a twentieth), and no farther below than two spreads; a third of what
    movement explains is part of the spread, so that exercise is learnt. Ten minutes at 25 bpm above rest raise the
    expected by less than 2.

    Nothing looks ahead: a second is judged before it is learnt. NaN until two minutes of both are known, and where the
    rate is (the expected is said all the same), or movement has been unknown for 30 s, until it has been known for a
    minute again: without movement nobody knows what it explains. In shorter gaps exertion stays. The method is our own.
    """

    def __init__(self, *, rows: int) -> None:
        super().__init__(rows=rows, rate_hz=1.0)
        self._state = np.zeros(rows, _STATE)
        self._state["lost"] = LOST_S

    def push(self, rate: Array, motion_g: Array, *, rows: Rows | None = None) -> tuple[Array, Array]:
        """Return what is expected and what is unexplained at each of the next n seconds of the rows ``rows``."""
        rate, known = self._take(rate, rows, argument="rate")
        motion_g, _ = self._take(motion_g, rows, argument="motion_g")
        if motion_g.shape != rate.shape:
            raise SignalError(f"{self._name}.motion_g: must be {rate.shape}, got {motion_g.shape}")
        expected, unexplained = np.empty_like(rate), np.empty_like(rate)
        _explain(rate, motion_g, known, self._state, expected, unexplained)
        return expected, unexplained


@njit(cache=True, nogil=True)
def _explain(
    rate: Array, motion_g: Array, rows: Rows, state: NDArray[np.void], expected: Array, unexplained: Array
) -> None:
    for k in range(rows.size):
        s = state[rows[k]]
        for i in range(rate.shape[1]):
            expected[k, i] = unexplained[k, i] = np.nan
            _exert(s, motion_g[k, i])
            if s.found < FOUND_S:
                continue
            wanted = _expected(s)
            if s.known >= FREE_S:
                expected[k, i] = wanted
            if np.isfinite(rate[k, i]) and rate[k, i] > 0.0:
                unexplained[k, i] = rate[k, i] - expected[k, i]
                _learn(s, rate[k, i], wanted)


@njit(cache=True, nogil=True)
def _exert(s: Record, motion_g: float) -> None:
    """Follow exertion by a second."""
    if not np.isfinite(motion_g):
        s.lost = min(s.lost + 1, LOST_S)
        if s.lost == LOST_S:
            s.found = 0
        return
    now = math.log1p(max(motion_g - EASY_G, 0.0) / EXERTION_G)
    if s.found == 0:
        s.fast = s.slow = now
    s.lost, s.found = 0, min(s.found + 1, FOUND_S)
    s.fast += (now - s.fast) / FAST_S
    s.slow += (now - s.slow) / SLOW_S
    s.fast, s.slow = _settled(s.fast), _settled(s.slow)


@njit(cache=True, nogil=True)
def _expected(s: Record) -> float:
    """The rate that goes with the exertion of late."""
    if s.known <= 0.0:
        return 0.0
    fast, slow = _slopes(s)
    return float(s.at[2] + fast * (s.fast - s.at[0]) + slow * (s.slow - s.at[1]))


@njit(cache=True, nogil=True)
def _slopes(s: Record) -> tuple[float, float]:
    """Solve the normal equations, within 0 and MOST_BPM; where one slope is at an end, the other is solved alone."""
    prior = PRIOR_S / s.known
    ff, fs, ss = s.spread[0] + prior, s.spread[1], s.spread[2] + prior
    fr, sr = s.spread[3] + prior * FAST_BPM, s.spread[4] + prior * SLOW_BPM
    determinant = ff * ss - fs * fs
    fast, slow = (fr * ss - sr * fs) / determinant, (sr * ff - fr * fs) / determinant
    if not 0.0 <= fast <= MOST_BPM:
        fast = min(max(fast, 0.0), MOST_BPM)
        slow = (sr - fs * fast) / ss
    if not 0.0 <= slow <= MOST_BPM:
        slow = min(max(slow, 0.0), MOST_BPM)
        fast = min(max((fr - fs * slow) / ff, 0.0), MOST_BPM)
    return fast, slow


@njit(cache=True, nogil=True)
def _learn(s: Record, rate: float, wanted: float) -> None:
    """Take a second in, in so far as it is usual."""
    weight = 1.0
    if s.known >= FREE_S:
        fast, slow = _slopes(s)
        spread = math.hypot(max(1.25 * s.away, SPREAD_BPM), DOUBT * (fast * s.fast + slow * s.slow))
        off = rate - wanted
        if off > FAR * spread:
            weight = max((FAR * spread / off) ** 2, SLOWEST)
        off = min(max(off, -FAR * spread), FAR * spread)
        rate = wanted + off
        s.away += weight / (min(s.known, LEVEL_S) + 1.0) * (abs(off) - s.away)
    level, slope = weight / (min(s.known, LEVEL_S) + 1.0), weight / (s.known + 1.0)
    fast, slow, beat = s.fast - s.at[0], s.slow - s.at[1], rate - s.at[2]
    if s.known <= 0.0:
        level, fast, slow, beat = 1.0, s.fast, s.slow, rate
        s.away = SPREAD_BPM / 1.25
    else:
        share = slope * (1.0 - level)
        s.spread[0] = _settled(s.spread[0] + share * fast * fast - slope * s.spread[0])
        s.spread[1] = _settled(s.spread[1] + share * fast * slow - slope * s.spread[1])
        s.spread[2] = _settled(s.spread[2] + share * slow * slow - slope * s.spread[2])
        s.spread[3] = _settled(s.spread[3] + share * fast * beat - slope * s.spread[3])
        s.spread[4] = _settled(s.spread[4] + share * slow * beat - slope * s.spread[4])
    s.at[0], s.at[1] = _settled(s.at[0] + level * fast), _settled(s.at[1] + level * slow)
    s.at[2] += level * beat
    s.known = min(s.known + weight, SLOPE_S)


@njit(cache=True, nogil=True)
def _settled(x: float) -> float:
    return x if abs(x) > QUIET else 0.0
