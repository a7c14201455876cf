"""The path of a store's SQLite file in, the same store for looking only out: beside a service that writes, or alone.

Nothing is made, upgraded, settled or locked: whatever would write raises StoreError.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ingest.errors import StoreError
from ingest.store.blocks import BlockRest
from ingest.store.database import Database
from ingest.store.inbox import Inbox
from ingest.store.quarantine import Quarantine
from ingest.store.settling import SettlingStore
from ingest.store.tables import VERSION


class _ReadDatabase(Database):
    """The file at ``path`` as it is; raises StoreError where there is none, or one of another version."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        # A file without a log is nobody's at the moment: read so, not even a log is made beside it.
        alone = not path.with_name(path.name + "-wal").exists()
        self._address = f"{path.absolute().as_uri()}?mode=ro" + ("&immutable=1" if alone else "")
        with self.errors():
            self._db = self._connect()
            try:
                (version,) = self._db.execute("PRAGMA user_version").fetchone()
                if version != VERSION:
                    mend = "a newer program wrote it, use that" if version > VERSION else "the service upgrades it"
                    raise StoreError(f"{path}: tables of version {version}, this is for {VERSION}: {mend}")
            except BaseException:
                self._db.close()
                raise

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._address, uri=True, isolation_level=None, check_same_thread=False)

    @contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
        """See ``Database.reader``."""
        with self.errors(), closing(self._connect()) as db:
            yield db


class _ReadInbox(Inbox):
    """The inbox in a file that is read only."""

    def __init__(self, path: Path) -> None:
        self.database = _ReadDatabase(path)
        self._seen = -1
        self._ledger = None
        self._quarantine = Quarantine()


class Onlooker(SettlingStore):
    """The ``Store`` in the SQLite file at ``path``, to be looked at. What has settled elsewhere (in InfluxDB) is
    counted, and not read. Raises StoreError, naming the path, where there is no such file or it is no store."""

    def __init__(self, path: Path) -> None:
        inbox = _ReadInbox(path)
        super().__init__(inbox, BlockRest(inbox.database))

    def unsettled(self) -> tuple[int, float | None]:
        """How many packets have not settled yet, and when the oldest of them came [UTC s], None without any."""
        with self._inbox.database.reader() as db:
            count, oldest_s = db.execute("SELECT count(*), min(received_s) FROM inbox").fetchone()
        return int(count), oldest_s
