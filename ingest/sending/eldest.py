"""The boots of a band in, the oldest of them out without a look at the others: a full spool asks with every packet."""

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Final

STALE_MAX: Final = 64  # entries of the heap that stand for nothing any more, beside one for each that does

Born = tuple[float, int]


class Eldest:
    """Numbers of boots by when they were born. One that is no longer wanted is left where it is until it is met."""

    def __init__(self) -> None:
        self._heap: list[tuple[Born, int]] = []
        self._born: dict[int, Born] = {}

    def put(self, number: int, born: Born) -> None:
        """A boot, or when one that is here was really born."""
        if self._born.get(number) == born:
            return
        self._born[number] = born
        heappush(self._heap, (born, number))
        if len(self._heap) > 2 * len(self._born) + STALE_MAX:
            self._heap = [(when, each) for each, when in self._born.items()]
            heapify(self._heap)

    def forget(self, number: int) -> None:
        """A boot that does not count any more."""
        self._born.pop(number, None)

    def oldest(self, wanted: Callable[[int], bool]) -> int | None:
        """The oldest that is ``wanted``; None: none is. Those before it are forgotten until they are put again."""
        while self._heap:
            born, number = self._heap[0]
            if self._born.get(number) == born:
                if wanted(number):
                    return number
                del self._born[number]
            heappop(self._heap)
        return None
