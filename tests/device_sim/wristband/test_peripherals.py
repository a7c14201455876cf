"""Bands on a radio: what a central that knows the profile hears of them, and what a stranger does not."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from bumble.core import AdvertisingData, ProtocolError

from device_sim.radio.air import Air
from device_sim.wristband.forecalm import ForecalmBand
from device_sim.wristband.infinitime import PER_SECOND, InfiniTimeWatch
from device_sim.wristband.memory import Memory
from device_sim.wristband.peripheral import address_of
from device_sim.wristband.polar import PolarSense
from device_sim.wristband.seconds import Second
from device_sim.wristband.strap import Strap
from ingest.gatt import polar, uuids
from ingest.gatt.forecalm.adverts import BandAdvert
from ingest.gatt.forecalm.control import (
    Backfill,
    Clock,
    Event,
    Identify,
    Response,
    Run,
    State,
    Status,
    Storing,
    TimeMark,
    decode_marks,
)
from ingest.gatt.forecalm.fragments import HeardRecord, Reassembly
from ingest.gatt.forecalm.records import Even, Record
from ingest.gatt.heart_rate import HeartRate
from ingest.gatt.infinitime import decode_motion, decode_steps
from ingest.wire import Packet

Runs = Callable[[Coroutine[Any, Any, None]], None]
Centrals = Callable[..., Any]
SECOND = Second(
    Packet(v=1, band="b", boot=0, seq=0, tick_us=1_000_000, battery=66),
    True,
    (0.8, 0.75),
    np.tile([[0.0], [0.5], [1.0]], 32),
    np.zeros(64),
)


def record(seq: int, boot: int = 7) -> Record:
    motion = Even("motion", 32_000, 1_000_000, 1 / 64, bytes(192))
    return Record(boot, seq, 1_000_000 * (seq + 1), 80, contact=True, channels=(motion,))


async def whole(heard: "asyncio.Queue[bytes]", together: Reassembly) -> HeardRecord:
    while True:
        found = together.take(await heard.get())
        if found is not None:
            return found


def test_an_advert_follows_what_the_band_senses_and_what_is_done_to_it(run: Runs, central: Centrals) -> None:
    async def test() -> None:
        air = Air()
        band = ForecalmBand("band-01", boot=7)
        await band.start(air.transport("band-01"))
        band.sense(record(0))
        band.happen("charging")
        band.open_pairing()
        while True:
            advert, _ = await (await central(air)).adverts(2)
            (maker,) = advert.data.get_all(AdvertisingData.MANUFACTURER_SPECIFIC_DATA)
            if BandAdvert.from_bytes(maker[1]) == BandAdvert(80, True, True, True, True, (1, 0, 0)):
                break
        await band.stop()

    run(test())


def test_a_band_says_in_its_advert_how_it_stands_and_in_its_scan_response_who_it_is(
    run: Runs, central: Centrals
) -> None:
    async def test() -> None:
        air = Air()
        band = ForecalmBand("band-01", boot=7)
        band.sense(record(0))
        await band.start(air.transport("band-01"))
        advert, response = await (await central(air)).adverts(2)
        (maker,) = advert.data.get_all(AdvertisingData.MANUFACTURER_SPECIFIC_DATA)
        assert BandAdvert.from_bytes(maker[1]) == BandAdvert(80, True, False, True, True, (1, 0, 0))
        assert str(response.data.get(AdvertisingData.COMPLETE_LOCAL_NAME)) == "band-01"
        assert str(advert.address) == address_of("band-01")
        assert -100 <= advert.rssi <= -30
        await band.stop()

    run(test())


def test_a_stranger_learns_no_reading(run: Runs, central: Centrals) -> None:
    async def test() -> None:
        air = Air()
        band = ForecalmBand("band-01", boot=7)
        await band.start(air.transport("band-01"))
        link = await (await central(air)).connect(band.address)
        for uuid in (uuids.STATE, uuids.CLOCK, uuids.TIME_MARK):
            assert await link.error_of(link.read(uuid)) == 0x0F
        for uuid in (uuids.RECORDS, uuids.STATE, uuids.CONTROL_POINT, uuids.EVENTS, uuids.HEART_RATE):
            assert await link.error_of(link.subscribe(uuid)) == 0x0F
        for uuid in (uuids.CONTROL_POINT, uuids.TIME_MARK):
            assert await link.error_of(link.write(uuid, b"\x02")) == 0x0F
        assert await link.read(uuids.SERIAL) == b"band-01"
        await band.stop()

    run(test())


def test_a_band_that_is_not_in_pairing_mode_bonds_with_nobody(run: Runs, central: Centrals) -> None:
    async def test() -> None:
        air = Air()
        band = ForecalmBand("band-01", boot=7)
        await band.start(air.transport("band-01"))
        band.open_pairing(0.0)
        link = await (await central(air)).connect(band.address)
        with pytest.raises(ProtocolError):
            await link.connection.pair()
        assert not band.encrypted
        await band.stop()

    run(test())


def test_pairing_mode_lasts_however_many_bond_in_it_and_ends_the_link_that_is_open(
    run: Runs, central: Centrals
) -> None:
    async def test() -> None:
        air = Air()
        band = ForecalmBand("band-01", boot=7)
        await band.start(air.transport("band-01"))
        centrals = [await central(air, f"phone-{i}", f"C1:00:00:00:00:0{i}") for i in range(4)]
        for one in centrals[:3]:
            link = await one.connect(band.address)
            await link.connection.pair()
            assert band.pairing
            await link.connection.disconnect()
        holder = await centrals[3].connect(band.address)
        await holder.connection.pair()
        band.open_pairing()
        await holder.lost
        assert len({kept.ltk.value for _, kept in await band.keys.get_all() if kept.ltk is not None}) == 4
        await band.stop()

    run(test())


def test_a_band_that_knows_too_many_forgets_whom_it_has_not_met_for_longest(
    run: Runs, central: Centrals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("device_sim.wristband.peripheral.BONDS_MAX", 2)

    async def test() -> None:
        air = Air()
        band = ForecalmBand("band-01", boot=7)
        await band.start(air.transport("band-01"))
        centrals = [await central(air, f"phone-{i}", f"C1:00:00:00:00:0{i}") for i in range(3)]
        for one in (centrals[0], centrals[1], centrals[0], centrals[2]):
            link = await one.connect(band.address)
            known = await one.device.keystore.get_all()
            await (link.connection.encrypt() if known else link.connection.pair())
            await link.connection.disconnect()
            await asyncio.sleep(0)
        ltk = [{k.ltk.value for _, k in await one.device.keystore.get_all()} for one in centrals]
        kept = {k.ltk.value for _, k in await band.keys.get_all() if k.ltk is not None}
        assert kept == ltk[0] | ltk[2]
        await band.stop()

    run(test())


def test_a_stranger_that_only_holds_the_link_is_shown_out(
    run: Runs, central: Centrals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("device_sim.wristband.peripheral.STRANGER_S", 0.05)

    async def test() -> None:
        air = Air()
        band = ForecalmBand("band-01", boot=7)
        await band.start(air.transport("band-01"))
        link = await (await central(air)).hold(band.address)
        await link.lost
        assert band.connection is None
        await band.stop()

    run(test())


def test_the_clock_shows_when_a_second_ended_although_the_band_was_told_late(run: Runs) -> None:
    async def test() -> None:
        band = ForecalmBand("band-01", boot=7, speed=2.0)
        now_s = asyncio.get_running_loop().time()
        band.sense(record(0), at_s=now_s - 0.5)
        assert band.tick_us(now_s) == pytest.approx(2_000_000, abs=2)
        assert band.tick_us() >= 1_999_998

    run(test())


def test_live_records_backlog_and_answers_arrive_over_an_encrypted_link(run: Runs, central: Centrals) -> None:
    async def test() -> None:
        air = Air()
        band = ForecalmBand("band-01", boot=7)
        await band.start(air.transport("band-01"))
        for seq in range(3):
            band.sense(record(seq))
        link = await (await central(air)).connect(band.address)
        await link.connection.pair()
        records, answers = await link.subscribe(uuids.RECORDS), await link.subscribe(uuids.CONTROL_POINT)
        events, states = await link.subscribe(uuids.EVENTS), await link.subscribe(uuids.STATE)
        beats = await link.subscribe(uuids.HEART_RATE)
        together = Reassembly()
        band.sense(record(3), heart=HeartRate(72))
        assert await whole(records, together) == HeardRecord(record(3), backfilled=False)
        assert HeartRate.from_bytes(await beats.get()) == HeartRate(72)
        assert State.from_bytes(await states.get()).oldest == 0
        await link.write(uuids.CONTROL_POINT, bytes(Backfill(Run(7, 0, 2))))
        for seq in range(3):
            assert await whole(records, together) == HeardRecord(record(seq), backfilled=True)
        assert [Response.from_bytes(await answers.get()).status for _ in range(2)] == [Status.DONE, Status.FINISHED]
        await link.write(uuids.CONTROL_POINT, bytes(Storing(Run(7, 0, 3))))
        await link.write(uuids.CONTROL_POINT, bytes(Identify(5)))
        await link.write(uuids.CONTROL_POINT, b"\x63")
        said = [Response.from_bytes(await answers.get()).status for _ in range(3)]
        assert said == [Status.DONE, Status.DONE, Status.UNKNOWN_OP]
        assert (len(band.firmware.memory), band.firmware.identified_s) == (0, [5])
        band.happen("double_tap")
        assert Event.from_bytes(await events.get()).kind == "double_tap"
        assert await link.error_of(link.write(uuids.CONTROL_POINT, b"")) == 0x0D
        assert (together.doubled, together.missing, together.bad) == (0, 0, 0)
        await band.stop()

    run(test())


def test_a_gateway_reads_the_clock_and_leaves_its_mark(run: Runs, central: Centrals) -> None:
    async def test() -> None:
        air = Air()
        band = ForecalmBand("band-01", boot=7)
        await band.start(air.transport("band-01"))
        band.sense(record(5))
        link = await (await central(air)).connect(band.address)
        await link.connection.pair()
        clock = Clock.from_bytes(await link.read(uuids.CLOCK))
        assert clock.boot == 7
        assert 6_000_000 <= clock.tick_us <= band.tick_us()
        mark = TimeMark(7, clock.tick_us, 10**15, 20)
        await link.write(uuids.TIME_MARK, bytes(mark))
        assert decode_marks(await link.read(uuids.TIME_MARK)) == (mark,)
        wrong = bytes(TimeMark(8, 0, 0, 0))
        assert await link.error_of(link.write(uuids.TIME_MARK, wrong)) == 0x13
        await band.stop()

    run(test())


def test_after_a_reboot_the_bond_and_what_is_not_stored_are_there(run: Runs, central: Centrals) -> None:
    async def test() -> None:
        air = Air(supervision_s=0.1)
        memory, phone = Memory(), await central(air)
        band = ForecalmBand("band-01", boot=7, memory=memory)
        await band.start(air.transport("band-01"))
        band.sense(record(0))
        link = await phone.connect(band.address)
        await link.connection.pair()
        await band.stop()
        await link.lost
        again = ForecalmBand("band-01", boot=8, memory=memory, keys=band.keys)
        await again.start(air.transport("band-01"))
        assert not again.pairing
        link = await phone.connect(again.address)
        await link.connection.encrypt()
        assert State.from_bytes(await link.read(uuids.STATE)).earlier == (Run(7, 0, 0),)
        await again.stop()

    run(test())


def test_a_link_that_dies_is_noticed_by_both_and_the_band_can_be_found_again(run: Runs, central: Centrals) -> None:
    async def test() -> None:
        air = Air(supervision_s=0.1)
        band, phone = ForecalmBand("band-01", boot=7), await central(air)
        await band.start(air.transport("band-01"))
        link = await phone.connect(band.address)
        air.silence("band-01")
        assert await link.lost == 8
        air.restore("band-01")
        await phone.connect(band.address)
        assert band.links == 2
        await band.stop()

    run(test())


def test_a_strap_tells_its_beats_to_anybody(run: Runs, central: Centrals) -> None:
    async def test() -> None:
        air = Air()
        strap = Strap("strap-01")
        await strap.start(air.transport("strap-01"))
        link = await (await central(air)).connect(strap.address)
        heard = await link.subscribe(uuids.HEART_RATE)
        strap.sense(SECOND)
        said = HeartRate.from_bytes(await heard.get())
        assert (said.intervals, said.contact) == ((819, 768), True)
        assert await link.read(uuids.BATTERY_LEVEL) == bytes((66,))
        await strap.stop()

    run(test())


def test_a_polar_band_measures_what_it_is_asked_for(run: Runs, central: Centrals) -> None:
    async def test() -> None:
        air = Air()
        band = PolarSense("polar-01")
        await band.start(air.transport("polar-01"))
        link = await (await central(air)).connect(band.address)
        answers, frames = await link.subscribe(uuids.POLAR_CONTROL), await link.subscribe(uuids.POLAR_DATA)
        assert (await link.read(uuids.POLAR_CONTROL))[:2] == b"\x0f\x0e"
        await link.write(uuids.POLAR_CONTROL, bytes(polar.Request(polar.Op.START, polar.Kind.ACCELERATION, {})))
        assert polar.Response.from_bytes(await answers.get()).status == polar.Status.SUCCESS
        band.sense(SECOND)
        counts = polar.acceleration(polar.Frame.from_bytes(await frames.get()))
        assert counts[0].tolist() == [0, 2048, 4096]
        await band.stop()

    run(test())


def test_an_infinitime_watch_tells_motion_steps_and_a_bare_rate(run: Runs, central: Centrals) -> None:
    async def test() -> None:
        air = Air()
        watch = InfiniTimeWatch("watch-01")
        await watch.start(air.transport("watch-01"))
        link = await (await central(air)).connect(watch.address)
        motion, rates = await link.subscribe(uuids.INFINITIME_MOTION), await link.subscribe(uuids.HEART_RATE)
        watch.sense(SECOND)
        assert decode_motion(await motion.get()) == (0, 512, 1024)
        assert HeartRate.from_bytes(await rates.get()) == HeartRate(77)
        assert decode_steps(await link.read(uuids.INFINITIME_STEPS)) == 0
        await watch.stop()

    run(test())


def test_seconds_that_an_infinitime_watch_is_told_too_soon_do_not_mix(run: Runs, central: Centrals) -> None:
    async def test() -> None:
        air = Air()
        watch = InfiniTimeWatch("watch-01", speed=10.0)
        await watch.start(air.transport("watch-01"))
        link = await (await central(air)).connect(watch.address)
        heard = await link.subscribe(uuids.INFINITIME_MOTION)
        for g in (0.25, 0.5, 0.75):
            watch.sense(replace(SECOND, motion=np.full((3, 32), g)))
        told = [decode_motion(await heard.get())[0] for _ in range(3 * PER_SECOND)]
        assert told == [256] * PER_SECOND + [512] * PER_SECOND + [768] * PER_SECOND
        await watch.stop()

    run(test())
