"""One pairing at a time in an installation: the second is told whose the first is, and a crash bars nobody."""

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from console.errors import PairingError
from console.pairing.alone import NAME, Alone

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no lock on a file there")
TAKE = "import sys, pathlib; from console.pairing.alone import Alone; Alone(pathlib.Path(sys.argv[1])).take('b', 'Kim')"
WAIT = f"{TAKE}; print('taken', flush=True); sys.stdin.read()"


def test_a_second_pairing_is_refused_by_name_until_the_first_is_over(tmp_path: Path) -> None:
    first, second = Alone(tmp_path), Alone(tmp_path)
    first.take("band-01", "Sam")
    with pytest.raises(PairingError, match="band-01 is being paired by Sam: wait until that is done"):
        second.take("band-02", "Kim")
    first.take("band-03", "Sam")
    with pytest.raises(PairingError, match="band-03 is being paired by Sam"):
        second.take("band-02", "Kim")
    first.let_go()
    first.let_go()
    with second.held("band-02", "Kim"), pytest.raises(PairingError, match="band-02 is being paired by Kim"):
        first.take("band-01", "Sam")
    first.take("band-01", "Sam")
    first.let_go()


def test_a_pairing_whose_process_was_killed_bars_nobody(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", WAIT, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout is not None
    other.stdout.readline()
    with pytest.raises(PairingError, match="b is being paired by Kim"):
        Alone(tmp_path).take("c", "Sam")
    other.kill()
    other.communicate()
    with Alone(tmp_path).held("c", "Sam"):
        assert (tmp_path / NAME).read_text() == "c is being paired by Sam"


def test_what_stands_in_the_file_is_for_its_owner_alone_and_a_torn_word_is_none(tmp_path: Path) -> None:
    first = Alone(tmp_path)
    first.take("band-01", "Sam")
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    os.truncate(tmp_path / NAME, 0)
    with pytest.raises(PairingError, match="another band is being paired by somebody else: wait"):
        Alone(tmp_path).take("band-02", "Kim")
    first.let_go()
    assert (tmp_path / NAME).read_bytes() == b""


def test_a_folder_that_cannot_be_written_is_said_and_nothing_begins(tmp_path: Path) -> None:
    with pytest.raises(PairingError, match="cannot be told"):
        Alone(tmp_path / "none").take("b", "Sam")


def test_where_there_is_no_folder_nobody_else_pairs() -> None:
    with Alone(None).held("b", "Sam"):
        pass


def test_a_disk_that_knows_no_locks_is_said_and_no_pairing_is_blamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(PairingError, match=r"pairing\.lock: No locks available; its disk must know locks"):
        Alone(tmp_path).take("band-01", "Sam")


def test_a_full_disk_takes_no_words_and_lets_go_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    first, second = Alone(tmp_path), Alone(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        first.take("band-01", "Sam")
        with pytest.raises(PairingError, match="another band is being paired by somebody else"):
            second.take("band-02", "Kim")
        first.let_go()
    second.take("band-02", "Kim")
    second.let_go()


def test_a_child_that_has_the_file_open_bars_nobody_once_it_is_let_go(tmp_path: Path) -> None:
    first, second = Alone(tmp_path), Alone(tmp_path)
    first.take("band-01", "Sam")
    assert first._fd is not None
    shared = os.dup(first._fd)
    first.let_go()
    second.take("band-02", "Kim")
    second.let_go()
    os.close(shared)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_lock_that_root_made_is_the_folders_owners(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    with Alone(tmp_path).held("band-01", "root"):
        assert (tmp_path / NAME).stat().st_uid == 65534
