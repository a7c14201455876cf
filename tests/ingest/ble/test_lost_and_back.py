"""Two bands at a whole gateway, over bumble and over BlueZ: one is lost, comes back and doubles what it says."""

import asyncio
from contextlib import AsyncExitStack
from itertools import groupby
from pathlib import Path
from typing import Final

import pytest

pytest.importorskip("bumble", reason="the extra radio is not installed")

from benchmarks.gateway_house import VirtualBand, radio_house
from tests.bluez.facade import facade_at
from tests.bluez.house import leave_the_bus
from tests.ingest.ble.gateway_bench import FakeOutbox
from tests.ingest.ble.radio_bench import LONG_S, RadioGateway, until

pytestmark = pytest.mark.long

NAMES: Final = ("band-01", "band-02")
ENOUGH: Final = 3  # seconds of each band, each time


class KeepingOutbox(FakeOutbox):
    """Remembers what it was given, as a sender's spool does."""

    def kept(self, band: str, boot: int) -> list[tuple[int, int]]:
        have = sorted({packet.seq for packet in self.packets if (packet.band, packet.boot) == (band, boot)})
        runs = [[seq for _, seq in run] for _, run in groupby(enumerate(have), key=lambda each: each[1] - each[0])]
        return [(run[0], run[-1]) for run in runs]


def came(outbox: FakeOutbox, band: VirtualBand) -> list[tuple[int, int]]:
    return [(packet.boot, packet.seq) for packet in outbox.packets if packet.band == band.name]


def sensed(band: VirtualBand) -> list[tuple[int, int]]:
    return [(packet.boot, packet.seq) for packet in band.sensed]


@pytest.mark.parametrize("way", ["bumble", "bluez"])
def test_a_band_that_is_lost_comes_back_and_doubles_is_heard_whole_and_once_and_the_other_never_notices(
    way: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = ""
    if way == "bluez":
        bus = request.getfixturevalue("bus")
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus)

    async def story() -> None:
        async with AsyncExitStack() as stack:
            house = await stack.enter_async_context(radio_house(bands=2, doors=1, seed=3, supervision_s=0.3))
            spec, outbox = f"tcp-client:127.0.0.1:{house.doors[0]}", KeepingOutbox()
            if way == "bluez":
                await stack.enter_async_context(facade_at(bus, spec))
                stack.push_async_callback(leave_the_bus)
            adapter = spec if way == "bumble" else "hci0"
            one = await stack.enter_async_context(RadioGateway(tmp_path, [adapter], roster=NAMES, outbox=outbox))
            lost, other = house.bands
            await until(lambda: len(house.hosts()) == 1)
            for band in house.bands:
                await band.start()
            house.bring_near()
            one.pair(NAMES, 120.0)
            await until(lambda: all(len(came(outbox, band)) >= ENOUGH for band in house.bands))
            assert lost.band is not None
            lost.band.doubles = True
            house.air.cut(house.hosts()[0], lost.name)
            await until(lambda: not lost.held)
            await until(lambda: lost.held)
            again = len(lost.sensed) + ENOUGH
            await until(lambda: all(len(came(outbox, band)) >= again for band in (lost, other)))
            for band in house.bands:
                await band.rest()
            await until(lambda: all(len(set(came(outbox, band))) >= len(band.sensed) for band in house.bands))
            for band in house.bands:
                assert sorted(came(outbox, band)) == sensed(band), "each once"
            states = [state for name, state, _, _ in outbox.states if name == other.name]
            assert states[states.index("connected") :] == ["connected"] * (len(states) - states.index("connected"))

    asyncio.run(asyncio.wait_for(story(), 4 * LONG_S))
