"""Temperature, conductance and movement in, whether the band is on the skin out: once a second, a row a person."""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.rows import RowOperator
from signals.types import Array, Rows

DRY_US: Final = 0.05  # an electrode that touches nothing reads less
COLD_C: Final = 30.0  # with DRY_US: 0 to 0.2 % of worn minutes of three E4 data sets
WARM_C: Final = 31.0  # only skin is this warm: hysteresis of 1 degC
COOLING_C: Final = 1.0  # fallen within COOLING_S: off the skin and still warm
COOLING_S: Final = 30.0
# A quarter of an E4's step: lies on a table; breathing alone moves a wrist by more over a minute.
STILL_G: Final = 0.004
STILL_S: Final = 60.0
HOLD_S: Final = 10.0  # evidence lasts this long before it decides, and silence before what was known is forgotten

_WEAR = np.dtype(
    [
        ("worn", "f8"),  # 1, 0, or NaN
        ("off", "i8"),  # seconds of evidence that it is off, on, and of no evidence that could tell
        ("on", "i8"),
        ("blind", "i8"),
        ("still", "i8"),
        ("at", "i8"),  # of the ring of temperatures
    ]
)


class Wear(RowOperator):
    """Whether the band is worn: (k, n) degC, uS and g, a value a second, in; 1, 0 or NaN (cannot tell), (k, n), out.

    Off: conductance below 0.05 uS *and* skin temperature below 30 degC, or fallen by 1 degC in 30 s, or below 31 degC
    while nothing has moved for a minute; each alone is common on worn bands, and a band in a bag moves. On: conductance
    of at least 0.05 uS, or at least 31 degC without the signs of being off. Either must last 10 s; between them what
    was known stays known. NaN where neither temperature nor conductance arrives, until the evidence has lasted, and
    where what arrives has been no evidence for 10 s because one of the two is missing.
    """

    def __init__(self, *, rows: int, rate_hz: float) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        if rate_hz != 1:
            raise SignalError(f"{self._name}.rate_hz: must be 1, got {rate_hz!r}")
        self._state = np.zeros(rows, _WEAR)
        self._state["worn"] = np.nan
        self._past = np.full((rows, int(COOLING_S)), np.nan)

    def push(self, temperature: Array, eda: Array, motion: Array, *, rows: Rows | None = None) -> Array:
        """Return whether the rows ``rows`` wear their bands in the next n seconds."""
        temperature, known = self._take(temperature, rows, argument="temperature")
        eda, _ = self._take(eda, rows, argument="eda")
        motion, _ = self._take(motion, rows, argument="motion")
        if not temperature.shape == eda.shape == motion.shape:
            raise SignalError(f"{self._name}: {temperature.shape}, {eda.shape} and {motion.shape} differ")
        out = np.empty_like(temperature)
        _tell(temperature, eda, motion, known, self._past, self._state, out)
        return out


@njit(cache=True, nogil=True)
def _tell(
    temperature: Array, eda: Array, motion: Array, rows: Rows, past: Array, state: NDArray[np.void], out: Array
) -> None:
    for k in range(rows.size):
        s, ring = state[rows[k]], past[rows[k]]
        for i in range(out.shape[1]):
            celsius = temperature[k, i] if np.isfinite(temperature[k, i]) else np.nan
            us = eda[k, i] if np.isfinite(eda[k, i]) else np.nan
            fallen = ring[s.at] - celsius  # NaN where either is unknown: then no comparison holds
            ring[s.at] = celsius
            s.at = (s.at + 1) % ring.size
            s.still = min(s.still + 1, int(STILL_S)) if abs(motion[k, i]) < STILL_G else 0
            cool = celsius < COLD_C or fallen >= COOLING_C or (celsius < WARM_C and s.still >= STILL_S)
            off = us < DRY_US and cool
            on = us >= DRY_US or (celsius >= WARM_C and not off)
            dumb = not off and not on and (math.isnan(us) or math.isnan(celsius))
            s.off = min(s.off + 1, int(HOLD_S)) if off else 0
            s.on = min(s.on + 1, int(HOLD_S)) if on else 0
            s.blind = min(s.blind + 1, int(HOLD_S)) if dumb else 0
            if s.off >= HOLD_S:
                s.worn = 0.0
            elif s.on >= HOLD_S:
                s.worn = 1.0
            elif s.blind >= HOLD_S:
                s.worn = np.nan
            out[k, i] = np.nan if math.isnan(us) and math.isnan(celsius) else s.worn
