"""Where payloads lie: the same contract in memory and on disk; on disk also after a kill, a torn write and damage."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import SpoolError
from ingest.sending.boots import BootState, Key, Span
from ingest.sending.disk import DiskStorage
from ingest.sending.storage import OVERHEAD, MemoryStorage, Put, Storage

KEY: Key = ("band-01", 7)
OTHER: Key = ("band-02", 7)
STATE = BootState(KEY, 1_000, (0, 3), ((4, 5), (9, 9)))


def payload(seq: int) -> bytes:
    return f"reading-{seq:06d}-".encode() * 20


def puts(*seqs: int, key: Key = KEY) -> list[Put]:
    return [Put(key, seq, payload(seq)) for seq in seqs]


def held(storage: Storage, first: int, last: int, key: Key = KEY) -> list[int]:
    found = storage.read((key, first, last))
    assert [seq for seq, _ in found] == list(range(first, last + 1))
    assert all(content in (None, payload(seq)) for seq, content in found)
    return [seq for seq, content in found if content is not None]


def resumed(storage: DiskStorage) -> dict[Key, list[Span]]:
    return {boot.state.key: list(boot.kept) for boot in storage.resumed()}


@pytest.fixture(params=["memory", "disk"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    made = MemoryStorage() if request.param == "memory" else DiskStorage(tmp_path / "spool")
    yield made
    made.close()


def test_what_is_written_is_read_until_it_is_let_go(storage: Storage) -> None:
    storage.write(puts(0, 1, 2, 5), [], [])
    storage.write(puts(1, key=OTHER), [(KEY, 1, 1)], [])
    assert held(storage, 0, 6) == [0, 2, 5]
    assert held(storage, 0, 6, OTHER) == [1]
    assert storage.size((KEY, 0, 6)) == 3 * (len(payload(0)) + OVERHEAD)
    assert storage.size((("nobody", 1), 0, 6)) == 0
    assert held(storage, 0, 3, ("nobody", 1)) == []
    assert storage.trouble is None


def test_what_was_let_go_may_come_again(storage: Storage) -> None:
    storage.write(puts(3), [], [])
    storage.write(puts(3), [(KEY, 3, 3)], [])
    assert held(storage, 3, 3) == [3]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.sets(st.integers(0, 40), max_size=8), st.tuples(st.integers(0, 40), st.integers(0, 40))),
        max_size=8,
    )
)
def test_disk_holds_what_memory_would_and_again_after_closing(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[set[int], tuple[int, int]]]
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    memory, disk = MemoryStorage(), DiskStorage(folder)
    kept: set[int] = set()
    for some, (a, b) in steps:
        new = sorted(some - kept)
        span = (KEY, min(a, b), max(a, b))
        for each in (memory, disk):
            each.write(puts(*new), [], [STATE])
            each.write([], [span], [])
        kept = {seq for seq in kept | some if not span[1] <= seq <= span[2]}
        assert held(disk, 0, 41) == held(memory, 0, 41) == sorted(kept)
        assert disk.size((KEY, 0, 41)) == memory.size((KEY, 0, 41))
    disk.close()
    again = DiskStorage(folder)
    assert held(again, 0, 41) == sorted(kept)
    if steps:
        (boot,) = again.resumed()
        assert boot.state == STATE
        assert {seq for a, b in boot.kept for seq in range(a, b + 1)} == kept
        assert boot.size == again.size((KEY, 0, 41))
    again.close()


def test_only_this_user_may_read_it(tmp_path: Path) -> None:
    storage = DiskStorage(tmp_path / "spool")
    storage.write(puts(0), [], [])
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "spool").iterdir()}
    storage.close()
    assert modes.keys() >= {"spool.sqlite", "spool.sqlite-wal"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    DiskStorage(tmp_path).close()
    (tmp_path / "spool.sqlite").chmod(0o644)
    DiskStorage(tmp_path).close()
    assert stat.S_IMODE((tmp_path / "spool.sqlite").stat().st_mode) == 0o600


def test_nothing_is_left_of_what_was_let_go(tmp_path: Path) -> None:
    storage = DiskStorage(tmp_path)
    storage.write(puts(*range(50)), [], [])
    storage.write([], [(KEY, 0, 49)], [])
    storage.close()
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"reading-" not in left


def test_a_second_process_is_refused_by_name(tmp_path: Path) -> None:
    storage = DiskStorage(tmp_path)
    storage.write(puts(0), [], [])
    command = "import sys, pathlib; from ingest.sending.disk import DiskStorage; DiskStorage(pathlib.Path(sys.argv[1]))"
    run = subprocess.run([sys.executable, "-c", command, tmp_path], capture_output=True, text=True, check=False)
    storage.close()
    assert "SpoolError" in run.stderr
    assert "spool.sqlite: another process has it" in run.stderr


def test_a_folder_that_cannot_be_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolError, match=r"spool: .*: choose a folder"):
        DiskStorage(tmp_path / "file" / "spool")


def test_a_file_of_somebody_else_or_of_a_later_day_is_left_alone(tmp_path: Path) -> None:
    for folder, statement, reason in (
        ("other", "CREATE TABLE t (a); PRAGMA user_version = 1", "is no spool of forecalm"),
        ("later", "PRAGMA user_version = 99", "has version 99"),
    ):
        (tmp_path / folder).mkdir()
        if folder == "later":
            DiskStorage(tmp_path / folder).close()
        with sqlite3.connect(tmp_path / folder / "spool.sqlite") as db:
            db.executescript(statement)
        db.close()
        before = (tmp_path / folder / "spool.sqlite").read_bytes()
        with pytest.raises(SpoolError, match=reason):
            DiskStorage(tmp_path / folder)
        assert (tmp_path / folder / "spool.sqlite").read_bytes() == before


@pytest.mark.parametrize("harm", ["header", "nonsense", "cut"])
def test_a_damaged_file_is_moved_aside_and_recording_goes_on(
    tmp_path: Path, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    storage = DiskStorage(tmp_path)
    storage.write(puts(*range(300)), [], [])
    storage.close()
    path = tmp_path / "spool.sqlite"
    whole = path.read_bytes()
    damaged = {
        "header": b"\0" * 100 + whole[100:],
        "nonsense": os.urandom(len(whole)),
        "cut": whole[:4096] + b"\xff" * 4096 + whole[8192:20_000],
    }[harm]
    path.write_bytes(damaged)
    again = DiskStorage(tmp_path)
    again.write(puts(7), [], [])
    assert held(again, 0, 9) == [7]
    again.close()
    assert "moved to spool.sqlite.damaged-1" in caplog.text
    assert (tmp_path / "spool.sqlite.damaged-1").exists()


def test_a_payload_that_rotted_is_known_and_its_neighbours_are_read(tmp_path: Path) -> None:
    storage = DiskStorage(tmp_path)
    storage.write(puts(*range(100)), [], [])
    storage.close()
    path = tmp_path / "spool.sqlite"
    path.write_bytes(path.read_bytes().replace(payload(42), payload(42).replace(b"-", b"+", 1)))
    again = DiskStorage(tmp_path)
    assert again.read((KEY, 41, 43)) == [(41, payload(41)), (42, None), (43, payload(43))]
    again.close()


def test_a_full_disk_is_told_and_what_is_new_is_held_in_memory_until_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    storage = DiskStorage(tmp_path)
    storage.write(puts(0), [], [])
    (pages,) = storage._db.execute("PRAGMA page_count").fetchone()
    storage._db.execute(f"PRAGMA max_page_count = {pages}")
    assert storage.write(puts(*range(1, 50)), [], [STATE]).lost == ()
    assert "full" in (storage.trouble or "")
    assert "in memory alone" in caplog.text
    assert held(storage, 0, 60) == list(range(50))
    assert storage.size((KEY, 0, 60)) == 50 * (len(payload(0)) + OVERHEAD)
    monkeypatch.setattr("ingest.sending.disk.RETRY_S", 0.0)
    storage.write(puts(50), [(KEY, 3, 3)], [])
    assert held(storage, 0, 60) == [0, 1, 2, *range(4, 51)]
    assert caplog.text.count("in memory alone") == 1, "a state is told, not its repetitions"
    storage._db.execute("PRAGMA max_page_count = 1000000")
    storage.write([], [], [])
    assert storage.trouble is None
    storage.close()
    again = DiskStorage(tmp_path)
    assert held(again, 0, 60) == [0, 1, 2, *range(4, 51)]
    assert again.resumed()[0].state == STATE
    again.close()


def test_while_the_disk_is_full_memory_is_bounded_and_the_oldest_goes_first(tmp_path: Path) -> None:
    storage = DiskStorage(tmp_path, memory_max=10 * (len(payload(0)) + OVERHEAD))
    storage.write(puts(0), [], [])
    (pages,) = storage._db.execute("PRAGMA page_count").fetchone()
    storage._db.execute(f"PRAGMA max_page_count = {pages}")
    assert storage.write(puts(*range(1, 14)), [], []).lost == ((KEY, 1, 1), (KEY, 2, 2), (KEY, 3, 3))
    assert held(storage, 0, 20) == [0, *range(4, 14)]
    storage.close()


def test_while_the_disk_is_full_what_it_has_still_to_let_go_of_is_runs_and_not_a_list_of_all_that_was_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = DiskStorage(tmp_path)
    storage.write(puts(*range(40)) + puts(*range(40), key=OTHER), [], [])
    (pages,) = storage._db.execute("PRAGMA page_count").fetchone()
    storage._db.execute(f"PRAGMA max_page_count = {pages}")
    storage.write(puts(*range(40, 200)), [], [])
    assert "full" in (storage.trouble or "")
    for seq in range(5_000):  # a watermark for every packet
        storage.write([], [(KEY, seq, seq), (OTHER, 2 * (seq % 10), 2 * (seq % 10))], [])
    assert sum(1 for runs in storage._drops.values() for _ in runs) <= 11
    monkeypatch.setattr("ingest.sending.disk.RETRY_S", 0.0)
    storage._db.execute("PRAGMA max_page_count = 1000000")
    storage.write(puts(7), [], [])
    assert storage.trouble is None
    assert not storage._drops
    storage.close()
    again = DiskStorage(tmp_path)
    assert held(again, 0, 250) == [7]
    assert held(again, 0, 40, OTHER) == [*range(1, 20, 2), *range(20, 40)]
    again.close()


def test_a_file_that_breaks_while_in_use_is_moved_aside_and_what_it_held_is_said_to_be_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    storage = DiskStorage(tmp_path)
    storage.write(puts(*range(20)), [], [])

    class Broken:
        def __init__(self, db: sqlite3.Connection) -> None:
            self._db = db

        def execute(self, statement: str, *rest: object) -> sqlite3.Cursor:
            if statement.startswith("BEGIN"):
                raise sqlite3.DatabaseError("database disk image is malformed")
            return self._db.execute(statement, *rest)

        def __getattr__(self, name: str) -> object:
            return getattr(self._db, name)

    storage._db = Broken(storage._db)  # type: ignore[assignment]
    assert storage.write(puts(20), [], []).lost == ((KEY, 0, 19),)
    assert "malformed" in caplog.text
    assert held(storage, 0, 30) == [20]
    storage.close()
    assert (tmp_path / "spool.sqlite.damaged-1").exists()
    again = DiskStorage(tmp_path)
    assert resumed(again) == {KEY: [(20, 20)]}
    again.close()


KILLED = """
import pathlib, sys
from ingest.sending.disk import DiskStorage
from ingest.sending.storage import Put
storage = DiskStorage(pathlib.Path(sys.argv[1]))
for seq in range(100_000):
    storage.write([Put(("band-01", 7), seq, f"reading-{seq:06d}-".encode() * 20)], [], [])
    print(seq, flush=True)
"""


def test_what_was_written_is_there_after_a_kill(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED, tmp_path], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = [int(process.stdout.readline()) for _ in range(50)]
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    said += [int(line) for line in rest.split()]
    storage = DiskStorage(tmp_path)
    found = held(storage, 0, said[-1])
    storage.close()
    assert found == said == list(range(len(said)))


def test_a_log_that_was_torn_by_a_power_cut_is_read_up_to_there(tmp_path: Path) -> None:
    """Cut anywhere, the file opens, and holds the first so many commits, whole."""
    storage = DiskStorage(tmp_path / "whole")
    for seq in range(6):
        storage.write(puts(seq, 100 + seq), [], [])
    file, log = ((tmp_path / "whole" / name).read_bytes() for name in ("spool.sqlite", "spool.sqlite-wal"))
    storage.close()
    counts: list[int] = []
    for n, cut in enumerate([0, 31, *range(60, len(log), 997), len(log)]):
        folder = tmp_path / f"torn-{n}"
        folder.mkdir()
        (folder / "spool.sqlite").write_bytes(file)
        (folder / "spool.sqlite-wal").write_bytes(log[:cut])
        torn = DiskStorage(folder)
        low, high = held(torn, 0, 9), held(torn, 100, 109)
        torn.close()
        assert [seq + 100 for seq in low] == high, "a commit is whole"
        assert low == list(range(len(low)))
        assert not list(folder.glob("*.damaged*")), "a torn log is no damage"
        counts.append(len(low))
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (0, 6)


def test_every_commit_is_synced_and_no_other_process_need_be_trusted(tmp_path: Path) -> None:
    storage = DiskStorage(tmp_path)
    pragmas = {name: storage._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")}
    storage.close()
    assert pragmas == {"synchronous": 2, "journal_mode": "wal"}


def test_what_was_said_of_boots_of_long_ago_is_forgotten_unless_something_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.sending.disk.BOOTS_MAX", 2)
    storage = DiskStorage(tmp_path)
    for boot in range(6):
        gone = ((1, 2),) if boot == 1 else ()
        storage.write([], [], [BootState(("b", boot), 0, (0, 3), gone)])
    storage.write([Put(("b", 0), 9, payload(9))], [], [])
    storage.close()
    again = DiskStorage(tmp_path)
    assert [boot.state.key[1] for boot in again.resumed()] == [0, 1, 4, 5]
    again.close()


def test_what_is_gone_of_boots_of_long_ago_is_forgotten_too_when_there_are_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.sending.disk.BOOTS_MAX", 3)
    storage = DiskStorage(tmp_path)
    storage.write([], [], [BootState(("b", boot), 0, None, ((1, 2),)) for boot in range(8)])
    storage.write([Put(("b", 0), 9, payload(9))], [], [])
    storage.close()
    again = DiskStorage(tmp_path)
    assert [boot.state.key[1] for boot in again.resumed()] == [0, 5, 6, 7]
    again.close()
