"""Who asks, and when, in; whether it is too often out. Nothing that takes an alert is ever asked."""

from collections import OrderedDict
from typing import Final

KEPT: Final = 4096
"""Callers remembered; whoever asked longest ago is forgotten, and may begin anew."""


class Pace:
    """Lets each caller do a thing ``burst`` times at once and then once in ``every_s``: a leaky bucket, kept as the
    time at which it is empty again (the generic cell rate algorithm, ITU-T I.371). Belongs to one event loop."""

    def __init__(self) -> None:
        self._empty_s: OrderedDict[str, float] = OrderedDict()

    def may(self, who: str, now_s: float, *, every_s: float, burst: int) -> bool:
        """Return whether ``who`` may, at ``now_s``, and count it if so. A clock that was set back forgets."""
        empty_s = self._empty_s.get(who, now_s)
        if empty_s > now_s + every_s * burst:
            empty_s = now_s
        empty_s = max(empty_s, now_s) + every_s
        allowed = empty_s <= now_s + every_s * burst
        if allowed:
            self._empty_s[who] = empty_s
            self._empty_s.move_to_end(who)
            if len(self._empty_s) > KEPT:
                self._empty_s.popitem(last=False)
        return allowed
