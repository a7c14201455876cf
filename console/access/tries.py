"""Who tries to sign in, and fails, in; how long they wait before the next try out.

Nothing that takes an alert is asked. Kept in memory, and per process: whoever starts the service anew begins with
nothing against anybody.
"""

import threading
from collections import OrderedDict
from typing import Final

FREE: Final = 5
"""Tries at one account before anybody waits: a name that is mistyped, caps lock, the password of last month."""

FREE_ADDRESS: Final = 20
"""From one address, behind which a whole house may be."""

FIRST_S: Final = 5.0
LONGEST_S: Final = 300.0
"""The wait doubles from the first to the longest: some 300 guesses a day at an account, against which 12 characters
hold for ever; and whoever mistypes is not sent home."""

FORGOTTEN_S: Final = 3600.0
"""After which failures count no more."""

KEPT: Final = 10_000
"""Accounts and addresses remembered: a megabyte. Beyond, who failed longest ago begins anew."""


class Tries:
    """Counts failures by whatever names an account or an address. Threads may share it; time enters as data [s]."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, account: str, address: str, now_s: float) -> float:
        """Return how long this account must not be tried yet from this address; 0: now."""
        with self._lock:
            return max(
                self._wait_s(f"account {account}", FREE, now_s),
                self._wait_s(f"address {address}", FREE_ADDRESS, now_s),
            )

    def left(self, account: str, now_s: float) -> int:
        """Return how many tries are left before anybody waits."""
        with self._lock:
            return max(0, FREE - self._count(f"account {account}", now_s))

    def fail(self, account: str, address: str, now_s: float) -> None:
        """Count a failure."""
        with self._lock:
            for key in (f"account {account}", f"address {address}"):
                self._failed[key] = (self._count(key, now_s) + 1, now_s)
                self._failed.move_to_end(key)
            while len(self._failed) > KEPT:
                self._failed.popitem(last=False)

    def succeed(self, account: str) -> None:
        """Forget what was counted against an account."""
        with self._lock:
            self._failed.pop(f"account {account}", None)

    def _count(self, key: str, now_s: float) -> int:
        count, last_s = self._failed.get(key, (0, now_s))
        return count if 0 <= now_s - last_s < FORGOTTEN_S else 0

    def _wait_s(self, key: str, free: int, now_s: float) -> float:
        count = self._count(key, now_s)
        if count < free:
            return 0.0
        waits_s = min(LONGEST_S, FIRST_S * 2.0 ** min(count - free, 16))
        return max(0.0, self._failed[key][1] + waits_s - now_s)
