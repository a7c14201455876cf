"""The stereotypy studies: each wrist a recording in g, observers' marks as labels, hostile XML refused."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import RecordingError
from ingest.recordings.detect import look, read

START_MS = 1_200_647_229_000
XML = (
    '<DATA DATASET="x"><ANNOTATION GUID="1"><LABEL>Good Data</LABEL><START_DT>2008-01-18 09:07:09</START_DT>'
    "<STOP_DT>2008-01-18 09:08:09.5</STOP_DT></ANNOTATION><ANNOTATION><LABEL>Flap-Rock</LABEL>"
    "<START_DT>2008-01-18 09:07:10.46</START_DT><STOP_DT>2008-01-18 09:07:12.123</STOP_DT></ANNOTATION></DATA>"
)
LEFT, TRUNK = (f"MITes_0{i}_RawCorrectedData_{place}.RAW_DATA.csv" for i, place in ((8, "Left-wrist"), (1, "Trunk")))
VIDEO = "Annotator1Stereotypy.annotation.xml"


def counts(*, still: bool = True, n: int = 24_000) -> str:
    """A wrist that rests in ever new directions, 60 counts a g around (249, 245, 256)."""
    rng = np.random.default_rng(1)
    way = rng.normal(size=(n // 60 + 1, 3))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    g = np.repeat(way, 60, axis=0)[:n] if still else rng.normal(size=(n, 3))
    rows = np.clip(np.rint(g * 60 + [249, 245, 256]), 0, 1023).astype(int)
    return "".join(f"{START_MS + i * 50 // 3},{x},{y},{z}\n" for i, (x, y, z) in enumerate(rows.tolist()))


def put(folder: Path, files: dict[str, str]) -> Path:
    path = folder / "session.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def test_a_wrist_is_read_in_g_by_its_own_still_moments_and_the_trunk_is_not(tmp_path: Path) -> None:
    files = {LEFT: counts(), TRUNK: counts(n=100), VIDEO: XML, "Phone.annotation.xml": XML}
    (recording,) = read(put(tmp_path, files))
    assert recording.name == "session left-wrist"
    assert recording.start_s == START_MS / 1000
    motion = recording.whole("motion").values
    assert motion.shape == (3, 24_000)
    assert np.abs(np.linalg.norm(motion, axis=0) - 1).max() < 0.03
    assert any("1 g = 60 counts around 249, 245, 256" in note for note in recording.notes)
    assert any("Trunk" in note and "left out" in note for note in recording.notes)
    said = [(label.what, label.rater, label.start_s - recording.start_s) for label in recording.labels]
    assert said[:2] == [("Good Data", "annotator1", 0.0), ("Good Data", "phone", 0.0)]
    assert said[2] == ("Flap-Rock", "annotator1", pytest.approx(1.046))


def test_a_wrist_that_is_never_still_has_the_nominal_scale_and_says_so(tmp_path: Path) -> None:
    (recording,) = read(put(tmp_path, {LEFT: counts(still=False, n=2_000)}))
    assert any("too rarely still" in note and "1 g = 64 counts around 256" in note for note in recording.notes)


def test_the_second_studys_names_are_known_too(tmp_path: Path) -> None:
    files = {f"Wocket_00_RawCorrectedData_{side}-Wrist.csv": counts(n=90) for side in ("Left", "Right")}
    recordings = read(put(tmp_path, files))
    assert [each.name for each in recordings] == ["session left-wrist", "session right-wrist"]


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({LEFT: counts(n=9) + "1,2,3\n"}, "line 10: 3 columns, expected 4"),
        ({LEFT: counts(n=9) + f"{START_MS + 900},2,3,1024\n"}, "line 10: counts must be within 0 to 1023"),
        ({TRUNK: counts(n=9)}, "no sensor is of a wrist"),
        ({LEFT: counts(n=99), VIDEO: "<DATA"}, r"annotation\.xml: is no XML"),
        ({LEFT: counts(n=99), VIDEO: '<!DOCTYPE a [<!ENTITY b "c">]>' + XML}, "document type"),
        ({LEFT: counts(n=99), VIDEO: XML.replace("09:07:09<", "soon<")}, "annotation 1: '2008-01-18 soon' is no time"),
        ({LEFT: counts(n=99), VIDEO: XML.replace("09:08:09.5", "09:06:09")}, "annotation 1: must have a LABEL"),
    ],
)
def test_what_cannot_be_used_is_refused_by_place(tmp_path: Path, files: dict[str, str], what: str) -> None:
    with pytest.raises(RecordingError, match=what):
        read(put(tmp_path, files))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damage_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    files = {}
    for name, text in {LEFT: counts(n=40), VIDEO: XML}.items():
        damaged = bytearray(text.encode())
        for _ in range(data.draw(st.integers(0, 4))):
            at = data.draw(st.integers(0, len(damaged) - 1))
            damaged[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
        files[name] = damaged.decode("latin-1")
    for found in look(put(tmp_path, files)):
        assert found.recordings or found.refused or found.passed


def test_every_line_of_a_real_wrist_is_a_sample(shared_data: Path) -> None:
    for path in sorted((shared_data / "autism_smm").glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            wrists = sorted(name for name in archive.namelist() if "-wrist" in name)
            lines = [sum(1 for _ in io.BytesIO(archive.read(name))) for name in wrists]
            marks = sum(archive.read(n).count(b"<ANNOTATION ") for n in archive.namelist() if n.endswith(".xml"))
        recordings = read(path)
        assert [sum(p.values.shape[1] for p in each.channels["motion"]) for each in recordings] == lines
        assert all(len(each.labels) == marks for each in recordings)
        assert {"Good Data", "Flap"} <= {label.what for label in recordings[0].labels}
        for each in recordings:
            size = np.concatenate([np.linalg.norm(p.values, axis=0) for p in each.channels["motion"]])
            assert 0.8 < np.median(size) < 1.25
