"""Empatica E4 sessions: the real ones with their quirks, and damaged ones refused by name."""

import contextlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.assemble import whole
from ingest.clock.clocks import Clocks
from ingest.errors import RecordingError
from ingest.received import Received
from ingest.recordings.e4 import read
from ingest.recordings.packets import packets
from ingest.recordings.recording import Recording
from ingest.wire import decode, encode

START = 1_600_000_000
EDA = f"{START}.000000\n4.000000\n0.000000\n" + "".join(f"{0.5 + i / 1000:.6f}\n" for i in range(39))
ACC = f"{START}.0, {START}.0, {START}.0\n32.0, 32.0, 32.0\n" + "-2,3,63\n" * 320
SESSION = {
    "EDA.csv": EDA,
    "TEMP.csv": f"{START + 2}.0\n4.0\n" + "33.13\n" * 40,
    "BVP.csv": f"{START}.00\n64.000000\n" + "".join(f"{i % 50 - 25:.2f}\n" for i in range(640)),
    "ACC.csv": ACC,
    "IBI.csv": f"{START}.000000, IBI\n2.5,0.75\n3.234375,0.734375\n",
    "tags_S01.csv": f"{START + 3}\r\n{START + 90}\r\n",
    "HR.csv": f"{START + 10}.0\n1.0\n60.0\n",
}


def zipped(path: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def received(recording: Recording, **cut: float) -> list[Received]:
    clocks = Clocks()
    sent = ((at_s, packet, encode(packet)) for at_s, packet in packets(recording, band="e4", **cut))
    return [Received(decode(data), clocks.map(packet, at_s), at_s, data) for at_s, packet, data in sent]


def assert_recovered(recording: Recording, parts: list[Received]) -> None:
    """Every sample of the recording stands on the grid at its own time, unchanged, and nothing else does."""
    assert {part.offset_s for part in parts} == {recording.start_s}
    tick = whole(parts)
    assert tick.start_s[0] == recording.start_s
    for name, (block,) in recording.channels.items():
        grid = getattr(tick, name)[0]
        first = round((block.start_s - recording.start_s) * block.rate_hz)
        stop = first + block.values.shape[-1]
        np.testing.assert_array_equal(grid[..., first:stop], block.values)
        assert np.isnan(grid[..., :first]).all()
        assert np.isnan(grid[..., stop:]).all()


def test_a_session_is_read_from_a_zip_a_folder_and_a_folder_within(tmp_path: Path) -> None:
    folder = tmp_path / "S01"
    (folder / "inner").mkdir(parents=True)
    for name, text in SESSION.items():
        (folder / "inner" / name).write_text(text)
    junk = {"__MACOSX/S01/._EDA.csv": b"\x00\x05\x16", "S01/._ACC.csv": b"\x00", "S01/.DS_Store": b"\x00"}
    nested = zipped(tmp_path / "S01.zip", {f"S01/{name}": text for name, text in SESSION.items()} | junk)
    for path in (nested, folder, folder / "inner", zipped(tmp_path / "flat.zip", SESSION)):
        recording = read(path)
        assert recording.start_s == START
        assert list(recording.channels) == ["eda", "temperature", "ppg", "motion"]
        assert recording.whole("motion").values.shape == (3, 320)
        assert recording.whole("motion").values[:, 0].tolist() == [-2 / 64, 3 / 64, 63 / 64]
        assert recording.whole("temperature").start_s == START + 2
        assert recording.whole("eda").values[:2].tolist() == [0.0, 0.5]
        np.testing.assert_array_equal(recording.ibi_s, [[START + 2.5, START + 3.234375], [0.75, 0.734375]])
        assert recording.tags_s.tolist() == [START + 3, START + 90]
        assert recording.notes == (
            "tags: 1 of 2 lie outside the recording",
            "HR.csv is left out: it is smoothed and lags by half a minute",
        )
    assert read(nested).name == "S01"


@pytest.mark.parametrize("seconds", [1.0, 0.5, 4.0])
def test_a_recording_survives_packets_wire_and_assembly_to_the_last_bit(tmp_path: Path, seconds: float) -> None:
    recording = read(zipped(tmp_path / "s.zip", SESSION))
    assert_recovered(recording, received(recording, seconds=seconds))


def test_without_ppg_the_bands_own_intervals_are_sent(tmp_path: Path) -> None:
    recording = read(zipped(tmp_path / "s.zip", {k: v for k, v in SESSION.items() if k != "BVP.csv"}))
    ibi = whole(received(recording)).ibi[0]
    assert np.flatnonzero(ibi > 0).tolist() == [160, 207]
    assert ibi[[160, 207]].tolist() == [0.75, 0.734375]


@pytest.mark.parametrize("name", ["EDA.csv", "TEMP.csv", "BVP.csv", "ACC.csv", "IBI.csv"])
@pytest.mark.parametrize("text", [None, "", "\n"])
def test_one_sensor_less_is_noted(tmp_path: Path, name: str, text: str | None) -> None:
    files = {k: v for k, v in SESSION.items() if k != name} | ({} if text is None else {name: text})
    recording = read(zipped(tmp_path / "s.zip", files))
    assert any(name in note for note in recording.notes)
    assert len(recording.channels) == (4 if name == "IBI.csv" else 3)


def test_a_sensor_with_a_head_and_no_sample_is_noted(tmp_path: Path) -> None:
    recording = read(zipped(tmp_path / "s.zip", SESSION | {"EDA.csv": f"{START}\n4\n"}))
    assert "EDA.csv holds no sample" in recording.notes


def test_what_no_sensor_can_say_is_unknown(tmp_path: Path) -> None:
    recording = read(zipped(tmp_path / "s.zip", SESSION | {"TEMP.csv": f"{START}\n4\n33.1\n-300\n33.2\n"}))
    np.testing.assert_array_equal(recording.whole("temperature").values, [33.1, np.nan, 33.2])
    assert any("TEMP.csv" in note for note in recording.notes)


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("EDA.csv", f"{START}\n4\n0.1\nabc\n", r"s\.zip: EDA\.csv line 4: 'abc'"),
        ("EDA.csv", f"{START}\n4\n0.1\n\n0.2\n", r"EDA\.csv line 4"),
        ("EDA.csv", f"{START}\n4\n1_0\n", r"EDA\.csv line 3"),
        ("EDA.csv", f"{START}\n4\n0.1\ninf\n", r"EDA\.csv line 4: .*finite"),
        ("EDA.csv", f"{START}\n4\nnan\n", r"EDA\.csv line 3: .*finite"),
        ("EDA.csv", f"{START}\n4\n0.1,0.2\n", r"EDA\.csv line 3: 2 columns, expected 1"),
        ("EDA.csv", f"{START}\n0\n0.1\n", r"EDA\.csv line 2: the rate 0 Hz"),
        ("EDA.csv", f"{START}\n-4\n0.1\n", r"EDA\.csv line 2"),
        ("EDA.csv", f"{START}\n", r"EDA\.csv line 2: the sample rate is missing"),
        ("EDA.csv", f"{START}000\n4\n0.1\n", r"EDA\.csv line 1: .*milliseconds"),
        ("EDA.csv", "eda,time\n0.1,1\n", r"EDA\.csv line 1: 2 columns"),
        ("EDA.csv", b"\xff\xfe\x00", r"EDA\.csv: byte \d is no text"),
        ("TEMP.csv", f"{START + 10 * 86_400}\n4\n33\n", "days apart"),
        ("ACC.csv", f"{START}, {START}, {START}\n32, 32, 32\n1,2\n", r"ACC\.csv line 3: 2 columns, expected 3"),
        ("ACC.csv", f"{START}, {START}, {START + 1}\n32, 32, 32\n1,2,3\n", r"ACC\.csv line 1: .*same in every column"),
        ("IBI.csv", f"{START}, IBI\n1.0,zzz\n", r"IBI\.csv line 2: 'zzz'"),
        ("IBI.csv", "hello\n1,1\n", r"IBI\.csv line 1"),
        ("tags.csv", "12\nsoon\n", r"tags\.csv line 2: 'soon'"),
    ],
)
def test_what_cannot_be_used_is_refused_by_file_and_line(tmp_path: Path, name: str, text: str, what: str) -> None:
    with pytest.raises(RecordingError, match=what):
        read(zipped(tmp_path / "s.zip", SESSION | {name: text}))


def test_what_is_no_session_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zip").write_text("hello")
    (tmp_path / "nothing.zip").write_bytes(b"")
    zipped(tmp_path / "other.zip", {"readme.txt": "x"})
    zipped(tmp_path / "hollow.zip", {name: "" for name in SESSION})
    zipped(tmp_path / "two.zip", {f"{s}/EDA.csv": EDA for s in "ab"})
    for name in ("empty", "text.zip", "nothing.zip", "other.zip", "hollow.zip", "two.zip", "absent"):
        with pytest.raises(RecordingError, match=name):
            read(tmp_path / name)


def test_a_truncated_zip_is_refused_wherever_it_was_cut(tmp_path: Path) -> None:
    data = zipped(tmp_path / "s.zip", SESSION).read_bytes()
    for cut in range(0, len(data) - 1, 97):
        (tmp_path / "cut.zip").write_bytes(data[:cut])
        with pytest.raises(RecordingError, match=r"cut\.zip"):
            read(tmp_path / "cut.zip")


@pytest.mark.parametrize("name", ["../EDA.csv", "/EDA.csv", "a/../../EDA.csv", "..\\EDA.csv"])
def test_names_that_lead_out_of_the_zip_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecordingError, match="leads out"):
        read(zipped(tmp_path / "s.zip", SESSION | {name: EDA}))


def test_a_zip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.recordings.archive.FILE_MAX", 100_000)
    with pytest.raises(RecordingError, match="more than 100000 bytes"):
        read(zipped(tmp_path / "s.zip", SESSION | {"EDA.csv": b"0" * 10_000_000}))
    monkeypatch.setattr("ingest.recordings.archive.MEMBERS_MAX", 5)
    with pytest.raises(RecordingError, match="holds 7 files"):
        read(zipped(tmp_path / "s.zip", SESSION))


def test_a_member_without_a_name_is_passed_over(tmp_path: Path) -> None:
    path = zipped(tmp_path / "s.zip", SESSION | {"zzzz": b""})
    path.write_bytes(path.read_bytes().replace(b"zzzz", b"\0zzz"))  # a name ends at its first zero
    assert read(path).channels.keys() == read(zipped(tmp_path / "whole.zip", SESSION)).channels.keys()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(
        buffer, "w", data.draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
    ) as archive:
        for name in data.draw(st.sets(st.sampled_from(sorted(SESSION)), min_size=1)):
            archive.writestr(name, SESSION[name][: data.draw(st.integers(0, 200))])
    damaged = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(0, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.zip"
    path.write_bytes(damaged)
    with contextlib.suppress(RecordingError):
        recording = read(path)
        for _, packet in zip(range(20), packets(recording, band="b"), strict=False):
            decode(encode(packet[1]))


def test_a_packet_spans_some_seconds(tmp_path: Path) -> None:
    recording = read(zipped(tmp_path / "s.zip", SESSION))
    with pytest.raises(ValueError, match="seconds"):
        next(packets(recording, band="b", seconds=0.0))


REAL = ("stress_predict/S*.zip", "nurse_stress/15_1595970459.zip", "exam_stress/S04_Final.zip", "e4tools_demo/*.zip")


@pytest.mark.parametrize("pattern", [*REAL, "parser_edge_cases/*.zip", "e4_msr2023/*.zip"])
def test_real_sessions_are_recovered_whole(shared_data: Path, pattern: str) -> None:
    sessions = sorted(shared_data.glob(pattern))[:2]
    assert sessions
    for session in sessions:
        recording = read(session)
        assert_recovered(recording, received(recording))


def test_the_quirks_of_real_sessions_are_noted(shared_data: Path) -> None:
    edge = shared_data / "parser_edge_cases"
    assert "IBI.csv: 49 beats lie after the end of every sensor" in read(edge / "devicely_30s_offwrist.zip").notes
    assert "IBI.csv holds no interval" in read(shared_data / "nurse_stress" / "15_1595970459.zip").notes
    assert read(shared_data / "stress_predict" / "S02.zip").tags_s.size == 9


def test_an_interval_ends_at_the_time_of_its_row(shared_data: Path) -> None:
    for name in ("stress_predict/S06.zip", "exam_stress/S06_Final.zip", "nurse_stress/5C_1588974475.zip"):
        at_s, interval_s = read(shared_data / name).ibi_s
        step_s = np.diff(at_s)
        running = step_s < 1.5
        later = np.abs(step_s - interval_s[1:])[running] < 2e-3
        earlier = np.abs(step_s - interval_s[:-1])[running] < 2e-3
        assert later.mean() > 0.95 > 0.5 > earlier.mean()
