"""A link of a bumble central in, bleak's client out: ``BleakClient(device, backend=BumbleClient, …)``."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from bleak.args import SizedBuffer
from bleak.assigned_numbers import CharacteristicPropertyName
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bleak.uuids import normalize_uuid_16
from bumble import att, core, hci
from bumble.device import Connection
from bumble.gatt_client import CharacteristicProxy, Client, ServiceProxy

from ingest.ble.bumble_central import Central
from ingest.ble.refusals import KeyMissingError

MTU: Final = 517  # the largest that a value of 512 bytes needs
MTU_MIN: Final = 23
CONFIGURATION: Final = normalize_uuid_16(0x2902)  # the descriptor that says whether a central listens
HANG_UP_S: Final = 3.0
PROPERTIES: Final[dict[int, CharacteristicPropertyName]] = {
    0x01: "broadcast",
    0x02: "read",
    0x04: "write-without-response",
    0x08: "write",
    0x10: "notify",
    0x20: "indicate",
    0x40: "authenticated-signed-writes",
    0x80: "extended-properties",
}
STALE_BOND: Final = frozenset(
    {hci.HCI_ErrorCode.PIN_OR_KEY_MISSING_ERROR, hci.HCI_ErrorCode.AUTHENTICATION_FAILURE_ERROR}
)

Value = TypeVar("Value")


class BumbleClient(BaseBleakClient):
    """``transport`` is bumble's name of the adapter, ``bonds`` the file of its bonds; the rest is bleak's.

    It connects to devices that a BumbleScanner has found, not to bare addresses: whether an address is public or
    random is known from the advert.
    """

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        services: set[str] | None,
        transport: str,
        bonds: Path | None = None,
        **_other_stacks: Mapping[str, Any],
    ) -> None:
        super().__init__(address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout)
        self._device = address_or_ble_device if isinstance(address_or_ble_device, BLEDevice) else None
        self._wanted = services
        self._transport = transport
        self._bonds = bonds
        self._connection: Connection | None = None
        self._gone = asyncio.Event()
        self._subscribers: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        """As advertised, else the address."""
        return (self._device is not None and self._device.name) or self.address.replace(":", "-")

    @property
    def mtu_size(self) -> int:
        """Bytes."""
        return self._connection.att_mtu if self._connection is not None else MTU_MIN

    @property
    def is_connected(self) -> bool:
        """Now."""
        return self._connection is not None

    async def connect(self, pair: bool, **_kwargs: object) -> None:
        """Dial, agree on an MTU, find out what is offered."""
        if self.is_connected:
            raise BleakError("connected already")
        if self._device is None:
            raise BleakDeviceNotFoundError(self.address, f"{self.address} was not found by a BumbleScanner")
        async with asyncio.timeout(self._timeout):
            central = await Central.get(self._transport, self._bonds)
            connection = await central.dial(self._device.details)
            self._gone = asyncio.Event()
            self._connection = connection
            connection.on(connection.EVENT_DISCONNECTION, self._on_disconnection)
            try:
                if pair:
                    await self.pair()
                await self._call(connection.gatt_client.request_mtu(MTU))
                self.services = await self._discover(connection.gatt_client)
            except BaseException:
                await self.disconnect()
                raise

    async def disconnect(self) -> None:
        """Hang up; nothing of the connection is left here, whatever the controller says."""
        if (connection := self._connection) is None:
            return
        try:
            async with asyncio.timeout(HANG_UP_S):
                await connection.disconnect()
        except core.BaseBumbleError as error:
            raise BleakError(f"hanging up: {error}") from error
        except asyncio.CancelledError:  # bumble's way of saying that the transport has gone
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
        finally:
            self._on_disconnection(0)

    async def pair(self, *_args: object, **_kwargs: object) -> None:
        """Encrypt by the bond that is kept, else bond. Raises KeyMissingError where the band has lost its bond."""
        connection = self._connected()
        if connection.is_encrypted:
            return
        central = await Central.get(self._transport, self._bonds)
        if not central.bonds.holds(str(connection.peer_address)):
            await self._bond(connection, central)
            return
        try:
            await self._call(connection.encrypt())
        except BleakError as error:
            cause = error.__cause__
            if isinstance(cause, hci.HCI_Error) and cause.error_code in STALE_BOND:
                raise KeyMissingError(str(error)) from error
            raise

    async def unpair(self) -> None:
        """Hang up and let go of the bond, if there is one."""
        central = await Central.get(self._transport, self._bonds)
        address = str(self._connection.peer_address if self._connection is not None else self._details())
        await self.disconnect()
        await central.bonds.forget(address)

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **_kwargs: object
    ) -> bytearray:
        """Its value."""
        return await self._read(characteristic.handle, use_cached=use_cached)

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **_kwargs: object
    ) -> bytearray:
        """Its value."""
        return await self._read(descriptor.handle, use_cached=use_cached)

    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool) -> None:
        """Write it."""
        gatt = self._connected().gatt_client
        await self._call(gatt.write_value(characteristic.handle, bytes(data), with_response=response))

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        """Write it."""
        gatt = self._connected().gatt_client
        await self._call(gatt.write_value(descriptor.handle, bytes(data), with_response=True))

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_kwargs: object
    ) -> None:
        """Subscribe; raises BleakError for a second time on one connection."""
        self._connected()
        handle = characteristic.handle
        if handle in self._subscribers:
            raise BleakError("subscribed already")
        if characteristic.get_descriptor(CONFIGURATION) is None:  # bumble would let it be, and nothing would ever come
            raise BleakError("it neither notifies nor indicates")

        def heard(value: bytes) -> None:
            if self._subscribers.get(handle) is heard:
                callback(bytearray(value))

        proxy: CharacteristicProxy[bytes] = characteristic.obj
        self._subscribers[handle] = heard
        try:
            await self._call(proxy.subscribe(heard))
        except BaseException:
            self._subscribers.pop(handle, None)
            raise

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """Unsubscribe."""
        self._connected()
        heard = self._subscribers.pop(characteristic.handle, None)
        if heard is not None:
            await self._call(characteristic.obj.unsubscribe(heard))

    async def _bond(self, connection: Connection, central: Central) -> None:
        dialled = str(connection.peer_address)
        made: list[Any] = []
        connection.on(connection.EVENT_PAIRING, made.append)
        await self._call(connection.pair())
        for keys in made:  # bumble keeps them by the identity that the band gives, by which it need not be dialled
            await central.bonds.update(dialled, keys)

    async def _read(self, handle: int, *, use_cached: bool) -> bytearray:
        gatt = self._connected().gatt_client
        if use_cached and (hit := gatt.cached_values.get(handle)) is not None:
            return bytearray(hit[1])
        return bytearray(await self._call(gatt.read_value(handle)))

    async def _discover(self, gatt: Client) -> BleakGATTServiceCollection:
        found = BleakGATTServiceCollection()
        for service in await self._call(gatt.discover_services()):
            if self._wanted is None or long_uuid(service.uuid) in self._wanted:
                await self._discover_in(service, gatt, found)
        return found

    async def _discover_in(self, proxy: ServiceProxy, gatt: Client, found: BleakGATTServiceCollection) -> None:
        service = BleakGATTService(proxy, proxy.handle, long_uuid(proxy.uuid))
        found.add_service(service)
        for one in await self._call(gatt.discover_characteristics((), proxy)):
            offers = [name for bit, name in PROPERTIES.items() if one.properties & bit]
            characteristic = BleakGATTCharacteristic(
                one, one.handle, long_uuid(one.uuid), offers, lambda: self.mtu_size - 3, service
            )
            found.add_characteristic(characteristic)
            for other in await self._call(gatt.discover_descriptors(one)):
                found.add_descriptor(BleakGATTDescriptor(other, other.handle, long_uuid(other.type), characteristic))
            one.descriptors_discovered = True

    def _details(self) -> object:
        return self.address if self._device is None else self._device.details

    def _connected(self) -> Connection:
        if self._connection is None:
            raise BleakError("not connected")
        return self._connection

    def _on_disconnection(self, _reason: int) -> None:
        if self._connection is None:
            return
        self._connection = None
        self.services = None
        self._subscribers.clear()
        self._gone.set()
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    async def _call(self, work: Awaitable[Value]) -> Value:
        """Say bumble's errors as bleak's, and a link that is lost meanwhile as BleakError, not as cancellation."""
        task = asyncio.ensure_future(work)
        gone = asyncio.ensure_future(self._gone.wait())
        try:
            await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done() or task.cancelled():
                raise BleakError("the connection was lost")
            return task.result()
        except att.ATT_Error as error:
            raise BleakGATTProtocolError(error.error_code) from error
        except core.TimeoutError as error:
            raise TimeoutError from error
        except core.BaseBumbleError as error:
            raise BleakError(str(error)) from error
        finally:
            gone.cancel()
            task.cancel()


def long_uuid(short: core.UUID) -> str:
    """Of 128 bits, lower case."""
    return str(uuid.UUID(bytes=bytes(short.to_bytes(force_128=True))[::-1]))
