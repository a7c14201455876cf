"""Acts that were refused, as often as somebody tries, in; as many of them as an audit should keep out."""

import threading
from typing import Final

REFUSALS_AN_HOUR: Final = 20
"""Entries of one kind, by one asker, in an hour: enough to see who tries what, and 175,000 lines a year (some 50 MB)
where a stranger never stops; without a bound anybody on the network could fill the disk that alerts are written to."""

HOUR_S: Final = 3_600.0


class Refusals:
    """Counts, for one process, how many of each kind are entered; time enters as data. Safe to share by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entered: dict[tuple[str, str], list[float]] = {}
        self._left_out: dict[tuple[str, str], int] = {}

    def admit(self, action: str, at_s: float, *, by: str = "") -> int | None:
        """Return how many of this kind by this asker were left out since one was entered; None: this one is left out
        too. What strangers are refused hides nothing of what somebody known is. Where the clock was set back, what was
        entered ahead of it counts no more."""
        kind = (action, by)
        with self._lock:
            entered = [each for each in self._entered.get(kind, ()) if at_s - HOUR_S < each <= at_s]
            self._entered[kind] = entered
            if len(entered) >= REFUSALS_AN_HOUR:
                self._left_out[kind] = self._left_out.get(kind, 0) + 1
                return None
            entered.append(at_s)
            return self._left_out.pop(kind, 0)
