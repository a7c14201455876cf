"""Features of seconds in, what of a worn band says nothing usable although the rest does, out; damped, for a board.

A channel is missing once it has been dead (nothing arrives, frozen, no contact) for ``DEAD_S``, or arrives and cannot
be read for ``UNREAD_S``, and is back when it has been well for ``WELL_S``. With the engine's own detection a frozen
pulse is told after 7 s, an electrode that lets go after 8, conductance that stands still after 20, temperature and
movement after 65. A pulse that cannot be read while somebody moves is no fault of the band.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from alerts.lasting import Lasting
from alerts.views import CHANNELS
from models.risk import Array, Rows
from signals.features import column

DEAD_S: Final = 5.0  # of the 15 within which a board is told; longer than what a band takes to be heard again
UNREAD_S: Final = 60.0  # a minute without a pulse at rest is no hiccup of the finger on the light
BEGINS_S: Final = 15.0  # of a band that was not heard before: its sensors and their windows fill
WELL_S: Final = 10.0  # what comes and goes faster is told as missing all the time
STILL_G: Final = 0.04  # a minute's movement at which a pulse can be read, if it can at all
HALF: Final = 0.5

_VALID, _CONTACT, _EDA_FROZEN = column("eda_valid"), column("eda_contact"), column("eda_frozen")
_RATE, _COVERAGE = column("heart_rate_bpm"), column("beat_coverage")
_PPG, _PPG_FROZEN = column("ppg_quality"), column("ppg_frozen")
_TEMPERATURE, _TEMPERATURE_FROZEN = column("temperature_C"), column("temperature_frozen")
_MOTION, _MOTION_FROZEN = column("motion_g"), column("motion_frozen")
_MINUTE, _WORN = column("motion_minute_g"), column("worn")
_FOR_S: Final = np.array([DEAD_S] * len(CHANNELS) + [UNREAD_S] * 2)
_READ: Final = [CHANNELS.index("sweat"), CHANNELS.index("pulse")]
_NAMED: Final = [tuple(name for i, name in enumerate(CHANNELS) if bits >> i & 1) for bits in range(1 << len(CHANNELS))]


class Partly:
    """Keeps for ``rows`` people since when each channel of their band says nothing."""

    def __init__(self, *, rows: int) -> None:
        self._lasting = Lasting(rows=rows, facts=len(_FOR_S) + 1, forgive_s=WELL_S)

    def push(self, start_s: NDArray[np.int64], features: Array, *, rows: Rows) -> list[list[tuple[str, ...]]]:
        """Return the names of what is missing, of each of ``rows`` and each second of features (k, n, F)."""
        dead, unread = _faults(features)
        off = features[..., _WORN] < HALF
        heard = ~dead.all(axis=-1) & ~off
        facts = np.concatenate([dead, unread, np.ones_like(unread[..., :1])], axis=-1) & heard[..., None]
        lasted_s = self._lasting.push(start_s, facts, rows=rows)
        long = (lasted_s[..., :-1] >= _FOR_S) & (lasted_s[..., -1:] > BEGINS_S)
        missing = long[..., : len(CHANNELS)]
        missing[..., _READ] |= long[..., len(CHANNELS) :]
        missing &= ~(off | missing.all(axis=-1))[..., None]
        named = (missing * (1 << np.arange(len(CHANNELS)))).sum(axis=-1).tolist()
        return [[_NAMED[bits] for bits in each] for each in named]

    def grow(self) -> None:
        """One row more; of everybody else everything stays as it is."""
        self._lasting = self._lasting.grown()


def _faults(features: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of ``CHANNELS`` are dead (k, n, 4); of which of sweat and pulse nothing can be read (k, n, 2)."""
    at = [features[..., i] for i in (_VALID, _CONTACT, _EDA_FROZEN, _PPG, _COVERAGE, _PPG_FROZEN)]
    valid, contact, eda_frozen, ppg, coverage, ppg_frozen = at
    dead = np.stack(
        [
            np.isnan(valid) | (contact < HALF) | (eda_frozen >= HALF),
            (np.isnan(ppg) & np.isnan(coverage)) | (ppg_frozen >= HALF),
            np.isnan(features[..., _TEMPERATURE]) | (features[..., _TEMPERATURE_FROZEN] >= HALF),
            np.isnan(features[..., _MOTION]) | (features[..., _MOTION_FROZEN] >= HALF),
        ],
        axis=-1,
    )
    unread = np.stack([valid < HALF, np.isnan(features[..., _RATE]) & (features[..., _MINUTE] <= STILL_G)], axis=-1)
    return dead, unread
