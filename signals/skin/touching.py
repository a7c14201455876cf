"""Temperature, and what else tells skin from air, in; temperature, its trend and whether the band is worn out."""

import numpy as np

from ingest.types import CHANNELS
from signals.filters import Filter, low_pass
from signals.rows import RowState
from signals.skin.frozen import AFTER_S, Frozen
from signals.skin.temperature import Trend
from signals.skin.wear import Wear
from signals.types import Array, Found, Rows
from signals.windows import second_means

TEMPERATURE_HZ = CHANNELS["temperature"].grid_hz
EDA_HZ = CHANNELS["eda"].grid_hz
WARMTH_HZ = 0.1  # skin and sensor are slower than this
HOLD_S = 2.0


class Touching(RowState):
    """Every operator over skin temperature and wear of ``rows`` people."""

    def __init__(self, *, rows: int) -> None:
        self._rows = rows
        sos = low_pass(cutoff_hz=WARMTH_HZ, rate_hz=TEMPERATURE_HZ, order=1)
        self._warmth = Filter(sos, rows=rows, rate_hz=TEMPERATURE_HZ, hold_s=HOLD_S, warm_s=5.0)
        self._trend = Trend(rows=rows, rate_hz=1)
        self._wear = Wear(rows=rows, rate_hz=1)
        self._frozen = Frozen(rows=rows, rate_hz=TEMPERATURE_HZ, after_s=AFTER_S["temperature"])

    def push(
        self, temperature: Array, eda: Array, contact: Array | None, pulse: Array, found: Found, *, rows: Rows
    ) -> None:
        """Say whether the band is worn, and how warm the skin is, in the next n seconds.

        ``temperature`` and ``eda`` are (k, 4 n) as they come; ``contact`` (k, n) is what the band says of its skin
        contact (1, 0, NaN not reported; None: none does); ``pulse`` (k, n) how much of the last 10 s beats in rhythm
        fill, worn or not; ``found`` has ``motion_g``. Where movement is unknown and something else than a pulse can
        tell, the pulse does not: steps, and a bag that is carried, beat too.
        """
        warm = second_means(temperature, rate_hz=TEMPERATURE_HZ)
        touch = second_means(eda, rate_hz=EDA_HZ)
        shaken = np.isnan(found["motion_g"]) & (np.isfinite(warm) | np.isfinite(touch))
        pulse = np.where(shaken, np.nan, pulse)
        found["worn"] = self._wear.push(warm, touch, found["motion_g"], contact, pulse, rows=rows)
        found["temperature_C"] = second_means(self._warmth.push(temperature, rows=rows), rate_hz=TEMPERATURE_HZ)
        (
            found["temperature_slope_C_per_min"],
            found["temperature_slope_error_C_per_min"],
            found["warming_up"],
        ) = self._trend.push(warm, found["worn"], rows=rows)
        found["temperature_frozen"] = second_means(self._frozen.push(temperature, rows=rows), rate_hz=TEMPERATURE_HZ)
