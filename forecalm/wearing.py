"""A band and a moment in, its wearer out: the registry asked at most every few seconds a band."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from ingest.errors import IngestError

log = logging.getLogger(__name__)

FRESH_S: Final = 5.0  # how long a band may still count for its last wearer after staff have changed it
BANDS_MAX: Final = 10_000  # bands remembered: anybody may publish under any name


class Wearing:
    """Remembers for ``FRESH_S`` what ``ask(band, utc_s)`` said, so that a packet does not cost a query.

    Where the registry cannot answer, the last answer stands: a person must not go unwatched because a file was locked.
    Belongs to one thread.
    """

    def __init__(self, ask: Callable[[str, float], str | None]) -> None:
        self._ask = ask
        self._known: OrderedDict[str, tuple[float, str | None]] = OrderedDict()
        self._failing = False

    def wearer_of(self, band: str, utc_s: float) -> str | None:
        """The pseudonym of who wears ``band`` at ``utc_s``, or None."""
        asked_s, wearer = self._known.get(band, (-FRESH_S - 1, None))
        if not 0 <= utc_s - asked_s < FRESH_S:
            wearer = self._answer(band, utc_s, wearer)
            self._known[band] = (utc_s, wearer)
            self._known.move_to_end(band)
            if len(self._known) > BANDS_MAX:
                self._known.popitem(last=False)
        return wearer

    def _answer(self, band: str, utc_s: float, last: str | None) -> str | None:
        try:
            wearer = self._ask(band, utc_s)
        except IngestError as error:
            if not self._failing:
                log.error("the registry does not say who wears what, so everybody keeps their band: %s", error)
            self._failing = True
            return last
        if self._failing:
            log.warning("the registry answers again")
        self._failing = False
        return wearer
