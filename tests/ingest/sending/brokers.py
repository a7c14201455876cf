"""A broker that may go and come, and a service that hears and says what a test wants."""

import json
import queue
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final, TypeVar

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from ingest.control.messages import Message, decode_message
from ingest.sending.broker import Broker
from ingest.wire import Packet, bands_topic, decode, stored_topic
from tests.servers import free_port, mosquitto_at

WAIT_S: Final = 60.0  # a bound, never waited out where things work
SITE: Final = "home"

_Kind = TypeVar("_Kind", bound=Message)


class Running:
    """Mosquitto, without memory, that can be stopped and started."""

    def __init__(self, program: str, folder: Path, *lines: str) -> None:
        self.port = free_port()
        self.address = Broker(port=self.port, username="u", password="p")  # noqa: S106
        self._program, self._folder, self._lines, self._running = program, folder, lines, ExitStack()
        self.start()

    def start(self) -> None:
        lines = ("max_inflight_messages 0", "max_queued_messages 0", *self._lines)
        self._running.enter_context(mosquitto_at(self._program, self._folder, self.port, *lines))

    def stop(self) -> None:
        self._running.close()


class Service:
    """Whoever hears packets, in order of arrival, and anything else on ``topics``; a test says what is stored."""

    def __init__(self, port: int, *topics: str) -> None:
        self.packets: queue.Queue[Packet] = queue.Queue()
        self.others: queue.Queue[paho.MQTTMessage] = queue.Queue()
        self.client = paho.Client(CallbackAPIVersion.VERSION2)
        self._ready = threading.Event()
        self._topics = [(topic, 1) for topic in (bands_topic(SITE), *topics)]
        self.client.on_connect = lambda *_: self.client.subscribe(self._topics)
        self.client.on_subscribe = lambda *_: self._ready.set()
        self.client.on_message = self._hear
        self.client.connect("127.0.0.1", port)

    def __enter__(self) -> "Service":
        self.client.loop_start()
        assert self._ready.wait(WAIT_S)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()
        self.client.on_connect = self.client.on_subscribe = self.client.on_message = None

    def _hear(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        if message.topic.endswith("/data"):
            self.packets.put(decode(message.payload))
        else:
            self.others.put(message)

    def next(self, count: int) -> list[Packet]:
        """The next packets."""
        return [self.packets.get(timeout=WAIT_S) for _ in range(count)]

    def until(self, enough: Callable[[Packet], bool]) -> list[Packet]:
        """The packets up to one that is ``enough``."""
        found = self.next(1)
        while not enough(found[-1]):
            found += self.next(1)
        return found

    def some(self, count: int) -> list[paho.MQTTMessage]:
        """The next messages that are no packets."""
        return [self.others.get(timeout=WAIT_S) for _ in range(count)]

    def other(self, kind: type[_Kind], topic: str | None = None) -> _Kind:
        """The next message that is no packet."""
        (message,) = self.some(1)
        assert topic in (None, message.topic)
        return decode_message(message.payload, kind)

    def say(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Publish, and wait until the broker has it."""
        self.client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(WAIT_S)

    def say_stored(self, band: str, boot: int, since: int, seq: int) -> None:
        """Say what is stored."""
        said = json.dumps({"v": 1, "boot": boot, "since": since, "seq": seq})
        self.say(stored_topic(SITE, band), said, retain=True)
