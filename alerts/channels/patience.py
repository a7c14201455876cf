"""Work that may hang in, what came of it in time out; or a failure that says that nobody knows."""

import threading
from collections.abc import Callable
from typing import Final

from alerts.channels.channel import Because, ChannelError

HANGING_MOST: Final = 200  # at a time, given up on or not: all phones of a house; more would eat the machine's memory


class Patience:
    """Runs work on threads of their own and gives up on what takes longer than ``most_s``.

    Work given up on cannot be ended: its thread lives until its own timeouts end it, and may still do what it was to.
    """

    def __init__(self, most_s: float) -> None:
        self.most_s = most_s
        self._free = threading.BoundedSemaphore(HANGING_MOST)

    def begin(self, work: Callable[[], None]) -> "Underway":
        """Start ``work``. Raises ChannelError, certain, where too much hangs already."""
        if not self._free.acquire(blocking=False):
            raise ChannelError(Because.UNREACHABLE, f"{HANGING_MOST} messages hang already", certain=True)
        return Underway(work, self._free.release)

    def run(self, work: Callable[[], None]) -> None:
        """Do ``work`` and raise what it raised; ChannelError, uncertain, where it is not done in time."""
        self.begin(work).result(self.most_s)


class Underway:
    """One piece of work that has begun; ``done`` is called at its end."""

    def __init__(self, work: Callable[[], None], done: Callable[[], None]) -> None:
        self._work = work
        self._done = done
        self._ended = threading.Event()
        self._raised: Exception | None = None
        threading.Thread(target=self._run, name="channel", daemon=True).start()

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:
            self._raised = error  # told by ``result``
        finally:
            self._done()
            self._ended.set()

    def result(self, most_s: float) -> None:
        """Wait at most ``most_s`` and raise what the work raised; ChannelError, uncertain, where it goes on."""
        if not self._ended.wait(max(most_s, 0.0)):
            raise ChannelError(Because.SILENT, "it may have arrived", certain=False)
        if self._raised is not None:
            raise self._raised
