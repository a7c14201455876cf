"""Recordings by path become the people they are of, with the labels beside them, as the live pipeline saw them."""

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from forecalm.replay import replay
from forecalm.studies.cutting import GAP_S, sessions_of
from forecalm.studies.files import recorded
from forecalm.studies.study import Study, together
from ingest.recordings.mapping import mapping_of
from ingest.recordings.table import format_of
from ingest.types import CHANNELS, Tick
from models.datasets.building import build_from
from models.datasets.dataset import Session
from models.datasets.target import ForecastTarget
from models.errors import DatasetError
from models.inputs.inputs import Inputs

SAMPLE = Path(__file__).parents[3] / "data" / "sample" / "simulated_e4.zip"
AIM = ForecastTarget(events=("meltdown",), doubtful="leave out")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A study of two people, of whom the second was recorded twice."""
    study = tmp_path / "study"
    study.mkdir()
    shutil.copy(SAMPLE, study / "P1.zip")
    shutil.copy(SAMPLE, study / "P2_monday.zip")
    (study / "notes.txt").write_text("of the study")
    return study


def test_a_recording_by_path_gives_the_rows_that_its_replay_saw_live(tmp_path: Path) -> None:
    shutil.copy(SAMPLE, tmp_path / "P1.zip")
    (tmp_path / "labels.csv").write_text("what,start,end,rater\nmeltdown,2000-01-01T00:00:00Z,,Jo\n")
    seen = replay(SAMPLE, pace=lambda _: None, progress=lambda *_: None)
    start_s = int(seen.second_s[0])
    label = f"what,start,end,rater\nmeltdown,{start_s + 300},{start_s + 330},Jo\n"
    (tmp_path / "labels.csv").write_text(label)
    data = build_from(recorded([tmp_path / "P1.zip"], study="home").sources, AIM)
    inputs = Inputs(rows=1)
    live = {
        int(at) + 1: inputs.push(each[None, None])[0, 0] for at, each in zip(seen.second_s, seen.features, strict=True)
    }
    np.testing.assert_array_equal(data.inputs, np.array([live[int(t)] for t in data.end_s]))
    assert data.people == ("home-P1",)
    assert [each.onset_s for each in data.events] == [start_s + 300]


def test_people_are_named_after_study_and_file(folder: Path) -> None:
    assert recorded([folder], study="lab").people == ("lab-P1", "lab-P2_monday")
    assert recorded([folder], study="lab", person="^[^_]+").people == ("lab-P1", "lab-P2")
    assert recorded([folder], study="lab", person=r"P(\d)").people == ("lab-1", "lab-2")
    assert recorded([folder], study="lab", people={"P1.zip": "w-07"}).people == ("lab-P2_monday", "w-07")


def test_names_that_look_as_if_two_were_one_person_are_noted(folder: Path) -> None:
    assert recorded([folder], study="lab").notes == ()
    shutil.copy(SAMPLE, folder / "P2_tuesday.zip")
    (note,) = recorded([folder], study="lab").notes
    assert "lab-P2_monday and lab-P2_tuesday count as two people" in note
    assert recorded([folder], study="lab", person="^[^_]+").notes == ()


def test_labels_in_a_file_of_their_own_go_to_their_wearers(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "said.csv"
    table.write_text("wearer,what,start,rater\nlab-P1,meltdown,2024-05-06T07:08:09Z,Jo\n")
    study = recorded([folder], study="lab", labels=table)
    assert [len(source.labels) for source in study.sources] == [1, 0]  # type: ignore[attr-defined]
    table.write_text("wearer,what,start,rater\nP9,meltdown,2024-05-06T07:08:09Z,Jo\n")
    with pytest.raises(DatasetError, match="'P9' is none of lab-P1"):
        recorded([folder], study="lab", labels=table)


def test_a_folder_of_tables_is_of_as_many_people_and_one_of_an_e4_is_of_one(tmp_path: Path) -> None:
    tables, e4 = tmp_path / "tables", tmp_path / "P7"
    tables.mkdir()
    for name in ("S1.csv", "S2.csv"):
        (tables / name).write_text("t,GSR\n0,1\n1,1\n")
    (tables / "labels.csv").write_text("what,start,rater\nmeltdown,1,Jo\n")
    formats = (format_of(mapping_of('[time]\ncolumn = "t"\n[channels.eda]\ncolumn = "GSR"\n', "map.toml")),)
    assert recorded([tables], study="lab", formats=formats).people == ("lab-S1", "lab-S2")
    with zipfile.ZipFile(SAMPLE) as sample:
        sample.extractall(e4)
    assert recorded([e4], study="lab").people == ("lab-P7",)
    assert recorded([tmp_path], study="lab").people == ("lab-P7", "lab-tables")


def test_other_devices_are_left_out(folder: Path) -> None:
    (p1, _) = recorded([folder], study="lab", devices=("empatica-*",)).sources
    assert len(list(p1())) == 1
    (p1, _) = recorded([folder], study="lab", devices=("watch",)).sources
    assert not list(p1())


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"person": "^Z"}, "finds nobody in 'P1'"),
        ({"person": "("}, "no regular expression"),
        ({"people": {"P1.zip": "Ann Smith"}}, "'Ann Smith'"),
    ],
)
def test_names_that_cannot_be_are_refused(folder: Path, changed: dict[str, object], said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        recorded([folder], study="lab", **changed)  # type: ignore[arg-type]


def test_nothing_at_a_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such file"):
        recorded([tmp_path / "gone"], study="lab")


def test_a_recording_that_cannot_be_read_is_refused_and_named(folder: Path) -> None:
    (folder / "P3.zip").write_bytes(b"no zip")
    with pytest.raises(DatasetError, match=r"P3\.zip"):
        build_from(recorded([folder / "P3.zip"], study="lab").sources, AIM)


def test_studies_go_together_with_their_notes() -> None:
    one = Study(name="a", people=("x",), sources=(list,), notes=("odd",))
    other = Study(name="b", people=("y",), sources=(tuple,))
    assert together([one, other]) == ([list, tuple], ["odd"])


def _with_pause(pause_s: int) -> Iterator[tuple[Session, Tick]]:
    seconds = 100 + pause_s
    x = {}
    for name, c in CHANNELS.items():
        x[name] = np.full((1, *((c.axes,) if c.axes > 1 else ()), seconds * c.grid_hz), np.nan)
    x["eda"][:, : 4 * 50] = x["eda"][:, -4 * 50 :] = 1.0
    session = Session(name="s", person="p", study="lab", start_s=10, end_s=10.0 + seconds, digest="d")
    return sessions_of(session, Tick(np.array([10], np.int64), **x))


def test_a_recording_is_cut_where_nothing_was_recorded_for_an_hour() -> None:
    ((whole, _),) = _with_pause(int(GAP_S) - 1)
    assert whole.name == "s"
    (first, before), (second, after) = _with_pause(int(GAP_S) + 1)
    assert [(first.name, first.start_s, first.end_s), second.name] == [("s part 1", 10, 60), "s part 2"]
    assert (before.seconds, after.seconds) == (50, 50)
    assert int(after.start_s[0]) == 10 + 50 + int(GAP_S) + 1
    assert first.digest == ""
