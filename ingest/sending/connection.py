"""A broker in, an MQTT client that stays connected and notes of what happens to it out. paho."""

import contextlib
import logging
import math
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.errors import SourceError
from ingest.sending.broker import Broker
from ingest.sending.tls import TlsClient

log = logging.getLogger(__name__)

KEEPALIVE_S: Final = 20
RECONNECT_MIN_S: Final = 1
RECONNECT_MAX_S: Final = 5  # a carer cannot wait for a minute of back-off
LOOK_S: Final = 0.02  # how often whoever waits for a broker looks up
SILENT: Final = "ends each connection before it has said a word"
SHORT_S: Final = 5.0  # a connection that ends sooner was not ended by a network
SHORT_MAX: Final = 3  # of them in a row have a reason that somebody should look into
LEAVE_S: Final = 2.0  # for a message that is waited for to leave, and for a connection to end


@dataclass(frozen=True, slots=True)
class Online:
    """A broker has taken us in."""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The broker has taken up all topics: what it keeps of them comes next."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A PUBACK came for message ``mid``."""

    mid: int


@dataclass(frozen=True, slots=True)
class Heard:
    """A message came at ``at_s`` [s, UTC by our clock]; ``retained``: the broker had it from before."""

    topic: str
    payload: bytes
    retained: bool
    at_s: float


class Connection:
    """One client of a broker, its callbacks reduced to notes, each handed to ``tell`` on paho's thread: ``tell`` must
    return at once, and raise nothing. Connects in the background, for ever.

    ``will`` gives topic and payload of the Last Will, retained, anew for each connection. A message published at QoS 1
    that is under way when a connection breaks is sent again by the next. Raises SourceError where the file of the
    broker's authority cannot be read.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        topics: Sequence[str],
        tell: Callable[[object], None],
        will: Callable[[], tuple[str, bytes]] | None = None,
    ) -> None:
        self._broker = broker
        self._topics = [(topic, 1) for topic in topics]
        self._tell = tell
        self._will = will
        self._online = threading.Event()
        self._refused: str | None = None
        self._missing = False
        self._short = 0
        self._since_s = math.inf
        self._state = "does not answer"
        self._socket: socket.socket | None = None
        client = self._client = TlsClient(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
        client.secure(broker)
        if broker.username is not None:
            client.username_pw_set(broker.username, broker.password)
        client.max_inflight_messages_set(0)  # no bound of its own: whoever publishes keeps one
        client.max_queued_messages_set(0)
        client.reconnect_delay_set(RECONNECT_MIN_S, RECONNECT_MAX_S)
        client.on_pre_connect = self._before
        client.on_socket_open = self._opened
        client.on_connect = self._connected
        client.on_connect_fail = self._unreachable
        client.on_disconnect = self._disconnected
        client.on_subscribe = self._subscribed
        client.on_publish = self._published
        client.on_message = self._received

    @property
    def online(self) -> bool:
        """Whether a broker has taken us in."""
        return self._online.is_set()

    def start(self) -> None:
        """Look for the broker, now and whenever the connection breaks."""
        self._client.connect_async(self._broker.host, self._broker.port, keepalive=KEEPALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnect in good order, the Last Will unsaid; a broker that takes nothing more is waited for briefly."""
        self._client.disconnect()
        late = threading.Timer(LEAVE_S, self._break_off)
        late.start()
        self._client.loop_stop()
        late.cancel()
        self._online.clear()

    def wait_online(self, timeout_s: float) -> None:
        """Wait until a broker has taken us in. Raises SourceError where nobody listens there, it refuses us, or says
        nothing in time. It is looked for all the same."""
        until_s = time.monotonic() + timeout_s
        while not self._online.wait(LOOK_S):
            if self._refused is not None:
                raise SourceError(f"{self._broker}: {self._refused}: look at user and password")
            if self._client.trouble is not None:
                raise SourceError(f"{self._broker}: {self._client.trouble}")
            if self._missing or time.monotonic() >= until_s:
                raise SourceError(
                    f"{self._broker}: {self._state}: start one (forecalm broker) or say where it is (host and port)"
                )

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> int:
        """Send a message; return the number by which ``Acknowledged`` will name it."""
        return self._client.publish(topic, payload, qos=qos, retain=retain).mid

    def publish_and_wait(self, topic: str, payload: bytes) -> None:
        """Send a retained message, and where there is a broker wait, not for ever, until it has it."""
        message = self._client.publish(topic, payload, qos=1, retain=True)
        if message.rc is MQTTErrorCode.MQTT_ERR_SUCCESS:
            message.wait_for_publish(LEAVE_S)

    def _opened(self, _: Client, __: object, opened: object) -> None:
        if isinstance(opened, socket.socket):
            self._socket = opened
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # Nagle holds a second's packet back for 40 ms

    def _break_off(self) -> None:
        """End a connection that paho would wait for until its keepalive has passed.

        It is TCP's that ends: a TLS socket's own ``shutdown`` would let a last word of paho's thread out in the clear.
        """
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it is closed already
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _before(self, client: Client, _: object) -> None:
        if self._will is not None:
            topic, payload = self._will()
            client.will_set(topic, payload, qos=1, retain=True)

    def _connected(
        self, client: Client, _: object, __: ConnectFlags, reason: ReasonCode, ___: Properties | None
    ) -> None:
        if reason.is_failure:
            self._refused = str(reason)
            self._change(f"refuses us: {reason}")
            return
        self._refused, self._missing = None, False
        self._since_s = time.monotonic()
        if self._short < SHORT_MAX:
            self._change("connected", level=logging.INFO)
        if self._topics:
            client.subscribe(self._topics)
        self._online.set()
        self._tell(Online())

    def _disconnected(
        self, _: Client, __: object, ___: DisconnectFlags, reason: ReasonCode, ____: Properties | None
    ) -> None:
        was = self.online
        self._online.clear()
        if was and reason.is_failure:
            self._short = self._short + 1 if time.monotonic() - self._since_s < SHORT_S else 0
            self._change(
                f"lost ({reason}); what is not stored is kept"
                if self._short < SHORT_MAX
                else f"cut off within {SHORT_S:.0f} s again and again: may user {self._broker.username!r} say and hear"
                " what we do? A gateway's user must be called as the gateway is (mosquitto.acl)"
            )
        elif not was and self._refused is None and reason.is_failure:
            self._change(SILENT if self._broker.tls else f"{SILENT}; if it is a port for TLS, set mqtt.tls (--tls)")

    def _unreachable(self, _: Client, __: object) -> None:
        self._missing = self._client.trouble is None
        self._change(self._client.trouble or "nobody answers there")

    def _subscribed(self, _: Client, __: object, ___: int, ____: list[ReasonCode], _____: Properties) -> None:
        self._tell(Subscribed())

    def _published(self, _: Client, __: object, mid: int, ___: ReasonCode, ____: Properties) -> None:
        if self._short and time.monotonic() - self._since_s >= SHORT_S:
            self._short = 0
            self._change("connected", level=logging.INFO)
        self._tell(Acknowledged(mid))

    def _received(self, _: Client, __: object, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:  # no topic of ours
            return
        self._tell(Heard(topic, bytes(message.payload), message.retain, time.time()))

    def _change(self, state: str, level: int = logging.WARNING) -> None:
        """Log a state once, however often it is tried again."""
        if state != self._state:
            log.log(level, "%s: %s", self._broker, state)
        self._state = state
