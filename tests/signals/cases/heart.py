"""The operators over pulses and intervals, for the laws."""

from signals.heart.rate import HeartRate
from signals.heart.rhythm import Rhythm
from signals.laws.case import Case

CASES = {
    "Rhythm": Case(lambda n: Rhythm(rows=n, rate_hz=64), ("ibi",)),
    "HeartRate": Case(lambda n: HeartRate(rows=n, rate_hz=64), ("ibi",), by_second=True, pointwise=False),
}
