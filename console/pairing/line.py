"""A site's broker in, its messages with the moment of their arrival in a queue, and what is asked of gateways, out."""

import contextlib
import queue
import secrets
import time
from types import TracebackType
from typing import Final, Literal, Self

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from console.errors import PairingError
from ingest.control.messages import (
    Command,
    Roster,
    band_status_topic,
    band_topic,
    encode_message,
    gateway_topic,
    roster_topic,
)
from ingest.wire import bands_topic

REACH_S: Final = 3.0  # on the same network: who is silent longer is not there
COMMAND_S: Final = 10.0  # a command that a gateway has not had by then is old
WAITING: Final = 10_000  # messages; beyond it the oldest tell nothing about now


class Line:
    """A connection of its own: nothing is kept for it while it is away. Raises PairingError where nobody answers."""

    def __init__(self, *, host: str, port: int, username: str, password: str, site: str) -> None:
        self.heard: queue.Queue[tuple[str, bytes, float]] = queue.Queue(WAITING)
        self.subscribed = False
        self._site, self._where = site, f"{host}:{port}"
        self._host, self._port, self._name = host, port, username
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"forecalm-pairing-{secrets.token_hex(6)}",
            protocol=MQTTProtocolVersion.MQTTv311,
            clean_session=True,
        )
        self._client.username_pw_set(username, password)
        self._client.connect_timeout = REACH_S
        self._client.on_connect = self._connected
        self._client.on_subscribe = self._all_subscribed
        self._client.on_message = self._received
        self._client.on_disconnect = self._lost
        self._refused = ""

    def __enter__(self) -> Self:
        try:
            self._client.connect(self._host, self._port)
        except OSError as error:
            raise PairingError(f"no broker answers at {self._where} ({error}): is forecalm serve running?") from None
        self._client.loop_start()
        deadline = time.monotonic() + REACH_S
        while not self.subscribed and not self._refused and time.monotonic() < deadline:
            time.sleep(0.01)
        if not self.subscribed:
            self.__exit__(None, None, None)
            raise PairingError(f"the broker at {self._where} {self._refused or 'does not answer'}")
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def look_at(self, gateway: str, seconds: float) -> None:
        """Ask one gateway to tell what is nearby for so long."""
        self._command(gateway_topic(self._site, gateway, "command"), "look", seconds)

    def identify(self, band: str, seconds: float) -> None:
        """Let a band vibrate or blink for so long."""
        self._command(band_topic(self._site, band, "command"), "identify", seconds)

    def offer(self, roster: Roster) -> None:
        """Say which bands gateways of the site connect to."""
        self._client.publish(roster_topic(self._site), encode_message(roster), qos=1, retain=True).wait_for_publish(
            REACH_S
        )

    def _command(self, topic: str, do: Literal["look", "identify"], seconds: float) -> None:
        now_us = round(time.time() * 1e6)
        command = Command(
            v=1,
            at_us=now_us,
            id=secrets.token_hex(8),
            do=do,
            seconds=seconds,
            expires_us=now_us + round(COMMAND_S * 1e6),
        )
        self._client.publish(topic, encode_message(command), qos=1)

    def _connected(self, client: Client, _: object, __: ConnectFlags, code: ReasonCode, ___: Properties | None) -> None:
        if code.is_failure:
            self._refused = f"refuses {self._name!r}: {code}"
            return
        topics = [
            gateway_topic(self._site, "+", "status"),
            gateway_topic(self._site, "+", "nearby"),
            band_status_topic(self._site, "+", "+"),
            band_topic(self._site, "+", "event"),
            roster_topic(self._site),
            bands_topic(self._site),
        ]
        client.subscribe([(topic, 1) for topic in topics])

    def _all_subscribed(self, *_: object) -> None:
        self.subscribed = True

    def _received(self, _: Client, __: object, message: MQTTMessage) -> None:
        if self.heard.full():
            with contextlib.suppress(queue.Empty):
                self.heard.get_nowait()
        self.heard.put((message.topic, bytes(message.payload), time.time()))

    def _lost(self, _: Client, __: object, ___: DisconnectFlags, ____: ReasonCode, _____: Properties | None) -> None:
        self.subscribed = False
