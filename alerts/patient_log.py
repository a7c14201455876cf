"""A log whose disk may hang in; one that answers within seconds, whatever the disk does, out."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Final

from alerts.errors import JournalError
from alerts.events import Event
from alerts.journal import ReadableLog

log = logging.getLogger(__name__)

PATIENCE_S: Final = 2.0
"""A disk answers in milliseconds, one that wakes or is very busy in a second; an alert is to reach boards within
seconds, so nobody waits longer for one that may never answer."""

NOTHING: Final = "the disk does not answer: nothing of this is written"
UNKNOWN: Final = "the disk does not answer: nobody knows yet whether this is written"


class Write:
    """``events`` on their way to the disk. Once ``over`` is set, ``refusal`` says why they are not on it, None: they
    are."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = tuple(events)
        self.over = threading.Event()
        self.refusal: BaseException | None = None


class Unanswered(JournalError):
    """The disk has not answered in time: what was to be written may be there, or come to be. ``write`` says which, as
    soon as it is known; until then it is not to be written again."""

    def __init__(self, write: Write) -> None:
        super().__init__(UNKNOWN)
        self.write = write


class PatientLog:
    """Writes to ``journal`` from a thread of its own, one write at a time, and waits ``patience_s`` for each at most.

    While a write hangs every other is refused at once: never is more than one on its way of which nobody knows whether
    it is on disk. For any threads. ``close`` it before the journal.
    """

    def __init__(
        self, journal: ReadableLog, *, patience_s: float = PATIENCE_S, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._journal = journal
        self._patience_s = patience_s
        self._steady = steady
        self._free = threading.Lock()  # held while a write is on its way
        self._late: Write | None = None
        self._inbox: SimpleQueue[Write | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    @property
    def history(self) -> Sequence[Event]:
        """What was in it when it was opened, oldest first."""
        return self._journal.history

    def read(self) -> Sequence[Event]:
        """Return everything that is in it now, oldest first; raises JournalError."""
        return self._journal.read()

    def append(self, events: Sequence[Event]) -> None:
        """Write all of ``events`` durably. Raises JournalError, and then none of them is in the log; or Unanswered."""
        until_s = self._steady() + self._patience_s
        hangs = self._late is not None and not self._late.over.is_set()
        if not self._free.acquire(timeout=0.0 if hangs else self._patience_s):
            raise JournalError(NOTHING)
        write = Write(events)
        self._inbox.put(write)
        if not write.over.wait(max(0.0, until_s - self._steady())):
            self._late = write
            log.critical("the disk of the journal has not answered for %g s", self._patience_s)
            raise Unanswered(write)
        if write.refusal is not None:
            raise write.refusal

    def close(self) -> None:
        """End the thread, as soon as what is on its way is written; a disk that hangs is waited for no longer."""
        self._inbox.put(None)
        self._thread.join(self._patience_s)

    def _run(self) -> None:
        while (write := self._inbox.get()) is not None:
            try:
                self._journal.append(write.events)
            except BaseException as error:  # whatever it was, whoever wrote is told, and the next can write
                write.refusal = error
            write.over.set()
            self._free.release()
