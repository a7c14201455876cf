"""A forecalm band: records of seconds in, the whole profile of docs/gatt.md out on a radio."""

import asyncio
import logging
from typing import Final

from bumble.att import ATT_Error
from bumble.core import UUID, AdvertisingData
from bumble.device import Connection
from bumble.gatt import Characteristic, Service
from bumble.keys import KeyStore
from bumble.transport.common import Transport

from device_sim.wristband.firmware import Firmware, Refused
from device_sim.wristband.memory import Memory
from device_sim.wristband.peripheral import (
    FLAGS,
    Peripheral,
    advert_bytes,
    characteristic,
    device_information,
    named,
)
from ingest.gatt import uuids
from ingest.gatt.battery import encode_battery
from ingest.gatt.forecalm.adverts import BandAdvert
from ingest.gatt.forecalm.control import EventKind
from ingest.gatt.forecalm.records import Record
from ingest.gatt.heart_rate import HeartRate

log = logging.getLogger(__name__)

VERSION: Final = (1, 0, 0)
P = Characteristic.Properties


class ForecalmBand(Peripheral):
    """The band ``name`` in its life ``boot``; ``memory`` and ``keys`` are what it keeps from one life to the next.

    ``speed`` is how many of its seconds pass in one of ours: its clock runs on between records.
    """

    def __init__(
        self,
        name: str,
        *,
        boot: int,
        memory: Memory | None = None,
        keys: KeyStore | None = None,
        always_pairing: bool = False,
        speed: float = 1.0,
        clock_us: int = 0,
        version: tuple[int, int, int] = VERSION,
    ) -> None:
        super().__init__(name, bonding=True, always_pairing=always_pairing, keys=keys)
        self.firmware = Firmware(boot=boot, memory=Memory() if memory is None else memory)
        self._version = version
        self._speed = speed
        self._tick_us = clock_us
        self._tick_at: float | None = None  # by the loop's clock
        self._news = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._told: dict[str, Characteristic[bytes]] = {}
        self._advertised = b""

    def tick_us(self, at_s: float | None = None) -> int:
        """What its clock shows now, or when the loop's clock shows ``at_s``; below 0 before it started."""
        if self._tick_at is None:
            return self._tick_us
        passed = (asyncio.get_running_loop().time() if at_s is None else at_s) - self._tick_at
        return self._tick_us + round(passed * self._speed * 1e6)

    def sense(self, record: Record, *, heart: HeartRate | None = None, at_s: float | None = None) -> None:
        """A second has ended, now or when the loop's clock showed ``at_s``; ``heart`` is what the standard heart rate
        says of it."""
        self._tick_us = record.tick_us
        self._tick_at = asyncio.get_running_loop().time() if at_s is None else at_s
        before = self.firmware.battery
        self.firmware.sense(record)
        self._news.set()
        if heart is not None and self.encrypted:
            self.spawn(self.tell(self._told[uuids.HEART_RATE], bytes(heart)))
        if before != record.battery and record.battery is not None and self.connection is not None:
            self.spawn(self.tell(self._told[uuids.BATTERY_LEVEL], encode_battery(record.battery)))
        said = self._advertised
        if self.connection is None and self.advert()[0] != said:
            self.advertise_anew()

    async def start(self, transport: Transport) -> None:
        if self._tick_at is None:
            self._tick_at = asyncio.get_running_loop().time()
        await super().start(transport)

    def set_clock(self, tick_us: int, *, at_s: float) -> None:
        """It shows ``tick_us`` when the loop's clock shows ``at_s``: for before anybody has read it."""
        self._tick_us, self._tick_at = tick_us, at_s

    def happen(self, kind: EventKind) -> None:
        """Somebody double-taps it, takes it off, puts it on its charger ..."""
        self.firmware.happen(kind, tick_us=self.tick_us())
        self._news.set()
        self.advertise_anew()

    async def restart(self, transport: Transport, *, boot: int | None = None, clock_us: int = 0) -> None:
        """Power off and on again, over another ``transport``: the next life (``boot``: which), with the memory and the
        bonds of this; its clock shows ``clock_us``."""
        await self.stop()
        boot = self.firmware.boot + 1 if boot is None else boot
        self.firmware = Firmware(boot=boot, memory=self.firmware.memory)
        self._tick_us, self._tick_at = clock_us, asyncio.get_running_loop().time()
        await self.start(transport)

    def advert(self) -> tuple[bytes, bytes]:
        firmware = self.firmware
        backlog = len(firmware.memory) > 0
        said = BandAdvert(firmware.battery, firmware.worn, firmware.charging, self.pairing, backlog, self._version)
        maker = uuids.NO_COMPANY.to_bytes(2, "little") + bytes(said)
        self._advertised = advert_bytes(
            FLAGS,
            (int(AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS), bytes(UUID(uuids.STREAM_SERVICE))),
            (int(AdvertisingData.MANUFACTURER_SPECIFIC_DATA), maker),
        )
        return self._advertised, advert_bytes(named(self.name))

    def services(self) -> list[Service]:
        state = characteristic(uuids.STATE, P.READ | P.NOTIFY, read=self._read_state, encrypted=True)
        told = [
            characteristic(uuids.RECORDS, P.NOTIFY, encrypted=True),
            state,
            characteristic(uuids.CONTROL_POINT, P.WRITE | P.INDICATE, write=self._on_control, encrypted=True),
            characteristic(uuids.EVENTS, P.INDICATE, encrypted=True),
            characteristic(uuids.HEART_RATE, P.NOTIFY, encrypted=True),
            characteristic(uuids.BATTERY_LEVEL, P.READ | P.NOTIFY, read=self._read_battery),
        ]
        self._told = {str(c.uuid.to_hex_str("-")).lower(): c for c in told}
        records, _, control, events, heart, battery = told
        for heard in told:
            heard.on(heard.EVENT_SUBSCRIPTION, self._listener(heard))
        clock = characteristic(uuids.CLOCK, P.READ, read=self._read_clock, encrypted=True)
        marks = characteristic(
            uuids.TIME_MARK, P.READ | P.WRITE, read=lambda _: self.firmware.marks(), write=self._on_mark, encrypted=True
        )
        version = ".".join(map(str, self._version))
        return [
            device_information(maker="forecalm", model="simulated", serial=self.name, firmware=version),
            Service(UUID(uuids.BATTERY_SERVICE), [battery]),
            Service(UUID(uuids.HEART_RATE_SERVICE), [heart]),
            Service(UUID(uuids.STREAM_SERVICE), [records, state]),
            Service(UUID(uuids.CONTROL_SERVICE), [control, events]),
            Service(UUID(uuids.TIME_SERVICE), [clock, marks]),
        ]

    def link_opened(self) -> None:
        self._pump = self.spawn(self._send())

    def link_closed(self) -> None:
        self.firmware.close()
        if self._pump is not None:
            self._pump.cancel()
            self._pump = None

    async def _send(self) -> None:
        """Send what the firmware has to say for as long as the link is there."""
        connection = self.connection
        while connection is not None and self.connection is connection:
            outgoing = None
            if connection.encryption:
                outgoing = self.firmware.pop(mtu=connection.att_mtu, tick_us=self.tick_us())
            if outgoing is None:
                await self._news.wait()
                self._news.clear()
                continue
            try:
                for value in outgoing.values:
                    await self.tell(self._told[outgoing.characteristic], value)
                await connection.drain()
            except TimeoutError:  # the standard wants such a link ended
                log.warning("%s: the central does not confirm what it is told; the link is ended", self.name)
                await connection.disconnect()

    def _listener(self, heard: Characteristic[bytes]) -> "_Listener":
        return _Listener(self, str(heard.uuid.to_hex_str("-")).lower())

    def on_subscription(self, uuid: str, *, on: bool) -> None:
        """The central wants to hear ``uuid``, or not any more."""
        self.firmware.subscribe(uuid, on=on)
        self._news.set()

    def _read_state(self, _: Connection | None) -> bytes:
        return self.firmware.state(tick_us=self.tick_us())

    def _read_clock(self, _: Connection | None) -> bytes:
        return self.firmware.clock(tick_us=self.tick_us())

    def _read_battery(self, _: Connection | None) -> bytes:
        return encode_battery(self.firmware.battery or 0)

    def _on_control(self, _: Connection | None, data: bytes) -> None:
        asked = len(self.firmware.identified_s)
        try:
            self.firmware.ask(bytes(data))
        except Refused as error:
            raise ATT_Error(error.code) from None
        for seconds in self.firmware.identified_s[asked:]:
            log.info("%s: vibrates for %d s", self.name, seconds)
        self._news.set()

    def _on_mark(self, _: Connection | None, data: bytes) -> None:
        try:
            self.firmware.mark(bytes(data), tick_us=self.tick_us())
        except Refused as error:
            raise ATT_Error(error.code) from None


class _Listener:
    """Hears of subscriptions to one characteristic."""

    def __init__(self, band: ForecalmBand, uuid: str) -> None:
        self._band = band
        self._uuid = uuid

    def __call__(self, _bearer: object, notify: bool, indicate: bool) -> None:
        self._band.on_subscription(self._uuid, on=notify or indicate)
