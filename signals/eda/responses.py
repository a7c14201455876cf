"""Electrodermal activity in, skin-conductance responses out, with rise, size and recovery: uS, a row a person."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.filters import QUIET, low_pass
from signals.gaps import HELD, RESTART, UNKNOWN, Gaps
from signals.rows import Record, RowOperator, Standing
from signals.types import Array, Rows

CUTOFF_HZ: Final = 1.0  # keeps the steepness of a rise, by which skin is told from movement; 0.5 blurs it
DELAY_S: Final = math.sqrt(2) / (2 * math.pi * CUTOFF_HZ)  # of that low-pass, for anything as slow as a response
SETTLE_S: Final = 0.25  # nothing higher for so long: a peak
AROUND_S: Final = (4.0, 1.0)  # how far before and after a peak falls are looked for, and before it the steepest rise
STEEPEST_PER_S: Final = 1.8  # of what fills in all: a step through the low-pass has 1.96, Greco 2016's response 1.2
NOISY: Final = 0.005  # of the level: less may be noise, which grows with it (0.05 uS at 10 uS)
EMPTIES_S: Final = 2.0  # skin empties no faster: the slower time constant of Greco 2016, doi:10.1109/TBME.2015.2474131

WARM_S: Final = 1.0  # until that low-pass has forgotten that it began at rest

_RESPONSE = np.dtype(
    [
        ("raw", "f8"),  # the last known value, before the low-pass
        ("missing", "i8"),  # samples since it, to be drawn through once another is known
        ("z0", "f8"),  # state of the low-pass
        ("z1", "f8"),
        ("warm", "i8"),  # samples since the restart, up to those of the warm-up
        ("at", "i8"),  # samples since the warm-up
        ("phase", "i8"),  # resting, rising, or drifting: a rise that is too long for a response
        ("last", "f8"),
        ("onset", "f8"),
        ("onset_at", "i8"),
        ("peak", "f8"),
        ("peak_at", "i8"),
        ("due_size", "f8"),  # a response whose first second of fall is awaited; 0: none
        ("due_rise", "i8"),
        ("due_peak", "f8"),
        ("due_at", "i8"),
        ("half", "f8"),  # to which the last response told has to fall
        ("half_since", "i8"),  # its peak; -1: none is awaited
    ]
)
RESTING: Final = 0
RISING: Final = 1
DRIFTING: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Responses at the samples at which they were told, each (k, n): 0 where there is none, NaN where unknown.

    ``amplitude_us``, peak less onset; ``lag_s``, how long before that sample the peak was; ``rise_s``, from onset to
    peak (so the onset was ``lag_s + rise_s`` ago). ``recovery_s`` stands later, where conductance has fallen by half of
    the amplitude: how long after the peak that was.
    """

    amplitude_us: Array
    lag_s: Array
    rise_s: Array
    recovery_s: Array


class Responses(RowOperator):
    """Skin-conductance responses: (k, n) believed uS in, not smoothed; ``Told`` of (k, n) out.

    Of conductance below 1 Hz (Butterworth, causal; its 0.23 s are in every lag), a response begins where it first
    climbs faster than ``onset_us_per_s``, also on the falling limb of another, and peaks where nothing higher has
    followed for 0.25 s. Only rises of ``shortest_s`` to ``longest_s`` by at least ``least_us`` count, in absolute terms
    (EDA-Explorer, Taylor 2015, doi:10.1109/EMBC.2015.7318442: at least 0.02 uS, at most 4 s), and by half a per cent of
    the level, with which noise grows; a longer rise is drift, and nothing begins before it has flattened.

    It is told 1.0 s after its peak, once, if conductance around it behaves as skin does, which fills fast and empties
    slowly: from 4 s before to 1 s after the peak nothing may fall faster than by half of its height above the lowest of
    that time a second (a time constant of 2.0 s), and ``excess`` times the steepest rise on top; and what fills it,
    rise and emptying together, comes no faster than 1.8 times its whole a second. Pressed or dragged electrodes fall as
    fast as they rise, and slipping ones step. These rules are our own.

    Half-recovery is told where it is reached: not if the next response is told before, nor after ``recovery_s``.

    A line is drawn through gaps of up to ``hold_s`` once they are over: what was held would step, as skin never does,
    and a lost packet a second would hide a third of the responses. NaN where conductance is unknown, and for 1 s after
    the start and longer gaps, where all begins anew.
    """

    def __init__(
        self,
        *,
        rows: int,
        rate_hz: float,
        least_us: float = 0.03,
        onset_us_per_s: float = 0.02,
        shortest_s: float = 0.75,
        longest_s: float = 5.0,
        excess: float = 0.5,
        recovery_s: float = 15.0,
        hold_s: float = 2.0,
    ) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        if not (least_us > 0 and onset_us_per_s > 0):
            raise SignalError(f"{self._name}.least_us and .onset_us_per_s: must be above 0")
        if not excess >= 0:
            raise SignalError(f"{self._name}.excess: must not be below 0, got {excess!r}")
        b0, b1, b2, _, a1, a2 = low_pass(cutoff_hz=CUTOFF_HZ, rate_hz=rate_hz, order=2)[0].tolist()
        self._section = (b0, b1, b2, a1, a2)
        self._gaps = Gaps(rows=rows, rate_hz=rate_hz, hold_s=hold_s)
        shortest = self._samples("shortest_s", shortest_s, least=1)
        self._limits = (
            shortest,
            self._samples("longest_s", longest_s, least=shortest),
            self._samples("rate_hz", SETTLE_S, least=1),
            self._samples("rate_hz", AROUND_S[0], least=1),
            self._samples("rate_hz", AROUND_S[1], least=1),
            self._samples("recovery_s", recovery_s, least=1),
            self._samples("rate_hz", WARM_S),
        )
        self._numbers = (onset_us_per_s / rate_hz, least_us, float(excess), float(rate_hz))
        self._past = np.zeros((rows, self._samples("hold_s", sum(AROUND_S) + hold_s) + 2))
        self._state = np.zeros(rows, _RESPONSE)

    def push(self, x: Array, *, rows: Rows | None = None) -> Told:
        """Return everything told at the next n samples of the rows ``rows``."""
        x, rows = self._take(x, rows)
        bridged = self._gaps.push(x, rows=rows)
        out = np.empty((4, *x.shape))
        fixed = (self._limits, self._numbers, self._section)
        _respond(bridged.filled, bridged.standing, rows, *fixed, self._past, self._state, out)
        return Told(out[0], out[1], out[2], out[3])


Limits = tuple[int, int, int, int, int, int, int]
Numbers = tuple[float, float, float, float]
Section = tuple[float, float, float, float, float]


@njit(cache=True, nogil=True)
def _respond(
    x: Array,
    standing: Standing,
    rows: Rows,
    limits: Limits,
    numbers: Numbers,
    section: Section,
    past: Array,
    state: NDArray[np.void],
    out: Array,
) -> None:
    after, recovery, warm, rate_hz = limits[4], limits[5], limits[6], numbers[3]
    for k in range(rows.size):
        s, ring = state[rows[k]], past[rows[k]]
        for i in range(x.shape[1]):
            for part in range(4):
                out[part, k, i] = np.nan
            if standing[k, i] == HELD:
                s.missing += 1
            if standing[k, i] == UNKNOWN or standing[k, i] == HELD:
                continue
            if standing[k, i] == RESTART:
                _begin(s, x[k, i], section)
            apart = s.missing + 1
            for step in range(1, apart):
                _follow(s, ring, s.raw + (x[k, i] - s.raw) * step / apart, section, limits, numbers)
            value = _follow(s, ring, x[k, i], section, limits, numbers)
            s.raw, s.missing = x[k, i], 0
            if s.warm <= warm:
                continue
            for part in range(4):
                out[part, k, i] = 0.0
            if s.due_size > 0 and s.at - s.due_at >= after:
                if _empties(ring, s.at, s.due_at, s.due_rise, limits, numbers):
                    out[0, k, i], out[1, k, i] = s.due_size, (s.at - s.due_at) / rate_hz + DELAY_S
                    out[2, k, i] = s.due_rise / rate_hz
                    s.half, s.half_since = s.due_peak - 0.5 * s.due_size, s.due_at
                s.due_size = 0.0
            if s.half_since >= 0 and (value <= s.half or s.at - s.half_since > recovery):
                if value <= s.half:
                    out[3, k, i] = (s.at - s.half_since) / rate_hz
                s.half_since = -1


@njit(cache=True, nogil=True)
def _begin(s: Record, value: float, section: Section) -> None:
    """Begin anew, the low-pass at rest on ``value``: its gain there is 1."""
    b0, _, b2, _, a2 = section
    s.z0, s.z1 = (1.0 - b0) * value, (b2 - a2) * value
    s.warm, s.missing = 0, 0


@njit(cache=True, nogil=True)
def _follow(s: Record, ring: Array, raw: float, section: Section, limits: Limits, numbers: Numbers) -> float:
    """Take one sample through the low-pass and on to the search; return it as it left the low-pass."""
    b0, b1, b2, a1, a2 = section
    value: float = b0 * raw + s.z0
    s.z0, s.z1 = b1 * raw - a1 * value + s.z1, b2 * raw - a2 * value
    s.z0 = s.z0 if abs(s.z0) > QUIET else 0.0
    s.z1 = s.z1 if abs(s.z1) > QUIET else 0.0
    warm = limits[6]
    s.warm = min(s.warm + 1, warm + 2)
    if s.warm <= warm:
        return value
    if s.warm == warm + 1:
        s.phase, s.last, s.at, s.due_size, s.half_since = RESTING, value, 0, 0.0, -1
        ring[:] = value
    s.at += 1
    ring[s.at % ring.size] = value
    _climb(s, value, limits, numbers)
    s.last = value
    return value


@njit(cache=True, nogil=True)
def _climb(s: Record, value: float, limits: Limits, numbers: Numbers) -> None:
    """Take the search for a rise one sample on; where one ends in a peak, it is due to be judged."""
    shortest, longest, settle = limits[:3]
    climbs = value - s.last > numbers[0]
    if s.phase == RESTING and climbs:
        s.phase, s.onset, s.onset_at, s.peak, s.peak_at = RISING, s.last, s.at - 1, value, s.at
    elif s.phase == RISING:
        if value > s.peak:
            s.peak, s.peak_at = value, s.at
        rise = s.peak_at - s.onset_at
        if rise > longest:
            s.phase = DRIFTING
        elif s.at - s.peak_at >= settle:
            size = s.peak - s.onset
            if rise >= shortest and size >= max(numbers[1], NOISY * s.onset) and s.due_size == 0:
                s.due_size, s.due_rise, s.due_peak, s.due_at = size, rise, s.peak, s.peak_at
            s.phase = RESTING
    elif s.phase == DRIFTING and not climbs:
        s.phase = RESTING


@njit(cache=True, nogil=True)
def _empties(ring: Array, now: int, peak_at: int, length: int, limits: Limits, numbers: Numbers) -> bool:
    """Return whether nothing around the peak fell faster than skin empties, measured by the steepest rise."""
    before, after = limits[3:5]
    first, last = max(peak_at - before, now - ring.size + 2, 1), min(peak_at + after, now)
    floor, rise, fall, steepest, filled = np.inf, 0.0, 0.0, 0.0, 0.0
    for at in range(first - 1, last + 1):
        floor = min(floor, ring[at % ring.size])
    for at in range(first, last + 1):
        was, value = ring[(at - 1) % ring.size], ring[at % ring.size]
        emptied = (was - floor) / (EMPTIES_S * numbers[3])
        fall = max(fall, was - value - emptied)
        if at <= peak_at:
            rise = max(rise, value - was)
            if at > peak_at - length:
                steepest, filled = max(steepest, value - was + emptied), filled + value - was + emptied
    return fall <= numbers[2] * rise and steepest * numbers[3] <= STEEPEST_PER_S * filled
