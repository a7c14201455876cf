"""Skin temperature in, how fast it changes, how sure that is and whether the band is still warming up out."""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.rows import Record, RowOperator
from signals.types import Array, Rows

OMEGA: Final = 4.0  # of the filter, in radians a window
NOISE_C: Final = 0.01  # what noise is believed to be at first, and never less than half of: an E4's step is 0.02 degC
NOISE_N: Final = 16.0  # as many samples speak for that belief
SCALE_S: Final = 300.0  # noise is learnt over this long
SLOPE_C_PER_S: Final = 1.0 / 60.0  # before anything is known the slope is of this size
JUMP_C: Final = 0.5  # from one second to the next: the band slipped, or the sensor touches anew; no slope of skin
SETTLED_C_PER_MIN: Final = 0.05  # slower than this a band has warmed up
RHO_MAX: Final = 0.9
LAG: Final = 0.35  # of the window: half of a change of slope is followed by then

_TREND = np.dtype(
    [
        ("level", "f8"),  # degC
        ("slope", "f8"),  # degC a sample
        ("p00", "f8"),  # covariance of both, in units of the noise
        ("p01", "f8"),
        ("p11", "f8"),
        ("noise", "f8"),  # variance of the noise, degC^2
        ("weight", "f8"),  # samples that speak for it
        ("both", "f8"),  # mean product of neighbouring innovations, in units of the noise
        ("turn", "f8"),  # mean square of how much the slope changed within its lag, degC^2 a sample^2
        ("turns", "f8"),  # samples that speak for it
        ("at", "i8"),  # of the ring of slopes
        ("before", "f8"),  # the last innovation, so scaled
        ("age", "i8"),  # known samples since the restart
        ("gap", "i8"),
        ("warming", "i8"),  # 1 from putting on until it has warmed up
    ]
)


class Trend(RowOperator):
    """Slope of temperature: (k, n) degC in; slope and its standard error [degC/min] and whether the band is still
    warming up (1, 0), each (k, n), out.

    A local linear trend followed by a Kalman filter (Harvey 1989, ISBN 0-521-40573-4, ch. 2; Durbin & Koopman 2012,
    doi:10.1093/acprof:oso/9780199641178.001.0001, ch. 3): the level moves by the slope, the slope wanders. How much it
    wanders for a given noise follows from ``window_s``: white noise shakes the slope 1.4 times as much as a
    least-squares slope over as long, half of a change of slope is followed after 0.35 of it (least squares: 0.5) and
    all after 0.9. Cost does not depend on it. The noise is learnt from the innovations of the last 5 minutes.

    The squared standard error is the sum of the filter's own, times ``(1 + rho) / (1 - rho)`` for the first
    autocorrelation ``rho`` of the innovations where that is positive (an effective number of samples, as noise is not
    white), and of the mean square by which the slope changed within 0.35 ``window_s`` in the last 5 minutes, as it lags
    behind by about that. Our own; on worn E4s 1.96 of it held in 0.96 of the seconds or more, against a centred slope.

    A step of more than 0.5 degC from one second to the next is a band that slipped: the level begins anew and
    the slope stays. Missing samples only widen the error; after ``hold_s`` of them everything begins anew. NaN where
    the sample is missing, and until ``least_s`` are known.

    Warming up: from the beginning, a restart, or a second in which ``worn`` is 0, until the slope first is 0.05
    degC/min or less while worn. Until then a rise says that the band was put on and not that vessels opened; a
    fall ends it.
    """

    def __init__(
        self, *, rows: int, rate_hz: float, window_s: float = 60.0, hold_s: float = 10.0, least_s: float = 20.0
    ) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        window = self._samples("window_s", window_s, least=4)
        self._wander = (OMEGA / window) ** 4
        self._hold = self._samples("hold_s", hold_s)
        self._least = self._samples("least_s", least_s, least=2)
        self._state = np.zeros(rows, _TREND)
        self._slopes = np.zeros((rows, max(round(LAG * window), 1)))
        self._state["gap"] = self._hold + 1

    def push(
        self, temperature: Array, worn: Array | None = None, *, rows: Rows | None = None
    ) -> tuple[Array, Array, Array]:
        """Return slope, standard error and warming-up at the next n samples of the rows ``rows``.

        ``worn`` (k, n) is 1, 0 or NaN (taken as worn); None: worn throughout.
        """
        x, known = self._take(temperature, rows, argument="temperature")
        on = np.ones_like(x) if worn is None else self._take(worn, rows, argument="worn")[0]
        if on.shape != x.shape:
            raise SignalError(f"{self._name}.worn: must be {x.shape}, got {on.shape}")
        slope, error, warming = np.empty_like(x), np.empty_like(x), np.empty_like(x)
        step = (self._rate_hz, self._wander, self._hold, self._least)
        _follow(x, on, known, *step, self._state, self._slopes, slope, error, warming)
        return slope, error, warming


@njit(cache=True, nogil=True)
def _follow(
    x: Array,
    worn: Array,
    rows: Rows,
    rate_hz: float,
    wander: float,
    hold: int,
    least: int,
    state: NDArray[np.void],
    slopes: Array,
    slope: Array,
    error: Array,
    warming: Array,
) -> None:
    per_minute = 60.0 * rate_hz
    for k in range(rows.size):
        s = state[rows[k]]
        for i in range(x.shape[1]):
            slope[k, i] = error[k, i] = warming[k, i] = np.nan
            if not np.isfinite(x[k, i]):
                s.gap = min(s.gap + 1, hold + 1)
                continue
            if s.gap > hold:
                _begin(s, x[k, i], rate_hz)
            else:
                for _ in range(s.gap + 1):
                    _go_on(s, wander)
                _correct(s, x[k, i], rate_hz)
                _look_back(s, slopes[rows[k]], least, rate_hz)
            s.gap = 0
            s.age = min(s.age + 1, least + slopes.shape[1])
            if worn[k, i] == 0.0:
                s.warming = 1
            elif s.age >= least and s.slope * per_minute <= SETTLED_C_PER_MIN:
                s.warming = 0
            if s.age >= least:
                rho = min(max(s.both, 0.0), RHO_MAX)
                slope[k, i] = s.slope * per_minute
                error[k, i] = math.sqrt(s.noise * s.p11 * (1.0 + rho) / (1.0 - rho) + s.turn) * per_minute
                warming[k, i] = s.warming


@njit(cache=True, nogil=True)
def _begin(s: Record, value: float, rate_hz: float) -> None:
    s.level, s.slope = value, 0.0
    s.noise, s.weight = NOISE_C * NOISE_C, NOISE_N
    s.p00, s.p01, s.p11 = 1.0, 0.0, (SLOPE_C_PER_S / rate_hz / NOISE_C) ** 2
    s.both, s.before, s.age, s.warming = 0.0, 0.0, 0, 1
    s.turn, s.turns, s.at = 0.0, 0.0, 0


@njit(cache=True, nogil=True)
def _look_back(s: Record, slopes: Array, least: int, rate_hz: float) -> None:
    """Learn from how the slope changed since the one before the ring comes round."""
    if s.age >= least + slopes.size:
        s.turns = min(s.turns + 1.0, SCALE_S * rate_hz)
        change = s.slope - slopes[s.at]
        s.turn += (change * change - s.turn) / s.turns
        if s.turn < 1e-25:
            s.turn = 0.0
    slopes[s.at] = s.slope
    s.at = (s.at + 1) % slopes.size


@njit(cache=True, nogil=True)
def _go_on(s: Record, wander: float) -> None:
    s.level += s.slope
    s.p00 += 2.0 * s.p01 + s.p11
    s.p01 += s.p11
    s.p11 += wander


@njit(cache=True, nogil=True)
def _correct(s: Record, value: float, rate_hz: float) -> None:
    missed = value - s.level
    if abs(missed) > JUMP_C:
        s.level, s.before = value, 0.0
        s.p00, s.p01 = 1.0, 0.0
        return
    spread = s.p00 + 1.0
    scaled = missed / math.sqrt(spread * s.noise)
    s.weight = min(s.weight + 1.0, SCALE_S * rate_hz)
    s.both += (scaled * s.before - s.both) / s.weight
    s.before = scaled
    s.noise = max(s.noise + (missed * missed / spread - s.noise) / s.weight, 0.25 * NOISE_C * NOISE_C)
    level, slope = s.p00 / spread, s.p01 / spread
    s.level += level * missed
    s.slope += slope * missed
    s.p11 -= slope * s.p01
    s.p01 -= slope * s.p00
    s.p00 -= level * s.p00
    if abs(s.slope) < 1e-25:
        s.slope = 0.0
    if abs(s.both) < 1e-25:
        s.both = 0.0
    if abs(s.before) < 1e-25:
        s.before = 0.0
