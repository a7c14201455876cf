"""A broker's messages in, each with the call that acknowledges it; watermarks out. MQTT 3.1.1, QoS 1, paho."""

import logging
import math
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.mqtt_client import BulkClient
from ingest.sending.broker import Broker
from ingest.sending.connection import SILENT
from ingest.wire import Stored, bands_topic, stored_topic

log = logging.getLogger(__name__)

KEEPALIVE_S: Final = 30  # a broker that has vanished without a word is noticed within 45 s
RECONNECT_MIN_S: Final = 1
RECONNECT_MAX_S: Final = 15  # a band's spool can wait; a carer cannot wait for a minute of back-off
SHORT_S: Final = 5.0  # a connection that ends sooner was not ended by a network
SHORT_MAX: Final = 3  # of them in a row have a reason that somebody should look into
QUEUED_MAX: Final = 10_000  # watermarks waiting for a broker; the newest of each band is all that counts


class Subscriber:
    """Every band of a site. ``on_message(topic, payload, ack)`` is called on the network thread; ``ack`` may be called
    from any thread, once the message is stored, and does nothing if the connection it came by is gone: then the message
    will come again.

    The session persists on the broker under ``client_id``, so that nothing is missed while we are away. Reconnects by
    itself. ``failed`` is set if ``on_message`` has raised: that message is not acknowledged, and nobody should rely on
    us any longer. ``tls`` and ``ca`` are as in ``Broker``; raises SourceError where ``ca`` cannot be read.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        site: str,
        on_message: Callable[[str, bytes, Callable[[], None]], None],
        username: str | None = None,
        password: str | None = None,
        client_id: str,
        tls: bool = False,
        ca: str = "",
    ) -> None:
        self.connected = threading.Event()  # set while subscribed
        self.failed = threading.Event()
        self._host = host
        self._port = port
        self._site = site
        self._client_id = client_id
        self._on_message = on_message
        self._topic = bands_topic(site)
        self._before, self._after = self._topic.split("+")
        self._since_s = math.inf  # monotonic, when the connection was made
        self._tls = tls
        self._refused = False
        self._was_connected = False
        self._short = 0  # connections in a row that were cut off at once
        self._state = "not connected yet"
        self._client = BulkClient(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False, manual_ack=True
        )
        self._client.max_queued_messages_set(QUEUED_MAX)
        self._client.reconnect_delay_set(RECONNECT_MIN_S, RECONNECT_MAX_S)
        self._client.secure(Broker(host, port, tls=tls, ca=ca))
        if username is not None:
            self._client.username_pw_set(username, password)
        self._client.on_socket_open = _send_at_once
        self._client.on_connect = self._connected
        self._client.on_connect_fail = self._unreachable
        self._client.on_subscribe = self._subscribed
        self._client.on_disconnect = self._disconnected
        self._client.on_message = self._received

    def start(self) -> None:
        """Connect in the background, now and whenever the connection breaks."""
        self._client.connect_async(self._host, self._port, KEEPALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """Send what is to be sent, and disconnect; the broker keeps the session."""
        self._client.disconnect()
        self._client.loop_stop()
        self.connected.clear()

    def publish_stored(self, band: str, stored: Stored) -> None:
        """Say how far a band's packets are stored (JSON, retained); from any thread."""
        self._client.publish(stored_topic(self._site, band), msgspec.json.encode(stored), qos=1, retain=True)

    def _received(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        ack: Callable[[], None] = _nothing
        if message.qos > 0:
            ack = partial(self._client.ack_soon, self._client.connection, message.mid)
        try:
            topic = message.topic
        except UnicodeDecodeError:  # no topic of ours
            ack()
            return
        if not (topic.startswith(self._before) and topic.endswith(self._after)):
            ack()  # amqtt hands its retained watermarks to every session that comes back
            return
        try:
            self._on_message(topic, bytes(message.payload), ack)
        except Exception:  # paho would end its thread, and with it all that comes in
            log.critical("a message on %s could not be taken in", self._topic, exc_info=True)
            self.failed.set()

    def _connected(
        self, client: paho.Client, _: object, flags: paho.ConnectFlags, reason: ReasonCode, __: Properties | None
    ) -> None:
        self._refused = reason.is_failure
        if reason.is_failure:
            self._change(f"refused: {reason}; look at mqtt.username and mqtt.password")
            return
        self._since_s = time.monotonic()
        if self._was_connected and not flags.session_present:
            log.warning(
                "broker %s:%d has forgotten what it kept for us: gateways send it again", self._host, self._port
            )
        self._was_connected = True
        client.subscribe(self._topic, qos=1)

    def _subscribed(
        self, _: paho.Client, __: object, ___: int, reasons: list[ReasonCode], ____: Properties | None
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._change(f"connected, but may not subscribe to {self._topic}")
            return
        if self._short < SHORT_MAX:
            self._change("connected", level=logging.INFO)
        self.connected.set()

    def _disconnected(
        self, _: paho.Client, __: object, ___: paho.DisconnectFlags, reason: ReasonCode, ____: Properties | None
    ) -> None:
        self.connected.clear()
        self._client.forget()
        if math.isinf(self._since_s):  # it has not let us in
            if reason.is_failure and not self._refused:
                self._change(SILENT if self._tls else f"{SILENT}; if it is a port for TLS, set mqtt.tls")
            return
        self._short = self._short + 1 if time.monotonic() - self._since_s < SHORT_S else 0
        self._since_s = math.inf
        if self._short >= SHORT_MAX:
            client_id = self._client_id
            self._change(
                f"cut off within {SHORT_S:.0f} s again and again: does another service call itself {client_id}?"
            )
            return
        self._change(f"disconnected: {reason}", level=logging.WARNING if reason.is_failure else logging.INFO)

    def _unreachable(self, _: paho.Client, __: object) -> None:
        self._change(self._client.trouble or "unreachable")

    def _change(self, state: str, level: int = logging.WARNING) -> None:
        """Log a state once, however often it is tried again."""
        if state != self._state:
            log.log(level, "broker %s:%d: %s", self._host, self._port, state)
        self._state = state


def _nothing() -> None:
    """A message of QoS 0 wants no acknowledgement."""


def _send_at_once(_: paho.Client, __: object, sock: Any) -> None:  # noqa: ANN401 - paho's own type of socket
    """Without this a small message waits up to 40 ms for the answer to the one before."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
