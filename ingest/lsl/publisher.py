"""Packets of live sources in, on a broker and kept until they are stored out: what a gateway does. paho, QoS 1."""

import logging
import queue
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.errors import SourceError
from ingest.lsl.spool import LslSpool
from ingest.wire import Packet, Stored, all_stored_topic, data_topic, encode, stored_topic

log = logging.getLogger(__name__)

CONNECT_S: Final = 10.0  # a broker that does not answer by then is not there
LOOK_S: Final = 0.05  # how often a waiting publisher looks up
KEEPALIVE_S: Final = 20
WINDOW: Final = 500  # messages without a PUBACK before more are sent again: bounds paho's memory
DRAIN_S: Final = 10.0  # how long the end waits, without any progress, for what is not known to be stored


class Publisher:
    """One connection for all bands of a gateway, and the spool behind it. Use as a context manager; one thread calls.

    Entering raises SourceError where the broker cannot be reached or refuses us; later losses are waited out.
    ``clock`` gives UTC seconds.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        site: str,
        username: str,
        password: str,
        spool: LslSpool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.spool = spool
        self.resent = 0
        self._host, self._port, self._site = host, port, site
        self._clock = clock
        self._online = threading.Event()
        self._refused: str | None = None
        self._reconnected = False
        self._again: deque[Packet] = deque()
        self._topics: dict[str, str] = {}
        self._said: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        self._published = self._acknowledged = 0
        client = self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
        client.username_pw_set(username, password)
        client.max_inflight_messages_set(WINDOW)
        client.max_queued_messages_set(0)
        client.reconnect_delay_set(1, 5)
        client.on_socket_open = _send_at_once
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message

    def __enter__(self) -> "Publisher":
        at = f"broker {self._host}:{self._port}"
        try:
            self._client.connect(self._host, self._port, keepalive=KEEPALIVE_S)
        except (OSError, ValueError) as error:
            raise SourceError(f"{at}: {error}: start one (forecalm broker) or say where it is") from None
        self._client.loop_start()
        deadline = time.monotonic() + CONNECT_S
        while not self._online.wait(LOOK_S):
            if self._refused is not None or time.monotonic() > deadline:
                self.__exit__()
                raise SourceError(f"{at}: {self._refused or 'does not answer'}")
        self._reconnected = False
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def send(self, packet: Packet) -> None:
        """Keep a packet, and publish it if there is a broker. Raises WireError where no topic may hold its band."""
        self._topics.setdefault(packet.band, data_topic(self._site, packet.band))
        packet = self.spool.add(packet, time.monotonic())
        if self._online.is_set():
            self._publish(packet)

    def look(self) -> None:
        """Take in what is stored; send again what a reconnection, or a watermark that stands still, calls for."""
        now_s = time.monotonic()
        while not self._said.empty():
            self._take_in(*self._said.get(), now_s)
        if not self._online.is_set():
            return
        if self._reconnected:
            self._reconnected = False
            self._again = deque(self.spool.due(now_s, everything=True))
        elif not self._again:
            self._again.extend(self.spool.due(now_s))
        while self._again and self._published - self._acknowledged < WINDOW:
            self._publish(self._again.popleft())
            self.resent += 1

    def drain(self, stop: threading.Event) -> int:
        """Wait until everything is stored, and return what is not known to be; ``stop`` ends the waiting."""
        left, moved_s = len(self.spool), time.monotonic()
        while len(self.spool) and time.monotonic() - moved_s < DRAIN_S:
            self.look()
            if len(self.spool) < left:
                left, moved_s = len(self.spool), time.monotonic()
            if stop.wait(LOOK_S):
                break
        return len(self.spool)

    def _publish(self, packet: Packet) -> None:
        self._published += 1
        payload = encode(msgspec.structs.replace(packet, sent_us=round(self._clock() * 1e6)))
        self._client.publish(self._topics[packet.band], payload, qos=1)

    def _take_in(self, topic: str, payload: bytes, now_s: float) -> None:
        band = next((band for band in self._topics if stored_topic(self._site, band) == topic), None)
        if band is None:
            return
        try:
            self.spool.stored(band, msgspec.json.decode(payload, type=Stored), now_s)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            log.warning("%s: not a watermark", topic)

    def _on_connect(
        self, client: Client, _: object, __: ConnectFlags, reason: ReasonCode, ___: Properties | None
    ) -> None:
        if reason.is_failure:
            self._refused = str(reason)
            log.warning("broker %s:%d: %s", self._host, self._port, reason)
            return
        client.subscribe(all_stored_topic(self._site), qos=1)
        self._reconnected = True
        self._online.set()

    def _on_disconnect(
        self, _: Client, __: object, ___: DisconnectFlags, reason: ReasonCode, ____: Properties | None
    ) -> None:
        self._online.clear()
        self._published = self._acknowledged = 0  # what was under way is sent again anyhow
        if reason.is_failure:
            log.warning("lost the broker (%s); packets are kept until it is back", reason)

    def _on_publish(self, _: Client, __: object, ___: int, ____: ReasonCode, _____: Properties) -> None:
        self._acknowledged += 1

    def _on_message(self, _: Client, __: object, message: MQTTMessage) -> None:
        self._said.put((message.topic, bytes(message.payload)))


def _send_at_once(_: Client, __: object, sock: object) -> None:
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # Nagle would hold a second's packet back for 40 ms
