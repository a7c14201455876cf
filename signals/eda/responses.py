"""Electrodermal activity in, skin-conductance responses out: uS, a row a person."""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.gaps import HELD, RESTART, UNKNOWN, Gaps
from signals.rows import RowOperator, Standing
from signals.types import Array, Rows

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
