"""The broker's address in, whether it can be relied on out: reached, entered, and how it treats what is not yet stored.

Leaves nothing on the broker: the session is ended, and the messages are of a topic of its own that nobody keeps.
"""

import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from forecalm.commands.terminal import number
from forecalm.config import LOOPBACK, MqttSection
from forecalm.doctor.finding import Finding, Level
from ingest.sending.broker import Broker
from ingest.sending.tls import TlsClient

REACH_S: Final = 3.0  # a broker that does not answer by then is no use to a carer
FLIGHT: Final = 60  # messages sent without acknowledging one: three times what Mosquitto has in flight by default
FLIGHT_S: Final = 2.0  # for them to come back


def broker(said: MqttSection, site: str) -> Iterator[Finding]:
    """Look at the broker."""
    at = f"{said.host}:{said.port}"
    try:
        socket.create_connection((said.host, said.port), timeout=REACH_S).close()
    except OSError as error:
        mend = "start it (forecalm broker, or the system's), or set mqtt.host and mqtt.port; nothing is received"
        yield Finding(Level.FAILURE, "broker", f"{at} cannot be reached: {error.strerror or error}", mend)
        return
    name = f"forecalm-doctor-{secrets.token_hex(4)}"
    first = _Visit(said, name, clean=False)
    reason = first.come()
    if first.trouble is not None:
        what, _, mend = first.trouble.partition(": ")
        yield Finding(Level.FAILURE, "broker", f"{at}: {what}", mend)
        return
    if reason is not None:
        mend = "set mqtt.username and mqtt.password to a user that the broker knows; Mosquitto: mosquitto_passwd"
        if "authori" not in reason and "user" not in reason.lower():
            kind = "by TLS" if said.tls else "without TLS (or set mqtt.tls)"
            mend = f"is this an MQTT broker, {kind}, on that port?"
        yield Finding(Level.FAILURE, "broker", f"{at} does not let us in: {reason}", mend)
        return
    yield Finding(Level.OK, "broker", f"{at} lets {said.username!r} in{' by TLS' if said.tls else ''}")
    if not said.tls and said.host not in LOOPBACK:
        what = f"readings and the password cross the network to {said.host} in the clear"
        yield Finding(Level.WARNING, "broker", what, "set mqtt.tls, as docs/guides/gateway.md says")
    try:
        yield _in_flight(first, f"forecalm/v1/{site}/doctor/{name}")
    finally:
        first.leave()
    yield _persistent(said, name)


def _persistent(said: MqttSection, name: str) -> Finding:
    """Whether the session of a moment ago is still there; it is ended either way."""
    second = _Visit(said, name, clean=False)
    second.come()
    second.leave()
    last = _Visit(said, name, clean=True)
    last.come()
    last.leave()
    if second.session_present:
        return Finding(Level.OK, "broker", "it keeps the session of a service that is away")
    mend = "Mosquitto: no persistent_client_expiration below a day; gateways send again what is missing all the same"
    return Finding(Level.WARNING, "broker", "it forgets the session of a service that is away", mend)


def _in_flight(visit: "_Visit", topic: str) -> Finding:
    """Whether the broker holds messages back while earlier ones are not acknowledged, as while a disk is full."""
    came = visit.echo(topic)
    if came >= FLIGHT:
        return Finding(Level.OK, "broker", f"it has {FLIGHT} messages and more in flight")
    if came == 0:
        what = f"it lets nothing through on {topic.rpartition('/')[0]}/#: how many it has in flight cannot be told"
        return Finding(Level.NOTE, "broker", what)
    return Finding(
        Level.WARNING,
        "broker",
        f"it holds everything back after {number(came, 'message')} not yet stored: a full disk would silence alerts",
        "Mosquitto: max_inflight_messages 0 and max_queued_messages 0, as in docs/guides/mosquitto.conf",
    )


class _Visit:
    """One connection; ``come`` returns why not, None where it is there."""

    def __init__(self, said: MqttSection, name: str, *, clean: bool) -> None:
        self.session_present = False
        self._said = said
        self._answered = threading.Event()
        self._count = 0
        self._reason: str | None = "it does not answer"
        self._client = TlsClient(
            CallbackAPIVersion.VERSION2,
            client_id=name,
            clean_session=clean,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self._client.secure(Broker(said.host, said.port, tls=said.tls, ca=said.ca))
        self._client.max_inflight_messages_set(FLIGHT)
        self._client.username_pw_set(said.username, said.password)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message

    @property
    def trouble(self) -> str | None:
        """Why there is no TLS, with the mend."""
        return self._client.trouble

    def come(self) -> str | None:
        try:
            self._client.connect(self._said.host, self._said.port, keepalive=20)
        except (OSError, ValueError) as error:
            return str(error)
        self._client.loop_start()
        self._answered.wait(REACH_S)
        if self._reason is not None:
            self.leave()
        return self._reason

    def leave(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def echo(self, topic: str) -> int:
        """How many of ``FLIGHT`` messages come back while none is acknowledged."""
        subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.subscribe(topic, qos=1)
        subscribed.wait(REACH_S)
        for _ in range(FLIGHT):
            self._client.publish(topic, b"", qos=1)
        _wait(lambda: self._count >= FLIGHT, FLIGHT_S)
        count = self._count
        self._client.unsubscribe(topic)
        return count

    def _on_connect(self, _: Client, __: object, flags: Any, reason: Any, ___: object) -> None:  # noqa: ANN401
        self.session_present = bool(flags.session_present)
        self._reason = str(reason) if reason.is_failure else None
        self._answered.set()

    def _on_message(self, *_: object) -> None:
        self._count += 1


def _wait(true: Callable[[], bool], wait_s: float) -> None:
    until_s = time.monotonic() + wait_s
    while not true() and time.monotonic() < until_s:
        time.sleep(0.02)
