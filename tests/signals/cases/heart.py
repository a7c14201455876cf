"""The operators over pulses and intervals, for the laws."""

from signals.heart.pulses import Pulses
from signals.heart.rate import HeartRate
from signals.heart.rhythm import Rhythm
from tests.signals.case import Case

CASES = {
    "Pulses": Case(lambda n: Pulses(rows=n, rate_hz=64), ("ppg",)),
    "Rhythm": Case(lambda n: Rhythm(rows=n, rate_hz=64), ("ibi",)),
    "HeartRate": Case(lambda n: HeartRate(rows=n, rate_hz=64), ("ibi",), by_second=True, pointwise=False),
}
