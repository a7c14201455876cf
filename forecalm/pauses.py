"""Python's collector of circular garbage in; one that holds nobody up for long, out."""

import gc
import time
from collections.abc import Callable
from typing import Final, Self

ANEW_S: Final = 600.0
"""How long circular garbage among the long-lived may lie about, such as connections that were closed: collecting it
stops a full house for 0.3 s."""

EVERYTHING: Final = 2
"""The generation whose collection walks all that lives."""


class ShortPauses:
    """While it is entered, what outlives a full collection is walked again only once in ``anew_s``.

    A full collection stops every thread for as long as it walks all that lives. With a thousand people that was 0.3 s
    every four seconds, in which no alert went anywhere. What survives one is put aside (``gc.freeze``), so that the
    next walks what came since. For a whole process: enter it once.
    """

    def __init__(self, *, anew_s: float = ANEW_S, steady: Callable[[], float] = time.monotonic) -> None:
        self._anew_s = anew_s
        self._steady = steady
        self._walked_s = steady()

    def __enter__(self) -> Self:
        gc.callbacks.append(self._around)
        return self

    def __exit__(self, *_: object) -> None:
        gc.callbacks.remove(self._around)
        gc.unfreeze()

    def _around(self, phase: str, about: dict[str, int]) -> None:
        if about["generation"] != EVERYTHING:
            return
        if phase == "stop":
            gc.freeze()
        elif self._steady() - self._walked_s >= self._anew_s:
            self._walked_s = self._steady()
            gc.unfreeze()
