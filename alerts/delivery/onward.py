"""A clock that may be set back in; for each matter a time that only goes on, out."""

import logging
import math
from collections.abc import Callable, Iterable
from typing import Final

log = logging.getLogger(__name__)

SETBACK_S: Final = 1e-3
"""A clock that goes back by less was not set."""


class Onward:
    """The time of each matter. ``clock`` is UTC seconds, ``under_way`` the ids of matters that are not settled; where
    the clock was set back these go on counting from where they were, and ``on_set_back`` is called. For one thread at a
    time."""

    def __init__(
        self, clock: Callable[[], float], *, under_way: Callable[[], Iterable[str]], on_set_back: Callable[[], None]
    ) -> None:
        self._clock = clock
        self._under_way = under_way
        self._on_set_back = on_set_back
        self._wall_s = -math.inf
        self._behind_s: dict[str, float] = {}

    def now(self) -> float:
        """Read the clock [UTC s]."""
        now_s = self._clock()
        back_s = self._wall_s - now_s
        if back_s > SETBACK_S:
            log.warning("the clock went back %.0f s: deliveries go on as if it had not", back_s)
            self._behind_s = {id_: self._behind_s.get(id_, 0.0) + back_s for id_ in self._under_way()}
            self._on_set_back()
        self._wall_s = now_s
        return now_s

    def at(self, matter_id: str, now_s: float) -> float:
        """Return what time it is for a matter when the clock shows ``now_s``."""
        return now_s + self.behind(matter_id)

    def shown(self, matter_id: str, at_s: float) -> float:
        """Return what the clock shows when it is ``at_s`` for a matter."""
        return at_s - self.behind(matter_id)

    def go_on(self, matter_id: str, last_s: float, now_s: float) -> None:
        """Take up a matter whose last event was at ``last_s``: it goes on from there, whatever the clock shows."""
        self._behind_s[matter_id] = max(0.0, last_s - now_s)

    def behind(self, matter_id: str) -> float:
        """Return how far [s] the clock is behind the time of a matter: 0 where it was not set back."""
        return self._behind_s.get(matter_id, 0.0)

    def forget(self, matter_id: str) -> None:
        """A matter is settled."""
        self._behind_s.pop(matter_id, None)
