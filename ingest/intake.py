"""Messages from any transport in; packets with their UTC mapping handed on at once, and stored before they are acked.

A message is acknowledged, and a band's watermark published, only after the commit that holds it. A message that cannot
be used goes to quarantine, which counts as stored. Nothing is dropped: a store that cannot write holds the sender back.
"""

import contextlib
import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from ingest.clock import Clocks
from ingest.complaints import Complaints
from ingest.errors import StoreError, WireError
from ingest.received import Received
from ingest.store.protocol import Store
from ingest.wire import Packet, Stored, band_of, decode, name_of

log = logging.getLogger(__name__)

GROUP_S: Final = 0.05  # how long a commit waits for company: one fsync for all, and an ack 50 ms later
GROUP_MAX: Final = 2_000  # packets of one commit: some 10 ms of inserts
WAITING_MAX: Final = 20_000  # messages not yet stored, 20 s of 1,000 bands; beyond it the sender waits
STORED_EVERY_S: Final = 1.0  # between two watermarks of a band
RETRY_S: Final = 1.0  # after a commit that failed


@dataclass(frozen=True, slots=True)
class Counters:
    """Since the start: messages and samples taken in, packets that were stored before, messages in quarantine."""

    messages: int = 0
    samples: int = 0
    duplicates: int = 0
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class _Refused:
    topic: str
    payload: bytes
    reason: str
    received_s: float
    name: tuple[str, int, int] | None


@dataclass(slots=True)
class _Batch:
    """What is committed together, and who waits to hear of it."""

    received: list[Received] = field(default_factory=list)
    refused: list[_Refused] = field(default_factory=list)
    acks: list[Callable[[], None]] = field(default_factory=list)

    def boots(self) -> dict[tuple[str, int], None]:
        """The (band, boot) whose watermark may have moved, in order."""
        names = [(r.packet.band, r.packet.boot) for r in self.received]
        return dict.fromkeys(names + [refused.name[:2] for refused in self.refused if refused.name])


class Intake:
    """``receive`` may be called from any thread; commits happen in one of its own, in groups of ``GROUP_S``.

    ``on_received`` gets each packet as soon as it is in line to be stored, duplicates too; should it fail or take its
    time, storing goes on. ``publish_stored(band, stored)`` is told
    how far a band is stored, at most once in ``STORED_EVERY_S`` a band. ``clock`` gives UTC seconds. Stop it before the
    transport that feeds it, so that the last acknowledgements still leave. ``failed`` is set if storing has ended by an
    error of our own: then nothing is taken in any more.
    """

    def __init__(
        self,
        *,
        store: Store,
        clocks: Clocks,
        on_received: Callable[[Received], None],
        publish_stored: Callable[[str, Stored], None],
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._clocks = clocks
        self._on_received = on_received
        self._publish_stored = publish_stored
        self._clock = clock
        self._counters = Counters()
        self._lock = threading.Lock()
        self._waiting: queue.Queue[tuple[Received | _Refused, Callable[[], None]] | None] = queue.Queue(WAITING_MAX)
        self._unpublished: dict[str, dict[int, None]] = {}  # boots by band whose watermark is to be published
        self._published_s: OrderedDict[str, float] = OrderedDict()  # monotonic; of the last STORED_EVERY_S
        self._complaints = Complaints()
        self.failed = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)

    @property
    def counters(self) -> Counters:
        """What has happened so far."""
        with self._lock:
            return self._counters

    def start(self) -> None:
        """Go on from the stored mappings, and begin. Raises StoreError."""
        for mapping in self._store.last_mappings():
            self._clocks.restore(mapping.band, mapping.boot, mapping.tick_us, mapping.offset_s)
        self._thread.start()

    def stop(self) -> None:
        """Store, acknowledge and publish what has been received, then end. What comes later is not acknowledged."""
        self._stopping.set()
        with contextlib.suppress(queue.Full):  # then the writer sees the end when it has emptied the queue
            self._waiting.put_nowait(None)
        self._thread.join()
        log.info("taken in since the start: %s", self.counters)

    def receive(self, topic: str, payload: bytes, ack: Callable[[], None]) -> None:
        """Take in one message; ``ack`` is called, from another thread, when it is stored. Waits while too many do."""
        if self._stopping.is_set():
            return
        received_s = self._clock()
        try:
            packet = _packet(topic, payload)
        except WireError as error:
            self._complaints.hear(topic, str(error), time.monotonic())
            self._count(messages=1, quarantined=1)
            self._wait(_Refused(topic, payload, str(error), received_s, _name(topic, payload)), ack)
            return
        with self._lock:
            offset_s = self._clocks.map(packet, received_s)
        received = Received(packet, offset_s, received_s, payload)
        self._count(messages=1, samples=received.samples())
        self._wait(received, ack)
        self._on_received(received)

    def _wait(self, what: Received | _Refused, ack: Callable[[], None]) -> None:
        """Queue up to be stored; at the end of all give up, unacknowledged."""
        while True:
            try:
                self._waiting.put((what, ack), timeout=RETRY_S)
                return
            except queue.Full:
                if self._stopping.is_set():
                    return

    def _count(self, *, messages: int = 0, samples: int = 0, duplicates: int = 0, quarantined: int = 0) -> None:
        with self._lock:
            so_far = self._counters
            self._counters = replace(
                so_far,
                messages=so_far.messages + messages,
                samples=so_far.samples + samples,
                duplicates=so_far.duplicates + duplicates,
                quarantined=so_far.quarantined + quarantined,
            )

    def _run(self) -> None:
        try:
            self._loop()
        except Exception:
            log.critical("storing has stopped", exc_info=True)
            self._stopping.set()
            self.failed.set()

    def _loop(self) -> None:
        going = True
        while going:
            batch, going = self._gather()
            if batch.acks and not self._commit(batch):
                return
            for ack in batch.acks:
                ack()
            for band, boot in batch.boots():
                self._unpublished.setdefault(band, {})[boot] = None
            self._publish(everything=not going)

    def _gather(self) -> tuple[_Batch, bool]:
        """Wait for messages, at most until a watermark is due; return them and whether to go on."""
        batch = _Batch()
        until_s = time.monotonic() + STORED_EVERY_S
        while len(batch.acks) < GROUP_MAX:
            try:
                item = self._waiting.get(timeout=max(until_s - time.monotonic(), 0.0))
            except queue.Empty:
                return batch, not self._stopping.is_set()
            if item is None:
                return batch, False
            if not batch.acks:
                until_s = time.monotonic() + GROUP_S
            what, ack = item
            batch.acks.append(ack)
            if isinstance(what, Received):
                batch.received.append(what)
            else:
                batch.refused.append(what)
        return batch, True

    def _commit(self, batch: _Batch) -> bool:
        """Store a batch, however long the store cannot write; False if it still cannot when all is to stop."""
        failed = False
        while True:
            try:
                new = self._store.commit(batch.received) if batch.received else 0
                for refused in batch.refused:
                    self._store.quarantine(
                        refused.topic, refused.payload, refused.reason, refused.received_s, name=refused.name
                    )
            except StoreError as error:
                if not failed:
                    log.error("cannot store, holding messages back: %s", error)
                failed = True
                if self._stopping.wait(RETRY_S):
                    log.error("stopping with messages unstored and unacknowledged: their senders keep them")
                    return False
                continue
            if failed:
                log.warning("storing again")
            self._count(duplicates=len(batch.received) - new)
            return True

    def _publish(self, *, everything: bool) -> None:
        """Tell each band's sender how far it is stored, one boot a turn; ``everything`` now, at the end."""
        now_s = time.monotonic()
        while self._published_s and now_s - next(iter(self._published_s.values())) >= STORED_EVERY_S:
            self._published_s.popitem(last=False)
        for band, boots in list(self._unpublished.items()):
            if band in self._published_s and not everything:
                continue
            for boot in list(boots) if everything else list(boots)[:1]:
                del boots[boot]
                try:
                    run = self._store.watermark(band, boot)
                except StoreError as error:
                    log.warning("the watermark of %s is told with its next packet: %s", band, error)
                    continue
                if run is not None:
                    self._publish_stored(band, Stored(v=1, boot=boot, since=run.since, seq=run.seq))
            self._published_s[band] = now_s
            if not boots:
                del self._unpublished[band]


def _packet(topic: str, payload: bytes) -> Packet:
    """Decode a message; raises WireError also where topic and packet name different bands."""
    band = band_of(topic)
    packet = decode(payload)
    if packet.band != band:
        raise WireError(f"band: the topic names {band}, the packet {packet.band}; publish on the band's own topic")
    return packet


def _name(topic: str, payload: bytes) -> tuple[str, int, int] | None:
    """What a refused message says it is, where its topic agrees: one band cannot speak for another."""
    name = name_of(payload)
    try:
        return name if name is not None and name[0] == band_of(topic) else None
    except WireError:
        return None
