"""What the store in a file does when it is killed, read from elsewhere, full, locked, corrupt or of another version."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.errors import StoreError
from ingest.received import Received
from ingest.store.sqlite import SqliteStore

MakeReceived = Callable[..., Received]
UTC_S = 1e9

READER = """
import sqlite3, sys
db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
print(db.execute("SELECT count(*) FROM inbox").fetchone()[0])
"""


def test_another_process_reads_while_we_write(tmp_path: Path, make_received: MakeReceived) -> None:
    path = tmp_path / "readings.sqlite"
    with closing(SqliteStore(path)) as store:
        store.commit([make_received(seq=seq) for seq in range(4)])
        reading = store.packets("b")
        next(reading)
        store.commit([make_received(seq=9)])
        done = subprocess.run([sys.executable, "-c", READER, path], capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["5"]
        assert len(list(reading)) == 3


def test_what_was_committed_survives_a_kill(tmp_path: Path, make_received: MakeReceived) -> None:
    path = tmp_path / "readings.sqlite"
    code = (
        "import os, sys; from pathlib import Path; from ingest.store.sqlite import SqliteStore;"
        "from ingest.received import Received; from ingest.wire import decode;"
        "data = sys.stdin.buffer.read(); store = SqliteStore(Path(sys.argv[1]));"
        "store.commit([Received(decode(data), 1.0, 2.0, data)]); os.kill(os.getpid(), 9)"
    )
    sent = make_received(seq=0)
    done = subprocess.run(
        [sys.executable, "-c", code, path], input=sent.payload, cwd=Path(__file__).parents[3], check=False
    )
    assert done.returncode == -9
    with closing(SqliteStore(path)) as store:
        assert [received.payload for received in store.packets("b")] == [sent.payload]


def test_a_locked_file_says_so(tmp_path: Path, make_received: MakeReceived) -> None:
    path = tmp_path / "readings.sqlite"
    with closing(SqliteStore(path, busy_s=0.01)) as store, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"readings\.sqlite: database is locked"):
            store.commit([make_received(seq=0)])
        other.rollback()
        assert store.commit([make_received(seq=0)]) == 1


def test_a_full_file_says_so_and_keeps_what_it_has(tmp_path: Path, make_received: MakeReceived) -> None:
    with closing(SqliteStore(tmp_path / "readings.sqlite")) as store:
        store.commit([make_received(seq=0)])
        store._inbox.database._db.execute("PRAGMA max_page_count = 1")
        with pytest.raises(StoreError, match=r"readings\.sqlite: .*full"):
            store.commit([make_received(seq=seq) for seq in range(1, 60)])
        store._inbox.database._db.execute("PRAGMA max_page_count = 1000000")
        assert store.counts().packets == {"b": 1}
        assert store.commit([make_received(seq=1)]) == 1


@pytest.mark.parametrize("content", [b"this is no database, not at all. " * 200])
def test_a_corrupt_file_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "readings.sqlite"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"readings\.sqlite: file is not a database"):
        SqliteStore(path)
    with pytest.raises(StoreError, match="unable to open"):
        SqliteStore(tmp_path / "no folder" / "readings.sqlite")
    assert path.read_bytes() == content


def test_a_file_of_another_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "readings.sqlite"
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="version 99"):
        SqliteStore(path)


def test_a_packet_that_rotted_on_disk_says_so(tmp_path: Path, make_received: MakeReceived) -> None:
    with closing(SqliteStore(tmp_path / "readings.sqlite")) as store:
        store.commit([replace(make_received(seq=0), payload=b"rot")])
        with pytest.raises(StoreError, match=r"packet 1/0 cannot be read back"):
            list(store.packets("b"))
