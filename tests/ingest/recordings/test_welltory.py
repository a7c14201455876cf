"""A phone camera's pulse: every frame kept near its time, the colour that says something."""

import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import RecordingError
from ingest.recordings.detect import look, read, read_one

TABLE = "time,R,G,B\n" + "".join(f"{33 * i},{250 - i % 7 / 2},{60 + i % 7},0.0\n" for i in range(60))


def put(folder: Path, table: str) -> Path:
    record = folder / "subject_01"
    record.mkdir(exist_ok=True)
    (record / "PPG.csv").write_text(table)
    (record / "RR.txt").write_text("1203 1124 974")
    return folder


def test_red_is_read_unless_it_is_saturated(tmp_path: Path) -> None:
    red = read_one(put(tmp_path, TABLE)).whole("ppg")
    assert red.values[:2].tolist() == [250.0, 249.5]
    assert red.rate_hz == pytest.approx(1000 / 33)
    saturated = re.sub(r"^(\d+),[\d.]+", r"\1,254.9", TABLE, flags=re.MULTILINE)
    (green,) = read(put(tmp_path, saturated))
    assert green.whole("ppg").values[:2].tolist() == [60.0, 61.0]
    assert "red is saturated: green is read" in green.notes
    assert "rr.txt: the intervals have no times: left out" in green.notes


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ("time,R,G,B\n", "holds no frame"),
        (TABLE + "5000,1,2\n", r"PPG\.csv line 62: 3 columns, expected 4"),
        (TABLE + "-5,1,2,3\n", "sample 61 has no time"),
        ("time,R,G,B\n0,1,2,3\n", "one moment has no rate"),
    ],
)
def test_what_cannot_be_used_is_refused_by_line(tmp_path: Path, table: str, what: str) -> None:
    with pytest.raises(RecordingError, match=what):
        read(put(tmp_path, table))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60))
def test_any_table_is_read_or_refused(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "PPG.csv"
    path.write_bytes(TABLE.encode()[:80] + tail)
    (found,) = look(path)
    assert found.recordings or found.refused


def test_every_frame_of_the_real_records_is_a_sample(shared_data: Path) -> None:
    path = shared_data / "welltory_ppg_rr" / "welltory_21_records.zip"
    with zipfile.ZipFile(path) as archive:
        lines = {
            name.split("/")[0]: archive.read(name).count(b"\n") - 1
            for name in archive.namelist()
            if name.endswith("PPG.csv")
        }
    recordings = read(path)
    assert {each.name: sum(p.values.size for p in each.channels["ppg"]) for each in recordings} == lines
    assert all(60 < each.end_s - each.start_s < 120 for each in recordings)
