"""What leaves ingest: samples in physical units with measured times, and the even ticks that the engine runs on."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Channel:
    """A physical quantity: its ``unit``, its rate on the analysis grid (samples a second) and its ``axes``.

    ``low`` and ``high`` bound what a working sensor can say; a value outside is unknown (NaN), never clipped.
    """

    unit: str
    grid_hz: int
    axes: int
    low: float
    high: float


CHANNELS: Final[dict[str, Channel]] = {
    "eda": Channel(unit="uS", grid_hz=4, axes=1, low=-1.0, high=120.0),
    "temperature": Channel(unit="degC", grid_hz=4, axes=1, low=-20.0, high=60.0),
    "ppg": Channel(unit="1", grid_hz=64, axes=1, low=-1e9, high=1e9),
    "motion": Channel(unit="g", grid_hz=32, axes=3, low=-32.0, high=32.0),
    "ibi": Channel(unit="s", grid_hz=64, axes=1, low=0.0, high=10.0),
}
"""Every channel that forecalm knows, in the one stable order. ``ibi`` holds events: see ``Block`` and ``Tick``."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One channel, n >= 1 samples in time order, float64, NaN where unknown.

    Even channels: ``values`` is (n,), for motion (3, n); sample i was taken at ``start_s + i / rate_hz`` [UTC s].
    ``ibi``: ``values`` is (2, n): the time of each beat after ``start_s`` [s] and the interval that it ends [s];
    ``rate_hz`` is 0 because events have none.
    """

    channel: str
    start_s: float
    rate_hz: float
    values: Array

    @property
    def end_s(self) -> float:
        """When the period of the last sample is over, or the last beat happened [UTC s]."""
        if self.rate_hz == 0:
            return self.start_s + float(self.values[0, -1])
        return self.start_s + int(self.values.shape[-1]) / self.rate_hz


@dataclass(frozen=True, slots=True, eq=False)
class Tick:
    """n whole seconds of k rows on the analysis grid; float64, NaN where unknown.

    Parameters
    ----------
    start_s : (k,) int64, UTC seconds: row r covers ``[start_s[r], start_s[r] + n)``; sample i of a channel at
        ``grid_hz`` was taken at ``start_s[r] + i / grid_hz``.
    eda, temperature : (k, 4 n), uS and degC.
    ppg : (k, 64 n), arbitrary units of the band.
    motion : (k, 3, 32 n), g.
    ibi : (k, 64 n): the interval [s] that a beat ended at that sample, for bands that send intervals; 0 where there was
        no beat; NaN throughout for bands that send PPG.
    contact : (k, n), what the band itself says of its skin contact in each second: 1 touches, 0 does not, NaN not
        reported; None where no row reports any. Not a channel: nothing is sampled, and alone it is no sign of life.
    """

    start_s: NDArray[np.int64]
    eda: Array
    temperature: Array
    ppg: Array
    motion: Array
    ibi: Array
    contact: Array | None = None

    @property
    def seconds(self) -> int:
        """The n of the shapes above."""
        return int(self.eda.shape[1]) // CHANNELS["eda"].grid_hz
