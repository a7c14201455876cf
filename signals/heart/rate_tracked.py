"""Clean intervals and the rate at which PPG repeats in, heart rate with its uncertainty once a second out."""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.rows import Record, RowOperator
from signals.types import Array, Rows

# All in natural logarithms of the rate: 0.01 is one per cent.
DRIFT: Final = 0.013  # how far the rate drifts in a second (standard deviation)
BREATH: Final = 0.05  # how far one interval lies from the rate: breathing, and how beats are placed
BREATH_LEAST: Final = 0.025
BREATH_MOST: Final = 0.12
PERSONAL: Final = 0.03  # how much of each interval goes into the person's own BREATH
REPEATS: Final = 0.1  # a second of plain repetition: 3 % off, and ten of its windows overlap
NEAR: Final = 0.12  # an interval so far away is no evidence for the rate
AGREES: Final = 0.1  # repetition so near to the rate bears it out
ALONE: Final = 0.6  # what beats weigh that no repetition bears out: chance keeps a rhythm for a while
AGAINST: Final = 0.2  # and those that plain repetition contradicts
FAR: Final = 3.0  # standard deviations from which a measurement is cut
UNKNOWN_RATE: Final = 0.2  # how little is known before the first measurement
WINDOW_S: Final = 10.0  # the time constant of coverage
STALE_S: Final = 6  # seconds without a measurement after which no rate is said,
SILENT_S: Final = 20  # and after which a rate is begun anew

_STATE = np.dtype(
    [
        ("known", "i8"),  # measurements since it was begun anew, up to SETTLED
        ("log", "f8"),  # of the rate [1/min]
        ("variance", "f8"),
        ("breath", "f8"),  # variance of an interval about the rate
        ("coverage", "f8"),  # what measurements fill of the time lately, and how much of that is evidence
        ("evidence", "f8"),
        ("silent", "i8"),  # seconds without a measurement
    ]
)
SETTLED: Final = 3


class TrackedRate(RowOperator):
    """Heart rate, its standard error and its coverage: (k, rate_hz n) intervals [s] and (k, n) repetition in; (k, n)
    1/min, 1/min and shares out.

    A scalar Kalman filter of the logarithm of the rate, which drifts by 1.3 % a second. Each interval measures it, as
    far off as this person's intervals lately were (breathing, 2.5 to 12 %); each second in which PPG repeats plainly
    (``signals.heart.rate_periodic``) measures it weakly: a plainness of ``plain`` always, of half of it where it agrees
    with the rate. What lies more than three standard deviations off is cut to them and makes the filter less sure
    (Huber 1964, doi:10.1214/aoms/1177703732), so that a wrong interval moves little and a true leap is followed in a
    few beats. The rate is some 5 s behind a steady rise.

    Coverage is the share of time lately, with a time constant of 10 s, that intervals within 12 % of the rate and
    repetition within 10 % fill. Of it, intervals with which repetition agrees are evidence whole, those it plainly
    contradicts for 0.2, and where it says nothing for 0.6. Repetition is NaN where there is none to be had: intervals
    that a band sends are evidence whole. Rate and error are NaN where the evidence is below ``least``, the error above
    ``surely_bpm``, nothing was measured for 6 s, or less than three times ever; all are NaN in a second in which
    neither an interval nor repetition is known. After 20 s without a measurement the rate is begun anew.
    """

    def __init__(
        self,
        *,
        rows: int,
        rate_hz: int,
        plain: float = 0.8,
        least: float = 0.25,
        surely_bpm: float = 5.0,
    ) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        self._grain = self._whole_rate()
        self._least = self._share("least", least)
        for name, value in (("plain", plain), ("surely_bpm", surely_bpm)):
            if not (math.isfinite(value) and value > 0):
                raise SignalError(f"{self._name}.{name}: must be finite and above 0, got {value!r}")
        self._plain, self._surely_bpm = plain, surely_bpm
        self._state = np.zeros(rows, _STATE)
        self._state["silent"] = SILENT_S

    def push(
        self, x: Array, repeats: Array, plainness: Array, *, rows: Rows | None = None
    ) -> tuple[Array, Array, Array]:
        """Return rate, standard error and coverage of the next n seconds of the rows ``rows``."""
        x, known = self._take(x, rows, grain=self._grain)
        seconds = (len(known), x.shape[1] // self._grain)
        repeats, _ = self._take(repeats, rows, argument="repeats")
        plainness, _ = self._take(plainness, rows, argument="plainness")
        for name, shape in (("repeats", repeats.shape), ("plainness", plainness.shape)):
            if shape != seconds:
                raise SignalError(f"{self._name}.{name}: must be {seconds}, one a second, got {shape}")
        rate, error, coverage = np.empty(seconds), np.empty(seconds), np.empty(seconds)
        limits = (self._plain, self._least, self._surely_bpm)
        _track(x, repeats, plainness, known, self._grain, limits, self._state, rate, error, coverage)
        return rate, error, coverage


@njit(cache=True, nogil=True)
def _track(
    x: Array,
    repeats: Array,
    plainness: Array,
    rows: Rows,
    grain: int,
    limits: tuple[float, float, float],
    state: NDArray[np.void],
    rate: Array,
    error: Array,
    coverage: Array,
) -> None:
    plain, least, surely = limits
    for k in range(rows.size):
        s = state[rows[k]]
        for i in range(rate.shape[1]):
            if s.silent >= SILENT_S:
                _begin(s)
            s.variance += DRIFT * DRIFT
            filled, measured, heard = 0.0, False, 0
            for j in range(i * grain, (i + 1) * grain):
                if not np.isfinite(x[k, j]):
                    continue
                heard += 1
                if x[k, j] > 0.0:
                    measured = True
                    near = _measure(s, math.log(60.0 / x[k, j]), s.breath, True) <= NEAR
                    filled += x[k, j] if near else 0.0
            known = np.isfinite(plainness[k, i])
            plainly = plainness[k, i] if known and repeats[k, i] > 0.0 and np.isfinite(repeats[k, i]) else 0.0
            agrees = s.known > 0 and plainly >= 0.5 * plain and abs(math.log(repeats[k, i]) - s.log) <= AGREES
            proven = filled
            if known and not agrees:
                proven *= AGAINST if plainly >= plain else ALONE
            if plainly >= plain or agrees:
                measured = True
                _measure(s, math.log(repeats[k, i]), REPEATS * REPEATS, False)
            if agrees:
                share = min(2.0 * plainly / plain - 1.0, 1.0)
                filled, proven = max(filled, share), max(proven, share)
            s.silent = 0 if measured else s.silent + 1
            s.coverage = _settled(s.coverage + (filled - s.coverage) / WINDOW_S)
            s.evidence = _settled(s.evidence + (proven - s.evidence) / WINDOW_S)
            rate[k, i] = error[k, i] = coverage[k, i] = np.nan
            if heard == 0 and not known:
                continue
            coverage[k, i] = min(s.coverage, 1.0)
            bpm = math.exp(s.log)
            off = bpm * math.sqrt(s.variance)
            if s.known >= SETTLED and s.evidence >= least and s.silent < STALE_S and off <= surely:
                rate[k, i], error[k, i] = bpm, off


@njit(cache=True, nogil=True)
def _begin(s: Record) -> None:
    """Forget the rate."""
    s.known, s.log, s.variance = 0, 0.0, 0.0
    s.breath, s.coverage, s.evidence, s.silent = BREATH * BREATH, 0.0, 0.0, 0


@njit(cache=True, nogil=True)
def _measure(s: Record, log: float, noise: float, beat: bool) -> float:
    """Take one measurement in; return how far from the rate it was."""
    if s.known == 0:
        s.log, s.variance, s.known = log, UNKNOWN_RATE * UNKNOWN_RATE, 1
        return 0.0
    s.known = min(s.known + 1, SETTLED)
    off, spread = log - s.log, s.variance + noise
    reach = FAR * math.sqrt(spread)
    cut = min(max(off, -reach), reach)
    gain = s.variance / spread
    s.log += gain * cut
    s.variance *= 1.0 - gain
    beyond = abs(off) - abs(cut)
    if beat:
        s.variance += 0.1 * min(beyond, 0.3) ** 2
        s.breath += PERSONAL * (cut * cut - s.variance - s.breath)
        s.breath = min(max(s.breath, BREATH_LEAST * BREATH_LEAST), BREATH_MOST * BREATH_MOST)
    return float(abs(off))


@njit(cache=True, nogil=True)
def _settled(x: float) -> float:
    return x if x > 1e-9 else 0.0
