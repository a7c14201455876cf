"""Bands that break their profile, and strangers that borrow names, beside a good band: it never notices."""

import asyncio
import re
import threading
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

pytest.importorskip("bumble", reason="the extra radio is not installed")

from bumble.core import UUID
from bumble.gatt import Service

from benchmarks.gateway_house import LONG_S, GatewayProcess, publish_roster, radio_house
from device_sim.wristband.forecalm import ForecalmBand
from device_sim.wristband.strap import Strap
from ingest.control.messages import BandStatus, decode_band_status
from ingest.gatt import uuids
from tests.servers import free_port, mosquitto_at

pytestmark = [pytest.mark.service, pytest.mark.long]
LENGTHS = (0, 1, 2, 3, 7, 19, 20, 21, 100, 200)


class Garbling(ForecalmBand):
    """Sends pieces of every length that are pieces of nothing, whole ones among them."""

    def on_subscription(self, uuid: str, *, on: bool) -> None:
        super().on_subscription(uuid, on=on)
        if on and uuid == uuids.RECORDS:
            for length in LENGTHS:
                self.spawn(self.tell(self._told[uuids.RECORDS], bytes((0x80,)) + bytes(length)))


class Lacking(ForecalmBand):
    """Has no control point."""

    def services(self) -> list[Service]:
        return [each for each in super().services() if each.uuid != UUID(uuids.CONTROL_SERVICE)]


class Ear:
    """Counts the good band's packets; remembers what was ever said of every band."""

    def __init__(self, port: int) -> None:
        self.packets = 0
        self.said: dict[str, list[BandStatus]] = {}
        self._lock = threading.Lock()
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", port)
        self._client.subscribe("forecalm/v1/#")
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def reasons(self, band: str) -> list[str]:
        with self._lock:
            return [status.reason for status in self.said.get(band, []) if status.state == "refused"]

    def _hear(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        if message.topic.endswith("/band/band-01/data"):
            self.packets += 1
        elif "/band/" in message.topic and "/status" in message.topic:
            _, status = decode_band_status(message.topic, message.payload)
            if status is not None:
                with self._lock:
                    self.said.setdefault(message.topic.split("/")[4], []).append(status)


def test_bands_that_break_their_profile_are_refused_by_name_and_the_others_send_on(
    mosquitto: str, tmp_path: Path
) -> None:
    async def story(port: int, ear: Ear) -> None:
        async with radio_house(bands=1, doors=1, seed=3) as house:
            bad = [
                Garbling("band-02", boot=1, always_pairing=True),
                Lacking("band-03", boot=1, always_pairing=True),
                Strap("\x1b[2J'; DROP TABLE #"),
                Strap("forecalm/v1/+/#"),
            ]
            for band in bad:
                await band.start(house.air.transport(band.name))
            await house.bands[0].start()
            gateway = GatewayProcess("hall", tmp_path / "hall", air_ports=house.doors, broker=port)
            gateway.start()
            try:
                async with asyncio.timeout(LONG_S):
                    while not (ear.reasons("band-02") and ear.reasons("band-03")):
                        await asyncio.sleep(0.05)
                    before = ear.packets
                    while ear.packets < before + 2:
                        await asyncio.sleep(0.05)
                good = house.bands[0].band
                assert good is not None
                stood_still = re.search(r"band-01: .* within \d+ s", gateway.said())
                assert good.links <= 2 or stood_still, "one to bond, one to stay"
            finally:
                await gateway.end()
                for band in bad:
                    await band.stop()

    port = free_port()
    with mosquitto_at(mosquitto, tmp_path, port):
        publish_roster(port, ["band-01", "band-02", "band-03"], user="a:a")
        ear = Ear(port)
        try:
            asyncio.run(story(port, ear))
        finally:
            ear.close()
    assert ear.reasons("band-01") == []
    assert all(reason.startswith("band-02: records (0101)") for reason in ear.reasons("band-02")), ear.said
    assert all("control" in reason for reason in ear.reasons("band-03")), ear.said
