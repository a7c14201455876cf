"""A file of the previous release, as its own statements made it, opened by this one: everything is still there."""

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ingest.errors import StoreError
from ingest.received import Received
from ingest.store.protocol import Counts, Mapping, Run
from ingest.store.sqlite import SqliteStore

MakeReceived = Callable[..., Received]
UTC_S = 1e9
VERSION_2 = """
CREATE TABLE inbox (
    band TEXT NOT NULL, boot INTEGER NOT NULL, seq INTEGER NOT NULL,
    offset_s REAL NOT NULL, received_s REAL NOT NULL, start_s REAL NOT NULL, end_s REAL NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (band, boot, seq)
) WITHOUT ROWID;
CREATE INDEX inbox_time ON inbox (band, start_s);
CREATE TABLE boots (
    band TEXT NOT NULL, boot INTEGER NOT NULL, since INTEGER NOT NULL, watermark INTEGER NOT NULL,
    packets INTEGER NOT NULL, samples INTEGER NOT NULL,
    tick_us INTEGER NOT NULL, offset_s REAL NOT NULL, received_s REAL NOT NULL,
    PRIMARY KEY (band, boot)
) WITHOUT ROWID;
CREATE TABLE quarantine (
    topic TEXT NOT NULL, digest BLOB NOT NULL, payload BLOB NOT NULL, reason TEXT NOT NULL, received_s REAL NOT NULL,
    band TEXT, boot INTEGER, seq INTEGER,
    PRIMARY KEY (topic, digest)
) WITHOUT ROWID;
CREATE INDEX quarantine_name ON quarantine (band, boot, seq);
PRAGMA user_version = 2;
"""
"""The tables of release 0.1.0, word for word."""
TOPIC = "forecalm/v1/home/band/b/data"


def _version_2(path: Path, packets: list[Received]) -> None:
    """A file of version 2 with packets 0 to 4 of band b, boot 1, but 2, which is in quarantine, and 0 of boot 2."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(VERSION_2)
        for r in packets:
            row = (r.packet.band, r.packet.boot, r.packet.seq, r.offset_s, r.received_s, *r.span_s(), r.payload)
            db.execute("INSERT INTO inbox VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        for boot in ((1, 1, 4, 4, 416, 5_000_000, UTC_S, UTC_S + 5), (2, 0, 0, 1, 104, 1_000_000, UTC_S, UTC_S + 1)):
            db.execute("INSERT INTO boots VALUES ('b', ?, ?, ?, ?, ?, ?, ?, ?)", boot)
        refused = [
            (b"odd", "values: infinite", UTC_S + 3, "b", 1, 2),
            (b"junk", "not a packet", UTC_S, None, None, None),
        ]
        for payload, *rest in refused:
            digest = hashlib.sha256(payload).digest()
            db.execute("INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (TOPIC, digest, payload, *rest))
        db.commit()


@pytest.fixture
def packets(make_received: MakeReceived) -> list[Received]:
    """What the previous release held."""
    sent = [make_received(seq=seq, boot=1) for seq in (0, 1, 3, 4)]
    return [*sent, make_received(seq=0, boot=2, start_s=9.0)]


def test_the_previous_release_s_file_is_taken_over_whole(tmp_path: Path, packets: list[Received]) -> None:
    path = tmp_path / "readings.sqlite"
    _version_2(path, packets)
    for _ in range(2):
        with closing(SqliteStore(path)) as store:
            assert list(store.packets("b")) == packets
            assert store.counts() == Counts({"b": 5}, {"b": 5 * 104}, 2)
            assert store.watermark("b", 1) == Run(0, 4)
            assert store.watermark("b", 2) == Run(0, 0)
            assert set(store.last_mappings()) == {Mapping("b", 1, 5_000_000, UTC_S), Mapping("b", 2, 10_000_000, UTC_S)}
            assert [(r.topic, r.payload, r.reason) for r in store.quarantined(9)] == [
                (TOPIC, b"odd", "values: infinite"),
                (TOPIC, b"junk", "not a packet"),
            ]
            assert store.check() == []
            assert store.commit(packets) == 0
    with closing(SqliteStore(path)) as store:
        assert store.settle(0.0, everything=True) == 5
        assert [received.packet for received in store.packets("b")] == [received.packet for received in packets]
        store.erase("b", UTC_S, UTC_S + 99)
        assert store.counts() == Counts({}, {}, 0)


def test_a_packet_that_rotted_in_the_previous_release_s_file_is_kept_and_told(
    tmp_path: Path, packets: list[Received]
) -> None:
    path = tmp_path / "readings.sqlite"
    _version_2(path, packets)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE inbox SET payload = x'c1' WHERE boot = 2")
        db.commit()
    with closing(SqliteStore(path)) as store:
        assert store.settle(0.0, everything=True) == 4
        assert [line.split(": ")[1] for line in store.check()] == ["packet b/2/0 cannot be read back"]
        assert store.commit(packets) == 0


def test_an_upgrade_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, packets: list[Received], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "readings.sqlite"
    _version_2(path, packets)

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as broken:
        broken.setattr("ingest.store.tables._take_over_quarantine", full)
        with pytest.raises(StoreError, match="full"):
            SqliteStore(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (2,)
        assert db.execute("SELECT count(*) FROM inbox").fetchone() == (5,)
    with closing(SqliteStore(path)) as store:
        assert list(store.packets("b")) == packets


@pytest.mark.parametrize(("version", "mend"), [(1, "use another file"), (4, "a newer program wrote it")])
def test_other_versions_are_refused_by_name(tmp_path: Path, version: int, mend: str) -> None:
    path = tmp_path / "readings.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {version}")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=f"version {version}, this is for 3: {mend}"):
        SqliteStore(path)
    assert path.read_bytes()[100:] == before[100:]
