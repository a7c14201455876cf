"""What a fitted model must have so that it can run live: inputs of moments in, probabilities and their reasons out."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from models.estimates import Estimates
from models.risk import Array

Index = NDArray[np.intp]
Known = Mapping[str, Array]
"""What is known of people, as finite float64 arrays with a leading row axis, a row a person."""


@runtime_checkable
class Scorer(Protocol):
    """A fitted model that needs nothing but a moment's inputs, calibration, interval and range included.

    The same bits for a moment whatever other moments it is scored with: ``(X * w).sum(-1)`` over C-contiguous rows, no
    ``X @ w`` (``Scored`` hands over C-contiguous float64). Nothing is kept between calls, inputs are not written to.
    """

    @property
    def input_names(self) -> tuple[str, ...]:
        """The inputs that it was trained on, in order: they must be ``models.inputs``' of this version, or a subset."""
        ...

    @property
    def driver_names(self) -> tuple[str, ...]:
        """The plain drivers that its contributions are summed by; with one named "base" for what is always so."""
        ...

    def score(self, inputs: Array) -> Estimates:
        """Return what it says of (m, F) inputs, NaN where unknown. ``abstention`` is NONE with a probability, and
        POOR_SIGNAL or OUT_OF_RANGE with NaN; ``drivers`` add up to the log-odds of the probability, NaN with NaN."""
        ...


@runtime_checkable
class PersonalScorer(Scorer, Protocol):
    """A scorer that also knows people, and learns more of them from what carers tell."""

    def unknown(self, rows: int) -> Known:
        """Return what is known of ``rows`` people of whom nothing is known: the population."""
        ...

    def known(self, person: str) -> Known | None:
        """Return what training learnt of ``person`` (a pseudonym), one row; None of a stranger."""
        ...

    def score_known(self, inputs: Array, known: Known, who: Index) -> Estimates:
        """Return what it says of (m, F) inputs; moment i is of the person in row ``who[i]`` of ``known``."""
        ...

    def learn(self, known: Known, inputs: Array, happened: NDArray[np.bool_]) -> Known:
        """Return what is known of one person (one row) when of (m, F) moments it is told which led up to an event."""
        ...
