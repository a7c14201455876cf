"""Messages from any transport in; packets with their UTC mapping handed on at once, and stored before they are acked.

A message is acknowledged, and a band's watermark published, only after the commit that holds it. A message that cannot
be used goes to quarantine, which counts as stored. Nothing is dropped but what no consent covers: a store that cannot
write holds the sender back.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ingest.admission import Admit, Verdict
from ingest.clock.clocks import Clocks, ClockState, GatewayState
from ingest.complaints import Complaints
from ingest.errors import IngestError, WireError
from ingest.intake.counts import Counters, HeldBack, Tally
from ingest.intake.waiting import Message, Waiting
from ingest.intake.writer import CLOCKS, Batch, Writer
from ingest.received import Received
from ingest.store.protocol import Name, Refused, Store
from ingest.types import Array
from ingest.wire import Packet, Stored, band_of, name_of
from ingest.wire_batch import decode_many

log = logging.getLogger(__name__)

LATE_S: Final = 2.5  # between a packet's end and its arrival: its last second, decided 1.5 s after it ended, is gone
OURS: Final = "this could not be taken in because of an error of our own: see the log"

Handed = Sequence[tuple[Received, str | None]]
"""Packets in the order of their arrival, each with who wore its band at its end; None: nobody is known to."""


class Intake:
    """``receive`` may be called from any thread. One thread of the intake's own decodes, maps and hands on whatever
    waits; another one stores it, in groups.

    ``admit`` says what is to become of a packet, judged at its end in UTC. ``on_received`` gets packets as soon as they
    are in line to be stored, duplicates too, but none that is dropped; while it takes its time no more are decoded.
    Should it fail, ``failed`` is set, and storing goes on without it. ``publish_stored(band, stored)`` is told how far
    a band is stored: see ``Watermarks``. ``clock`` gives UTC seconds. Stop it before the transport that feeds it, so
    that the last acknowledgements still leave. ``failed`` is also set if storing has ended by an error of our own: then
    nothing is taken in any more.

    While the store cannot write, packets are still handed on as they come, until ``WAITING_MAX`` messages or
    ``WAITING_MAX_BYTES`` of them wait to be stored. Then ``receive`` waits too.
    """

    def __init__(
        self,
        *,
        store: Store,
        clocks: Clocks,
        admit: Admit,
        on_received: Callable[[Handed], None],
        publish_stored: Callable[[str, Stored], None],
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._clocks = clocks
        self._clocks_lock = threading.Lock()
        self._admit = admit
        self._on_received = on_received
        self._clock = clock
        self._complaints = Complaints()
        self._tally = Tally()
        self._waiting = Waiting()
        self._stopping = threading.Event()
        self.failed = threading.Event()
        self._writer = Writer(
            store=store,
            clocks=clocks,
            clocks_lock=self._clocks_lock,
            publish=publish_stored,
            waiting=self._waiting,
            tally=self._tally,
            stopping=self._stopping,
            failed=self.failed,
        )
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)

    @property
    def counters(self) -> Counters:
        """What has happened so far."""
        waiting = self._waiting
        return self._tally.counters(
            waiting=waiting.count, waiting_bytes=waiting.size, holding_s=self._writer.holding_s()
        )

    @property
    def held_back(self) -> HeldBack | None:
        """Since when and why nothing can be stored; None while it can."""
        return self._writer.held_back()

    def clocks(self) -> tuple[list[ClockState], list[GatewayState]]:
        """How the clock of each boot and of each sender does now: see ``Clocks``."""
        with self._clocks_lock:
            return self._clocks.states(), self._clocks.gateways()

    def start(self) -> None:
        """Go on with the clocks as they were, and begin. Raises StoreError."""
        snapshot = self._store.recall(CLOCKS)
        if snapshot is not None:
            try:
                self._clocks.resume(snapshot)
            except IngestError as error:
                log.warning("%s", error)
        for mapping in self._store.last_mappings():
            self._clocks.restore(mapping.band, mapping.boot, mapping.tick_us, mapping.offset_s)
        self._writer.start()
        self._thread.start()

    def stop(self) -> None:
        """Store, acknowledge and publish what has been received, then end. What comes later is not acknowledged."""
        self._stopping.set()
        self._waiting.end()
        self._thread.join()
        self._writer.join()
        log.info("taken in since the start: %s", self.counters)

    def receive(self, topic: str, payload: bytes, ack: Callable[[], None]) -> None:
        """Take in one message; ``ack`` is called, from another thread, when it is stored. Waits while too many do."""
        self._waiting.put(Message(topic, payload, self._clock(), ack))

    def _run(self) -> None:
        try:
            while (messages := self._waiting.take()) is not None:
                self._take_in(messages)
        except Exception:
            log.critical("taking in has stopped", exc_info=True)
            self.failed.set()
            self._waiting.end()
        finally:
            self._writer.put(None)

    def _take_in(self, messages: list[Message]) -> None:
        """Put messages in line to be stored, and hand them on. A message that we fail on is put away by itself."""
        try:
            batch, handed = self._prepare(messages)
        except Exception:
            if len(messages) > 1:
                for message in messages:
                    self._take_in([message])
                return
            log.exception("a message could not be taken in, and goes to quarantine")
            batch, handed = Batch(), []
            self._tally.messages += 1
            self._refuse(messages[0], None, batch)
        batch.acks = [message.ack for message in messages]
        batch.size = sum(len(message.payload) for message in messages)
        self._writer.put(batch)
        if handed and not self.failed.is_set():
            try:
                self._on_received(handed)
            except Exception:
                log.critical("packets cannot be handed on; they are stored", exc_info=True)
                self.failed.set()

    def _prepare(self, messages: list[Message]) -> tuple[Batch, list[tuple[Received, str | None]]]:
        """Decode, map and judge messages: what is to be stored, and what is to be handed on."""
        batch, handed, tally = Batch(), [], self._tally
        decoded = decode_many([message.payload for message in messages])
        samples = repaired = dropped = unassigned = late = 0
        refused: list[tuple[Message, WireError]] = []
        for i, message in enumerate(messages):
            packet = _agreed(message.topic, decoded.packets[i])
            if isinstance(packet, WireError):
                refused.append((message, packet))
                continue
            received = self._mapped(packet, message, decoded.arrays[i])
            end_s = received.utc_s(packet.tick_us)
            admission = self._admit(packet.band, end_s)
            if admission.verdict is Verdict.DROP:
                batch.dropped.append((packet.band, packet.boot, packet.seq))
                if packet.lost is not None:
                    batch.lost.append((packet.band, packet.boot, *packet.lost))
                dropped += 1
                continue
            batch.received.append(received)
            handed.append((received, admission.wearer))
            samples += decoded.samples[i]
            repaired += decoded.repaired[i]
            unassigned += admission.wearer is None
            late += message.received_s - end_s > LATE_S
        for message, error in refused:
            self._refuse(message, error, batch)
        tally.messages += len(messages)
        tally.samples += samples
        tally.repaired += repaired
        tally.dropped += dropped
        tally.unassigned += unassigned
        tally.late += late
        return batch, handed

    def _mapped(self, packet: Packet, message: Message, arrays: Mapping[str, Array]) -> Received:
        with self._clocks_lock:
            offset_s = self._clocks.map(packet, message.received_s)
        return Received(packet, offset_s, message.received_s, message.payload, arrays)

    def _refuse(self, message: Message, error: WireError | None, batch: Batch) -> None:
        """Put a message in line for quarantine; what may be of somebody who has not consented is not kept."""
        name = _name(message.topic, message.payload)
        if self._may_not_be_kept(message):
            batch.dropped += [] if name is None else [name]
            self._tally.dropped += 1
            return
        reason = OURS if error is None else str(error)
        self._complaints.hear(message.topic, reason, time.monotonic())
        self._tally.refuse(error)
        batch.refused.append(Refused(message.topic, message.payload, reason, message.received_s, name))

    def _may_not_be_kept(self, message: Message) -> bool:
        """Whether the wearer of the band that the topic names, by now, has not consented."""
        try:
            band = band_of(message.topic)
        except WireError:
            return False
        return self._admit(band, message.received_s).verdict is Verdict.DROP


def _agreed(topic: str, packet: Packet | WireError) -> Packet | WireError:
    """The packet, if its topic is one of ours and names the same band, and no number to come is lost; else why not."""
    try:
        band = band_of(topic)
    except WireError as error:
        return error
    if isinstance(packet, Packet) and packet.band != band:
        reason = f"band: the topic names {band}, the packet {packet.band}; publish on the band's own topic"
        return WireError(reason, kind="band")
    if isinstance(packet, Packet) and packet.lost is not None and packet.lost[1] >= packet.seq:
        reason = (
            f"lost: {packet.lost[0]} to {packet.lost[1]} must lie below seq {packet.seq}: what follows may still come"
        )
        return WireError(reason)
    return packet


def _name(topic: str, payload: bytes) -> Name | None:
    """What a refused message says it is, where its topic agrees: one band cannot speak for another."""
    name = name_of(payload)
    try:
        return name if name is not None and name[0] == band_of(topic) else None
    except WireError:
        return None
