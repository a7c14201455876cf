"""What every operator is made of, for the laws."""

import numpy as np

from signals.filters import Filter, low_pass
from signals.gaps import Gaps
from signals.laws.case import Case
from signals.windows import GREATEST, Extreme, Mean, Share, Slope, Window


def _low_pass(rows: int) -> Filter:
    sos = np.vstack([low_pass(cutoff_hz=0.5, rate_hz=4, order=2), low_pass(cutoff_hz=0.05, rate_hz=4, order=1)])
    return Filter(sos, rows=rows, rate_hz=4, hold_s=1.0, warm_s=1.0)


CASES = {
    "Gaps": Case(lambda n: Gaps(rows=n, rate_hz=4, hold_s=1.0), ("eda",), pointwise=False, silent=False),
    "Filter": Case(_low_pass, ("eda",)),
    "Window": Case(lambda n: Window(rows=n, rate_hz=1, window_s=7), ("level",), pointwise=False, silent=False),
    "Extreme": Case(lambda n: Extreme(rows=n, rate_hz=1, window_s=7, which=GREATEST), ("level",), pointwise=False),
    "Mean": Case(lambda n: Mean(rows=n, rate_hz=1, window_s=7), ("level",), pointwise=False),
    "Share": Case(lambda n: Share(rows=n, rate_hz=1, window_s=7), ("level",), pointwise=False),
    "Slope": Case(lambda n: Slope(rows=n, rate_hz=1, window_s=7), ("level",), pointwise=False),
}
