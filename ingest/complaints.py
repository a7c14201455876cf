"""Bad messages in, warnings out: the first of a topic at once, then at most one a minute with how many there were."""

import logging
import math
import threading
from collections import OrderedDict
from typing import Final

log = logging.getLogger(__name__)

EVERY_S: Final = 60.0  # a band that sends nothing but nonsense must not fill the disk with the news of it
TOPICS_MAX: Final = 4096  # remembered; the one that has complained least lately goes first


class Complaints:
    """Safe to share between threads; ``now_s`` [s] is of any origin, monotonic."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: OrderedDict[str, tuple[float, int]] = OrderedDict()  # when it was said, and how many since

    def hear(self, topic: str, reason: str, now_s: float) -> None:
        """A message on ``topic`` could not be used: say so, or count it."""
        with self._lock:
            said_s, unsaid = self._last.get(topic, (-math.inf, 0))
            due = now_s - said_s >= EVERY_S
            self._last[topic] = (now_s, 0) if due else (said_s, unsaid + 1)
            self._last.move_to_end(topic)
            if len(self._last) > TOPICS_MAX:
                self._last.popitem(last=False)
        if due:
            more = f" ({unsaid} more since the last time that this was said)" if unsaid else ""
            log.warning("message on %s quarantined: %s%s", topic, reason, more)
