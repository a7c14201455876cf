"""The operators over movement, for the laws."""

from signals.motion.cadence import Cadence
from signals.motion.movement import Movement
from tests.signals.case import Case

CASES = {
    "Movement": Case(lambda n: Movement(rows=n, rate_hz=32), ("motion",)),
    "Cadence": Case(lambda n: Cadence(rows=n, rate_hz=32), ("moved", "bpm"), by_second=True, pointwise=False),
}
