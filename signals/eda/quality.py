"""Electrodermal activity in, whether each sample of it can be believed, and why not, out: uS, a row a person."""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.gaps import HELD, RESTART, UNKNOWN, Gaps
from signals.rows import RowOperator, Standing
from signals.types import Array, Rows

LOW_US: Final = 0.05  # Kleckner 2018, doi:10.1109/TBME.2017.2758643
HIGH_US: Final = 60.0
HOT_C: Final = 40.0

BELIEVED: Final = 0
NO_CONTACT: Final = 1  # the electrodes do not touch the skin
TOO_LOW: Final = 2  # below 0.05 uS
TOO_HIGH: Final = 3  # above 60 uS
FROZEN: Final = 4  # repeats to the last bit
TOO_STEEP: Final = 5  # steeper than 10 uS/s
TOO_COLD: Final = 6  # the skin, or the air, under the band
TOO_HOT: Final = 7
ARTEFACT: Final = 8  # shaken, not sweated
AROUND: Final = 9  # within 5 s of a sample that is one of the others, an artefact apart
REASONS: Final = (
    "believed",
    "no contact",
    "too low",
    "too high",
    "frozen",
    "too steep",
    "too cold",
    "too hot",
    "artefact",
    "around",
)
"""What each code of ``Reasons`` is called, in the order of the codes."""

# The person's usual skin temperature: an E4 cools by 4 degC within 80 s on a table, a worn wrist hardly ever does.
DROP_C: Final = 4.0
LEARN_S: Final = 600.0  # the first minutes of a band are those in which it warms
MEMORY_S: Final = 7200.0
PULL_C: Final = 1.0  # what is learnt of a sample that lies further off: at most half a degree in an hour

_ROW = np.dtype(
    [
        ("last", "f8"),
        ("apart", "i8"),  # samples since the last one
        ("same", "i8"),  # since it changed
        ("since", "i8"),  # since one was invalid by itself
        ("usual", "f8"),  # skin temperature, and how many samples it was learnt from
        ("learnt", "i8"),
        ("at", "i8"),  # of the ring of codes that wait
    ]
)
_MISSING: Final = -1


class Reasons(RowOperator):
    """Why a sample of skin conductance is not believed: (k, n) uS in; codes (k, n), 0 where it is, NaN where there is
    no sample, out. ``REASONS[code]`` is its name; where several hold, the lowest is said.

    Kleckner's rules (doi:10.1109/TBME.2017.2758643): 0.05 to 60 uS, no steeper than 10 uS/s, skin no hotter than
    40 degC, nothing within ``around_s`` of a sample that breaks one of these. Deviations:

    - The slope is taken between neighbouring samples as they arrive, where the paper first takes a low-pass of 0.35 Hz
      with a symmetrical filter. A causal one would be late by 0.6 s, and a mean of slopes is no steeper than the
      steepest of them: what is too steep after smoothing was too steep before, so nothing is missed, and more is found
      (a jump of 2.5 uS in a sample of 4 Hz; after the paper's filter one of about 10 uS).
    - ``around_s`` reaches back by ``delay_s`` only, as the future is not known: with 0 what precedes an invalid sample
      stays believed. With ``delay_s = around_s`` the rule is the paper's; then what comes out at a sample is said of
      the one ``delay_s`` before it.
    - The floor of 30 degC is off (it voids whole cool-skinned people). Instead a personal one: ``drop_c`` below the
      person's usual temperature, learnt where conductance is that of skin: plainly averaged for 10 min, then with a
      memory of 2 h, in which a sample pulls by at most 1 degC, so that a stay in the cold becomes usual in hours. It
      outlives gaps and restarts. ``coldest_c`` sets a fixed floor besides. Both need ``temperature``.
    - A value that repeats to the last bit for ``frozen_s`` is a stuck sensor (worn E4s repeat for at most 5 s).

    What ``Artefacts`` and ``Contact`` say of the same samples joins in where it is passed.
    """

    def __init__(
        self,
        *,
        rows: int,
        rate_hz: float,
        steepest_us_per_s: float = 10.0,
        around_s: float = 5.0,
        delay_s: float = 0.0,
        frozen_s: float = 15.0,
        drop_c: float = DROP_C,
        coldest_c: float | None = None,
        hold_s: float = 2.0,
    ) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        for name, value in (("steepest_us_per_s", steepest_us_per_s), ("drop_c", drop_c)):
            if not value > 0:
                raise SignalError(f"{self._name}.{name}: must be above 0, got {value!r}")
        if coldest_c is not None and not math.isfinite(coldest_c):
            raise SignalError(f"{self._name}.coldest_c: must be finite or None, got {coldest_c!r}")
        self._gaps = Gaps(rows=rows, rate_hz=rate_hz, hold_s=hold_s)
        coldest = -math.inf if coldest_c is None else coldest_c
        self._limits = (steepest_us_per_s / rate_hz, float(drop_c), float(coldest))
        around, delay = self._samples("around_s", around_s), self._samples("delay_s", delay_s)
        if delay > around:
            raise SignalError(f"{self._name}.delay_s: must be at most around_s, got {delay_s!r}")
        frozen = self._samples("frozen_s", frozen_s, least=2)
        self._lengths = (around, delay, frozen, self._samples("rate_hz", LEARN_S), self._samples("rate_hz", MEMORY_S))
        self._waiting = np.full((rows, delay), _MISSING, np.int64)
        self._state = np.zeros(rows, _ROW)

    def push(
        self,
        x: Array,
        temperature: Array | None = None,
        artefact: Array | None = None,
        contact: Array | None = None,
        *,
        rows: Rows | None = None,
    ) -> Array:
        """Return the codes of the next n samples of the rows ``rows``.

        ``temperature`` [degC] (k, n), ``artefact`` (k, n) as ``Artefacts`` and ``contact`` (k, n) as ``Contact`` return
        them, belong to the same samples; what is NaN there, or not passed, says nothing against a sample.
        """
        x, known = self._take(x, rows)
        celsius = self._beside(temperature, x, rows, "temperature")
        shaken = self._beside(artefact, x, rows, "artefact")
        touching = self._beside(contact, x, rows, "contact")
        out = np.empty_like(x)
        standing = self._gaps.push(x, rows=known).standing
        _judge(
            x,
            celsius,
            shaken,
            touching,
            standing,
            known,
            self._limits,
            self._lengths,
            self._waiting,
            self._state,
            out,
        )
        return out

    def _beside(self, y: Array | None, x: Array, rows: Rows | None, argument: str) -> Array:
        """Return ``y`` laid out for the kernel, NaN where it is not passed."""
        if y is None:
            return np.full_like(x, np.nan)
        y, _ = self._take(y, rows, argument=argument)
        if y.shape != x.shape:
            raise SignalError(f"{self._name}.{argument}: must be {x.shape} as x is, got {y.shape}")
        return y


def validity(codes: Array) -> Array:
    """Return 1 where ``codes`` of ``Reasons`` say BELIEVED, 0 where they give a reason, NaN where they are."""
    return np.where(np.isnan(codes), np.nan, (codes == BELIEVED).astype(np.float64))


@njit(cache=True, nogil=True)
def _judge(
    x: Array,
    celsius: Array,
    shaken: Array,
    touching: Array,
    standing: Standing,
    rows: Rows,
    limits: tuple[float, float, float],
    lengths: tuple[int, int, int, int, int],
    waiting: NDArray[np.int64],
    state: NDArray[np.void],
    out: Array,
) -> None:
    step, drop, coldest = limits
    around, delay, frozen, learn, memory = lengths
    for k in range(rows.size):
        s, queue = state[rows[k]], waiting[rows[k]]
        for i in range(x.shape[1]):
            s.apart, s.since = min(s.apart + 1, around + frozen), min(s.since + 1, around + 1)
            code = _MISSING
            if standing[k, i] != UNKNOWN and standing[k, i] != HELD:
                value = x[k, i]
                if standing[k, i] == RESTART:
                    s.apart, s.same, s.since = 0, 0, around + 1
                s.same = min(s.same + 1, frozen) if s.apart > 0 and value == s.last else 0
                warmth = celsius[k, i] if np.isfinite(celsius[k, i]) else np.nan
                cold = warmth < coldest or (s.learnt >= learn and warmth < s.usual - drop)
                code = BELIEVED
                if touching[k, i] == 0:
                    code = NO_CONTACT
                elif value < LOW_US:
                    code = TOO_LOW
                elif value > HIGH_US:
                    code = TOO_HIGH
                elif s.same + 1 >= frozen:
                    code = FROZEN
                elif s.apart > 0 and abs(value - s.last) > step * s.apart:
                    code = TOO_STEEP
                elif cold:
                    code = TOO_COLD
                elif warmth > HOT_C:
                    code = TOO_HOT
                if code != BELIEVED:
                    s.since = 0
                elif shaken[k, i] == 1:
                    code = ARTEFACT
                elif s.since <= around:
                    code = AROUND
                if value >= LOW_US and not math.isnan(warmth):
                    s.learnt = min(s.learnt + 1, memory)
                    off = warmth - s.usual
                    s.usual += (min(max(off, -PULL_C), PULL_C) if s.learnt > learn else off) / s.learnt
                s.last, s.apart = value, 0
            if delay > 0:  # what waited knows now whether anything invalid followed it
                queue[s.at], code = code, queue[s.at]
                s.at = (s.at + 1) % delay
                if code == BELIEVED and s.since < delay:
                    code = AROUND
            out[k, i] = np.nan if code == _MISSING else float(code)
