"""Packets and news of a gateway in, on a broker and kept until the service says that they are stored out."""

import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from ingest.control.messages import (
    TEXT_MAX,
    BandEvent,
    Command,
    EventKind,
    GatewayStatus,
    Nearby,
    Roster,
    Seen,
    band_status_topic,
    band_topic,
    encode_message,
    gateway_topic,
)
from ingest.control.standing import Standing
from ingest.errors import SpoolError, WireError
from ingest.sending.boots import Key
from ingest.sending.broker import Broker
from ingest.sending.connection import Acknowledged, Connection, Heard, Online
from ingest.sending.news import News, OfBand, Saying
from ingest.sending.orders import OldStatus, Order, Orders, Rule, Watermark
from ingest.sending.pace import Pace
from ingest.sending.spool import Contents, Spool
from ingest.wire import Packet, Stored, data_topic, encode

log = logging.getLogger(__name__)

GROUP_S: Final = 0.05  # between two commits: one fsync for all bands' packets, and 50 ms later at worst
GROUP_MAX: Final = 1_000  # notes taken up at once: bounds what a commit holds, and how long nobody hears of it
LOOK_S: Final = 0.05  # how often it is looked for what is due, where nothing happens
OVERDUE_S: Final = 0.25  # how often for what stands still
STATUS_S: Final = 10.0  # between two statuses of which nothing but numbers changes
TOLD_S: Final = 1.0  # between two times that what is stored is noted on disk where no packet comes: both come again
LIVE_MAX: Final = 2_000  # packets without a PUBACK before new ones wait their turn: bounds memory
BACKLOG_MAX: Final = 100  # of which sent again: what is new has at most so many before it in any queue
IDLE_S: Final = 600.0  # between two commits where nothing is to be written: the file's log is emptied then
GRACE_S: Final = 0.5  # after connecting, for the broker to say what is stored, before anything old is sent
RESEND_HZ: Final = 500.0  # packets sent again in a second: a day of a band in three minutes, and no flood
QUEUED_MAX: Final = 50_000  # packets taken in and not yet kept: beyond, the disk has stood still for minutes
COMPLAINTS_MAX: Final = 1_000  # topics complained of


@dataclass(frozen=True, slots=True)
class Sendings:
    """What has happened so far: ``publishes`` counts packets published, ``resent`` those among them that came out of
    what was kept, ``acknowledged`` PUBACKs; and what is kept."""

    publishes: int
    resent: int
    acknowledged: int
    spool: Contents


def _nothing(*_: object) -> None:
    """Nobody wants to hear."""


class Sender:
    """One connection for all bands of a gateway, and what is kept behind it. Use as a context manager.

    Every method may be called from any thread and returns at once, except where it says that it waits. The callbacks
    are called on the sender's own thread, and must return soon: ``on_stored(band, stored)`` with every watermark,
    ``on_roster(roster, retained)`` with every roster, ``on_command(command, band)`` with every command that is not out
    of date, once, ``band`` None for one to the gateway itself. What they raise is logged. ``clock`` gives UTC seconds.
    ``resend_hz`` bounds how many packets are sent again in a second. Entering returns at once too: the broker is looked
    for in the background, for ever. Leaving says good-bye, and closes the spool. ``failed`` is set if the thread has
    ended by an error of our own: then nobody should rely on us any longer.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        site: str,
        gateway: str,
        spool: Spool,
        on_stored: Callable[[str, Stored], None] = _nothing,
        on_roster: Callable[[Roster, bool], None] = _nothing,
        on_command: Callable[[Command, str | None], None] = _nothing,
        version: str = "",
        resend_hz: float = RESEND_HZ,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Raises WireError for a site or a gateway that no topic may hold."""
        self.failed = threading.Event()
        self._site, self._gateway = site, gateway
        self._spool = spool
        self._hears = (on_stored, on_roster, on_command)
        self._version = version
        self._clock = clock
        self._notes: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._status_topic = gateway_topic(site, gateway, "status")
        self._orders = Orders(site, gateway)
        self._connection = Connection(
            broker,
            topics=self._orders.topics,
            tell=self._notes.put,
            will=lambda: (self._status_topic, self._status(online=False)),
        )
        self._saying = Saying(self._connection)
        self._topics: dict[str, str] = {}
        self._flying: dict[int, tuple[Key, int]] = {}
        self._backlog_flying: set[int] = set()
        self._complained: set[str] = set()
        self._radio: tuple[int | None, int, int] = (None, 0, 0)
        self._since_us = 0
        self._publishes = self._resent = self._acknowledged = 0
        self._backlog_from_s = math.inf
        self._committed_s = self._looked_s = self._status_s = time.monotonic()
        self._pace = Pace(hz=resend_hz, burst=BACKLOG_MAX, now_s=self._committed_s)
        self._room = threading.Event()
        self._moved = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)

    def __enter__(self) -> "Sender":
        self._since_us = self._now_us()
        self._spool.resume(time.monotonic())
        self._connection.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._notes.put(None)
        self._thread.join()
        self._connection.publish_and_wait(self._status_topic, self._status(online=False))
        self._connection.stop()
        self._spool.close()

    def wait_online(self, timeout_s: float) -> None:
        """Wait until the broker has taken us in. Raises SourceError, naming broker, reason and mend, where it refuses
        us, or is not there in time."""
        self._connection.wait_online(timeout_s)

    @property
    def online(self) -> bool:
        """Whether there is a broker."""
        return self._connection.online

    def send(self, packet: Packet) -> None:
        """Keep a packet, then publish it: on disk first. ``gateway`` is filled in, ``sent_us`` too; ``heard_us`` is
        the caller's. A packet that is kept already is not taken again.

        Raises WireError where no topic may hold its band, SpoolError where nothing more can be taken in.
        """
        if packet.band not in self._topics:
            self._topics[packet.band] = data_topic(self._site, packet.band)
        if self.failed.is_set() or self._notes.qsize() > QUEUED_MAX:
            raise SpoolError(f"band {packet.band}: nothing more can be kept: the disk stands still; look at it")
        self._notes.put(msgspec.structs.replace(packet, gateway=packet.gateway or self._gateway))

    def status(self, *, radio_us: int | None, links: int, links_max: int) -> None:
        """How the radio does; published at once if it differs in links, else with the next of every 10 s."""
        before, self._radio = self._radio, (radio_us, links, links_max)
        if before[1:] != self._radio[1:]:
            self._notes.put(self._own_status())

    def band_status(self, band: str, standing: Standing) -> None:
        """How this gateway stands with a band: the newest is what a broker that comes back is told."""
        status = standing.said(gateway=self._gateway, at_us=self._now_us())
        self._notes.put(OfBand(band_status_topic(self._site, band, self._gateway), status))

    def forget_band(self, band: str) -> None:
        """This gateway has nothing to do with a band any more: its status is emptied."""
        self._notes.put(OfBand(band_status_topic(self._site, band, self._gateway), None))

    def event(
        self, band: str, kind: EventKind, *, at_us: int, boot: int | None = None, tick_us: int | None = None
    ) -> None:
        """What somebody did to a band. Waits in memory for a broker: the newest thousand."""
        event = BandEvent(v=1, at_us=at_us, gateway=self._gateway, band=band, kind=kind, boot=boot, tick_us=tick_us)
        topic = band_topic(self._site, band, "event")
        self._notes.put(News(topic, encode_message(event), retain=False, waits=True))

    def nearby(self, bands: Sequence[Seen]) -> None:
        """Who is on the radio; gone where there is no broker."""
        message = Nearby(v=1, at_us=self._now_us(), gateway=self._gateway, bands=list(bands))
        topic = gateway_topic(self._site, self._gateway, "nearby")
        self._notes.put(News(topic, encode_message(message), retain=False, waits=False))

    def stored(self, band: str) -> list[Stored]:
        """What the service has said that it has of a band, of every boot that it spoke of, also before a restart."""
        return self._spool.said(band)

    def kept(self, band: str, boot: int) -> list[tuple[int, int]]:
        """The runs of numbers of a boot that are kept here, first and last of each: no band need be asked for these."""
        return self._spool.kept(band, boot)

    def sendings(self) -> Sendings:
        """The account so far."""
        return Sendings(self._publishes, self._resent, self._acknowledged, self._spool.contents())

    def wait_room(self, timeout_s: float) -> bool:
        """Wait until few enough packets are under way that more would not pile up; for senders without a pace."""
        if self._notes.qsize() < GROUP_MAX and len(self._flying) < LIVE_MAX // 2:
            return True
        self._room.clear()
        return self._room.wait(timeout_s)

    def drain(self, stop: threading.Event, *, patience_s: float = 10.0) -> int:
        """Wait until everything is stored, or nothing has moved for ``patience_s``, or ``stop`` is set; return how many
        packets are not known to be stored."""
        before, moved_s = -1, time.monotonic()
        while not stop.is_set() and not self.failed.is_set():
            moved = self._moved + self._notes.qsize()
            if moved != before:
                before, moved_s = moved, time.monotonic()
            elif not self._spool.contents().packets or time.monotonic() - moved_s >= patience_s:
                break
            stop.wait(LOOK_S)
        return self._spool.contents().packets

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._step(self._gather())
            self._step(self._rest())
        except Exception:
            log.critical("sending has stopped; what is on disk is kept", exc_info=True)
            self.failed.set()

    def _gather(self) -> list[object]:
        """Wait for something to do, not for ever; while the disk has just written, for company."""
        notes: list[object] = []
        until_s = time.monotonic() + (0.0 if self._may_resend() else LOOK_S)
        while len(notes) < GROUP_MAX:
            try:
                note = self._notes.get(timeout=max(until_s - time.monotonic(), 0.0))
            except queue.Empty:
                break
            if note is None:
                break
            until_s = 0.0 if not isinstance(note, Packet) else self._committed_s + GROUP_S
            notes.append(note)
        return notes

    def _rest(self) -> list[object]:
        notes: list[object] = []
        while not self._notes.empty():
            notes.append(self._notes.get())
        return notes

    def _step(self, notes: list[object]) -> None:
        now_s = time.monotonic()
        packets = [note for note in notes if isinstance(note, Packet)]
        new = [packet for packet in packets if self._spool.add(packet, now_s)]
        self._commit(now_s, at_once=bool(new))
        self._publish_new(new, now_s)
        for note in notes:
            match note:
                case Acknowledged(mid):
                    self._acknowledge(mid)
                case Online():
                    self._come_online(now_s)
                case Heard():
                    self._hear(note, now_s)
                case News():
                    self._saying.say(note)
                case OfBand():
                    self._saying.say_of_band(note)
        self._resend(now_s)
        if now_s - self._status_s >= STATUS_S:
            self._status_s = now_s
            self._saying.say(self._own_status())
        if not self._room.is_set() and self._notes.qsize() < GROUP_MAX and len(self._flying) < LIVE_MAX // 2:
            self._room.set()

    def _commit(self, now_s: float, *, at_once: bool) -> None:
        since_s = now_s - self._committed_s
        if at_once or since_s >= IDLE_S or (since_s >= TOLD_S and self._spool.unwritten()):
            self._spool.commit()
            self._committed_s = now_s

    def _publish_new(self, packets: list[Packet], now_s: float) -> None:
        for packet in packets:
            if self.online and len(self._flying) < LIVE_MAX:
                self._publish(packet, now_s)
            elif self.online:
                self._spool.wait(packet)
            self._moved += 1

    def _publish(self, packet: Packet, now_s: float) -> int:
        lost = self._spool.declare(packet, now_s)
        payload = encode(msgspec.structs.replace(packet, sent_us=self._now_us(), lost=lost))
        topic = self._topics.setdefault(packet.band, data_topic(self._site, packet.band))
        mid = self._connection.publish(topic, payload)
        self._flying[mid] = (packet.band, packet.boot), packet.seq
        self._publishes += 1
        return mid

    def _acknowledge(self, mid: int) -> None:
        if self._flying.pop(mid, None) is not None:
            self._acknowledged += 1
            self._moved += 1
        self._backlog_flying.discard(mid)

    def _come_online(self, now_s: float) -> None:
        """Say who we are, and let all that is kept wait to be sent, but for what the connection itself sends again."""
        self._saying.say(self._own_status())
        self._saying.say_again()
        self._backlog_from_s = now_s + GRACE_S
        kept = self._spool.reconnect(now_s, flying=list(self._flying.values()))
        if kept:
            log.info("connected: %d packets that nobody said are stored are sent", kept)

    def _may_resend(self) -> bool:
        return (
            self.online and self._spool.any_waits() and len(self._backlog_flying) < BACKLOG_MAX and self._pace.room > 0
        )

    def _resend(self, now_s: float) -> None:
        self._pace.pass_time(now_s)
        if not self.online or now_s < self._backlog_from_s:
            return
        if now_s - self._looked_s >= OVERDUE_S:
            self._looked_s = now_s
            self._spool.look(now_s)
        room = min(BACKLOG_MAX - len(self._backlog_flying), self._pace.room)
        for packet in self._spool.take(room, now_s):
            self._backlog_flying.add(self._publish(packet, now_s))
            self._pace.spend()
            self._resent += 1

    def _hear(self, heard: Heard, now_s: float) -> None:
        try:
            said = self._orders.read(heard, self._now_us())
        except WireError as error:
            if heard.topic not in self._complained and len(self._complained) < COMPLAINTS_MAX:
                log.warning("%s: not understood: %s", heard.topic, error)
                self._complained.add(heard.topic)
            return
        on_stored, on_roster, on_command = self._hears
        match said:
            case Watermark(band, stored, retained):
                self._spool.stored(band, stored, now_s, retained=retained)
                self._moved += 1
                _call(on_stored, band, stored)
            case Rule(roster, retained):
                _call(on_roster, roster, retained)
            case Order(command, band):
                _call(on_command, command, band)
            case OldStatus(topic):
                self._saying.take_back(topic)

    def _own_status(self) -> News:
        return News(self._status_topic, self._status(online=True), retain=True, waits=False)

    def _status(self, *, online: bool) -> bytes:
        radio_us, links, links_max = self._radio
        spool = self._spool.contents()
        status = GatewayStatus(
            v=1,
            at_us=self._now_us(),
            online=online,
            version=self._version,
            since_us=self._since_us,
            radio_us=radio_us,
            links=links,
            links_max=links_max,
            kept_packets=spool.packets,
            kept_bytes=spool.size,
            kept_max_bytes=spool.limit,
            let_go=spool.let_go,
            trouble=(spool.trouble or "")[:TEXT_MAX],
        )
        return encode_message(status)

    def _now_us(self) -> int:
        return round(self._clock() * 1e6)


def _call(hear: Callable[..., None], *said: object) -> None:
    """Tell somebody, whose errors are not ours."""
    try:
        hear(*said)
    except Exception:
        log.exception("what was heard could not be taken up")
