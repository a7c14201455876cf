"""A feature and its context in; what is usual for that person in that context, and how far off the value lies, out."""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.rows import RowOperator
from signals.types import Array, Rows

CORNER: Final = 1.5  # in scales: what is farther off counts as this far
KEPT: Final = 0.8663855974622838  # P(|z| < CORNER) of a normal z: what is lost of a step to the corner is given back
SPREAD: Final = 0.7784654  # E min(z^2, CORNER^2) of a normal z: where the scale rests
SPREAD_SLOPE: Final = 0.9556656  # 2 E[z^2; |z| < CORNER]: how fast it comes back
EAGER: Final = 3.0  # times a mean of all values: how fast the beginning is learnt, and outgrown
EAGER_FOR: Final = 4  # times ``least_s``
BEGINNING: Final = 30  # values whose plain mean and mean absolute deviation begin a context
ABSOLUTE_TO_SCALE: Final = 1.2533141373155003  # sqrt(pi / 2): standard over mean absolute deviation of a normal

_USUAL = np.dtype([("count", "f8"), ("location", "f8"), ("scale", "f8")])


class Baseline(RowOperator):
    """What is usual for a person, by context: (k, n) values and (k, n) contexts in, three (k, n) out.

    Out come the deviation in robust scales, and the location and the scale that it was reckoned from: those learnt
    *before* the value, which then moves them itself. Contexts are whole numbers from 0 to below ``contexts`` (still
    and moving, say), each with a usual of its own; where the context is unknown nothing is said and nothing learnt.
    All are NaN until ``least_s`` known values of the context were learnt; the deviation where the value is unknown.

    Location and scale are Huber's M-estimates (1964, doi:10.1214/aoms/1177703732; proposal 2, corner at 1.5) made
    recursive: each value moves them by its bounded score over the count of values, at first by three times that (so
    that a bad beginning is outgrown with the third power of time), at last by 1/``memory_s``, so that old times fade
    with that time constant, reckoned in known time of that context: a night off the wrist, or a week in hospital,
    forgets nothing. An hour far off the usual moves an eight-hour memory by about 0.25 scales. The scale is never
    below ``floor``: what repeats to the last digit must not make the next digit an event. Our own deviation from
    Huber: the first 30 values are averaged plainly, for want of a scale.
    """

    def __init__(
        self, *, rows: int, rate_hz: float, contexts: int, floor: float, memory_s: float, least_s: float
    ) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        if isinstance(contexts, bool) or not isinstance(contexts, int) or contexts < 1:
            raise SignalError(f"{self._name}.contexts: must be a whole number of at least 1, got {contexts!r}")
        if not (math.isfinite(floor) and floor > 0):
            raise SignalError(f"{self._name}.floor: must be finite and above 0, got {floor!r}")
        self._contexts = contexts
        self._floor = float(floor)
        self._least = self._samples("least_s", least_s, least=BEGINNING)
        self._memory = self._samples("memory_s", memory_s, least=EAGER_FOR * self._least)
        self._usual = np.zeros((rows, contexts), _USUAL)

    def push(self, x: Array, context: Array, *, rows: Rows | None = None) -> tuple[Array, Array, Array]:
        """Return deviation, location and scale at each of the next n values of the rows ``rows``."""
        x, known = self._take(x, rows)
        context, _ = self._take(context, rows, argument="context")
        if context.shape != x.shape:
            raise SignalError(f"{self._name}.context: must be {x.shape}, got {context.shape}")
        finite = np.where(np.isfinite(context), context, 0.0)
        odd = (finite < 0) | (finite >= self._contexts) | (finite % 1 != 0)
        if odd.any():
            k, i = np.argwhere(odd)[0]
            raise SignalError(
                f"{self._name}.context: row {known[k]} has {context[k, i]:g} at sample {i}, "
                f"only whole numbers from 0 to {self._contexts - 1} are contexts"
            )
        deviation, location, scale = np.empty_like(x), np.empty_like(x), np.empty_like(x)
        _learn(x, context, known, self._floor, self._least, self._memory, self._usual, deviation, location, scale)
        return deviation, location, scale


@njit(cache=True, nogil=True)
def _learn(
    x: Array,
    context: Array,
    rows: Rows,
    floor: float,
    least: int,
    memory: int,
    usual: NDArray[np.void],
    deviation: Array,
    location: Array,
    scale: Array,
) -> None:
    eager = float(EAGER_FOR * least)
    for k in range(rows.size):
        for i in range(x.shape[1]):
            deviation[k, i] = location[k, i] = scale[k, i] = np.nan
            if not np.isfinite(context[k, i]):
                continue
            u = usual[rows[k], int(context[k, i])]
            known = np.isfinite(x[k, i])
            if u.count >= least:
                location[k, i], scale[k, i] = u.location, u.scale
                if known:
                    deviation[k, i] = (x[k, i] - u.location) / u.scale
            if not known:
                continue
            u.count = min(u.count + 1.0, 2.0 * memory)
            off = x[k, i] - u.location
            if u.count == 1.0:
                u.location, u.scale = x[k, i], 0.0
            elif u.count <= BEGINNING:
                u.location += off / u.count
                u.scale += (abs(off) - u.scale) / u.count
                if u.count == BEGINNING:
                    u.scale = max(ABSOLUTE_TO_SCALE * u.scale, floor)
            else:
                gain = 1.0 / min(u.count - (1.0 - 1.0 / EAGER) * min(u.count, eager), memory)
                bounded = min(max(off / u.scale, -CORNER), CORNER)
                u.location += gain * u.scale * bounded / KEPT
                u.scale = max(u.scale * math.exp(gain * (bounded * bounded - SPREAD) / SPREAD_SLOPE), floor)
