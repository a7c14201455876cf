"""Seconds of many people in; each person's minutes, summed up as they go, out."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.risk import Array

MINUTE_S: Final = 60
NEVER: Final = -1
MEASURED: Final = 4

_SHARE: Final = np.dtype([("known", "i8"), ("sum", "f8"), ("highest", "f8")])
SUMS: Final = np.dtype(
    [
        ("at_s", "i8"),
        ("models", "i8"),
        ("seconds", "i8"),
        ("own", "i8"),
        ("told", _SHARE),
        ("shadow", _SHARE),
        ("looked_on", "?"),
        ("count", "i8", MEASURED),
        ("sums", "f8", MEASURED),
    ]
)
"""A minute so far: when it began [UTC s], which models it was; how many seconds, and how many of them the champion's
own; what was told, and what a shadow said that looked on; of what was measured, how many seconds and their sum."""


@dataclass(frozen=True, slots=True, eq=False)
class Over:
    """A minute of a row that has ended: ``sums`` as in ``SUMS``, and the models (told, shadow) of its last second."""

    row: int
    sums: np.void
    models: tuple[str, str]


class Sums:
    """The minute that each row is in. A row holds one record however many seconds come: a list of a thousand people's
    seconds would be a quarter of a million small arrays, made and thrown away each minute."""

    def __init__(self) -> None:
        self._sums = np.zeros(0, SUMS)
        self._models: list[tuple[str, str]] = []

    def add(
        self,
        rows: NDArray[np.intp],
        start_s: NDArray[np.int64],
        *,
        models: tuple[str, str],
        told: Array,
        own: NDArray[np.bool_],
        shadow: Array | None,
        measured: Array,
    ) -> list[Over]:
        """Take in one second of each of ``rows``, which began at ``start_s`` [UTC s]; return the minutes that it ended.
        ``told``, ``own`` and ``shadow`` are of shape (rows,), ``measured`` of (rows, 4), NaN where unknown."""
        self._grow(int(rows.max(initial=-1)) + 1)
        at_s = np.asarray(start_s, np.int64) // MINUTE_S * MINUTE_S
        fresh = rows[self._sums["at_s"][rows] != at_s]
        ended = self._ended(fresh)
        self._sums[fresh] = _blank(1)
        sums = self._sums
        sums["at_s"][rows], sums["models"][rows] = at_s, self._number(models)
        sums["seconds"][rows] += 1
        sums["own"][rows] += own
        _add(sums["told"], rows, told)
        if shadow is not None:
            sums["looked_on"][rows] = True
            _add(sums["shadow"], rows, shadow)
        known = np.isfinite(measured)
        sums["count"][rows] += known
        sums["sums"][rows] += np.where(known, measured, 0.0)
        return ended

    def taken(self) -> list[Over]:
        """Return what has not ended yet, and forget it."""
        left = self._ended(np.arange(len(self._sums)))
        self._sums = _blank(len(self._sums))
        return left

    def _ended(self, rows: NDArray[np.intp]) -> list[Over]:
        begun = rows[self._sums["at_s"][rows] != NEVER]
        ended = self._sums[begun]  # a copy
        return [Over(row, sums, self._models[sums["models"]]) for row, sums in zip(begun.tolist(), ended, strict=True)]

    def _grow(self, rows: int) -> None:
        if rows > len(self._sums):
            self._sums = np.concatenate([self._sums, _blank(rows - len(self._sums))])

    def _number(self, models: tuple[str, str]) -> int:
        if models not in self._models:
            self._models.append(models)
        return self._models.index(models)


def _blank(rows: int) -> NDArray[np.void]:
    blank = np.zeros(rows, SUMS)
    blank["at_s"] = NEVER
    blank["told"]["highest"] = blank["shadow"]["highest"] = -np.inf
    return blank


def _add(share: NDArray[np.void], rows: NDArray[np.intp], probability: Array) -> None:
    known = np.isfinite(probability)
    share["known"][rows] += known
    share["sum"][rows] += np.where(known, probability, 0.0)
    share["highest"][rows] = np.maximum(share["highest"][rows], np.where(known, probability, -np.inf))
