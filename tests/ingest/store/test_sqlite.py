"""What the store in a file does when it is killed, read from elsewhere, full, locked, corrupt or of another version."""

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.errors import StoreError
from ingest.received import Received
from ingest.store import blocks, inbox
from ingest.store.ledger import Ledger
from ingest.store.protocol import Counts, Erased, Run
from ingest.store.sqlite import SqliteStore
from ingest.wire import Samples
from tests.servers import LONG_S

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


def _held(content: bytes, marks: list[bytes]) -> list[bytes]:
    """Which of the marks, of eight bytes at least, lie anywhere in the content: many are not looked for one by one."""
    if len(marks) > 99:
        begins = {content[at : at + 8] for at in range(len(content))}
        marks = [mark for mark in marks if mark[:8] in begins]
    return [mark for mark in marks if mark in content]


def _traces(path: Path, marks: list[bytes]) -> list[str]:
    """Which of the file, its log and its index hold any of the marks."""
    files = [path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")]
    found = {file.name: file.read_bytes() for file in files if file.exists()}
    return [name for name, content in found.items() for _ in _held(content, marks)]


def _noise(seq: int, band: str = "b") -> Samples:
    """A second of numbers that nothing can make smaller: what lies packed in the file is what was sent, or parts."""
    noise = np.random.default_rng([seq, ord(band)]).integers(-30_000, 30_000, 64).astype("<i2").tobytes()
    return Samples(rate_hz=64.0, tick_us=seq * 1_000_000, values=noise, dtype="i2")


def _blobs(path: Path) -> list[bytes]:
    with closing(sqlite3.connect(path)) as db:
        return [blob for (blob,) in db.execute("SELECT numbers FROM channels UNION ALL SELECT meta FROM pieces")]


def _gone(before: list[bytes], after: list[bytes]) -> list[bytes]:
    """Marks of what was packed before and is not any more."""
    marks = [blob[at : at + 24] for blob in before for at in range(0, len(blob) - 24, 24)]
    left = set(_held(b"".join(after), marks))
    return [mark for mark in marks if mark not in left]


@pytest.mark.parametrize("settled", [True, False])
def test_what_is_erased_leaves_no_trace_in_any_file(tmp_path: Path, make_received: MakeReceived, settled: bool) -> None:
    path = tmp_path / "readings.sqlite"
    sent = {
        band: [make_received(band=band, seq=i, rates_hz={}, ppg=_noise(i, band)) for i in range(400)] for band in "abc"
    }
    with closing(SqliteStore(path)) as store:
        for i in range(0, 400, 10):
            for band in "abc":
                store.commit(sent[band][i : i + 10])
            if settled and i % 100 == 0:
                store.settle(0.0, everything=True)
        if settled:
            store.settle(0.0, everything=True)
        junk = np.random.default_rng(1).bytes(2_000)
        store.quarantine("forecalm/v1/home/band/b/data", junk, "not a packet", UTC_S + 50)
        own = [received.packet.ppg.values[k : k + 16] for received in sent["b"] for k in (0, 48, 112)]
        packed = _blobs(path) if settled else []
        assert _traces(path, [junk[:24]]) != []
        assert _traces(path, (_gone(packed, []) or own)[:9]) != []
        assert store.erase("b", UTC_S, UTC_S + 1_000).packets == 400
        gone = _gone(packed, _blobs(path))
        assert len(gone) > 1_000 or not settled
        assert _traces(path, [junk[:24], junk[-24:], *own, *gone]) == []
        assert len(list(store.packets("a"))) == len(list(store.packets("c"))) == 400
        assert store.check() == []
    assert _traces(path, own) == []


def test_erasing_part_of_a_piece_keeps_the_rest_of_it(tmp_path: Path, make_received: MakeReceived) -> None:
    path = tmp_path / "readings.sqlite"
    sent = [make_received(seq=i, rates_hz={}, ppg=_noise(i)) for i in range(60)]
    with closing(SqliteStore(path)) as store:
        store.commit(sent)
        store.settle(0.0, everything=True)
        packed = _blobs(path)
        assert store.erase("b", UTC_S + 20, UTC_S + 40).packets == 20
        gone = _gone(packed, _blobs(path))
        assert len(gone) > 50
        assert _traces(path, gone) == []
        assert [received.packet for received in store.packets("b")] == [r.packet for r in [*sent[:20], *sent[40:]]]


def test_an_erasure_that_a_reader_holds_up_says_so_and_is_carried_on(
    tmp_path: Path, make_received: MakeReceived, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.store.settling.WIPE_S", 0.0)
    path = tmp_path / "readings.sqlite"
    with closing(SqliteStore(path)) as store:
        store.commit([make_received(seq=i, rates_hz={}, ppg=_noise(i)) for i in range(60)])
        reading = store.packets("b")
        next(reading)
        with pytest.raises(StoreError, match="end long readings"):
            store.erase("b", UTC_S, UTC_S + 99)
        assert store.counts().packets == {}
        assert len(list(reading)) == 59
        store.commit([make_received(seq=70, start_s=50.0)])
        store.settle(0.0, everything=True)
        assert _traces(path, [_noise(i).values[:16] for i in range(60)]) == []
        assert [received.packet.seq for received in store.packets("b")] == [70]


def test_refused_messages_whose_going_a_reader_holds_up_leave_no_trace_after_the_next_settling(
    tmp_path: Path, make_received: MakeReceived, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.store.settling.WIPE_S", 0.0)
    path = tmp_path / "readings.sqlite"
    with closing(SqliteStore(path)) as store:
        store.commit([make_received(seq=i) for i in range(2)])
        store.quarantine("forecalm/v1/home/band/b/data", b"junk-of-marker", "junk", UTC_S)
        reading = store.packets("b")
        next(reading)
        with pytest.raises(StoreError, match="end long readings"):
            store.forget_refused(lambda *_: True)
        assert store.quarantined(9) == []
        store.settle(0.0)
        assert _traces(path, [b"junk-of-marker"]) != [], "somebody still reads"
        assert len(list(reading)) == 1
        store.settle(0.0)
        assert _traces(path, [b"junk-of-marker"]) == []
        assert len(list(store.packets("b"))) == 2


def test_a_copy_holds_everything_while_others_go_on_writing(tmp_path: Path, make_received: MakeReceived) -> None:
    copy, stop = tmp_path / "copy.sqlite", threading.Event()
    with closing(SqliteStore(tmp_path / "readings.sqlite")) as store:
        store.commit([make_received(seq=i) for i in range(100)])
        store.settle(0.0, everything=True)
        store.remember("key", b"value")

        def go_on() -> None:
            for seq in itertools.count(100):
                if stop.is_set():
                    return
                store.commit([make_received(seq=seq)])

        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(go_on)
            store.backup(copy)
            stop.set()
            writing.result()
        with pytest.raises(StoreError, match="a file already"):
            store.backup(copy)
    with closing(SqliteStore(copy)) as store:
        seqs = [received.packet.seq for received in store.packets("b")]
        assert seqs == list(range(len(seqs)))
        assert len(seqs) >= 100
        assert (store.check(), store.recall("key")) == ([], b"value")
    assert copy.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("table", ["channels SET numbers", "pieces SET meta", "inbox SET payload"])
def test_a_check_finds_what_rotted(tmp_path: Path, make_received: MakeReceived, table: str) -> None:
    path = tmp_path / "readings.sqlite"
    with closing(SqliteStore(path)) as store:
        store.commit([make_received(seq=i) for i in range(5)])
        store.settle(0.0, everything=True)
        store.commit([make_received(seq=9)])
        assert store.check() == []
        with closing(sqlite3.connect(path)) as db:
            column = table.split()[-1]
            db.execute(f"UPDATE {table} = CAST(substr({column}, 1, 40) || x'00' || substr({column}, 42) AS BLOB)")
            db.commit()
        assert store.check() != []


def test_what_rotted_can_be_erased(tmp_path: Path, make_received: MakeReceived) -> None:
    path = tmp_path / "readings.sqlite"
    with closing(SqliteStore(path)) as store:
        store.commit([make_received(seq=i) for i in range(5)])
        store.settle(0.0, everything=True)
        with closing(sqlite3.connect(path)) as db:
            db.execute("UPDATE channels SET numbers = x'00'")
            db.execute("UPDATE pieces SET meta = x'00'")
            db.commit()
        with pytest.raises(StoreError, match=r"readings\.sqlite: piece 1"):
            list(store.packets("b"))
        with pytest.raises(StoreError, match=r"readings\.sqlite: piece 1: eda"):
            list(store.read("b", "eda", UTC_S, UTC_S + 9))
        assert store.erase("b", UTC_S, UTC_S + 99) == Erased(5, 5 * 104)
        assert store.check() == []


def test_committing_settling_reading_and_erasing_go_on_at_once(
    tmp_path: Path, make_received: MakeReceived, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.store.settling.WIPE_S", LONG_S)  # somebody reads nearly all the time
    sent = [make_received(band=band, seq=i, rates_hz={"eda": 4.0}) for i in range(300) for band in "ab"]
    with closing(SqliteStore(tmp_path / "readings.sqlite")) as store, ThreadPoolExecutor(4) as pool:
        done = threading.Event()

        def commit() -> None:
            for i in range(0, len(sent), 6):
                store.commit(sent[i : i + 6])
            done.set()

        def settle() -> None:
            while not done.is_set():
                store.settle(0.0, everything=True)

        def look() -> None:
            before = 0
            while not done.is_set():
                seqs = [received.packet.seq for received in store.packets("a")]
                assert seqs == list(range(len(seqs)))
                values = sum(block.values.size for block in store.read("a", "eda", UTC_S, UTC_S + 999))
                assert before <= len(seqs) * 4 <= values
                before = values

        def erase() -> None:
            while not done.is_set():
                store.erase("b", UTC_S, UTC_S + 999)

        for working in [pool.submit(work) for work in (commit, settle, look, erase)]:
            working.result()
        store.erase("b", UTC_S, UTC_S + 999)
        assert store.counts() == Counts({"a": 300}, {"a": 1_200}, 0)
        assert store.watermark("b", 1) == Run(0, 299)
        assert store.check() == []


def test_a_check_finds_a_packet_that_does_not_count_as_stored(tmp_path: Path, make_received: MakeReceived) -> None:
    path = tmp_path / "readings.sqlite"
    with closing(SqliteStore(path)) as store:
        store.commit([make_received(seq=i) for i in range(5)])
        store.settle(0.0, everything=True)
        with closing(sqlite3.connect(path)) as db:
            db.execute("UPDATE runs SET last = 2")
            db.commit()
        assert [line.split(": ", 2)[2] for line in store.check()] == ["packet 0 to 4 does not count as stored"]


def _killed_after(steps: int, path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Settle in a process of its own, which dies at the step after ``steps``; return how it ended."""
    left = itertools.count(-steps)

    def dying(step: Callable[..., object]) -> Callable[..., object]:
        def instead(*given: object) -> object:
            if next(left) == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return step(*given)

        return instead

    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        monkeypatch.setattr(blocks, "pack", dying(blocks.pack))
        monkeypatch.setattr(blocks._Piece, "write", dying(blocks._Piece.write))
        monkeypatch.setattr(inbox, "keep_run", dying(inbox.keep_run))
        monkeypatch.setattr(Ledger, "settle", dying(Ledger.settle))
        SqliteStore(path).settle(0.0, everything=True)
        os._exit(0)
    finally:
        os._exit(1)


def test_a_kill_while_settling_loses_nothing_and_leaves_nothing_twice(
    tmp_path: Path, make_received: MakeReceived, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "readings.sqlite"
    sent = [make_received(seq=seq, boot=boot) for boot in (1, 2) for seq in range(3)]
    with closing(SqliteStore(path)) as store:
        store.commit(sent)
    for steps in range(10):
        ended = _killed_after(steps, path, monkeypatch)
        with closing(SqliteStore(path)) as store:
            assert store.check() == []
            assert sorted((r.packet.boot, r.packet.seq) for r in store.packets("b")) == [
                (r.packet.boot, r.packet.seq) for r in sent
            ]
            assert store.counts().packets == {"b": 6}
            assert store.commit(sent) == 0
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
    assert (ended, steps) == (0, 8)  # pack, then write, runs and totals, of two boots in one transaction


def test_the_quarantine_keeps_no_more_payload_than_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.store.quarantine.TOPIC_BYTES", 3_000)
    monkeypatch.setattr("ingest.store.quarantine.ALL_BYTES", 5_000)
    monkeypatch.setattr("ingest.store.quarantine.ROWS", 12)
    with closing(SqliteStore(tmp_path / "readings.sqlite")) as store:
        for i in range(5):
            store.quarantine("t", b"%d" % i * 1_000, "odd", UTC_S)
        assert [refusal.payload is None for refusal in store.quarantined(9)] == [False, False, False, True, True]
        assert (store.counts().quarantined, store.counts().shed) == (5, 2)
        for i in range(3):
            store.quarantine("u", b"%d" % i * 1_000, "odd", UTC_S)
        assert (store.counts().quarantined, store.counts().shed) == (8, 3)
        store.quarantine("t", b"0" * 1_000, "odd", UTC_S)
        assert store.counts().quarantined == 8
        for i in range(9):
            store.quarantine("v", b"%d" % i, "odd", UTC_S)
    with closing(SqliteStore(tmp_path / "readings.sqlite")) as store:
        assert (store.counts().quarantined, len(store.quarantined(99))) == (12, 12)
        assert store.counts().shed == sum(refusal.payload is None for refusal in store.quarantined(99))


def test_two_processes_may_write_in_turn(tmp_path: Path, make_received: MakeReceived) -> None:
    path = tmp_path / "readings.sqlite"
    with closing(SqliteStore(path)) as one, closing(SqliteStore(path)) as two:
        assert one.commit([make_received(seq=0), make_received(seq=1)]) == 2
        assert two.commit([make_received(seq=1), make_received(seq=2)]) == 1
        assert two.settle(0.0, everything=True) == 3
        assert one.commit([make_received(seq=2), make_received(seq=3)]) == 1
        assert one.counts() == two.counts() == Counts({"b": 4}, {"b": 416}, 0)
        assert one.watermark("b", 1) == two.watermark("b", 1) == Run(0, 3)
        assert one.check() == []


def test_a_band_begins_where_what_an_erasure_left_begins(tmp_path: Path, make_received: MakeReceived) -> None:
    with closing(SqliteStore(tmp_path / "readings.sqlite")) as store:
        store.commit([make_received(seq=seq) for seq in range(5)])
        store.settle(0.0, everything=True)
        store.erase("b", UTC_S, UTC_S + 0.5)
        (band,) = store.bands()
        assert (band.packets, band.first_s) == (4, UTC_S + 1)
