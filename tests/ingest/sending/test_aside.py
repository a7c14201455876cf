"""Damaged files are put aside with what belongs to them, and never more of them than somebody will look at."""

from pathlib import Path

import pytest

from ingest.sending.aside import ASIDE_MAX, move_aside


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_the_newest_damaged_files_are_kept_and_those_before_them_deleted_with_their_logs(tmp_path: Path) -> None:
    path = tmp_path / "spool.sqlite"
    for number in range(1, 12):
        path.write_text(f"damage {number}")
        path.with_name("spool.sqlite-wal").write_text(f"log {number}")
        move_aside(path, "malformed")
    kept = range(12 - ASIDE_MAX, 12)
    assert names(tmp_path) == sorted(f"spool.sqlite.damaged-{n}{part}" for n in kept for part in ("", "-wal"))
    assert (tmp_path / "spool.sqlite.damaged-11").read_text() == "damage 11", "10 and 11 are newer than 9, as numbers"
    assert (tmp_path / "spool.sqlite.damaged-11-wal").read_text() == "log 11"


def test_files_of_other_names_are_nobodys_to_delete(tmp_path: Path) -> None:
    others = ["other.sqlite.damaged-1", "spool.sqlite.damaged-", "spool.sqlite.damaged-mine", "spool.sqlite.old"]
    for name in others:
        (tmp_path / name).touch()
    path = tmp_path / "spool.sqlite"
    for _ in range(5):
        path.touch()
        move_aside(path, "malformed")
    assert set(others) < set(names(tmp_path))


def test_a_damaged_file_that_cannot_be_deleted_stays_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "spool.sqlite"
    (tmp_path / "spool.sqlite.damaged-1").mkdir()
    for _ in range(ASIDE_MAX):
        path.touch()
        move_aside(path, "malformed")
    assert (tmp_path / "spool.sqlite.damaged-1").exists()
    assert "damaged-1: cannot be deleted" in caplog.text


def test_a_file_that_cannot_be_moved_is_an_error_and_nothing_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path, __: Path) -> None:
        raise PermissionError(13, "Permission denied")

    for name in ("spool.sqlite", *(f"spool.sqlite.damaged-{number}" for number in range(1, 7))):
        (tmp_path / name).touch()
    before = names(tmp_path)
    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(PermissionError):
        move_aside(tmp_path / "spool.sqlite", "malformed")
    assert names(tmp_path) == before
