"""A band and a moment in, whether it may be recorded and whose it is out, without waiting for the registry."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol, Self

from ingest.admission import Admission, Verdict

log = logging.getLogger(__name__)

CHECK_S: Final = 2.0  # how long a band may still count for its last wearer after staff have changed it
STALE_S: Final = 60.0  # a registry silent for that long is said again to be so


class Admissions(Protocol):
    """What the registry knew at one moment: see ``ingest.registry.admissions``."""

    revision: int

    def admit(self, band: str, at_s: float) -> Admission:
        """The verdict on a packet."""

    def consented(self, wearer: str, at_s: float) -> bool:
        """Whether a wearer may be recorded."""


class Source(Protocol):
    """The registry, as far as it is asked here."""

    def revision(self) -> int:
        """Grows with every change."""

    def admissions(self) -> Admissions:
        """What is known now."""


class Wearing:
    """Keeps a snapshot of who wears what and who consented, and takes a new one within ``CHECK_S`` of any change, in a
    thread of its own: asking costs a microsecond, waits for nobody and never raises. Safe from any thread.

    Where the registry cannot answer, the last snapshot stands: a person must not go unwatched because a file was
    locked. A consent that ends by itself ends in time all the same. ``on_change`` is called before a new snapshot
    holds; where it fails it is called again. Use as a context manager, or call ``refresh``.
    Making one raises IngestError where the registry does not answer at all.
    """

    def __init__(
        self,
        registry: Source,
        *,
        clock: Callable[[], float] = time.monotonic,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._registry = registry
        self._on_change = on_change
        self._clock = clock
        self._known = registry.admissions()
        self._silent_since_s: float | None = None
        self._told_s = 0.0
        self._refreshing = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="wearing", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def admit(self, band: str, at_s: float) -> Admission:
        """The verdict on a packet of ``band`` that ended at ``at_s`` [UTC s]: see ``ingest.admission.Admit``."""
        return self._known.admit(band, at_s)

    def wearer_of(self, band: str, at_s: float) -> str | None:
        """The pseudonym of who wore ``band`` at ``at_s`` [UTC s] and may be watched, or None."""
        admission = self._known.admit(band, at_s)
        return admission.wearer if admission.verdict is Verdict.KEEP else None

    def consented(self, wearer: str, at_s: float) -> bool:
        """Whether ``wearer`` may be recorded at ``at_s`` [UTC s]; if not, boards say "not recording"."""
        return self._known.consented(wearer, at_s)

    def refresh(self) -> bool:
        """Take a new snapshot if the registry has changed; False: it does not answer, and the last one stands."""
        with self._refreshing:
            try:
                if self._registry.revision() != self._known.revision:
                    known = self._registry.admissions()
                    self._on_change()
                    self._known = known
            except Exception as error:  # whatever it is, the last snapshot stands
                self._say_silent(error)
                return False
            if self._silent_since_s is not None:
                log.warning("the registry answers again")
                self._silent_since_s = None
            return True

    def _say_silent(self, error: Exception) -> None:
        now_s = self._clock()
        if self._silent_since_s is None:
            self._silent_since_s = now_s
        elif now_s - self._told_s < STALE_S:
            return
        self._told_s = now_s
        log.error(
            "the registry does not say who wears what (for %.0f s), so everybody keeps their band: %s",
            now_s - self._silent_since_s,
            error,
        )

    def _run(self) -> None:
        while not self._stop.wait(CHECK_S):
            self.refresh()
