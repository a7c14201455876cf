"""What is to be looked after in; a look now and then again and again, on a thread of its own, out."""

import logging
import threading
from abc import ABC, abstractmethod
from typing import Self

log = logging.getLogger(__name__)


class Again(ABC):
    """Looks when it is entered, and then every ``every_s``. Use as a context manager, or call ``refresh``.

    Whatever a look raises is said in the log, after ``failing`` and once until one goes well, and the next is taken all
    the same: were the thread to die of it, nothing would be looked after any more.
    """

    def __init__(self, name: str, *, every_s: float, failing: str) -> None:
        self._every_s = every_s
        self._failing = failing
        self._silent = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self.refresh()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @abstractmethod
    def look(self) -> None:
        """Look once; may raise anything."""

    def refresh(self) -> None:
        """Look once, now."""
        try:
            self.look()
            self._silent = False
        except Exception as error:
            if not self._silent:
                log.error("%s: %s", self._failing, error)
            self._silent = True

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            self.refresh()
