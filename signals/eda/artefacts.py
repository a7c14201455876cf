"""Skin conductance in, whether the last seconds of it were shaken rather than sweated out: uS, a row a person."""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.filters import QUIET
from signals.gaps import HELD, RESTART, UNKNOWN, Gaps
from signals.rows import RowOperator, Standing
from signals.types import Array, Rows

DECAY_S: Final = 2.0  # the fastest that conductance recovers: Greco 2016, doi:10.1109/TBME.2015.2474131
SPAN_S: Final = 0.5  # a lifted electrode falls within this
LOWEST_S: Final = 25.0  # what responses stand on is the lowest of this long, however they pile up
DIP_S: Final = 2.0  # dips shorter than this are no level
LEVEL_S: Final = 30.0
LEAST_US: Final = 0.01  # the smallest response that anybody counts (SPR 2012, doi:10.1111/j.1469-8986.2012.01384.x)
# The only number here that was fitted: to the majority of three experts on four recordings of one man, 0.026 to 0.029
# whichever of them is left out (benchmarks/accuracy/eda_artefacts.py fits it anew).
SHARE: Final = 0.028

_ROW = np.dtype(
    [
        ("level", "f8"),  # the mean of the last half minute or so
        ("age", "i8"),  # samples since the restart, up to those that LEVEL_S or the window holds
        ("unbroken", "i8"),  # samples since the last missing one, up to the longest span
        ("since", "i8"),  # samples since the last impossible fall, up to the window
        ("lowest", "f8"),  # of the ring of crests
        ("at", "i8"),
    ]
)


class Artefacts(RowOperator):
    """Whether the last ``window_s`` hold a movement artefact: (k, n) uS in; 1, 0 or NaN (cannot tell), (k, n), out.

    Skin dries slowly: whatever glands do, conductance falls back no faster than by the decay of a response, 2 s, and no
    lower than where the response began. A band that is pressed, dragged or lifted loses it at once. So the sign of an
    artefact is a fall, within 0.5 s, beyond what the responses of the last 25 s can give back, by more than
    ``least_us`` + ``share`` of the person's level: what is less can neither be taken for a response nor hide one. (Skin
    that does not come to rest for 25 s, because responses far above its level pile up, may be called shaken.) Rises
    tell nothing, as responses rise as fast; one that is an artefact falls, or follows a fall, within the window.

    Said at once, of the 5 s that end now: the delay is 0 s after the fall, at most 0.5 s after it began; what rises
    before it falls back is believed until then. NaN where conductance is unknown, and for ``window_s`` after the start
    or a gap of more than ``hold_s`` unless a fall was seen in what there is. Acceleration is not asked for: it adds
    nothing to this rule on the labelled recordings, and many movements leave the electrodes where they are.
    """

    def __init__(
        self,
        *,
        rows: int,
        rate_hz: float,
        least_us: float = LEAST_US,
        share: float = SHARE,
        window_s: float = 5.0,
        hold_s: float = 2.0,
    ) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        if not (math.isfinite(least_us) and least_us > 0):
            raise SignalError(f"{self._name}.least_us: must be above 0, got {least_us!r}")
        self._limits = (least_us, self._share("share", share))
        self._window = self._samples("window_s", window_s, least=1)
        self._gaps = Gaps(rows=rows, rate_hz=rate_hz, hold_s=hold_s)
        spans = self._samples("rate_hz: half a second", SPAN_S, least=1)
        self._kept = tuple(1 - math.exp(-k / (rate_hz * DECAY_S)) for k in range(1, spans + 1))
        self._past = np.zeros((rows, max(spans, self._samples("rate_hz", DIP_S)), 2))  # values and lowest, newest first
        self._crests = np.zeros((rows, self._samples("rate_hz", LOWEST_S)))
        self._dip = self._samples("rate_hz", DIP_S, least=1)
        self._memory = self._samples("rate_hz", LEVEL_S)
        self._state = np.zeros(rows, _ROW)

    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        """Return what the next n samples of the rows ``rows`` tell."""
        x, rows = self._take(x, rows)
        bridged = self._gaps.push(x, rows=rows)
        out = np.empty_like(x)
        lengths = (self._dip, self._memory, self._window)
        _shaken(
            bridged.filled,
            bridged.standing,
            rows,
            self._limits,
            self._kept,
            lengths,
            self._past,
            self._crests,
            self._state,
            out,
        )
        return out


@njit(cache=True, nogil=True)
def _shaken(
    x: Array,
    standing: Standing,
    rows: Rows,
    limits: tuple[float, float],
    kept: tuple[float, ...],
    lengths: tuple[int, int, int],
    pasts: Array,
    crests: Array,
    state: NDArray[np.void],
    out: Array,
) -> None:
    dip, memory, window = lengths
    for k in range(rows.size):
        s, past, ring = state[rows[k]], pasts[rows[k]], crests[rows[k]]
        for i in range(x.shape[1]):
            s.since = min(s.since + 1, window)
            if standing[k, i] == UNKNOWN or standing[k, i] == HELD:
                s.unbroken = 0
                out[k, i] = np.nan
                continue
            value = x[k, i]
            if standing[k, i] == RESTART:
                s.age, s.unbroken, s.since, s.at, s.level = 0, 0, window, 0, 0.0
                ring[:] = s.lowest = value
            s.age = min(s.age + 1, max(memory, window))
            s.level += (value - s.level) / min(s.age, memory)
            if abs(s.level) < QUIET:
                s.level = 0.0
            least = limits[0] + limits[1] * s.level
            for j in range(min(s.unbroken, len(kept))):
                before, lowest = past[j, 0], past[j, 1]
                if before - value - kept[j] * (before - min(before, lowest)) > least:
                    s.since = 0
            crest = value
            for j in range(min(s.unbroken, dip - 1)):
                crest = max(crest, past[j, 0])
            gone, ring[s.at] = ring[s.at], crest
            s.at = (s.at + 1) % ring.size
            s.lowest = min(s.lowest, crest)
            if gone == s.lowest:
                s.lowest = ring.min()
            for j in range(len(past) - 1, 0, -1):
                past[j, 0], past[j, 1] = past[j - 1, 0], past[j - 1, 1]
            past[0, 0], past[0, 1] = value, s.lowest
            s.unbroken = min(s.unbroken + 1, len(past))
            if s.since < window:
                out[k, i] = 1.0
            else:
                out[k, i] = np.nan if s.age < window else 0.0
