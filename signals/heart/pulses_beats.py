"""Photoplethysmogram in, beats out: the likeliest sequence of upstrokes, each with its interval, lag and quality."""

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.filters import Filter, high_pass, low_pass
from signals.gaps import HELD, RESTART, UNKNOWN, Gaps
from signals.heart.pulses_steady import AXES, Steady, together
from signals.rows import Record, RowOperator, Standing
from signals.types import Array, Rows

BAND_HZ: Final = (0.5, 3.0)  # the pulse of 40 to 200 beats a minute; more of its edge would be more noise than edge
EDGE_S: Final = 0.16  # the mean of so much after a point minus that of so much before it is the rise at the point
BEFORE_S: Final = 0.375  # of a pulse, before its steepest rise: what is compared with other pulses, with EDGE_S after
EVERY: Final = 2  # sample of it
USUAL_STEP_S: Final = 0.85  # expected of the first interval
USUAL_WIDTH: Final = 0.5  # and how well it is known, as a logarithm
KEPT: Final = 32  # rises remembered: 3 s of them at most
WAIT_STEPS: Final = 1.25  # a slow heart's next beat is waited for
DOUBTFUL: Final = 0.5  # a beat that gains less waits for twice as long
LEARNT_FROM: Final = 0.3  # a beat of this quality makes the wearer's usual shape
LEARNING: Final = 0.05  # with this share
GROWN: Final = 0.5  # a beat moves the usual height by at most this logarithm, before its share is taken
CHANGED: Final = 0.22  # and the pace by this
NEVER: Final = 1 << 60


class Beliefs(NamedTuple):
    """What makes one sequence of rises likelier than another; found on simulated wrists and E4 sessions together."""

    size: float = 0.6  # gain of a beat whose rise is as high as the sequence's usual one
    lower: float = 0.7  # logarithm by which it may be lower until that gain is gone
    higher: float = 1.6  # or higher
    lowest: float = 1.3  # the gain never falls below minus this
    shape: float = 1.0  # gain of a beat shaped like the one before it
    familiar: float = 0.8  # how much the usual shape of the wearer's pulses counts in that, against the one before
    shapeless: float = 0.3  # correlation that gains nothing
    rhythm: float = 0.9  # loss where an interval differs from the pace
    width: float = 0.2  # by this logarithm
    most: float = 2.2  # where the loss of a wrong interval ends
    twice: float = 0.2  # loss where it equals the interval before it, but not the pace
    passed: float = 0.95  # loss for each rise passed over that is as high as the usual one
    small: float = 0.5  # of it: what may be passed over for nothing
    start: float = 2.0  # loss where a sequence begins anew
    size_follows: float = 0.3  # share of a beat's height in the usual one
    pace_follows: float = 0.15  # share of an interval in the pace


BELIEFS: Final = Beliefs()

_RISE = np.dtype(
    [
        ("at", "i8"),
        ("part", "f8"),
        ("height", "f8"),
        ("log_height", "f8"),
        ("score", "f8"),  # of the likeliest sequence that ends with this rise
        ("before", "i8"),  # the rise before it in that sequence; -1: none
        ("usual", "f8"),  # height in that sequence
        ("log_usual", "f8"),
        ("step", "f8"),  # from the rise before it [samples]; 0: none
        ("log_step", "f8"),
        ("log_pace", "f8"),  # interval in that sequence
        ("gain", "f8"),  # what this rise added to the score
    ]
)
_ROW = np.dtype(
    [
        ("age", "i8"),  # samples since the restart, and the length of the ring
        ("rise", "f8"),  # a sample ago
        ("earlier", "f8"),  # two samples ago
        ("count", "i8"),  # rises remembered
        ("begun", "i8"),  # 1: the first of them is the last beat
        ("learnt", "f8"),  # how far the usual shape is known, 0 to 1
        ("due", "i8"),  # age at which the next beat may be told
    ]
)


class Beats(RowOperator):
    """Beats: (k, n) PPG in any unit in, and with ``motion_hz`` (k, 3, m) acceleration [g] too; three (k, n) out.

    The first is the interval [s] that a beat ended, at the sample at which the beat is *told*, 0 where none is; the
    second how long before that sample the beat happened [s]; the third its quality between 0 and 1. All are NaN where
    PPG is unknown. A beat that has no beat within ``longest_s`` before it ends no interval and is not told: its time is
    that of the next one, less the interval.

    A pulse stands at the steepest rise of the band-passed PPG (0.5 to 3 Hz, second order each, causal; about 0.15 s
    after the foot of an E4's pulse), placed between samples by a parabola. All rises compete: a sequence of them is as
    likely as its rises are of one height and one shape, keep a rhythm and leave no other rise unexplained. The
    likeliest sequence is carried on with each rise (dynamic programming, as Ellis 2007, doi:10.1080/09298210701653344,
    follows the beat of music, with the pace itself part of the sequence), and its next beat told ``wait_s`` after it
    happened (twice as long where a sequence begins). Gain never matters; an upstroke must go up.

    Quality is the probability that the beat is one: a logistic of what this beat, the one before and the one after it
    added to the likelihood, fitted to simulated wrists in movement and to noise. Nothing is left out for low quality:
    0.5 and more is a beat that may be believed.
    """

    def __init__(
        self,
        *,
        rows: int,
        rate_hz: float,
        motion_hz: float | None = None,
        wait_s: float = 1.0,
        shortest_s: float = 0.27,
        longest_s: float = 2.0,
        hold_s: float = 0.1,
        beliefs: Beliefs = BELIEFS,
    ) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        low, high = BAND_HZ
        band = [high_pass(cutoff_hz=low, rate_hz=rate_hz, order=2), low_pass(cutoff_hz=high, rate_hz=rate_hz, order=2)]
        self._band = Filter(np.vstack(band), rows=rows, rate_hz=rate_hz, hold_s=hold_s, warm_s=0.0)
        if motion_hz is not None:
            self._steady = Steady(rows=rows, rate_hz=rate_hz, motion_hz=motion_hz, band_hz=BAND_HZ, hold_s=hold_s)
        self._motion_hz = motion_hz
        self._gaps = Gaps(rows=rows, rate_hz=rate_hz, hold_s=hold_s)
        edge = self._samples("edge_s", EDGE_S, least=1)
        before = self._samples("before_s", BEFORE_S, least=2)
        self._limits = (
            self._samples("shortest_s", shortest_s, least=1),
            self._samples("longest_s", longest_s, least=2),
            self._samples("wait_s", wait_s, least=edge + 2),
            edge,
            before,
            self._samples("usual_step_s", USUAL_STEP_S, least=1),
        )
        self._beliefs = beliefs
        self._past = np.zeros((rows, 2 * (edge + max(edge, before) + 2)))  # each sample twice: the last lie in a line
        self._state = np.zeros(rows, _ROW)
        self._rises = np.zeros((rows, KEPT), _RISE)
        self._usual = np.zeros((rows, (before + edge) // EVERY))
        self._shapes = np.zeros((rows, KEPT, (before + edge) // EVERY))

    def push(self, x: Array, motion: Array | None = None, *, rows: Rows | None = None) -> tuple[Array, Array, Array]:
        """Return intervals, lags and qualities at the next n samples of the rows ``rows``."""
        x, known = self._take(x, rows)
        if (motion is None) != (self._motion_hz is None):
            raise SignalError(f"{self._name}.motion: is given if, and only if, motion_hz was")
        if motion is not None and self._motion_hz is not None:
            motion, _ = self._take(motion, known, argument="motion", axes=AXES)
            together(self._name, x, motion, ratio=round(self._rate_hz / self._motion_hz))
        banded = self._band.push(x, rows=known)
        if motion is not None:
            banded = self._steady.push(banded, motion, rows=known)
        bridged = self._gaps.push(banded, rows=known)
        told, lag, quality = np.empty_like(x), np.empty_like(x), np.empty_like(x)
        _find(
            bridged.filled,
            bridged.standing,
            known,
            self._rate_hz,
            self._limits,
            self._beliefs,
            self._past,
            self._state,
            self._rises,
            self._shapes,
            self._usual,
            told,
            lag,
            quality,
        )
        return told, lag, quality


Limits = tuple[int, int, int, int, int, int]


@njit(cache=True, nogil=True)
def _find(
    x: Array,
    standing: Standing,
    rows: Rows,
    rate_hz: float,
    limits: Limits,
    beliefs: Beliefs,
    past: Array,
    state: NDArray[Any],
    rises: NDArray[Any],
    shapes: Array,
    usuals: Array,
    told: Array,
    lag: Array,
    quality: Array,
) -> None:
    edge, length = limits[3], past.shape[1] // 2
    for k in range(rows.size):
        s, ring, held, shape, usual = state[rows[k]], past[rows[k]], rises[rows[k]], shapes[rows[k]], usuals[rows[k]]
        for i in range(x.shape[1]):
            unknown = standing[k, i] == UNKNOWN or standing[k, i] == HELD
            told[k, i] = lag[k, i] = quality[k, i] = np.nan if unknown else 0.0
            if standing[k, i] == UNKNOWN:
                continue
            if standing[k, i] == RESTART:
                s.age, s.rise, s.earlier, s.count, s.begun, s.due = length, 0.0, 0.0, 0, 0, NEVER
                ring[:], usual[:], s.learnt = 0.0, 0.0, 0.0
            s.age += 1
            place = s.age % length
            ring[place] = ring[place + length] = x[k, i]
            rise = _rise(ring, place + length, edge)
            if s.rise > 0 and s.rise >= rise and s.rise > s.earlier:
                _remember(s, held, shape, ring, place + length, rise, limits)
                _link(s, held, shape, usual, s.count - 1, limits, beliefs)
                s.due = min(s.due, s.age)
            s.earlier, s.rise = s.rise, rise
            if s.age >= s.due and not unknown:
                trust = _decide(s, held, shape, usual, limits, beliefs)
                if trust > 0:
                    one = held[0]
                    told[k, i], lag[k, i] = one.step / rate_hz, (s.age - one.at - one.part) / rate_hz
                    quality[k, i] = trust


@njit(cache=True, nogil=True)
def _rise(line: Array, last: int, edge: int) -> float:
    """Return the mean of the ``edge`` samples up to ``last`` less that of as many before the one before them."""
    even, odd = 0.0, 0.0
    for j in range(0, edge - 1, 2):
        even += line[last - j] - line[last - edge - 1 - j]
        odd += line[last - j - 1] - line[last - edge - 2 - j]
    if edge % 2:
        even += line[last - edge + 1] - line[last - 2 * edge]
    return (even + odd) / edge


@njit(cache=True, nogil=True)
def _remember(s: Record, held: Record, shape: Array, ring: Array, last: int, rise: float, limits: Limits) -> None:
    """Add the rise that was highest a sample ago, with its shape: of mean 0 and length 1."""
    if s.count == held.size:
        _forget(s, held, shape, 1)
        s.begun = 0
    edge, before = limits[3], limits[4]
    one, at = held[s.count], s.age - edge - 1
    bend = s.earlier - 2.0 * s.rise + rise
    one.at, one.part, one.height = at, (0.5 * (s.earlier - rise) / bend if bend < 0 else 0.0), s.rise
    one.log_height = math.log(s.rise)
    mean, square, n = 0.0, 0.0, shape.shape[1]
    for j in range(n):
        value = ring[last - edge - 1 - before + EVERY * (j + 1)]
        shape[s.count, j] = value
        mean += value / n
    for j in range(n):
        shape[s.count, j] -= mean
        square += shape[s.count, j] ** 2
    for j in range(n):
        shape[s.count, j] *= 1.0 / math.sqrt(square) if square > 0 else 0.0
    s.count += 1


@njit(cache=True, nogil=True)
def _forget(s: Record, held: Record, shape: Array, n: int) -> None:
    """Forget the first ``n`` rises."""
    for j in range(s.count - n):
        held[j] = held[j + n]
        shape[j] = shape[j + n]
        held[j].before = max(held[j].before - n, -1)
    s.count -= n


@njit(cache=True, nogil=True)
def _sized(away: float, beliefs: Beliefs) -> float:
    """Return the gain of a beat by the logarithm of its height over the usual one, at most 1."""
    if away < 0:
        return max(1.0 - (away / beliefs.lower) ** 2, -beliefs.lowest)
    return max(1.0 - (away / beliefs.higher) ** 2, -1.0)


@njit(cache=True, nogil=True)
def _strain(away: float, width: float, most: float) -> float:
    """Return the loss by the logarithm of an interval over what was expected: 0 to ``most``."""
    square = (away / width) ** 2
    return square / (1.0 + square / most)


@njit(cache=True, nogil=True)
def _likeness(one: Array, other: Array) -> float:
    """Return the scalar product of two shapes."""
    even, odd, n = 0.0, 0.0, one.size
    for j in range(0, n - 1, 2):
        even += one[j] * other[j]
        odd += one[j + 1] * other[j + 1]
    return even + odd + (one[n - 1] * other[n - 1] if n % 2 else 0.0)


@njit(cache=True, nogil=True)
def _link(s: Record, held: Record, shape: Array, usual: Array, c: int, limits: Limits, beliefs: Beliefs) -> None:
    """Find the likeliest sequence that ends with rise ``c``."""
    shortest, longest, usual_log_step = limits[0], limits[1], math.log(limits[5])
    one = held[c]
    one.before, one.usual, one.log_usual, one.step, one.gain = -1, one.height, one.log_height, 0.0, 0.0
    one.score = (held[0].score if s.begun else 0.0) - beliefs.start
    familiar, weight = _likeness(shape[c], usual), beliefs.familiar * s.learnt
    best = -1
    for p in range(c - 1, -1, -1):
        other = held[p]
        step = (one.at - other.at) + (one.part - other.part)
        if step < shortest:
            continue
        if step > longest:
            break
        gain = beliefs.size * _sized(one.log_height - other.log_usual, beliefs)
        least = one.score - other.score - beliefs.shape * (1.0 - beliefs.shapeless)
        if gain <= least:  # whatever else it gains
            continue
        log_step = math.log(step)
        if other.step > 0:
            strain = _strain(log_step - other.log_pace, beliefs.width, beliefs.most)
            if strain > beliefs.twice:
                strain = min(strain, _strain(log_step - other.log_step, beliefs.width, beliefs.most) + beliefs.twice)
        else:
            strain = _strain(log_step - usual_log_step, USUAL_WIDTH, beliefs.most)
        gain -= beliefs.rhythm * strain
        if gain <= least:
            continue
        small, slope = beliefs.small * other.usual, beliefs.passed / ((1.0 - beliefs.small) * other.usual)
        for q in range(p + 1, c):
            if held[q].height > small:
                gain -= min(slope * (held[q].height - small), beliefs.passed)
        if gain <= least:
            continue
        alike = _likeness(shape[c], shape[p])
        alike += weight * (familiar - alike)
        gain += beliefs.shape * (max(alike, -0.2) - beliefs.shapeless)
        if other.score + gain > one.score:
            one.score, one.gain, one.before, one.step, one.log_step = other.score + gain, gain, p, step, log_step
            best = p
    if best >= 0:
        other = held[best]
        grown = min(max(one.log_height - other.log_usual, -GROWN), GROWN)
        one.log_usual = other.log_usual + beliefs.size_follows * grown
        one.usual = math.exp(one.log_usual)
        away = min(max(one.log_step - other.log_pace, -CHANGED), CHANGED) if other.step > 0 else 0.0
        one.log_pace = other.log_pace + beliefs.pace_follows * away if other.step > 0 else one.log_step


@njit(cache=True, nogil=True)
def _decide(s: Record, held: Record, shape: Array, usual: Array, limits: Limits, beliefs: Beliefs) -> float:
    """Fix the next beat of the likeliest sequence once it has waited for long enough; return its quality, or 0."""
    longest, wait = limits[1], limits[2]
    s.due = NEVER
    if s.begun and s.age - held[0].at > longest + 2 * wait:
        _forget(s, held, shape, 1)
        s.begun = 0
        for c in range(s.count):
            _link(s, held, shape, usual, c, limits, beliefs)
    if s.count <= s.begun:
        return 0.0
    chosen, after = s.begun, -1
    for c in range(s.begun, s.count):
        if held[c].score >= held[chosen].score:
            chosen = c
    while held[chosen].before >= s.begun:
        chosen, after = held[chosen].before, chosen
    need = max(wait, int(WAIT_STEPS * math.exp(held[chosen].log_pace))) if held[chosen].step > 0 else wait
    if not s.begun or held[chosen].gain < DOUBTFUL:
        need = 2 * wait
    if s.age - held[chosen].at < need:
        s.due = held[chosen].at + need
        return 0.0
    quality = 0.0
    if s.begun and held[chosen].before == 0:
        quality = _quality(held[0].gain, held[chosen].gain, held[after].gain if after >= 0 else 0.0)
    _forget(s, held, shape, chosen)
    s.begun, s.due = 1, s.age + 1
    if quality > LEARNT_FROM:
        for j in range(usual.size):
            usual[j] += (LEARNING if s.learnt > 0 else 1.0) * (shape[0, j] - usual[j])
        s.learnt = min(s.learnt + 0.1, 1.0)
    score, astray = held[0].score, False
    held[0].before, held[0].score = -1, 0.0
    for c in range(1, s.count):
        held[c].score -= score
        astray = astray or held[c].before < 0
    if astray:  # some other sequence is no longer possible
        for c in range(1, s.count):
            _link(s, held, shape, usual, c, limits, beliefs)
    return quality


@njit(cache=True, nogil=True)
def _quality(before: float, here: float, after: float) -> float:
    """Return the probability that a beat is one, by what it and its neighbours added to the likelihood."""
    return 1.0 / (1.0 + math.exp(2.7 - 1.45 * before - 2.05 * here - 1.95 * after))
