"""The operators over intervals between beats, for the laws."""

import numpy as np

from signals.heart.rhythm_clean import Intervals
from signals.types import Array, Rows
from tests.signals.case import Case


class LateIntervals(Intervals):
    """Intervals told a while after their beats, as pulses are."""

    def push(self, x: Array, lag_s: Array | None = None, *, rows: Rows | None = None) -> tuple[Array, Array, Array]:
        """Lags that differ from beat to beat; those of what is no beat do not matter."""
        late = isinstance(x, np.ndarray) and x.dtype.kind == "f"
        return super().push(x, np.abs(0.25 * np.clip(x, 0, 4)) if late else lag_s, rows=rows)


CASES = {
    "Intervals": Case(lambda n: Intervals(rows=n, rate_hz=64), ("ibi",)),
    "LateIntervals": Case(lambda n: LateIntervals(rows=n, rate_hz=64), ("ibi",)),
}
