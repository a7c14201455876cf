"""A gateway with bands behind it at a real broker, for tests of commands that talk to one: it is told, and sends."""

import threading
import time

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from ingest.control.messages import Command, Roster, decode_message, named_in, roster_topic
from tests.console.pairing.bands import data, nearby, online, packet_of, still, tap


class House:
    """A gateway with bands behind it: it connects to what the roster names, and its bands send each second."""

    def __init__(self, port: int, *, bands: tuple[str, ...], tapped: str | None, worn: bool) -> None:
        self.rosters: list[Roster] = []
        self.commands: list[tuple[str, Command]] = []
        self.sending: set[str] = set()
        self._bands, self._tapped, self._worn = bands, tapped, worn
        self._stop = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._message
        self._client.connect("127.0.0.1", port)
        self._client.subscribe([("forecalm/v1/home/#", 1)])
        self._client.loop_start()
        topic, payload = online(time.time())
        self._client.publish(topic, payload, qos=1, retain=True).wait_for_publish(5)
        self._thread = threading.Thread(target=self._live)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()

    def out_of_reach(self, topic: str, payload: bytes) -> None:
        """Let no band send any more, and the gateway say so; what is on its way has arrived then."""
        self._bands, self.sending = (), set()
        time.sleep(1.0)
        self._client.publish(topic, payload, qos=1, retain=True).wait_for_publish(5)

    def _message(self, _: Client, __: object, message: MQTTMessage) -> None:
        if message.topic == roster_topic("home"):
            self.rosters.append(decode_message(bytes(message.payload), Roster))
            self.sending |= set(self._bands) & set(self.rosters[-1].pairing)
        named = named_in(message.topic)
        if named is not None and named[2] == "command":
            command = decode_message(bytes(message.payload), Command)
            self.commands.append((named[1], command))
            if command.do == "look":
                self._client.publish(*nearby(time.time(), list(self._bands)), qos=1)

    def _live(self) -> None:
        """Send each second; let somebody double-tap a band every other one, again and again, until it is confirmed."""
        second = 0
        while not self._stop.wait(1.0):
            for band in sorted(self.sending):
                moving = None if self._worn else still(second)
                self._client.publish(*data(packet_of(band, second, moving, on=self._worn)), qos=1)
            if second % 2 == 0 and self._tapped is not None and self.sending:
                self._client.publish(*tap(self._tapped, time.time()), qos=1)
            second += 1
