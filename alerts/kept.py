"""Events in, on disk now or as soon as the disk takes them."""

import logging
from collections.abc import Callable, Sequence

from alerts.errors import JournalError
from alerts.events import Event
from alerts.journal import Log
from alerts.patient_log import Unanswered, Write

log = logging.getLogger(__name__)

Wait = Callable[[list[Event], Sequence[Event]], list[Event]]
"""What waits for the disk, and what comes to it, in; what waits from now on, in order, out: a bad hour must not fill
memory."""


class Kept:
    """A hand on ``journal`` for whoever tells people all the same; for one thread at a time.

    Where the disk refuses, or does not answer, events wait here in order and ``fault`` says why. What the disk has not
    answered to is written again only once it is known not to be there. ``anyway`` says, for the log, what goes on.
    """

    def __init__(self, journal: Log, *, anyway: str, wait: Wait) -> None:
        self._journal = journal
        self._anyway = anyway
        self._wait = wait
        self._out: Write | None = None  # nobody knows yet whether it is on disk
        self._unwritten: list[Event] = []
        self.fault: str | None = None

    @property
    def waits(self) -> bool:
        """Whether something may not be on disk yet."""
        return self._out is not None or bool(self._unwritten)

    @property
    def known(self) -> tuple[Event, ...]:
        """What the journal held when it was opened, and what waits."""
        return (*self._journal.history, *(() if self._out is None else self._out.events), *self._unwritten)

    def write(self, events: Sequence[Event]) -> None:
        """Write ``events`` after what waits, of which this asks again. Raises nothing for the disk's sake."""
        self._settle()
        if self._out is not None:
            self._unwritten = self._wait(self._unwritten, events)
            return
        try:
            if self._unwritten or events:
                self._journal.append([*self._unwritten, *events])
        except Unanswered as error:
            self._out, self._unwritten = error.write, []
            self._say(str(error))
        except JournalError as error:
            self._unwritten = self._wait(self._unwritten, events)
            self._say(str(error))
        else:
            self._unwritten = []
            self._say(None)

    def _settle(self) -> None:
        """Take in what became of the write that was not answered in time."""
        out = self._out
        if out is None or not out.over.is_set():
            return
        self._out = None
        if out.refusal is not None:
            self._unwritten = [*out.events, *self._unwritten]

    def _say(self, fault: str | None) -> None:
        if fault is not None and self.fault is None:
            log.critical("%s, but not kept: %s", self._anyway, fault)
        elif fault is None and self.fault is not None:
            log.warning("%s, and kept again", self._anyway)
        self.fault = fault
