"""The Empatica recordings that people published: each read with all that is in its files, and what their authors say.

Where the authors state a number it stands here; the samples of every channel are counted from the files by themselves.
"""

import io
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ingest.recordings.detect import Found, look, read
from ingest.recordings.recording import Recording

FILES = {"eda": "EDA.csv", "temperature": "TEMP.csv", "ppg": "BVP.csv", "motion": "ACC.csv"}
STUDIES = {  # folder: sessions, and the hours that the list of folders states
    "stress_predict": (12, 11.0),
    "nurse_stress": (14, 21.8),
    "exam_stress": (9, 37.8),
    "e4tools_demo": (8, 9.5),
    "e4_msr2023": (1, 1.0),
    "parser_edge_cases": (2, None),
}


def all_of(found: list[Found]) -> list[Recording]:
    assert [each.refused for each in found if each.refused] == []
    return [recording for each in found for recording in each.recordings]


@pytest.mark.parametrize("study", sorted(STUDIES))
def test_every_session_is_read_with_every_line_of_its_files(shared_data: Path, study: str) -> None:
    sessions, hours = STUDIES[study]
    recordings = {recording.name: recording for recording in all_of(list(look(shared_data / study)))}
    assert len(recordings) == sessions
    if hours is not None:
        total = sum(recording.end_s - recording.start_s for recording in recordings.values()) / 3600
        assert total == pytest.approx(hours, abs=0.1)
    for path in sorted((shared_data / study).glob("*.zip")):
        lines = Counter()
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                lines[name.rsplit("/", 1)[-1]] = len(archive.read(name).decode().splitlines())
        told = {channel: lines[file] - 2 for channel, file in FILES.items() if lines[file] > 2}
        found = recordings[path.stem].channels
        assert {channel: found[channel][0].values.shape[-1] for channel in found} == told


def test_the_labels_beside_sessions_come_with_them(shared_data: Path) -> None:
    for study, known in (
        ("stress_predict", {"rest", "stroop", "interview", "hyperventilation"}),
        ("nurse_stress", {"stress"}),
        ("exam_stress", {"exam"}),
    ):
        table = (shared_data / study / "labels.csv").read_text().splitlines()[1:]
        recordings = read(shared_data / study)
        labels = [label for recording in recordings for label in recording.labels]
        untimed = sum(",Final,,," in line for line in table)
        assert len(labels) == len(table) - untimed
        assert {label.what for label in labels} == known
        for recording in recordings:
            for label in recording.labels:
                assert label.start_s < recording.end_s
                assert label.end_s > recording.start_s
                assert label.wearer == ""
    levels = Counter(label.level for recording in read(shared_data / "nurse_stress") for label in recording.labels)
    told = Counter(
        line.split(",")[4] for line in (shared_data / "nurse_stress" / "labels.csv").read_text().splitlines()[1:]
    )
    assert levels == {None if level == "na" else float(level): n for level, n in told.items()}


def test_embraceplus_wearings_are_read_file_by_file(shared_data: Path) -> None:
    import fastavro

    recordings = all_of(list(look(shared_data / "embraceplus_avro")))
    hours = {recording.name.split("_")[0]: (recording.end_s - recording.start_s) / 3600 for recording in recordings}
    assert hours == {"1-1-PRUEBACNC": pytest.approx(0.8, abs=0.05), "1-1-NOMED1": pytest.approx(1.1, abs=0.05)}
    counted, found = Counter(), Counter()
    for path in (shared_data / "embraceplus_avro").rglob("*.avro"):
        (told,) = fastavro.reader(io.BytesIO(path.read_bytes()))
        raw = told["rawData"]
        counted += Counter(
            eda=len(raw["eda"]["values"]),
            temperature=len(raw["temperature"]["values"]),
            ppg=len(raw["bvp"]["values"]),
            motion=len(raw["accelerometer"]["x"]),
        )
    for recording in recordings:
        assert {len(pieces) for pieces in recording.channels.values()} == {3}
        still = np.linalg.norm(recording.channels["motion"][0].values, axis=0)
        assert np.median(still) == pytest.approx(1.0, abs=0.1)  # g
        found += Counter({name: sum(p.values.shape[-1] for p in all_) for name, all_ in recording.channels.items()})
    assert found == counted


def test_a_study_that_was_unpacked_reads_like_its_zip(shared_data: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    for name in ("S02", "S06"):
        with zipfile.ZipFile(shared_data / "stress_predict" / f"{name}.zip") as archive:
            archive.extractall(study / name)
    (study / "labels.csv").write_bytes((shared_data / "stress_predict" / "labels.csv").read_bytes())
    whole = {recording.name: recording for recording in read(shared_data / "stress_predict")}
    unpacked = read(study)
    assert [recording.name for recording in unpacked] == ["S02", "S06"]
    for recording in unpacked:
        same = whole[recording.name]
        assert (recording.labels, recording.notes) == (same.labels, same.notes)
        assert recording.labels
        for channel, (block,) in recording.channels.items():
            np.testing.assert_array_equal(block.values, same.whole(channel).values)
