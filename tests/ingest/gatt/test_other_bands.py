"""What straps, Polar bands and InfiniTime watches say: examples from their specifications, and every value back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import GattError
from ingest.gatt import infinitime, polar, uuids
from ingest.gatt.battery import decode_battery, encode_battery
from ingest.gatt.heart_rate import HeartRate

U16 = st.integers(0, 0xFFFF)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("00 48", HeartRate(72)),
        ("01 2c 01", HeartRate(300)),
        ("06 48", HeartRate(72, contact=True)),
        ("04 00", HeartRate(0, contact=False)),
        ("16 48 40 03 55 03", HeartRate(72, contact=True, intervals=(832, 853))),
        ("1e 48 e8 03 40 03", HeartRate(72, contact=True, energy_kj=1000, intervals=(832,))),
        ("e0 48", HeartRate(72)),
    ],
)
def test_a_heart_rate_is_read_as_the_service_defines_it(data: str, said: HeartRate) -> None:
    assert HeartRate.from_bytes(bytes.fromhex(data)) == said


@given(
    said=st.builds(
        HeartRate,
        U16,
        st.sampled_from([None, True, False]),
        st.none() | U16,
        st.lists(U16, max_size=9).map(tuple),
    )
)
def test_a_heart_rate_comes_back_from_its_bytes(said: HeartRate) -> None:
    assert HeartRate.from_bytes(bytes(said)) == said


def test_a_battery_level_comes_back() -> None:
    assert [decode_battery(encode_battery(level)) for level in range(101)] == list(range(101))
    with pytest.raises(GattError, match="battery"):
        encode_battery(256)


def test_infinitime_says_motion_in_1024_to_the_g() -> None:
    assert infinitime.decode_motion(bytes.fromhex("0000 00fc 0004")) == (0, -infinitime.COUNTS_PER_G, 1024)
    assert infinitime.encode_motion(0, -1024, 1024) == bytes.fromhex("0000 00fc 0004")
    assert infinitime.decode_steps(infinitime.encode_steps(12_345)) == 12_345


def test_polar_is_asked_for_acceleration_as_its_kit_asks() -> None:
    asked = bytes.fromhex("02 02 00 01 34 00 01 01 10 00 02 01 08 00 04 01 03")
    request = polar.Request.from_bytes(asked)
    assert request == polar.Request(
        polar.Op.START,
        polar.Kind.ACCELERATION,
        {
            polar.Setting.RATE: (52,),
            polar.Setting.RESOLUTION: (16,),
            polar.Setting.RANGE: (8,),
            polar.Setting.CHANNELS: (3,),
        },
    )
    assert bytes(request) == asked


def test_polar_answers_with_what_it_offers_or_with_why_not() -> None:
    answer = polar.Response.from_bytes(bytes.fromhex("f0 01 02 00 00 00 04 19 00 32 00 64 00 c8 00"))
    assert answer == polar.Response(1, 2, 0, {polar.Setting.RATE: (25, 50, 100, 200)})
    refused = polar.Response.from_bytes(bytes.fromhex("f0 02 02 0d"))
    assert refused == polar.Response(2, 2, polar.Status.CHARGING, {})
    with pytest.raises(GattError, match="more"):
        polar.Response.from_bytes(bytes.fromhex("f0 01 02 00 01"))


def test_a_raw_acceleration_frame_is_in_mg() -> None:
    data = bytes.fromhex("02 00ca9a3b00000000 01 e8030000 18fc 0100 0200 0300")
    frame = polar.Frame.from_bytes(data)
    assert (frame.kind, frame.last_ns, frame.form, frame.compressed) == (2, 10**9, 1, False)
    assert polar.acceleration(frame).tolist() == [[1000, 0, -1000], [1, 2, 3]]
    assert bytes(frame) == data
    assert polar.encode_acceleration(polar.acceleration(frame)) == frame.content


def test_a_compressed_frame_counts_on_from_its_reference() -> None:
    """Three axes at 10, -10, 1000; then two instants of 4-bit steps (1, -1, 7) and (-8, 0, 2), low bits first."""
    content = bytes.fromhex("0a00 f6ff e803 04 02 f1 87 20")
    assert polar.decode_delta(content, channels=3, resolution=16).tolist() == [
        [10, -10, 1000],
        [11, -11, 1007],
        [3, -11, 1009],
    ]


@given(data=st.data(), channels=st.integers(1, 4), resolution=st.sampled_from([16, 22]))
def test_what_is_compressed_comes_back(data: st.DataObject, channels: int, resolution: int) -> None:
    limit = 1 << resolution - 1
    row = st.lists(st.integers(-limit, limit - 1), min_size=channels, max_size=channels)
    counts = np.array(data.draw(st.lists(row, min_size=1, max_size=30)), np.int32)
    content = polar.encode_delta(counts, resolution=resolution)
    assert polar.decode_delta(content, channels=channels, resolution=resolution).tolist() == counts.tolist()


def test_more_than_255_steps_take_more_than_one_block() -> None:
    counts = np.arange(900, dtype=np.int32).reshape(300, 3) % 700
    content = polar.encode_delta(counts, resolution=16)
    assert polar.decode_delta(content, channels=3, resolution=16).tolist() == counts.tolist()


def test_light_and_intervals_are_read_from_their_frames() -> None:
    light = polar.Frame(polar.Kind.PPG, 0, 0, compressed=False, content=bytes.fromhex("010000 020000 030000 ffffff"))
    assert polar.ppg(light).tolist() == [[1, 2, 3, -1]]
    told = (polar.Ppi(72, 833, 10, blocked=False, contact=True), polar.Ppi(0, 0, 9999, blocked=True, contact=None))
    frame = polar.Frame(polar.Kind.PPI, 0, 0, compressed=False, content=b"".join(map(bytes, told)))
    assert polar.ppi(polar.Frame.from_bytes(bytes(frame))) == told


def test_a_frame_of_another_kind_or_form_is_refused() -> None:
    frame = polar.Frame(polar.Kind.PPG, 0, 5, compressed=False, content=b"")
    with pytest.raises(GattError, match="kind"):
        polar.acceleration(frame)
    with pytest.raises(GattError, match="form"):
        polar.ppg(frame)


def test_standard_and_own_names_are_128_bits_and_lower_case() -> None:
    assert uuids.HEART_RATE == "00002a37-0000-1000-8000-00805f9b34fb"
    assert uuids.RECORDS == "f0ca0101-6d1e-4a52-9b3c-2e7f5d8a41c0"
