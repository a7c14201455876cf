"""A registry's URL in; transactions for what the registry is asked out: what its faces stand on."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from ingest.registry.audit import Writing
from ingest.registry.database import Database


class Face:
    """A database by URL, and a ``clock`` [UTC s] that says when a change was made."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.time) -> None:
        self._database = Database(url)
        self._clock = clock
        self._reading = self._database.reading

    def _writing(self, by: str) -> AbstractContextManager[Writing]:
        """A transaction that writes on behalf of ``by``."""
        return self._database.writing(by, self._clock)

    def upgrade(self) -> None:
        """Bring the tables up to date, from nothing or from any earlier version.

        Raises RegistryError where a newer version wrote them. Where it raises, the connections are let go.
        """
        self._database.upgrade(self._clock())

    def close(self) -> None:
        """Let the connections go."""
        self._database.close()
