"""Features in, how far each is from what is usual for the person, still or moving, out."""

from typing import Final

import numpy as np

from signals.baseline import Baseline
from signals.rows import RowState
from signals.types import Array, Feature, Found, Rows

MOVING_G: Final = 0.08  # of the last minute: sitting stays below half of it, walking above twice
STILL, MOVING, UNTOLD = 0.0, 1.0, 2.0  # contexts; the last: nothing is known of movement, as of bands without a sensor
MEMORY_S: Final = 8 * 3600.0  # a day awake, about: longer than any episode, short enough to follow a week's change
LEAST_S: Final = 600.0  # of one context

# What has a usual, and the least that its scale can be: below it lies what sensors and filters do on their own.
FLOORS: Final = {
    "eda_level_uS": 0.05,  # of its logarithm: 5 %
    "eda_phasic_uS": 0.005,
    "response_rate_per_min": 0.5,
    "heart_rate_bpm": 1.0,
    "hrv60_rmssd_ms": 2.0,
    "temperature_C": 0.1,
    "temperature_slope_C_per_min": 0.02,
    "motion_minute_g": 0.005,
    "repetition_strength": 0.02,
}
LOGARITHMIC: Final = ("eda_level_uS",)  # skins differ by a factor of a hundred, and change by factors
MOVEMENT: Final = ("motion_minute_g", "repetition_strength")  # is the context of others, and has none itself
LEAST_LEVEL_US: Final = 0.05  # below it nobody believes it
UNKNOWN: Final = (
    "the band is off, the feature is unknown, or less than 10 min of it are known in this context (still, moving,"
    " movement unknown)"
)
FEATURES: Final = tuple(Feature(f"{name}_deviation", "1", MEMORY_S, name, UNKNOWN) for name in FLOORS)


class Usual(RowState):
    """What is usual for ``rows`` people: a baseline for each of ``FLOORS``, by context. It outlives silence."""

    def __init__(self, *, rows: int) -> None:
        self._rows = rows
        self._usual = {
            name: Baseline(rows=rows, rate_hz=1, contexts=3, floor=floor, memory_s=MEMORY_S, least_s=LEAST_S)
            for name, floor in FLOORS.items()
        }

    def push(self, found: Found, *, rows: Rows) -> None:
        """Add the deviations to ``found``, each judged before it is learnt."""
        context = context_of(found["motion_minute_g"])
        one = np.full_like(context, UNTOLD)
        for name, usual in self._usual.items():
            x = np.log(np.maximum(found[name], LEAST_LEVEL_US)) if name in LOGARITHMIC else found[name]
            x = np.where(found["worn"] == 0, np.nan, x)  # a table has no usual
            found[f"{name}_deviation"], _, _ = usual.push(x, one if name in MOVEMENT else context, rows=rows)


def context_of(minute_g: Array) -> Array:
    """Return STILL, MOVING or UNTOLD by the mean movement of the last minute [g]."""
    return np.where(np.isnan(minute_g), UNTOLD, np.where(minute_g >= MOVING_G, MOVING, STILL))
