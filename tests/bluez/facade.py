"""org.bluez on a private bus, with a bumble central behind it: bleak's own Linux backend runs on it unmodified.

Only what bleak 3.1 calls is there: adapters, devices and GATT; no agents, no passive scans, no AcquireNotify. What
BlueZ (5.66) does of its own accord it does too: it joins an advert with what it knew of the device, encrypts links to
bonded bands, hides the Generic Access service, tells a read value to whoever is subscribed, and loses everything
when its adapter is pulled out or it is restarted.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Final

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.exc import BleakBluetoothNotAvailableError, BleakError, BleakGATTProtocolError
from bumble.device import Advertisement
from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from ingest.ble.bumble_adverts import parse_advertisement
from ingest.ble.bumble_central import Central
from ingest.ble.bumble_client import BumbleClient
from ingest.ble.refusals import KeyMissingError
from tests.bluez.tree import Reply, Tree

HCI0: Final = "/org/bluez/hci0"
ADAPTER: Final = "org.bluez.Adapter1"
DEVICE: Final = "org.bluez.Device1"
SERVICE: Final = "org.bluez.GattService1"
CHARACTERISTIC: Final = "org.bluez.GattCharacteristic1"
PEER: Final = "org.freedesktop.DBus.Peer"  # dbus-fast answers that itself
GENERIC_ACCESS: Final = "00001800-0000-1000-8000-00805f9b34fb"
GATT_ERRORS: Final = {  # as gatt-client.c has them
    0x02: ("NotPermitted", "Read not permitted"),
    0x03: ("NotPermitted", "Write not permitted"),
    0x05: ("NotPermitted", "Not paired"),
    0x06: ("NotSupported", "Operation is not supported"),
    0x08: ("NotAuthorized", "Operation Not Authorized"),
    0x0C: ("NotPermitted", "Not paired"),
    0x0D: ("InvalidArguments", "Invalid Length"),
    0x0F: ("NotPermitted", "Not paired"),
}
PLUG_IN_S: Final = 0.05  # how often an adapter that was pulled out is looked for


class BlueZError(Exception):
    """An error by its name in org.bluez.Error."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = f"org.bluez.Error.{name}"


class Facade:
    """One adapter, hci0, on the transport that bumble calls ``spec``."""

    active = True

    def __init__(self, bus: MessageBus, spec: str) -> None:
        self.tree = Tree(bus)
        self.plugged = asyncio.Event()
        self._bus = bus
        self._spec = spec
        self._central: Central | None = None
        self._devices: dict[str, BLEDevice] = {}
        self._clients: dict[str, BumbleClient] = {}
        self._characteristics: dict[str, BleakGATTCharacteristic] = {}
        self._notifying: set[str] = set()
        self._dialling: dict[str, asyncio.Future[None]] = {}
        self._scanning: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        bus.add_message_handler(self._handle)

    async def run(self) -> None:
        """Look for the adapter, serve it while it is there, and again."""
        while True:
            try:
                self._central = await Central.get(self._spec)
            except BleakBluetoothNotAvailableError:
                await asyncio.sleep(PLUG_IN_S)
                continue
            address = str(self._central.device.random_address)[:17]
            self.tree.add(
                HCI0,
                ADAPTER,
                Address=Variant("s", address),
                Powered=Variant("b", True),
                Discovering=Variant("b", False),
            )
            self.plugged.set()
            await self._central.gone()
            self._unplugged()

    async def restart(self) -> None:
        """As ``systemctl restart bluetooth``: links and scans end without a word of why, the adapter is there again."""
        central = self._central
        if central is None:
            return
        await central.scan(self, on=False)
        for client in list(self._clients.values()):
            await client.disconnect()
        self._unplugged()
        self.tree.add(HCI0, ADAPTER, Powered=Variant("b", True), Discovering=Variant("b", False))
        self.plugged.set()

    async def close(self) -> None:
        """Hang up and forget what was begun."""
        for task in list(self._tasks):
            task.cancel()
        for client in list(self._clients.values()):
            with contextlib.suppress(BleakError):
                await client.disconnect()
        await Central.release(self._spec)

    def _unplugged(self) -> None:
        self.plugged.clear()
        self._scanning.clear()
        self._devices.clear()
        self.tree.remove(HCI0)

    # -- calls

    def _handle(self, message: Message) -> bool | None:
        if message.message_type is not MessageType.METHOD_CALL or message.interface == PEER:
            return None
        task = asyncio.get_running_loop().create_task(self._reply(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _reply(self, message: Message) -> None:
        try:
            signature, body = await self._answer(message)
            reply = Message.new_method_return(message, signature, body)
        except BlueZError as error:
            reply = Message.new_error(message, error.name, str(error))
        except BleakGATTProtocolError as error:
            name, text = GATT_ERRORS.get(error.code, ("Failed", f"Operation failed with ATT error: 0x{error.code:02x}"))
            reply = Message.new_error(message, f"org.bluez.Error.{name}", text)
        except (BleakError, TimeoutError) as error:
            reply = Message.new_error(message, "org.bluez.Error.Failed", str(error) or "Operation failed")
        if self._bus.connected:
            self._bus.send(reply)

    async def _answer(self, message: Message) -> Reply:
        if (answer := self.tree.answer(message)) is not None:
            return answer
        calls = {
            "SetDiscoveryFilter": self._set_filter,
            "StartDiscovery": self._start_discovery,
            "StopDiscovery": self._stop_discovery,
            "RemoveDevice": self._remove_device,
            "Connect": self._connect,
            "Disconnect": self._disconnect,
            "Pair": self._pair,
            "ReadValue": self._read,
            "WriteValue": self._write,
            "StartNotify": self._start_notify,
            "StopNotify": self._stop_notify,
        }
        if message.path not in self.tree.objects or message.member not in calls:
            raise _Unknown(f"{message.path} {message.member}")
        return await calls[message.member](message) or ("", [])

    # -- adapter

    async def _set_filter(self, _message: Message) -> None:
        return None

    async def _start_discovery(self, message: Message) -> None:
        self._scanning.add(message.sender)
        await self._here().scan(self, on=True)
        self.tree.change(HCI0, ADAPTER, Discovering=Variant("b", True))

    async def _stop_discovery(self, message: Message) -> None:
        if message.sender not in self._scanning:
            raise BlueZError("Failed", "No discovery started")
        self._scanning.discard(message.sender)
        if not self._scanning:
            await self._here().scan(self, on=False)
            self.tree.change(HCI0, ADAPTER, Discovering=Variant("b", False))

    async def _remove_device(self, message: Message) -> None:
        path = message.body[0]
        if path not in self._devices:
            raise BlueZError("DoesNotExist", "Does Not Exist")
        await self._client(path).unpair()
        self._devices.pop(path, None)
        self.tree.remove(path)

    def _here(self) -> Central:
        if self._central is None:
            raise BlueZError("NotReady", "Resource Not Ready")
        return self._central

    def on_advertisement(self, heard: Advertisement) -> None:
        """Join it with what is known of the device."""
        data = parse_advertisement(heard)
        address = heard.address.to_string(with_type_qualifier=False)
        path = f"{HCI0}/dev_{address.replace(':', '_')}"
        said = {"RSSI": Variant("n", heard.rssi)}
        if name := (data.local_name or "").split("\0")[0]:
            said |= {"Name": Variant("s", name), "Alias": Variant("s", name)}
        if data.service_uuids:
            said["UUIDs"] = Variant("as", data.service_uuids)
        if data.manufacturer_data:
            makers = {maker: Variant("ay", said_by) for maker, said_by in data.manufacturer_data.items()}
            said["ManufacturerData"] = Variant("a{qv}", makers)
        if data.service_data:
            services = {service: Variant("ay", said_by) for service, said_by in data.service_data.items()}
            said["ServiceData"] = Variant("a{sv}", services)
        if path in self._devices:
            self.tree.change(path, DEVICE, **said)
            return
        self._devices[path] = BLEDevice(address, None, heard.address)
        bonded = self._here().bonds.holds(str(heard.address))
        self.tree.add(path, DEVICE, **(_new_device(address, bonded=bonded) | said))

    # -- devices

    def _client(self, path: str) -> BumbleClient:
        if path not in self._clients:
            self._clients[path] = BumbleClient(
                self._devices[path],
                disconnected_callback=lambda: self._gone(path),
                timeout=25.0,
                services=None,
                transport=self._spec,
            )
        return self._clients[path]

    async def _connect(self, message: Message) -> None:
        path = message.path
        client = self._client(path)
        if client.is_connected:
            return
        dialling = self._dialling[path] = asyncio.ensure_future(client.connect(pair=False))
        await asyncio.wait({dialling})
        if dialling.cancelled():
            raise BlueZError("Failed", "Software caused connection abort")
        dialling.result()
        self.tree.change(path, DEVICE, Connected=Variant("b", True))
        if self._here().bonds.holds(str(self._devices[path].details)):
            try:
                await client.pair()
            except KeyMissingError:  # the kernel hangs up where encryption fails
                await client.disconnect()
                return
        self._resolved(path, client)

    async def _disconnect(self, message: Message) -> None:
        if (dialling := self._dialling.get(message.path)) is not None:
            dialling.cancel()
            await asyncio.wait({dialling})
        await self._client(message.path).disconnect()

    async def _pair(self, message: Message) -> None:
        client = self._client(message.path)
        if not client.is_connected:
            await self._connect(message)
        try:
            await client.pair()
        except BleakError as error:
            raise BlueZError("AuthenticationFailed", "Authentication Failed") from error
        self.tree.change(message.path, DEVICE, Paired=Variant("b", True), Bonded=Variant("b", True))

    def _gone(self, path: str) -> None:
        self._clients.pop(path, None)
        for child in [p for p in self.tree.objects if p.startswith(f"{path}/") and p.count("/") == path.count("/") + 1]:
            self.tree.remove(child)
        self._notifying = {p for p in self._notifying if not p.startswith(f"{path}/")}
        self._characteristics = {p: c for p, c in self._characteristics.items() if not p.startswith(f"{path}/")}
        self.tree.change(path, DEVICE, ServicesResolved=Variant("b", False), Connected=Variant("b", False))

    def _resolved(self, path: str, client: BumbleClient) -> None:
        for service in client.services or ():
            if service.uuid == GENERIC_ACCESS:
                continue
            below = f"{path}/service{service.handle:04x}"
            self.tree.add(
                below, SERVICE, UUID=Variant("s", service.uuid), Device=Variant("o", path), Primary=Variant("b", True)
            )
            for characteristic in service.characteristics:
                self._add_characteristic(f"{below}/char{characteristic.handle - 1:04x}", below, characteristic)
        self.tree.change(path, DEVICE, ServicesResolved=Variant("b", True))

    def _add_characteristic(self, path: str, service: str, characteristic: BleakGATTCharacteristic) -> None:
        self._characteristics[path] = characteristic
        self.tree.add(
            path,
            CHARACTERISTIC,
            UUID=Variant("s", characteristic.uuid),
            Service=Variant("o", service),
            Flags=Variant("as", list(characteristic.properties)),
            MTU=Variant("q", characteristic.max_write_without_response_size + 3),
        )

    # -- GATT

    def _of(self, message: Message) -> tuple[BumbleClient, BleakGATTCharacteristic]:
        return self._clients["/".join(message.path.split("/")[:5])], self._characteristics[message.path]

    async def _read(self, message: Message) -> Reply:
        client, characteristic = self._of(message)
        value = bytes(await client.read_gatt_char(characteristic))
        self.tree.change(message.path, CHARACTERISTIC, Value=Variant("ay", value))
        return "ay", [value]

    async def _write(self, message: Message) -> None:
        client, characteristic = self._of(message)
        kind = message.body[1].get("type")
        response = kind is None or kind.value != "command"
        await client.write_gatt_char(characteristic, bytes(message.body[0]), response=response)

    async def _start_notify(self, message: Message) -> None:
        client, characteristic = self._of(message)
        if not {"notify", "indicate"} & set(characteristic.properties):
            raise BlueZError("NotSupported", "Operation is not supported")
        path = message.path

        def heard(value: bytearray) -> None:
            self.tree.change(path, CHARACTERISTIC, Value=Variant("ay", bytes(value)))

        if path not in self._notifying:  # each client is told of every value all the same
            self._notifying.add(path)
            await client.start_notify(characteristic, heard)

    async def _stop_notify(self, message: Message) -> None:
        client, characteristic = self._of(message)
        self._notifying.discard(message.path)
        await client.stop_notify(characteristic)


class _Unknown(BlueZError):
    def __init__(self, text: str) -> None:
        super().__init__("", text)
        self.name = "org.freedesktop.DBus.Error.UnknownObject"


class _Patient:
    """A socket that takes nothing for as long as its buffer is full, where dbus-fast would give up the bus."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def send(self, data: memoryview) -> int:
        """How much was taken."""
        try:
            return self._sock.send(data)
        except BlockingIOError:
            return 0


def _new_device(address: str, *, bonded: bool) -> dict[str, Variant]:
    flags = dict.fromkeys(("Trusted", "Blocked", "LegacyPairing", "Connected", "ServicesResolved"), Variant("b", False))
    return {
        **flags,
        "Address": Variant("s", address),
        "AddressType": Variant("s", "random"),
        "Alias": Variant("s", address.replace(":", "-")),
        "Adapter": Variant("o", HCI0),
        "Paired": Variant("b", bonded),
        "Bonded": Variant("b", bonded),
        "UUIDs": Variant("as", []),
    }


@contextlib.asynccontextmanager
async def facade_at(address: str, spec: str) -> AsyncIterator[Facade]:
    """Serve org.bluez on the bus at ``address`` (which DBUS_SYSTEM_BUS_ADDRESS names too) for as long as it lasts."""
    bus = await MessageBus(bus_address=address, bus_type=BusType.SYSTEM).connect()
    bus._writer.sock = _Patient(bus._sock)
    facade = Facade(bus, spec)
    facade.tree.add("/org/bluez", "org.bluez.AgentManager1")
    await bus.request_name("org.bluez")
    running = asyncio.get_running_loop().create_task(facade.run())
    try:
        await facade.plugged.wait()
        yield facade
    finally:
        running.cancel()
        await facade.close()
        bus.disconnect()
        await bus.wait_for_disconnect()
