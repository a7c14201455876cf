"""Electrodermal activity in, its validity, sudomotor driver and skin-conductance responses out: uS, a row a person."""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.filters import Filter, high_pass
from signals.gaps import HELD, RESTART, UNKNOWN, Gaps
from signals.rows import Counts, RowOperator, Standing
from signals.types import Array, Rows

LOW_US: Final = 0.05  # Kleckner 2018, doi:10.1109/TBME.2017.2758643
HIGH_US: Final = 60.0
FALL_S: Final = 2.0  # time constants of the Bateman response: Greco 2016, doi:10.1109/TBME.2015.2474131
RISE_S: Final = 0.7


class Validity(RowOperator):
    """Whether a sample of skin conductance can be believed: (k, n) uS in; 1, 0, or NaN where there is no sample, out.

    Kleckner's rules (doi:10.1109/TBME.2017.2758643): 0.05 to 60 uS, no steeper than 10 uS/s, no invalid sample within
    5 s. Deviations: the 5 s reach backwards only, as the future is not known; the slope is taken between neighbouring
    samples as they arrive, not after a low-pass; the 30 degC floor is left out (it voids whole cool-skinned people;
    ``Wear`` asks about temperature); and a value that repeats to the last bit for ``frozen_s`` is a stuck sensor (worn
    E4s repeat for at most 5 s).
    """

    def __init__(
        self,
        *,
        rows: int,
        rate_hz: float,
        steepest_us_per_s: float = 10.0,
        around_s: float = 5.0,
        frozen_s: float = 15.0,
        hold_s: float = 2.0,
    ) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        if not steepest_us_per_s > 0:
            raise SignalError(f"{self._name}.steepest_us_per_s: must be above 0, got {steepest_us_per_s!r}")
        self._gaps = Gaps(rows=rows, rate_hz=rate_hz, hold_s=hold_s)
        self._step = steepest_us_per_s / rate_hz
        self._around = self._samples("around_s", around_s)
        self._frozen = self._samples("frozen_s", frozen_s, least=2)
        self._last = np.zeros(rows)
        self._counts = np.zeros((rows, 3), np.int64)  # since the last sample, since it changed, since one was invalid

    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        """Return the validity of the next n samples of the rows ``rows``."""
        x, rows = self._take(x, rows)
        out = np.empty_like(x)
        standing = self._gaps.push(x, rows=rows).standing
        _judge(x, standing, rows, self._step, self._around, self._frozen, self._last, self._counts, out)
        return out


@njit(cache=True, nogil=True)
def _judge(
    x: Array,
    standing: Standing,
    rows: Rows,
    step: float,
    around: int,
    frozen: int,
    last: Array,
    counts: Counts,
    out: Array,
) -> None:
    for k in range(rows.size):
        row = rows[k]
        apart, same, since = counts[row]
        for i in range(x.shape[1]):
            apart, since = min(apart + 1, around + frozen), min(since + 1, around + 1)
            if standing[k, i] == UNKNOWN or standing[k, i] == HELD:
                out[k, i] = np.nan
                continue
            value = x[k, i]
            if standing[k, i] == RESTART:
                apart, same, since = 0, 0, around + 1
            same = min(same + 1, frozen) if apart > 0 and value == last[row] else 0
            steep = apart > 0 and abs(value - last[row]) > step * apart
            if value < LOW_US or value > HIGH_US or steep or same + 1 >= frozen:
                since = 0
            out[k, i] = 1.0 if since > around else 0.0
            last[row], apart = value, 0
        counts[row, 0], counts[row, 1], counts[row, 2] = apart, same, since


class Driver(RowOperator):
    """The sudomotor drive behind phasic conductance: (k, n) clean uS in and out, never below 0, NaN where unknown.

    The phasic part is what a first-order high-pass at ``cutoff_hz`` leaves; the Bateman response with time constants
    2.0 s and 0.7 s is then undone by its exact discrete inverse, which needs two past samples and no future, and has a
    gain of 1 at rest: a response of a given size has the same area before and after. cvxEDA (Greco 2016) solves for the
    whole recording with a sparse, non-negative driver instead; here what falls below 0 is cut off.
    """

    def __init__(
        self, *, rows: int, rate_hz: float, cutoff_hz: float = 0.05, hold_s: float = 2.0, warm_s: float = 5.0
    ) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        slow, fast = math.exp(-1 / (FALL_S * rate_hz)), math.exp(-1 / (RISE_S * rate_hz))
        gain = (1 - slow) * (1 - fast)
        inverse = np.array([[1 / gain, -(slow + fast) / gain, slow * fast / gain, 1.0, 0.0, 0.0]])
        phasic = high_pass(cutoff_hz=cutoff_hz, rate_hz=rate_hz, order=1)
        self._filter = Filter(np.vstack([phasic, inverse]), rows=rows, rate_hz=rate_hz, hold_s=hold_s, warm_s=warm_s)

    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        """Return the drive at the next n samples of the rows ``rows``."""
        x, rows = self._take(x, rows)
        return np.maximum(self._filter.push(x, rows=rows), 0.0)


_RESPONSE = np.dtype(
    [
        ("phase", "i8"),  # resting, rising, or drifting: a rise that is too long for a response
        ("last", "f8"),
        ("onset", "f8"),
        ("peak", "f8"),
        ("rise", "i8"),  # samples from onset to peak
        ("past", "i8"),  # samples since the peak
    ]
)
RESTING: Final = 0
RISING: Final = 1
DRIFTING: Final = 2


class Responses(RowOperator):
    """Skin-conductance responses: (k, n) clean uS in; amplitudes [uS] and lags [s] (k, n) out.

    A response begins where conductance first climbs faster than ``onset_us_per_s`` and peaks where nothing higher has
    followed for ``told_s``; then it is told, once: the amplitude (peak less onset, absolute) stands at that sample, the
    lag is how long before it the peak was. 0 where nothing is told, NaN where conductance is unknown. Only rises of
    ``shortest_s`` to ``longest_s`` with at least ``least_us`` count (EDA-Explorer: at least 0.02 uS, at most 4 s); a
    longer rise is drift, and nothing begins before it has flattened.
    """

    def __init__(
        self,
        *,
        rows: int,
        rate_hz: float,
        least_us: float = 0.03,
        onset_us_per_s: float = 0.02,
        shortest_s: float = 0.5,
        longest_s: float = 5.0,
        told_s: float = 0.5,
        hold_s: float = 2.0,
    ) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        if not (least_us > 0 and onset_us_per_s > 0):
            raise SignalError(f"{self._name}.least_us and .onset_us_per_s: must be above 0")
        self._gaps = Gaps(rows=rows, rate_hz=rate_hz, hold_s=hold_s)
        self._least = least_us
        self._climb = onset_us_per_s / rate_hz
        self._shortest = self._samples("shortest_s", shortest_s, least=1)
        self._longest = self._samples("longest_s", longest_s, least=self._shortest)
        self._told = self._samples("told_s", told_s, least=1)
        self._state = np.zeros(rows, _RESPONSE)

    def push(self, x: Array, *, rows: Rows | None = None) -> tuple[Array, Array]:
        """Return the responses told, and their lags, at the next n samples of the rows ``rows``."""
        x, rows = self._take(x, rows)
        bridged = self._gaps.push(x, rows=rows)
        told, lag = np.empty_like(x), np.empty_like(x)
        limits = (self._shortest, self._longest, self._told)
        _respond(
            bridged.filled,
            bridged.standing,
            rows,
            self._climb,
            self._least,
            limits,
            self._rate_hz,
            self._state,
            told,
            lag,
        )
        return told, lag


@njit(cache=True, nogil=True)
def _respond(
    x: Array,
    standing: Standing,
    rows: Rows,
    climb: float,
    least: float,
    limits: tuple[int, int, int],
    rate_hz: float,
    state: NDArray[np.void],
    told: Array,
    lag: Array,
) -> None:
    shortest, longest, wait = limits
    for k in range(rows.size):
        s = state[rows[k]]
        for i in range(x.shape[1]):
            unknown = standing[k, i] == UNKNOWN or standing[k, i] == HELD
            told[k, i] = lag[k, i] = np.nan if unknown else 0.0
            if standing[k, i] == UNKNOWN:
                continue
            value = x[k, i]
            if standing[k, i] == RESTART:
                s.phase, s.last = RESTING, value
            climbs = value - s.last > climb
            if s.phase == RESTING and climbs:
                s.phase, s.onset, s.peak, s.rise, s.past = RISING, s.last, value, 1, 0
            elif s.phase == RISING:
                s.past = min(s.past + 1, longest + wait)
                if value > s.peak:
                    s.peak, s.rise, s.past = value, s.rise + s.past, 0
                if s.rise > longest:
                    s.phase = DRIFTING
                elif s.past >= wait and not unknown:
                    if s.rise >= shortest and s.peak - s.onset >= least:
                        told[k, i], lag[k, i] = s.peak - s.onset, s.past / rate_hz
                    s.phase = RESTING
            elif s.phase == DRIFTING and not climbs:
                s.phase = RESTING
            s.last = value
