"""Features in, risk out: the one protocol behind which every estimator and detector stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rows = NDArray[np.intp]


TRAINING_FREE: Final = "arousal"
"""The name of the detector that needs no training (``models.arousal``): what watches where no model may."""


class Abstention(IntEnum):
    """Why a model says nothing. NONE goes with a probability, every other with NaN."""

    NONE = 0
    NO_SIGNAL = 1  # nothing arrives, or nothing that can be used
    NOT_WORN = 2  # the band is off the skin
    POOR_SIGNAL = 3  # worn, but too little of what the model needs is valid
    LEARNING = 4  # this person's usual is not known yet
    OUT_OF_RANGE = 5  # outside what the model has seen


@dataclass(frozen=True, slots=True, eq=False)
class Risk:
    """Probability of an incident within the model's horizon, for k rows over n seconds.

    Parameters
    ----------
    start_s : (k,) int64, UTC seconds: second i of row r ends at ``start_s[r] + i + 1``.
    probability : (k, n), in [0, 1]; NaN where the model abstains.
    abstention : (k, n) int8 of ``Abstention``.
    drivers : (k, n, D): what moved the probability, signed, in the model's own log-odds; its ``driver_names``.
    learnt : (k, n), 0 to 1: how much of this person's usual is known.
    low, high : (k, n): between which the probability lies with 90 % confidence; NaN where a model cannot tell.
    """

    start_s: NDArray[np.int64]
    probability: Array
    abstention: NDArray[np.int8]
    drivers: Array
    learnt: Array
    low: Array
    high: Array


class RiskModel(Protocol):
    """A row is a person now, or a moment in a recording; the laws of operators hold (docs/architecture.md)."""

    @property
    def driver_names(self) -> tuple[str, ...]:
        """The D names of ``Risk.drivers``, stable."""
        ...

    def push(self, start_s: NDArray[np.int64], features: Array, *, rows: Rows | None = None) -> Risk:
        """Return the risk of the rows ``rows`` (default: all) from their next seconds of features, (k, n, F)."""
        ...

    def snapshot(self) -> Mapping[str, NDArray[np.generic]]:
        """What was learnt and where the stream stands, as arrays with a leading row axis; ``restore`` undoes it."""
        ...

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from a snapshot; raises ModelError where it does not fit."""
        ...
