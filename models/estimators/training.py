"""A data set in; the rows that can be learnt from, how much each counts and whose it is out, or why there are none."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset import LEFT_OUT, POSITIVE, Dataset
from models.errors import DatasetError
from models.estimators.fitted import checked, columns_of
from models.inputs.named import GROUPS

Array = NDArray[np.float64]
Reads = Literal["all", "physiology", "motion"]
Weighing = Literal["people", "rows"]
Folding = Literal["people", "sessions"]

FEWEST: Final = 20  # rows of either class
MOTION: Final = ("*acc*", "*motion*")  # columns of sets that are not ours, by the words in their names


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Rows:
    """n rows with a target: inputs (n, F) and their names, y (n,) 0 or 1, weight (n,), whose each is (n,) as an index
    into ``people``, what is left out together (n,), and their places in the data set (n,)."""

    inputs: Array
    names: tuple[str, ...]
    y: Array
    weight: Array
    person: NDArray[np.intp]
    people: tuple[str, ...]
    groups: NDArray[np.intp]
    places: NDArray[np.intp]


def rows_of(training: Dataset, *, name: str, reads: Reads, weighing: Weighing, folding: Folding) -> Rows:
    """Return what can be learnt from; raises DatasetError, in the name of the candidate ``name``, where it cannot.

    ``weighing``: whether people count alike, or rows do. ``folding``: what is left out together where something is
    chosen. Inputs of which nothing is known are dropped.
    """
    places = np.flatnonzero(training.target != LEFT_OUT)
    y = (training.target[places] == POSITIVE).astype(np.float64)
    _enough(y, len(training.target), name)
    person = training.person[places]
    groups = person if folding == "people" else training.session[places]
    if len(np.unique(groups)) < 2:
        mend = 'add people, or say parameters = { folding = "sessions" }' if folding == "people" else "add sessions"
        one = "person" if folding == "people" else "session"
        raise DatasetError(f"{name}: the training rows are of one {one} only, and nothing could be calibrated: {mend}")
    names = read(training.input_names, reads)
    if not names:
        raise DatasetError(f"{name}: the data set has no inputs of {reads}: {', '.join(training.input_names[:8])} ...")
    inputs = checked(columns_of(training, names)[places], len(names))
    ever = np.isfinite(inputs).sum(axis=0) > 0
    if not ever.any():
        raise DatasetError(f"{name}: nothing is known of any input of {reads} in {len(places)} training rows")
    weight = np.ones(len(places))
    if weighing == "people":
        count = np.bincount(person)
        weight = len(places) / ((count > 0).sum() * count[person])
    return Rows(
        inputs=np.ascontiguousarray(inputs[:, ever]),
        names=tuple(each for each, known in zip(names, ever, strict=True) if known),
        y=y,
        weight=weight,
        person=person,
        people=training.people,
        groups=np.unique(groups, return_inverse=True)[1],
        places=places,
    )


def read(names: Sequence[str], reads: Reads) -> tuple[str, ...]:
    """Return those of ``names`` that are of ``reads``."""
    if reads == "all":
        return tuple(names)
    return tuple(name for name in names if _group(name) == reads)


def _group(name: str) -> str:
    known = GROUPS.get(name)
    if known is not None:
        return known
    return "motion" if any(fnmatchcase(name.lower(), pattern) for pattern in MOTION) else "physiology"


def _enough(y: Array, n: int, name: str) -> None:
    for of, what, mend in (
        (y == 1, "positive", "check the labels' words against the target's, or add sessions with events"),
        (y == 0, "negative", "check the labels' words against the target's, or add sessions without events"),
    ):
        if not of.any():
            raise DatasetError(f"{name}: none of {n} training moments is {what}: {mend}")
        if of.sum() < FEWEST:
            raise DatasetError(f"{name}: {of.sum()} {what} training moments are too few, {FEWEST} the least: {mend}")
