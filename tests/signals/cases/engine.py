"""All operators together, for the laws."""

from signals.engine import Engine
from tests.signals.case import Case

CHANNELS = ("eda", "temperature", "ppg", "motion", "ibi")
CASES = {"Engine": Case(lambda n: Engine(rows=n), CHANNELS, by_second=True, pointwise=False)}
