"""The operators over PPG, for the laws."""

from signals.heart.pulses import Pulses
from signals.heart.pulses_beats import BAND_HZ, Beats
from signals.heart.pulses_steady import Steady
from signals.laws.case import Case


def _steady(rows: int) -> Steady:
    return Steady(rows=rows, rate_hz=64, motion_hz=32, band_hz=BAND_HZ)


CASES = {
    "Pulses": Case(lambda n: Pulses(rows=n, rate_hz=64), ("ppg",)),
    "Beats": Case(lambda n: Beats(rows=n, rate_hz=64), ("ppg",)),
    "BeatsInMovement": Case(lambda n: Beats(rows=n, rate_hz=64, motion_hz=32), ("ppg", "motion"), by_second=True),
    "Steady": Case(_steady, ("ppg", "motion"), by_second=True),
}
