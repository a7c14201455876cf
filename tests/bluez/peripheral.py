"""A small GATT peripheral for tests of links, on any bumble transport: it answers, tells, is slow, or dies."""

import asyncio
from typing import Final

from bumble.core import UUID, AdvertisingData
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.hci import Address
from bumble.pairing import PairingConfig, PairingDelegate

MAKER: Final = "00002a29-0000-1000-8000-00805f9b34fb"
SERVICE: Final = "7e570001-5a1e-4b1d-9c57-0e0f0a0b0c0d"
NOTE: Final = "7e570002-5a1e-4b1d-9c57-0e0f0a0b0c0d"  # read, write
TICKS: Final = "7e570003-5a1e-4b1d-9c57-0e0f0a0b0c0d"  # notify
TAPS: Final = "7e570004-5a1e-4b1d-9c57-0e0f0a0b0c0d"  # indicate
SECRET: Final = "7e570005-5a1e-4b1d-9c57-0e0f0a0b0c0d"  # noqa: S105  no secret: read, encrypted
SLOW: Final = "7e570006-5a1e-4b1d-9c57-0e0f0a0b0c0d"  # read, answered when let
TWICE: Final = "7e570007-5a1e-4b1d-9c57-0e0f0a0b0c0d"  # read, in two places
ABSENT: Final = "7e5700ff-5a1e-4b1d-9c57-0e0f0a0b0c0d"
INTERVAL_MS: Final = 20  # between adverts

_Can = Characteristic.Properties
_May = Characteristic.Permissions


class Peripheral:
    """Off until ``start``. ``pairs``: it bonds with anybody. ``alias``: in bonds it goes by another address than on the
    air. ``answer`` lets SLOW be read."""

    def __init__(self, transport: object, name: str, address: str, *, pairs: bool = True, alias: bool = False) -> None:
        self.address = address
        self.note = b""
        self.answer = asyncio.Event()
        self.asked = asyncio.Event()
        self.device = Device.from_config_with_hci(
            DeviceConfiguration(
                name=name,
                address=Address(address),
                advertising_interval_min=INTERVAL_MS,
                advertising_interval_max=INTERVAL_MS,
            ),
            transport.source,
            transport.sink,
        )
        self.device.pairing_config_factory = lambda _connection: PairingConfig(
            sc=True,
            mitm=False,
            delegate=PairingDelegate(PairingDelegate.IoCapability.NO_OUTPUT_NO_INPUT) if pairs else _Refusing(),
            identity_address_type=PairingConfig.AddressType.PUBLIC if alias else PairingConfig.AddressType.RANDOM,
        )
        self._ticks = Characteristic(UUID(TICKS), _Can.NOTIFY, _May.READABLE, b"")
        self._taps = Characteristic(UUID(TAPS), _Can.INDICATE, _May.READABLE, b"")
        self.device.add_services(self._services())
        named = (AdvertisingData.COMPLETE_LOCAL_NAME, name.encode())
        self.device.advertising_data = bytes(AdvertisingData([(AdvertisingData.FLAGS, b"\6"), named]))

    async def start(self) -> None:
        """Power on and advertise, whenever nobody is connected."""
        await self.device.power_on()
        await self.device.start_advertising(auto_restart=True)

    async def say(self, advert: bytes, response: bytes = b"") -> None:
        """In the next adverts; it must be advertising."""
        await self.device.stop_advertising()
        await self.device.start_advertising(auto_restart=True, advertising_data=advert, scan_response_data=response)

    async def tick(self, value: bytes) -> None:
        """Notify whoever has subscribed."""
        await self.device.notify_subscribers(self._ticks, value)

    async def tap(self, value: bytes) -> None:
        """Indicate to whoever has subscribed; returns when that is confirmed."""
        await self.device.indicate_subscribers(self._taps, value)

    async def forget_bonds(self) -> None:
        """As after its battery was changed."""
        for name, _keys in await self.device.keystore.get_all():
            await self.device.keystore.delete(name)

    @property
    def connections(self) -> int:
        """How many hold it."""
        return len(self.device.connections)

    def _services(self) -> list[Service]:
        async def slow(_connection: Connection) -> bytes:
            self.asked.set()
            await self.answer.wait()
            return b"at last"

        def write(_connection: Connection, value: bytes) -> None:
            self.note = bytes(value)

        read_note = CharacteristicValue(read=lambda _connection: self.note, write=write)
        return [
            Service(UUID.from_16_bits(0x180A), [Characteristic(UUID(MAKER), _Can.READ, _May.READABLE, b"Test")]),
            Service(
                UUID(SERVICE),
                [
                    Characteristic(UUID(NOTE), _Can.READ | _Can.WRITE, _May.READABLE | _May.WRITEABLE, read_note),
                    self._ticks,
                    self._taps,
                    Characteristic(UUID(SECRET), _Can.READ, _May.READ_REQUIRES_ENCRYPTION, b"bonded only"),
                    Characteristic(UUID(SLOW), _Can.READ, _May.READABLE, CharacteristicValue(read=slow)),
                    Characteristic(UUID(TWICE), _Can.READ, _May.READABLE, b"one"),
                    Characteristic(UUID(TWICE), _Can.READ, _May.READABLE, b"two"),
                ],
            ),
        ]


class _Refusing(PairingDelegate):
    async def accept(self) -> bool:
        return False
