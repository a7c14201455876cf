"""How badly somebody's chain is broken, moment by moment, in; what of it to believe out: bad news at once, good news
when it has held."""

from collections import deque
from typing import Final

HOLD_S: Final = 15.0
"""Good news is believed after that long without a break: meanwhile a band that is back fills the engine's windows."""

WINDOW_S: Final = 300.0
"""The last minutes in which breaks are counted: links that come and go do so within them (a wrist at the edge of a
radio's reach, a browser that is put to sleep and woken)."""

FLAPS_MIN: Final = 3
"""Breaks within the window from which a link flaps; one or two are what they are, and over when they are over."""

SHARE: Final = 0.2
"""Of the window: whoever flaps and is broken for more than that counts as broken throughout. An alert needs 20 s of
signs to hold; with a minute in five unseen one cannot be relied on."""

STEP_MAX_S: Final = 15.0
"""A step of the clock counts as that long at most, and one back as none: clocks jump, machines are suspended."""


class Watched:
    """Time as it is watched: grows with the moments that it is told, however their clock jumps."""

    def __init__(self) -> None:
        self._last_s: float | None = None
        self.s = 0.0

    def at(self, now_s: float) -> float:
        """Return how long has been watched up to ``now_s`` [UTC s]."""
        if self._last_s is not None:
            self.s += min(max(now_s - self._last_s, 0.0), STEP_MAX_S)
        self._last_s = now_s
        return self.s


class Damped:
    """One person's memory of the last minutes: ``believe`` takes the severity of now (0 to 2) and returns the one to
    show, which is never less. Times are watched seconds, in order."""

    __slots__ = ("_past",)

    def __init__(self, severity: int = 0, at_s: float = 0.0) -> None:
        self._past: deque[tuple[float, int]] = deque([(at_s, severity)])  # from when on how bad

    def believe(self, severity: int, at_s: float) -> int:
        """Take how bad it is from ``at_s`` on."""
        past = self._past
        if severity != past[-1][1]:
            past.append((at_s, severity))
        elif severity == 0 and len(past) == 1:
            return 0
        while len(past) > 1 and past[1][0] <= at_s - WINDOW_S:
            past.popleft()
        if len(past) == 1:
            return past[0][1]
        return next((level for level in (2, 1) if self._is_broken(level, at_s)), 0)

    def _is_broken(self, level: int, at_s: float) -> bool:
        """Whether a break as bad as ``level`` is there, was a moment ago, or comes and goes too often."""
        begins, broken_s, last_s, before = 0, 0.0, None, 0
        starts = list(self._past)
        for (from_s, severity), (to_s, _) in zip(starts, [*starts[1:], (at_s, 0)], strict=True):
            if severity >= level:
                begins += before < level
                broken_s += to_s - max(from_s, at_s - WINDOW_S)
                last_s = to_s
            before = severity
        if last_s is None:
            return False
        return at_s - last_s < HOLD_S or (begins >= FLAPS_MIN and broken_s >= SHARE * WINDOW_S)
