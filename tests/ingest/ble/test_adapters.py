"""Adapters: what they hear, how many they hold, and what they say when they are pulled out, over both ways alike."""

import asyncio
import random

import pytest
from bumble.core import AdvertisingData

from ingest.ble.adapters import Adapter
from ingest.ble.bumble_central import Central
from ingest.ble.profile import Advert
from ingest.errors import LinkError
from tests.bluez.house import House
from tests.bluez.peripheral import MAKER, SERVICE, TICKS
from tests.ingest.ble.conftest import Live


def test_an_advert_is_heard_with_its_scan_response(in_house: Live) -> None:
    async def body(house: House) -> None:
        band = await house.band()
        uuid = bytes.fromhex(SERVICE.replace("-", ""))[::-1]
        kinds = AdvertisingData.Type
        advert = AdvertisingData(
            [
                (kinds.FLAGS, b"\6"),
                (kinds.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, uuid),
                (kinds.MANUFACTURER_SPECIFIC_DATA, bytes.fromhex("ffff010263")),
            ]
        )
        response = AdvertisingData(
            [(kinds.COMPLETE_LOCAL_NAME, b"fc-0007"), (kinds.SERVICE_DATA_16_BIT_UUID, bytes.fromhex("0f1857"))]
        )
        await band.say(bytes(advert), bytes(response))
        await house.until(lambda: any(heard.name == "fc-0007" and heard.services for heard in house.adverts))
        heard = next(heard for heard in house.adverts if heard.name == "fc-0007" and heard.services)
        assert heard.address == band.address
        assert heard.services == (SERVICE,)
        assert heard.makers == {0xFFFF: b"\x01\x02\x63"}
        assert heard.service_data == {"0000180f-0000-1000-8000-00805f9b34fb": b"\x57"}
        assert -110 < heard.rssi < 0
        assert house.told == [None]

    in_house(body)


@pytest.mark.parametrize(
    "name",
    ["", "\0\1\2\x1b[2J", "forecalm/v1/#", "'; DROP TABLE bands; --", "b\u202edna", "x" * 29, "\U0001f9d8" * 7],
    ids=["empty", "control", "wildcard", "quotes", "direction", "long", "astral"],
)
def test_odd_names_are_heard_and_harm_nobody(in_house: Live, name: str) -> None:
    async def body(house: House) -> None:
        odd = await house.band(name)
        plain = await house.band("plain")
        await house.heard(odd)
        assert (await house.heard(plain)).name == "plain"
        async with await house.open(odd) as link:
            assert await link.read(MAKER) == b"Test"

    in_house(body)


def test_junk_in_adverts_silences_nobody_else(in_house: Live) -> None:
    junk = random.Random(4)

    async def body(house: House) -> None:
        plain = await house.band("plain")
        for n in range(8):
            noisy = await house.band(f"noise-{n}")
            data = bytes([0, 255, 9, 3, 17][n % 5 : n % 5 + 1]) + junk.randbytes(30)
            await noisy.say(data, data[::-1])
        for _ in range(10):
            await house.heard(plain)
        async with await house.open(plain) as link:
            assert await link.read(MAKER) == b"Test"
        assert house.told == [None]

    in_house(body)


def test_a_band_that_was_never_heard_is_not_dialled(in_house: Live) -> None:
    async def body(house: House) -> None:
        with pytest.raises(LinkError, match="has not been heard"):
            await house.adapter.open("C0:DE:00:00:00:99", may_pair=False)
        assert house.adapter.links == 0

    in_house(body)


def test_an_adapter_holds_no_more_links_than_it_may(in_house: Live) -> None:
    async def body(house: House) -> None:
        one, other = await house.band(), await house.band()
        async with await house.open(one):
            await house.heard(other)
            with pytest.raises(LinkError, match="holds 1 links already"):
                await house.adapter.open(other.address, may_pair=False)
        async with await house.open(other) as link:
            assert await link.read(MAKER) == b"Test"

    in_house(body, links_max=1)


def test_a_band_is_linked_once_by_an_adapter(in_house: Live) -> None:
    async def body(house: House) -> None:
        band = await house.band()
        async with await house.open(band) as link:
            with pytest.raises(LinkError, match="connected to it already"):
                await house.adapter.open(band.address, may_pair=False)
            assert await link.read(MAKER) == b"Test"

    in_house(body)


def test_twenty_links_at_once_each_hear_their_own_band(in_house: Live) -> None:
    async def body(house: House) -> None:
        bands, links = [], []
        for _ in range(20):  # one after the other: the adverts of twenty at a time are more than a slow computer hears
            bands.append(await house.band())
            links.append(await house.open(bands[-1]))
        heard: list[list[bytes]] = [[] for _ in bands]
        await asyncio.gather(*(link.subscribe(TICKS, its.append) for link, its in zip(links, heard, strict=True)))
        for n in range(5):
            await asyncio.gather(*(band.tick(bytes([i, n])) for i, band in enumerate(bands)))
        await house.until(lambda: all(len(its) >= 5 for its in heard))
        assert heard == [[bytes([i, n]) for n in range(5)] for i in range(20)]
        assert house.adapter.links == 20

    in_house(body, links_max=20)


def test_what_is_said_of_a_band_that_has_died_is_not_taken_for_an_advert(in_house: Live) -> None:
    async def body(house: House) -> None:
        band, other = await house.band(), await house.band()
        link = await house.open(band)
        house.die(band)
        await house.heard(other)
        house.adverts.clear()
        await link.lost()
        await link.close()
        await house.heard(other)
        assert all(advert.address == other.address for advert in house.adverts)

    in_house(body)


def test_a_storm_of_connections_leaves_nothing_behind(in_house: Live) -> None:
    async def body(house: House) -> None:
        bands = [await house.band() for _ in range(3)]
        for band in bands:
            await house.heard(band)
        storm = random.Random(1)

        async def connect_and_go(n: int) -> None:
            band = bands[n % 3]
            try:
                link = await house.adapter.open(band.address, may_pair=False)
            except LinkError:
                return  # another of the storm has it
            async with link:  # also where it is broken off while it reads
                if storm.random() < 0.5:
                    await link.read(MAKER)

        async def broken_off(n: int) -> None:
            attempt = asyncio.ensure_future(connect_and_go(n))
            await asyncio.wait({attempt}, timeout=storm.random() * 0.1)
            attempt.cancel()
            await asyncio.wait({attempt})

        for _ in range(4):
            await asyncio.gather(*(connect_and_go(n) if n % 2 else broken_off(n) for n in range(6)))
        await house.until(lambda: house.adapter.links == 0 and not any(band.connections for band in bands))
        for band in bands:
            async with await house.open(band) as link:
                assert await link.read(MAKER) == b"Test"

    in_house(body, links_max=6)


def test_dialling_a_band_that_has_gone_ends_and_the_next_can_be_dialled(
    in_house: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.ble.link.CONNECT_S", 0.3)

    async def body(house: House) -> None:
        dead, alive = await house.band(), await house.band()
        await house.heard(dead)
        await house.heard(alive)
        house.die(dead)
        with pytest.raises(LinkError, match=r"connecting: no answer in time"):
            await house.adapter.open(dead.address, may_pair=False)
        assert house.adapter.links == 0
        monkeypatch.setattr("ingest.ble.link.CONNECT_S", 10.0)
        async with await house.open(alive) as link:
            assert await link.read(MAKER) == b"Test"

    in_house(body)


def test_an_adapter_that_is_pulled_out_ends_its_links_says_so_and_hears_again_once_it_is_back(in_house: Live) -> None:
    async def body(house: House) -> None:
        band = await house.band()
        link = await house.open(band)
        await house.plug.pull_out()
        await link.lost()
        await house.until(lambda: len(house.told) >= 2)
        assert house.told[0] is None
        assert house.told[1] is not None
        assert house.adapter.name in house.told[1]
        await house.plug.put_in()
        await house.until(lambda: house.told[-1] is None and len(house.told) >= 3)
        async with await house.open(band) as again:
            assert await again.read(MAKER) == b"Test"

    in_house(body, silence_s=0.3, back_off_s=0.05)


def test_a_scan_that_has_died_in_silence_is_begun_anew(in_house: Live) -> None:
    async def body(house: House) -> None:
        band = await house.band()
        await house.heard(band)
        if house.facade is not None:
            await house.facade.restart()
        else:
            central = await Central.get(house.adapter.name)
            await central.device.stop_scanning()
        await house.heard(band)
        async with await house.open(band) as link:
            assert await link.read(MAKER) == b"Test"

    in_house(body, silence_s=0.2, back_off_s=0.05)


def test_an_adapter_that_is_not_there_is_told_of_once_and_found_when_it_comes() -> None:
    async def body() -> None:
        told: list[str | None] = []
        adapter = Adapter("tcp-client:127.0.0.1:1", back_off_s=0.01)
        scanning = asyncio.ensure_future(adapter.scan(lambda _advert: None, told.append))
        while not told:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        scanning.cancel()
        await asyncio.wait({scanning})
        await adapter.close()
        assert len(told) == 1
        assert told[0] is not None
        assert "plug the adapter in" in told[0]

    asyncio.run(asyncio.wait_for(body(), 60))


def test_what_a_hearer_of_adverts_raises_surfaces(in_house: Live) -> None:
    async def body(house: House) -> None:
        await house.heard(await house.band())

        def hear(_advert: Advert) -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await house.adapter.scan(hear)

    in_house(body)


@pytest.mark.parametrize("spec", ["hci", "usb", "hci0 ", "bluetooth"])
def test_a_name_that_stands_for_no_adapter_is_refused(spec: str) -> None:
    with pytest.raises(LinkError, match="give nothing, hci0, or a transport"):
        Adapter(spec)
