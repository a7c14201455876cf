"""The operators over electrodermal activity, for the laws."""

from signals.eda.phasic import Driver
from signals.eda.responses import Responses
from signals.laws.case import Case

CASES = {
    "Driver": Case(lambda n: Driver(rows=n, rate_hz=4), ("eda",)),
    "Responses": Case(lambda n: Responses(rows=n, rate_hz=4), ("eda",)),
}
