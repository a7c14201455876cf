"""Numbers that were heard, in; which of a stretch are missing, out. Pure: closed runs, kept apart and in order."""

from bisect import bisect_left
from typing import Final

RUNS_MAX: Final = 4096  # holes that are kept apart: more are an attack, and the lowest runs are let go of

Run = tuple[int, int]
"""First and last, both included."""


class Runs:
    """A set of whole numbers that mostly follow one another."""

    def __init__(self) -> None:
        self._runs: list[Run] = []

    def __contains__(self, number: int) -> bool:
        i = bisect_left(self._runs, (number + 1,)) - 1
        return i >= 0 and self._runs[i][0] <= number <= self._runs[i][1]

    @property
    def last(self) -> int | None:
        """The highest."""
        return self._runs[-1][1] if self._runs else None

    def add(self, first: int, last: int) -> None:
        """Take in all of a run."""
        if first > last:
            return
        i = bisect_left(self._runs, (first,))
        if i > 0 and self._runs[i - 1][1] >= first - 1:
            i -= 1
        j = i
        while j < len(self._runs) and self._runs[j][0] <= last + 1:
            first, last = min(first, self._runs[j][0]), max(last, self._runs[j][1])
            j += 1
        self._runs[i:j] = [(first, last)]
        del self._runs[: max(0, len(self._runs) - RUNS_MAX)]

    def missing(self, first: int, last: int) -> list[Run]:
        """The runs of ``first`` to ``last`` that are not there, in order."""
        holes, at = [], first
        i = max(0, bisect_left(self._runs, (first,)) - 1)
        for low, high in self._runs[i:]:
            if low > last:
                break
            if low > at:
                holes.append((at, low - 1))
            at = max(at, high + 1)
        if at <= last:
            holes.append((at, last))
        return holes
