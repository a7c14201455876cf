"""Told by content: what two formats take is refused, what none takes lists what is understood; labels beside."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.errors import RecordingError
from ingest.labels import Label, write_labels
from ingest.recordings.detect import FORMATS, look, read, read_one
from ingest.recordings.mapping import mapping_of
from ingest.recordings.packets import packets
from ingest.recordings.recording import Format
from ingest.recordings.table import format_of
from ingest.wire import decode, encode

START = 1_700_000_000
TABLE = "eda,time\n" + "".join(f"0.5,{START + i / 4}\n" for i in range(40))
NEUROKIT = """device = "laboratory"
time = {rate_hz = 100}
[channels.eda]
column = "EDA"
[channels.ppg]
column = "PPG"
"""
HOURS = {
    "autism_smm": 2 * 2.2,  # of each wrist
    "cogwear": 2.4,  # of two devices, 1.2 h each
    "e4_msr2023": 1.0,
    "e4tools_demo": 9.5,
    "eda_artifacts_aww": 3.7,
    "embraceplus_avro": 1.9,
    "exam_stress": 37.8,
    "nurse_stress": 21.8,
    "parser_edge_cases": 0.7,
    "stress_predict": 11.0,
    "welltory_ppg_rr": 0.5,
}
PEOPLE = {"e4tools_demo": 8, "embraceplus_avro": 2, "exam_stress": 9, "nurse_stress": 14, "stress_predict": 12}


@pytest.mark.parametrize("name", HOURS)
def test_every_set_of_real_recordings_is_read_with_the_hours_it_states(shared_data: Path, name: str) -> None:
    found = list(look(shared_data / name))
    assert [each.refused for each in found if each.refused] == []
    recordings = [recording for each in found for recording in each.recordings]
    assert sum(each.end_s - each.start_s for each in recordings) / 3600 == pytest.approx(HOURS[name], abs=0.06)
    assert len(recordings) == PEOPLE.get(name, len(recordings))
    passed = {Path(file).name for each in found for file in each.passed}
    assert all(
        file.endswith((".md", ".txt", "labels.csv", "log_utc.csv", "responses.csv", "ion.csv")) for file in passed
    )


def test_a_laboratorys_tables_are_read_by_a_mapping(shared_data: Path) -> None:
    path = shared_data / "neurokit_bio"
    (plain, *_) = look(path)
    assert "--map" in str(plain.refused)
    mapping = format_of(mapping_of(NEUROKIT, "neurokit.toml"))
    recordings = [recording for each in look(path, formats=(mapping,)) for recording in each.recordings]
    assert {each.name: {c: p[0].values.size for c, p in each.channels.items()} for each in recordings} == {
        "bio_eventrelated_100hz": {"eda": 15_000},
        "bio_resting_5min_100hz": {"ppg": 30_000},
        "bio_resting_8min_100hz": {"eda": 50_682},
    }


def test_pieces_of_any_number_become_packets_that_the_wire_takes(shared_data: Path) -> None:
    recordings = read(shared_data / "welltory_ppg_rr") + read(shared_data / "cogwear" / "pilot_7.zip")
    for recording in recordings[:1] + recordings[-1:]:
        sent = [decode(encode(packet)) for _, packet in packets(recording, band="b", seconds=60.0)]
        n = sum(len(packet.ppg.values) // int(packet.ppg.dtype[1]) for packet in sent if packet.ppg is not None)
        assert n == sum(piece.values.size for piece in recording.channels["ppg"])


def test_what_two_formats_take_is_refused_and_both_are_named(tmp_path: Path) -> None:
    (tmp_path / "eda.csv").write_text(TABLE)
    cogwear = next(form for form in FORMATS if form.name == "cogwear")
    twin = Format("twin", "the same", cogwear.parts, cogwear.read)
    (found,) = look(tmp_path, formats=(cogwear, twin))
    assert found.recordings == ()
    assert "cogwear and twin both take it" in str(found.refused)


def test_what_no_format_takes_lists_what_is_understood(tmp_path: Path) -> None:
    (tmp_path / "note.csv").write_text("a,b\n1,2\n")
    (found,) = look(tmp_path)
    for form in FORMATS:
        assert form.what in str(found.refused)


def test_a_refusal_names_the_source(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "eda.csv").write_text("eda,time\n1,2\n1,1e12\n")
    with pytest.raises(RecordingError, match=r"^s: eda\.csv: sample 2 has no time"):
        read(tmp_path / "s")


LABELS = (
    Label(what="calm", start_s=START + 1, end_s=START + 3, rater="Jo"),
    Label(what="meltdown", start_s=START + 5, end_s=START + 600, rater="Jo", level=3.0),
    Label(what="later", start_s=START + 500, end_s=START + 600, rater="Jo"),
)


def test_our_own_labels_beside_a_recording_are_its_where_they_overlap_it(tmp_path: Path) -> None:
    (tmp_path / "eda.csv").write_text(TABLE)
    (tmp_path / "labels.csv").write_text(write_labels(LABELS))
    assert read_one(tmp_path).labels == LABELS[:2]


def test_labels_that_name_a_wearer_are_not_taken_for_whom_it_is_imported(tmp_path: Path) -> None:
    (tmp_path / "eda.csv").write_text(TABLE)
    (tmp_path / "labels.csv").write_text(write_labels([replace(LABELS[0], wearer="w9")]))
    recording = read_one(tmp_path)
    assert recording.labels == ()
    assert any("1 labels name a wearer" in note for note in recording.notes)


def test_labels_that_cannot_be_read_refuse_the_recording_rather_than_be_lost(tmp_path: Path) -> None:
    (tmp_path / "eda.csv").write_text(TABLE)
    (tmp_path / "labels.csv").write_text("what,start,rater\ncalm,06.05.2024,Jo\n")
    with pytest.raises(RecordingError, match=r"labels\.csv.*line 2: start: '06\.05\.2024' is no time"):
        read(tmp_path)


def test_our_own_labels_lie_beside_e4_sessions_too(tmp_path: Path, shared_data: Path) -> None:
    shutil.copy(shared_data / "parser_edge_cases" / "devicely_30s_offwrist.zip", tmp_path / "s.zip")
    before = read_one(tmp_path / "s.zip")
    label = Label(what="calm", start_s=before.start_s + 1, end_s=before.start_s + 3, rater="Jo")
    (tmp_path / "labels.csv").write_text(write_labels([label]))
    after = read_one(tmp_path / "s.zip")
    assert after.labels == (label,)
    assert after.notes == before.notes


def test_a_table_of_labels_named_alone_is_sent_where_it_belongs(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,task\na,b\n")
    (found,) = look(tmp_path / "labels.csv")
    assert found.refused is not None
    assert "label tables beside recordings are read by themselves" in found.refused
    assert "in none of the formats" not in found.refused
