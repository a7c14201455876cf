"""Links to bands: what is read, written and heard, over bumble and over BlueZ alike."""

import asyncio

import pytest

from ingest.errors import GattError, LinkError
from tests.bluez.house import House
from tests.bluez.peripheral import ABSENT, MAKER, NOTE, SECRET, SLOW, TAPS, TICKS, TWICE
from tests.ingest.ble.conftest import Live


def test_a_value_is_read_and_written(in_house: Live) -> None:
    async def body(house: House) -> None:
        band = await house.band()
        async with await house.open(band) as link:
            assert link.address == band.address
            assert await link.read(MAKER) == b"Test"
            await link.write(NOTE, bytes(range(200)))
            assert band.note == bytes(range(200))
            assert await link.read(NOTE) == bytes(range(200))

    in_house(body)


def test_a_link_knows_what_the_band_offers(in_house: Live) -> None:
    async def body(house: House) -> None:
        async with await house.open(await house.band()) as link:
            assert link.has(MAKER)
            assert link.has(TICKS.upper())
            assert not link.has(ABSENT)
            with pytest.raises(LinkError, match="does not offer"):
                await link.read(ABSENT)
            with pytest.raises(LinkError, match=r"C0:DE.*Multiple"):
                await link.read(TWICE)
            assert await link.read(MAKER) == b"Test", "a refusal ends nothing"

    in_house(body)


def test_notifications_and_indications_are_heard_in_order(in_house: Live) -> None:
    async def body(house: House) -> None:
        band = await house.band()
        async with await house.open(band) as link:
            ticks: list[bytes] = []
            taps: list[bytes] = []
            await link.subscribe(TICKS, ticks.append)
            await link.subscribe(TAPS, taps.append)
            said = [bytes([n]) * 20 for n in range(50)]
            for value in said:
                await band.tick(value)
            await band.tap(b"twice")
            await house.until(lambda: len(ticks) >= 50 and len(taps) >= 1)
            assert ticks == said
            assert taps == [b"twice"]

    in_house(body)


def test_a_second_subscription_is_refused_and_the_first_goes_on_alone(in_house: Live) -> None:
    async def body(house: House) -> None:
        band = await house.band()
        async with await house.open(band) as link:
            heard: list[bytes] = []
            await link.subscribe(TICKS, heard.append)
            with pytest.raises(LinkError, match="already"):
                await link.subscribe(TICKS.upper(), heard.append)
            await band.tick(b"once")
            await house.until(lambda: bool(heard))
            await link.read(MAKER)  # whatever was doubled would have come by now
            assert heard == [b"once"]

    in_house(body)


def test_what_does_not_notify_cannot_be_subscribed_to(in_house: Live) -> None:
    async def body(house: House) -> None:
        async with await house.open(await house.band()) as link:
            for silent in (MAKER, ABSENT):
                with pytest.raises(LinkError, match=f"C0:DE.*subscribing to {silent}"):
                    await link.subscribe(silent, lambda _value: None)
            assert await link.read(MAKER) == b"Test"

    in_house(body)


def test_a_subscription_is_not_doubled_by_connecting_again(in_house: Live) -> None:
    async def body(house: House) -> None:
        band = await house.band()
        heard: list[bytes] = []
        for n in range(4):
            async with await house.open(band) as link:
                await link.subscribe(TICKS, heard.append)
                await band.tick(bytes([n]))
                await house.until(lambda n=n: bytes([n]) in heard)
                await link.read(MAKER)
        assert heard == [bytes([n]) for n in range(4)]

    in_house(body)


def test_nothing_is_heard_after_a_link_was_closed(in_house: Live) -> None:
    async def body(house: House) -> None:
        band = await house.band()
        heard: list[bytes] = []
        link = await house.open(band)
        await link.subscribe(TICKS, heard.append)
        closing = asyncio.ensure_future(link.close())
        await band.tick(b"too late")
        await closing
        await house.heard(band)
        assert heard == []
        with pytest.raises(LinkError, match="closed here"):
            await link.read(MAKER)
        await link.lost()
        assert house.adapter.links == 0

    in_house(body)


def test_what_a_hearer_raises_ends_the_link_and_surfaces(in_house: Live) -> None:
    async def body(house: House) -> None:
        band = await house.band()
        link = await house.open(band)

        def hear(_value: bytes) -> None:
            raise GattError("band-1: Records: no such version")

        await link.subscribe(TICKS, hear)
        await band.tick(b"?")
        with pytest.raises(GattError, match="no such version"):
            await link.lost()
        with pytest.raises(LinkError, match="could not be taken"):
            await link.read(MAKER)
        await house.until(lambda: band.connections == 0 and house.adapter.links == 0)

    in_house(body)


def test_a_band_that_dies_ends_its_link_and_what_was_under_way(in_house: Live) -> None:
    async def body(house: House) -> None:
        band = await house.band()
        link = await house.open(band)
        reading = asyncio.ensure_future(link.read(SLOW))
        await band.asked.wait()
        house.die(band)
        with pytest.raises(LinkError, match=r"C0:DE:00:00:00:01.*the connection was lost"):
            await reading
        await link.lost()
        await house.until(lambda: house.adapter.links == 0)

    in_house(body)


def test_a_band_that_hangs_up_ends_its_link(in_house: Live) -> None:
    async def body(house: House) -> None:
        band = await house.band()
        link = await house.open(band)
        for connection in list(band.device.connections.values()):
            await connection.disconnect()
        await link.lost()
        async with await house.open(band) as again:
            assert await again.read(MAKER) == b"Test"

    in_house(body)


def test_a_slow_answer_after_its_caller_was_cancelled_is_not_taken_for_another(in_house: Live) -> None:
    async def body(house: House) -> None:
        band = await house.band()
        async with await house.open(band) as link:
            reading = asyncio.ensure_future(link.read(SLOW))
            await band.asked.wait()
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            band.answer.set()
            assert await link.read(MAKER) == b"Test"

    in_house(body)


def test_a_band_that_never_answers_ends_its_link(in_house: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.ble.link.ANSWER_S", 0.2)

    async def body(house: House) -> None:
        band = await house.band()
        link = await house.open(band)
        with pytest.raises(LinkError, match="no answer in time"):
            await link.read(SLOW)
        await link.lost()
        await house.until(lambda: band.connections == 0)

    in_house(body)


def test_what_wants_encryption_says_to_pair_it(in_house: Live) -> None:
    async def body(house: House) -> None:
        async with await house.open(await house.band()) as link:
            with pytest.raises(LinkError, match="pairing mode"):
                await link.read(SECRET)
            with pytest.raises(LinkError, match="not bonded"):
                await link.secure()

    in_house(body)
