"""A trained estimator, its training range and its inputs' names in; estimates of moments, live or recorded, out."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset import Dataset
from models.errors import DatasetError, ModelError
from models.estimates import Estimates
from models.estimators.calibration import Calibrated
from models.estimators.scorer import NORMAL_90, Array, probability_of
from models.estimators.training_range import TrainingRange
from models.inputs.named import DRIVERS
from models.risk import Abstention

BASE: Final = "base"
LEAST: Final = 0.3  # of what the model goes by that must be known before it says anything


class FittedEstimator:
    """Scores moments by their inputs: a ``models.detectors.scorer.Scorer`` and a ``models.estimates.Fitted``.

    Abstains with POOR_SIGNAL where less than ``least`` of what it goes by is known (inputs weighed by how far they
    moved the log-odds in training), and with OUT_OF_RANGE where it has seen nothing like it.
    """

    def __init__(
        self, chain: Calibrated, seen: TrainingRange, input_names: Sequence[str], moved: Array, least: float = LEAST
    ) -> None:
        self.chain = chain
        self.seen = seen
        self.least = least
        self._input_names = list(input_names)
        self._share = moved / moved.sum() if moved.sum() > 0 else np.full(len(moved), 1.0 / max(len(moved), 1))
        drivers = [DRIVERS.get(name, name) for name in self._input_names]
        self._driver_names = [BASE, *dict.fromkeys(drivers)]
        place = np.array([self._driver_names.index(driver) for driver in drivers], np.intp)
        self._order = np.argsort(place, kind="stable")
        self._begins = np.searchsorted(place[self._order], np.arange(1, len(self._driver_names)))

    @property
    def input_names(self) -> tuple[str, ...]:
        """The inputs that it was trained on, in order."""
        return tuple(self._input_names)

    @property
    def driver_names(self) -> tuple[str, ...]:
        """What contributions are summed by: "base", then the plain drivers of the inputs."""
        return tuple(self._driver_names)

    def estimate(self, moments: Dataset) -> Estimates:
        """Return what it says of every moment; raises ModelError where inputs are missing or were renamed."""
        return self.score(self.columns(moments))

    def columns(self, moments: Dataset) -> Array:
        """Return the inputs that it was trained on, (n, F), in its order; raises ModelError where some are missing."""
        return columns_of(moments, self.input_names)

    def score(self, inputs: Array) -> Estimates:
        """Return what it says of (m, F) inputs, NaN where unknown."""
        return self.said(inputs)[0]

    def said(self, inputs: Array) -> tuple[Estimates, Array]:
        """Return what ``score`` does, and the standard deviation of the log-odds, (m,)."""
        inputs = checked(inputs, len(self._input_names))
        drivers, deviation = self.grouped(*self.chain.parts(inputs)), self.chain.deviation(inputs)
        return self.told(drivers, deviation, self.abstentions(inputs)), deviation

    def grouped(self, each: Array, start: Array) -> Array:
        """Return contributions (m, F) and the intercept (m,) summed by drivers, (m, D)."""
        return np.column_stack([start, np.add.reduceat(each[:, self._order], self._begins, axis=1)])

    def abstentions(self, inputs: Array) -> NDArray[np.int8]:
        """Return of which moments (m, F) it says nothing, and why, (m,)."""
        known = (np.where(np.isnan(inputs), 0.0, 1.0) * self._share).sum(axis=-1)
        out = np.where(self.seen.outside(inputs), Abstention.OUT_OF_RANGE, Abstention.NONE).astype(np.int8)
        out[known < self.least] = Abstention.POOR_SIGNAL
        return out

    def told(self, drivers: Array, deviation: Array, abstention: NDArray[np.int8]) -> Estimates:
        """Return estimates of drivers (m, D), the deviation of their sum (m,) and abstentions (m,)."""
        silent = abstention != Abstention.NONE
        drivers = np.where(silent[:, None], np.nan, drivers)
        odds = drivers.sum(axis=-1)
        return Estimates(
            probability=probability_of(odds),
            low=probability_of(odds - NORMAL_90 * deviation),
            high=probability_of(odds + NORMAL_90 * deviation),
            abstention=abstention,
            drivers=drivers,
            driver_names=self.driver_names,
        )


def checked(inputs: Array, width: int) -> Array:
    """Return inputs (m, F) as row-major float64; raises ModelError where they are not of that shape."""
    inputs = np.ascontiguousarray(inputs, np.float64)
    if inputs.ndim != 2 or inputs.shape[1] != width:
        raise ModelError(f"inputs: (m, {width}) would be right, not {inputs.shape}")
    return np.where(np.isinf(inputs), np.nan, inputs)


def columns_of(moments: Dataset, names: Sequence[str]) -> Array:
    """Return the inputs ``names`` of a data set, (n, F), in that order; raises ModelError naming those it lacks."""
    at: Mapping[str, int] = {name: i for i, name in enumerate(moments.input_names)}
    missing = [name for name in names if name not in at]
    if missing:
        new = [name for name in moments.input_names if name not in set(names)]
        raise ModelError(
            f"inputs missing or renamed since training: {', '.join(missing[:5])}{' ...' if len(missing) > 5 else ''}"
            f" ({len(missing)} of {len(names)}); the data set has {', '.join(new[:5]) or 'nothing'} instead:"
            " build it with the inputs of the training set, or train anew"
        )
    if moments.inputs.ndim != 2 or moments.inputs.shape[1] != len(moments.input_names):
        raise DatasetError(f"inputs: {moments.inputs.shape} does not fit {len(moments.input_names)} input_names")
    return moments.inputs[:, [at[name] for name in names]]
