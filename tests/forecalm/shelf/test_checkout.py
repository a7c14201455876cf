"""A model's manifest says which code trained it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from forecalm import checkout
from forecalm.checkout import commit
from tests.servers import LONG_S


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_commit_is_told_and_that_files_were_changed_since(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkout, "WAIT_S", LONG_S)

    def git(*words: str) -> str:
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        return subprocess.run(
            ["git", "-C", str(tmp_path), *who, *words], check=True, capture_output=True, text=True
        ).stdout.strip()

    assert commit(tmp_path) == ""
    git("init", "-q")
    (tmp_path / "code.py").write_text("1\n")
    git("add", ".")
    git("commit", "-qm", "First")
    assert commit(tmp_path) == git("rev-parse", "HEAD")
    (tmp_path / "code.py").write_text("2\n")
    assert commit(tmp_path) == git("rev-parse", "HEAD") + "-dirty"


def test_where_there_is_no_git_no_commit_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit(tmp_path) == ""
    monkeypatch.undo()
    assert commit(tmp_path) == "", "nor of a folder that only looks like a checkout"
