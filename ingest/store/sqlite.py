"""Received packets in, one SQLite file out: durable when ``commit`` returns, readable by others while it is written.

Write-ahead log, synchronous FULL, one short ``BEGIN IMMEDIATE`` transaction a batch. Packets rest as they came, with
their mapping to UTC; packing them into compressed blocks is a later step.
"""

import hashlib
import heapq
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from ingest.errors import IngestError, StoreError
from ingest.received import Received
from ingest.store.protocol import Counts, Mapping, Run
from ingest.types import Block
from ingest.wire import AHEAD_MAX_US, PACKET_MAX, SPAN_MAX_US, decode

VERSION: Final = 2  # of the tables; PRAGMA user_version
# No packet spans more, with the period of its last sample.
REACH_S: Final = (SPAN_MAX_US + AHEAD_MAX_US) * 1e-6 + 100.0
BUSY_S: Final = 5.0  # how long to wait for another writer, which has no business here

SCHEMA: Final = """
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
"""


class SqliteStore:
    """A ``Store`` in the SQLite file at ``path``, made where there is none. Safe to share between threads.

    One file belongs to one writing process. Raises StoreError, naming the path and the reason, where the file is
    corrupt, full, locked or of another version.
    """

    def __init__(self, path: Path, *, busy_s: float = BUSY_S) -> None:
        self._path = path
        self._lock = threading.Lock()
        with self._errors():
            self._db = sqlite3.connect(path, timeout=busy_s, isolation_level=None, check_same_thread=False)
            try:
                self._open()
            except BaseException:
                self._db.close()
                raise

    def _open(self) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
            self._db.execute(f"PRAGMA {pragma}")
        with self._transaction() as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version == 0 and not db.execute("SELECT 1 FROM sqlite_master").fetchone():
                for statement in SCHEMA.split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {VERSION}")
            elif version != VERSION:
                raise StoreError(f"{self._path}: tables of version {version}, this is for {VERSION}: use another file")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error}") from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def commit(self, batch: Sequence[Received]) -> int:
        """Make a batch durable, all of it or nothing; return how many packets were new."""
        new: dict[tuple[str, int], list[Received]] = {}
        with self._transaction() as db:
            for received in batch:
                if _insert(db, received):
                    new.setdefault((received.packet.band, received.packet.boot), []).append(received)
            for (band, boot), some in new.items():
                _note(db, band, boot, some)
        return sum(len(some) for some in new.values())

    def quarantine(
        self, topic: str, payload: bytes, reason: str, received_s: float, *, name: tuple[str, int, int] | None = None
    ) -> None:
        """Make durable what could not be used, its first ``PACKET_MAX`` bytes, once however often it comes."""
        digest = hashlib.sha256(payload).digest()
        row = (topic, digest, payload[:PACKET_MAX], reason, received_s, *(name or (None, None, None)))
        with self._transaction() as db:
            db.execute("INSERT OR IGNORE INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            if name is not None:
                band, boot, seq = name
                row = (band, boot, seq, seq, received_s)
                db.execute("INSERT OR IGNORE INTO boots VALUES (?, ?, ?, ?, 0, 0, 0, 0, ?)", row)
                _advance(db, band, boot)

    def watermark(self, band: str, boot: int) -> Run | None:
        """The packets around the first of a boot that came, as far as they are stored without a hole, either way; None
        before one has come."""
        query = "SELECT since, watermark FROM boots WHERE band = ? AND boot = ?"
        with self._lock, self._errors():
            row = self._db.execute(query, (band, boot)).fetchone()
        return None if row is None else Run(*row)

    def read(self, band: str, channel: str, since_s: float, until_s: float) -> Iterator[Block]:
        """Yield the blocks of one channel that reach into ``[since_s, until_s)`` [UTC s], in time order, uncut."""
        waiting: list[tuple[float, int, Block]] = []
        found = self._received(
            "band = ? AND start_s >= ? AND start_s < ? AND end_s >= ?", (band, since_s - REACH_S, until_s, since_s)
        )
        for i, (start_s, received) in enumerate(found):
            while waiting and waiting[0][0] <= start_s:
                yield heapq.heappop(waiting)[2]
            for block in received.blocks():
                if block.channel == channel and block.start_s < until_s and block.end_s > since_s:
                    heapq.heappush(waiting, (block.start_s, i, block))
        while waiting:
            yield heapq.heappop(waiting)[2]

    def packets(self, band: str) -> Iterator[Received]:
        """Yield every packet of a band as it was received, in order of its UTC time."""
        for _, received in self._received("band = ?", (band,)):
            yield received

    def _received(self, where: str, values: Iterable[str | float]) -> Iterator[tuple[float, Received]]:
        """Yield start and packet of some rows in time order, over a connection that no writer waits for."""
        query = f"SELECT boot, seq, start_s, offset_s, received_s, payload FROM inbox WHERE {where}"  # noqa: S608
        with self._errors(), closing(self._reader()) as db:
            for boot, seq, start_s, offset_s, received_s, payload in db.execute(
                f"{query} ORDER BY band, start_s, boot, seq", tuple(values)
            ):
                try:
                    packet = decode(payload)
                except IngestError as error:
                    raise StoreError(f"{self._path}: packet {boot}/{seq} cannot be read back: {error}") from error
                yield start_s, Received(packet, offset_s, received_s, payload)

    def _reader(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)

    def counts(self) -> Counts:
        """How much is stored."""
        with self._errors(), closing(self._reader()) as db:
            bands = db.execute(
                "SELECT band, sum(packets), sum(samples) FROM boots GROUP BY band ORDER BY band"
            ).fetchall()
            (quarantined,) = db.execute("SELECT count(*) FROM quarantine").fetchone()
        return Counts({b: n for b, n, _ in bands if n}, {b: n for b, k, n in bands if k}, quarantined)

    def last_mappings(self) -> list[Mapping]:
        """The newest mapping of each (band, boot), the latest used last."""
        with self._errors(), closing(self._reader()) as db:
            rows = db.execute("SELECT band, boot, tick_us, offset_s FROM boots WHERE packets > 0 ORDER BY received_s")
            return [Mapping(*row) for row in rows]

    def close(self) -> None:
        """Let the file go."""
        with self._lock, self._errors():
            self._db.close()


def _insert(db: sqlite3.Connection, received: Received) -> bool:
    packet, (start_s, end_s) = received.packet, received.span_s()
    row = (
        packet.band,
        packet.boot,
        packet.seq,
        received.offset_s,
        received.received_s,
        start_s,
        end_s,
        received.payload,
    )
    return db.execute("INSERT OR IGNORE INTO inbox VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row).rowcount == 1


def _note(db: sqlite3.Connection, band: str, boot: int, new: Sequence[Received]) -> None:
    """Bring what is known of a boot up to date with packets that have just become part of it."""
    newest = max(new, key=lambda received: received.packet.tick_us)
    first = new[0].packet.seq
    mapping = (newest.packet.tick_us, newest.offset_s, max(received.received_s for received in new))
    db.execute("INSERT OR IGNORE INTO boots VALUES (?, ?, ?, ?, 0, 0, ?, ?, ?)", (band, boot, first, first, *mapping))
    db.execute(
        "UPDATE boots SET packets = packets + ?, samples = samples + ? WHERE band = ? AND boot = ?",
        (len(new), sum(received.samples() for received in new), band, boot),
    )
    db.execute(
        "UPDATE boots SET tick_us = ?, offset_s = ?, received_s = ? WHERE band = ? AND boot = ? AND tick_us <= ?",
        (*mapping, band, boot, newest.packet.tick_us),
    )
    _advance(db, band, boot)


def _advance(db: sqlite3.Connection, band: str, boot: int) -> None:
    """Move both ends of a boot's run over everything that is there without a hole."""
    query = "SELECT since, watermark FROM boots WHERE band = ? AND boot = ?"
    since, watermark = db.execute(query, (band, boot)).fetchone()
    while _has(db, band, boot, since - 1):
        since -= 1
    while _has(db, band, boot, watermark + 1):
        watermark += 1
    query = "UPDATE boots SET since = ?, watermark = ? WHERE band = ? AND boot = ?"
    db.execute(query, (since, watermark, band, boot))


def _has(db: sqlite3.Connection, band: str, boot: int, seq: int) -> bool:
    """Whether a packet is stored, or counts as stored."""
    query = (
        "SELECT 1 FROM inbox WHERE band = :band AND boot = :boot AND seq = :seq"
        " UNION ALL SELECT 1 FROM quarantine WHERE band = :band AND boot = :boot AND seq = :seq"
    )
    return db.execute(query, {"band": band, "boot": boot, "seq": seq}).fetchone() is not None
