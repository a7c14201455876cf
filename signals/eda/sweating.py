"""Skin conductance in, everything said of it once a second, and the responses, out: its operators in their order."""

import numpy as np

from ingest.types import CHANNELS
from signals.eda.artefacts import Artefacts
from signals.eda.contact import Contact
from signals.eda.phasic import Driver, Phasic
from signals.eda.quality import Reasons, validity
from signals.eda.responses import Responses
from signals.eda.sympathetic import Sympathetic
from signals.filters import Filter, low_pass
from signals.gaps import HELD, Gaps
from signals.rows import RowState
from signals.skin.frozen import AFTER_S, Frozen
from signals.types import Array, Found, Off, Rows
from signals.windows import GREATEST, LEAST, Extreme, Mean, Share, Slope, second_means, seconds

EDA_HZ = CHANNELS["eda"].grid_hz
CLEAN_HZ = 0.5  # conductance has nothing faster to say: a response takes at least 0.5 s to rise
LEVEL_HZ = 0.05  # slower is level, faster is response
HOLD_S = 2.0
MINUTE_S = 60.0
QUALITY_S = 10.0
# What responses add, conductance has climbed lately: a larger phasic part, or a level below 0, is no sweat but a fall
# that the model cannot make, and explains by a hollow in the level.
TRAVEL_S = 30.0
TRAVELLED = 1.5
LEAST_US = 0.02
OFF = (  # what is said of skin only
    "eda_level_uS",
    "eda_slope_uS_per_min",
    "eda_driver_uS",
    "eda_tonic_uS",
    "eda_phasic_uS",
    "eda_phasic_drive_uS",
    "response_rate_per_min",
    "response_sum_uS",
    "response_rise_s",
    "response_recovery_s",
    "eda_sympathetic_uS2",
    "eda_sympathetic_share",
)


class Sweating(RowState):
    """Every operator over the skin conductance of ``rows`` people."""

    def __init__(self, *, rows: int) -> None:
        self._rows = rows
        once = {"rows": rows, "rate_hz": 1}
        each = {"rows": rows, "rate_hz": EDA_HZ}
        self._contact = Contact(**each)
        self._artefacts = Artefacts(**each, hold_s=HOLD_S)
        self._reasons = Reasons(**each, hold_s=HOLD_S)
        self._valid = Share(**once, window_s=QUALITY_S)
        self._shaken = Mean(**once, window_s=MINUTE_S)
        self._clean = Filter(low_pass(cutoff_hz=CLEAN_HZ, rate_hz=EDA_HZ, order=2), **each, hold_s=HOLD_S, warm_s=1.0)
        self._level = Filter(low_pass(cutoff_hz=LEVEL_HZ, rate_hz=EDA_HZ, order=1), **each, hold_s=HOLD_S, warm_s=5.0)
        self._slope = Slope(**once, window_s=MINUTE_S)
        self._driver = Driver(**each, hold_s=HOLD_S)
        self._drive = Mean(**once, window_s=QUALITY_S)
        self._phasic = Phasic(**each, hold_s=HOLD_S)
        self._highest = Extreme(**once, window_s=TRAVEL_S, which=GREATEST)
        self._lowest = Extreme(**once, window_s=TRAVEL_S, which=LEAST)
        self._phasic_mean = Mean(**once, window_s=QUALITY_S)
        self._phasic_drive = Mean(**once, window_s=QUALITY_S)
        self._responses = Responses(**each, hold_s=HOLD_S)
        self._bridged = Gaps(**once, hold_s=HOLD_S)  # responses in gaps so short are told after them
        self._count = Mean(**once, window_s=MINUTE_S)
        self._sum = Mean(**once, window_s=MINUTE_S)
        self._rise = EventMean(rows=rows)
        self._recovery = EventMean(rows=rows)
        self._sympathetic = Sympathetic(**each)
        self._frozen = Frozen(**each, after_s=AFTER_S["eda"], low=0.0)

    def push(self, eda: Array, temperature: Array, off: Off, found: Found, *, rows: Rows) -> tuple[Array, Array]:
        """Say what the next n seconds of ``eda`` and ``temperature`` (k, 4 n) are, nothing while the band is ``off``
        (k, n); return the responses told and their lags, (k, 4 n)."""
        touch = self._contact.push(eda, rows=rows)
        found["eda_contact"] = second_means(touch, rate_hz=EDA_HZ)
        found["eda_frozen"] = second_means(self._frozen.push(eda, rows=rows), rate_hz=EDA_HZ)
        shaken = self._artefacts.push(eda, rows=rows)
        found["eda_artefact"] = self._shaken.push(second_means(shaken, rate_hz=EDA_HZ), rows=rows)
        valid = validity(self._reasons.push(eda, temperature, None, touch, rows=rows))
        found["eda_valid"] = self._valid.push(second_means(valid, rate_hz=EDA_HZ, least=0), rows=rows)
        believed = np.where((valid == 1) & ~np.repeat(off, EDA_HZ, axis=1), eda, np.nan)
        self._part(believed, found, rows)
        power = self._sympathetic.push(believed, rows=rows)
        found["eda_sympathetic_uS2"], found["eda_sympathetic_share"] = power.power_us2, power.share
        amplitude_us, lag_s = self._respond(believed, found, rows)
        for name in OFF:
            found[name] = np.where(off, np.nan, found[name])
        return amplitude_us, lag_s

    def _part(self, believed: Array, found: Found, rows: Rows) -> None:
        """Level and its slope, drive by a filter at once, and tonic, phasic and sparse drive two seconds late."""
        clean = self._clean.push(believed, rows=rows)
        level = second_means(self._level.push(clean, rows=rows), rate_hz=EDA_HZ)
        found["eda_level_uS"] = level
        found["eda_slope_uS_per_min"] = self._slope.push(level, rows=rows)
        drive = second_means(self._driver.push(clean, rows=rows), rate_hz=EDA_HZ)
        found["eda_driver_uS"] = self._drive.push(drive, rows=rows)
        parts = self._phasic.push(believed, rows=rows)
        tonic, phasic, sparse = (
            second_means(x, rate_hz=EDA_HZ) for x in (parts.tonic_us, parts.phasic_us, parts.drive_us)
        )
        seen = second_means(believed, rate_hz=EDA_HZ)
        travel = self._highest.push(seen, rows=rows) - self._lowest.push(seen, rows=rows)
        hollow = (phasic > TRAVELLED * travel + LEAST_US) | (tonic < 0)
        found["eda_tonic_uS"] = np.where(hollow, np.nan, tonic)
        found["eda_phasic_uS"] = self._phasic_mean.push(np.where(hollow, np.nan, phasic), rows=rows)
        found["eda_phasic_drive_uS"] = self._phasic_drive.push(np.where(hollow, np.nan, sparse), rows=rows)

    def _respond(self, believed: Array, found: Found, rows: Rows) -> tuple[Array, Array]:
        """How many responses a minute, how large, how fast they rise and fall back."""
        told = self._responses.push(believed, rows=rows)
        count = _events(np.where(told.amplitude_us > 0, 1.0, told.amplitude_us))
        bridged = self._bridged.push(count, rows=rows).standing == HELD
        found["response_rate_per_min"] = self._count.push(np.where(bridged, 0.0, count), rows=rows) * MINUTE_S
        amount = np.where(bridged, 0.0, _events(told.amplitude_us))
        found["response_sum_uS"] = self._sum.push(amount, rows=rows) * MINUTE_S
        found["response_rise_s"] = self._rise.push(told.rise_s, rows=rows)
        found["response_recovery_s"] = self._recovery.push(told.recovery_s, rows=rows)
        return told.amplitude_us, told.lag_s


def _events(x: Array) -> Array:
    """Return the sum of the events of each second, (k, n); NaN where none of its samples is known. What is known is not
    counted for what is unknown, as in a mean it would be."""
    total, known = seconds(x, rate_hz=EDA_HZ)
    return np.where(known > 0, total, np.nan)


class EventMean(RowState):
    """The mean of the events of the last minute: (k, 4 n) with 0 where there is none in, (k, n) out, NaN where none."""

    def __init__(self, *, rows: int) -> None:
        self._rows = rows
        self._values = Mean(rows=rows, rate_hz=1, window_s=MINUTE_S, least=1 / MINUTE_S)

    def push(self, x: Array, *, rows: Rows) -> Array:
        """Return the mean at the end of each of the next n seconds of the rows ``rows``."""
        total, _ = seconds(x, rate_hz=EDA_HZ)
        count, _ = seconds(np.where(x > 0, 1.0, 0.0), rate_hz=EDA_HZ)
        several = np.where(count > 0, total / np.maximum(count, 1.0), np.nan)
        return self._values.push(several, rows=rows)
