"""The operators over rhythmic movement, for the laws."""

from signals.laws.case import Case
from signals.motion.repetition import Repetition
from signals.motion.stereotypy import Stereotypy

CASES = {
    "Repetition": Case(lambda n: Repetition(rows=n, rate_hz=32), ("rocking",), by_second=True, pointwise=False),
    "Stereotypy": Case(lambda n: Stereotypy(rows=n, rate_hz=32), ("rocking",), by_second=True, pointwise=False),
}
