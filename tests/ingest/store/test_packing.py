"""What packing promises: every bit of every packet back, blocks as the packets say, and damage told from readings."""

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ingest.errors import StoreError
from ingest.received import Received
from ingest.recordings import e4
from ingest.recordings.packets import packets as packets_of
from ingest.store.packing import Packed, open_channel, pack, span, unpack, unpack_channel
from ingest.store.packing_bits import Coded, code, ints_of
from ingest.store.packing_numbers import raw_of, section
from ingest.store.protocol import Run
from ingest.types import CHANNELS, Block
from ingest.wire import Intervals, Packet, Samples, decode, encode, encode_json

MakeReceived = Callable[..., Received]
GOLDEN = Path(__file__).parent / "packed_layout_1.msgpack"
COUNT = st.integers(0, 2**53 - 1)
NAME = st.text("ab-_9", min_size=1, max_size=5)
NUMBERS = {
    "i2": st.one_of(st.integers(-32768, 32767), st.integers(-30, 30), st.just(-32768)),
    "f4": st.one_of(
        st.integers(-500, 5000).map(lambda n: n / 100), st.floats(width=32, allow_infinity=False), st.just(-0.0)
    ),
    "f8": st.one_of(
        st.integers(-(10**6), 10**6).map(lambda n: n / 100),
        st.floats(allow_infinity=False),
        st.sampled_from([-0.0, float("nan"), 5e-324, 1.7e308]),
    ),
}
PAYLOADS = {"f4": (0x7FC12345, 0x7F812345, 0xFFC00001), "f8": (0x7FF8000000012345, 0x7FF0000000000001, 0xFFF8 << 48)}


@st.composite
def _samples(draw: st.DrawFn, channel: str, end_us: int) -> Samples:
    axes = CHANNELS[channel].axes
    rate_hz = draw(st.sampled_from([4.0, 32.0, 64.0, 63.9999, 4096.0, 0.01]))
    n = 1 if rate_hz < 1 else draw(st.integers(1, 12))
    dtype = draw(st.sampled_from(["i2", "f4", "f8"]))
    numbers = draw(st.lists(NUMBERS[dtype], min_size=n * axes, max_size=n * axes))
    values: bytes | list[float | None]
    if draw(st.booleans()):
        values = bytearray(np.array(numbers, f"<{dtype}").tobytes())
        if dtype != "i2" and draw(st.booleans()):
            at = draw(st.integers(0, len(numbers) - 1)) * int(dtype[1])
            bits = draw(st.sampled_from(PAYLOADS[dtype]))
            values[at : at + int(dtype[1])] = bits.to_bytes(int(dtype[1]), "little")
        values = bytes(values)
    else:
        holes = draw(st.lists(st.booleans(), min_size=len(numbers), max_size=len(numbers)))
        values = [None if hole else float(v) for v, hole in zip(numbers, holes, strict=True)]
    tick_us = max(end_us - draw(st.sampled_from([0, 1_000_000, 4_000_000, 123_457])), 0)
    scale = draw(st.sampled_from([{}, {"scale": 1 / 64}, {"scale": -0.01}, {"scale": 1e-3}, {"scale": 1e300}]))
    return Samples(rate_hz=rate_hz, tick_us=tick_us, values=values, dtype=dtype, **scale)


@st.composite
def _intervals(draw: st.DrawFn, end_us: int) -> Intervals:
    ticks = sorted(draw(st.lists(st.integers(max(end_us - 2_000_000, 0), end_us), max_size=4)))
    length = st.floats(0, 10, exclude_min=True)
    return Intervals(tick_us=ticks, interval_s=draw(st.lists(length, min_size=len(ticks), max_size=len(ticks))))


@st.composite
def _received(draw: st.DrawFn, seq: int, tick_us: int) -> Received:
    fields: dict[str, object] = {}
    for channel in CHANNELS:
        if draw(st.booleans()):
            made = _intervals(tick_us) if channel == "ibi" else _samples(channel, tick_us)
            fields[channel] = draw(made)
    for name, what in {
        "sent_us": COUNT,
        "heard_us": COUNT,
        "gateway": NAME,
        "battery": st.integers(0, 100),
        "contact": st.booleans(),
        "lost": st.tuples(st.integers(0, 2), st.integers(2, 5)),
    }.items():
        if draw(st.integers(0, 3)) == 0:
            fields[name] = draw(what)
    packet = Packet(v=1, band="band-1", boot=7, seq=seq, tick_us=tick_us, **fields)
    offset_s = draw(st.one_of(st.just(1.7e9), st.floats(1.6e9, 1.8e9), st.sampled_from([0.0, -0.0, -1e300])))
    received_s = draw(st.one_of(st.just(tick_us * 1e-6 + offset_s), st.floats(-1e300, 1e300)))
    return Received(packet, offset_s, received_s, encode(packet))


@st.composite
def _batch(draw: st.DrawFn) -> list[Received]:
    seqs = draw(st.lists(st.integers(10, 40), min_size=1, max_size=6))
    first_us = draw(st.sampled_from([0, 10_000_000, 2**53 - 10**9]))
    return [draw(_received(seq, first_us + (seq - 10) * 1_000_000)) for seq in seqs]


def _blocks(channel: str, *blobs: bytes) -> list[Block]:
    return unpack_channel(channel, [open_channel(channel, blob) for blob in blobs])


def _alike(one: Sequence[Received], other: Sequence[Received]) -> bool:
    """Equal to the last bit: repr tells -0.0 and NaN, the encoding all the rest."""
    fields = [(repr(r.offset_s), repr(r.received_s), encode(r.packet), r.payload) for r in one]
    return fields == [(repr(r.offset_s), repr(r.received_s), encode(r.packet), encode(r.packet)) for r in other]


@given(_batch())
@settings(max_examples=150, deadline=None)
def test_every_packet_comes_back_to_the_last_bit(batch: list[Received]) -> None:
    packed = pack(batch)
    assert _alike(unpack(packed.meta, packed.channels), batch)


@given(_batch())
@settings(max_examples=60, deadline=None)
def test_the_span_is_what_the_packets_say(batch: list[Received]) -> None:
    found = span(pack(batch).meta)
    spans = [received.span_s() for received in batch]
    assert (found.start_s, found.end_s) == (min(s for s, _ in spans), max(e for _, e in spans))
    assert (found.band, found.boot, found.packets) == ("band-1", 7, len(batch))
    assert found.samples == sum(received.samples() for received in batch)
    assert {n for run in found.runs for n in range(run.since, run.seq + 1)} == {r.packet.seq for r in batch}
    assert all(a.seq + 1 < b.since for a, b in zip(found.runs, found.runs[1:], strict=False))


def _times_and_values(blocks: Sequence[Block]) -> tuple[np.ndarray, np.ndarray]:
    times, values = [np.zeros(0)], []
    for block in blocks:
        after_s = block.values[0] if block.rate_hz == 0 else np.arange(block.values.shape[-1]) / block.rate_hz
        times.append(block.start_s + after_s)
        values.append(block.values[1] if block.rate_hz == 0 else block.values)
    return np.concatenate(times), np.concatenate(values, axis=-1)


def _require_same_blocks(batch: Sequence[Received], *packs: Packed) -> None:
    for channel in {name for packed in packs for name in packed.channels}:
        with np.errstate(invalid="ignore"):  # signalling NaN
            expected = [block for received in batch for block in received.blocks() if block.channel == channel]
        found = _blocks(channel, *[packed.channels[channel] for packed in packs if channel in packed.channels])
        assert len(found) <= len(expected)
        if not expected:
            continue
        (times, values), (own_times, own_values) = _times_and_values(found), _times_and_values(expected)
        np.testing.assert_array_equal(values, own_values)
        np.testing.assert_array_equal(np.signbit(values), np.signbit(own_values) & ~np.isnan(own_values))
        assert (np.abs(times - own_times) <= np.maximum(1e-4, np.spacing(np.abs(own_times)) * 4)).all()
        assert all(block.channel == channel and block.values.flags.c_contiguous for block in found)


@given(_batch())
@settings(max_examples=100, deadline=None)
def test_blocks_hold_the_values_and_times_that_the_packets_say(batch: list[Received]) -> None:
    assume(all(abs(received.offset_s) < 1e12 for received in batch))
    _require_same_blocks(batch, pack(batch))


@given(_batch(), st.integers(0, 6))
@settings(max_examples=60, deadline=None)
def test_packs_read_together_say_what_each_says(batch: list[Received], cut: int) -> None:
    assume(all(abs(received.offset_s) < 1e12 for received in batch))
    _require_same_blocks(batch, *[pack(some) for some in (batch[:cut], batch[cut:]) if some])


@pytest.mark.parametrize("drift", [0.0, 2e-5, -5e-5])
def test_packs_that_follow_each_other_are_unpacked_into_one_array(drift: float, make_received: MakeReceived) -> None:
    batch = [make_received(seq=seq, offset_s=1e9 + drift * seq) for seq in range(200)]
    packs = [pack(batch[first : first + 40]) for first in range(0, 200, 40)]
    _require_same_blocks(batch, *packs)
    blocks = _blocks("ppg", *[packed.channels["ppg"] for packed in packs])
    (address,) = {block.values.__array_interface__["data"][0] - 8 * 64 * round(block.start_s - 1e9) for block in blocks}
    assert address
    if drift == 0:
        assert [(block.start_s, block.rate_hz, block.values.size) for block in blocks] == [(1e9, 64.0, 200 * 64)]


def test_packets_that_follow_each_other_are_one_block(make_received: MakeReceived) -> None:
    batch = [make_received(seq=seq) for seq in range(300)]
    packed = pack(batch)
    for channel, rate_hz in {"eda": 4.0, "temperature": 4.0, "ppg": 64.0, "motion": 32.0}.items():
        (block,) = _blocks(channel, packed.channels[channel])
        assert (block.start_s, block.rate_hz, block.values.shape[-1]) == (1e9, rate_hz, 300 * rate_hz)
    _require_same_blocks(batch, packed)


@pytest.mark.parametrize("drift", [5e-5, -5e-5, 8e-5])
def test_a_drifting_mapping_makes_one_block_at_the_rate_that_utc_sees(
    drift: float, make_received: MakeReceived
) -> None:
    batch = [make_received(seq=seq, offset_s=1e9 + drift * seq) for seq in range(300)]
    packed = pack(batch)
    (block,) = _blocks("ppg", packed.channels["ppg"])
    assert block.rate_hz == pytest.approx(64 / (1 + drift), rel=2e-6)
    _require_same_blocks(batch, packed)


@pytest.mark.parametrize(
    ("seqs", "changes", "starts"),
    [
        ([0, 1, 3, 4], {}, [0, 3]),
        ([0, 1, 1, 2], {}, [0, 1]),
        ([1, 0], {}, [1, 0]),
        ([0, 1, 2], {1: {"offset_s": 1e9 + 0.01}}, [0, 1.01, 2]),
        ([0, 1, 2], {1: {"rates_hz": {"ppg": 32.0}}}, [0, 1, 2]),
        ([0, 1, 2], {1: {"rates_hz": {"eda": 4.0}}}, [0, 2]),
    ],
)
def test_a_gap_a_repeat_a_jump_and_another_rate_begin_a_new_block(
    seqs: list[int], changes: dict[int, dict[str, object]], starts: list[float], make_received: MakeReceived
) -> None:
    batch = [make_received(seq=seq, **changes.get(i, {})) for i, seq in enumerate(seqs)]
    packed = pack(batch)
    blocks = _blocks("ppg", packed.channels["ppg"])
    assert [block.start_s - 1e9 for block in blocks] == pytest.approx(starts, abs=1e-6)
    _require_same_blocks(batch, packed)


def test_beats_are_joined_where_no_packet_is_missing(make_received: MakeReceived) -> None:
    def beats(seq: int, **others: object) -> Received:
        ticks = [] if seq == 2 else [seq * 1_000_000 + 300_000, seq * 1_000_000 + 900_000]
        ibi = Intervals(tick_us=ticks, interval_s=[0.734412] * len(ticks))
        return make_received(seq=seq, rates_hz={}, ibi=ibi, **others)

    batch = [*(beats(seq, offset_s=1e9 + seq * 5e-5) for seq in (0, 1, 2, 3)), beats(5), beats(6)]
    packed = pack(batch)
    blocks = _blocks("ibi", packed.channels["ibi"])
    assert [(block.start_s - 1e9, block.values.shape) for block in blocks] == [
        (pytest.approx(0.3, abs=1e-6), (2, 6)),
        (pytest.approx(5.3, abs=1e-6), (2, 4)),
    ]
    _require_same_blocks(batch, packed)


def test_packets_without_a_beat_are_no_block_and_still_come_back(make_received: MakeReceived) -> None:
    batch = [make_received(seq=0, rates_hz={}, ibi=Intervals(tick_us=[], interval_s=[])), make_received(seq=1)]
    packed = pack(batch)
    assert _blocks("ibi", packed.channels["ibi"]) == []
    assert unpack(packed.meta, packed.channels) == batch
    assert span(packed.meta).runs == (Run(0, 1),)


def test_a_packet_in_json_comes_back_with_its_lists(make_packet: Callable[..., Packet]) -> None:
    packet = decode(encode_json(make_packet(seq=3)))
    received = Received(packet, 1.7e9, 1.7e9 + 4, encode(packet))
    packed = pack([received])
    assert unpack(packed.meta, packed.channels) == [received]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=300), st.integers(1, 3))
@settings(deadline=None)
def test_any_integers_survive_coding(numbers: list[int], rows: int) -> None:
    ints = np.array(numbers * rows, np.int64).reshape(rows, -1)
    np.testing.assert_array_equal(ints_of(code(ints.T)[0], *ints.shape), ints)


@given(st.lists(st.integers(0, 64), min_size=3, max_size=3), st.integers(129, 192), st.binary(max_size=9), st.data())
@settings(deadline=None)
def test_any_bits_are_some_integers_and_too_few_are_none(
    widths: list[int], n: int, more: bytes, data: st.DataObject
) -> None:
    size = 8 * (widths[0] + widths[1]) + -(-(n - 128) * widths[2] // 8)
    bits = data.draw(st.binary(min_size=size, max_size=size))
    order, seed = data.draw(st.integers(0, 5)), data.draw(st.integers(-(2**63), 2**63 - 1))
    forged = Coded(bytes([order]), [seed], bytes(widths) + bits)
    found = ints_of(forged, 1, n)
    np.testing.assert_array_equal(ints_of(code(found.T)[0], 1, n), found)
    for wrong in (forged.data[:-1], forged.data + b"0" + more, bytes([65]) + forged.data[1:]):
        with pytest.raises(StoreError):
            ints_of(Coded(bytes([order]), [seed], wrong), 1, n)


@pytest.mark.parametrize("spread", [0, 1, 3, 200, 10**5, 10**9, 2**40])
@pytest.mark.parametrize("n", [63, 64, 65, 1087, 5001])
def test_long_series_survive_whatever_their_parts(n: int, spread: int) -> None:
    rng = np.random.default_rng(n)
    ints = np.cumsum(rng.integers(-spread, spread + 1, (1, n)), axis=1)
    ints[0, :: n // 3] += 2**50
    ints[0, n // 2 : n // 2 + 200] = 0
    np.testing.assert_array_equal(ints_of(code(ints.T)[0], 1, n), ints)


@pytest.mark.parametrize(
    ("numbers", "a_number"),
    [
        (np.random.default_rng(1).integers(2_000, 2_050, 3000) / 100, 1.0),
        (np.random.default_rng(1).integers(-128, 128, 3000) / 64, 1.3),
        (np.random.default_rng(1).integers(-60, 60, 3000) * 0.000976, 1.2),
        ((np.random.default_rng(1).integers(-60, 60, 3000) / 100).astype("<f4"), 1.2),
        (np.full(3000, np.nan), 0.1),
        (np.random.default_rng(1).standard_normal(3000), 8.1),
    ],
)
def test_decimals_fractions_and_multiples_are_packed_as_the_counts_they_are(
    numbers: np.ndarray, a_number: float
) -> None:
    dtype = numbers.dtype.str[1:]
    made, _ = section(numbers.tobytes(), dtype, 1)
    assert raw_of(made, 1) == numbers.tobytes()
    assert len(msgspec.msgpack.encode(made)) < a_number * numbers.size


# --- damage ---


def _packed(make_received: MakeReceived) -> Packed:
    ibi = Intervals(tick_us=[5_200_000], interval_s=[0.7])
    return pack([make_received(seq=seq, ibi=ibi if seq == 5 else None) for seq in range(9)])


def _read_all(packed: Packed) -> None:
    span(packed.meta)
    unpack(packed.meta, packed.channels)
    for channel, blob in packed.channels.items():
        _blocks(channel, blob)


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_damaged_bytes_are_told_from_readings(data: st.DataObject, make_received: MakeReceived) -> None:
    packed = _packed(make_received)
    name = data.draw(st.sampled_from(["meta", *packed.channels]))
    blob = bytearray(packed.meta if name == "meta" else packed.channels[name])
    how = data.draw(st.sampled_from(["flip", "cut", "random", "longer"]))
    if how == "flip":
        blob[data.draw(st.integers(0, len(blob) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    elif how == "cut":
        del blob[data.draw(st.integers(0, len(blob) - 1)) :]
    elif how == "longer":
        blob += data.draw(st.binary(min_size=1, max_size=9))
    else:
        blob = bytearray(data.draw(st.binary(max_size=200)))
    hurt = replace(packed, meta=bytes(blob)) if name == "meta" else None
    hurt = hurt or replace(packed, channels={**packed.channels, name: bytes(blob)})
    with pytest.raises(StoreError, match=name):
        _read_all(hurt)


def _changed(data: st.DataObject, value: object) -> object:
    """A value of a decoded blob with one thing in it changed."""
    if isinstance(value, list) and value and data.draw(st.integers(0, 9)):
        at = data.draw(st.integers(0, len(value) - 1))
        return [*value[:at], _changed(data, value[at]), *value[at + 1 :]]
    if isinstance(value, dict) and value:
        key = data.draw(st.sampled_from(sorted(value)))
        return {**value, key: _changed(data, value[key])}
    odd = st.sampled_from([0, 1, -1, 255, 2**26, 2**40, 2**53, -(2**63), 2**64 - 1, 1e300, "f8", "i2", b"", None, True])
    return data.draw(st.one_of(odd, st.binary(max_size=40)))


@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_a_forged_blob_is_refused_or_read_within_bounds(data: st.DataObject, make_received: MakeReceived) -> None:
    packed = _packed(make_received)
    name = data.draw(st.sampled_from(["meta", *packed.channels]))
    blob = packed.meta if name == "meta" else packed.channels[name]
    body = msgspec.msgpack.encode(_changed(data, msgspec.msgpack.decode(blob[6:])))
    forged = blob[:2] + struct.pack("<I", zlib.crc32(body)) + body
    channels = packed.channels if name == "meta" else {**packed.channels, name: forged}
    try:
        _read_all(Packed(forged if name == "meta" else packed.meta, channels))
    except StoreError as error:
        assert str(error)  # noqa: PT017


def test_a_blob_of_another_channel_layout_or_kind_is_refused(make_received: MakeReceived) -> None:
    packed = _packed(make_received)
    with pytest.raises(StoreError, match=r"temperature: this is the blob of 'eda'"):
        _blocks("temperature", packed.channels["eda"])
    with pytest.raises(StoreError, match=r"meta: packed by layout 2, this release reads 1"):
        span(b"\x02" + packed.meta[1:])
    with pytest.raises(StoreError, match=r"eda: a blob of kind b'M'"):
        _blocks("eda", packed.meta)
    with pytest.raises(StoreError, match=r"no such channel"):
        _blocks("pulse", packed.channels["eda"])
    with pytest.raises(StoreError, match=r"ppg: there is no such blob, and meta says that 9 packets have it"):
        unpack(packed.meta, {name: blob for name, blob in packed.channels.items() if name != "ppg"})


def test_what_cannot_be_packed_is_named(make_received: MakeReceived) -> None:
    good = make_received(seq=4)
    with pytest.raises(StoreError, match="0 packets"):
        pack([])
    with pytest.raises(StoreError, match="2 bands or boots"):
        pack([good, make_received(seq=4, boot=2)])
    odd = msgspec.structs.replace(good.packet.ppg, values=b"\0" * 7)
    with pytest.raises(StoreError, match="packet 1/4: ppg"):
        pack([replace(good, packet=msgspec.structs.replace(good.packet, ppg=odd))])
    with pytest.raises(StoreError, match="not finite"):
        pack([replace(good, received_s=float("nan"))])


# --- what is promised for ever, and for real recordings ---


def _golden_batch(make_received: MakeReceived) -> list[Received]:
    """What the golden file holds."""
    rng = np.random.default_rng(4)
    counts = np.cumsum(rng.integers(-40, 41, 64 * 20)).astype("<i2")
    batch = []
    for seq in range(20):
        us = seq * 1_000_000
        pulse = counts[64 * seq : 64 * seq + 64].tobytes()
        tilt = (counts[64 * seq : 64 * seq + 12] / 64).astype("<f8").tobytes()
        warmth = np.array([33.5, 33.52, np.nan, 33.5], "<f4").tobytes()
        fields: dict[str, object] = {
            "ppg": Samples(rate_hz=64.0, tick_us=us, values=pulse, dtype="i2", scale=0.5),
            "eda": Samples(rate_hz=4.0, tick_us=us, values=[0.51, None, -0.0, 0.53 + seq / 100]),
            "ibi": Intervals(tick_us=[us + 400_000], interval_s=[0.734412]),
            "motion": Samples(rate_hz=4.0, tick_us=us, values=tilt, dtype="f8"),
        }
        if seq != 7:
            fields["temperature"] = Samples(rate_hz=4.0, tick_us=us, values=warmth)
        said = {
            "battery": 80 - seq // 9,
            "contact": seq != 3,
            "gateway": "g-1",
            "heard_us": us + 17,
            "sent_us": 1 << 50,
        }
        received = make_received(seq=seq + seq // 15, start_s=float(seq), rates_hz={}, **fields, **said)
        batch.append(replace(received, offset_s=received.offset_s + seq * 1e-5))
    return batch


def write_golden(path: Path, batch: Sequence[Received]) -> None:
    """How the golden file was made, once: from what the layout of then packed."""
    packed = pack(batch)
    stored = {
        "meta": packed.meta,
        "channels": packed.channels,
        "packets": [encode(received.packet) for received in batch],
        "clocks": [[received.offset_s, received.received_s] for received in batch],
    }
    path.write_bytes(msgspec.msgpack.encode(stored))


def test_the_golden_file_is_made_by_its_generator(tmp_path: Path, make_received: MakeReceived) -> None:
    write_golden(tmp_path / GOLDEN.name, _golden_batch(make_received))
    made, kept = (msgspec.msgpack.decode(path.read_bytes()) for path in (tmp_path / GOLDEN.name, GOLDEN))
    assert made["packets"] == kept["packets"]
    assert made["clocks"] == kept["clocks"]


def test_what_the_first_layout_packed_can_still_be_read() -> None:
    stored = msgspec.msgpack.decode(GOLDEN.read_bytes())
    again = unpack(stored["meta"], stored["channels"])
    assert [encode(received.packet) for received in again] == stored["packets"]
    assert [[received.offset_s, received.received_s] for received in again] == stored["clocks"]
    _require_same_blocks(again, Packed(stored["meta"], stored["channels"]))


def test_real_recordings_take_less_than_a_byte_and_a_half_a_number(shared_data: Path) -> None:
    recording = e4.read(shared_data / "stress_predict" / "S02.zip")
    batch = [Received(p, at_s - p.tick_us * 1e-6, at_s, encode(p)) for at_s, p in packets_of(recording, band="b")][:900]
    size = numbers = 0
    for first in range(0, len(batch), 300):
        some = batch[first : first + 300]
        packed = pack(some)
        again = unpack(packed.meta, packed.channels)
        assert [replace(received, payload=b"") for received in again] == [replace(r, payload=b"") for r in some]
        assert all(len(_blocks(c, blob)) == 1 for c, blob in packed.channels.items())
        assert len(packed.meta) < 12 * len(some)
        size += len(packed.meta) + sum(map(len, packed.channels.values()))
        numbers += sum(block.values.size for received in some for block in received.blocks())
    assert size / numbers < 1.0
