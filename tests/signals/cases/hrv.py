"""The operators over the variability of intervals, for the laws."""

from signals.heart.hrv import Variability
from signals.laws.case import Case

CASES = {
    "Variability": Case(
        lambda n: Variability(rows=n, rate_hz=64, least=0.5), ("ibi",), by_second=True, pointwise=False
    ),
    "Variability, five minutes": Case(
        lambda n: Variability(rows=n, rate_hz=64, window_s=300, least=0.1, every_s=10),
        ("ibi",),
        by_second=True,
        pointwise=False,
        forgets=False,
    ),
}
