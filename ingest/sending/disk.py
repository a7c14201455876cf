"""Packets in, one SQLite file that outlives the process, a crash and a power cut out."""

import contextlib
import json
import logging
import os
import sqlite3
import time
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from ingest.errors import SpoolError
from ingest.sending.aside import move_aside
from ingest.sending.boots import BootState, Key, Span
from ingest.sending.keeping import BOOTS_MAX
from ingest.sending.runs import Runs
from ingest.sending.storage import OVERHEAD, MemoryStorage, Put, Resumed, Written

log = logging.getLogger(__name__)

FILE: Final = "spool.sqlite"
VERSION: Final = 1
APPLICATION: Final = 0x666F7263  # "forc": a file of ours
RETRY_S: Final = 1.0  # between two tries of a disk that refuses
MEMORY_MAX: Final = 64 << 20  # bytes held while the disk refuses: some hours of a house
WIPE_S: Final = 600.0  # after which the log is emptied, so that what was let go of is in it no longer
DAMAGED: Final = ("malformed", "not a database", "disk image", "corrupt")
SCHEMA: Final = f"""
CREATE TABLE boots (
    id INTEGER PRIMARY KEY, band TEXT NOT NULL, boot INTEGER NOT NULL, born_us INTEGER NOT NULL, since INTEGER,
    seq INTEGER, gone TEXT NOT NULL, UNIQUE (band, boot)
) STRICT;
CREATE TABLE kept (
    id INTEGER PRIMARY KEY, boot_id INTEGER NOT NULL, seq INTEGER NOT NULL, size INTEGER NOT NULL,
    crc INTEGER NOT NULL, payload BLOB NOT NULL
) STRICT;
CREATE INDEX kept_by_name ON kept (boot_id, seq, size);
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
"""


class DiskStorage:
    """The file ``spool.sqlite`` in ``folder``, made where there is none; readable by this user alone.

    A commit is on the disk when it returns (write-ahead log, synchronous FULL); what is let go of is overwritten
    (secure_delete). A damaged file is moved aside, told in the log, and begun anew; the newest three of these are kept.
    Where the disk is full or refuses, new packets are held in memory, ``trouble`` says so, and the disk is tried again
    every second.

    Raises SpoolError, naming the file and the mend, where the folder cannot be used, another process has the file, or a
    later version wrote it.
    """

    def __init__(self, folder: Path, *, memory_max: int = MEMORY_MAX) -> None:
        self.path = folder / FILE
        self._memory_max = memory_max
        self._ids: dict[Key, int] = {}
        self._memory = MemoryStorage()  # what the disk did not take
        self._in_memory: dict[tuple[Key, int], int] = {}  # and its sizes, oldest first
        self._drops: dict[Key, Runs] = {}  # what the disk has still to let go of
        self._states: dict[Key, BootState] = {}
        self._trouble: str | None = None
        self._tried_s = self._wiped_s = time.monotonic()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SpoolError(f"{folder}: {error.strerror}: choose a folder that can be written to") from error
        try:
            self._db, self._resumed = self._opened()
        except _DamagedError as error:
            self._aside(str(error))
            self._db, self._resumed = self._opened()

    @property
    def trouble(self) -> str | None:
        """See ``Storage.trouble``."""
        return self._trouble

    def resumed(self) -> list[Resumed]:
        """See ``Storage.resumed``."""
        found, self._resumed = self._resumed, []
        return found

    def write(self, puts: Sequence[Put], drops: Iterable[Span], boots: Sequence[BootState]) -> Written:
        """See ``Storage.write``."""
        for span in drops:
            self._forget(span)
            key, first, last = span
            self._drops.setdefault(key, Runs()).add(first, last)
        for put in puts:
            self._in_memory[put.key, put.seq] = len(put.payload) + OVERHEAD
        self._memory.write(puts, [], [])
        self._states.update((state.key, state) for state in boots)
        if self._trouble is None or time.monotonic() - self._tried_s >= RETRY_S:
            return self._try()
        return self._shed()

    def size(self, span: Span) -> int:
        """See ``Storage.size``."""
        key, first, last = span
        held = self._memory.size(span) if self._in_memory else 0
        query = "SELECT coalesce(sum(size), 0) FROM kept WHERE boot_id = ? AND seq BETWEEN ? AND ?"
        try:
            return held + int(self._db.execute(query, (self._ids.get(key), first, last)).fetchone()[0])
        except sqlite3.Error as error:
            self._complain(error)
            return held

    def read(self, span: Span) -> list[tuple[int, bytes | None]]:
        """See ``Storage.read``."""
        key, first, last = span
        found = {seq: payload for seq, payload in self._memory.read(span) if payload is not None}
        boot_id = self._ids.get(key)
        try:
            found.update(self._rows(boot_id, first, last))
        except sqlite3.DatabaseError:
            for seq in range(first, last + 1):
                with contextlib.suppress(sqlite3.DatabaseError):  # that one is damaged: it is None in the answer
                    found.update(self._rows(boot_id, seq, seq))
        return [(seq, found.get(seq)) for seq in range(first, last + 1)]

    def close(self) -> None:
        """Write what can be written, empty the log, and let go of the file."""
        if self._in_memory or self._drops or self._states:
            self._try()
        with contextlib.suppress(sqlite3.Error):  # the log is folded in at the next opening
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()

    def _rows(self, boot_id: int | None, first: int, last: int) -> dict[int, bytes]:
        query = "SELECT seq, crc, payload FROM kept WHERE boot_id = ? AND seq BETWEEN ? AND ?"
        rows = self._db.execute(query, (boot_id, first, last)).fetchall()
        return {seq: payload for seq, crc, payload in rows if zlib.crc32(payload) == crc}

    def _try(self) -> Written:
        """Write all that is to be written, in one transaction."""
        self._tried_s = time.monotonic()
        try:
            self._transact()
        except sqlite3.Error as error:
            self._roll_back()
            if _is_damage(error):
                return self._begin_anew(error)
            self._complain(error)
            return self._shed()
        if self._trouble is not None:
            log.warning("%s: written to again; nothing is in memory alone any more", self.path)
            self._trouble = None
        self._memory, self._drops = MemoryStorage(), {}
        self._in_memory.clear()
        self._states.clear()
        self._wipe()
        return Written()

    def _transact(self) -> None:
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        rows = []
        for (key, seq), size in self._in_memory.items():
            payload = self._memory.read((key, seq, seq))[0][1] or b""
            rows.append((self._id(key), seq, size, zlib.crc32(payload), payload))
        spans = [(self._ids[key], *run) for key, runs in self._drops.items() if key in self._ids for run in runs]
        db.executemany("DELETE FROM kept WHERE boot_id = ? AND seq BETWEEN ? AND ?", spans)
        db.executemany("INSERT INTO kept VALUES (NULL, ?, ?, ?, ?, ?)", rows)
        states = [
            (state.born_us, *(state.stored or (None, None)), json.dumps(state.gone), self._id(state.key))
            for state in self._states.values()
        ]
        db.executemany("UPDATE boots SET born_us = ?, since = ?, seq = ?, gone = ? WHERE id = ?", states)
        db.execute("COMMIT")

    def _roll_back(self) -> None:
        with contextlib.suppress(sqlite3.Error):  # whatever it says, it is not committed
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        self._ids = {}
        with contextlib.suppress(sqlite3.Error):  # then every boot is looked up, or made, anew
            self._ids = _ids(self._db)

    def _id(self, key: Key) -> int:
        if key not in self._ids:
            row = self._db.execute("INSERT INTO boots VALUES (NULL, ?, ?, 0, NULL, NULL, '[]')", key)
            self._ids[key] = row.lastrowid or 0
        return self._ids[key]

    def _forget(self, span: Span) -> None:
        """Let go of what is in memory of it."""
        key, first, last = span
        if self._in_memory:
            for seq in range(first, last + 1):
                self._in_memory.pop((key, seq), None)
            self._memory.write([], [span], [])

    def _shed(self) -> Written:
        """Let the oldest in memory go as far as it holds too much."""
        over = sum(self._in_memory.values()) - self._memory_max
        lost: list[Span] = []
        while over > 0 and self._in_memory:
            key, seq = next(iter(self._in_memory))
            over -= self._in_memory[key, seq]
            lost.append((key, seq, seq))
            self._forget(lost[-1])
        return Written(tuple(lost))

    def _begin_anew(self, error: sqlite3.Error) -> Written:
        """The file turned out damaged while in use: what was in it is no longer here."""
        lost: list[Span] = []
        with contextlib.suppress(sqlite3.Error):  # an index that can be read says what was there
            for row in _resumed(self._db):
                lost += [(row.state.key, first, last) for first, last in row.kept]
        with contextlib.suppress(sqlite3.Error):
            self._db.close()
        try:
            self._aside(str(error))
            self._db, _ = self._opened()
        except (SpoolError, OSError) as again:
            self._db = sqlite3.connect(":memory:", isolation_level=None)
            self._db.executescript(SCHEMA)
            self._trouble = f"{self.path}: {again}; what is new is in memory alone"
            log.error("%s", self._trouble)
        self._try()
        return Written(tuple(lost))

    def _complain(self, error: sqlite3.Error) -> None:
        trouble = f"{self.path}: {error}; what is new is in memory alone: make room, or mend the disk"
        if self._trouble is None:
            log.error("%s", trouble)
        self._trouble = trouble

    def _wipe(self) -> None:
        if time.monotonic() - self._wiped_s >= WIPE_S:
            self._wiped_s = time.monotonic()
            with contextlib.suppress(sqlite3.Error):  # the next time will do
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _opened(self) -> tuple[sqlite3.Connection, list[Resumed]]:
        """Open the file, and read which packets are in it. Raises SpoolError and _DamagedError."""
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            self.path.chmod(0o600)
            db = sqlite3.connect(self.path, timeout=1.0, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise SpoolError(f"{self.path}: {error}: choose a folder that can be written to") from error
        try:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            empty = self._look_at(db)
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
                db.execute(f"PRAGMA {pragma}")
            if empty:
                _make_tables(db)
            _forget_boots(db)
            self._ids = _ids(db)
            return db, _resumed(db)
        except sqlite3.Error as error:
            db.close()
            if _is_damage(error):
                raise _DamagedError(str(error)) from error
            mend = "another process has it: end that one, or choose another folder" if "locked" in str(error) else error
            raise SpoolError(f"{self.path}: {mend}") from error
        except BaseException:
            db.close()
            raise

    def _look_at(self, db: sqlite3.Connection) -> bool:
        """Whether the file is empty. Raises SpoolError for one that is not ours, or of a later day; changes nothing."""
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if not db.execute("SELECT 1 FROM sqlite_master").fetchone():
            return True
        if application != APPLICATION:
            raise SpoolError(f"{self.path}: is no spool of forecalm: choose another folder")
        if version != VERSION:
            raise SpoolError(f"{self.path}: has version {version}, this program knows {VERSION}: install the later one")
        return False

    def _aside(self, why: str) -> None:
        """Move the damaged file out of the way. Raises SpoolError."""
        try:
            move_aside(self.path, why)
        except OSError as error:
            raise SpoolError(f"{self.path}: is damaged ({why}) and cannot be moved aside: {error.strerror}") from error


class _DamagedError(Exception):
    """The file cannot be read as what it is."""


def _is_damage(error: sqlite3.Error) -> bool:
    return any(word in str(error) for word in DAMAGED)


def _make_tables(db: sqlite3.Connection) -> None:
    db.execute("BEGIN IMMEDIATE")
    for statement in SCHEMA.split(";"):
        db.execute(statement)
    db.execute("COMMIT")


def _forget_boots(db: sqlite3.Connection) -> None:
    """Let go of what was said, and of what is to be said, of boots of long ago of which nothing waits."""
    db.execute(
        "DELETE FROM boots WHERE gone = '[]' AND id NOT IN (SELECT boot_id FROM kept)"
        " AND id NOT IN (SELECT id FROM boots ORDER BY id DESC LIMIT ?)",
        (BOOTS_MAX,),
    )
    db.execute(
        "DELETE FROM boots WHERE id IN (SELECT id FROM boots WHERE gone != '[]'"
        " AND id NOT IN (SELECT boot_id FROM kept) ORDER BY id DESC LIMIT -1 OFFSET ?)",
        (BOOTS_MAX,),
    )


def _ids(db: sqlite3.Connection) -> dict[Key, int]:
    return {(band, boot): row for row, band, boot in db.execute("SELECT id, band, boot FROM boots")}


def _resumed(db: sqlite3.Connection) -> list[Resumed]:
    """What the file holds, by the index alone: payloads stay where they are."""
    found = []
    for row, band, boot, born_us, since, seq, gone in db.execute("SELECT * FROM boots").fetchall():
        kept, total = Runs(), 0
        for number, size in db.execute("SELECT seq, size FROM kept WHERE boot_id = ? ORDER BY seq", (row,)):
            kept.add(number, number)
            total += size
        stored = None if since is None else (since, seq)
        state = BootState((band, boot), born_us, stored, tuple((a, b) for a, b in json.loads(gone)))
        found.append(Resumed(state, kept, total))
    return found
