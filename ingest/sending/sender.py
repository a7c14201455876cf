"""Packets and news of a gateway in, on a broker and kept until the service says that they are stored out."""

import logging
import math
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from ingest.control.messages import (
    TEXT_MAX,
    BandEvent,
    BandStatus,
    Command,
    GatewayStatus,
    Nearby,
    Roster,
    Seen,
    band_status_topic,
    band_topic,
    decode_message,
    encode_message,
    gateway_topic,
    named_in,
    roster_topic,
)
from ingest.errors import SpoolError, WireError
from ingest.sending.broker import Broker
from ingest.sending.connection import Acknowledged, Connection, Heard, Online
from ingest.sending.keeping import Key
from ingest.sending.spool import Contents, Spool
from ingest.wire import Packet, Stored, all_stored_topic, data_topic, encode

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
EVENTS_MAX: Final = 1_000  # events that wait for a broker
COMMANDS_MAX: Final = 256  # ids of commands remembered, as QoS 1 may say them twice

BandState = Literal["connected", "connecting", "lost", "refused", "released"]
EventKind = Literal["double_tap", "button", "put_on", "taken_off", "charging", "off_charger"]


@dataclass(frozen=True, slots=True)
class Sendings:
    """What has happened so far: ``publishes`` counts packets published, ``resent`` those among them that came out of
    what was kept, ``acknowledged`` PUBACKs; and what is kept."""

    publishes: int
    resent: int
    acknowledged: int
    spool: Contents


@dataclass(frozen=True, slots=True)
class _News:
    """A message that is neither a packet nor the status of a band."""

    topic: str
    payload: bytes
    retain: bool
    waits: bool  # for a broker


@dataclass(frozen=True, slots=True)
class _OfBand:
    """How this gateway stands with a band, and where that is said; None: it has nothing to do with it any more."""

    topic: str
    status: BandStatus | None


def _nothing(*_: object) -> None:
    """Nobody wants to hear."""


class Sender:
    """One connection for all bands of a gateway, and what is kept behind it. Use as a context manager.

    Every method may be called from any thread and returns at once, except where it says that it waits. The callbacks
    are called on the sender's own thread, and must return soon: ``on_stored(band, stored)`` with every watermark,
    ``on_roster(roster)`` with every roster, ``on_command(command, band)`` with every command that is not out of date,
    once, ``band`` None for one to the gateway itself. What they raise is logged. ``clock`` gives UTC seconds.
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
        on_roster: Callable[[Roster], None] = _nothing,
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
        self._resend_hz = resend_hz
        self._clock = clock
        self._notes: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._stored_topic = all_stored_topic(site)
        self._status_topic = gateway_topic(site, gateway, "status")
        self._roster_topic = roster_topic(site)
        self._bands_topic = band_status_topic(site, "+", gateway)
        commands = (band_topic(site, "+", "command"), gateway_topic(site, gateway, "command"))
        self._connection = Connection(
            broker,
            topics=[self._stored_topic, self._roster_topic, self._bands_topic, *commands],
            tell=self._notes.put,
            will=lambda: (self._status_topic, self._status(online=False)),
        )
        self._topics: dict[str, str] = {}
        self._flying: dict[int, tuple[Key, int]] = {}
        self._backlog_flying: set[int] = set()
        self._bands: dict[str, BandStatus | None] = {}  # by topic; None: to be emptied
        self._unsaid: deque[_News] = deque(maxlen=EVENTS_MAX)
        self._commands: deque[str] = deque(maxlen=COMMANDS_MAX)
        self._complained: set[str] = set()
        self._radio: tuple[int | None, int, int] = (None, 0, 0)
        self._since_us = 0
        self._publishes = self._resent = self._acknowledged = 0
        self._allowance = 0.0
        self._backlog_from_s = math.inf
        self._allowed_s = self._committed_s = self._looked_s = self._status_s = time.monotonic()
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
            self._notes.put(_News(self._status_topic, self._status(online=True), retain=True, waits=False))

    def band_status(
        self,
        band: str,
        *,
        state: BandState,
        since_us: int,
        reason: str = "",
        seen: Seen | None = None,
        backlog: int | None = None,
        bonded: int | None = None,
        adapters: int | None = None,
    ) -> None:
        """How this gateway stands with a band: the newest is what a broker that comes back is told."""
        status = BandStatus(
            v=1,
            at_us=self._now_us(),
            gateway=self._gateway,
            state=state,
            since_us=since_us,
            reason=reason,
            seen=seen,
            backlog=backlog,
            bonded=bonded,
            adapters=adapters,
        )
        self._notes.put(_OfBand(band_status_topic(self._site, band, self._gateway), status))

    def forget_band(self, band: str) -> None:
        """This gateway has nothing to do with a band any more: its status is emptied."""
        self._notes.put(_OfBand(band_status_topic(self._site, band, self._gateway), None))

    def event(
        self, band: str, kind: EventKind, *, at_us: int, boot: int | None = None, tick_us: int | None = None
    ) -> None:
        """What somebody did to a band. Waits in memory for a broker: the newest thousand."""
        event = BandEvent(v=1, at_us=at_us, gateway=self._gateway, band=band, kind=kind, boot=boot, tick_us=tick_us)
        topic = band_topic(self._site, band, "event")
        self._notes.put(_News(topic, encode_message(event), retain=False, waits=True))

    def nearby(self, bands: Sequence[Seen]) -> None:
        """Who is on the radio; gone where there is no broker."""
        message = Nearby(v=1, at_us=self._now_us(), gateway=self._gateway, bands=list(bands))
        topic = gateway_topic(self._site, self._gateway, "nearby")
        self._notes.put(_News(topic, encode_message(message), retain=False, waits=False))

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
                case _News():
                    self._say(note)
                case _OfBand(topic, status):
                    self._bands[topic] = status
                    self._say_of_band(topic)
        self._resend(now_s)
        if now_s - self._status_s >= STATUS_S:
            self._status_s = now_s
            self._say(_News(self._status_topic, self._status(online=True), retain=True, waits=False))
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
        self._say(_News(self._status_topic, self._status(online=True), retain=True, waits=False))
        for topic in list(self._bands):
            self._say_of_band(topic)
        while self._unsaid and self.online:
            news = self._unsaid.popleft()
            self._connection.publish(news.topic, news.payload)
        self._backlog_from_s = now_s + GRACE_S
        kept = self._spool.reconnect(now_s, flying=list(self._flying.values()))
        if kept:
            log.info("connected: %d packets that nobody said are stored are sent", kept)

    def _may_resend(self) -> bool:
        return (
            self.online and self._spool.any_waits() and len(self._backlog_flying) < BACKLOG_MAX and self._allowance >= 1
        )

    def _resend(self, now_s: float) -> None:
        self._allowance = min(self._allowance + (now_s - self._allowed_s) * self._resend_hz, float(BACKLOG_MAX))
        self._allowed_s = now_s
        if not self.online or now_s < self._backlog_from_s:
            return
        if now_s - self._looked_s >= OVERDUE_S:
            self._looked_s = now_s
            self._spool.look(now_s)
        room = min(BACKLOG_MAX - len(self._backlog_flying), int(self._allowance))
        for packet in self._spool.take(room, now_s):
            self._backlog_flying.add(self._publish(packet, now_s))
            self._allowance -= 1
            self._resent += 1

    def _say(self, news: _News) -> None:
        if self.online:
            self._connection.publish(news.topic, news.payload, retain=news.retain)
        elif news.waits:
            self._unsaid.append(news)

    def _say_of_band(self, topic: str) -> None:
        if not self.online:
            return
        status = self._bands[topic]
        self._connection.publish(topic, b"" if status is None else encode_message(status), retain=True)
        if status is None:
            del self._bands[topic]

    def _hear(self, heard: Heard, now_s: float) -> None:
        try:
            self._take_in(heard, now_s)
        except (WireError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            if heard.topic not in self._complained:
                log.warning("%s: not understood: %s", heard.topic, error)
                self._complained.add(heard.topic)

    def _take_in(self, heard: Heard, now_s: float) -> None:
        on_stored, on_roster, on_command = self._hears
        before, after = self._stored_topic.split("+")
        if heard.topic == self._roster_topic:
            _call(on_roster, decode_message(heard.payload, Roster))
        elif heard.topic.startswith(before) and heard.topic.endswith(after):
            band = heard.topic[len(before) : -len(after)]
            said = msgspec.json.decode(heard.payload, type=Stored)
            self._spool.stored(band, said, now_s, retained=heard.retained)
            self._moved += 1
            _call(on_stored, band, said)
        elif (named := named_in(heard.topic)) is not None and named[2] == "status":
            if heard.retained and heard.payload and heard.topic not in self._bands:  # of a life that ended without it
                self._connection.publish(heard.topic, b"", retain=True)
        elif named is not None and named[2] == "command":
            command = decode_message(heard.payload, Command)
            if command.id not in self._commands and command.expires_us >= self._now_us():
                self._commands.append(command.id)
                _call(on_command, command, named[1] if named[0] == "band" else None)

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
