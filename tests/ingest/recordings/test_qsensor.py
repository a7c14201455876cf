"""Q sensor logs: the real ones with their experts' judgements, and damaged ones refused by line."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import RecordingError
from ingest.recordings.detect import look, read, read_one

HEAD = (
    b"Log File Created by Q Live - (c) 2012 Affectiva Inc.,,,,,\nFile Version: 1.01,,,,,\nFirmware Version: 1.71,,,,,\n"
    b"UUID: AQL221200DG,,,,,\nSampling Rate: 8,,,,,\nStart Time: 2013-05-14 08:10:47 Offset:+01,,,,,\n"
    b" Z-axis | Y-axis | X-axis | Battery | \xb0Celsius | EDA(uS),,,,,\n" + b"-" * 57 + b",,,,,\n"
)
BODY = b"0.58,0.85,0.18,-1,28.3,1.78\n0.53,-0.84,0.19,-1,28.1,1.776\n"
EPOCHS = (
    b"EpochNum,StartTime,EndTime,qualityLabel_Expert1,qualityLabel_Expert2,raw_amp\n"
    b"0,2013-05-14 08:10:47,2013-05-14 08:10:52,1.0,0.0,0.7\n1,2013-05-14 08:10:52,2013-05-14 08:10:57,1.0,2.0,0.7\n"
    b"2,2013-05-14 08:10:57,2013-05-14 08:11:02,2.0,2.0,0.7\n"
)
START = 1_368_515_447.0


def put(folder: Path, **files: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / f"{name}.csv").write_bytes(data)
    return folder


def test_a_log_is_read_with_axes_in_their_order_and_its_own_offset(tmp_path: Path) -> None:
    recording = read_one(put(tmp_path / "q", walk=HEAD + BODY))
    assert recording.start_s == START
    assert recording.whole("motion").values.tolist() == [[0.18, 0.19], [0.85, -0.84], [0.58, 0.53]]
    assert recording.whole("temperature").values.tolist() == [28.3, 28.1]
    assert recording.whole("eda").values.tolist() == [1.78, 1.776]
    assert recording.whole("eda").rate_hz == 8.0
    assert recording.notes == ()


def test_a_run_of_epochs_that_an_expert_judged_alike_is_one_label(tmp_path: Path) -> None:
    recording = read_one(put(tmp_path / "q", walk=HEAD + BODY, walk_Epochs=EPOCHS))
    said = [(label.what, label.rater, label.start_s - START, label.end_s - START) for label in recording.labels]
    assert said == [("clean", "expert 1", 0, 10), ("artefact", "expert 2", 5, 15), ("artefact", "expert 1", 10, 15)]


def test_logs_that_say_the_same_start_are_noted_and_a_broken_other_costs_none(tmp_path: Path) -> None:
    other = HEAD.replace(b"08:10:47", b"09:10:47")
    found = list(look(put(tmp_path / "q", a=HEAD + BODY, b=HEAD + BODY + BODY, c=other + b"x,1,1,1,1,1\n")))
    assert [len(each.recordings) for each in found] == [2, 0]
    assert "2 logs say that they start then: all but one are wrong" in found[0].recordings[0].notes
    assert "c.csv line 9: 'x' is no finite number" in str(found[1].refused)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (HEAD, "holds no sample"),
        (HEAD + b"1,2,3\n", r"walk\.csv line 9: 3 columns, expected 6"),
        (HEAD + BODY + b"1,2,3,4,5,nan\n", r"line 11: 'nan' is no finite number"),
        (HEAD.replace(b"Rate: 8", b"Rate: 0") + BODY, "line 5: 0 Hz"),
        (HEAD.replace(b"Rate: 8", b"Rate: x") + BODY, "no 'Sampling Rate: 8'"),
        (HEAD.replace(b"Offset:+01", b"") + BODY, "no 'Start Time"),
        (HEAD.replace(b"Offset:+01", b"Offset:+99") + BODY, "line 6"),
        (HEAD.replace(b"2013-05-14", b"2013-15-14") + BODY, "line 6: .*month"),
        (HEAD.replace(b"EDA(uS)", b"ECG") + BODY, "names the columns"),
    ],
)
def test_what_cannot_be_used_is_refused_by_line(tmp_path: Path, data: bytes, what: str) -> None:
    with pytest.raises(RecordingError, match=what):
        read(put(tmp_path / "q", walk=data))


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (b"1.0,0.0", b"7,0", "line 2: '7' is none of"),
        (b"2013-05-14 08:10:57,1.0", b"soon,1.0", "line 3: 'soon' is no time"),
        (b"2013-05-14 08:10:57,1.0", b"2012-05-14 08:10:57,1.0", "line 3: ends before"),
    ],
)
def test_judgements_that_cannot_be_are_refused_by_line(tmp_path: Path, old: bytes, new: bytes, what: str) -> None:
    with pytest.raises(RecordingError, match=what):
        read(put(tmp_path / "q", walk=HEAD + BODY, walk_Epochs=EPOCHS.replace(old, new)))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damage_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    files = {"walk": bytearray(HEAD + BODY), "walk_Epochs": bytearray(EPOCHS)}
    for damaged in files.values():
        for _ in range(data.draw(st.integers(0, 4))):
            at = data.draw(st.integers(40, len(damaged) - 1))
            damaged[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    for each in look(put(tmp_path / "q", **{name: bytes(damaged) for name, damaged in files.items()})):
        assert each.recordings or each.refused or each.passed


def test_the_real_logs_are_whole(shared_data: Path) -> None:
    recordings = read(shared_data / "eda_artifacts_aww" / "qsensor_recordings.zip")
    assert [len(recording.labels) > 100 for recording in recordings] == [True] * 4
    counts = [recording.whole("eda").values.size for recording in recordings]
    assert counts == [28_800, 19_201, 28_800, 28_800]
    for recording in recordings:
        assert np.isfinite(recording.whole("motion").values).all()
        assert recording.labels[0].start_s == recording.start_s
        assert max(label.end_s for label in recording.labels) == pytest.approx(recording.end_s, abs=5)
