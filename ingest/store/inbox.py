"""Received packets in, an SQLite file out that holds them until they are settled, and for ever which ones have come.

The landing place of every store: what ``Inbox.commit`` has returned for is on disk, whatever lies behind.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Final

from ingest.errors import IngestError, StoreError
from ingest.received import Received
from ingest.store.database import BUSY_S, Database
from ingest.store.ledger import NOTHING, Boot, Ledger
from ingest.store.protocol import Counts, Erased, Finish, Lost, Name, Refusal, Refused, Totals
from ingest.store.quarantine import Quarantine, band_in, latest
from ingest.store.runs import Runs, keep_run
from ingest.wire import AHEAD_MAX_US, RATE_MIN_HZ, SPAN_MAX_US, unpack

# No packet spans more, with the period of its last sample.
REACH_S: Final = (SPAN_MAX_US + AHEAD_MAX_US) * 1e-6 + 1 / RATE_MIN_HZ
REACHES: Final = "start_s < :until_s AND (end_s > :since_s OR start_s >= :since_s)"  # see ``Rest.erase``

_OF_BAND: Final = (
    "FROM inbox JOIN boots ON boots.id = boot_id"
    " WHERE boot_id IN (SELECT id FROM boots WHERE band = :band) AND start_s >= :from_s"
)


@dataclass(frozen=True, slots=True)
class Row:
    """A packet in the inbox: the number of its row, its span [UTC s], and how many samples it holds."""

    id: int
    start_s: float
    end_s: float
    samples: int
    received: Received


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure that is under way; ``settled_too``: only the log is still to be emptied."""

    id: int
    band: str
    since_s: float
    until_s: float
    settled_too: bool


class Inbox:
    """The file at ``path``, made where there is none. Safe to share between threads; see ``Database`` for errors.
    ``lost`` is as ``Store.lost`` has it."""

    def __init__(self, path: Path, *, busy_s: float = BUSY_S) -> None:
        self.database = Database(path, busy_s=busy_s)
        self._seen = -1  # PRAGMA data_version: changes when another connection has written
        self._ledger: Ledger | None = None
        self._quarantine = Quarantine()
        self.lost = 0

    @contextmanager
    def _writing(self) -> Iterator[tuple[sqlite3.Connection, Ledger]]:
        with self.database.own():
            try:
                with self.database.transaction() as db:
                    yield db, self._fresh(db)
            except BaseException:
                self._ledger = None  # it may know what is not on disk
                raise

    def _fresh(self, db: sqlite3.Connection) -> Ledger:
        (version,) = db.execute("PRAGMA data_version").fetchone()
        if self._ledger is None or version != self._seen:
            self._ledger, self._quarantine = Ledger(db), Quarantine.load(db)
            self._seen = version
        return self._ledger

    @contextmanager
    def knowing(self) -> Iterator[tuple[sqlite3.Connection, Ledger]]:
        """The ledger as of now, which nobody changes meanwhile: look and let go."""
        with self.database.own() as db:
            db.execute("BEGIN")
            try:
                yield db, self._fresh(db)
            finally:
                db.execute("COMMIT")

    def commit(self, batch: Sequence[Received], dropped: Sequence[Name], lost: Sequence[Lost]) -> int:
        """See ``Store.commit``."""
        rows, given_up = [], 0
        with self._writing() as (db, ledger):
            for received in batch:
                packet = received.packet
                boot = ledger.boot(db, packet.band, packet.boot, packet.seq)
                if ledger.runs(db, boot).add(packet.seq, packet.seq):
                    rows.append(_row(boot, received))
                if packet.lost is not None:  # of one that is stored too: sent again, it may know of a hole by now
                    given_up += _handle(db, ledger, boot, *packet.lost)
            db.executemany("INSERT INTO inbox VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
            for band, number, seq in dropped:
                _handle(db, ledger, ledger.boot(db, band, number, seq), seq, seq)
            for band, number, first, last in lost:
                given_up += _handle(db, ledger, ledger.boot(db, band, number, last + 1), first, last)
        self.lost += given_up
        return len(rows)

    def quarantine(self, messages: Sequence[Refused]) -> None:
        """See ``Store.quarantine_all``."""
        with self._writing() as (db, ledger):
            for each in messages:
                band = band_in(each.topic) if each.name is None else each.name[0]
                self._quarantine.add(db, each.topic, each.payload, each.reason, each.received_s, band)
                if each.name is not None:
                    band, number, seq = each.name
                    _handle(db, ledger, ledger.boot(db, band, number, seq), seq, seq)

    def forget_refused(self, goes: Callable[[str | None, float], bool]) -> int:
        """See ``Store.forget_refused``; ``wipe`` is still to be asked."""
        with self.database.reader() as db:
            found = db.execute("SELECT id, band, received_s FROM quarantine").fetchall()
        gone = [(row_id,) for row_id, band, received_s in found if goes(band, received_s)]
        if gone:
            with self._writing() as (db, _):
                db.executemany("DELETE FROM quarantine WHERE id = ?", gone)
                db.execute("INSERT INTO erasures VALUES (NULL, '', 0, 0, 1)")  # of no band: only the log
                self._quarantine = Quarantine.load(db)
        return len(gone)

    def counts(self) -> Counts:
        """See ``Store.counts``."""
        with self.knowing() as (_, ledger):
            return ledger.counts(quarantined=self._quarantine.rows, shed=self._quarantine.shed)

    def quarantined(self, limit: int) -> list[Refusal]:
        """See ``Store.quarantined``."""
        with self.database.snapshot() as db:
            return latest(db, limit)

    def waiting(self, before_s: float) -> list[Boot]:
        """The boots of which packets are here that came before ``before_s`` [UTC s]: told once, they are settled next,
        or given ``oldest_s`` back."""
        with self.knowing() as (_, ledger):
            found = [boot for boot in ledger.boots.values() if boot.packets and boot.oldest_s < before_s]
            for boot in found:
                boot.oldest_s = before_s
        return found

    def aged(self, db: sqlite3.Connection, boot: Boot, before_s: float) -> Iterator[Row]:
        """Yield the packets of a boot that came before ``before_s`` [UTC s], in order of their start. One that cannot
        be read back stays where it is: ``check`` tells."""
        query = (
            "SELECT id, start_s, end_s, samples, offset_s, received_s, payload FROM inbox"
            " WHERE boot_id = ? AND received_s < ? ORDER BY start_s, seq"
        )
        with self.database.errors():
            for row_id, start_s, end_s, samples, offset_s, received_s, payload in db.execute(
                query, (boot.id, before_s)
            ):
                with suppress(IngestError):
                    received = Received(unpack(payload), offset_s, received_s, payload)
                    yield Row(row_id, start_s, end_s, samples, received)

    def move(self, pieces: Sequence[tuple[Sequence[Row], Finish]]) -> int:
        """Take packets out, each piece of one boot, in one transaction with what every ``Finish`` writes; return how
        many."""
        ids = sorted(row.id for rows, _ in pieces for row in rows)
        with self._writing() as (db, ledger):
            taken = db.executemany("DELETE FROM inbox WHERE id = ?", [(row_id,) for row_id in ids]).rowcount
            if taken != len(ids):
                raise StoreError(f"{self.database.path}: another process settles too: one is to do it")
            for rows, finish in pieces:
                finish(db)  # after the deletion: in the room that the packets have left
                packet = rows[0].received.packet
                boot = ledger.boots[packet.band, packet.boot]
                _keep_runs(db, sorted((boot.id, row.received.packet.seq) for row in rows))
                samples = sum(row.samples for row in rows)
                moved = Totals(len(rows), samples, rows[0].start_s, max(row.end_s for row in rows))
                ledger.settle(db, boot, moved)
        return taken

    def reaching(self, db: sqlite3.Connection, band: str, since_s: float, until_s: float) -> set[Name]:
        """The packets here that reach into ``[since_s, until_s)``, for a ``View`` on ``db``."""
        query = f"SELECT band, boot, seq {_OF_BAND} AND {REACHES}"
        return set(db.execute(query, _bounds(band, since_s, until_s)))

    def packets(self, db: sqlite3.Connection, band: str, since_s: float, until_s: float) -> Iterator[Received]:
        """Yield the packets here that reach into ``[since_s, until_s)``, in order of (start, boot, seq)."""
        what = "SELECT boot, seq, inbox.offset_s, inbox.received_s, payload"
        query = f"{what} {_OF_BAND} AND {REACHES} ORDER BY start_s, boot, seq"
        for boot, seq, offset_s, received_s, payload in db.execute(query, _bounds(band, since_s, until_s)):
            try:
                packet = unpack(payload)
            except IngestError as error:
                raise StoreError(f"{self.database.path}: packet {boot}/{seq} cannot be read back: {error}") from error
            yield Received(packet, offset_s, received_s, payload)

    def erase(self, band: str, since_s: float, until_s: float) -> Erased:
        """Take away what is here of an erasure, and note that the rest is still to be asked."""
        bounds = _bounds(band, since_s, until_s)
        where = f"WHERE boot_id IN (SELECT id FROM boots WHERE band = :band) AND {REACHES}"  # noqa: S608
        with self._writing() as (db, ledger):
            query = f"SELECT boot_id, seq, samples FROM inbox {where} ORDER BY boot_id, seq"  # noqa: S608
            gone = db.execute(query, bounds).fetchall()
            _keep_runs(db, ((boot_id, seq) for boot_id, seq, _ in gone))
            for boot in ledger.boots.values():
                if boot.band == band:
                    ledger.resettle(db, boot, boot.settled)
            db.execute(f"DELETE FROM inbox {where}", bounds)  # noqa: S608
            query = "DELETE FROM quarantine WHERE band = :band AND received_s >= :since_s AND received_s < :until_s"
            refused = db.execute(query, bounds).rowcount
            db.execute("INSERT INTO erasures VALUES (NULL, :band, :since_s, :until_s, 0)", bounds)
            if gone or refused:  # else the ledger is as true as before, and reading it anew holds up every commit
                self._ledger = None
        return Erased(len(gone), sum(samples for _, _, samples in gone))

    def erasures(self) -> list[Erasure]:
        """What has been erased here and not yet everywhere."""
        with self.database.own() as db:
            query = "SELECT id, band, since_s, until_s, settled_too <> 0 FROM erasures ORDER BY id"
            return [Erasure(*row) for row in db.execute(query)]

    def erased(
        self, erasure: Erasure, finish: Finish, totals: Callable[[str, sqlite3.Connection], dict[int, Totals]]
    ) -> None:
        """Note that the rest has erased too, and what it holds of the band since."""
        with self._writing() as (db, ledger):
            finish(db)
            left = totals(erasure.band, db)
            for boot in ledger.boots.values():
                if boot.band == erasure.band:
                    ledger.resettle(db, boot, left.get(boot.boot, NOTHING))
            db.execute("UPDATE erasures SET settled_too = 1 WHERE id = ?", (erasure.id,))

    def wipe(self, *, wait_s: float) -> None:
        """Leave no trace of what was erased; raises StoreError where somebody still reads it after ``wait_s``."""
        done = [(erasure.id,) for erasure in self.erasures() if erasure.settled_too]
        if done:
            self.database.wipe(wait_s=wait_s)
            with self._writing() as (db, _):
                db.executemany("DELETE FROM erasures WHERE id = ?", done)

    def check(self) -> list[str]:
        """See ``Store.check``: the file itself, the packets here, and the runs of handled numbers."""
        with self.database.snapshot() as db:
            found = [str(line) for (line,) in db.execute("PRAGMA integrity_check") if line != "ok"]
            found += [] if found else [*_rotten(db), *_astray(db), *_broken_runs(db)]
        return [f"{self.database.path}: {line}" for line in found]

    def remember(self, key: str, value: bytes) -> None:
        """See ``Store.remember``."""
        with self._writing() as (db, _):
            db.execute("INSERT OR REPLACE INTO memory VALUES (?, ?)", (key, value))

    def recall(self, key: str) -> bytes | None:
        """See ``Store.recall``."""
        with self.database.own() as db:
            row = db.execute("SELECT value FROM memory WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])


def _row(boot: Boot, received: Received) -> tuple[int | float | bytes, ...]:
    """The row of a packet, which the boot has heard of then."""
    packet, (start_s, end_s), samples = received.packet, received.span_s(), received.samples()
    boot.meet(packet.tick_us, received.offset_s, received.received_s)
    boot.hold(samples, start_s, end_s, received.received_s)
    times = received.offset_s, received.received_s, start_s, end_s
    return boot.id, packet.seq, packet.tick_us, *times, samples, received.payload


def _handle(db: sqlite3.Connection, ledger: Ledger, boot: Boot, first: int, last: int) -> int:
    """Let numbers count as stored of which nothing is kept; return how many did not yet."""
    runs = ledger.runs(db, boot)
    new = runs.missing(first, last)
    if new:
        runs.add(first, last)
        keep_run(db, boot.id, first, last)
    return new


def _keep_runs(db: sqlite3.Connection, names: Iterable[tuple[int, int]]) -> None:
    """Let packets count as stored that leave the inbox: their (boot id, seq), in order."""
    for boot_id, some in groupby(names, key=itemgetter(0)):
        runs = Runs()
        for _, seq in some:
            runs.add(seq, seq)
        for first, last in runs:
            keep_run(db, boot_id, first, last)


def _bounds(band: str, since_s: float, until_s: float) -> dict[str, str | float]:
    return {"band": band, "since_s": since_s, "until_s": until_s, "from_s": since_s - REACH_S}


def _rotten(db: sqlite3.Connection) -> Iterator[str]:
    query = "SELECT band, boot, seq, inbox.samples, payload FROM inbox LEFT JOIN boots ON boots.id = boot_id"
    for band, boot, seq, samples, payload in db.execute(query):
        try:
            packet = unpack(payload)
        except IngestError as error:
            yield f"packet {band}/{boot}/{seq} cannot be read back: {error}"
            continue
        told = packet.band, packet.boot, packet.seq, Received(packet, 0.0, 0.0, payload).samples()
        if told != (band, boot, seq, samples):
            yield f"packet {band}/{boot}/{seq} is not what was written"


def _astray(db: sqlite3.Connection) -> Iterator[str]:
    query = "SELECT boot_id, seq, count(*) FROM inbox GROUP BY boot_id, seq HAVING count(*) > 1"
    for boot_id, seq, times in db.execute(query):
        yield f"packet {seq} of boot {boot_id} is in the inbox {times} times"


def _broken_runs(db: sqlite3.Connection) -> Iterator[str]:
    before = (-1, -2)
    for boot_id, first, last in db.execute("SELECT boot_id, first, last FROM runs ORDER BY boot_id, first"):
        if last < first or (boot_id == before[0] and first <= before[1] + 1):
            yield f"the run {first} to {last} of boot {boot_id} is no run of its own"
        before = (boot_id, last)
