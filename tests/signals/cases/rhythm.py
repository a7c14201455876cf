"""The operators over intervals between beats, for the laws."""

import numpy as np

from signals.heart.explained import Explained
from signals.heart.rate_periodic import Periodicity
from signals.heart.rate_tracked import TrackedRate
from signals.heart.rhythm_clean import Intervals
from signals.laws.case import Case
from signals.types import Array, Rows
from signals.windows import seconds


class LateIntervals(Intervals):
    """Intervals told a while after their beats, as pulses are."""

    def push(self, x: Array, lag_s: Array | None = None, *, rows: Rows | None = None) -> tuple[Array, Array, Array]:
        """Lags that differ from beat to beat; those of what is no beat do not matter."""
        late = isinstance(x, np.ndarray) and x.dtype.kind == "f"
        return super().push(x, np.abs(0.25 * np.clip(x, 0, 4)) if late else lag_s, rows=rows)


class AidedRate(TrackedRate):
    """Intervals and a repetition that goes with them."""

    def push(
        self, x: Array, repeats: Array | None = None, plainness: Array | None = None, *, rows: Rows | None = None
    ) -> tuple[Array, Array, Array]:
        """A repetition of 60 to 80 a minute, plain in every other second."""
        if repeats is None and isinstance(x, np.ndarray) and x.ndim == 2 and x.dtype.kind == "f":
            beats = np.where(np.isfinite(x), np.clip(x, 0, 2), np.nan).astype(np.float64, order="C")
            total, known = seconds(beats[:, : x.shape[1] // 64 * 64].copy(), rate_hz=64)
            repeats = np.where(known > 0, 60 + 10 * total, np.nan)
            plainness = np.where(known > 0, total, np.nan)
        return super().push(x, repeats, plainness, rows=rows)  # type: ignore[arg-type]


CASES = {
    "Intervals": Case(lambda n: Intervals(rows=n, rate_hz=64), ("ibi",)),
    "LateIntervals": Case(lambda n: LateIntervals(rows=n, rate_hz=64), ("ibi",)),
    "Periodicity": Case(lambda n: Periodicity(rows=n, rate_hz=64), ("ppg",), by_second=True, pointwise=False),
    "TrackedRate": Case(lambda n: AidedRate(rows=n, rate_hz=64), ("ibi",), by_second=True, pointwise=False),
    "Explained": Case(lambda n: Explained(rows=n), ("bpm", "stir"), pointwise=False, forgets=False, seconds=240),
}
