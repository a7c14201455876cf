"""Models are kept whole or not at all, and refused unless everything about them is as it was written."""

import hashlib
import json
import logging
import os
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import numpy as np
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from models.datasets.dataset import Dataset
from models.datasets.selection import digest
from models.errors import ShelfError
from models.inputs.inputs import NAMES, VERSION
from models.shelf import shelf as shelving
from models.shelf.about import about
from models.shelf.manifest import FORMAT, MANIFEST, About, Code, decode
from models.shelf.shelf import MODEL, SUMS, Shelf
from tests.servers import LONG_S

FILES = (MODEL, MANIFEST, SUMS)


class Stranger:
    """A type that nobody vouches for."""

    def __init__(self) -> None:
        self.weight = np.ones(2)


@pytest.fixture
def shelf(tmp_path: Path, fitted: LogisticRegression, known: About) -> Shelf:
    shelf = Shelf(tmp_path / "models")
    shelf.keep("first", fitted, known, files={"card.html": b"<p>\n"})
    return shelf


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, fitted: LogisticRegression, known: About) -> Shelf:
    shelf = Shelf(tmp_path_factory.mktemp("whole"))
    shelf.keep("first", fitted, known)
    return shelf


def rewritten(shelf: Shelf, **changed: object) -> None:
    """Change a manifest as somebody would who knows how it is proved."""
    folder = shelf.folder / "first"
    said = json.dumps(json.loads((folder / MANIFEST).read_text()) | changed).encode()
    (folder / MANIFEST).write_bytes(said)
    sums = (folder / SUMS).read_text().splitlines()
    mine = f"{hashlib.sha256(said).hexdigest()}  {MANIFEST}"
    (folder / SUMS).write_text("".join(f"{mine if line.endswith(MANIFEST) else line}\n" for line in sums))


def test_what_was_kept_comes_back_as_it_was(shelf: Shelf, fitted: LogisticRegression, known: About) -> None:
    kept = shelf.load("first")
    assert isinstance(kept.fitted, LogisticRegression)
    np.testing.assert_array_equal(kept.fitted.coef_, fitted.coef_)
    assert msgspec.structs.asdict(known).items() <= msgspec.structs.asdict(kept.manifest).items()
    assert kept.manifest.trained_on == ("w-0", "w-1", "w-2", "w-3")
    assert kept.manifest.metrics == {"auroc": 0.8, "lead_s": None}
    assert kept.manifest.made_at == "2026-05-28T20:26:40Z"
    assert kept.notes == ()
    assert kept.digest == shelf.look("first")[1]
    assert shelf.names() == ("first",)


def test_its_files_are_for_their_owner_alone_and_anybody_can_check_them(shelf: Shelf) -> None:
    folder = shelf.folder / "first"
    assert {path.name for path in folder.iterdir()} == {*FILES, "card.html"}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.iterdir())
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(shelf.folder.stat().st_mode) == 0o700
    checked = subprocess.run(["sha256sum", "-c", "--strict", SUMS], cwd=folder, capture_output=True, check=False)
    assert checked.returncode == 0


@settings(max_examples=60, deadline=None)
@given(file=st.sampled_from(FILES), where=st.integers(0, 10**9), flip=st.integers(1, 255))
def test_any_byte_that_is_not_as_it_was_written_is_refused(whole: Shelf, file: str, where: int, flip: int) -> None:
    path = whole.folder / "first" / file
    written = path.read_bytes()
    changed = bytearray(written)
    changed[where % len(written)] ^= flip
    try:
        path.write_bytes(changed)
        with pytest.raises(ShelfError):
            whole.load("first")
    finally:
        path.write_bytes(written)


@settings(max_examples=30, deadline=None)
@given(file=st.sampled_from(FILES), left=st.integers(0, 10**9))
def test_a_file_that_was_cut_short_is_refused(whole: Shelf, file: str, left: int) -> None:
    path = whole.folder / "first" / file
    written = path.read_bytes()
    try:
        path.write_bytes(written[: left % len(written)])
        with pytest.raises(ShelfError):
            whole.load("first")
    finally:
        path.write_bytes(written)


@pytest.mark.parametrize("file", [*FILES, "card.html"])
def test_a_file_that_is_missing_or_a_link_is_refused_by_its_name(shelf: Shelf, file: str) -> None:
    path = shelf.folder / "first" / file
    path.rename(shelf.folder / "elsewhere")
    with pytest.raises(ShelfError, match=file):
        shelf.load("first")
    path.symlink_to(shelf.folder / "elsewhere")
    with pytest.raises(ShelfError, match=file):
        shelf.load("first")


def test_a_manifest_that_was_edited_is_refused_though_it_can_be_read(shelf: Shelf) -> None:
    path = shelf.folder / "first" / MANIFEST
    path.write_text(path.read_text().replace('"auroc": 0.8', '"auroc": 0.9'))
    with pytest.raises(ShelfError, match=r"manifest\.json .*not as it was written"):
        shelf.load("first")


def test_a_newer_format_says_to_update(shelf: Shelf) -> None:
    rewritten(shelf, format=FORMAT + 1, more="of it")
    with pytest.raises(ShelfError, match=r"newer forecalm .*update forecalm"):
        shelf.load("first")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"inputs": [*NAMES[:2], "sweat_of_the_brow"]}, "'sweat_of_the_brow', which is missing or renamed"),
        ({"inputs_version": VERSION + 1}, f"version {VERSION + 1}, these are of version {VERSION}"),
        ({"name": "second"}, "that of 'second'"),
        ({"unheard": 1}, "unheard"),
        ({"forecalm": "backup"}, "'backup', not of a model"),
        ({"files": {}}, "not as it was written"),
        ({"files": {"../first/model.skops": "0"}}, "no file"),
        ({"trained_on": "w-1"}, "trained_on"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused_and_says_why(
    shelf: Shelf, changed: dict[str, object], told: str
) -> None:
    rewritten(shelf, **changed)
    with pytest.raises(ShelfError, match=told):
        shelf.load("first")


def test_a_model_is_held_against_the_columns_it_will_be_given(shelf: Shelf) -> None:
    assert shelf.load("first", inputs=NAMES[:3]).manifest.inputs == NAMES[:3]
    with pytest.raises(ShelfError, match=f"{NAMES[0]!r}, {NAMES[2]!r}, which are missing"):
        shelf.load("first", inputs=NAMES[1:2])


def test_a_type_that_nobody_vouches_for_is_not_kept(shelf: Shelf, known: About) -> None:
    with pytest.raises(ShelfError, match=r"Stranger', which is not trusted"):
        shelf.keep("strange", Stranger(), known)
    with pytest.raises(ShelfError, match=r"Stranger"):
        shelf.keep("strange", [LogisticRegression(), {"deep": Stranger()}], known)
    assert shelf.names() == ("first",)


def test_a_type_that_nobody_vouches_for_is_not_loaded_even_where_every_digest_fits(shelf: Shelf, known: About) -> None:
    shelf.keep("own", LogisticRegression(), known)
    data = skops.io.dumps(Stranger())
    (shelf.folder / "first" / MODEL).write_bytes(data)
    files = shelf.look("own")[0].files | {"card.html": hashlib.sha256(b"<p>\n").hexdigest()}
    digest = hashlib.sha256(data).hexdigest()
    sums = shelf.folder / "first" / SUMS
    sums.write_text(sums.read_text().replace(decode_files(shelf)[MODEL], digest))
    rewritten(shelf, files=files | {MODEL: digest})
    assert shelf.look("first")[0].files[MODEL] == digest
    with pytest.raises(ShelfError, match=r"Stranger', which is not trusted"):
        shelf.load("first")


def decode_files(shelf: Shelf) -> dict[str, str]:
    return decode((shelf.folder / "first" / MANIFEST).read_bytes(), "here").files


def test_a_file_that_is_no_model_is_refused_even_where_every_digest_fits(shelf: Shelf) -> None:
    data = b"cos\nsystem\n(S'true'\ntR."  # a pickle that would run a command
    files = decode_files(shelf)
    (shelf.folder / "first" / MODEL).write_bytes(data)
    sums = shelf.folder / "first" / SUMS
    sums.write_text(sums.read_text().replace(files[MODEL], hashlib.sha256(data).hexdigest()))
    rewritten(shelf, files=files | {MODEL: hashlib.sha256(data).hexdigest()})
    with pytest.raises(ShelfError, match="is not a skops file"):
        shelf.load("first")


def test_scikit_learns_boosted_trees_are_kept(shelf: Shelf, training: Dataset, known: About) -> None:
    trees = HistGradientBoostingClassifier(max_iter=3).fit(training.inputs, training.target)
    shelf.keep("trees", trees, known)
    back = shelf.load("trees").fitted
    assert isinstance(back, HistGradientBoostingClassifier)
    np.testing.assert_array_equal(back.predict_proba(training.inputs), trees.predict_proba(training.inputs))


def test_other_library_versions_are_told_once(
    shelf: Shelf, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelving, "libraries", lambda: {"python": "3.11.0", "numpy": "99", "skops": "1"})
    with caplog.at_level(logging.WARNING):
        notes = shelf.load("first").notes
        assert shelf.load("first").notes == notes
    assert any("numpy" in note and "this is 99" in note for note in notes)
    assert len(caplog.records) == len(notes)


@pytest.mark.parametrize("name", ["", "First", "../first", "a b", "withdrawn", "arousal", "none", ".first", "a" * 65])
def test_a_name_that_would_mislead_is_refused(shelf: Shelf, fitted: object, known: About, name: str) -> None:
    with pytest.raises(ShelfError, match="name of a model"):
        shelf.keep(name, fitted, known)
    with pytest.raises(ShelfError):
        shelf.load(name)


def test_a_name_is_never_used_twice(shelf: Shelf, fitted: object, known: About) -> None:
    before = (shelf.folder / "first" / MANIFEST).read_bytes()
    with pytest.raises(ShelfError, match="never overwritten"):
        shelf.keep("first", fitted, known)
    assert (shelf.folder / "first" / MANIFEST).read_bytes() == before


def test_a_disk_that_fails_leaves_nothing_half_written(
    shelf: Shelf, fitted: object, known: About, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError("no room")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no room"):
        shelf.keep("second", fitted, known)
    assert [path.name for path in shelf.folder.iterdir()] == ["first"]


def test_a_full_disk_says_for_what_there_was_no_room(
    shelf: Shelf, fitted: LogisticRegression, known: About, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")  # as of a write: it knows a descriptor, no path

    monkeypatch.setattr(shelving, "_write_file", full)
    with pytest.raises(OSError, match="No space left on device") as caught:
        shelf.keep("second", fitted, known)
    assert caught.value.filename == str(shelf.folder / "second")


@pytest.mark.skipif(sys.platform == "win32", reason="folders cannot be locked there")
def test_two_who_keep_a_model_of_one_name_do_not_write_into_each_other_s(
    shelf: Shelf, fitted: LogisticRegression, known: About, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one writes, the other waits; then it finds the name taken."""
    begun, refused = threading.Event(), []

    def keep() -> None:
        begun.set()
        try:
            shelf.keep("second", fitted, known)
        except ShelfError as error:
            refused.append(str(error))

    other = threading.Thread(target=keep)
    write = shelving._write_file

    def slowly(path: Path, data: bytes) -> None:
        if threading.current_thread() is not other and not begun.is_set():
            other.start()
            assert begun.wait(LONG_S)
            other.join(0.2)  # it must not be through before this one is
        write(path, data)

    monkeypatch.setattr(shelving, "_write_file", slowly)
    shelf.keep("second", fitted, known)
    other.join(LONG_S)
    assert [shelf.load("second").name, len(refused)] == ["second", 1]
    assert "second" in refused[0]


def test_what_a_crash_left_half_written_is_no_model_and_in_nobodys_way(
    shelf: Shelf, fitted: object, known: About
) -> None:
    (shelf.folder / ".second.part").mkdir()
    (shelf.folder / ".second.part" / MODEL).write_bytes(b"half")
    assert shelf.names() == ("first",)
    shelf.keep("second", fitted, known)
    assert shelf.names() == ("first", "second")
    assert not (shelf.folder / ".second.part").exists()


def test_a_model_that_is_not_there_is_told_from_one_that_was_withdrawn(shelf: Shelf) -> None:
    with pytest.raises(ShelfError, match=r"'second' is not on the shelf .*there are: first"):
        shelf.load("second")
    (shelf.folder / "withdrawn").mkdir()
    shutil.move(shelf.folder / "first", shelf.folder / "withdrawn" / "first-01234567")
    assert shelf.withdrawn("first")
    with pytest.raises(ShelfError, match="'first' was withdrawn"):
        shelf.load("first")
    assert shelf.names() == ()


def test_a_manifest_names_the_data_set_by_the_digest_that_results_name_it_by(training: Dataset, known: About) -> None:
    assert known.data.digest == digest(training)


def test_a_training_set_in_which_nobody_wore_a_band_says_so(training: Dataset) -> None:
    from dataclasses import replace

    from models.errors import DatasetError

    nobody = replace(training, worn=np.zeros_like(training.worn))
    with pytest.raises(DatasetError, match="no moment in which the band was worn"):
        about(nobody, candidate="x", experiment="", seed=0, made_s=0.0, code=Code(version="0"), metrics={})
