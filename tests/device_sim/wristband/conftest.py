"""A central in this process: what tests connect to simulated bands with."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import pytest
from bumble import hci
from bumble.core import UUID, ProtocolError
from bumble.device import Advertisement, Connection, Device, DeviceConfiguration, Peer
from bumble.gatt_client import CharacteristicProxy
from bumble.keys import MemoryKeyStore
from bumble.pairing import PairingConfig

from device_sim.radio.air import Air

LIMIT_S = 60.0  # a test that takes so long hangs
_Answer = TypeVar("_Answer")


class Central:
    """A phone, say: ``name`` on ``air``."""

    def __init__(self, air: Air, name: str, address: str) -> None:
        transport = air.transport(name)
        configuration = DeviceConfiguration(name=name, address=hci.Address(address))
        self.device = Device.from_config_with_hci(configuration, transport.source, transport.sink)
        self.device.keystore = MemoryKeyStore()
        random = PairingConfig.AddressType.RANDOM
        self.device.pairing_config_factory = lambda _: PairingConfig(
            sc=True, mitm=False, bonding=True, identity_address_type=random
        )
        self.transport = transport

    async def hold(self, address: str) -> "Connected":
        """A link, and not a word on it."""
        connection = await self.device.connect(hci.Address(address), timeout=LIMIT_S)
        return Connected(connection, Peer(connection))

    async def connect(self, address: str) -> "Connected":
        """A link on which everything that the band has is known."""
        link = await self.hold(address)
        peer = link.peer
        await peer.request_mtu(247)
        await peer.discover_services()
        await peer.discover_characteristics()
        return link

    async def adverts(self, count: int) -> list[Advertisement]:
        """The first ``count`` adverts, scan responses included."""
        heard: asyncio.Queue[Advertisement] = asyncio.Queue()
        self.device.on("advertisement", heard.put_nowait)
        await self.device.start_scanning(active=True, filter_duplicates=False)
        found = [await heard.get() for _ in range(count)]
        await self.device.stop_scanning()
        self.device.remove_listener("advertisement", heard.put_nowait)
        return found


class Connected:
    """A link to one band; ``lost`` is set with the reason when it is over."""

    def __init__(self, connection: Connection, peer: Peer) -> None:
        self.connection = connection
        self.lost: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.peer = peer
        connection.on("disconnection", self.lost.set_result)

    def characteristic(self, uuid: str) -> CharacteristicProxy[bytes]:
        found: list[CharacteristicProxy[bytes]] = self.peer.get_characteristics_by_uuid(UUID(uuid))
        return found[0]

    async def read(self, uuid: str) -> bytes:
        return bytes(await self.characteristic(uuid).read_value())

    async def write(self, uuid: str, data: bytes) -> None:
        await self.characteristic(uuid).write_value(data, with_response=True)

    async def subscribe(self, uuid: str) -> "asyncio.Queue[bytes]":
        heard: asyncio.Queue[bytes] = asyncio.Queue()
        await self.characteristic(uuid).subscribe(heard.put_nowait)
        return heard

    async def error_of(self, refused: Awaitable[object]) -> int:
        """The ATT error that it ends with."""
        with pytest.raises(ProtocolError) as error:
            await refused
        return int(error.value.error_code or 0)


def _run(test: Coroutine[Any, Any, _Answer]) -> _Answer:
    return asyncio.run(asyncio.wait_for(test, LIMIT_S))


@pytest.fixture
def run() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Run a coroutine to its end, or fail."""
    return _run


async def _central(air: Air, name: str = "phone", address: str = "C1:00:00:00:00:01") -> Central:
    made = Central(air, name, address)
    await made.device.power_on()
    return made


@pytest.fixture
def central() -> Callable[..., Coroutine[Any, Any, Central]]:
    """Switch a ``Central`` on."""
    return _central
