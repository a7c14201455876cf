"""Bytes of every wrong length and content: each decoder returns a value or says what is wrong, and where."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.errors import GattError
from ingest.gatt import infinitime, polar
from ingest.gatt.battery import decode_battery
from ingest.gatt.device_information import decode_serial, decode_text
from ingest.gatt.forecalm import control
from ingest.gatt.forecalm.adverts import BandAdvert
from ingest.gatt.forecalm.fragments import Reassembly
from ingest.gatt.forecalm.records import Record
from ingest.gatt.heart_rate import HeartRate

DECODERS: dict[str, Callable[[bytes], object]] = {
    "record (0101)": Record.from_bytes,
    "records (0101)": Reassembly().take,
    "state (0103)": control.State.from_bytes,
    "clock (0301)": control.Clock.from_bytes,
    "time mark (0302)": control.TimeMark.from_bytes,
    "time mark (0302): marks": control.decode_marks,
    "control point (0201): request": control.decode_request,
    "control point (0201)": control.Response.from_bytes,
    "events (0202)": control.Event.from_bytes,
    "advert (manufacturer data)": BandAdvert.from_bytes,
    "heart rate (2A37)": HeartRate.from_bytes,
    "battery (2A19)": decode_battery,
    "serial (2A25)": decode_serial,
    "firmware (2A26)": lambda data: decode_text(data, "firmware (2A26)"),
    "InfiniTime motion": infinitime.decode_motion,
    "InfiniTime steps": infinitime.decode_steps,
    "Polar control (FB005C81): request": polar.Request.from_bytes,
    "Polar control (FB005C81)": polar.Response.from_bytes,
    "Polar data (FB005C82)": polar.Frame.from_bytes,
    "Polar data (FB005C82): acceleration": lambda data: polar.acceleration(polar.Frame.from_bytes(data)),
    "Polar data (FB005C82): ppg": lambda data: polar.ppg(polar.Frame.from_bytes(data)),
    "Polar data (FB005C82): ppi": lambda data: polar.ppi(polar.Frame.from_bytes(data)),
    "Polar data (FB005C82): delta": lambda data: polar.decode_delta(data, channels=3, resolution=16),
}
ENCODED = (Record, control.State, control.Clock, control.TimeMark, control.Response, control.Event, BandAdvert)


def complaint(decode: Callable[[bytes], object], data: bytes) -> str | None:
    try:
        decode(data)
    except GattError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", DECODERS)
@given(data=st.binary(max_size=80))
@example(data=b"")
@example(data=b"\xff" * 40)
@example(data=b"\x01" + bytes(40))
def test_any_bytes_are_a_value_or_an_error_that_names_the_characteristic_and_the_field(name: str, data: bytes) -> None:
    said = complaint(DECODERS[name], data)
    if said is not None:
        assert said.lower().startswith(name.split(":")[0].split(" (")[0].lower().rstrip("s"))
        assert said.count(": ") >= 2


@pytest.mark.parametrize("kind", ENCODED)
@given(data=st.binary(max_size=80))
def test_what_is_read_is_written_the_same_but_for_reserved_flags(kind: type[Any], data: bytes) -> None:
    try:
        value = kind.from_bytes(data)
    except GattError:
        return
    assert kind.from_bytes(bytes(value)) == value


@pytest.mark.parametrize(
    ("decode", "data", "field"),
    [
        (control.State.from_bytes, "02" + "00" * 24, "version"),
        (control.State.from_bytes, "01 00000000 05000000 04000000 0000000000000000 58 01 00", "oldest"),
        (control.State.from_bytes, "01 00000000 00000000 04000000 0000000000000000 65 01 00", "battery"),
        (control.State.from_bytes, "01 00000000 00000000 04000000 0000000000000000 58 01 21", "earlier"),
        (control.State.from_bytes, "01 00000000 00000000 04000000 0000000000000000 58 01 00 00", "length"),
        (control.Clock.from_bytes, "01 00000000 0000000000002000", "tick_us"),
        (control.decode_request, "04 3d", "seconds"),
        (control.decode_request, "01 00000000 02000000 01000000", "first"),
        (control.decode_request, "02 00", "length"),
        (control.Response.from_bytes, "f0 01 06", "status"),
        (control.Response.from_bytes, "f1 01 00", "mark"),
        (control.Event.from_bytes, "07 00000000 0000000000000000", "kind"),
        (BandAdvert.from_bytes, "01 65 00 01 00 00", "battery"),
        (HeartRate.from_bytes, "01 50", "bpm"),
        (HeartRate.from_bytes, "10 50 00", "interval"),
        (HeartRate.from_bytes, "00 50 00 04", "length"),
        (decode_battery, "65", "level"),
        (infinitime.decode_motion, "0000 0000 00", "z"),
        (polar.decode_settings, "00 01 34", "rate"),
        (polar.decode_settings, "09 01 34 00", "setting"),
        (polar.decode_settings, "00 01 34 00 00 01 34 00", "setting"),
    ],
)
def test_a_wrong_field_is_named(decode: Callable[[bytes], object], data: str, field: str) -> None:
    with pytest.raises(GattError, match=f": {field}: "):
        decode(bytes.fromhex(data))


def test_a_serial_that_is_no_id_and_texts_that_nobody_should_print_are_refused() -> None:
    for hostile in (b"../etc", b"a b", b"", b"\xff\xfe", "b\u00e4nd".encode(), b"x" * 65):
        with pytest.raises(GattError, match="serial"):
            decode_serial(hostile)
    for hostile in (b"\x1b[2J", b"a\nb", "\u202egnp".encode(), b"x" * 201, b"\xc3"):
        with pytest.raises(GattError, match="model"):
            decode_text(hostile, "model (2A24)")
    assert decode_serial(b"band-01\0\0") == "band-01"
