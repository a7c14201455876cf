"""Events in, on disk now or as soon as the disk takes them."""

import logging
from collections.abc import Sequence

from alerts.errors import JournalError
from alerts.events import Event
from alerts.happened import HappenedTo
from alerts.journal import Log
from alerts.situation_events import SightLost, SightRegained

log = logging.getLogger(__name__)


class Kept:
    """The desk's hand on a journal; called under the desk's lock. Where the disk refuses, events wait here in
    order and ``fault`` says why; of each wearer's sight only the last, so that a bad hour does not fill memory."""

    def __init__(self, journal: Log) -> None:
        self._journal = journal
        self._unwritten: list[Event] = []
        self.fault: str | None = None

    @property
    def waits(self) -> bool:
        """Whether something is not on disk yet."""
        return bool(self._unwritten)

    def of(self, wearer: str) -> list[Event]:
        """Return what the journal held of ``wearer`` when it was opened, and what waits."""
        every = (*self._journal.history, *self._unwritten)
        return [event for event in every if isinstance(event, HappenedTo) and event.wearer == wearer]

    def write(self, events: Sequence[Event]) -> None:
        """Write ``events`` after what waits. Raises nothing: people are told all the same."""
        try:
            self._journal.append([*self._unwritten, *events])
        except JournalError as error:
            if self.fault is None:
                log.critical("alerts are shown, but not kept: %s", error)
            self.fault = str(error)
            self._wait(events)
        else:
            if self.fault is not None:
                log.warning("the journal is written again")
            self.fault = None
            self._unwritten = []

    def _wait(self, events: Sequence[Event]) -> None:
        newer = {event.wearer for event in events if isinstance(event, SightLost | SightRegained)}
        self._unwritten = [
            event
            for event in self._unwritten
            if not (isinstance(event, SightLost | SightRegained) and event.wearer in newer)
        ]
        self._unwritten += events
