"""A broker's address in; messages that nobody can use out, each sent until the service says that it is done."""

import json
import threading
from typing import Final, Self

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from forecalm.config import Config
from ingest.wire import Stored, data_topic, stored_topic

BAND: Final = "nonsense"
EVERY_S: Final = 0.2  # a new one, and all again that are not dealt with


def message(seq: int) -> bytes:
    """A packet whose rate cannot be; its name can be read."""
    eda = {"rate_hz": 0, "tick_us": 0, "values": [0.5]}
    return json.dumps({"v": 1, "band": BAND, "boot": 1, "seq": seq, "tick_us": 1_000_000, "eda": eda}).encode()


class Nonsense:
    """A gateway of a band that makes no sense, and the first ``done`` of whose ``count`` messages are dealt with."""

    def __init__(self, config: Config) -> None:
        site = config.site.name
        self.count = 0
        self.done = 0
        self._topic = data_topic(site, BAND)
        self._finishing = threading.Event()
        self._stop = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.username_pw_set(config.mqtt.username, config.mqtt.password)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(stored_topic(site, BAND), qos=1)
        self._client.on_message = self._hear
        self._client.connect_async(config.mqtt.host, config.mqtt.port)
        self._thread = threading.Thread(target=self._run, name="nonsense", daemon=True)

    def __enter__(self) -> Self:
        self._client.loop_start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()
        self._client.on_connect = self._client.on_message = None

    def finish(self, *, within_s: float) -> bool:
        """Make no more; return whether all that was made is dealt with in time."""
        self._finishing.set()
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def _hear(self, _: paho.Client, __: object, heard: paho.MQTTMessage) -> None:
        stored = msgspec.json.decode(heard.payload, type=Stored)
        if stored.since == 0:
            self.done = max(self.done, stored.seq + 1)

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            if not self._finishing.is_set():
                self.count += 1
            elif self.done >= self.count:
                return
            if self._client.is_connected():
                for seq in range(self.done, self.count):
                    self._client.publish(self._topic, message(seq), qos=1)
