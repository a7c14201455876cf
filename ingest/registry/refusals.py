"""Acts that were refused, as often as somebody tries, in; as many of them as an audit should keep out."""

import threading
from typing import Final

REFUSALS_AN_HOUR: Final = 20
"""Entries of one kind in an hour: enough to see who tries what, and 175,000 lines a year (some 50 MB) where somebody
never stops; without a bound anybody on the network could fill the disk that alerts are written to."""

HOUR_S: Final = 3_600.0


class Refusals:
    """Counts, for one process, how many of each kind are entered; time enters as data. Safe to share by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entered: dict[str, list[float]] = {}
        self._left_out: dict[str, int] = {}

    def admit(self, action: str, at_s: float) -> int | None:
        """Return how many of this kind were left out since one was entered; None: this one is left out too. Where the
        clock was set back, what was entered ahead of it counts no more."""
        with self._lock:
            entered = [each for each in self._entered.get(action, ()) if at_s - HOUR_S < each <= at_s]
            self._entered[action] = entered
            if len(entered) >= REFUSALS_AN_HOUR:
                self._left_out[action] = self._left_out.get(action, 0) + 1
                return None
            entered.append(at_s)
            return self._left_out.pop(action, 0)
