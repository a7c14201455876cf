"""Samples of a channel in, however many; for each of so many columns the least and the most, and holes, out.

Of what is narrower than a column both ends are kept, so that no peak is lost however far one looks from. Nothing is
resampled, averaged or filled in.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from ingest.types import Array, Block

NARROW: Final = 0.5
"""Of a column: shorter holes cannot be seen, and a break in the line says enough."""

PERIODS: Final = 1.5
"""Of the sampling period: no sample for longer is a hole, as ``ingest.series`` has it."""

HOLES_MOST: Final = 400
"""Holes that are drawn one by one; where there are more, those closest to each other are drawn as one."""

Span = tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A channel in ``[since_s, until_s)`` [UTC s] as n columns of equal width: ``low`` and ``high`` (n,), NaN where no
    sample falls; ``holes`` [UTC s] are where nothing is known; ``samples`` is of how many it was made."""

    since_s: float
    until_s: float
    low: Array
    high: Array
    holes: tuple[Span, ...]
    samples: int

    @property
    def least(self) -> float:
        """The least of all; NaN where nothing is known."""
        return float(np.nanmin(self.low)) if np.isfinite(self.low).any() else math.nan

    @property
    def most(self) -> float:
        """The most of all; NaN where nothing is known."""
        return float(np.nanmax(self.high)) if np.isfinite(self.high).any() else math.nan


class Columns:
    """Takes in blocks in any order, and keeps no sample."""

    def __init__(self, since_s: float, until_s: float, columns: int) -> None:
        if not (since_s < until_s and columns > 0):
            raise ValueError(f"from {since_s} to {until_s} in {columns} columns: there is nothing to draw")
        self._since_s, self._until_s = since_s, until_s
        self._width_s = (until_s - since_s) / columns
        self._low, self._high = np.full(columns, np.nan), np.full(columns, np.nan)
        self._known: list[Span] = []
        self._samples = 0

    def even(self, start_s: float, rate_hz: float, values: Array) -> None:
        """Take in n samples (n,), the first at ``start_s`` [UTC s], ``rate_hz`` a second; NaN is unknown."""
        first = max(math.ceil((self._since_s - start_s) * rate_hz), 0)
        last = min(math.ceil((self._until_s - start_s) * rate_hz), len(values))
        if first >= last:
            return
        values, start_s = values[first:last], start_s + first / rate_hz
        borders_s = self._since_s + self._width_s * np.arange(len(self._low) + 1)
        edges = np.clip(np.ceil((borders_s - start_s) * rate_hz), 0, len(values)).astype(np.int64)
        self._put(edges, values)
        self._samples += len(values)
        self._hear(start_s, rate_hz, values)

    def events(self, at_s: Array, values: Array, lasted_s: Array) -> None:
        """Take in n values (n,) that hold up to ``at_s`` (n,) [UTC s], rising, for ``lasted_s`` (n,) [s] each."""
        within = (at_s >= self._since_s) & (at_s < self._until_s) & np.isfinite(values)
        at_s, values, lasted_s = at_s[within], values[within], lasted_s[within]
        if not at_s.size:
            return
        borders_s = self._since_s + self._width_s * np.arange(len(self._low) + 1)
        self._put(np.searchsorted(at_s, borders_s), values)
        self._samples += len(values)
        begins = at_s - lasted_s
        fresh = np.flatnonzero(np.concatenate([[True], begins[1:] > at_s[:-1] + NARROW]))
        ends = np.concatenate([fresh[1:] - 1, [len(at_s) - 1]])
        self._known += zip(begins[fresh].tolist(), at_s[ends].tolist(), strict=True)

    def drawn(self) -> Drawn:
        """Return what there is."""
        return Drawn(self._since_s, self._until_s, self._low, self._high, self._holes(), self._samples)

    def _put(self, edges: "np.typing.NDArray[np.int64]", values: Array) -> None:
        filled = np.flatnonzero(edges[:-1] < edges[1:])
        if filled.size:
            starts = edges[filled]
            values = values[: edges[-1]]
            self._low[filled] = np.fmin(self._low[filled], np.fmin.reduceat(values, starts))
            self._high[filled] = np.fmax(self._high[filled], np.fmax.reduceat(values, starts))

    def _hear(self, start_s: float, rate_hz: float, values: Array) -> None:
        slack_s = (PERIODS - 1) / rate_hz
        unknown = np.isnan(values)
        if not unknown.any():
            self._known.append((start_s, start_s + len(values) / rate_hz + slack_s))
            return
        turns = np.flatnonzero(np.diff(np.concatenate([[True], unknown, [True]]).astype(np.int8)))
        times_s = (start_s + turns / rate_hz).reshape(-1, 2)
        self._known += [(low, high + slack_s) for low, high in times_s.tolist()]

    def _holes(self) -> tuple[Span, ...]:
        at_s, found = self._since_s, []
        for low, high in [*sorted(self._known), (self._until_s, self._until_s)]:
            if low - at_s > NARROW * self._width_s:
                found.append((at_s, min(low, self._until_s)))
            at_s = max(at_s, high)
        return tuple(_joined(found))


def decimate(
    blocks: Iterable[Block], since_s: float, until_s: float, columns: int, of: Callable[[Array], Array] | None = None
) -> Drawn:
    """Return the blocks of an even channel as columns; ``of`` makes one value of each sample where it has axes."""
    into = Columns(since_s, until_s, columns)
    for block in blocks:
        into.even(block.start_s, block.rate_hz, block.values if of is None else of(block.values))
    return into.drawn()


def _joined(holes: list[Span]) -> list[Span]:
    """Return at most ``HOLES_MOST`` holes: between those that are joined something is known, but too little to see."""
    if len(holes) <= HOLES_MOST:
        return holes
    apart = np.array([after[0] - before[1] for before, after in pairwise(holes)])
    keep = np.sort(np.argsort(-apart, kind="stable")[: HOLES_MOST - 1])
    firsts, lasts = [0, *(keep + 1).tolist()], [*keep.tolist(), len(holes) - 1]
    return [(holes[first][0], holes[last][1]) for first, last in zip(firsts, lasts, strict=True)]
