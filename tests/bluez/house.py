"""A way to reach bands in (bumble, or BlueZ's facade), an adapter and a virtual air with bands on it out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final, Literal, TypedDict, Unpack

from bleak.backends.bluezdbus.manager import get_global_bluez_manager

from device_sim.radio.air import Air
from device_sim.radio.server import serve
from ingest.ble.adapters import Adapter
from ingest.ble.link import BleakLink
from ingest.ble.profile import Advert
from tests.bluez.facade import Facade, facade_at
from tests.bluez.peripheral import Peripheral
from tests.bluez.plug import Plug

Way = Literal["bumble", "bluez"]
LONG_S: Final = 60.0  # a bound, never waited out where things work
SUPERVISION_S: Final = 0.15


class Settings(TypedDict, total=False):
    """Of the adapter."""

    links_max: int
    bonds: Path | None
    silence_s: float
    back_off_s: float


class House:
    """What a test stands in. ``told`` is what the adapter's scan said: a reason for being deaf, None for hearing."""

    def __init__(self, way: Way, air: Air, plug: Plug, adapter: Adapter, facade: Facade | None) -> None:
        self.way = way
        self.air = air
        self.plug = plug
        self.adapter = adapter
        self.facade = facade
        self.bands: dict[str, Peripheral] = {}
        self.adverts: list[Advert] = []
        self.told: list[str | None] = []
        self._count = 0

    async def band(self, name: str | None = None, *, pairs: bool = True, alias: bool = False) -> Peripheral:
        """One more, powered on."""
        self._count += 1
        name = name if name is not None else f"band-{self._count}"
        address = f"C0:DE:00:00:00:{self._count:02X}"
        band = self.bands[address] = Peripheral(self.air.transport(address), name, address, pairs=pairs, alias=alias)
        await band.start()
        return band

    def hear(self, advert: Advert) -> None:
        """For ``Adapter.scan``."""
        self.adverts.append(advert)

    async def heard(self, band: Peripheral) -> Advert:
        """Its next advert."""
        before = len(self.adverts)
        await self.until(lambda: any(advert.address == band.address for advert in self.adverts[before:]))
        return next(advert for advert in reversed(self.adverts) if advert.address == band.address)

    async def open(self, band: Peripheral, *, may_pair: bool = False) -> BleakLink:
        """A link to it, once it has been heard."""
        await self.heard(band)
        return await self.adapter.open(band.address, may_pair=may_pair)

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for something that nobody tells of; the bound of the test is the bound."""
        while not true():
            await asyncio.sleep(0.005)

    def die(self, band: Peripheral) -> None:
        """As if its battery fell out."""
        self.air.remove(band.address)


Body = Callable[[House], Awaitable[None]]


@contextlib.asynccontextmanager
async def a_house(way: Way, *, bus: str | None = None, **settings: Unpack[Settings]) -> AsyncIterator[House]:
    """For the length of a test; ``settings`` are the adapter's."""
    air = Air(supervision_s=SUPERVISION_S)
    server = await serve(air, port=0)
    plug = Plug(server.sockets[0].getsockname()[1])
    await plug.put_in()
    spec = f"tcp-client:127.0.0.1:{plug.port}"
    async with server, contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(plug.pull_out)
        facade = None
        if way == "bluez":
            assert bus is not None
            facade = await stack.enter_async_context(facade_at(bus, spec))
            stack.push_async_callback(leave_the_bus)
        adapter = Adapter(spec if way == "bumble" else "hci0", **settings)
        await stack.enter_async_context(adapter)
        house = House(way, air, plug, adapter, facade)
        scanning = asyncio.get_running_loop().create_task(adapter.scan(house.hear, house.told.append))
        stack.push_async_callback(_end, scanning)
        yield house


def live(way: Way, body: Body, *, bus: str | None = None, **settings: Unpack[Settings]) -> None:
    """Run ``body`` in a house of its own, at most LONG_S."""

    async def run() -> None:
        async with asyncio.timeout(LONG_S), a_house(way, bus=bus, **settings) as house:
            await body(house)

    asyncio.run(run())


async def _end(scanning: "asyncio.Task[None]") -> None:
    scanning.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await scanning


async def leave_the_bus() -> None:
    """Let go of the bus that bleak keeps for the life of a loop."""
    manager = await get_global_bluez_manager()
    manager._bus.disconnect()
    with contextlib.suppress(EOFError):
        await manager._bus.wait_for_disconnect()
