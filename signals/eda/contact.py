"""Skin conductance in, whether the electrodes touch the skin out: uS, a row a person."""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.gaps import HELD, RESTART, UNKNOWN, Gaps
from signals.rows import RowOperator, Standing
from signals.types import Array, Rows

DRY_US: Final = 0.05  # an electrode that touches nothing reads less (Kleckner 2018, doi:10.1109/TBME.2017.2758643)
LEFT: Final = 0.4  # of the floor: a recovery of 2 s leaves more of any level that responses did not make
NEAR_S: Final = 5.0  # Kleckner's neighbourhood: what fell within it fell faster than skin dries
FLOOR_S: Final = 30.0
AGAIN_S: Final = 60.0  # electrodes put on anew need about a minute; a level that lasts is the level

_ROW = np.dtype(
    [
        ("touching", "f8"),  # 1, 0, or NaN
        ("floor", "f8"),  # the level below LEFT of which it fell
        ("off", "i8"),  # samples in a row that are loose, that are not, and that are not dry
        ("on", "i8"),
        ("wet", "i8"),
        ("panes", "i8"),  # whole panes since it began to touch, up to those of the ring
        ("pane", "i8"),  # samples in the pane that is being filled
        ("lowest", "f8"),  # of that pane
        ("at", "i8"),  # of the ring
    ]
)


class Contact(RowOperator):
    """Whether the electrodes touch the skin: (k, n) uS in; 1, 0 or NaN (cannot tell), (k, n), out.

    Lost: conductance below 0.05 uS; or, in steps, below 0.4 of the lowest that it was between 30 s and 5 s ago, which
    neither responses nor a level can fall to in 5 s; either for ``lasting_s``, as a shorter dip is a movement artefact.
    Touching again: at least 0.05 uS, and 0.4 of the floor that it fell from, for ``lasting_s``; or at least 0.05 uS for
    a minute: then the lower level, of half an electrode perhaps, is the level. The delay is ``lasting_s``; NaN for as
    long at the start and where conductance is unknown.

    Skin too dry to conduct 0.05 uS cannot be told from no skin by conductance alone: ``Wear`` asks temperature too.
    """

    def __init__(self, *, rows: int, rate_hz: float, lasting_s: float = 3.0, hold_s: float = 2.0) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        self._gaps = Gaps(rows=rows, rate_hz=rate_hz, hold_s=hold_s)
        lasting = self._samples("lasting_s", lasting_s, least=1)
        self._lengths = (lasting, self._samples("rate_hz", AGAIN_S, least=1), self._samples("rate_hz", 1.0, least=1))
        self._floors = np.zeros((rows, int(FLOOR_S)))
        self._state = np.zeros(rows, _ROW)

    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        """Return whether the electrodes of the rows ``rows`` touch at each of the next n samples."""
        x, rows = self._take(x, rows)
        standing = self._gaps.push(x, rows=rows).standing
        out = np.empty_like(x)
        _touch(x, standing, rows, self._lengths, self._floors, self._state, out)
        return out


@njit(cache=True, nogil=True)
def _touch(
    x: Array,
    standing: Standing,
    rows: Rows,
    lengths: tuple[int, int, int],
    floors: Array,
    state: NDArray[np.void],
    out: Array,
) -> None:
    lasting, again, second = lengths
    for k in range(rows.size):
        s, ring = state[rows[k]], floors[rows[k]]
        for i in range(x.shape[1]):
            if standing[k, i] == UNKNOWN or standing[k, i] == HELD:
                out[k, i] = np.nan
                continue
            value = x[k, i]
            if standing[k, i] == RESTART:
                s.touching, s.floor, s.off, s.on, s.wet, s.panes, s.pane, s.at = np.nan, 0.0, 0, 0, 0, 0, 0, 0
            floor = s.floor
            if s.touching != 0:
                floor = _lowest(ring, s.at) if s.panes == ring.size else 0.0
            dry = value < DRY_US
            loose = dry or value < LEFT * floor
            s.off = min(s.off + 1, lasting) if loose else 0
            s.on = 0 if loose else min(s.on + 1, lasting)
            s.wet = 0 if dry else min(s.wet + 1, again)
            if s.touching != 0 and s.off >= lasting:
                s.touching, s.floor, s.wet = 0.0, floor, 0
            elif s.touching == 0 and (s.on >= lasting or s.wet >= again):
                s.touching, s.panes, s.pane = 1.0, 0, 0
            elif s.on >= lasting:
                s.touching = 1.0
            s.lowest = min(s.lowest, value) if s.pane > 0 else value
            s.pane += 1
            if s.pane == second:
                ring[s.at] = s.lowest
                s.at, s.pane, s.panes = (s.at + 1) % ring.size, 0, min(s.panes + 1, ring.size)
            out[k, i] = s.touching


@njit(cache=True, nogil=True)
def _lowest(ring: Array, at: int) -> float:
    """Return the lowest of the ring, whose oldest pane is at ``at``, but for its newest NEAR_S."""
    lowest = float(ring[at])
    for j in range(1, ring.size - int(NEAR_S)):
        lowest = min(lowest, ring[(at + j) % ring.size])
    return lowest
