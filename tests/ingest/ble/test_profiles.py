"""Every kind of band over a link of words: what is told comes out, what is wrong is named, and adverts do no harm."""

import asyncio
import struct
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.ble.known import known_profiles
from ingest.ble.profile import Advert
from ingest.ble.profiles.forecalm import STALLED_S, ForecalmBand
from ingest.ble.profiles.heart_rate import HeartRateStrap
from ingest.ble.profiles.infinitime import InfiniTime
from ingest.ble.profiles.polar import Polar
from ingest.control.messages import EventKind
from ingest.errors import GattError, LinkError
from ingest.gatt import uuids
from ingest.gatt.forecalm.fragments import fragments
from ingest.gatt.forecalm.records import Record, crc
from ingest.gatt.heart_rate import HeartRate
from ingest.gatt.infinitime import encode_motion
from ingest.gatt.polar import Frame, Kind, Op, Request, Response, Setting, Status, encode_acceleration
from ingest.wire import Packet, Stored, check
from tests.ingest.ble.gateway_bench import now_us, play

US = 1_000_000


class Words:
    """A link: ``reads`` are what characteristics say, ``answer`` what happens on a write."""

    address = "C0:00:00:00:00:01"

    def __init__(self, reads: dict[str, bytes], offers: set[str]) -> None:
        self.reads, self.offers = reads, offers | set(reads)
        self.hearers: dict[str, Callable[[bytes], None]] = {}
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.answer: Callable[[str, bytes], None] = lambda _, __: None

    def has(self, characteristic: str) -> bool:
        return characteristic in self.offers

    async def read(self, characteristic: str) -> bytes:
        return self.reads[characteristic]

    async def write(self, characteristic: str, data: bytes) -> None:
        self.answer(characteristic, data)

    async def subscribe(self, characteristic: str, hear: Callable[[bytes], None]) -> None:
        assert characteristic not in self.hearers, "subscribed once and only once"
        self.hearers[characteristic] = hear

    async def secure(self) -> None:
        return None

    async def lost(self) -> None:
        await asyncio.shield(self.over)

    def now_us(self) -> int:
        return now_us()

    def say(self, characteristic: str, data: bytes) -> None:
        try:
            self.hearers[characteristic](data)
        except GattError:
            self.end()
            raise

    def end(self) -> None:
        if not self.over.done():
            self.over.set_result(None)


class Ears:
    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self.said: list[object] = []

    def packet(self, packet: Packet) -> None:
        check(packet)
        self.packets.append(packet)

    def event(self, kind: EventKind, *, boot: int | None, tick_us: int | None) -> None:
        self.said.append(kind)

    def about(self, *, firmware: str | None = None, model: str | None = None, battery: int | None = None) -> None:
        self.said.append((firmware, model, battery))

    def backlog(self, packets: int, *, undated: int = 0) -> None:
        self.said.append(packets)

    def stored(self) -> list[Stored]:
        return []

    def kept(self, boot: int) -> list[tuple[int, int]]:
        return []

    def number(self) -> tuple[int, int]:
        return 77, len(self.packets)


def _steady() -> int:
    return round(asyncio.get_running_loop().time() * US)


ADVERTS = st.builds(
    Advert,
    address=st.text(max_size=300),
    name=st.none() | st.text(max_size=300) | st.sampled_from(["band-01", "Polar H10", "InfiniTime", "../../x", "a/#+"]),
    rssi=st.integers(-300, 300),
    heard_us=st.integers(0, 1 << 52),
    services=st.lists(
        st.sampled_from([uuids.STREAM_SERVICE, uuids.HEART_RATE_SERVICE, uuids.POLAR_SERVICE, uuids.INFINITIME_SERVICE])
    ).map(tuple),
    makers=st.dictionaries(st.sampled_from([0xFFFF, 1]), st.binary(max_size=40)),
)


@given(ADVERTS)
def test_no_advert_whatever_it_holds_does_harm(advert: Advert) -> None:
    for profile in known_profiles():
        seen = profile.recognise(advert)
        if seen is not None:
            assert seen.profile == profile.name
            assert set(seen.band) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
            assert 0 < len(seen.band) <= 64
            assert len(seen.address) <= 200
            assert seen.rssi is None or -127 <= seen.rssi <= 20


def test_every_file_of_profiles_is_known_once() -> None:
    names = [profile.name for profile in known_profiles()]
    assert sorted(names) == ["forecalm", "heart-rate", "infinitime", "polar"]


def test_a_strap_becomes_a_packet_a_second_with_every_beat() -> None:
    async def story() -> None:
        link, ears = Words({uuids.BATTERY_LEVEL: b"\x50"}, {uuids.HEART_RATE}), Ears()
        talk = asyncio.create_task(HeartRateStrap(_steady).converse("s", link, ears).run())
        await asyncio.sleep(0.1)
        for _ in range(10):
            await asyncio.sleep(1.0)
            link.say(uuids.HEART_RATE, bytes(HeartRate(120, contact=True, intervals=(512, 512))))
        link.end()
        await talk
        assert len(ears.packets) == 10
        beats = [t for packet in ears.packets for t in packet.ibi.tick_us] if ears.packets[0].ibi else []
        assert len(beats) == 20
        assert np.allclose(np.diff(beats), 500_000)
        assert {(p.contact, p.battery, p.boot) for p in ears.packets} == {(True, 80, 77)}
        assert [p.seq for p in ears.packets] == list(range(10))

    play(story())


def test_a_strap_that_tells_no_intervals_is_not_said_to_have_no_beats() -> None:
    async def story() -> None:
        link, ears = Words({}, {uuids.HEART_RATE}), Ears()
        talk = asyncio.create_task(HeartRateStrap(_steady).converse("s", link, ears).run())
        await asyncio.sleep(1.0)
        link.say(uuids.HEART_RATE, bytes(HeartRate(70)))
        link.end()
        await talk
        assert ears.packets[0].ibi is None

    play(story())


@given(st.binary(max_size=30))
def test_what_a_strap_says_wrongly_is_told_with_its_name(data: bytes) -> None:
    async def story() -> None:
        link, ears = Words({}, {uuids.HEART_RATE}), Ears()
        talk = asyncio.create_task(HeartRateStrap(_steady).converse("strap-1", link, ears).run())
        await asyncio.sleep(0.1)
        try:
            link.say(uuids.HEART_RATE, data)
        except GattError:
            with pytest.raises(GattError, match="strap-1: heart rate"):
                await talk
        link.end()
        await asyncio.gather(talk, return_exceptions=True)

    play(story())


def test_infinitime_becomes_motion_in_g() -> None:
    async def story() -> None:
        link, ears = Words({}, {uuids.INFINITIME_MOTION}), Ears()
        talk = asyncio.create_task(InfiniTime(_steady).converse("i", link, ears).run())
        for _ in range(100):
            await asyncio.sleep(0.1)
            link.say(uuids.INFINITIME_MOTION, encode_motion(0, 512, 1024))
        link.end()
        await talk
        assert 8 <= len(ears.packets) <= 10
        motion = check(ears.packets[-1])["motion"]
        assert np.allclose(motion[:, 0], [0, 0.5, 1.0])
        assert ears.packets[0].contact is None

    play(story())


class PolarBand:
    """Answers the control point, for a band that measures ``kinds``."""

    def __init__(self, kinds: set[Kind], *, refuses: bool = False) -> None:
        self.kinds, self.refuses = kinds, refuses
        self.started: list[tuple[int, dict[Setting, tuple[int, ...]]]] = []
        offers = {uuids.POLAR_CONTROL, uuids.POLAR_DATA, uuids.HEART_RATE}
        self.link = Words({}, offers)
        self.link.answer = self.hear

    def hear(self, _: str, data: bytes) -> None:
        request = Request.from_bytes(data)
        status: Status = Status.SUCCESS if request.kind in self.kinds else Status.NOT_SUPPORTED
        settings: dict[Setting, tuple[int, ...]] = {}
        if request.op == Op.SETTINGS and not status:
            settings = {Setting.RATE: (26, 52, 55), Setting.RESOLUTION: (22,)}
        if request.op == Op.START:
            status = Status.CHARGING if self.refuses else status
            self.started.append((request.kind, request.settings))
        answer = Response(request.op, request.kind, status, settings)
        self.link.say(uuids.POLAR_CONTROL, bytes(answer))


def _light(last_s: float, n: int) -> bytes:
    counts = b"".join(v.to_bytes(3, "little", signed=True) for _ in range(n) for v in (300, 600, 900, 100))
    return bytes(Frame(Kind.PPG, round(last_s * 1e9), 0, False, counts))


def test_a_verity_sense_becomes_light_and_motion_though_it_wakes_up_in_2019() -> None:
    async def story() -> None:
        band, ears = PolarBand({Kind.PPG, Kind.ACCELERATION}), Ears()
        talk = asyncio.create_task(Polar(_steady).converse("p", band.link, ears).run())
        await asyncio.sleep(0.1)
        assert {kind for kind, _ in band.started} == {Kind.PPG, Kind.ACCELERATION}
        assert dict(band.started)[Kind.PPG][Setting.RATE] == (55,)
        assert uuids.HEART_RATE not in band.link.hearers, "its own intervals freeze"
        woke_s = 600_000_000.0
        mg = np.tile(np.array([[0, 500, 1000]], np.int32), (26, 1))
        for i in range(20):
            await asyncio.sleep(0.5)
            band.link.say(uuids.POLAR_DATA, _light(woke_s + 0.5 * i, 27 + i % 2))
            frame = Frame(Kind.ACCELERATION, round((woke_s + 0.5 * i) * 1e9), 1, False, encode_acceleration(mg))
            band.link.say(uuids.POLAR_DATA, bytes(frame))
        band.link.end()
        await talk
        assert 8 <= len(ears.packets) <= 11
        values = check(ears.packets[-1])
        assert np.allclose(values["ppg"], 500)
        assert np.allclose(values["motion"][:, 0], [0, 0.5, 1.0])
        assert abs(ears.packets[-1].tick_us - _steady()) < 2 * US

    play(story())


def test_a_chest_strap_of_polars_gives_motion_and_beats() -> None:
    async def story() -> None:
        band, ears = PolarBand({Kind.ACCELERATION}), Ears()
        talk = asyncio.create_task(Polar(_steady).converse("p", band.link, ears).run())
        await asyncio.sleep(0.1)
        for i in range(10):
            await asyncio.sleep(1.0)
            band.link.say(uuids.HEART_RATE, bytes(HeartRate(60, intervals=(1024,))))
            mg = encode_acceleration(np.zeros((52, 3), np.int32))
            band.link.say(uuids.POLAR_DATA, bytes(Frame(Kind.ACCELERATION, (i + 1) * 10**9, 1, False, mg)))
        band.link.end()
        await talk
        beats = [t for packet in ears.packets if packet.ibi is not None for t in packet.ibi.tick_us]
        assert 9 <= len(beats) <= 10
        assert all("motion" in packet.samples() for packet in ears.packets)

    play(story())


def test_a_polar_that_will_not_start_says_so() -> None:
    async def story() -> None:
        band = PolarBand({Kind.PPG}, refuses=True)
        with pytest.raises(LinkError, match="ppg is not started"):
            await Polar(_steady).converse("p", band.link, Ears()).run()

    play(story())


FORECALM = {
    uuids.SERIAL: b"band-01",
    uuids.STATE: struct.pack("<BIIIQBBB", 1, 7, 0, 0, 5, 80, 1, 0),
    uuids.CLOCK: struct.pack("<BIQ", 1, 7, 5),
    uuids.TIME_MARK: b"\x01\x00",
}
OFFERS = {uuids.RECORDS, uuids.CONTROL_POINT, uuids.EVENTS}


@pytest.mark.parametrize(
    ("changed", "without", "named"),
    [
        ({uuids.SERIAL: b"band-02"}, "", "serial"),
        ({uuids.SERIAL: b"\xff"}, "", "serial"),
        ({uuids.STATE: b"\x01"}, "", "state"),
        ({uuids.CLOCK: b""}, "", "clock"),
        ({uuids.TIME_MARK: b"\x01\x09"}, "", "time mark"),
        ({}, uuids.EVENTS, "events"),
        ({}, uuids.RECORDS, "records"),
    ],
)
def test_a_band_that_breaks_the_profile_is_named_with_what_is_wrong(
    changed: dict[str, bytes], without: str, named: str
) -> None:
    async def story() -> None:
        link = Words({**FORECALM, **changed}, OFFERS - {without})
        with pytest.raises(GattError, match=f"band-01.*{named}"):
            await ForecalmBand().converse("band-01", link, Ears()).run()

    play(story())


@given(st.sampled_from([uuids.RECORDS, uuids.EVENTS, uuids.CONTROL_POINT, uuids.STATE]), st.binary(max_size=60))
def test_what_a_band_notifies_wrongly_ends_its_link_by_name(characteristic: str, data: bytes) -> None:
    async def story() -> None:
        link = Words(FORECALM, OFFERS)
        talk = asyncio.create_task(ForecalmBand().converse("band-01", link, Ears()).run())
        await asyncio.sleep(0.1)
        try:
            link.say(characteristic, data)
        except GattError:
            with pytest.raises(GattError, match="band-01: "):
                await talk
        link.end()
        await asyncio.gather(talk, return_exceptions=True)

    play(story())


def test_what_is_wrong_in_a_bands_memory_is_left_there_and_the_live_readings_go_on() -> None:
    async def story() -> None:
        link, ears = Words(FORECALM, OFFERS), Ears()
        talk = asyncio.create_task(ForecalmBand().converse("band-01", link, ears).run())
        await asyncio.sleep(0.1)
        for seq in range(200):
            sound = bytes(Record(7, seq, seq * US + US, 80, contact=True))
            wrong = sound[:17] + b"\x65" + sound[18:-2]  # 101 %
            rotten = sound[:-1] + bytes([sound[-1] ^ 1])
            for kept in (wrong + crc(wrong).to_bytes(2, "little"), rotten):
                link.say(uuids.RECORDS, fragments(kept, seq=seq, mtu=247, backfilled=True)[0])
        live = bytes(Record(7, 200, 201 * US, 80, contact=True))
        link.say(uuids.RECORDS, fragments(live, seq=200, mtu=247)[0])
        assert [packet.seq for packet in ears.packets] == [200]
        assert not talk.done()
        link.end()
        await talk

    play(story())


def test_a_gateways_clock_that_is_set_misdates_nothing_that_a_band_had_kept() -> None:
    async def story() -> None:
        link, ears, marks = Words(FORECALM, OFFERS), Ears(), []
        set_by_us = -7200 * US
        link.now_us = lambda: now_us() + set_by_us  # type: ignore[method-assign]
        link.answer = lambda characteristic, data: marks.append(data) if characteristic == uuids.TIME_MARK else None
        began_us, seconds = now_us(), asyncio.get_running_loop().time
        began_s = seconds()
        talk = asyncio.create_task(ForecalmBand().converse("band-01", link, ears).run())
        await asyncio.sleep(2.0)

        def hear(seq: int, *, backfilled: bool) -> None:
            tick_us = seq * US if backfilled else 5 + round((seconds() - began_s) * US)
            record = bytes(Record(7, seq, tick_us, 80, contact=True))
            link.say(uuids.RECORDS, fragments(record, seq=seq, mtu=247, backfilled=backfilled)[0])

        hear(100, backfilled=False)
        set_by_us = 0
        hear(101, backfilled=False)
        hear(0, backfilled=True)
        heard_us = [packet.heard_us for packet in ears.packets]
        assert heard_us[1:] == [began_us + 2 * US, began_us - 5]
        await asyncio.sleep(1.0)
        assert len(marks) == 2, "and the band is told"
        link.end()
        await talk

    play(story())


def test_a_band_that_makes_records_and_sends_none_is_connected_to_anew() -> None:
    async def story() -> None:
        link, began_us = Words(FORECALM, OFFERS), _steady()

        def pass_time() -> None:
            passed_us = _steady() - began_us
            link.reads[uuids.STATE] = struct.pack("<BIIIQBBB", 1, 7, 0, passed_us // US, passed_us, 80, 1, 0)
            asyncio.get_running_loop().call_later(0.5, pass_time)

        def answer(characteristic: str, data: bytes) -> None:
            if characteristic == uuids.CONTROL_POINT:
                link.say(characteristic, bytes((0xF0, data[0], 0)))

        pass_time()
        link.answer = answer
        with pytest.raises(LinkError, match=r"band-01: records .*none has come for 30 s"):
            await asyncio.wait_for(ForecalmBand().converse("band-01", link, Ears()).run(), 2 * STALLED_S)

    play(story())


def test_a_band_that_does_not_answer_ends_its_link() -> None:
    async def story() -> None:
        link = Words(FORECALM, OFFERS)
        talk = ForecalmBand().converse("band-01", link, Ears())
        running = asyncio.create_task(talk.run())
        await asyncio.sleep(0.1)
        with pytest.raises(LinkError, match="no answer"):
            await talk.identify(3)
        link.end()
        await running

    play(story())
