"""A scenario in, its bands' packets on a real MQTT broker out, each at its own moment; and an exact account of them."""

import logging
import math
import queue
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import msgspec
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from device_sim.errors import PublishError, ScenarioError
from device_sim.scenario import Scenario
from device_sim.spool import Spool
from device_sim.ward import PAST_CHUNK_S, Ward, wearer_name
from ingest.types import CHANNELS
from ingest.wire import Packet, Stored, all_stored_topic, data_topic, encode, stored_topic

log = logging.getLogger(__name__)

CONNECT_S: Final = 10.0  # a broker that does not answer by then is not there
DRAIN_S: Final = 10.0  # how long the end waits without any progress for what is outstanding,
HASTE_S: Final = 0.5  # and how long if somebody wants it to stop
LOOK_S: Final = 0.1  # how often a waiting publisher looks up
WINDOW: Final = 1000  # messages without a PUBACK before the publisher waits: bounds memory where speed has no bound
KEEPALIVE_S: Final = 20
GATEWAY: Final = "simulator"  # who sends


@dataclass(frozen=True, slots=True)
class BandSent:
    """What one band sent: packets ``first_seq`` to ``last_seq`` of ``boot`` (None: none) and its samples a channel.

    A number of samples counts instants: three axes at one instant are one sample.
    """

    band: str
    wearer: str
    boot: int
    first_seq: int | None
    last_seq: int | None
    packets: int
    samples: dict[str, int]


@dataclass(frozen=True, slots=True)
class Sent:
    """The account of a run: every packet is counted once, however often it was sent.

    ``publishes`` counts messages, ``resent`` those among them that were repetitions, ``acknowledged`` PUBACKs;
    ``unstored`` packets were kept to the end because nobody said they are stored, ``let_go`` did not fit in the spool
    and were declared lost.
    ``behind_s``: by how much the worst packet missed its moment.
    """

    bands: tuple[BandSent, ...]
    publishes: int
    resent: int
    acknowledged: int
    unstored: int
    let_go: int
    behind_s: float

    @property
    def packets(self) -> int:
        return sum(band.packets for band in self.bands)

    @property
    def samples(self) -> int:
        return sum(sum(band.samples.values()) for band in self.bands)


def publish(
    scenario: Scenario,
    *,
    host: str,
    port: int,
    site: str,
    wearers: int | None = None,
    seed: int,
    speed: float = 1.0,
    seconds: float | None = None,
    username: str | None = None,
    password: str | None = None,
    boot: int | None = None,
    stop: threading.Event | None = None,
    started: Callable[[], None] | None = None,
    made: Callable[[Packet], None] | None = None,
    clock: Callable[[], float] = time.time,
) -> Sent:
    """Live through the scenario's past in silence, then publish ``seconds`` of simulated time (None: until stopped).

    ``speed`` is in simulated seconds a second; ``math.inf`` is as fast as the broker takes them. Leave ``boot`` out to
    go on where ``past_packets`` ended; see ``Ward``. Setting ``stop`` ends the run within a second; without one SIGINT
    and SIGTERM do the same (in the main thread). ``started`` is called once, when the broker was reached and the past
    is over; ``made`` with every packet as it is kept: without ``sent_us``, which is each publication's own. ``clock``
    (UTC, s) is read as each packet is made, and as it is published.

    Raises PublishError if the broker cannot be reached or refuses us (later losses are waited out), and ScenarioError,
    naming the argument, for a speed, seconds, a seed, a boot or a number of wearers that cannot be.
    """
    if not speed > 0:
        raise ScenarioError(f"speed: must be more than 0, got {speed}")
    if seconds is not None and not seconds >= 0:
        raise ScenarioError(f"seconds: must be 0 or more, got {seconds}")
    ward = Ward(scenario, wearers=wearers, seed=seed, boot=boot)
    with _stopping(stop) as halt, _Gateway(ward, site=site, made=made, clock=clock) as gateway:
        gateway.connect(host, port, username, password)
        while ward.now_s < 0 and not halt.is_set():
            ward.skip(min(PAST_CHUNK_S, -ward.now_s))
        if started is not None:
            started()
        _play(ward, gateway, speed, seconds, halt)
        gateway.drain(halt)
        return gateway.account()


def _play(ward: Ward, gateway: "_Gateway", speed: float, seconds: float | None, halt: threading.Event) -> None:
    began: float | None = None
    while not halt.is_set() and (seconds is None or ward.now_s < seconds):
        second = ward.now_s
        packets = [of_band[0] for of_band in ward.push(1).packets]
        began = time.monotonic() if began is None else began  # not before the first second: it may have been compiled
        since = packets[0].seq - second
        dues = [band.due_s(packet.seq, since=since) for band, packet in zip(ward.bands, packets, strict=True)]
        for row in sorted(range(len(packets)), key=dues.__getitem__):
            if not gateway.wait_until(began + dues[row] / speed, halt, paced=not math.isinf(speed)):
                return
            gateway.send(row, packets[row])


@contextmanager
def _stopping(stop: threading.Event | None) -> Iterator[threading.Event]:
    if stop is not None or threading.current_thread() is not threading.main_thread():
        yield stop or threading.Event()
        return
    halt = threading.Event()
    before = {number: signal.signal(number, lambda *_: halt.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield halt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Gateway:
    """One MQTT connection for all bands, and the spool behind it; its callbacks only take notes for the publishing
    thread."""

    def __init__(
        self, ward: Ward, *, site: str, made: Callable[[Packet], None] | None, clock: Callable[[], float]
    ) -> None:
        self._ward = ward
        self._site = site
        self._made = made
        self._clock = clock
        self._topics = [data_topic(site, band.name) for band in ward.bands]
        self._rows = {stored_topic(site, band.name): row for row, band in enumerate(ward.bands)}
        self._spool = Spool(bands=len(ward.bands))
        self._again: deque[tuple[int, int]] = deque()  # what is to be sent again as soon as there is a place for it
        self._looked_s = -math.inf
        self._watermarks: queue.SimpleQueue[tuple[int, Stored, bool]] = queue.SimpleQueue()
        self._online = threading.Event()
        self._news = threading.Event()
        self._reconnected = False
        self._refused: str | None = None
        self._publishes = self._resent = self._acknowledged = 0
        self._behind_s = 0.0
        self._first = [0] * len(ward.bands)
        self._packets = [0] * len(ward.bands)
        self._samples: list[dict[str, int]] = [{} for _ in ward.bands]
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
        self._client.max_inflight_messages_set(WINDOW)
        self._client.max_queued_messages_set(0)
        self._client.reconnect_delay_set(1, 5)
        self._client.on_socket_open = _send_at_once
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish
        self._client.on_message = self._on_message

    def __enter__(self) -> "_Gateway":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def connect(self, host: str, port: int, username: str | None, password: str | None) -> None:
        """Connect and subscribe to the watermarks; raises PublishError."""
        if username is not None:
            self._client.username_pw_set(username, password)
        try:
            self._client.connect(host, port, keepalive=KEEPALIVE_S)
        except (OSError, ValueError) as error:
            raise PublishError(f"no broker at {host}:{port}: {error}") from None
        self._client.loop_start()
        deadline = time.monotonic() + CONNECT_S
        while not self._online.wait(LOOK_S):
            if self._refused is not None or time.monotonic() > deadline:
                raise PublishError(f"broker {host}:{port}: {self._refused or 'does not answer'}")

    def send(self, row: int, packet: Packet) -> None:
        """Keep ``packet``, which has just been heard from its band, and publish it if there is a broker."""
        packet = msgspec.structs.replace(packet, gateway=GATEWAY, heard_us=self._now_us(), sent_us=None)
        packet = self._spool.add(row, packet)
        if self._packets[row] == 0:
            self._first[row] = packet.seq
        self._packets[row] += 1
        for name, samples in packet.samples().items():
            size = len(samples.values) // (2 * CHANNELS[name].axes)  # int16
            self._samples[row][name] = self._samples[row].get(name, 0) + size
        if self._made is not None:
            self._made(packet)
        if self._online.is_set():
            self._publish(row, packet)

    def wait_until(self, due: float, halt: threading.Event, *, paced: bool) -> bool:
        """Wait for the moment ``due`` (monotonic) and for a place in the window; False if told to halt meanwhile.

        A lost connection stops no band: packets go on into the spool. Without pace they would fill it, so that waits.
        """
        while not halt.is_set():
            self.look()
            left = due - time.monotonic() if paced else 0.0
            full = self._publishes - self._acknowledged >= WINDOW if self._online.is_set() else not paced
            if left > 0:
                halt.wait(min(left, LOOK_S))
            elif full:
                self._news.wait(LOOK_S)
                self._news.clear()
            else:
                self._behind_s = max(self._behind_s, -left)
                return True
        return False

    def look(self) -> None:
        """Take in the watermarks; send again what a reconnection, or a watermark that stands still, calls for, as far
        as there are places in the window."""
        now = time.monotonic()
        while not self._watermarks.empty():
            row, stored, retained = self._watermarks.get()
            self._spool.stored(row, since=stored.since, seq=stored.seq, now_s=now, retained=retained)
        if not self._online.is_set():
            return
        if self._reconnected:
            self._reconnected = False
            self._again = deque(self._spool.everything())
            log.info("connected again: sending %d packets that nobody said are stored", len(self._again))
        elif not self._again and now - self._looked_s >= LOOK_S:
            self._looked_s = now
            self._again.extend(self._spool.overdue(now))
        while self._again and self._publishes - self._acknowledged < WINDOW:
            row, seq = self._again.popleft()
            packet = self._spool.kept(row, seq)
            if packet is not None:
                self._publish(row, packet)
                self._resent += 1

    def drain(self, halt: threading.Event) -> None:
        """Wait until all is acknowledged, and stored where somebody tells; not for ever, and hardly if told to halt."""
        began = moved = time.monotonic()
        left = len(self._spool)
        while time.monotonic() < (began + HASTE_S if halt.is_set() else moved + DRAIN_S):
            self.look()
            if len(self._spool) < left:
                left, moved = len(self._spool), time.monotonic()
            acknowledged = self._acknowledged >= self._publishes and self._online.is_set() and not self._reconnected
            if acknowledged and not self._again and (self._spool.settled() or halt.is_set()):
                return
            self._news.wait(LOOK_S / 2)
            self._news.clear()
        log.warning(
            "%d messages were not acknowledged, %d packets are not known to be stored",
            self._publishes - self._acknowledged,
            len(self._spool),
        )

    def account(self) -> Sent:
        bands = []
        for row, (band, first, packets) in enumerate(zip(self._ward.bands, self._first, self._packets, strict=True)):
            first_seq, last_seq = (first, first + packets - 1) if packets else (None, None)
            wearer, samples = wearer_name(row + 1), dict(self._samples[row])
            bands.append(BandSent(band.name, wearer, band.boot, first_seq, last_seq, packets, samples))
        counts = (self._publishes, self._resent, self._acknowledged, len(self._spool), self._spool.let_go)
        return Sent(tuple(bands), *counts, self._behind_s)

    def _publish(self, row: int, packet: Packet) -> None:
        """Publish a packet that is kept, stamped with the present."""
        self._publishes += 1
        payload = encode(msgspec.structs.replace(packet, sent_us=self._now_us()))
        self._client.publish(self._topics[row], payload, qos=1)

    def _now_us(self) -> int:
        return round(self._clock() * 1e6)

    def _on_connect(
        self, client: Client, _: object, __: ConnectFlags, reason: ReasonCode, ___: Properties | None
    ) -> None:
        if reason.is_failure:
            self._refused = str(reason)
            return
        client.subscribe(all_stored_topic(self._site), qos=1)
        self._reconnected = True
        self._online.set()

    def _on_disconnect(
        self, _: Client, __: object, ___: DisconnectFlags, reason: ReasonCode, ____: Properties | None
    ) -> None:
        self._online.clear()
        if reason.is_failure:
            log.warning("lost the broker (%s); packets are kept until it is back", reason)

    def _on_publish(self, _: Client, __: object, ___: int, ____: ReasonCode, _____: Properties) -> None:
        self._acknowledged += 1
        self._news.set()

    def _on_message(self, _: Client, __: object, message: MQTTMessage) -> None:
        row = self._rows.get(message.topic)
        if row is None:
            return
        try:
            stored = msgspec.json.decode(message.payload, type=Stored)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            log.warning("%s: not a watermark", message.topic)
            return
        if stored.boot == self._ward.bands[row].boot:
            self._watermarks.put((row, stored, message.retain))
            self._news.set()


def _send_at_once(_: Client, __: object, sock: object) -> None:
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # Nagle would hold a second's packet back for 40 ms
