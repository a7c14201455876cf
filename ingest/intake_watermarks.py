"""Bands that something was stored of in; their senders told how far, neither too often nor all at once."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final

from ingest.errors import StoreError
from ingest.store.protocol import Store
from ingest.wire import Stored

log = logging.getLogger(__name__)

STORED_EVERY_S: Final = 1.0  # between two watermarks of a band
STORED_RATE_HZ: Final = 1000.0  # of all bands together: telling costs as much as hearing, and a spool can wait its turn


class Watermarks:
    """Used by one thread. ``publish(band, stored)`` is told, band by band in the order of what came, at most once in
    ``STORED_EVERY_S`` a band and ``STORED_RATE_HZ`` in all."""

    def __init__(self, store: Store, publish: Callable[[str, Stored], None]) -> None:
        self._store = store
        self._publish = publish
        self._untold: OrderedDict[str, dict[int, None]] = OrderedDict()  # boots by band
        self._told_s: OrderedDict[str, float] = OrderedDict()  # monotonic; of the last STORED_EVERY_S
        self._budget = STORED_RATE_HZ
        self._budget_s = time.monotonic()

    def move(self, boots: Iterable[tuple[str, int]]) -> None:
        """Something of these was stored."""
        for band, boot in boots:
            self._untold.setdefault(band, {})[boot] = None

    def tell(self, *, everything: bool = False) -> None:
        """Tell whose turn it is, one boot of a band; ``everything`` now, at the end."""
        now_s = time.monotonic()
        self._budget = min(self._budget + (now_s - self._budget_s) * STORED_RATE_HZ, STORED_RATE_HZ)
        self._budget_s = now_s
        while self._told_s and now_s - next(iter(self._told_s.values())) >= STORED_EVERY_S:
            self._told_s.popitem(last=False)
        for band in [band for band in self._untold if everything or band not in self._told_s]:
            if self._budget < 1 and not everything:
                return
            boots = self._untold.pop(band)
            for boot in list(boots) if everything else list(boots)[:1]:
                del boots[boot]
                self._tell(band, boot)
                self._budget -= 1
            self._told_s[band] = now_s
            if boots:
                self._untold[band] = boots

    def _tell(self, band: str, boot: int) -> None:
        try:
            run = self._store.watermark(band, boot)
        except StoreError as error:
            log.warning("the watermark of %s is told with its next packet: %s", band, error)
            return
        if run is not None:
            self._publish(band, Stored(v=1, boot=boot, since=run.since, seq=run.seq))
