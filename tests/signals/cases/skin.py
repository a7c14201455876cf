"""The operators over skin and strap, for the laws."""

from signals.skin.wear import Wear
from tests.signals.case import Case

CASES = {
    "Wear": Case(lambda n: Wear(rows=n, rate_hz=1), ("warm", "touch", "stir"), pointwise=False),
    "Wear_told": Case(lambda n: Wear(rows=n, rate_hz=1), ("warm", "touch", "stir", "touch", "touch"), pointwise=False),
}
