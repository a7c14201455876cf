"""The operators over movement, for the laws."""

from signals.laws.case import Case
from signals.motion.cadence import Cadence
from signals.motion.movement import Activity, Movement
from signals.motion.posture import Posture

CASES = {
    "Movement": Case(lambda n: Movement(rows=n, rate_hz=32), ("motion",)),
    "Cadence": Case(lambda n: Cadence(rows=n, rate_hz=32), ("moved", "bpm"), by_second=True, pointwise=False),
    "Activity": Case(
        lambda n: Activity(rows=n, rate_hz=32, still_g=0.057, levels_g=(0.021, 0.023, 0.025)),
        ("motion",),
        by_second=True,
        pointwise=False,
        forgets=False,  # what gravity is to a sensor does not change in silence
    ),
    "Posture": Case(lambda n: Posture(rows=n, rate_hz=32, new_deg=0.5), ("motion",), by_second=True, pointwise=False),
}
