"""Many messages at once: the same verdicts, packets and numbers as one by one."""

import json
import math
from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import WireError
from ingest.types import CHANNELS
from ingest.wire import Intervals, Packet, Samples, decode, encode, encode_json, values
from ingest.wire_batch import FEW, Decoded, decode_many

TICK_US = 5_000_000
EDGES = [0.0, 1.0, -40.0, 200.0, 1e300, -1e300, math.inf, -math.inf, math.nan]
LAYOUTS = ["f4", "f8", "i2"]


@st.composite
def channel(draw: st.DrawFn, name: str) -> Samples:
    """Samples of a few layouts, so that some are alike, and now and then what cannot be used."""
    dtype = draw(st.sampled_from(LAYOUTS))
    n = draw(st.sampled_from([1, 2, 4])) * CHANNELS[name].axes
    plain = st.integers(-32768, 32767) if dtype == "i2" else st.floats(-10, 10) | st.sampled_from(EDGES)
    numbers = draw(st.lists(plain, min_size=n, max_size=n))
    with np.errstate(over="ignore"):
        packed = np.array(numbers).astype(f"<{dtype}").tobytes()
    listed = [None if isinstance(v, float) and not math.isfinite(v) else float(v) for v in numbers]
    return Samples(
        rate_hz=draw(st.sampled_from([0.01, 4.0, 64.0])),
        tick_us=draw(st.sampled_from([TICK_US - 1_000_000, TICK_US, 0, TICK_US + 10_000_000, TICK_US + 900_000_001])),
        values=draw(st.sampled_from([packed, packed, packed, packed[:-1], b"", listed, []])),
        dtype=dtype,
        scale=draw(st.sampled_from([1.0, 1 / 64, 1e300, 0.0, math.inf])),
    )


@st.composite
def message(draw: st.DrawFn) -> bytes:
    """A packet in either form, good or bad, or no packet at all."""
    names = draw(st.sets(st.sampled_from([name for name in CHANNELS if name != "ibi"])))
    beats = draw(st.none() | st.lists(st.integers(TICK_US - 1_000_000, TICK_US), max_size=3))
    packet = Packet(
        v=1,
        band="b",
        boot=1,
        seq=draw(st.integers(0, 3)),
        tick_us=draw(st.sampled_from([TICK_US, TICK_US + 900_000_000])),
        lost=draw(st.none() | st.tuples(st.integers(0, 5), st.integers(0, 5))),
        ibi=None
        if beats is None
        else Intervals(tick_us=beats, interval_s=[0.8] * draw(st.just(len(beats)) | st.just(1))),
        **{name: draw(channel(name)) for name in sorted(names)},
    )
    finite = all(math.isfinite(samples.scale) for samples in packet.samples().values())
    plain = st.just(msgspec.json.encode(packet) if finite else encode(packet))
    return draw(st.just(encode(packet)) | plain | st.just(b"") | st.binary(max_size=20))


def one(data: bytes) -> tuple[Packet, dict[str, np.ndarray]] | str:
    try:
        packet = decode(data)
    except WireError as error:
        return f"{error.kind}: {error}"
    return packet, {name: values(name, samples) for name, samples in packet.samples().items()}


def told(decoded: Decoded, i: int) -> tuple[Packet, dict[str, np.ndarray]] | str:
    packet = decoded.packets[i]
    if isinstance(packet, WireError):
        assert decoded.arrays[i] == {}
        assert decoded.samples[i] == decoded.repaired[i] == 0
        return f"{packet.kind}: {packet}"
    return packet, decoded.arrays[i]


@settings(max_examples=150, deadline=None)
@given(st.lists(message(), min_size=FEW, max_size=12))
def test_many_at_once_are_judged_and_converted_as_each_by_itself(payloads: list[bytes]) -> None:
    decoded = decode_many(payloads)
    for i, data in enumerate(payloads):
        np.testing.assert_equal(told(decoded, i), one(data))
        alone = decode_many([data])
        np.testing.assert_equal(told(alone, 0), one(data))
        assert (alone.samples[0], alone.repaired[0]) == (decoded.samples[i], decoded.repaired[i])


def test_nothing_in_gives_nothing() -> None:
    assert decode_many([]) == Decoded([], [], [], [])


@pytest.mark.parametrize("copies", [1, 8])
def test_samples_and_what_was_mended_are_counted(make_packet: Callable[..., Packet], copies: int) -> None:
    eda = Samples(rate_hz=4.0, tick_us=0, values=np.array([1, 500, np.nan, 2], "<f4").tobytes())
    count = Samples(rate_hz=4.0, tick_us=0, values=np.array([-32768, 20_000], "<i2").tobytes(), dtype="i2")
    packet = make_packet(seq=0, rates_hz={"ppg": 64.0}, eda=eda, temperature=count)
    for form in (encode, encode_json):
        decoded = decode_many([form(packet)] * copies)
        assert decoded.samples == [64 + 4 + 2] * copies
        assert decoded.repaired == [2] * copies


def test_infinity_is_refused_where_others_are_alike(make_packet: Callable[..., Packet]) -> None:
    good = encode(make_packet(seq=0, rates_hz={"motion": 32.0}))
    fields = msgspec.msgpack.decode(good)
    numbers = np.frombuffer(fields["motion"]["values"]).copy()
    numbers[4] = np.inf
    fields["motion"]["values"] = numbers.tobytes()
    decoded = decode_many([good, msgspec.msgpack.encode(fields), good, good])
    assert [isinstance(packet, WireError) for packet in decoded.packets] == [False, True, False, False]
    assert str(decoded.packets[1]) == "motion.values: sample 1 is infinite"


def test_json_is_told_by_its_first_byte(make_packet: Callable[..., Packet]) -> None:
    packet = make_packet(seq=0)
    assert json.loads(encode_json(packet))["band"] == "b"
    decoded = decode_many([encode_json(packet), encode(packet)] * 3)
    for name in ("eda", "motion"):
        for arrays in decoded.arrays:
            np.testing.assert_array_equal(arrays[name], decoded.arrays[0][name])
