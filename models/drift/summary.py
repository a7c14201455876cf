"""A data set in, what its inputs looked like out: what live inputs are held against, small enough for a manifest."""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset import NEGATIVE, POSITIVE, Dataset
from models.errors import DatasetError
from models.risk import Array

PARTS: Final = 10  # tenths of what was known: the bins that published thresholds of the stability index are for
LEAST: Final = 50  # known moments of a person before their own share of each part says anything
FLOOR: Final = 1e-4  # a share that stands for none: the stability index takes logarithms


class InputSummary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One input in training.

    ``edges`` (E,) part its known values: part i holds edges[i - 1] <= x < edges[i]. ``shares`` (E + 1,) of the
    known values lie in them. ``unknown`` is the share that was not known, ``lowest`` and ``highest`` the range, None
    where nothing was known. ``apart`` is the largest stability index of one person of the training data against all of
    them: so far people lie apart without anything having drifted.
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]
    unknown: float
    lowest: float | None
    highest: float | None
    apart: float = 0.0


class TrainingSummary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The worn moments of a training set: how many, of how many people, ``prevalence`` the share of positives among
    those with a target, and each input by its name, in order."""

    moments: int
    people: int
    prevalence: float
    inputs: dict[str, InputSummary]


def summarise(training: Dataset) -> TrainingSummary:
    """Return what worn moments of ``training`` looked like. Raises DatasetError where there are none."""
    worn = training.worn.astype(bool)
    if not worn.any():
        raise DatasetError(
            "training data: no moment in which the band was worn, so nothing can be summed up: see import"
        )
    told = training.target[np.isin(training.target, (POSITIVE, NEGATIVE))]
    person = training.person[worn]
    return TrainingSummary(
        moments=int(worn.sum()),
        people=len(np.unique(person)),
        prevalence=float((told == POSITIVE).mean()) if told.size else 0.0,
        inputs={
            name: _input(np.asarray(training.inputs[worn, i], np.float64), person)
            for i, name in enumerate(training.input_names)
        },
    )


def _input(values: Array, person: NDArray[np.intp]) -> InputSummary:
    finite = np.isfinite(values)
    known = values[finite]
    if not known.size:
        return InputSummary(edges=(), shares=(1.0,), unknown=1.0, lowest=None, highest=None)
    edges = np.unique(np.quantile(known, np.arange(1, PARTS) / PARTS, method="inverted_cdf"))
    shares = counts_of(known, edges) / known.size
    apart = [0.0]
    for who in np.unique(person):
        theirs = values[finite & (person == who)]
        if theirs.size >= LEAST:
            apart.append(float(stability(counts_of(theirs, edges) / theirs.size, shares)))
    return InputSummary(
        edges=tuple(edges.tolist()),
        shares=tuple(shares.tolist()),
        unknown=1.0 - known.size / values.size,
        lowest=float(known.min()),
        highest=float(known.max()),
        apart=max(apart),
    )


def counts_of(values: Array, edges: Array) -> Array:
    """Return how many of the finite ``values`` lie in each of the parts between ``edges`` (E,), (E + 1,)."""
    return np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1).astype(np.float64)


def stability(now: Array, then: Array) -> Array:
    """Return the population stability index of shares ``now`` against ``then``, (..., parts), over the last axis: the
    symmetrised Kullback-Leibler divergence (Siddiqi 2006, Credit Risk Scorecards: below 0.1 nothing has shifted,
    above 0.25 much has). Shares of none count as ``FLOOR``."""
    a, b = np.maximum(now, FLOOR), np.maximum(then, FLOOR)
    index: Array = ((a - b) * np.log(a / b)).sum(axis=-1)
    return index
