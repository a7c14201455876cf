"""Received packets in, one SQLite file out: durable when ``commit`` returns, small and quick to read once settled."""

from pathlib import Path

from ingest.store.blocks import BlockRest
from ingest.store.database import BUSY_S
from ingest.store.inbox import Inbox
from ingest.store.settling import SettlingStore


class SqliteStore(SettlingStore):
    """The ``Store`` in the SQLite file at ``path``, made where there is none. Safe to share between threads.

    One file belongs to one writing process. Raises StoreError, naming the path and the reason, where the file is
    corrupt, full, locked or of a version that this program does not know.
    """

    def __init__(self, path: Path, *, busy_s: float = BUSY_S) -> None:
        inbox = Inbox(path, busy_s=busy_s)
        super().__init__(inbox, BlockRest(inbox.database))
