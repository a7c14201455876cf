"""The operators that take conductance apart, for the laws."""

from signals.eda.phasic import Phasic
from signals.eda.sympathetic import Sympathetic
from signals.laws.case import Case

CASES = {
    "Phasic": Case(lambda n: Phasic(rows=n, rate_hz=4), ("eda",), forgets=False),  # a wearer's scale outlives gaps
    "Sympathetic": Case(
        lambda n: Sympathetic(rows=n, rate_hz=4), ("eda",), by_second=True, pointwise=False, seconds=160
    ),
}
