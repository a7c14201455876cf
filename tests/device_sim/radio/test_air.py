"""The radio that is not there: who hears whom, what a lost link costs, and who wins a band."""

import asyncio
import subprocess
import sys
from collections.abc import Coroutine

import pytest
from bumble import hci
from bumble.device import Advertisement, Connection, Device, DeviceConfiguration
from bumble.transport import open_transport
from bumble.transport.common import Transport

from device_sim.errors import RadioError
from device_sim.radio.air import Air
from device_sim.radio.server import serve

LIMIT_S = 60.0  # a bound, never waited out where things work
BAND, PHONE, OTHER = "C0:00:00:00:00:0B", "C1:00:00:00:00:01", "C1:00:00:00:00:02"


def run(test: Coroutine[object, None, None]) -> None:
    asyncio.run(asyncio.wait_for(test, LIMIT_S))


async def host(transport: Transport, address: str) -> Device:
    configuration = DeviceConfiguration(
        name="x", address=hci.Address(address), advertising_interval_min=20, advertising_interval_max=20
    )
    device = Device.from_config_with_hci(configuration, transport.source, transport.sink)
    await device.power_on()
    return device


async def advertiser(air: Air, name: str = "band", address: str = BAND) -> Device:
    device = await host(air.transport(name), address)
    await device.start_advertising(advertising_data=b"\x02\x01\x06", scan_response_data=b"\x02\x09b")
    return device


async def phone(air: Air, name: str = "phone", address: str = PHONE) -> Device:
    return await host(air.transport(name), address)


async def heard_by(device: Device, count: int) -> list[Advertisement]:
    heard: asyncio.Queue[Advertisement] = asyncio.Queue()
    device.on("advertisement", heard.put_nowait)
    await device.start_scanning(active=True, filter_duplicates=False)
    found = [await heard.get() for _ in range(count)]
    await device.stop_scanning()
    device.remove_listener("advertisement", heard.put_nowait)
    return found


def ending(connection: Connection) -> "asyncio.Future[int]":
    over: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    connection.on("disconnection", over.set_result)
    return over


def test_signal_strength_belongs_to_a_pair_and_can_be_set() -> None:
    async def test() -> None:
        air = Air(wander_db=0.0)
        await advertiser(air)
        near, far = await phone(air), await phone(air, "far", OTHER)
        air.set_rssi("band", "phone", -50)
        air.set_rssi("far", BAND, -90)
        assert {advert.rssi for advert in await heard_by(near, 3)} == {-50}
        assert {advert.rssi for advert in await heard_by(far, 3)} == {-90}

    run(test())


def test_who_is_out_of_range_hears_nothing_until_it_comes_back() -> None:
    async def test() -> None:
        air = Air()
        await advertiser(air)
        device = await phone(air)
        air.set_rssi("band", "phone", None)
        heard: list[Advertisement] = []
        device.on("advertisement", heard.append)
        await device.start_scanning(active=True, filter_duplicates=False)
        await asyncio.sleep(0.15)
        assert heard == []
        air.set_rssi("band", "phone", -60)
        while len(heard) < 2:
            await asyncio.sleep(0.01)

    run(test())


def test_a_link_out_of_earshot_dies_of_the_supervision_timeout_at_both_ends() -> None:
    async def test() -> None:
        air = Air(supervision_s=0.05)
        band, device = await advertiser(air), await phone(air)
        connection = await device.connect(hci.Address(BAND))
        (other_end,) = band.connections.values()
        here, there = ending(connection), ending(other_end)
        assert air.links() == [("band", "phone")]
        air.silence("band")
        assert (await here, await there) == (8, 8)
        assert air.links() == []

    run(test())


def test_a_link_that_is_heard_again_in_time_goes_on_and_nothing_of_it_is_lost() -> None:
    async def test() -> None:
        air = Air(supervision_s=LIMIT_S)
        await advertiser(air)
        device = await phone(air)
        connection = await device.connect(hci.Address(BAND))
        air.silence("band")
        asked = asyncio.ensure_future(connection.get_remote_le_features())
        done, _ = await asyncio.wait({asked}, timeout=0.05)
        assert not done
        air.restore("band")
        assert await asked

    run(test())


def test_a_link_can_be_cut_at_once() -> None:
    async def test() -> None:
        air = Air(supervision_s=60)
        await advertiser(air)
        device = await phone(air)
        over = ending(await device.connect(hci.Address(BAND)))
        air.cut("band", "phone")
        assert await over == 8

    run(test())


def test_of_two_that_dial_one_band_one_wins_and_the_other_is_told() -> None:
    async def test() -> None:
        air = Air()
        await advertiser(air)
        devices = [await phone(air), await phone(air, "other", OTHER)]
        overs: list[asyncio.Future[int]] = []
        for device in devices:
            device.on("connection", lambda connection: overs.append(ending(connection)))
        await asyncio.gather(*(device.connect(hci.Address(BAND)) for device in devices))
        done, _ = await asyncio.wait(overs, return_when=asyncio.FIRST_COMPLETED)
        (lost,) = done
        assert lost.result() == hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR
        assert len(air.links()) == 1

    run(test())


def test_a_dialling_that_is_cancelled_leaves_a_controller_that_dials_again() -> None:
    async def test() -> None:
        air = Air()
        device = await phone(air)
        dialling = asyncio.ensure_future(device.connect(hci.Address(BAND), timeout=None))
        while not device.is_le_connecting:  # before that there is nothing to cancel
            await asyncio.sleep(0)
        await device.cancel_connection()  # type: ignore[no-untyped-call]
        with pytest.raises(Exception, match="0x2"):
            await dialling
        await advertiser(air)
        assert await device.connect(hci.Address(BAND))

    run(test())


def test_a_host_that_is_killed_leaves_its_peer_with_a_timeout_and_its_address_free() -> None:
    async def test() -> None:
        air = Air(supervision_s=0.05)
        await advertiser(air)
        device = await phone(air)
        over = ending(await device.connect(hci.Address(BAND)))
        air.remove("band")
        await advertiser(air, "band-again")
        assert await over == 8
        assert await device.connect(hci.Address(BAND))
        assert air.hosts() == ["band-again", "phone"]

    run(test())


def test_a_name_that_nobody_has_is_told_with_those_that_are_there() -> None:
    async def test() -> None:
        air = Air()
        await phone(air)
        with pytest.raises(RadioError, match=r"nobody.*phone"):
            air.silence("band")

    run(test())


def test_other_processes_reach_the_air_over_tcp() -> None:
    async def test() -> None:
        air = Air(supervision_s=0.05)
        server = await serve(air, port=0)
        port = server.sockets[0].getsockname()[1]
        await advertiser(air)
        transport = await open_transport(f"tcp-client:127.0.0.1:{port}")
        device = await host(transport, PHONE)
        (advert, _) = await heard_by(device, 2)
        assert str(advert.address) == BAND
        await device.connect(hci.Address(BAND))
        assert len(air.links()) == 1
        with pytest.raises(RadioError, match=str(port)):
            await serve(air, port=port)
        await transport.close()
        while air.links():
            await asyncio.sleep(0)
        server.close()

    run(test())


@pytest.mark.service
def test_an_air_of_its_own_process_says_where_it_is() -> None:
    command = [sys.executable, "-m", "device_sim.radio", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().startswith("air ready on tcp-client:127.0.0.1:")
        finally:
            process.terminate()
