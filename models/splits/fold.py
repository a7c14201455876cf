"""A fold: which rows of a data set something is trained on, which it is judged on, and how far these must be apart."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from models.datasets.dataset import LEFT_OUT, Dataset, Index
from models.datasets.target import ForecastTarget, Target


class Apart(StrEnum):
    """What may never be on both sides of a fold. Moments never are."""

    PEOPLE = "people"  # nobody who is judged on was trained on
    SESSIONS = "sessions"  # the same people, other sessions, with an embargo between
    STUDIES = "studies"  # nor anybody of the same study


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Fold:
    """Rows of one data set, ascending: ``training`` (a,) and ``test`` (b,), without any in common.

    ``variant`` names what folds have in common that make up one answer ("2 sessions of their own"): within it every row
    is tested at most once. No window of a person reaches within ``embargo_s`` of one on the other side, ends against
    ends.
    """

    name: str
    training: Index
    test: Index
    apart: Apart
    embargo_s: float
    variant: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Every fold of an experiment, and in words whom or what it cannot test."""

    folds: tuple[Fold, ...]
    notes: tuple[str, ...] = ()

    @property
    def variants(self) -> tuple[str, ...]:
        """In order."""
        return tuple(dict.fromkeys(fold.variant for fold in self.folds))


def embargo_s(dataset: Dataset) -> float:
    """How far the ends of two windows must be apart so that neither sees into the other, nor into what it foretells:
    the longest that an input looks back, and horizon and latency."""
    return max(dataset.window_s, dataset.looks_back_s) + reach_s(dataset.aim)


def reach_s(aim: Target) -> float:
    """How far beyond a moment its target looks [s]."""
    return aim.horizon_s + aim.latency_s if isinstance(aim, ForecastTarget) else 0.0


def blinded(dataset: Dataset) -> Dataset:
    """Return the same moments without what is to be told of them: no target, no event, no condition of a row."""
    n = dataset.end_s.size
    return replace(
        dataset,
        target=np.full(n, LEFT_OUT, np.int8),
        exclusion=np.zeros(n, np.int8),
        event=np.full(n, -1, np.intp),
        condition=np.full(n, "", dataset.condition.dtype),
    )
