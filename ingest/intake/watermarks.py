"""Bands that something was stored of in; their senders told how far, neither too often nor all at once."""

import logging
import threading
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

TURN_S: Final = 0.05  # how often bands that wait for their turn are looked at


class Watermarks:
    """On a thread of its own, so that no commit waits for it: ``publish(band, stored)`` is told, band by band in the
    order of what came, at most once in ``STORED_EVERY_S`` a band and ``STORED_RATE_HZ`` in all."""

    def __init__(self, store: Store, publish: Callable[[str, Stored], None]) -> None:
        self._store = store
        self._publish = publish
        self._change = threading.Condition()
        self._untold: OrderedDict[str, dict[int, None]] = OrderedDict()  # boots by band
        self._told_s: OrderedDict[str, float] = OrderedDict()  # monotonic; of the last STORED_EVERY_S
        self._budget = STORED_RATE_HZ
        self._budget_s = time.monotonic()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="watermarks", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def move(self, boots: Iterable[tuple[str, int]]) -> None:
        """Something of these was stored."""
        with self._change:
            for band, boot in boots:
                self._untold.setdefault(band, {})[boot] = None
            self._change.notify()

    def end(self) -> None:
        """Tell all that is untold, and end."""
        with self._change:
            self._ended = True
            self._change.notify()
        self._thread.join()

    def _run(self) -> None:
        ended = False
        while not ended:
            with self._change:
                if not self._ended:
                    self._change.wait(TURN_S if self._untold else None)
                ended = self._ended
                due = self._due(time.monotonic(), everything=ended)
            for band, boot in due:
                try:
                    self._tell(band, boot)
                except Exception:
                    log.exception("the watermark of %s cannot be told", band)

    def _due(self, now_s: float, *, everything: bool) -> list[tuple[str, int]]:
        """Take out whose turn it is, one boot of a band; ``everything`` now, at the end."""
        self._budget = min(self._budget + (now_s - self._budget_s) * STORED_RATE_HZ, STORED_RATE_HZ)
        self._budget_s = now_s
        while self._told_s and now_s - next(iter(self._told_s.values())) >= STORED_EVERY_S:
            self._told_s.popitem(last=False)
        due: list[tuple[str, int]] = []
        for band in list(self._untold):
            if not everything and self._budget - len(due) < 1:
                break
            if band in self._told_s and not everything:
                continue
            boots = self._untold.pop(band)
            now = list(boots) if everything else list(boots)[:1]
            due += [(band, boot) for boot in now]
            self._told_s[band] = now_s
            if len(boots) > len(now):
                self._untold[band] = dict.fromkeys(list(boots)[1:])
        self._budget -= len(due)
        return due

    def _tell(self, band: str, boot: int) -> None:
        try:
            run = self._store.watermark(band, boot)
        except StoreError as error:
            log.warning("the watermark of %s is told with its next packet: %s", band, error)
            return
        if run is not None:
            self._publish(band, Stored(v=1, boot=boot, since=run.since, seq=run.seq))
