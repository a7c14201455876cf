"""A data set in, the same with every input against its person's own mean and spread out: for recordings that are over.

It looks ahead: a moment is compared with what came after it too. No live model can; what a target says is not looked
at, neither of those who train nor of those who are judged.
"""

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset import Array, Dataset, Index

LEAST_S: Final = 60.0  # known seconds of a person's input below which there is nothing to compare with
FAR: Final = 4.0  # spreads beyond which an input is taken to lie that far off: a sensor astray shouts nobody down
FLAT: Final = 1e-9  # of the largest value: a spread below it is rounding


def against_own(dataset: Dataset) -> Dataset:
    """Return the data set with every input less the mean, over the spread, of all worn moments of its person.

    NaN where less than ``LEAST_S`` of a person's input is known; 0 where it never changes. Sessions of a person count
    as one, whatever is said of them.
    """
    inputs = normalised(dataset.inputs, dataset.person, worn=dataset.worn, step_s=dataset.step_s)
    return replace(dataset, inputs=inputs, made_by={**dataset.made_by, "normalised": "by person, looking ahead"})


def normalised(inputs: Array, person: NDArray[Any], *, worn: NDArray[np.bool_], step_s: float) -> Array:
    """Return ``inputs`` (n, F) of rows ``step_s`` apart, each against the ``worn`` (n,) rows of its ``person`` (n,)."""
    out = np.full(inputs.shape, np.nan)
    least = max(round(LEAST_S / step_s), 2)
    for each in np.unique(person):
        rows = np.flatnonzero(person == each)
        out[rows] = _against(inputs, rows, rows[worn[rows]], least)
    return out


def _against(inputs: Array, rows: Index, known_by: Index, least: int) -> Array:
    x = np.where(np.isinf(inputs[known_by]), np.nan, inputs[known_by])
    known = np.isfinite(x)
    count = known.sum(axis=0)
    mean = np.where(known, x, 0.0).sum(axis=0) / np.maximum(count, 1)
    spread = np.sqrt((np.where(known, x - mean, 0.0) ** 2).sum(axis=0) / np.maximum(count, 1))
    flat = spread <= FLAT * np.maximum(np.abs(mean), 1.0)
    out = (inputs[rows] - mean) / np.where(flat, 1.0, spread)
    out[:, flat & (count >= least)] *= 0.0
    out[:, count < least] = np.nan
    bounded: Array = np.clip(out, -FAR, FAR)
    return bounded
