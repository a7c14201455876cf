"""Whole numbers in, the fewest runs of them out: a run costs the same whatever its length."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

Run = tuple[int, int]
"""First and last, both included."""


class Runs:
    """Runs that neither touch nor overlap, in rising order."""

    __slots__ = ("_firsts", "_lasts")

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in runs:
            self.add(first, last)

    def __iter__(self) -> Iterator[Run]:
        return zip(self._firsts, self._lasts, strict=True)

    def __bool__(self) -> bool:
        return bool(self._firsts)

    def __contains__(self, number: int) -> bool:
        return self.around(number) is not None

    def __len__(self) -> int:
        """How many numbers."""
        return sum(self._lasts) - sum(self._firsts) + len(self._firsts)

    @property
    def first(self) -> int:
        """The least number; raises IndexError where there is none."""
        return self._firsts[0]

    @property
    def last(self) -> int:
        """The greatest number; raises IndexError where there is none."""
        return self._lasts[-1]

    def copy(self) -> "Runs":
        """The same, to be changed apart."""
        made = Runs()
        made._firsts, made._lasts = self._firsts.copy(), self._lasts.copy()
        return made

    def around(self, number: int) -> Run | None:
        """The run that ``number`` is in; None where it is in none."""
        at = bisect_right(self._firsts, number) - 1
        return (self._firsts[at], self._lasts[at]) if at >= 0 and number <= self._lasts[at] else None

    def within(self, first: int, last: int) -> list[Run]:
        """What of ``first`` to ``last`` is here."""
        low, high = bisect_left(self._lasts, first), bisect_right(self._firsts, last)
        found = zip(self._firsts[low:high], self._lasts[low:high], strict=True)
        return [(max(a, first), min(b, last)) for a, b in found]

    def add(self, first: int, last: int) -> None:
        """Take in every number from ``first`` to ``last``."""
        lasts = self._lasts
        if lasts and first == lasts[-1] + 1:  # the next one: nearly always
            lasts[-1] = last
            return
        low = bisect_left(lasts, first - 1)  # the first run that touches, or lies above
        high = bisect_right(self._firsts, last + 1)  # the first that lies above without touching
        if low < high:
            first, last = min(first, self._firsts[low]), max(last, lasts[high - 1])
        self._firsts[low:high] = [first]
        lasts[low:high] = [last]

    def remove(self, first: int, last: int) -> None:
        """Take out every number from ``first`` to ``last``."""
        low, high = bisect_left(self._lasts, first), bisect_right(self._firsts, last)
        if low >= high:
            return
        rest = [(self._firsts[low], first - 1), (last + 1, self._lasts[high - 1])]
        left = [(a, b) for a, b in rest if a <= b]
        self._firsts[low:high] = [a for a, _ in left]
        self._lasts[low:high] = [b for _, b in left]


def first_of(runs: list[Run], count: int) -> list[Run]:
    """The first ``count`` numbers of runs."""
    some: list[Run] = []
    for first, last in runs:
        if count <= 0:
            break
        some.append((first, min(last, first + count - 1)))
        count -= last - first + 1
    return some


def last_of(runs: list[Run], count: int) -> list[Run]:
    """The last ``count`` numbers of runs."""
    some: list[Run] = []
    for first, last in reversed(runs):
        if count <= 0:
            break
        some.append((max(first, last - count + 1), last))
        count -= last - first + 1
    return some
