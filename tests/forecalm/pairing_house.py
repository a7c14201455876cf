"""A gateway with bands behind it at a real broker, for tests of commands that talk to one: it is told, and sends."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from console.pairing.line import Line
from ingest.control.messages import Command, Roster, decode_message, named_in, roster_topic
from ingest.sending.connection import Heard
from tests.console.pairing.bands import data, nearby, online, packet_of, still, tap
from tests.servers import LONG_S, until

TAPS_S: Final = (1, 3, 8)  # after a band was let vibrate: twice, and once more where one of these was not heard
SPEAKS_S: Final = 10  # how often a gateway says that it is there


class House:
    """A gateway with bands behind it: it connects to what the roster names, and its bands send each second. Somebody
    double-taps ``tapped`` whenever any is let vibrate. ``kept`` are the topics of what the broker keeps of it."""

    def __init__(self, port: int, *, bands: tuple[str, ...], tapped: str | None, worn: bool) -> None:
        self.rosters: list[Roster] = []
        self.commands: list[tuple[str, Command]] = []
        self.kept: set[str] = set()
        self.sending: set[str] = set()
        self._bands, self._tapped, self._worn = bands, tapped, worn
        self._online = True
        self._second = 0
        self._prompted: int | None = None  # the second in which a band was let vibrate last
        self._sends = threading.Lock()
        self._stop = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._message
        self._client.connect("127.0.0.1", port)
        self._client.subscribe([("forecalm/v1/home/#", 1)])
        self._client.loop_start()
        self.keep(*online(time.time()))
        self._thread = threading.Thread(target=self._live)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()

    def keep(self, topic: str, payload: bytes) -> None:
        """Say something that the broker keeps, and return when it has it."""
        message = self._client.publish(topic, payload, qos=1, retain=True)
        message.wait_for_publish(LONG_S)
        assert message.is_published()
        self.kept.add(topic)

    def go_offline(self) -> None:
        """Let the gateway say that it is off, and nothing after."""
        with self._sends:
            self._online = False
            self.keep(*online(time.time(), online=False))

    def out_of_reach(self, topic: str, payload: bytes) -> None:
        """Let no band send any more, and the gateway say so."""
        with self._sends:
            self._bands = ()
            self.keep(topic, payload)

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
            if command.do == "identify":
                self._prompted = self._second

    def _live(self) -> None:
        """Let each second pass once, at its moment by the bands' clock, or as soon after it as can be."""
        began_s = time.monotonic()
        while not self._stop.wait(max(0.0, began_s + self._second + 1 - time.monotonic())):
            with self._sends:
                self._pass()
            self._second += 1

    def _pass(self) -> None:
        second, prompted = self._second, self._prompted
        for band in sorted(self.sending.intersection(self._bands)):
            moving = None if self._worn else still(second)
            self._client.publish(*data(packet_of(band, second, moving, on=self._worn)), qos=1)
        if self._tapped is not None and prompted is not None and second - prompted in TAPS_S:
            self._client.publish(*tap(self._tapped, time.time()), qos=1)
        if self._online and second % SPEAKS_S == SPEAKS_S - 1:
            self._client.publish(*online(time.time()), qos=1, retain=True)


@contextmanager
def heard_out(houses: list[House]) -> Iterator[list[str]]:
    """Let whoever calls the broker go on only once they have heard what it keeps of ``houses``, however late that
    comes. Yields the topics of all that they have heard."""
    heard: list[str] = []
    enter, take = Line.__enter__, Line._take

    def noted(line: Line, note: object) -> None:
        take(line, note)
        heard.extend([note.topic] if isinstance(note, Heard) else [])

    def entered(line: Line) -> Line:
        heard.clear()
        enter(line)
        until(lambda: {topic for house in houses for topic in house.kept} <= set(heard))
        return line

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("console.pairing.line.REACH_S", LONG_S)
        patch.setattr(Line, "_take", noted)
        patch.setattr(Line, "__enter__", entered)
        yield heard
