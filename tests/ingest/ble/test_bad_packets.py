"""Bands whose words would make what the service must refuse: they are refused at the gateway, by name and field."""

import asyncio
import struct
from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from ingest.ble.holding import BandSink, Held
from ingest.ble.numbering import Numbering
from ingest.ble.packing import CHAIN_MAX_US
from ingest.ble.profile import Conversation, Link, Sink
from ingest.ble.profiles.heart_rate import HeartRateStrap
from ingest.ble.profiles.polar import Polar
from ingest.errors import GattError, SpoolError
from ingest.gatt import uuids
from ingest.gatt.heart_rate import HeartRate
from ingest.gatt.polar import Frame, Kind, Op, Request, Response, Setting, encode_acceleration, encode_delta
from ingest.wire import Packet, Samples, check
from tests.ingest.ble.gateway_bench import Band, Bench, FakeAdapter, FakeOutbox, FakeProfile, play
from tests.ingest.ble.test_profiles import Ears, Words, _steady

INFINITE, NOT_A_NUMBER, LARGEST, NOUGHT = 0x7F800000, 0x7FC00000, 0x7F7FFFFF, 0
MILLI = int.from_bytes(struct.pack("<f", 0.001), "little")


def polar(link: Words, *, rates: tuple[int, ...] = (52,), factor: int | None = None) -> None:
    """Let it answer as a band that measures motion alone."""

    def hear(_: str, data: bytes) -> None:
        request = Request.from_bytes(data)
        if request.kind != Kind.ACCELERATION:
            link.say(uuids.POLAR_CONTROL, bytes(Response(request.op, request.kind, 3, {})))
            return
        offered: dict[Setting, tuple[int, ...]] = {Setting.RATE: rates, Setting.RESOLUTION: (16,)}
        started: dict[Setting, tuple[int, ...]] = {} if factor is None else {Setting.FACTOR: (factor,)}
        settings = offered if request.op == Op.SETTINGS else started
        link.say(uuids.POLAR_CONTROL, bytes(Response(request.op, request.kind, 0, settings)))

    link.answer = hear


def polar_link() -> Words:
    return Words({}, {uuids.POLAR_CONTROL, uuids.POLAR_DATA})


def compressed(last_s: float) -> bytes:
    counts = np.tile(np.array([[0, 0, 1000]], np.int32), (26, 1))
    return bytes(Frame(Kind.ACCELERATION, round(last_s * 1e9), 0, True, encode_delta(counts, resolution=16)))


@pytest.mark.parametrize(
    ("rates", "named"),
    [((0,), "more than 0 Hz, got 0"), ((52, 0), "more than 0 Hz"), ((65_535,), "4096 Hz at most, got 65535")],
)
def test_a_polar_band_that_offers_a_rate_that_nothing_runs_at_is_refused_by_name(
    rates: tuple[int, ...], named: str
) -> None:
    async def story() -> None:
        link = polar_link()
        polar(link, rates=rates)
        talk = asyncio.create_task(Polar(_steady).converse("polar-x", link, Ears()).run())
        with pytest.raises(GattError, match=f"polar-x: Polar control .FB005C81.: setting rate: must be {named}"):
            await asyncio.wait_for(talk, 1.0)

    play(story())


@pytest.mark.parametrize("factor", [INFINITE, NOT_A_NUMBER, LARGEST, NOUGHT, MILLI | 1 << 31])
def test_a_polar_band_whose_counts_can_be_worth_nothing_of_the_kind_is_refused_by_name(factor: int) -> None:
    async def story() -> None:
        link = polar_link()
        polar(link, factor=factor)
        talk = asyncio.create_task(Polar(_steady).converse("polar-x", link, Ears()).run())
        with pytest.raises(GattError, match=r"polar-x: Polar control .*setting factor: must be 1e-06 to 1, got "):
            await asyncio.wait_for(talk, 1.0)

    play(story())


def test_a_polar_bands_own_factor_is_what_its_counts_are_worth() -> None:
    async def story() -> None:
        link, ears = polar_link(), Ears()
        polar(link, factor=MILLI)
        talk = asyncio.create_task(Polar(_steady).converse("polar-x", link, ears).run())
        await asyncio.sleep(0.1)
        for i in range(6):
            await asyncio.sleep(0.5)
            link.say(uuids.POLAR_DATA, compressed(1 + 0.5 * i))
        link.end()
        await talk
        assert check(ears.packets[0])["motion"][2] == pytest.approx(1.0)

    play(story())


def test_a_chain_of_intervals_that_reaches_back_too_far_is_refused_by_name() -> None:
    async def story() -> None:
        link, ears = Words({}, {uuids.HEART_RATE}), Ears()
        talk = asyncio.create_task(HeartRateStrap(_steady).converse("strap-1", link, ears).run())
        await asyncio.sleep(5000)
        with pytest.raises(GattError):
            link.say(uuids.HEART_RATE, bytes(HeartRate(60, intervals=(10_240,) * 100)))
        with pytest.raises(GattError, match=r"strap-1: heart rate .2A37.: intervals: must last 300 s .*got 1000 s"):
            await talk
        assert ears.packets == []

    play(story())


def test_the_longest_chain_that_a_notification_can_carry_of_a_heart_is_told() -> None:
    async def story() -> None:
        link, ears = Words({}, {uuids.HEART_RATE}), Ears()
        talk = asyncio.create_task(HeartRateStrap(_steady).converse("strap-1", link, ears).run())
        await asyncio.sleep(5000)
        link.say(uuids.HEART_RATE, bytes(HeartRate(52, intervals=(1180,) * 255)))
        link.end()
        await talk
        assert ears.packets[0].ibi is not None
        assert len(ears.packets[0].ibi.tick_us) == 255
        assert CHAIN_MAX_US > 255 * 1180 / 1024 * 1e6

    play(story())


def test_a_notification_that_no_band_can_send_is_refused() -> None:
    with pytest.raises(GattError, match="length: 514 bytes are more than 512"):
        HeartRate.from_bytes(bytes((0x10, 60)) + bytes(512))


def motion(numbers: Iterable[float], **more: object) -> Packet:
    values = struct.pack("<3f", *numbers)
    samples = Samples(rate_hz=50.0, tick_us=5_000_000, values=values)
    packet = Packet(v=1, band="b", boot=7, seq=3, tick_us=5_000_000, motion=samples)
    return msgspec.structs.replace(packet, **more)


WRONG = [
    (motion((0.0, 0.0, float("inf"))), "b: .*motion.values: sample 0 is infinite"),
    (motion((0.0, 0.0, 1.0), tick_us=2_000_000_000), "motion.tick_us is 5000000: not within 15 min"),
    (motion((0.0, 0.0, 1.0), motion=Samples(rate_hz=1e6, tick_us=5_000_000, values=bytes(12))), "4096.*rate_hz"),
    (motion((0.0, 0.0, 1.0), battery=101), "100.*battery"),
]


@pytest.mark.parametrize(("packet", "named"), WRONG)
def test_whatever_a_profile_makes_that_the_service_would_refuse_never_enters_the_spool(
    tmp_path: Path, packet: Packet, named: str
) -> None:
    outbox, numbering = FakeOutbox(), Numbering(tmp_path / "numbers", now_us=10**15)
    sink = BandSink(Held("b"), outbox, numbering, now_us=lambda: 0, alive=lambda _: None)
    with pytest.raises(GattError, match=named):
        sink.packet(packet)
    assert outbox.packets == []
    sink.packet(motion((0.0, 0.0, 1.0)))
    assert len(outbox.packets) == 1


class Full(FakeOutbox):
    def send(self, packet: Packet) -> None:
        raise SpoolError("nothing more can be kept")


def test_a_packet_that_is_refused_leaves_no_hole_in_the_numbers_for_the_watermark_to_wait_for(tmp_path: Path) -> None:
    numbering = Numbering(tmp_path / "numbers", now_us=10**15)
    outbox, full = FakeOutbox(), Full()
    sinks = [BandSink(Held("b"), box, numbering, now_us=lambda: 0, alive=lambda _: None) for box in (outbox, full)]

    def tell(sink: BandSink, number: float) -> None:
        boot, seq = sink.number()
        sink.packet(motion((0.0, 0.0, number), boot=boot, seq=seq))

    tell(sinks[0], 1.0)
    with pytest.raises(GattError):
        tell(sinks[0], float("inf"))
    with pytest.raises(SpoolError):
        tell(sinks[1], 1.0)
    tell(sinks[0], 1.0)
    assert [packet.seq for packet in outbox.packets] == [0, 1]


def test_numbers_of_others_are_not_taken_back(tmp_path: Path) -> None:
    numbering = Numbering(tmp_path / "numbers", now_us=10**15)
    boot, _ = numbering.number("b")
    numbering.number("b")
    numbering.take_back("b", boot, 0)
    numbering.take_back("b", boot + 1, 1)
    numbering.take_back("c", boot, 1)
    assert numbering.number("b") == (boot, 2)


class MadTalk:
    """Makes packets that the service must refuse."""

    def __init__(self, band: str, sink: Sink) -> None:
        self._band, self._sink = band, sink

    async def run(self) -> None:
        boot, seq = self._sink.number()
        self._sink.packet(motion((0.0, 0.0, float("nan")), band=self._band, boot=boot, seq=seq, battery=101))

    async def identify(self, seconds: float) -> bool:
        return False

    async def said_stored(self, stored: object) -> None:
        return None


class MadProfile(FakeProfile):
    def converse(self, band: str, link: Link, sink: Sink) -> Conversation:
        return MadTalk(band, sink) if band == "band-mad" else super().converse(band, link, sink)


def test_a_kind_that_makes_wrong_packets_is_refused_by_name_and_left_alone_and_others_go_on(tmp_path: Path) -> None:
    async def story() -> None:
        mad, well = Band("band-mad"), Band("band-well")
        bench = Bench(tmp_path, [FakeAdapter("a", [mad, well])], roster=["band-mad", "band-well"])
        bench.gateway._profiles = {"fake": MadProfile()}
        await asyncio.sleep(60)
        state, reason = bench.outbox.last("band-mad")
        assert (state, "band-mad: what it says makes no packet" in reason) == ("refused", True)
        assert len(mad.links) == 1
        assert {packet.band for packet in bench.outbox.packets} == {"band-well"}
        await bench.end()

    play(story())


def test_raw_motion_is_in_mg_whatever_the_factor_says() -> None:
    async def story() -> None:
        link, ears = polar_link(), Ears()
        polar(link, factor=MILLI)
        talk = asyncio.create_task(Polar(_steady).converse("polar-x", link, ears).run())
        await asyncio.sleep(0.1)
        mg = encode_acceleration(np.tile(np.array([[0, 0, 1000]], np.int32), (52, 1)))
        for i in range(3):
            await asyncio.sleep(1.0)
            link.say(uuids.POLAR_DATA, bytes(Frame(Kind.ACCELERATION, (i + 1) * 10**9, 1, False, mg)))
        link.end()
        await talk
        assert check(ears.packets[0])["motion"][2] == pytest.approx(1.0)

    play(story())
