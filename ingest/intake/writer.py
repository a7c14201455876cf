"""Batches of decoded messages in; durable, then acknowledged, then told. One thread, groups of ``GROUP_S``."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ingest.clock.clocks import Clocks
from ingest.errors import StoreError
from ingest.intake.counts import HeldBack, Tally
from ingest.intake.waiting import Waiting
from ingest.intake.watermarks import Watermarks
from ingest.received import Received
from ingest.store.protocol import Lost, Name, Refused, Store
from ingest.wire import Stored

log = logging.getLogger(__name__)

GROUP_S: Final = 0.05  # how long a commit waits for company: one fsync for all, and an ack 50 ms later
GROUP_MAX: Final = 4_000  # packets of one commit: some 30 ms of inserts
IDLE_S: Final = 1.0  # how often it is looked whether the clocks are to be remembered, where nothing comes
RETRY_S: Final = 1.0  # after a commit that failed
CLOCKS: Final = "clocks"  # under which what was learnt of the bands' clocks is kept beside the readings
REMEMBER_S: Final = 60.0  # what is lost of it after a power cut
FIRST_S: Final = 3.0  # after the start: senders never heard before are known by then


@dataclass(slots=True)
class Batch:
    """What is committed together, and who waits to hear of it: one ``ack`` for each message, ``size`` bytes in all."""

    received: list[Received] = field(default_factory=list)
    dropped: list[Name] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)  # as packets say that are dropped
    refused: list[Refused] = field(default_factory=list)
    acks: list[Callable[[], None]] = field(default_factory=list)
    size: int = 0

    def add(self, other: "Batch") -> None:
        """Take in what another holds."""
        self.received += other.received
        self.dropped += other.dropped
        self.lost += other.lost
        self.refused += other.refused
        self.acks += other.acks
        self.size += other.size

    def boots(self) -> dict[tuple[str, int], None]:
        """The (band, boot) whose watermark may have moved, in order."""
        found = dict.fromkeys((r.packet.band, r.packet.boot) for r in self.received)
        found.update(dict.fromkeys(name[:2] for name in self.dropped))
        found.update(dict.fromkeys(refused.name[:2] for refused in self.refused if refused.name))
        return found


class Writer:
    """See the module. ``failed`` is set if it has ended by an error of our own; ``stopping`` is heard while the store
    cannot write: then what is not stored is not acknowledged either, and its senders keep it."""

    def __init__(
        self,
        *,
        store: Store,
        clocks: Clocks,
        clocks_lock: threading.Lock,
        publish: Callable[[str, Stored], None],
        waiting: Waiting,
        tally: Tally,
        stopping: threading.Event,
        failed: threading.Event,
    ) -> None:
        self._store = store
        self._clocks = clocks
        self._clocks_lock = clocks_lock
        self._watermarks = Watermarks(store, publish)
        self._waiting = waiting
        self._tally = tally
        self._stopping = stopping
        self._failed = failed
        self._batches: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._holding_since_s: float | None = None  # monotonic
        self._holding_reason = ""
        self._remembered_s = time.monotonic() - REMEMBER_S + FIRST_S
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._watermarks.start()
        self._thread.start()

    def put(self, batch: Batch | None) -> None:
        """Queue a batch; None: there will be no more."""
        self._batches.put(batch)

    def join(self) -> None:
        """Wait for the end, and for the last watermarks."""
        self._thread.join()
        self._watermarks.end()

    def holding_s(self) -> float:
        """For how long the store has not been able to write; 0 where it can."""
        since_s = self._holding_since_s
        return 0.0 if since_s is None else time.monotonic() - since_s

    def held_back(self) -> HeldBack | None:
        """For how long the store has not been able to write, and why; None where it can."""
        since_s, reason = self._holding_since_s, self._holding_reason
        return None if since_s is None else HeldBack(time.monotonic() - since_s, reason)

    def _run(self) -> None:
        try:
            self._loop()
        except Exception:
            log.critical("storing has stopped", exc_info=True)
            self._failed.set()
            self._waiting.end()

    def _loop(self) -> None:
        going = True
        while going:
            batch, going = self._gather()
            if batch.acks:
                if not self._commit(batch):
                    return
                for ack in batch.acks:
                    ack()
                self._watermarks.move(batch.boots())
                self._waiting.stored(len(batch.acks), batch.size)
            self._remember(at_once=not going)

    def _gather(self) -> tuple[Batch, bool]:
        """Wait for messages, not for ever; return them and whether to go on."""
        whole = Batch()
        until_s = time.monotonic() + IDLE_S
        while len(whole.acks) < GROUP_MAX:
            try:
                batch = self._batches.get(timeout=max(until_s - time.monotonic(), 0.0))
            except queue.Empty:
                break
            if batch is None:
                return whole, False
            if not whole.acks:
                until_s = time.monotonic() + GROUP_S
            whole.add(batch)
        return whole, True

    def _commit(self, batch: Batch) -> bool:
        """Store a batch, however long the store cannot write; False if it still cannot when all is to stop."""
        while True:
            try:
                self._store_all(batch)
            except StoreError as error:
                self._holding_reason = str(error)
                if self._holding_since_s is None:
                    self._holding_since_s = time.monotonic()
                    log.error("cannot store, holding messages back: %s", error)
                if self._stopping.wait(RETRY_S):
                    log.error("stopping with messages unstored and unacknowledged: their senders keep them")
                    return False
                continue
            if self._holding_since_s is not None:
                self._tally.held_back_s += self.holding_s()
                self._holding_since_s = None
                log.warning("storing again")
            return True

    def _store_all(self, batch: Batch) -> None:
        """Once more from the start if it fails half way: all of it is idempotent."""
        new = len(batch.received)
        if batch.received or batch.dropped:
            lost = self._store.lost
            new = self._store.commit(batch.received, dropped=batch.dropped, lost=batch.lost)
            self._tally.lost += self._store.lost - lost
        if batch.refused:
            self._store.quarantine_all(batch.refused)
        self._tally.duplicates += len(batch.received) - new

    def _remember(self, *, at_once: bool) -> None:
        """Keep what was learnt of the bands' clocks, now and then and at the end."""
        now_s = time.monotonic()
        if not at_once and now_s - self._remembered_s < REMEMBER_S:
            return
        self._remembered_s = now_s
        with self._clocks_lock:
            snapshot = self._clocks.snapshot()
        try:
            self._store.remember(CLOCKS, snapshot)
        except StoreError as error:
            log.warning("what was learnt of the clocks is kept a minute later: %s", error)
