"""What a model says of n moments, and what is asked of whatever says it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset import Dataset

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Estimates:
    """Of n moments: ``probability`` (n,), NaN where the model abstains; ``low`` and ``high`` (n,), between which it
    lies with 90 % confidence, NaN where that is not known; ``abstention`` (n,) int8 of ``models.risk.Abstention``;
    ``drivers`` (n, D) in log-odds with ``driver_names``: they add up to the log-odds of the probability."""

    probability: Array
    low: Array
    high: Array
    abstention: NDArray[np.int8]
    drivers: Array
    driver_names: tuple[str, ...]


class Fitted(Protocol):
    """A candidate that was trained."""

    def estimate(self, moments: Dataset) -> Estimates:
        """Return what it says of every moment; it looks at inputs, times and people, never at targets or events that
        are not over yet (``Dataset.events`` whose end lies before the moment are known: carers tell of them)."""
        ...


class Candidate(Protocol):
    """Something that can be trained and judged: an estimator, a baseline, a detector that wants calibration only."""

    @property
    def name(self) -> str:
        """As it stands in an experiment file and in every table."""
        ...

    def fit(self, training: Dataset, *, seed: int) -> Fitted:
        """Train on rows that have a target, and return what was trained; the same bits for the same data and seed.

        Raises DatasetError where the training data cannot train it (no positives, one class, one person ...).
        """
        ...


Candidates = Sequence[Candidate]
