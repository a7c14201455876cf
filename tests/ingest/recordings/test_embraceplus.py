"""EmbracePlus Avro files: both ways of scaling, files that follow, overlap or repeat each other, and hostile ones."""

import contextlib
import io
import itertools
import json
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import RecordingError
from ingest.recordings import avro
from ingest.recordings.detect import read, read_one
from ingest.recordings.packets import longest_s, packets
from ingest.wire import decode, encode

START = 1_700_000_000
LENGTH_S = 60
HELD = {"type": "array", "items": "float"}
COUNTS = {"type": "array", "items": "int"}


def record(name: str, **fields: object) -> dict[str, object]:
    listed = [{"name": field, "type": kind} for field, kind in fields.items()]
    return {"type": "record", "name": f"empatica.format.avro.{name}", "fields": listed}


def schema(*, converted: bool) -> dict[str, object]:
    limits = {f"{kind}{end}": "int" for kind in ("physical", "digital") for end in ("Min", "Max")}
    imu = record("ImuParams", **({"conversionFactor": "float"} if converted else limits))
    head = {"timestampStart": "long", "samplingFrequency": "float"}
    raw = record(
        "RawData",
        accelerometer=record("InertialMeasurement", **head, imuParams=imu, x=COUNTS, y=COUNTS, z=COUNTS),
        gyroscope="empatica.format.avro.InertialMeasurement",
        eda=record("Eda", **head, values=HELD),
        temperature=record("Temperature", **head, values=HELD),
        bvp=record("Bvp", **head, values=HELD),
        tags=record("Tags", tagsTimeMicros={"type": "array", "items": "long"}),
        systolicPeaks=record("SystolicPeaks", peaksTimeNanos={"type": "array", "items": "long"}),
    )
    people = record(
        "Enrollment", **{f"{part}ID": "string" for part in ("participant", "site", "study", "organization")}
    )
    version = record("Version", major="int", minor="int", patch="int")
    return record("Session", schemaVersion=version, enrollment=people, deviceSn="string", rawData=raw)


def session(*, start_s: float = START, who: str = "P1", minor: int = 3, device: str = "D1") -> dict[str, Any]:
    """A minute of every stream, each with a start and a rate of its own."""
    rng = np.random.default_rng(int(start_s))
    n = LENGTH_S
    imu = {"conversionFactor": 0.00048828125, "physicalMin": -16, "physicalMax": 16}
    imu |= {"digitalMin": -32768, "digitalMax": 32768}

    def stream(after_s: float, rate_hz: float, **values: object) -> dict[str, Any]:
        return {"timestampStart": round((start_s + after_s) * 1e6), "samplingFrequency": rate_hz, **values}

    counts = {axis: rng.integers(-32768, 32768, 64 * n).tolist() for axis in "xyz"}
    nothing = {"timestampStart": 0, "samplingFrequency": 0.0, "imuParams": imu, "x": [], "y": [], "z": []}
    return {
        "schemaVersion": {"major": 6, "minor": minor, "patch": 0},
        "enrollment": {"participantID": who, "siteID": "1", "studyID": "1", "organizationID": "9"},
        "deviceSn": device,
        "rawData": {
            "accelerometer": stream(0.1, 64.0005, imuParams=imu, **counts),
            "gyroscope": nothing,
            "eda": stream(0.3, 4.0003, values=rng.uniform(0, 5, 4 * n).tolist()),
            "temperature": stream(0.9, 0.99998, values=rng.uniform(30, 34, n).tolist()),
            "bvp": stream(0.0, 64.0, values=rng.normal(0, 0.01, 64 * n).tolist()),
            "tags": {"tagsTimeMicros": [round((start_s + 5) * 1e6)]},
            "systolicPeaks": {
                "peaksTimeNanos": [round(start_s * 1000) * 10**6 + round(at * 1e9) for at in (1, 1.75, 2.5, 9, 9.8)]
            },
        },
    }


def avro_bytes(found: dict[str, Any], *, converted: bool = False, codec: str = "deflate") -> bytes:
    out = io.BytesIO()
    fastavro.writer(out, schema(converted=converted), [found], codec=codec)
    return out.getvalue()


def written(folder: Path, found: dict[str, Any], *, converted: bool = False) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    who = found["enrollment"]["participantID"]
    path = folder / f"1-1-{who}_{found['rawData']['bvp']['timestampStart'] // 1_000_000}.avro"
    path.write_bytes(avro_bytes(found, converted=converted))
    return path


@pytest.mark.parametrize(("minor", "converted"), [(3, False), (5, True), (6, True)])
def test_every_stream_is_read_at_its_own_start_and_rate(tmp_path: Path, minor: int, converted: bool) -> None:
    given = session(minor=minor)
    recording = read_one(written(tmp_path, given, converted=converted))
    assert recording.start_s == START
    for channel, stream in (("eda", "eda"), ("temperature", "temperature"), ("ppg", "bvp")):
        block, told = recording.whole(channel), given["rawData"][stream]
        assert block.start_s == told["timestampStart"] / 1e6
        assert block.rate_hz == np.float32(told["samplingFrequency"])
        np.testing.assert_array_equal(block.values, np.array(told["values"], "f4"))
    counts = np.array([given["rawData"]["accelerometer"][axis] for axis in "xyz"])
    np.testing.assert_array_equal(recording.whole("motion").values, counts / 2048)
    assert recording.tags_s.tolist() == [START + 5]
    np.testing.assert_allclose(recording.ibi_s, [[START + 1.75, START + 2.5, START + 9.8], [0.75, 0.75, 0.8]])
    assert any("1 of 4 intervals" in note for note in recording.notes)


def test_streams_that_were_not_recorded_are_noted(tmp_path: Path) -> None:
    given = session()
    given["rawData"]["bvp"] = {"timestampStart": 0, "samplingFrequency": 0.0, "values": []}
    given["rawData"]["systolicPeaks"] = {"peaksTimeNanos": []}
    (tmp_path / "x.avro").write_bytes(avro_bytes(given))
    recording = read_one(tmp_path / "x.avro")
    assert set(recording.channels) == {"eda", "temperature", "motion"}
    assert recording.ibi_s is None
    assert {"no file holds bvp", "systolicPeaks holds no interval"} <= set(recording.notes)


def test_files_that_follow_each_other_are_one_recording_in_pieces(tmp_path: Path) -> None:
    for after_s in (LENGTH_S + 7.0, 0.0, 2 * LENGTH_S - 0.05 + 7.0):  # a pause, and an overlap of 0.05 s
        written(tmp_path / "p", session(start_s=START + after_s))
    recording = read_one(tmp_path / "p")
    pieces = recording.channels["ppg"]
    assert [piece.start_s - START for piece in pieces] == pytest.approx([0.0, 67.0, 126.95])
    assert [piece.values.size for piece in pieces] == [64 * LENGTH_S] * 3
    assert any(note.startswith("bvp: 3 pieces, -0.050 to +7.000 s") for note in recording.notes)
    cut = [decode(encode(packet)) for _, packet in packets(recording, band="b", seconds=longest_s(recording))]
    sent = sum(len(packet.ppg.values) // 4 for packet in cut if packet.ppg is not None)
    assert sent == 3 * 64 * LENGTH_S
    assert {packet.motion.dtype for packet in cut if packet.motion is not None} <= {"i2", "f8"}


def test_the_same_time_exported_twice_is_kept_once(tmp_path: Path) -> None:
    path = written(tmp_path / "p", session())
    (tmp_path / "p" / "copy.avro").write_bytes(path.read_bytes())
    again = session()
    for stream in ("eda", "temperature", "bvp"):
        again["rawData"][stream]["values"] = again["rawData"][stream]["values"][: LENGTH_S // 2]
    for axis in "xyz":
        again["rawData"]["accelerometer"][axis] = again["rawData"]["accelerometer"][axis][:64]
    (tmp_path / "p" / "1-1-P1_1699999990.avro").write_bytes(avro_bytes(again))
    recording = max(read(tmp_path / "p"), key=lambda each: len(each.notes))
    for channel, pieces in recording.channels.items():
        ends = [(piece.start_s, piece.end_s) for piece in pieces]
        assert all(after[0] - before[1] > -1.0 for before, after in itertools.pairwise(ends)), channel
    assert any("there twice" in note for note in recording.notes)


def test_participants_devices_and_days_are_recordings_of_their_own(tmp_path: Path) -> None:
    for who, start_s, device in (
        ("A", 0, "D1"),
        ("A", LENGTH_S, "D1"),
        ("A", 50_000, "D1"),
        ("B", 0, "D2"),
        ("A", 9, "D3"),
    ):
        written(tmp_path / "study" / device, session(start_s=START + start_s, who=who, device=device))
    found = read(tmp_path / "study")
    assert sorted((r.start_s - START, len(r.channels["eda"])) for r in found) == [
        *((0.0, 1), (0.0, 2)),
        *((9.0, 1), (50_000.0, 1)),
    ]


def test_what_no_sensor_can_say_is_unknown(tmp_path: Path) -> None:
    given = session()
    given["rawData"]["eda"]["values"][:3] = [float("nan"), float("inf"), 1e9]
    recording = read_one(written(tmp_path, given))
    assert np.isnan(recording.whole("eda").values[:3]).all()
    assert any("3 samples of eda" in note for note in recording.notes)


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda raw: raw["eda"].update(samplingFrequency=0.0), r"rawData\.eda\.samplingFrequency"),
        (lambda raw: raw["eda"].update(samplingFrequency=float("nan")), r"samplingFrequency is 'nan'"),
        (lambda raw: raw["eda"].update(samplingFrequency=1e9), r"eda\.samplingFrequency"),
        (lambda raw: raw["bvp"].update(timestampStart=0), r"rawData\.bvp\.timestampStart"),
        (lambda raw: raw["bvp"].update(timestampStart=-5), r"bvp\.timestampStart"),
        (lambda raw: raw["bvp"].update(timestampStart=1 << 62), r"bvp\.timestampStart"),
        (lambda raw: raw["accelerometer"].update(x=[1]), r"accelerometer\.x, y, z"),
        (lambda raw: raw["accelerometer"]["imuParams"].update(digitalMax=-32768), "imuParams gives no scale"),
    ],
)
def test_fields_that_cannot_be_are_refused_by_name(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], None], what: str
) -> None:
    given = session()
    spoil(given["rawData"])
    with pytest.raises(RecordingError, match=rf"1-1-P1_.*\.avro: .*{what}"):
        read_one(written(tmp_path, given))


def container(held: object, data: bytes, *, codec: bytes = b"null", count: int = 1) -> bytes:
    def number(value: int) -> bytes:
        value, out = value << 1, b""
        while value > 0x7F:
            out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
        return out + bytes([value])

    def text(value: bytes) -> bytes:
        return number(len(value)) + value

    head = b"Obj\x01" + number(2) + text(b"avro.schema") + text(json.dumps(held).encode())
    head += text(b"avro.codec") + text(codec) + number(0) + b"s" * 16
    return head + number(count) + text(data) + b"s" * 16


NESTED: Any = "int"
for level in range(3000):
    NESTED = {"type": "record", "name": f"n{level}", "fields": [{"name": "f", "type": NESTED}]}
DOUBLED = [record("N0", a="int")] + [
    record(f"N{i}", a=f"empatica.format.avro.N{i - 1}", b=f"empatica.format.avro.N{i - 1}") for i in range(1, 40)
]
SELF = {"type": "record", "name": "S", "fields": [{"name": "s", "type": "S"}]}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Obj\x01",
        b"Obj\x01" + b"\xff" * 40,
        b"hello, this is no Avro",
        container({"type": "array", "items": "null"}, b"\xfe\xff\xff\xff\xff\xff\xff\x7f"),
        container({"type": "array", "items": {"type": "record", "name": "E", "fields": []}}, b"\xfe\xff\xff\xff\x7f"),
        container({"type": "array", "items": "int"}, b"\xfe\xff\xff\xff\xff\xff\xff\x7f"),
        container({"type": "map", "values": "null"}, b"\xfe\xff\xff\xff\x7f"),
        container({"type": "fixed", "name": "F", "size": 1 << 50}, b""),
        container("string", b"\xfe\xff\xff\xff\xff\xff\xff\x7f"),
        container("int", b"\x02", codec=b"snappy"),
        container("null", b"", count=1 << 40),
        container("int", b"\x02"),
        container(SELF, b""),
        container(DOUBLED, b"\x4e"),
        container(["null", {"type": "enum", "name": "E", "symbols": ["A"]}], b"\x02\x7e"),
        container({"type": "record"}, b""),
        container(7, b""),
        container("int", zlib.compress(bytes(100 << 20))[2:-4], codec=b"deflate"),
        container("int", b"\x00\x01\x02", codec=b"deflate"),
    ],
)
def test_hostile_containers_are_refused_in_little_memory(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.avro").write_bytes(data)
    tracemalloc.start()
    with pytest.raises(RecordingError, match=r"x\.avro"):
        read(tmp_path / "x.avro")
    assert tracemalloc.get_traced_memory()[1] < 80 << 20
    tracemalloc.stop()


def test_a_schema_nested_without_end_is_refused() -> None:
    deep = json.dumps(["x"])[1:-1]
    deep = '{"type":"array","items":' * 5000 + deep + "}" * 5000
    data = container("int", b"").replace(json.dumps("int").encode(), b"int  ")
    with pytest.raises(RecordingError, match="schema"):
        avro.records(data, "x.avro")
    with pytest.raises(RecordingError):
        avro._schema(deep.encode(), "x.avro")


def test_a_cut_file_is_refused_wherever_it_was_cut(tmp_path: Path) -> None:
    data = avro_bytes(session())
    for cut in range(0, len(data) - 1, 997):
        (tmp_path / "x.avro").write_bytes(data[:cut])
        with pytest.raises(RecordingError, match=r"x\.avro"):
            read(tmp_path / "x.avro")


@pytest.fixture
def _without_fastavro(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastavro", None)


@pytest.mark.usefixtures("_without_fastavro")
def test_without_fastavro_the_error_says_how_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"pip install 'forecalm\[formats\]'"):
        read(written(tmp_path, session()))


SMALL = session()
for _stream in ("eda", "temperature", "bvp"):
    SMALL["rawData"][_stream]["values"] = SMALL["rawData"][_stream]["values"][:4]
for _axis in "xyz":
    SMALL["rawData"]["accelerometer"][_axis] = SMALL["rawData"]["accelerometer"][_axis][:4]
PLAIN = avro_bytes(SMALL, codec="null")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    damaged = bytearray(PLAIN)
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "x.avro"
    path.write_bytes(damaged)
    with contextlib.suppress(RecordingError):
        for recording in read(path):
            for _, (_, packet) in zip(range(5), packets(recording, band="b"), strict=False):
                decode(encode(packet))
