"""Acceleration in, how plainly movement repeats out: strength, frequency and size of the rhythm, and its traits.

Everything is made of one quantity: how the acceleration of a second goes with what it was 0 to 2 s before, summed over
the three axes. A turn of the band changes no such sum, so nothing here knows how the band sits.
"""

import math
from typing import Final

import numpy as np
from numba import njit

from signals.errors import SignalError
from signals.filters import Filter, high_pass
from signals.rows import Counts, RowOperator
from signals.types import Array, Rows

RATE_HZ: Final = 32
CUTOFF_HZ: Final = 0.4  # slower is posture; the slowest rhythm is 0.5 Hz
CORNER: Final = math.tan(math.pi * CUTOFF_HZ / RATE_HZ)
NEAR: Final = 8  # samples: the shortest period, 4 Hz
FAR: Final = 64  # the longest, 0.5 Hz
LAGS: Final = FAR + 2  # from 0 on, and one beyond the longest, without which no peak there
SHORT_S: Final = 4  # the window of strength, frequency and amplitude
LONG_S: Final = 8  # and the longest one that traits look at
LAG_S: Final = 3  # traits told with second t describe second t - 3
LEAST_G: Final = 0.02  # root mean square: a still band's noise and steps of 1/64 g are less, and repeat nothing
PLAIN: Final = 0.3  # of strength: noise in this band rarely reaches it, and has no frequency
ALIKE: Final = 0.1  # a shorter period this near to the best one is the period, the best one a multiple of it
PAIRED: Final = 0.25  # of the energy: so much must be known a period before, or nothing is known of that period
SUMS: Final = 9

Seconds = tuple[Array, Array, Array, Array, int]  # products, late, early, sums; and where the next second goes
LEVEL_FLOOR_G: Final = 0.01  # added before the logarithm: below, all is still
JERK_FLOOR: Final = 0.1  # g/s, the same

TRAITS: Final = (
    "level of the second before [ln g]",
    "jerk of the second before [ln g/s]",
    "level of the second [ln g]",
    "jerk of the second [ln g/s]",
    "level over 4 s [ln g]",
    "jerk over 4 s [ln g/s]",
    "height of the peak over 4 s",
    "prominence of the peak over 4 s",
    "share of the main direction over 4 s",
    "share of the least direction over 4 s",
    "level over 8 s [ln g]",
    "jerk over 8 s [ln g/s]",
    "height of the peak over 8 s",
    "prominence of the peak over 8 s",
    "share of the main direction over 8 s",
    "share of the least direction over 8 s",
)


class Repetition(RowOperator):
    """Rhythmic movement between 0.5 and 4 Hz: (k, 3, 32 n) g in, once a second out:

    ``strength`` (k, n) 0 to 1: the highest peak of the autocorrelation of the three-axis acceleration (periods of 0.25
    to 2 s, the last 4 s against what they were one period before), or half of how far it stands above the lowest value
    before it, whichever is less: 1 for a sine, about 0.2 for movement without rhythm, 0 for less than ``LEAST_G``.
    ``frequency_hz`` (k, n): of the shortest period whose peak is about as high; NaN below a strength of ``PLAIN``.
    ``amplitude_g`` (k, n): of a sine with the power of what repeats, before the filter; 0 below ``PLAIN``.
    ``traits`` (k, n, 16): what ``signals.motion.stereotypy`` judges by, in the order of ``TRAITS``; those told with
    second t describe second t - 3, from the seconds t - 7 to t. ``level`` is the root mean square of the dynamic
    acceleration, ``jerk`` that of its change; the shares are the largest and the least eigenvalue of its covariance,
    as parts of their sum: 1 and 0 where all movement is to and fro on one line, a third each where it has no direction.

    NaN where less than half of a window is known. Each axis goes through a second-order Butterworth high-pass at 0.4 Hz
    first, begun at rest; unknown samples count for nothing. Sums over axes of autocorrelations are a trace, so they do
    not change with rotation; after Goodwin 2011 (doi:10.1007/s10803-010-1102-z), whose features know the axes, and
    Grossekathoefer 2017 (doi:10.3389/fninf.2017.00009), whose recurrence this approximates at a tenth of the cost.
    """

    def __init__(self, *, rows: int, rate_hz: int) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        if rate_hz != RATE_HZ:
            raise SignalError(f"{self._name}.rate_hz: must be {RATE_HZ}, got {rate_hz!r}")
        sos = high_pass(cutoff_hz=CUTOFF_HZ, rate_hz=rate_hz, order=2)
        self._filter = Filter(sos, rows=3 * rows, rate_hz=rate_hz, hold_s=0.5, warm_s=1.0)
        self._past = np.full((rows, 3, LAGS + RATE_HZ), np.nan)  # the last samples, the latest second last
        self._products = np.zeros((rows, LONG_S, LAGS))  # by second and lag: sums of products over axes
        self._late = np.zeros((rows, LONG_S, LAGS))  # by second and lag: energy of the later factors, of known pairs
        self._early = np.zeros((rows, LONG_S, LAGS))  # and of the earlier ones
        self._sums = np.zeros((rows, LONG_S, SUMS))  # by second: known samples, energy of the jerk, known jerks, and
        # the sums of xx, yy, zz, xy, xz and yz
        self._at = np.zeros(rows, np.int64)  # where the next second goes

    def push(self, x: Array, *, rows: Rows | None = None) -> tuple[Array, Array, Array, Array]:
        """Return strength, frequency, amplitude and traits of the next n seconds of the rows ``rows``."""
        x, rows = self._take(x, rows, axes=3, grain=RATE_HZ)
        axes = (3 * rows[:, None] + np.arange(3)).reshape(-1)
        moved = self._filter.push(x.reshape(len(axes), x.shape[2]), rows=axes).reshape(x.shape)
        plain = np.empty((len(rows), x.shape[2] // RATE_HZ, 3))
        traits = np.empty((*plain.shape[:2], len(TRAITS)))
        state = (self._past, self._products, self._late, self._early, self._sums, self._at)
        _repeat(moved, rows, *state, plain, traits)
        strength, frequency_hz, amplitude_g = (np.ascontiguousarray(plain[..., i]) for i in range(3))
        return strength, frequency_hz, amplitude_g, traits


@njit(cache=True, nogil=True)
def _repeat(
    moved: Array,
    rows: Rows,
    past: Array,
    products: Array,
    late: Array,
    early: Array,
    sums: Array,
    at: Counts,
    plain: Array,
    traits: Array,
) -> None:
    window = np.empty((3, LAGS))
    likeness = np.empty(LAGS)
    known = np.empty((5, LAGS + RATE_HZ))
    for k in range(rows.size):
        row = rows[k]
        for i in range(plain.shape[1]):
            second = at[row]
            _take_in(moved[k], i * RATE_HZ, past[row], known)
            _multiply(known, products[row, second], late[row, second], early[row, second])
            _count(past[row], sums[row, second])
            at[row] = (second + 1) % LONG_S
            seconds = (products[row], late[row], early[row], sums[row], at[row])
            _tell(seconds, window, likeness, plain[k, i])
            _judge(seconds, window, likeness, traits[k, i])


@njit(cache=True, nogil=True)
def _take_in(moved: Array, start: int, past: Array, known: Array) -> None:
    """Move ``past`` on by the second at ``start``, and write its three axes, their energy and whether they are
    known into ``known``, latest sample first, 0 for what is unknown on any axis."""
    for axis in range(3):
        for j in range(LAGS):
            past[axis, j] = past[axis, j + RATE_HZ]
        for j in range(RATE_HZ):
            past[axis, LAGS + j] = moved[axis, start + j]
    for j in range(LAGS + RATE_HZ):
        back = LAGS + RATE_HZ - 1 - j
        square = past[0, back] * past[0, back] + past[1, back] * past[1, back] + past[2, back] * past[2, back]
        for axis in range(3):
            known[axis, j] = past[axis, back] if np.isfinite(square) else 0.0
        known[3, j] = square if np.isfinite(square) else 0.0
        known[4, j] = 1.0 if np.isfinite(square) else 0.0


@njit(cache=True, nogil=True)
def _multiply(known: Array, products: Array, late: Array, early: Array) -> None:
    """Sum, by lag, the products of the latest second with what was before, and the energy of both, where both are
    known."""
    products[:] = 0.0
    late[:] = 0.0
    early[:] = 0.0
    for j in range(RATE_HZ):
        if known[4, j] == 0.0:
            continue
        x, y, z, energy = known[0, j], known[1, j], known[2, j], known[3, j]
        for lag in range(LAGS):
            products[lag] += x * known[0, j + lag] + y * known[1, j + lag] + z * known[2, j + lag]
            late[lag] += energy * known[4, j + lag]
            early[lag] += known[3, j + lag]


@njit(cache=True, nogil=True)
def _count(past: Array, sums: Array) -> None:
    """Write how many samples of the latest second are known, energy and count of the changes between them, and their
    covariance."""
    sums[:] = 0.0
    for j in range(LAGS, LAGS + RATE_HZ):
        if not np.isfinite(past[0, j] + past[1, j] + past[2, j]):
            continue
        sums[0] += 1.0
        x, y, z = past[0, j], past[1, j], past[2, j]
        for at, product in enumerate((x * x, y * y, z * z, x * y, x * z, y * z)):
            sums[3 + at] += product
        energy = 0.0
        for axis in range(3):
            change = (past[axis, j] - past[axis, j - 1]) * RATE_HZ
            energy += change * change
        if np.isfinite(energy):
            sums[1] += energy
            sums[2] += 1.0


@njit(cache=True, nogil=True)
def _tell(seconds: Seconds, window: Array, likeness: Array, plain: Array) -> None:
    """Write strength, frequency and amplitude of the last ``SHORT_S``."""
    known, level, _ = _sum_up(seconds, 0, SHORT_S, window)
    plain[:] = np.nan
    if 2.0 * known < SHORT_S * RATE_HZ:
        return
    height, prominence, lag = _peak(window, level, likeness)
    strength = min(max(min(height, 0.5 * prominence), 0.0), 1.0)
    plain[0] = strength
    plain[1] = RATE_HZ / lag if strength >= PLAIN else np.nan
    steep = (math.tan(math.pi / lag) / CORNER) ** 4
    plain[2] = math.sqrt(2.0 * strength * (1.0 + steep) / steep) * level if strength >= PLAIN else 0.0


@njit(cache=True, nogil=True)
def _judge(seconds: Seconds, window: Array, likeness: Array, traits: Array) -> None:
    """Write the traits of the second ``LAG_S`` ago."""
    traits[:] = np.nan
    for at, since, length in ((0, LAG_S + 1, 1), (2, LAG_S, 1), (4, LAG_S - 1, SHORT_S), (10, 0, LONG_S)):
        known, level, jerk = _sum_up(seconds, since, length, window)
        if 2.0 * known < length * RATE_HZ:
            traits[:] = np.nan
            return
        traits[at] = math.log(level + LEVEL_FLOOR_G)
        traits[at + 1] = math.log(jerk + JERK_FLOOR)
        if length > 1:
            traits[at + 2], traits[at + 3], _ = _peak(window, level, likeness)
            traits[at + 4], traits[at + 5] = _directions(seconds, since, length, level)


@njit(cache=True, nogil=True)
def _sum_up(seconds: Seconds, since: int, length: int, window: Array) -> tuple[float, float, float]:
    """Sum the ``length`` seconds that ended ``since`` seconds ago into ``window``, oldest first; return how many
    samples of them are known, and the root mean squares of acceleration and jerk."""
    products, late, early, sums, at = seconds
    window[:] = 0.0
    known, jerk, jerks = 0.0, 0.0, 0.0
    for age in range(since + length, since, -1):
        second = (at - age) % LONG_S
        for lag in range(LAGS):
            window[0, lag] += products[second, lag]
            window[1, lag] += late[second, lag]
            window[2, lag] += early[second, lag]
        known += sums[second, 0]
        jerk += sums[second, 1]
        jerks += sums[second, 2]
    return known, math.sqrt(window[0, 0] / max(known, 1.0)), math.sqrt(jerk / max(jerks, 1.0))


@njit(cache=True, nogil=True)
def _peak(window: Array, level: float, likeness: Array) -> tuple[float, float, float]:
    """Return the height of the highest peak of the autocorrelation between ``NEAR`` and ``FAR``, how far it stands
    above the lowest value before it, and the period [samples] of the first peak about as high; 0, 0, 1 without one."""
    if level < LEAST_G:
        return 0.0, 0.0, 1.0
    for lag in range(LAGS):
        enough = window[1, lag] > PAIRED * window[0, 0] and window[2, lag] > 0.0
        likeness[lag] = window[0, lag] / math.sqrt(window[1, lag] * window[2, lag]) if enough else 0.0
    best, prominence, lowest = 0.0, 0.0, 1.0
    for lag in range(1, FAR + 1):
        lowest = min(lowest, likeness[lag])
        if lag >= NEAR and _is_peak(likeness, lag) and likeness[lag] > best:
            best, prominence = likeness[lag], likeness[lag] - lowest
    if best == 0.0:
        return 0.0, 0.0, 1.0
    for lag in range(NEAR, FAR + 1):
        if _is_peak(likeness, lag) and likeness[lag] >= best - ALIKE:
            bend = likeness[lag - 1] - 2.0 * likeness[lag] + likeness[lag + 1]
            lean = 0.5 * (likeness[lag - 1] - likeness[lag + 1])
            return best, prominence, lag + (lean / bend if bend < 0.0 else 0.0)
    return best, prominence, 1.0


@njit(cache=True, nogil=True)
def _directions(seconds: Seconds, since: int, length: int, level: float) -> tuple[float, float]:
    """Return the shares of the largest and the least eigenvalue of the covariance (Smith 1961,
    doi:10.1145/355578.366316); a third each where nothing moves."""
    _, _, _, sums, at = seconds
    covariance = np.zeros(6)
    for age in range(since + length, since, -1):
        covariance += sums[(at - age) % LONG_S, 3:]
    mean = (covariance[0] + covariance[1] + covariance[2]) / 3.0
    if level < LEAST_G or not mean > 0.0:
        return 1.0 / 3.0, 1.0 / 3.0
    x, y, z, xy, xz, yz = covariance
    x, y, z = x - mean, y - mean, z - mean
    spread = math.sqrt((x * x + y * y + z * z + 2.0 * (xy * xy + xz * xz + yz * yz)) / 6.0)
    if not spread > 1e-9 * mean:
        return 1.0 / 3.0, 1.0 / 3.0
    volume = x * (y * z - yz * yz) - xy * (xy * z - yz * xz) + xz * (xy * yz - y * xz)
    angle = math.acos(min(max(0.5 * volume / spread**3, -1.0), 1.0)) / 3.0
    most = mean + 2.0 * spread * math.cos(angle)
    least = mean + 2.0 * spread * math.cos(angle + 2.0 * math.pi / 3.0)
    return most / (3.0 * mean), max(least / (3.0 * mean), 0.0)


@njit(cache=True, nogil=True)
def _is_peak(likeness: Array, lag: int) -> bool:
    return bool(likeness[lag] >= likeness[lag - 1] and likeness[lag] > likeness[lag + 1])
