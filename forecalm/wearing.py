"""A band and a moment in, its wearer out: the registry asked at most every few seconds a band."""

import threading
from typing import Final

from ingest.registry import Registry

FRESH_S: Final = 5.0  # how long a band may still count for its last wearer after staff have changed it


class Wearing:
    """Remembers the registry's answer for ``FRESH_S``, so that a packet does not cost a query."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known: dict[str, tuple[float, str | None]] = {}
        self._lock = threading.Lock()

    def wearer_of(self, band: str, utc_s: float) -> str | None:
        """The pseudonym of who wears ``band`` at ``utc_s``, or None."""
        with self._lock:
            asked_s, wearer = self._known.get(band, (-1e300, None))
            if not 0 <= utc_s - asked_s < FRESH_S:
                wearer = self._registry.wearer_of(band, utc_s)
                self._known[band] = (utc_s, wearer)
            return wearer
