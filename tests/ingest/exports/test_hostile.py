"""Exports that were tampered with: an error that names the file, never another exception, never made-up readings."""

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.exports.bids import Subjects, write_bids
from ingest.exports.sheets import About
from ingest.exports.tables import write_csv, write_parquet
from ingest.labels import Label
from ingest.recordings import exported
from ingest.recordings.detect import look
from ingest.recordings.recording import Recording
from ingest.types import Block

LABEL = Label(what="calm", start_s=1.6e9, end_s=1.6e9, rater="r")
TOLD = Recording(
    "r1",
    "made",
    1.6e9,
    {"eda": (Block("eda", 1.6e9, 4.0, np.arange(9.0)), Block("eda", 1.6e9 + 9, 4.0, np.arange(3.0)))},
    np.array([[1.6e9 + 1], [0.8]]),
    np.zeros(0),
    (),
    (LABEL,),
)
ABOUT = About(wearer="w", zone="UTC")
Value = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
)


def sheet_in(folder: Path) -> Path:
    return next(iter(sorted([*folder.rglob(exported.SHEET), *folder.rglob("*_events.json")])))


def write(layout: str, folder: Path) -> None:
    if layout == "bids":
        write_bids(folder, TOLD, ABOUT, Subjects({}, {}))
    else:
        (write_csv if layout == "csv" else write_parquet)(folder, TOLD, ABOUT)


def refusal(folder: Path) -> str:
    found = list(look(folder))
    assert not [each for each in found if each.recordings]
    return next(each.refused for each in found if each.refused)


def paths_in(value: Any, at: tuple = ()) -> list[tuple]:  # noqa: ANN401
    if isinstance(value, dict):
        return [way for key, inner in value.items() for way in paths_in(inner, (*at, key))]
    if isinstance(value, list):
        return [at, *(way for i, inner in enumerate(value) for way in paths_in(inner, (*at, i)))]
    return [at]


@pytest.mark.parametrize("layout", ["csv", "bids"])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_field_of_a_sheet_may_be_anything(layout: str, data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(layout, folder)
        path = sheet_in(folder)
        said = json.loads(path.read_bytes())
        way = data.draw(st.sampled_from(paths_in(said)))
        inner = said
        for key in way[:-1]:
            inner = inner[key]
        inner[way[-1]] = data.draw(Value)
        path.write_text(json.dumps(said))
        for each in look(folder):
            for recording in each.recordings:
                for blocks in recording.channels.values():
                    assert all(np.isfinite(block.start_s) and 0 < block.rate_hz <= 4096 for block in blocks)
                    assert sum(block.values.shape[-1] for block in blocks) == 12


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "columns"),
        (b"utc,piece,unix_s\n", "columns"),
        (b"utc,piece,unix_s,eda\n" + b"x,0,1,1\n" * 11, "11 rows"),
        (b"utc,piece,unix_s,eda\n" + b"x,0,1,inf\n" * 12, "finite"),
        (b"utc,piece,unix_s,eda\n" + b"x,0,1,one\n" * 12, "one"),
        (b"utc,piece,unix_s,eda\n" + b"x,0,1\n" * 12, "4 columns"),
        (b"utc,piece,unix_s,eda\n" + b"x,0,1,500\n" * 12, "outside"),
        (b"\xff" * 40, "no text"),
    ],
)
def test_a_file_that_is_signed_and_still_wrong_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    write("csv", tmp_path)
    _sign(tmp_path, "eda.csv", content)
    assert said in refusal(tmp_path)


def _sign(folder: Path, name: str, content: bytes) -> None:
    next(folder.rglob(name)).write_bytes(content)
    path = sheet_in(folder)
    sheet = json.loads(path.read_bytes())
    for file in sheet.get("Forecalm", sheet)["files"]:
        if file["path"] == name:
            file["sha256"] = hashlib.sha256(content).hexdigest()
    path.write_text(json.dumps(sheet))


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=300), cut=st.integers(0, 4000))
def test_a_parquet_file_of_any_bytes_is_refused_not_believed(content: bytes, cut: int) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        write("parquet", folder)
        path = next(folder.rglob("eda_*"))
        whole = path.read_bytes()
        _sign(folder, path.name, whole[:cut] + content + whole[cut + len(content) :])
        for each in look(folder):
            assert each.refused or each.passed or each.recordings


def test_a_gzip_that_is_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.recordings.exported_bids.TEXT_MAX", 1 << 16)
    write("bids", tmp_path)
    path = next(tmp_path.rglob("*eda_physio.tsv.gz"))
    _sign(tmp_path, path.name, gzip.compress(b"1.0\n" * (1 << 16)))
    assert "unpacks to more" in refusal(tmp_path)
    _sign(tmp_path, path.name, b"\x1f\x8b nothing")
    assert "export it again" in refusal(tmp_path)


def test_a_sheet_cannot_name_files_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("utc,piece,unix_s,eda\n")
    write("csv", tmp_path / "export")
    path = sheet_in(tmp_path)
    path.write_text(path.read_text().replace("eda.csv", "../../secret.csv"))
    assert "missing" in refusal(tmp_path / "export")


CHANGES: dict[str, Callable[[dict], object]] = {
    "segment": lambda file: file["segments"][0].update(rows=10**8),
    "missing": lambda file: file["segments"][0].update(first=3),
    "channel": lambda file: file.update(channel="ecg"),
}


@pytest.mark.parametrize("said", sorted(CHANGES))
def test_pieces_that_do_not_fit_their_file_are_refused(tmp_path: Path, said: str) -> None:
    write("csv", tmp_path)
    path = sheet_in(tmp_path)
    sheet = json.loads(path.read_bytes())
    CHANGES[said](sheet["files"][0])
    path.write_text(json.dumps(sheet))
    assert said in refusal(tmp_path)
