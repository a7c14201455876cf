"""The path of an SQLite file in; short durable transactions, snapshots for readers and copies out."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from ingest.errors import StoreError
from ingest.store.tables import prepare

BUSY_S: Final = 5.0  # how long to wait for another writer, which has no business here
WAL_PAGES: Final = 4_000  # 16 MB of log before it is folded in: pages that many commits touch are then written once
WIPE_TRY_S: Final = 0.1  # one try to empty the log holds up commits no longer than this
WIPE_S: Final = 10.0  # how long to wait for readers to end before an erasure says that it is not done yet


class Database:
    """The file at ``path``, made or upgraded on opening: write-ahead log, synchronous FULL, secure_delete.

    Safe to share between threads. Raises StoreError, naming the path and the reason, where the file is corrupt, full,
    locked or of a version that this program does not know.
    """

    def __init__(self, path: Path, *, busy_s: float = BUSY_S) -> None:
        self.path = path
        self._busy_s = busy_s
        self._lock = threading.RLock()
        with self.errors():
            self._db = sqlite3.connect(path, timeout=busy_s, isolation_level=None, check_same_thread=False)
            try:
                for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
                    self._db.execute(f"PRAGMA {pragma}")
                self._db.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
                with self.transaction() as db:
                    prepare(db, path)
            except BaseException:
                self._db.close()
                raise

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Tell what SQLite refuses as StoreError."""
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from error

    @contextmanager
    def own(self) -> Iterator[sqlite3.Connection]:
        """The writing connection, outside a transaction, to nobody else meanwhile."""
        with self._lock, self.errors():
            yield self._db

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is written inside becomes durable at the end, or nothing of it."""
        with self._lock, self.errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """A connection on which every query sees the same moment, and that no writer waits for."""
        with self.reader() as db:
            db.execute("BEGIN")
            db.execute("SELECT 1 FROM boots").fetchone()  # the moment begins with the first look
            yield db

    @contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
        """A connection on which each query sees the moment at which it begins, and that no writer waits for."""
        address = f"{self.path.absolute().as_uri()}?mode=ro"
        with (
            self.errors(),
            closing(sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)) as db,
        ):
            yield db

    def wipe(self, *, wait_s: float = WIPE_S) -> None:
        """Empty the log, so that nothing deleted is left in it. Waits for readers that began before the deletion;
        raises StoreError where they do not end within ``wait_s``."""
        until_s = time.monotonic() + wait_s
        while not self._truncate_log():
            if time.monotonic() >= until_s:
                raise StoreError(
                    f"{self.path}: erased, but what was erased is still in the file's log while others read it: "
                    "end long readings and settle again"
                )
            time.sleep(WIPE_TRY_S / 2)

    def _truncate_log(self) -> bool:
        """Try once; on the writing connection, for to any other it would look as if somebody else had written."""
        with self.own() as db:
            db.execute(f"PRAGMA busy_timeout = {round(WIPE_TRY_S * 1000)}")
            try:
                return not db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            finally:
                db.execute(f"PRAGMA busy_timeout = {round(self._busy_s * 1000)}")

    def copy(self, path: Path) -> None:
        """Write a copy as of now to a new file that only this user can read, while others go on."""
        part = path.with_name(path.name + ".part")
        try:
            if path.exists():
                raise FileExistsError("there is a file already: a copy is never written over anything")
            part.unlink(missing_ok=True)
            os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            with self.snapshot() as db, closing(sqlite3.connect(part)) as target:
                db.backup(target)
                target.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
            part.rename(path)
        except OSError as error:
            raise StoreError(f"{path}: {error}") from error
        finally:
            part.unlink(missing_ok=True)

    def close(self) -> None:
        """Let the file go."""
        with self._lock, self.errors():
            self._db.close()
