"""Gateways as processes over the virtual radio and a real broker: whoever dies, all that was sensed arrives once."""

import asyncio
import itertools
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import msgspec
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

pytest.importorskip("bumble", reason="the extra radio is not installed")

from benchmarks.gateway_house import LONG_S, GatewayProcess, RadioHouse, plain, publish_roster, radio_house
from ingest.ble.adapters import utc_us
from ingest.control.messages import BandStatus, GatewayStatus, decode_band_status, decode_message
from ingest.wire import Packet, Stored, bands_topic, decode, encode, stored_topic
from tests.servers import free_port, mosquitto_at

pytestmark = [pytest.mark.service, pytest.mark.long]


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


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that nobody tells of. Raises TimeoutError."""
    async with asyncio.timeout(LONG_S):
        while not true():
            await asyncio.sleep(0.02)


async def sense(house: RadioHouse, more: int = 1) -> None:
    """Every band senses so many more seconds."""
    due = [len(band.sensed) + more for band in house.bands]
    await until(lambda: all(len(band.sensed) >= least for band, least in zip(house.bands, due, strict=True)))


async def bands_and_radios_fail(house: RadioHouse) -> None:
    """A band's battery falls out; an adapter falls silent."""
    await house.bands[0].die()
    await house.bands[0].start()
    await house.until_held(len(house.bands), near=True)
    await sense(house)
    names = {band.name for band in house.bands}
    host = next(name for pair in house.air.links() for name in pair if name not in names)
    house.air.silence(host)
    await until(lambda: not any(host in pair for pair in house.air.links()))
    house.air.restore(host)
    await house.until_held(len(house.bands), near=True)


async def broker_and_gateway_fail(house: RadioHouse, gateway: GatewayProcess, broker: Broker) -> int:
    """No broker; and a gateway is killed with what it kept of that time. Returns when there was a broker again [us]."""
    broker.stop()
    await sense(house)
    gateway.kill()
    gateway.start()
    await house.until_held(len(house.bands), near=True)
    await sense(house)
    again_us = utc_us()
    broker.start()
    return again_us


async def one_gateway_is_left(
    house: RadioHouse, gateways: list[GatewayProcess], shelf: Shelf, *, again_us: int
) -> GatewayProcess:
    """One that holds bands is killed: its Last Will speaks for it, and the other, which is returned, has them all.
    ``again_us``: who has not spoken since has left no will with the broker that there is now."""

    def is_here(name: str) -> bool:
        said = shelf.gateways.get(name)
        return said is not None and said.online and said.at_us >= again_us

    await until(lambda: all(is_here(one.name) for one in gateways) and len(house.hosts()) == len(gateways))
    newest = max(list(shelf.packets.values()), key=lambda packet: packet.heard_us or 0)
    dead, left = sorted(gateways, key=lambda one: one.name != newest.gateway)
    hosts = set(house.hosts())
    dead.kill()
    await until(lambda: len(house.hosts()) < len(hosts))
    await until(lambda: all(name in house.air.hosts() for pair in house.air.links() for name in pair))
    await house.until_held(len(house.bands), near=True)
    since = {band.name: (band.boot, band.seq) for band in house.bands}
    await until(
        lambda: (
            {
                p.band
                for p in list(shelf.packets.values())
                if p.gateway == left.name and (p.boot, p.seq) >= since[p.band]
            }
            == set(since)
        )
    )
    await until(lambda: shelf.gateways[dead.name].online is False)
    return left


async def bond_one_after_the_other(house: RadioHouse) -> None:
    """Where all are heard, one that stands still for seconds misses its turn: the others take it for done."""
    hosts = house.hosts()
    for bonded, host in enumerate(hosts, 1):
        for other in hosts:
            (house.air.restore if other == host else house.air.silence)(other)
        for band in house.bands:
            assert band.band is not None
            band.band.open_pairing()
        await house.until_bonded(bonded)
    for host in hosts:
        house.air.restore(host)


async def play(house: RadioHouse, folder: Path, broker: Broker, port: int, shelf: Shelf) -> None:
    """Whatever dies; at its end everything sensed must be there, as it was sensed."""
    gateways = [GatewayProcess(f"g{i}", folder / f"g{i}", air_ports=[house.doors[i]], broker=port) for i in range(2)]
    try:
        for band in house.bands:
            await band.start()
        await sense(house)
        for one in gateways:
            one.start()
        await until(lambda: len(house.hosts()) == len(gateways))
        house.bring_near()
        publish_roster(port, [band.name for band in house.bands], user="a:a")
        await bond_one_after_the_other(house)
        await house.until_held(len(house.bands))
        await until(lambda: {p.band for p in list(shelf.packets.values())} == {band.name for band in house.bands})
        await bands_and_radios_fail(house)
        again_us = await broker_and_gateway_fail(house, gateways[0], broker)
        left = await one_gateway_is_left(house, gateways, shelf, again_us=again_us)
        for band in house.bands:
            await band.rest()
        await until(lambda: not shelf.missing(house))
        assert (await left.end())["gateway"] == left.name
        await until(lambda: shelf.gateways[left.name].online is False)
    except BaseException as error:
        error.add_note("\n".join([*(one.said() for one in gateways), f"missing: {shelf.missing(house)}"]))
        raise
    finally:
        for one in gateways:
            one.kill()


def test_whoever_dies_all_that_bands_sensed_arrives_once_and_as_it_was_sensed(mosquitto: str, tmp_path: Path) -> None:
    """From before anybody heard them; over reboots, silence, a dead broker, killed gateways, and from hand to hand."""

    async def run() -> None:
        port = free_port()
        broker = Broker(mosquitto, tmp_path, port)
        broker.start()
        shelf = Shelf(port)
        try:
            async with radio_house(bands=3, doors=2, seed=3, supervision_s=0.5) as house:
                await play(house, tmp_path, broker, port, shelf)
                assert shelf.differ == []
                sensed = {(p.band, p.boot, p.seq): encode(p) for band in house.bands for p in band.sensed}
                assert {name: encode(plain(packet)) for name, packet in shelf.packets.items()} == sensed
                assert {packet.gateway for packet in shelf.packets.values()} == {"g0", "g1"}
        finally:
            shelf.close()
            broker.stop()

    asyncio.run(asyncio.wait_for(run(), 4 * LONG_S))
