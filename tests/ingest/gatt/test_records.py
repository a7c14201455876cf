"""Records and their fragments: what a band senses arrives once, whole or not at all."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import GattError, WireError
from ingest.gatt.forecalm.fragments import INDEX_MAX, Reassembly, fragments
from ingest.gatt.forecalm.packets import packet_of, record_of
from ingest.gatt.forecalm.records import RECORD_MAX, Beat, Even, Record, crc, shortest
from ingest.types import CHANNELS
from ingest.wire import Packet, Samples, check

TICK_US = 5_000_000
EVEN = ("eda", "temperature", "ppg", "motion")
U32 = st.integers(0, 2**32 - 1)


@st.composite
def evens(draw: st.DrawFn, channel: str) -> Even:
    n = draw(st.integers(1, 40)) * CHANNELS[channel].axes
    numbers = draw(st.lists(st.integers(-32768, 32767), min_size=n, max_size=n))
    scale = shortest(draw(st.sampled_from([0.00128, 0.02, 0.0625, 1 / 64, 1.0])))
    rate = draw(st.sampled_from([25_000, 32_000, 52_003, 64_000]))
    return Even(channel, rate, draw(st.integers(0, TICK_US)), scale, struct.pack(f"<{n}h", *numbers))


@st.composite
def records(draw: st.DrawFn) -> Record:
    names = draw(st.sets(st.sampled_from(EVEN)))
    channels = tuple(draw(evens(name)) for name in EVEN if name in names)
    befores = sorted(draw(st.lists(st.integers(0, TICK_US), max_size=4)), reverse=True)
    beats = tuple(Beat(before, draw(st.integers(1, 10_000_000))) for before in befores)
    return Record(
        boot=draw(U32),
        seq=draw(U32),
        tick_us=TICK_US,
        battery=draw(st.none() | st.integers(0, 100)),
        contact=draw(st.sampled_from([None, True, False])),
        channels=channels,
        beats=draw(st.none() | st.just(beats)),
    )


@given(record=records())
def test_a_record_comes_back_from_its_bytes_and_makes_a_packet_that_the_service_takes(record: Record) -> None:
    assert Record.from_bytes(bytes(record)) == record
    packet = packet_of(record, "band-01")
    check(packet)
    assert record_of(packet) == record


@given(record=records(), mtu=st.integers(0, 600), backfilled=st.booleans())
def test_a_record_comes_whole_over_any_mtu(record: Record, mtu: int, backfilled: bool) -> None:
    notifications = fragments(bytes(record), seq=record.seq, mtu=mtu, backfilled=backfilled)
    assert len(notifications) <= INDEX_MAX + 1
    assert all(len(notification) <= max(mtu, 23) - 3 for notification in notifications)
    together = Reassembly()
    heard = [together.take(notification) for notification in notifications]
    assert heard[:-1] == [None] * (len(heard) - 1)
    last = heard[-1]
    assert last is not None
    assert (last.record, last.backfilled) == (record, backfilled)


@given(kept=st.lists(records(), min_size=1, max_size=4, unique_by=lambda r: r.seq & 0xFF), data=st.data())
def test_whatever_is_doubled_or_lost_only_whole_records_come_and_each_once(
    kept: list[Record], data: st.DataObject
) -> None:
    together, came, whole = Reassembly(), [], []
    for record in kept:
        notifications = fragments(bytes(record), seq=record.seq, mtu=60)
        times = [data.draw(st.integers(0, 2)) for _ in notifications]
        if all(times):
            whole.append(record)
        for notification, n in zip(notifications, times, strict=True):
            came += [heard.record for _ in range(n) if (heard := together.take(notification))]
    assert came == whole
    assert together.records == len(whole)
    assert together.bad == 0


def test_a_doubled_subscription_and_a_hole_are_counted() -> None:
    first, second = (bytes(Record(7, seq, TICK_US, 80, None, beats=(Beat(5, 800_000),) * 9)) for seq in (1, 2))
    together = Reassembly()
    for notification in fragments(first, seq=1, mtu=60):
        together.take(notification)
        together.take(notification)
    assert (together.records, together.doubled, together.missing) == (1, 2, 0)
    together.take(fragments(second, seq=2, mtu=60)[1])
    assert (together.records, together.doubled, together.missing) == (1, 2, 1)


def test_a_record_that_comes_again_is_dropped_and_counted() -> None:
    record = bytes(Record(7, 1, TICK_US, 80, None, beats=(Beat(5, 800_000),) * 9))
    together = Reassembly()
    heard = [together.take(piece) for _ in range(2) for piece in fragments(record, seq=1, mtu=60)]
    assert sum(one is not None for one in heard) == 1
    assert together.doubled == 1


def test_a_flipped_bit_is_bad_and_never_a_record() -> None:
    record = bytes(Record(7, 1, TICK_US, 80, None, beats=(Beat(5, 800_000),)))
    for bit in range(8 * len(record)):
        flipped = bytearray(record)
        flipped[bit // 8] ^= 1 << bit % 8
        together = Reassembly()
        assert together.take(fragments(bytes(flipped), seq=1, mtu=517)[0]) is None
        assert together.bad == 1


@given(notifications=st.lists(st.binary(max_size=30), max_size=20))
def test_any_notifications_are_dropped_or_an_error_and_a_good_record_still_comes_after_them(
    notifications: list[bytes],
) -> None:
    together = Reassembly()
    for notification in notifications:
        with contextlib.suppress(GattError):
            together.take(notification)
    record = Record(7, 1, TICK_US, 80, None)
    heard = [together.take(piece) for piece in fragments(bytes(record), seq=1, mtu=23)]
    assert [one.record for one in heard if one] == [record]


def sealed(body: bytes) -> bytes:
    return body + crc(body).to_bytes(2, "little")


HEAD = bytes.fromhex("01 07000000 01000000 404b4c0000000000 50 01")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"\x02" + HEAD[1:] + b"\0", "version"),
        (HEAD[:9] + b"\xff" * 8 + HEAD[17:] + b"\0", "tick_us"),
        (HEAD[:17] + b"\x65\x01\0", "battery"),
        (HEAD[:17] + b"\x50\x03\0", "contact"),
        (HEAD + b"\x01\x01\x0c\x00" + struct.pack("<IIf", 4000, 0, 1.0), "values"),
        (HEAD + b"\x01\x04\x0e\x00" + struct.pack("<IIfh", 4000, 0, 1.0, 5), "values"),
        (HEAD + b"\x01\x01\x0e\x00" + struct.pack("<IIfh", 0, 0, 1.0, 5), "rate"),
        (HEAD + b"\x01\x01\x0e\x00" + struct.pack("<IIfh", 4000, 6_000_000, 1.0, 5), "before_us"),
        (HEAD + b"\x01\x01\x0e\x00" + struct.pack("<IIfh", 4000, 0, float("nan"), 5), "scale"),
        (HEAD + b"\x01\x01\x18\x00" + struct.pack("<IIf6h", 1000, 0, 1.0, *range(6)), "values"),
        (HEAD + b"\x02" + 2 * (b"\x01\x0e\x00" + struct.pack("<IIfh", 4000, 0, 1.0, 5)), "block id"),
        (HEAD + b"\x01\x05\x08\x00" + struct.pack("<II", 0, 0), "interval_us"),
        (HEAD + b"\x01\x05\x10\x00" + struct.pack("<4I", 1, 9, 2, 9), "before_us"),
        (HEAD + b"\x01\x05\x09\x00" + bytes(8), "block 5"),
        (HEAD + b"\x00\x00", "length"),
    ],
)
def test_a_record_with_a_right_checksum_and_a_wrong_field_is_refused_and_the_field_named(
    body: bytes, field: str
) -> None:
    with pytest.raises(GattError, match=f": {field}: "):
        Record.from_bytes(sealed(body))


def test_a_block_of_a_later_version_is_skipped() -> None:
    record = Record.from_bytes(sealed(HEAD + b"\x02\x05\x00\x00\x80\x02\x00\xab\xcd"))
    assert record == Record(7, 1, TICK_US, 80, contact=True, channels=(), beats=())


def test_a_record_that_is_too_long_is_neither_cut_nor_read() -> None:
    with pytest.raises(GattError, match="length"):
        fragments(bytes(RECORD_MAX + 1), seq=0, mtu=517)
    with pytest.raises(GattError, match="length"):
        Record.from_bytes(bytes(RECORD_MAX + 1))


def test_only_packets_that_the_service_takes_and_whose_samples_are_int16_become_records() -> None:
    floats = Samples(rate_hz=4.0, tick_us=0, values=struct.pack("<f", 0.5))
    with pytest.raises(GattError, match="eda: values"):
        record_of(Packet(v=1, band="b", boot=0, seq=0, tick_us=1_000_000, eda=floats))
    late = Samples(rate_hz=4.0, tick_us=9_000_000, values=b"\0\0", dtype="i2")
    with pytest.raises(WireError, match="eda"):
        record_of(Packet(v=1, band="b", boot=0, seq=0, tick_us=1_000_000, eda=late))
