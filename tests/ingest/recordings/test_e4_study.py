"""Studies of E4 sessions: several in one place, with labels beside, renamed, re-encoded and partly broken."""

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import RecordingError
from ingest.labels import Label
from ingest.recordings import e4
from ingest.recordings.detect import look, read, read_one
from ingest.recordings.digest import digest

START = 1_600_000_000
FILES = {
    "EDA.csv": f"{START}.000000\n4.000000\n" + "0.512345\n" * 40,
    "TEMP.csv": f"{START}.0\n4.0\n" + "33.13\n" * 40,
    "BVP.csv": f"{START}.0\n64.0\n" + "-12.25\n" * 640,
    "ACC.csv": f"{START}.0, {START}.0, {START}.0\n32.0, 32.0, 32.0\n" + "-2,3,63\n" * 320,
    "IBI.csv": f"{START}.000000, IBI\n2.5,0.75\n",
    "tags.csv": f"{START + 3}.25\n",
}
TASKS = "participant,file,start_unix,end_unix,stress,task,source\n"


def session(folder: Path, **files: str | bytes | None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (FILES | {f"{name}.csv": data for name, data in files.items()}).items():
        if text is not None:
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def test_several_sessions_below_one_folder_are_several_recordings(tmp_path: Path) -> None:
    for name in ("a/one", "a/two", "b"):
        session(tmp_path / "study" / name)
    session(tmp_path / "study" / "c", EDA="hello\n")
    found = list(look(tmp_path / "study"))
    assert [recording.name for each in found for recording in each.recordings] == ["one", "two", "b"]
    (refused,) = [each for each in found if each.refused]
    assert refused.refused is not None
    assert refused.refused.startswith("study/c: EDA.csv line 2")
    with pytest.raises(RecordingError, match="EDA"):
        read(tmp_path / "study")
    with pytest.raises(RecordingError, match="several sessions"):
        e4.read(tmp_path / "study")
    with pytest.raises(RecordingError, match="holds 2 recordings"):
        read_one(tmp_path / "study" / "a")


def test_one_file_of_a_session_is_not_taken_for_all_of_it(tmp_path: Path) -> None:
    session(tmp_path / "S1")
    for reader in (e4.read, read_one):
        with pytest.raises(RecordingError, match=r"EDA\.csv: one file of a session"):
            reader(tmp_path / "S1" / "EDA.csv")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_files_that_an_editor_saved_are_read_all_the_same(tmp_path: Path, encoding: str) -> None:
    saved = {name[:-4]: text.replace("\n", "\r\n").encode(encoding) for name, text in FILES.items()}
    plain, edited = read_one(session(tmp_path / "plain")), read_one(session(tmp_path / "edited", **saved))
    assert digest(plain) == digest(edited)
    assert edited.notes == plain.notes


def test_numbers_written_otherwise_are_the_same_numbers(tmp_path: Path) -> None:
    odd = FILES["EDA.csv"].replace("0.512345\n", "5.12345e-1\n", 1).replace("0.512345\n", "+0.512345\n", 1)
    assert digest(read_one(session(tmp_path / "a"))) == digest(read_one(session(tmp_path / "b", EDA=odd)))


def test_labels_beside_a_session_are_its_own_alone(tmp_path: Path) -> None:
    rows = [f"S1,S1.zip,{START},{START + 5},0,rest,log", f"S1,S1.zip,{START + 5},{START + 9},1,stroop,log"]
    rows += [f"S2,S2.zip,{START},{START + 5},1,interview,log", "S1,S1.zip,,,1,lost,log"]
    session(tmp_path / "study" / "S1")
    (tmp_path / "study" / "labels.csv").write_text(TASKS + "\n".join(rows) + "\n")
    recording = read_one(tmp_path / "study" / "S1")
    assert recording.labels == (
        Label(what="rest", start_s=START, end_s=START + 5, rater="log", onset_uncertainty_s=1.0, level=0.0),
        Label(what="stroop", start_s=START + 5, end_s=START + 9, rater="log", onset_uncertainty_s=1.0, level=1.0),
    )
    assert "labels.csv line 5: no time: left out" in recording.notes
    assert digest(recording) == digest(read_one(session(tmp_path / "alone" / "S1")))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (TASKS + f"S1,S1.zip,soon,{START},1,x,log\n", r"labels\.csv line 2: start_unix 'soon'"),
        (TASKS + f"S1,S1.zip,{START},nan\n", None),
        (TASKS + f"S1,S1.zip,{START},inf,1,x,log\n", r"labels\.csv line 2: end_unix"),
        (TASKS + f"S1,S1.zip,{START},{START - 1},1,x,log\n", r"labels\.csv line 2: ends before"),
        (TASKS + 'S1,S1.zip,"' + "x" * 200_000, r"labels\.csv line"),
    ],
)
def test_labels_that_cannot_be_are_refused_by_line(tmp_path: Path, text: str, what: str | None) -> None:
    session(tmp_path / "study" / "S1")
    (tmp_path / "study" / "labels.csv").write_text(text)
    with pytest.raises(RecordingError, match=what or r"labels\.csv"):
        read_one(tmp_path / "study" / "S1")


def test_labels_of_another_layout_are_noted(tmp_path: Path) -> None:
    session(tmp_path / "study" / "S1")
    (tmp_path / "study" / "labels.csv").write_text("when,what\n1,2\n")
    recording = read_one(tmp_path / "study" / "S1")
    assert any("labels.csv" in note for note in recording.notes)
    assert recording.labels == ()


NASTY = [
    *(b"", b"\n", b"\r\n\r\n", b"\0" * 100, b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff\0", b"1\n4\n" + b"9" * 100_000),
    *(b"1600000000\n4\n" + line + b"\n" for line in (b"1,2", b"--1", b"1.2.3", b"1e400", b"-inf", b"0x10", b",", b" ")),
    *(b"1600000000\n" + rate + b"\n1\n" for rate in (b"nan", b"inf", b"-4", b"0", b"1e9", b"4,4", b"4 4", b"\xd9\xa4")),
    *(start + b"\n4\n1\n" for start in (b"nan", b"-1", b"1e300", b"1600000000000", b"2020-01-01", b"", b"1,1,1")),
]


@pytest.mark.parametrize("name", ["EDA", "ACC", "IBI", "tags"])
@pytest.mark.parametrize("data", NASTY, ids=range(len(NASTY)))
def test_nasty_files_are_read_or_refused_by_name(tmp_path: Path, name: str, data: bytes) -> None:
    try:
        recording = read_one(session(tmp_path / "S1", **{name: data}))
    except RecordingError as error:
        assert f"{name}.csv" in str(error)  # noqa: PT017 - either outcome is right, no other one
    else:
        assert np.isfinite(recording.start_s)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sorted(FILES)),
    data=st.one_of(
        st.binary(max_size=60),
        st.text(alphabet="0123456789.,-+e \r\nnaif", max_size=80).map(lambda text: f"{START}\n4\n{text}".encode()),
    ),
)
def test_any_bytes_in_a_file_are_read_or_refused(tmp_path: Path, name: str, data: bytes) -> None:
    with contextlib.suppress(RecordingError):
        read_one(session(tmp_path / "S1", **{name[:-4]: data}))
