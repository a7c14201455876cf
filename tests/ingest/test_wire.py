"""The wire: what is sent arrives, and nothing else does."""

import contextlib
import json
import math
from pathlib import Path

import jsonschema
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import WireError
from ingest.schema import schema_text, wire_schema
from ingest.types import CHANNELS
from ingest.wire import (
    Intervals,
    Packet,
    Samples,
    band_of,
    count,
    data_topic,
    decode,
    encode,
    encode_json,
    name_of,
    stored_topic,
    values,
)

ROOT = Path(__file__).parents[2]
VALIDATOR = jsonschema.Draft202012Validator(wire_schema())
TICK_US = 5_000_000
NUMBERS = {
    "f4": st.floats(width=32, allow_infinity=False),
    "f8": st.floats(-1e6, 1e6) | st.just(math.nan),
    "i2": st.integers(-32768, 32767),
}


@st.composite
def samples(draw: st.DrawFn, channel: str) -> Samples:
    dtype = draw(st.sampled_from(sorted(NUMBERS)))
    axes = CHANNELS[channel].axes
    n = draw(st.integers(1, 20)) * axes
    numbers = draw(st.lists(NUMBERS[dtype], min_size=n, max_size=n))
    packed = np.array(numbers, f"<{dtype}").tobytes()
    rate_hz = draw(st.sampled_from([4.0, 15.0, 25.0, 52.0, 63.9999, 64.0, 135.0]))
    scale = draw(st.sampled_from([1.0, 1 / 64, 0.001]))
    return Samples(rate_hz=rate_hz, tick_us=0, values=packed, dtype=dtype, scale=scale)


@st.composite
def sent(draw: st.DrawFn) -> Packet:
    names = draw(st.sets(st.sampled_from([name for name in CHANNELS if name != "ibi"])))
    beats = sorted(draw(st.lists(st.integers(TICK_US - 1_000_000, TICK_US), max_size=3)))
    ibi = Intervals(tick_us=beats, interval_s=[0.8] * len(beats)) if draw(st.booleans()) else None
    channels = {name: draw(samples(name)) for name in sorted(names)}
    battery = draw(st.none() | st.integers(0, 100))
    return Packet(v=1, band="b-1", boot=7, seq=3, tick_us=TICK_US, battery=battery, ibi=ibi, **channels)


def numbers(packet: Packet) -> dict[str, list[list[float]]]:
    return {name: np.atleast_2d(values(name, s)).tolist() for name, s in packet.samples().items()}


@given(sent())
def test_packets_survive_both_forms_of_the_wire(packet: Packet) -> None:
    assert decode(encode(packet)) == packet
    np.testing.assert_equal(numbers(decode(encode_json(packet))), numbers(packet))


@given(sent())
def test_what_is_sent_as_json_satisfies_the_published_schema(packet: Packet) -> None:
    VALIDATOR.validate(json.loads(encode_json(packet)))


def test_the_committed_schema_is_the_generated_one() -> None:
    assert (ROOT / "docs" / "wire.schema.json").read_text() == schema_text()


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"band": "a b"}, {"band": "x\n"}, {"seq": -1}, {"battery": 101}, {"colour": 1}, {"eda": {"tick_us": 1}}],
)
def test_schema_and_decoder_refuse_the_same_fields(change: dict[str, object]) -> None:
    packet = {"v": 1, "band": "b", "boot": 1, "seq": 1, "tick_us": 1, **change}
    if change != {"band": "x\n"}:  # Python's $ lets one line end pass; ECMA's, which JSON Schema means, does not
        assert not VALIDATOR.is_valid(packet)
    with pytest.raises(WireError):
        decode(json.dumps(packet).encode())


@given(sent())
def test_samples_are_counted_without_decoding_them(packet: Packet) -> None:
    for name, some in packet.samples().items():
        assert count(name, some) == values(name, some).shape[-1]


@settings(max_examples=300)
@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda b: b"{" + b))
def test_any_bytes_parse_or_raise_wire_error(data: bytes) -> None:
    with contextlib.suppress(WireError):
        decode(data)
    name_of(data)


@settings(max_examples=200)
@given(sent(), st.data())
def test_damaged_packets_parse_or_raise_wire_error(packet: Packet, data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from([encode, encode_json]))(packet))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(whole)))
    with contextlib.suppress(WireError):
        again = decode(bytes(whole[:cut]))
        assert all(np.isfinite(v) | np.isnan(v) for v in numbers(again) for v in [0.0])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=300)
@given(st.fixed_dictionaries({}, optional={f: JSON for f in Packet.__struct_fields__}), st.booleans())
def test_any_fields_parse_or_raise_wire_error(fields: dict[str, object], as_json: bool) -> None:
    known = {"v": 1, "band": "b", "boot": 1, "seq": 1, "tick_us": 10, **fields}
    try:
        data = (msgspec.json if as_json else msgspec.msgpack).encode(known)
    except OverflowError:
        return  # integers that MessagePack cannot hold
    with contextlib.suppress(WireError):
        decode(data)


def one(**fields: object) -> bytes:
    packet = {"v": 1, "band": "b", "boot": 1, "seq": 1, "tick_us": TICK_US, **fields}
    return msgspec.msgpack.encode(packet)


@pytest.mark.parametrize(
    ("eda", "what"),
    [
        ({"rate_hz": 0.0}, "rate_hz"),
        ({"rate_hz": math.nan}, "rate_hz|eda"),
        ({"scale": math.inf}, "scale"),
        ({"scale": 0.0}, "scale"),
        ({"values": b"123"}, "values"),
        ({"values": b""}, "values"),
        ({"values": np.array([np.inf], "<f4").tobytes()}, "infinite"),
        ({"tick_us": TICK_US + 10_000_000}, "tick_us"),
        ({"tick_us": TICK_US, "rate_hz": 0.01, "values": [1.0] * 9}, "last sample"),
    ],
)
def test_values_that_cannot_be_used_are_refused_by_name(eda: dict[str, object], what: str) -> None:
    base = {"rate_hz": 4.0, "tick_us": TICK_US, "values": [1.0]}
    with pytest.raises(WireError, match=what):
        decode(one(eda={**base, **eda}))


@pytest.mark.parametrize(
    ("ibi", "what"),
    [
        ({"tick_us": [2, 1], "interval_s": [1.0, 1.0]}, "time order"),
        ({"tick_us": [1], "interval_s": []}, "pairs"),
        ({"tick_us": [1], "interval_s": [math.nan]}, "ibi"),
        ({"tick_us": [1], "interval_s": [0.0]}, "ibi"),
    ],
)
def test_intervals_that_cannot_be_used_are_refused_by_name(ibi: dict[str, object], what: str) -> None:
    with pytest.raises(WireError, match=what):
        decode(one(tick_us=10, ibi=ibi))


def test_a_value_that_no_sensor_can_say_is_unknown() -> None:
    eda = {"rate_hz": 4.0, "tick_us": TICK_US, "values": [1.0, 500.0, -3.0, None, 1e300], "scale": 1.0}
    np.testing.assert_array_equal(values("eda", decode(one(eda=eda)).eda), [1.0, *[np.nan] * 4])
    assert np.isnan(values("eda", decode(one(eda={**eda, "scale": 1e300})).eda)).all()


def test_errors_hold_no_payload() -> None:
    with pytest.raises(WireError) as caught:
        decode(one(band="Anna Example"))
    assert "Anna" not in str(caught.value)


def test_what_a_refused_message_calls_itself_is_still_known() -> None:
    assert name_of(one(eda=3)) == ("b", 1, 1)
    assert name_of(b'{"band": "b", "boot": 1, "seq": 1, "x": []}') == ("b", 1, 1)
    assert name_of(b"\x00") is None


@given(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True), st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True))
def test_topics_name_their_band(site: str, band: str) -> None:
    assert band_of(data_topic(site, band)) == band
    assert stored_topic(site, band) == f"forecalm/v1/{site}/band/{band}/stored"


@pytest.mark.parametrize("topic", ["", "forecalm/v1/s/band/b/status", "forecalm/v1/s/band/b/data\n", "forecalm/v1/s/b"])
def test_other_topics_are_refused(topic: str) -> None:
    with pytest.raises(WireError):
        band_of(topic)
    with pytest.raises(WireError):
        data_topic("a/b", "c")
