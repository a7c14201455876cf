"""Messages that could not be used in, a bounded table of them out: the oldest keep their digest and reason only."""

import hashlib
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Self

from ingest.errors import WireError
from ingest.store.protocol import Refusal
from ingest.wire import PACKET_MAX, band_of

TOPIC_BYTES: Final = 4 << 20  # payloads kept of one topic: four of the largest, thousands of the usual, to learn from
ALL_BYTES: Final = 256 << 20  # of all topics together: a broken fleet fills no disk
ROWS: Final = 200_000  # messages remembered at all, some 40 MB: whoever sends new rubbish for ever fills no disk either


def band_in(topic: str) -> str | None:
    """The band that a data topic names; None for any other."""
    try:
        return band_of(topic)
    except WireError:
        return None


@dataclass(slots=True)
class Quarantine:
    """What the table ``quarantine`` holds, kept count of: rows, rows without payload, bytes of payload by topic."""

    rows: int = 0
    shed: int = 0
    size: int = 0
    sizes: Counter[str] = field(default_factory=Counter)

    @classmethod
    def load(cls, db: sqlite3.Connection) -> Self:
        """Count what is there."""
        made = cls()
        query = "SELECT topic, count(*), count(payload), total(length(payload)) FROM quarantine GROUP BY topic"
        for topic, rows, full, size in db.execute(query):
            made.rows += rows
            made.shed += rows - full
            made.size += int(size)
            made.sizes[topic] = int(size)
        return made

    def add(
        self, db: sqlite3.Connection, topic: str, payload: bytes, reason: str, received_s: float, band: str | None
    ) -> None:
        """Keep a message, its first ``PACKET_MAX`` bytes, once however often it comes; make room for it."""
        digest = hashlib.sha256(payload).digest()
        payload = payload[:PACKET_MAX]
        row = (topic, digest, payload, reason, received_s, band)
        if not db.execute("INSERT OR IGNORE INTO quarantine VALUES (NULL, ?, ?, ?, ?, ?, ?)", row).rowcount:
            return
        self.rows += 1
        self.size += len(payload)
        self.sizes[topic] += len(payload)
        while self.sizes[topic] > TOPIC_BYTES:
            self._shed(db, "AND topic = ?", (topic,))
        while self.size > ALL_BYTES:
            self._shed(db, "", ())
        while self.rows > ROWS:
            self._forget(db)

    def _shed(self, db: sqlite3.Connection, where: str, values: tuple[str, ...]) -> None:
        query = f"SELECT min(id) FROM quarantine WHERE payload IS NOT NULL {where}"  # noqa: S608
        (oldest,) = db.execute(query, values).fetchone()
        topic, size = db.execute("SELECT topic, length(payload) FROM quarantine WHERE id = ?", (oldest,)).fetchone()
        db.execute("UPDATE quarantine SET payload = NULL WHERE id = ?", (oldest,))
        self.shed += 1
        self.size -= size
        self.sizes[topic] -= size

    def _forget(self, db: sqlite3.Connection) -> None:
        query = "SELECT id, topic, length(payload) FROM quarantine ORDER BY id LIMIT 1"
        oldest, topic, size = db.execute(query).fetchone()
        db.execute("DELETE FROM quarantine WHERE id = ?", (oldest,))
        self.rows -= 1
        if size is None:
            self.shed -= 1
        else:
            self.size -= size
            self.sizes[topic] -= size


def latest(db: sqlite3.Connection, limit: int) -> list[Refusal]:
    """The last ``limit`` messages, the latest first."""
    query = "SELECT topic, reason, received_s, digest, payload FROM quarantine ORDER BY id DESC LIMIT ?"
    return [Refusal(*row) for row in db.execute(query, (limit,))]
