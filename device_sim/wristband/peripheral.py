"""A host stack in, a GATT peripheral out: what all simulated bands have in common around bumble."""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Coroutine
from typing import Final

from bumble import att, hci
from bumble.core import UUID, AdvertisingData
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.keys import KeyStore, MemoryKeyStore, PairingKeys
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport.common import Transport

from ingest.gatt import uuids

log = logging.getLogger(__name__)

INTERVAL_MS: Final = 250.0  # between adverts: found within a second, and 20 bands do not fill the air
STRANGER_S: Final = 30.0  # a link that is not encrypted by then is ended: a stranger must not hold the only one
PAIRING_S: Final = 120.0  # of pairing mode, however many bonds are made in it
BONDS_MAX: Final = 16  # four gateways of four adapters each; the profile asks for eight or more
_READ = Characteristic.Properties.READ
_ENCRYPTED = Characteristic.READ_REQUIRES_ENCRYPTION | Characteristic.WRITE_REQUIRES_ENCRYPTION
_CCCD = UUID.from_16_bits(0x2902)

Read = Callable[[Connection | None], bytes]
Write = Callable[[Connection | None, bytes], None]


def address_of(name: str) -> str:
    """Return the static random address of the band ``name``: the same at every start."""
    digest = bytearray(hashlib.sha256(name.encode()).digest()[:6])
    digest[0] |= 0xC0
    return ":".join(f"{byte:02X}" for byte in digest)


def characteristic(
    uuid: str,
    properties: Characteristic.Properties,
    *,
    read: Read | None = None,
    write: Write | None = None,
    encrypted: bool = False,
) -> Characteristic[bytes]:
    """Return a characteristic; ``encrypted``: neither it nor its subscriptions are there for strangers."""
    permissions = att.Attribute.Permissions(0)
    if read is not None:
        permissions |= Characteristic.READABLE
    if write is not None:
        permissions |= Characteristic.WRITEABLE
    if encrypted:
        permissions |= _ENCRYPTED
    return Characteristic(UUID(uuid), properties, permissions, CharacteristicValue(read=read, write=write))


def fixed(uuid: str, value: bytes) -> Characteristic[bytes]:
    """Return a characteristic that always reads the same."""
    return Characteristic(UUID(uuid), _READ, Characteristic.READABLE, value)


def device_information(*, maker: str, model: str, serial: str, firmware: str) -> Service:
    """Return the service 180A."""
    texts = {uuids.MAKER: maker, uuids.MODEL: model, uuids.SERIAL: serial, uuids.FIRMWARE: firmware}
    return Service(UUID(uuids.DEVICE_INFORMATION_SERVICE), [fixed(u, text.encode()) for u, text in texts.items()])


class Peripheral:
    """A band ``name`` on a radio of its own; ``bonding`` asks for encryption, and lets centrals bond only while it is
    in pairing mode: with ``always_pairing``, from power-on where it has no bonds, or after ``open_pairing``."""

    def __init__(
        self, name: str, *, bonding: bool = False, always_pairing: bool = False, keys: KeyStore | None = None
    ) -> None:
        self.name = name
        self.address = address_of(name)
        self.connection: Connection | None = None
        self.links = 0  # how many there have been
        self.doubles = False  # notifies everything twice, as where a gateway has subscribed twice
        self._bonding = bonding
        self._always_pairing = always_pairing
        self.keys = keys or MemoryKeyStore()  # bonds: they outlive a restart
        self._pairing_until = 0.0
        self._device: Device | None = None
        self._advertising = asyncio.Lock()
        self._transport: Transport | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._stranger: asyncio.TimerHandle | None = None

    @property
    def pairing(self) -> bool:
        """Whether a central that is not bonded would be let in now."""
        return not self._bonding or self._always_pairing or asyncio.get_running_loop().time() < self._pairing_until

    @property
    def encrypted(self) -> bool:
        """Whether there is a link, and it is encrypted."""
        return self.connection is not None and bool(self.connection.encryption)

    def open_pairing(self, seconds: float = PAIRING_S) -> None:
        """As if the button was held on the charger: let centrals bond for so long. Whoever has the band loses it: who
        does not hear it cannot bond."""
        self._pairing_until = asyncio.get_running_loop().time() + seconds
        if self.pairing and self.connection is not None:
            self.spawn(self.connection.disconnect())
        self.advertise_anew()

    async def start(self, transport: Transport) -> None:
        """Power on over ``transport`` and advertise."""
        self._transport = transport
        configuration = DeviceConfiguration(
            name=self.name,
            address=hci.Address(self.address),
            advertising_interval_min=INTERVAL_MS,
            advertising_interval_max=INTERVAL_MS,
        )
        device = Device.from_config_with_hci(configuration, transport.source, transport.sink)
        device.keystore = self.keys
        device.pairing_config_factory = lambda _: PairingConfig(
            sc=True,
            mitm=False,
            bonding=True,
            delegate=_Doorkeeper(self),
            identity_address_type=PairingConfig.AddressType.RANDOM,
        )
        services = self.services()
        device.add_services(services)
        _guard_subscriptions(device, services)
        device.on("connection", self._on_connection)
        self._device = device
        await device.power_on()
        if self._bonding and not await self.keys.get_all():
            self._pairing_until = asyncio.get_running_loop().time() + PAIRING_S
        await self._advertise()

    async def stop(self) -> None:
        """Power off, as when the battery is flat: peers notice by their supervision timeout."""
        transport, self._device, self._transport, self.connection = self._transport, None, None, None
        self.link_closed()  # first: a cancellation that meets an answer is lost, and then nothing else ends the sending
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._stranger is not None:
            self._stranger.cancel()
        if transport is not None:
            await transport.close()

    def services(self) -> list[Service]:
        """What it offers."""
        raise NotImplementedError

    def advert(self) -> tuple[bytes, bytes]:
        """What it says to everybody, and what it answers a scanner."""
        raise NotImplementedError

    def link_opened(self) -> None:
        """A central has connected."""

    def link_closed(self) -> None:
        """The link is over."""

    def advertise_anew(self) -> None:
        """What the advert says has changed."""
        if self._device is not None and self.connection is None:
            self.spawn(self._advertise())

    async def tell(self, told: Characteristic[bytes], value: bytes) -> None:
        """Notify or indicate, as the characteristic is made for, if the central has subscribed."""
        if self._device is None or self.connection is None:
            return
        if told.properties & Characteristic.Properties.INDICATE:
            await self._device.indicate_subscriber(self.connection, told, value)
        else:
            for _ in range(2 if self.doubles else 1):
                await self._device.notify_subscriber(self.connection, told, value)

    def spawn(self, coroutine: Coroutine[object, None, None]) -> asyncio.Task[None]:
        """Run it until it ends or the band stops."""
        task = asyncio.get_running_loop().create_task(_quietly(self.name, coroutine))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: coroutine.close())  # where it was cancelled before it began
        return task

    async def _advertise(self) -> None:
        async with self._advertising:  # bumble sets up one advert at a time
            if self._device is None or self.connection is not None:
                return
            data, response = self.advert()
            await self._device.start_advertising(advertising_data=data, scan_response_data=response)

    def _on_connection(self, connection: Connection) -> None:
        self.connection = connection
        self.links += 1
        connection.on("disconnection", lambda _: self._on_disconnection(connection))
        came_as = str(connection.peer_address)
        connection.on("pairing", lambda keys: self.spawn(self._remember(came_as, keys)))
        connection.on("connection_encryption_change", lambda: self.spawn(self._remember(came_as, None)))
        if self._bonding:
            loop = asyncio.get_running_loop()
            self._stranger = loop.call_later(STRANGER_S, self._show_out, connection)
        self.link_opened()

    async def _remember(self, came_as: str, keys: PairingKeys | None) -> None:
        """A central has bonded, or used its bond (None): it is the last to be forgotten. Remember it by the address
        that it came with, too: some bond under one that they do not use."""
        keys = keys or await self.keys.get(came_as)
        if not self._bonding or keys is None:
            return
        await self.keys.delete(came_as)
        await self.keys.update(came_as, keys)
        bonds: dict[bytes, list[str]] = {}  # the names of each, the one used last at the end
        for name, kept in await self.keys.get_all():
            ltk = b"" if kept.ltk is None else kept.ltk.value
            bonds[ltk] = [*bonds.pop(ltk, []), name]
        for names in list(bonds.values())[:-BONDS_MAX]:
            for name in names:
                await self.keys.delete(name)

    def _on_disconnection(self, connection: Connection) -> None:
        if self.connection is not connection:
            return
        self.connection = None
        if self._stranger is not None:
            self._stranger.cancel()
        self.link_closed()
        self.advertise_anew()

    def _show_out(self, connection: Connection) -> None:
        if self.connection is connection and not connection.encryption:
            log.warning("%s: the central did not encrypt the link within %g s", self.name, STRANGER_S)
            self.spawn(connection.disconnect(hci.HCI_ErrorCode.AUTHENTICATION_FAILURE_ERROR))


class _Doorkeeper(PairingDelegate):
    """Lets centrals bond while the band is open to pairing; Just Works: a band has neither display nor keys."""

    def __init__(self, band: Peripheral) -> None:
        super().__init__()
        self._band = band

    async def accept(self) -> bool:
        if not self._band.pairing:
            log.info("%s: refused to pair: it is not in pairing mode", self._band.name)
        return self._band.pairing


def advert_bytes(*parts: tuple[int, bytes]) -> bytes:
    """Return advertising data made of (type, content)."""
    return b"".join(bytes((len(content) + 1, kind)) + content for kind, content in parts)


FLAGS: Final = (int(AdvertisingData.FLAGS), b"\x06")  # general discoverable, no BR/EDR


def named(name: str) -> tuple[int, bytes]:
    """Return the part that says the complete local name."""
    return int(AdvertisingData.COMPLETE_LOCAL_NAME), name.encode()


def _guard_subscriptions(device: Device, services: list[Service]) -> None:
    """Subscriptions of an encrypted characteristic are for encrypted links, too."""
    for service in services:
        for offered in service.characteristics:
            if not offered.permissions & Characteristic.READ_REQUIRES_ENCRYPTION:
                continue
            for attribute in device.gatt_server.attributes:
                within = offered.handle < attribute.handle <= offered.end_group_handle
                if within and attribute.type == _CCCD:
                    attribute.permissions |= _ENCRYPTED


async def _quietly(name: str, coroutine: Coroutine[object, None, None]) -> None:
    """A link that ends in the middle of something is no fault of the band's."""
    try:
        await coroutine
    except (hci.HCI_Error, TimeoutError, asyncio.InvalidStateError) as error:
        log.info("%s: %s", name, error)
