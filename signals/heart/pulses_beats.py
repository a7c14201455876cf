"""Photoplethysmogram in, beats out: the likeliest sequence of upstrokes, each with its interval, lag and quality."""

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.gaps import HELD, RESTART, UNKNOWN, Gaps
from signals.heart.pulses_band import pass_light, sections
from signals.heart.pulses_steady import AXES, Steady, together
from signals.rows import Record, RowOperator, Standing
from signals.types import Array, Rows

BAND_HZ: Final = (0.5, 3.5)  # the pulse of 40 to 200 beats a minute; more of its edge would be more noise than edge
PEAK_S: Final = 0.125  # a peak is the highest sample within so much on either side
UPSTROKE_S: Final = 0.36  # a pulse rises for no longer than this; what lies further back is another one's
FIRM: Final = 0.25  # share of the peak, against the middle of the upstroke, in the place of a pulse
BEFORE_S: Final = 0.4375  # of a pulse, before its place: what is compared with other pulses
AFTER_S: Final = 0.0625  # and so much after
EVERY: Final = 2  # sample of it
USUAL_STEP_S: Final = 0.85  # expected of the first interval
USUAL_WIDTH: Final = 0.5  # and how well it is known, as a logarithm
KEPT: Final = 32  # upstrokes remembered: 3 s of them at most
WAIT_STEPS: Final = 1.25  # a slow heart's next beat is waited for
DOUBTFUL: Final = 0.5  # a beat that gains less waits for twice as long
LEARNT_FROM: Final = 0.3  # a beat of this quality makes the wearer's usual shape
LEARNING: Final = 0.05  # with this share
GROWN: Final = 0.5  # a beat moves the usual height by at most this logarithm, before its share is taken
CHANGED: Final = 0.22  # and the pace by this
NEVER: Final = 1 << 60


class Beliefs(NamedTuple):
    """What makes one sequence of upstrokes likelier than another; found on simulated wrists and E4 sessions."""

    size: float = 0.6  # gain of a beat whose upstroke is as high as the sequence's usual one
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
    passed: float = 0.95  # loss for each upstroke passed over that is as high as the usual one
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
        ("score", "f8"),  # of the likeliest sequence that ends with this upstroke
        ("before", "i8"),  # the upstroke before it in that sequence; -1: none
        ("usual", "f8"),  # height in that sequence
        ("log_usual", "f8"),
        ("step", "f8"),  # from the upstroke before it [samples]; 0: none
        ("log_step", "f8"),
        ("log_pace", "f8"),  # interval in that sequence
        ("gain", "f8"),  # what this upstroke added to the score
    ]
)
_ROW = np.dtype(
    [
        ("age", "i8"),  # samples since the restart, and the length of the ring
        ("count", "i8"),  # upstrokes remembered
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

    Every peak of the band-passed PPG (0.5 to 3.5 Hz, second order each, causal) ends an upstroke, as high as the peak
    stands over the lowest point of the 0.36 s before it. A pulse is placed at the middle of its upstroke (where its
    slope has its mean), a quarter of the way on to its peak: an E4's pulse about 0.17 s after its foot. The middle
    follows the foot better, the peak stands firmer in noise. All upstrokes compete: a sequence of them is as likely as
    they are of one height and one shape, keep a rhythm and leave no other upstroke unexplained. The likeliest sequence
    is carried on with each upstroke (dynamic programming, as Ellis 2007, doi:10.1080/09298210701653344, follows the
    beat of music, with the pace itself part of the sequence), and its next beat told ``wait_s`` after it happened
    (twice as long where a sequence begins). Gain never matters; an upstroke must go up.

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
        self._band = sections(BAND_HZ, rate_hz=rate_hz)
        if motion_hz is not None:
            self._steady = Steady(rows=rows, rate_hz=rate_hz, motion_hz=motion_hz, band_hz=BAND_HZ, hold_s=hold_s)
        self._motion_hz = motion_hz
        self._gaps = Gaps(rows=rows, rate_hz=rate_hz, hold_s=hold_s)
        side = self._samples("peak_s", PEAK_S, least=1)
        climb = self._samples("upstroke_s", UPSTROKE_S, least=2)
        before, after = self._samples("before_s", BEFORE_S, least=EVERY), self._samples("after_s", AFTER_S)
        self._limits = (
            self._samples("shortest_s", shortest_s, least=1),
            self._samples("longest_s", longest_s, least=2),
            self._samples("wait_s", wait_s, least=climb + side),
            side,
            climb,
            after,
            self._samples("usual_step_s", USUAL_STEP_S, least=1),
        )
        self._beliefs = beliefs
        points = (before + after) // EVERY + 1
        self._flow = np.zeros((rows, 5))  # two states of each section of the band, and samples since they were flushed
        self._past = np.zeros((rows, 2 * (side + climb + before + EVERY)))  # each sample twice: the last lie in a line
        self._state = np.zeros(rows, _ROW)
        self._rises = np.zeros((rows, KEPT), _RISE)
        self._shapes = np.zeros((rows, KEPT + 1, points))  # and the wearer's usual one

    def push(self, x: Array, motion: Array | None = None, *, rows: Rows | None = None) -> tuple[Array, Array, Array]:
        """Return intervals, lags and qualities at the next n samples of the rows ``rows``."""
        x, known = self._take(x, rows)
        if (motion is None) != (self._motion_hz is None):
            raise SignalError(f"{self._name}.motion: is given if, and only if, motion_hz was")
        if motion is not None and self._motion_hz is not None:
            motion, _ = self._take(motion, known, argument="motion", axes=AXES)
            together(self._name, x, motion, ratio=round(self._rate_hz / self._motion_hz))
        bridged = self._gaps.push(x, rows=known)
        pass_light(bridged.filled, bridged.standing, known, self._band, self._flow)
        if motion is not None:
            self._steady.take_off(bridged.filled, bridged.standing, motion, rows=known)
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
            told,
            lag,
            quality,
        )
        return told, lag, quality


Limits = tuple[int, int, int, int, int, int, int]


@njit(cache=True, nogil=True, error_model="numpy")
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
    told: Array,
    lag: Array,
    quality: Array,
) -> None:
    side, length = limits[3], past.shape[1] // 2
    for k in range(rows.size):
        s, ring, held, shape = state[rows[k]], past[rows[k]], rises[rows[k]], shapes[rows[k]]
        place = s.age % length
        for i in range(x.shape[1]):
            unknown = standing[k, i] == UNKNOWN or standing[k, i] == HELD
            told[k, i] = lag[k, i] = quality[k, i] = np.nan if unknown else 0.0
            if standing[k, i] == UNKNOWN:
                continue
            if standing[k, i] == RESTART:
                s.age, s.count, s.begun, s.due, place = length, 0, 0, NEVER, 0
                ring[:], shape[KEPT], s.learnt = 0.0, 0.0, 0.0
            s.age += 1
            place = place + 1 if place + 1 < length else 0
            ring[place] = ring[place + length] = x[k, i]
            if _peaks(ring, place + length, side) and _remember(s, held, shape, ring, place + length, limits):
                _link(s, held, shape, s.count - 1, limits, beliefs)
                s.due = min(s.due, s.age)
            if s.age >= s.due and not unknown:
                trust = _decide(s, held, shape, limits, beliefs)
                if trust > 0:
                    one = held[0]
                    told[k, i], lag[k, i] = one.step / rate_hz, (s.age - one.at - one.part) / rate_hz
                    quality[k, i] = trust


@njit(cache=True, nogil=True, error_model="numpy")
def _peaks(line: Array, last: int, side: int) -> bool:
    """Return whether the sample ``side`` before the last is above those after it, and not below those before it."""
    top, j = line[last - side], 1
    while j <= side and line[last - side + j] < top and line[last - side - j] <= top:
        j += 1
    return j > side


@njit(cache=True, nogil=True, error_model="numpy")
def _remember(s: Record, held: Record, shape: Array, ring: Array, last: int, limits: Limits) -> bool:
    """Add the upstroke that ends with the peak, with its shape, of mean 0 and length 1; return whether there is one."""
    side, climb, after = limits[3], limits[4], limits[5]
    peak = last - side
    foot, low = peak, ring[peak]
    for j in range(peak - 1, peak - climb, -1):
        if ring[j] < low:
            foot, low = j, ring[j]
    height, area = ring[peak] - low, 0.0
    if not height > 0:
        return False
    for j in range(foot + 1, peak + 1):
        area += ring[j] - low
    middle = max(area / height - 0.5, 0.0)  # before the peak: where the mean of the slope stands
    bend = ring[peak - 1] - 2.0 * ring[peak] + ring[peak + 1]
    summit = 0.5 * (ring[peak - 1] - ring[peak + 1]) / bend if bend < 0 else 0.0
    place = FIRM * summit - (1.0 - FIRM) * middle - side
    whole = math.floor(place)
    at = s.age + int(whole)
    if s.count > 0 and at <= held[s.count - 1].at:
        return False
    if s.count == held.size:
        _forget(s, held, shape, 1)
        s.begun = 0
    one = held[s.count]
    one.at, one.part, one.height, one.log_height = at, place - whole, height, math.log(height)
    _draw(shape, s.count, ring, last + min(int(whole) + after, 0))
    s.count += 1
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _draw(shape: Array, c: int, ring: Array, end: int) -> None:
    """Take the shape of upstroke ``c``, that ends at ``end``: of mean 0 and length 1."""
    mean, n = 0.0, shape.shape[1]
    for j in range(n):
        shape[c, j] = ring[end - EVERY * (n - 1 - j)]
        mean += shape[c, j]
    mean /= n
    for j in range(n):
        shape[c, j] -= mean
    square = _likeness(shape, c, c)
    scale = 1.0 / math.sqrt(square) if square > 0 else 0.0
    for j in range(n):
        shape[c, j] *= scale


@njit(cache=True, nogil=True, error_model="numpy")
def _forget(s: Record, held: Record, shape: Array, n: int) -> None:
    """Forget the first ``n`` upstrokes."""
    for j in range(s.count - n):
        held[j] = held[j + n]
        for i in range(shape.shape[1]):
            shape[j, i] = shape[j + n, i]
        held[j].before = max(held[j].before - n, -1)
    s.count -= n


@njit(cache=True, nogil=True, error_model="numpy")
def _sized(away: float, beliefs: Beliefs) -> float:
    """Return the gain of a beat by the logarithm of its height over the usual one, at most 1."""
    if away < 0:
        return max(1.0 - (away / beliefs.lower) ** 2, -beliefs.lowest)
    return max(1.0 - (away / beliefs.higher) ** 2, -1.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _strain(away: float, width: float, most: float) -> float:
    """Return the loss by the logarithm of an interval over what was expected: 0 to ``most``."""
    square = (away / width) ** 2
    return square / (1.0 + square / most)


@njit(cache=True, nogil=True, error_model="numpy")
def _likeness(shape: Array, one: int, other: int) -> float:
    """Return the scalar product of two shapes."""
    a, b, c, d, n = 0.0, 0.0, 0.0, 0.0, shape.shape[1]
    for j in range(0, n - 3, 4):
        a += shape[one, j] * shape[other, j]
        b += shape[one, j + 1] * shape[other, j + 1]
        c += shape[one, j + 2] * shape[other, j + 2]
        d += shape[one, j + 3] * shape[other, j + 3]
    for j in range(n - n % 4, n):
        a += shape[one, j] * shape[other, j]
    return (a + b) + (c + d)


@njit(cache=True, nogil=True, error_model="numpy")
def _link(s: Record, held: Record, shape: Array, c: int, limits: Limits, beliefs: Beliefs) -> None:
    """Find the likeliest sequence that ends with upstroke ``c``."""
    shortest, longest, usual_log_step = limits[0], limits[1], math.log(limits[6])
    one = held[c]
    one.before, one.usual, one.log_usual, one.step, one.gain = -1, one.height, one.log_height, 0.0, 0.0
    one.score = (held[0].score if s.begun else 0.0) - beliefs.start
    familiar, weight = _likeness(shape, c, KEPT), beliefs.familiar * s.learnt
    best = -1
    for p in range(c - 1, -1, -1):
        other = held[p]
        step = (one.at - other.at) + (one.part - other.part)
        if step < shortest:
            continue
        if step > longest:
            break
        least = one.score - other.score - beliefs.shape * (1.0 - beliefs.shapeless)
        if beliefs.size <= least:
            continue
        gain = beliefs.size * _sized(one.log_height - other.log_usual, beliefs)
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
        alike = _likeness(shape, c, p)
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


@njit(cache=True, nogil=True, error_model="numpy")
def _decide(s: Record, held: Record, shape: Array, limits: Limits, beliefs: Beliefs) -> float:
    """Fix the next beat of the likeliest sequence once it has waited for long enough; return its quality, or 0."""
    longest, wait = limits[1], limits[2]
    s.due = NEVER
    if s.begun and s.age - held[0].at > longest + 2 * wait:
        _forget(s, held, shape, 1)
        s.begun = 0
        for c in range(s.count):
            _link(s, held, shape, c, limits, beliefs)
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
        for j in range(shape.shape[1]):
            shape[KEPT, j] += (LEARNING if s.learnt > 0 else 1.0) * (shape[0, j] - shape[KEPT, j])
        s.learnt = min(s.learnt + 0.1, 1.0)
    score, astray = held[0].score, False
    held[0].before, held[0].score = -1, 0.0
    for c in range(1, s.count):
        held[c].score -= score
        astray = astray or held[c].before < 0
    if astray:  # some other sequence is no longer possible
        for c in range(1, s.count):
            _link(s, held, shape, c, limits, beliefs)
    return quality


@njit(cache=True, nogil=True, error_model="numpy")
def _quality(before: float, here: float, after: float) -> float:
    """Return the probability that a beat is one, by what it and its neighbours added to the likelihood."""
    return 1.0 / (1.0 + math.exp(2.8 - 1.7 * before - 2.15 * here - 2.45 * after))
