"""The operators over skin and strap, for the laws."""

from signals.laws.case import Case
from signals.skin.frozen import Frozen
from signals.skin.temperature import Trend
from signals.skin.wear import Wear

CASES = {
    "Wear": Case(lambda n: Wear(rows=n, rate_hz=1), ("warm", "touch", "stir"), pointwise=False),
    "Wear_told": Case(lambda n: Wear(rows=n, rate_hz=1), ("warm", "touch", "stir", "touch", "touch"), pointwise=False),
    "Trend": Case(lambda n: Trend(rows=n, rate_hz=1), ("warm",)),
    "Trend_worn": Case(lambda n: Trend(rows=n, rate_hz=1), ("warm", "touch")),
    "Frozen": Case(lambda n: Frozen(rows=n, rate_hz=4, after_s=5.0), ("eda",)),
    "Frozen_axes": Case(
        lambda n: Frozen(rows=n, rate_hz=32, axes=3, after_s=2.0, high=0.87, end_s=2 / 32), ("motion",)
    ),
}
