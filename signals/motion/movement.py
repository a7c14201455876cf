"""Acceleration in, movement and how active the wrist is out, however the band sits."""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.filters import Filter, high_pass
from signals.rows import RowOperator
from signals.types import Array, Rows

INACTIVE_G: Final = 0.0448  # ENMO of an adult's wrist that sits or lies: Hildebrand 2017, doi:10.1111/sms.12795
MODERATE_G: Final = 0.1006  # from 3 MET on, and
VIGOROUS_G: Final = 0.4288  # from 6 MET on: adults, Hildebrand 2014, doi:10.1249/MSS.0000000000000289
CHILD_G: Final = (0.0356, 0.2014, 0.7070)  # the same three of children aged 7 to 11
RESTING_G: Final = 0.013  # no axis varies by more: nothing acts but gravity (van Hees 2014)
MISCALIBRATED_G: Final = 0.1  # further from 1 g than this is no rest
PRIOR_S: Final = 60.0  # seconds that speak for a true sensor,
LEARNT_S: Final = 1800.0  # and seconds of rest that its length of gravity is averaged over
EPOCH_S: Final = 5

_ACTIVITY = np.dtype(
    [
        ("unit", "f8"),  # how long gravity is to this sensor [g]
        ("rests", "f8"),  # seconds that speak for it
        ("at", "i8"),  # second of the ring
        ("age", "i8"),  # seconds known without a break, and of them without movement up to now; up to the epoch
        ("quiet", "i8"),
    ]
)


class Movement(RowOperator):
    """Dynamic acceleration: (k, 3, n) g in, (k, n) g out, at least 0, NaN where any axis is unknown.

    Each axis goes through a second-order Butterworth high-pass at ``cutoff_hz``, begun at rest, which removes gravity
    and slow turns of the wrist; the output is the length of what remains, so it does not depend on how the band sits.
    """

    def __init__(
        self, *, rows: int, rate_hz: float, cutoff_hz: float = 0.25, hold_s: float = 0.5, warm_s: float = 1.0
    ) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        sos = high_pass(cutoff_hz=cutoff_hz, rate_hz=rate_hz, order=2)
        self._filter = Filter(sos, rows=3 * rows, rate_hz=rate_hz, hold_s=hold_s, warm_s=warm_s)

    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        """Return dynamic acceleration at the next n samples of the rows ``rows``."""
        x, rows = self._take(x, rows, axes=3)
        axes = (3 * rows[:, None] + np.arange(3)).reshape(-1)
        left = self._filter.push(x.reshape(len(axes), x.shape[2]), rows=axes).reshape(x.shape)
        return np.sqrt(left[:, 0] ** 2 + left[:, 1] ** 2 + left[:, 2] ** 2)


class Activity(RowOperator):
    """How active a wrist is: (k, 3, rate_hz n) g in; ENMO [g], MAD [g], level and stillness, each (k, n), out.

    ENMO is ``max(|a| / u - 1, 0)``, its mean over the last 5 s (van Hees 2013, doi:10.1371/journal.pone.0061691). MAD
    is the mean distance of ``|a| / u`` from its own mean in the last 5 s (Vaha-Ypya 2015, doi:10.1111/cpf.12127). The
    level is 0 inactive, 1 light, 2 moderate or 3 vigorous by the ``levels_g`` of ENMO (adults; there is ``CHILD_G``).
    Still (1, else 0): no axis varied by a standard deviation of ``still_g`` or more within any of the last 5 s.

    ``u`` is what the sensor makes of 1 g: the mean length of acceleration in seconds of rest (no axis' standard
    deviation above 13 mg), begun at 1 and learnt over minutes of rest; E4s are off by up to 16 mg, which is a third of
    the bound of inactivity. That is the gain of van Hees 2014 (doi:10.1152/japplphysiol.00421.2014) for all axes alike;
    a gain and an offset for each axis need hours of rest in many attitudes, which live there are not for long. ``u`` is
    the band's and outlasts silence. NaN where less than half of a second is known, and until 5 s are without a break.
    """

    def __init__(
        self,
        *,
        rows: int,
        rate_hz: int,
        still_g: float = 0.03,
        levels_g: tuple[float, float, float] = (INACTIVE_G, MODERATE_G, VIGOROUS_G),
    ) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        self._grain = self._whole_rate()
        if not 0 < still_g < math.inf:
            raise SignalError(f"{self._name}.still_g: must be above 0 and finite, got {still_g!r}")
        if len(levels_g) != 3 or not 0 < levels_g[0] < levels_g[1] < levels_g[2] < math.inf:
            raise SignalError(f"{self._name}.levels_g: must be three that rise from above 0, got {levels_g!r}")
        self._still_g = float(still_g)
        self._levels_g = (float(levels_g[0]), float(levels_g[1]), float(levels_g[2]))
        self._lengths = np.full((rows, EPOCH_S * self._grain), np.nan)
        self._state = np.zeros(rows, _ACTIVITY)
        self._state["unit"], self._state["rests"] = 1.0, PRIOR_S

    def push(self, x: Array, *, rows: Rows | None = None) -> tuple[Array, Array, Array, Array]:
        """Return ENMO, MAD, level and stillness at the end of each of the next n seconds of the rows ``rows``."""
        x, known = self._take(x, rows, axes=3, grain=self._grain)
        enmo, mad, level, still = (np.empty((len(x), x.shape[2] // self._grain)) for _ in range(4))
        fixed = (self._grain, self._still_g, self._levels_g)
        _act(x, known, *fixed, self._lengths, self._state, enmo, mad, level, still)
        return enmo, mad, level, still


@njit(cache=True, nogil=True)
def _act(
    x: Array,
    rows: Rows,
    grain: int,
    still_g: float,
    levels_g: tuple[float, float, float],
    lengths: Array,
    state: NDArray[np.void],
    enmo: Array,
    mad: Array,
    level: Array,
    still: Array,
) -> None:
    for k in range(rows.size):
        s, ring = state[rows[k]], lengths[rows[k]]
        for i in range(enmo.shape[1]):
            known, wide, length = _second(x[k], i * grain, grain, ring[s.at * grain : (s.at + 1) * grain], s.unit)
            s.at = (s.at + 1) % EPOCH_S
            enmo[k, i] = mad[k, i] = level[k, i] = still[k, i] = np.nan
            if 2 * known < grain:
                s.age = s.quiet = 0
                continue
            if wide < RESTING_G and abs(length - 1.0) < MISCALIBRATED_G:
                s.rests = min(s.rests + 1.0, LEARNT_S)
                s.unit += (length - s.unit) / s.rests
            s.age = min(s.age + 1, EPOCH_S)
            s.quiet = min(s.quiet + 1, EPOCH_S) if wide < still_g else 0
            if s.age < EPOCH_S:
                continue
            enmo[k, i], mad[k, i] = _epoch(ring, s.at * grain)
            level[k, i] = 0.0
            for bound in levels_g:
                level[k, i] += 1.0 if enmo[k, i] >= bound else 0.0
            still[k, i] = 1.0 if s.quiet >= EPOCH_S else 0.0


@njit(cache=True, nogil=True)
def _second(x: Array, start: int, grain: int, lengths: Array, unit: float) -> tuple[int, float, float]:
    """Put the lengths of a second's samples into ``lengths``; return how many are known, the largest standard deviation
    of an axis, and their mean length before it is put to scale."""
    known, total, mean_x, mean_y, mean_z = 0, 0.0, 0.0, 0.0, 0.0
    for j in range(grain):
        a, b, c = x[0, start + j], x[1, start + j], x[2, start + j]
        length = math.sqrt(a * a + b * b + c * c)
        lengths[j] = np.nan
        if np.isfinite(length):
            lengths[j] = length / unit
            total += length
            mean_x += a
            mean_y += b
            mean_z += c
            known += 1
    if known == 0:
        return 0, 0.0, 0.0
    mean_x, mean_y, mean_z = mean_x / known, mean_y / known, mean_z / known
    wide_x, wide_y, wide_z = 0.0, 0.0, 0.0
    for j in range(grain):
        if np.isfinite(lengths[j]):
            wide_x += (x[0, start + j] - mean_x) ** 2
            wide_y += (x[1, start + j] - mean_y) ** 2
            wide_z += (x[2, start + j] - mean_z) ** 2
    return known, math.sqrt(max(wide_x, wide_y, wide_z) / known), total / known


@njit(cache=True, nogil=True)
def _epoch(lengths: Array, oldest: int) -> tuple[float, float]:
    """ENMO and MAD over the ring, summed from its oldest sample to its newest."""
    over, total, known = 0.0, 0.0, 0
    for j in range(lengths.size):
        length = lengths[(oldest + j) % lengths.size]
        if np.isfinite(length):
            over += max(length - 1.0, 0.0)
            total += length
            known += 1
    mean, apart = total / known, 0.0
    for j in range(lengths.size):
        length = lengths[(oldest + j) % lengths.size]
        if np.isfinite(length):
            apart += abs(length - mean)
    return over / known, apart / known
