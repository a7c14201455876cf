"""An SQLite connection in, the tables of this version in its file out: made anew, or upgraded from the one before."""

import sqlite3
from pathlib import Path
from typing import Final

from ingest.errors import IngestError, StoreError
from ingest.received import Received
from ingest.store.quarantine import band_in
from ingest.store.runs import Runs
from ingest.wire import unpack

VERSION: Final = 3  # of the tables; PRAGMA user_version
UPGRADE_ROWS: Final = 1_000  # packets decoded at a time while upgrading: 1 MB

SCHEMA: Final = """
CREATE TABLE boots (
    id INTEGER PRIMARY KEY, band TEXT NOT NULL, boot INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,                          -- the first number that ever came
    tick_us INTEGER, offset_s REAL, received_s REAL,     -- newest mapping and arrival of what has left the inbox
    packets INTEGER NOT NULL DEFAULT 0, samples INTEGER NOT NULL DEFAULT 0, first_s REAL, last_s REAL,  -- settled
    UNIQUE (band, boot)
);
CREATE TABLE runs (                                      -- numbers handled for ever, save for those in the inbox
    boot_id INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (boot_id, first)
) WITHOUT ROWID;
CREATE TABLE inbox (
    id INTEGER PRIMARY KEY, boot_id INTEGER NOT NULL, seq INTEGER NOT NULL, tick_us INTEGER NOT NULL,
    offset_s REAL NOT NULL, received_s REAL NOT NULL, start_s REAL NOT NULL, end_s REAL NOT NULL,
    samples INTEGER NOT NULL, payload BLOB NOT NULL
);
CREATE INDEX inbox_time ON inbox (boot_id, start_s);
CREATE TABLE pieces (
    id INTEGER PRIMARY KEY, boot_id INTEGER NOT NULL, start_s REAL NOT NULL, end_s REAL NOT NULL,
    packets INTEGER NOT NULL, samples INTEGER NOT NULL, crc INTEGER NOT NULL, meta BLOB NOT NULL
);
CREATE INDEX pieces_time ON pieces (boot_id, start_s);
CREATE TABLE channels (
    id INTEGER PRIMARY KEY,                              -- 16 * piece + number of the channel in CHANNELS
    crc INTEGER NOT NULL, numbers BLOB NOT NULL
);
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY, topic TEXT NOT NULL, digest BLOB NOT NULL, payload BLOB, reason TEXT NOT NULL,
    received_s REAL NOT NULL, band TEXT,
    UNIQUE (topic, digest)
);
CREATE INDEX quarantine_full ON quarantine (topic, id) WHERE payload IS NOT NULL;
CREATE INDEX quarantine_oldest ON quarantine (id) WHERE payload IS NOT NULL;
CREATE TABLE erasures (
    id INTEGER PRIMARY KEY, band TEXT NOT NULL, since_s REAL NOT NULL, until_s REAL NOT NULL,
    settled_too INTEGER NOT NULL                         -- 0: the rest is still to be erased, 1: only the log
);
CREATE TABLE memory (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""


def prepare(db: sqlite3.Connection, path: Path) -> None:
    """Make or upgrade the tables, inside the transaction that is open; raises StoreError on any other version."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        return
    fresh = version == 0 and not db.execute("SELECT 1 FROM sqlite_master").fetchone()
    if not fresh and version != 2:
        newer = "a newer program wrote it, use that" if version > VERSION else "use another file"
        raise StoreError(f"{path}: tables of version {version}, this is for {VERSION}: {newer}")
    if not fresh:
        _put_aside(db)
    for statement in SCHEMA.split(";"):
        db.execute(statement)
    if not fresh:
        _take_over(db)
    db.execute(f"PRAGMA user_version = {VERSION}")


def _put_aside(db: sqlite3.Connection) -> None:
    """Out of the way with the tables of version 2."""
    db.execute("DROP INDEX inbox_time")
    db.execute("DROP INDEX quarantine_name")
    for table in ("inbox", "boots", "quarantine"):
        db.execute(f"ALTER TABLE {table} RENAME TO {table}_2")


def _take_over(db: sqlite3.Connection) -> None:
    """Bring over everything that version 2 kept."""
    db.execute("INSERT INTO boots (band, boot, first_seq) SELECT band, boot, since FROM boots_2 ORDER BY received_s")
    ids = {(band, boot): boot_id for boot_id, band, boot in db.execute("SELECT id, band, boot FROM boots")}
    kept = db.execute(
        "SELECT band, boot, seq, offset_s, received_s, start_s, end_s, payload FROM inbox_2 ORDER BY received_s"
    )
    while rows := kept.fetchmany(UPGRADE_ROWS):
        db.executemany(
            "INSERT INTO inbox VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (ids[row[0], row[1]], row[2], tick_us, *row[3:7], samples, row[7])
                for row in rows
                for tick_us, samples in [_tick_and_samples(row[7])]
            ],
        )
    _take_over_quarantine(db, ids)
    for table in ("inbox", "boots", "quarantine"):
        db.execute(f"DROP TABLE {table}_2")


def _take_over_quarantine(db: sqlite3.Connection, ids: dict[tuple[str, int], int]) -> None:
    named: dict[int, Runs] = {}
    for band, boot, seq in db.execute("SELECT band, boot, seq FROM quarantine_2 WHERE band IS NOT NULL"):
        named.setdefault(ids[band, boot], Runs()).add(seq, seq)
    rows = [(boot_id, *run) for boot_id, runs in named.items() for run in runs]
    db.executemany("INSERT INTO runs VALUES (?, ?, ?)", rows)
    refused = db.execute(
        "SELECT topic, digest, payload, reason, received_s, band FROM quarantine_2 ORDER BY received_s"
    )
    while some := refused.fetchmany(UPGRADE_ROWS):
        db.executemany(
            "INSERT INTO quarantine VALUES (NULL, ?, ?, ?, ?, ?, ?)",
            [(*row[:5], row[5] or band_in(row[0])) for row in some],
        )


def _tick_and_samples(payload: bytes) -> tuple[int, int]:
    """What version 2 did not write down; zeros for a packet that cannot be read back, which is kept as it is."""
    try:
        packet = unpack(payload)
    except IngestError:
        return 0, 0
    return packet.tick_us, Received(packet, 0.0, 0.0, payload).samples()
