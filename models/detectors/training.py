"""A data set in, its moments that have a target out, or an error that says why nothing can be learnt from it."""

import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset import LEFT_OUT, NEGATIVE, POSITIVE, Dataset
from models.datasets.target import ForecastTarget
from models.errors import DatasetError
from models.risk import Array


def judged(training: Dataset, *, name: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which moments have a target, (n,), and which are positive, (n,).

    Raises DatasetError, in the name of the candidate ``name``, where there are no moments of both kinds.
    """
    told = training.target != LEFT_OUT
    positive = training.target == POSITIVE
    for kind, what, mend in (
        (POSITIVE, "positive", "check the labels' words against the target's, or add sessions with events"),
        (NEGATIVE, "negative", "check the labels' words against the target's, or add sessions without events"),
    ):
        if not (training.target == kind).any():
            raise DatasetError(f"{name}: none of {len(told)} training moments is {what}: {mend}")
    return told, positive


def fair_weights(training: Dataset, told: NDArray[np.bool_]) -> Array:
    """Return weights (n,) by which every person counts the same, 0 where not ``told``; their mean over told is 1."""
    person = training.person
    counts = np.bincount(person[told], minlength=len(training.people))
    present = counts > 0
    each = np.zeros(len(counts))
    each[present] = told.sum() / (present.sum() * counts[present])
    weights: Array = np.where(told, each[person], 0.0)
    return weights


def forecast_of(data: Dataset, *, name: str) -> ForecastTarget:
    """Return the target where it is a forecast; raises DatasetError elsewhere."""
    if not isinstance(data.aim, ForecastTarget):
        raise DatasetError(
            f"{name}: it foretells events from events, and the target is a state: use a forecast, or leave it out"
        )
    return data.aim
