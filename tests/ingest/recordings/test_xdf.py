"""XDF: streams by what they say of themselves, clocks, devices apart; and files that lie about their sizes."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import RecordingError
from ingest.recordings.detect import look, read

LSL = 5_000.0  # what LSL's clock says when the file begins
BEGAN = 1_715_000_000


def chunk(tag: int, body: bytes) -> bytes:
    return b"\x04" + struct.pack("<IH", len(body) + 2, tag) + body


def head(moment: str = "2024-05-06T14:53:20+0200") -> bytes:
    return b"XDF:" + chunk(1, f"<info><version>1.0</version><datetime>{moment}</datetime></info>".encode())


def stream(
    number: int,
    name: str,
    kind: str,
    rate_hz: float,
    channels: list[tuple[str, str]],
    samples: np.ndarray | list[str],
    *,
    times: np.ndarray | None = None,
    form: str = "float32",
    offset: float = 0.0,
) -> bytes:
    listed = "".join(f"<channel><label>{label}</label><unit>{unit}</unit></channel>" for label, unit in channels)
    xml = (
        f"<info><name>{name}</name><type>{kind}</type><channel_count>{max(len(channels), 1)}</channel_count>"
        f"<nominal_srate>{rate_hz}</nominal_srate><channel_format>{form}</channel_format><source_id>x</source_id>"
        f"<created_at>1</created_at><uid>{number}</uid><session_id>default</session_id><hostname>h</hostname>"
        f"<desc><channels>{listed}</channels></desc></info>"
    )
    if times is None:
        times = LSL + 1 + np.arange(len(samples)) / rate_hz
    body = b"\x04" + struct.pack("<I", len(samples))
    for at, row in zip(times, samples, strict=True):
        body += b"\x08" + struct.pack("<d", at - offset)
        if isinstance(row, str):
            body += b"\x04" + struct.pack("<I", len(row.encode())) + row.encode()
        else:
            body += np.asarray(row, "<f4").tobytes()
    to = struct.pack("<I", number)
    offsets = b"".join(chunk(4, to + struct.pack("<2d", LSL + each, offset)) for each in (0, 5, 10))
    footer = f"<info><first_timestamp>{times[0]}</first_timestamp><sample_count>{len(samples)}</sample_count></info>"
    return chunk(2, to + xml.encode()) + offsets + chunk(3, to + body) + chunk(6, to + footer.encode())


EDA = stream(1, "E4-EDA", "GSR", 4.0, [("EDA", "nS")], np.arange(40.0)[:, None] * 100)
ACC = stream(2, "E4-ACC", "Accelerometer", 32.0, [(a, "m/s^2") for a in "XYZ"], np.full((320, 3), 9.80665))
PPG = stream(3, "E4-BVP", "PPG", 64.0, [("", "")], np.arange(640.0)[:, None])
TEMP = stream(4, "E4-TEMP", "Temperature", 4.0, [("skin", "K")], np.full((40, 1), 306.15))
EEG = stream(5, "cap", "EEG", 250.0, [("Cz", "uV")], np.zeros((10, 1)))
WORDS = stream(
    6, "task", "Markers", 0.0, [], ["stroop begins", ""], times=np.array([LSL + 2.0, LSL + 3.0]), form="string"
)
WHOLE = head() + EDA + ACC + PPG + TEMP + EEG + WORDS


def put(folder: Path, data: bytes) -> Path:
    path = folder / "session.xdf"
    path.write_bytes(data)
    return path


def test_streams_are_known_by_what_they_say_and_units_are_ours(tmp_path: Path) -> None:
    (recording,) = read(put(tmp_path, WHOLE))
    assert recording.start_s == pytest.approx(BEGAN + 1, abs=1e-6)
    assert recording.whole("eda").values[:3].tolist() == [0.0, 0.1, 0.2]
    assert recording.whole("motion").values.shape == (3, 320)
    assert np.abs(recording.whole("motion").values - 1).max() < 1e-6
    assert recording.whole("temperature").values[0] == pytest.approx(33.0, abs=1e-4)
    assert recording.whole("ppg").rate_hz == pytest.approx(64, rel=1e-6)
    assert [(label.what, label.rater) for label in recording.labels] == [("stroop begins", "task")]
    assert recording.labels[0].start_s == pytest.approx(BEGAN + 2)
    assert "cap: no channel that is known: left out" in recording.notes


def test_axes_in_different_units_are_refused(tmp_path: Path) -> None:
    axes = [("X", "g"), ("Y", "mg"), ("Z", "g")]
    path = put(tmp_path, head() + stream(2, "ACC", "Accelerometer", 32.0, axes, np.ones((320, 3))))
    with pytest.raises(RecordingError, match="ACC: the axes of motion are in different units \\(g, mg\\)"):
        read(path)


def test_clocks_are_brought_to_the_recorders(tmp_path: Path) -> None:
    other = stream(1, "EDA", "EDA", 4.0, [("", "")], np.zeros((40, 1)), offset=-777.0)
    (recording,) = read(put(tmp_path, head() + other + PPG))
    assert recording.whole("eda").start_s == pytest.approx(recording.whole("ppg").start_s, abs=1e-4)


def test_an_irregular_stream_keeps_its_pauses(tmp_path: Path) -> None:
    times = LSL + np.concatenate([np.arange(100), np.arange(500, 600)]) / 25
    (recording,) = read(
        put(tmp_path, head() + stream(1, "BVP", "PPG", 0.0, [("", "")], np.zeros((200, 1)), times=times))
    )
    assert [piece.values.size for piece in recording.channels["ppg"]] == [100, 100]


def test_two_devices_are_told_apart_by_their_names_or_refused(tmp_path: Path) -> None:
    other = stream(9, "Shimmer EDA", "GSR", 4.0, [("", "uS")], np.ones((40, 1)))
    recordings = read(put(tmp_path, head() + EDA + PPG + other))
    assert [(each.name, list(each.channels)) for each in recordings] == [
        ("session E4", ["eda", "ppg"]),
        ("session Shimmer", ["eda"]),
    ]
    twin = stream(9, "E4-EDA2", "GSR", 4.0, [("", "uS")], np.ones((40, 1)))
    with pytest.raises(RecordingError, match=r"E4-EDA, E4-EDA2 all hold eda"):
        read(put(tmp_path, head() + EDA + twin))


def test_a_file_cut_short_is_read_up_to_there_and_told(tmp_path: Path) -> None:
    (recording,) = read(put(tmp_path, WHOLE[:-30]))
    assert any("cut short" in note for note in recording.notes)


def test_without_a_time_of_day_it_starts_in_1970(tmp_path: Path) -> None:
    (recording,) = read(put(tmp_path, b"XDF:" + chunk(1, b"<info></info>") + PPG))
    assert 0 <= recording.start_s < 10
    assert any("1970" in note for note in recording.notes)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (head() + EEG, "no stream of EDA, PPG"),
        (head() + chunk(3, struct.pack("<I", 7) + b"\x01\x01"), "stream 7 has no head"),
        (head() + PPG + chunk(3, struct.pack("<I", 3) + b"\x08" + b"\xff" * 7 + b"\x00"), "fewer samples than it says"),
        (head() + b"\x09aaaa", "no length of a chunk"),
        (head("yesterday") + PPG, "'yesterday' is no time"),
        (b"XDF:" + chunk(1, b"<!DOCTYPE a [<!ENTITY b 'c'>]><info/>"), "document type"),
        (b"XDF:" + chunk(1, b"<info"), "is no XML"),
        (head() + stream(1, "EDA", "EDA", 4.0, [("", "kOhm")], np.zeros((4, 1))), "eda in 'kOhm'"),
        (head() + EDA.replace(b"<channel_count>1<", b"<channel_count>0<"), "a stream of '0' values"),
        (head() + EDA.replace(b"float32", b"complex"), "in 'complex'"),
        (head() + EDA.replace(b">4.0<", b">4e9<"), "4e\\+09 Hz is no rate"),
    ],
)
def test_what_cannot_be_used_is_refused_by_place(tmp_path: Path, data: bytes, what: str) -> None:
    with pytest.raises(RecordingError, match=what):
        read(put(tmp_path, data))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damage_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    damaged = bytearray(head() + EDA + PPG[:900] + WORDS)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(4, len(damaged) - 1))
        damaged[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    (found,) = look(put(tmp_path, bytes(damaged)))
    assert found.recordings or found.refused
