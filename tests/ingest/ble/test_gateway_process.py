"""Gateways as processes over the virtual radio and a real broker: whoever dies, all that was sensed arrives once."""

import asyncio
import itertools
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

import msgspec
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

pytest.importorskip("bumble", reason="the extra radio is not installed")

from benchmarks.gateway_house import LONG_S, GatewayProcess, RadioHouse, plain, publish_roster, radio_house
from ingest.control.messages import BandStatus, GatewayStatus, decode_band_status, decode_message
from ingest.wire import Packet, Stored, bands_topic, decode, encode, stored_topic
from tests.servers import free_port, mosquitto_at

pytestmark = pytest.mark.service


class Shelf:
    """A service of few words: keeps every packet, and says how far each boot is stored."""

    def __init__(self, port: int) -> None:
        self.packets: dict[tuple[str, int, int], Packet] = {}
        self.differ: list[tuple[str, int, int]] = []
        self.again = 0
        self.bands: dict[tuple[str, str], BandStatus | None] = {}
        self.gateways: dict[str, GatewayStatus] = {}
        self._lock = threading.Lock()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="shelf", clean_session=False)
        self._client.on_connect = self._subscribe
        self._client.on_message = self._hear
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def missing(self, house: RadioHouse) -> list[tuple[str, int, int]]:
        """What was sensed and is not here."""
        with self._lock:
            return [
                (p.band, p.boot, p.seq)
                for band in house.bands
                for p in band.sensed
                if (p.band, p.boot, p.seq) not in self.packets
            ]

    def _subscribe(self, client: paho.Client, *_: object) -> None:
        client.subscribe([(bands_topic("home"), 1), ("forecalm/v1/home/+/+/status/#", 1)])

    def _hear(self, client: paho.Client, _: object, message: paho.MQTTMessage) -> None:
        kind, name, what = message.topic.split("/")[3:6]
        if what == "status" and kind == "band":
            gateway, status = decode_band_status(message.topic, message.payload)
            self.bands[name, gateway] = status
        elif what == "status":
            self.gateways[name] = decode_message(message.payload, GatewayStatus)
        else:
            self._keep(client, decode(message.payload))

    def _keep(self, client: paho.Client, packet: Packet) -> None:
        name = packet.band, packet.boot, packet.seq
        with self._lock:
            if name in self.packets:
                self.again += 1
                if encode(plain(packet)) != encode(plain(self.packets[name])):
                    self.differ.append(name)
                return
            self.packets[name] = packet
            here = sorted(seq for band, boot, seq in self.packets if (band, boot) == name[:2])
        since = here[0]
        seq = next((a for a, b in itertools.pairwise(here) if b > a + 1), here[-1])
        said = msgspec.json.encode(Stored(v=1, boot=packet.boot, since=since, seq=seq))
        client.publish(stored_topic("home", packet.band), said, qos=1, retain=True)


Story = Callable[[RadioHouse, Callable[..., GatewayProcess], Shelf], Awaitable[None]]


class Broker:
    """Mosquitto with a memory, that can be killed."""

    def __init__(self, program: str, folder: Path, port: int) -> None:
        self._program, self._folder, self._port = program, folder, port
        self._stack = ExitStack()

    def start(self) -> None:
        (self._folder / "broker").mkdir(exist_ok=True)
        lines = ("persistence true", f"persistence_location {self._folder}/broker/", "max_queued_messages 0")
        self._stack.enter_context(mosquitto_at(self._program, self._folder, self._port, *lines))

    def stop(self) -> None:
        self._stack.close()


def play(mosquitto: str, folder: Path, story: Story, *, bands: int, doors: int = 1) -> None:
    """Run a story; at its end everything sensed must arrive, as it was sensed."""

    async def run() -> None:
        port = free_port()
        broker = Broker(mosquitto, folder, port)
        broker.start()
        shelf = Shelf(port)
        gateways: list[GatewayProcess] = []

        def gateway(name: str, *, door: int = 0) -> GatewayProcess:
            made = GatewayProcess(name, folder / name, air_ports=[house.doors[door]], broker=port)
            gateways.append(made)
            made.start()
            return made

        async with radio_house(bands=bands, doors=doors, seed=3) as house:
            house.broker = broker  # type: ignore[attr-defined]
            publish_roster(port, [band.name for band in house.bands], user="a:a")
            for band in house.bands:
                await band.start()
            try:
                await story(house, gateway, shelf)
                for band in house.bands:
                    await band.rest()
                deadline = time.monotonic() + LONG_S
                while shelf.missing(house) and time.monotonic() < deadline:
                    await asyncio.sleep(0.05)
                log = "\n".join(one.said() for one in gateways)
                assert shelf.missing(house) == [], log
                assert shelf.differ == []
                sensed = {(p.band, p.boot, p.seq): encode(p) for band in house.bands for p in band.sensed}
                assert {name: encode(plain(packet)) for name, packet in shelf.packets.items()} == sensed
            finally:
                for one in gateways:
                    one.kill()
                shelf.close()
                broker.stop()

    asyncio.run(asyncio.wait_for(run(), 3 * LONG_S))


def test_everything_that_bands_sense_arrives_also_from_before_anybody_heard_them(
    mosquitto: str, tmp_path: Path
) -> None:
    async def story(house: RadioHouse, gateway: Callable[..., GatewayProcess], shelf: Shelf) -> None:
        await asyncio.sleep(1)
        only = gateway("g1")
        await house.until_held(3, near=True)
        await asyncio.sleep(0.5)
        assert {status.state for status in shelf.bands.values() if status is not None} <= {"connecting", "connected"}
        await house.bands[0].die()
        await house.bands[0].start()
        await asyncio.sleep(1)
        await house.until_held(3, near=True)
        house.air.silence(house.hosts()[0])
        await asyncio.sleep(1.5)
        assert house.held() == 0
        house.air.restore(house.hosts()[0])
        await house.until_held(3, near=True)
        assert only.process is not None
        assert only.process.poll() is None

    play(mosquitto, tmp_path, story, bands=3)


def test_a_gateway_that_is_killed_and_a_broker_that_restarts_lose_nothing(mosquitto: str, tmp_path: Path) -> None:
    async def story(house: RadioHouse, gateway: Callable[..., GatewayProcess], shelf: Shelf) -> None:
        only = gateway("g1")
        await house.until_held(2, near=True)
        await asyncio.sleep(1)
        house.broker.stop()  # type: ignore[attr-defined]
        await asyncio.sleep(1)
        only.kill()
        only.start()
        await house.until_held(2, near=True)
        await asyncio.sleep(1)
        house.broker.start()  # type: ignore[attr-defined]
        await asyncio.sleep(1)

    play(mosquitto, tmp_path, story, bands=2)


def test_another_gateway_takes_a_band_over_and_nothing_is_lost_between_them(mosquitto: str, tmp_path: Path) -> None:
    async def story(house: RadioHouse, gateway: Callable[..., GatewayProcess], shelf: Shelf) -> None:
        first = gateway("g1")
        await house.until_held(2, near=True)
        second = gateway("g2", door=1)
        await asyncio.sleep(1)
        first.kill()
        async with asyncio.timeout(LONG_S):
            while house.held():
                await asyncio.sleep(0.02)
        await house.until_held(2, near=True)
        await asyncio.sleep(1.5)
        assert {p.gateway for p in shelf.packets.values()} == {"g1", "g2"}
        said = await second.end()
        assert said["gateway"] == "g2"
        assert shelf.gateways["g1"].online is False
        second.start()

    play(mosquitto, tmp_path, story, bands=2, doors=2)
