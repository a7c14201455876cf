"""A detector and the line that training drew through its log-odds in, a live model of calibrated risk out."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.detectors.logistic import Logistic
from models.detectors.said import chance
from models.risk import Array, Risk, RiskModel, Rows


class StreamedLive:
    """A ``RiskModel`` that says what ``detector`` says, calibrated by ``line``: its reasons, stretched by as much.

    Abstentions and all state are the detector's. The first driver is the base, which takes the line's constant.
    """

    def __init__(self, detector: RiskModel, line: Logistic) -> None:
        self._detector, self._line = detector, line

    @property
    def driver_names(self) -> tuple[str, ...]:
        """The detector's."""
        return self._detector.driver_names

    def push(self, start_s: NDArray[np.int64], features: Array, *, rows: Rows | None = None) -> Risk:
        """Return the risk of the rows ``rows`` (default: all) from their next n seconds of features, (k, n, F)."""
        risk = self._detector.push(start_s, features, rows=rows)
        shape = risk.probability.shape
        odds = risk.drivers.sum(axis=-1).reshape(-1, 1)
        drivers = risk.drivers * self._line.weights[1]
        drivers[..., 0] += self._line.weights[0]
        low, high = self._line.interval(odds)
        return replace(
            risk,
            probability=chance(self._line.parts(odds).sum(axis=-1)).reshape(shape),
            drivers=drivers,
            low=low.reshape(shape),
            high=high.reshape(shape),
        )

    def snapshot(self) -> Mapping[str, NDArray[np.generic]]:
        """The detector's: the line was learnt in training and does not change."""
        return self._detector.snapshot()

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from a snapshot, also of the detector without a line; raises ModelError where it does not fit."""
        self._detector.restore(arrays)
