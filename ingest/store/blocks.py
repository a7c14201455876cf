"""Packets of one boot in, a piece of packed channels in the inbox's own SQLite file out, and arrays back.

A piece is a row of ``pieces`` and one of ``channels`` for each of its channels: reading a channel of a day touches
nothing of the others.
"""

import heapq
import math
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ingest.errors import StoreError
from ingest.received import Received
from ingest.store.database import Database
from ingest.store.inbox import REACHES
from ingest.store.packing import Opened, Packed, open_channel, pack, span, unpack, unpack_channel
from ingest.store.packing_blob import naming
from ingest.store.protocol import Finish, Totals, View
from ingest.store.runs import Runs, load_runs
from ingest.types import CHANNELS, Block

PIECE_SPAN_MAX_S: Final = 3_600.0  # no piece spans more: 300 s of starts, and what one packet may span
CHANNELS_MAX: Final = 16  # numbers of channels to a piece: rows of ``channels`` are found without an index
NUMBER: Final = {name: number for number, name in enumerate(CHANNELS)}

TOGETHER: Final = 1 << 23  # numbers that are unpacked at once, 64 MB: a day of pulse, or of motion, is one block

_OF_CHANNEL: Final = "SELECT numbers FROM channels WHERE id = ?"
_OF_BAND: Final = (
    "FROM boots JOIN pieces ON pieces.boot_id = boots.id"
    f" WHERE boots.band = :band AND start_s >= :since_s - {PIECE_SPAN_MAX_S} AND {REACHES}"
)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece as it is to be written: its row in ``pieces`` without the ids, and its channels."""

    start_s: float
    end_s: float
    packets: int
    samples: int
    packed: Packed

    def write(self, db: sqlite3.Connection, boot_id: int) -> None:
        meta = self.packed.meta
        row = (boot_id, self.start_s, self.end_s, self.packets, self.samples, zlib.crc32(meta), meta)
        piece_id = db.execute("INSERT INTO pieces VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)", row).lastrowid or 0
        rows = [
            (CHANNELS_MAX * piece_id + NUMBER[name], zlib.crc32(numbers), numbers)
            for name, numbers in self.packed.channels.items()
        ]
        db.executemany("INSERT INTO channels VALUES (?, ?, ?)", rows)


class BlockRest:
    """A ``Rest`` in the file of the inbox: settling and erasing are one transaction with what the inbox does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, packets: Sequence[Received]) -> Finish:
        """See ``Rest.keep``: packs at once, writes in ``Finish``."""
        made, key = _piece(packets), (packets[0].packet.band, packets[0].packet.boot)

        def finish(db: sqlite3.Connection) -> None:
            (boot_id,) = db.execute("SELECT id FROM boots WHERE band = ? AND boot = ?", key).fetchone()
            made.write(db, boot_id)

        return finish

    def read(self, band: str, channel: str, since_s: float, until_s: float, view: View) -> Iterator[Block]:
        """See ``Rest.read``. Nothing is ever both here and in the inbox: ``view.names`` need not be left out."""
        waiting: list[tuple[float, int, Block]] = []
        count = 0
        for start_s, some in self._together(view.db, band, channel, since_s, until_s):
            while waiting and waiting[0][0] <= start_s:
                yield heapq.heappop(waiting)[2]
            for block in self._blocks(channel, some):
                if block.start_s < until_s and block.end_s > since_s:
                    count += 1
                    heapq.heappush(waiting, (block.start_s, count, block))
        while waiting:
            yield heapq.heappop(waiting)[2]

    def _together(
        self, db: sqlite3.Connection, band: str, channel: str, since_s: float, until_s: float
    ) -> Iterator[tuple[float, dict[int, Opened]]]:
        """A channel of pieces by their number, ``TOGETHER`` at once, with the start of the first piece."""
        some: dict[int, Opened] = {}
        numbers, first_s = 0, -math.inf
        for piece_id, start_s in _pieces(db, band, since_s, until_s, "").fetchall():
            row = db.execute(_OF_CHANNEL, (CHANNELS_MAX * piece_id + NUMBER[channel],)).fetchone()
            if row is None:
                continue
            with self._naming(piece_id):
                found = open_channel(channel, row[0])
            if some and numbers + found.numbers > TOGETHER:
                yield first_s, some
                some, numbers = {}, 0
            if not some:
                first_s = start_s
            some[piece_id] = found
            numbers += found.numbers
        if some:
            yield first_s, some

    def _blocks(self, channel: str, some: dict[int, Opened]) -> list[Block]:
        try:
            return unpack_channel(channel, list(some.values()))
        except StoreError:
            for piece_id, found in some.items():
                with self._naming(piece_id):
                    unpack_channel(channel, [found])
            raise

    @contextmanager
    def _naming(self, piece_id: int) -> Iterator[None]:
        with naming(f"{self._database.path}: piece {piece_id}"):
            yield

    def packets(self, band: str, since_s: float, until_s: float, view: View) -> Iterator[Received]:
        """See ``Rest.packets``."""
        waiting: list[tuple[float, int, int, Received]] = []
        for piece_id, start_s, meta in _pieces(view.db, band, since_s, until_s, ", meta"):
            while waiting and waiting[0][0] < start_s:
                yield heapq.heappop(waiting)[3]
            for received in self._unpacked(view.db, piece_id, meta):
                first_s = received.span_s()[0]
                if since_s <= first_s < until_s:
                    heapq.heappush(waiting, (first_s, received.packet.boot, received.packet.seq, received))
        while waiting:
            yield heapq.heappop(waiting)[3]

    def _unpacked(self, db: sqlite3.Connection, piece_id: int, meta: bytes) -> list[Received]:
        with self._naming(piece_id):
            return unpack(meta, {name: numbers for name, _, numbers in _channels(db, piece_id)})

    def totals(self, band: str, db: sqlite3.Connection) -> dict[int, Totals]:
        """See ``Rest.totals``."""
        query = (
            "SELECT boot, sum(pieces.packets), sum(pieces.samples), min(start_s), max(end_s)"
            f" {_OF_BAND} GROUP BY boots.id"
        )
        return {row[0]: Totals(*row[1:]) for row in db.execute(query, _bounds(band, -math.inf, math.inf))}

    def erase(self, band: str, since_s: float, until_s: float) -> Finish:
        """See ``Rest.erase``: a piece that holds other packets too is written anew without those that go."""
        gone: list[int] = []
        left: list[tuple[int, _Piece]] = []
        with self._database.snapshot() as db:
            for piece_id, start_s, end_s, meta in _pieces(db, band, since_s, until_s, ", end_s, meta"):
                if since_s <= start_s and end_s < until_s:  # all of it, damaged or not
                    gone.append(piece_id)
                    continue
                packets = self._unpacked(db, piece_id, meta)
                stay = [received for received in packets if not reaches(received, since_s, until_s)]
                if len(stay) < len(packets):
                    gone.append(piece_id)
                    (boot_id,) = db.execute("SELECT boot_id FROM pieces WHERE id = ?", (piece_id,)).fetchone()
                    left += [(boot_id, _piece(stay))] if stay else []

        def finish(db: sqlite3.Connection) -> None:
            for piece_id in gone:
                db.execute("DELETE FROM pieces WHERE id = ?", (piece_id,))
                db.execute("DELETE FROM channels WHERE id >= ? AND id < ?", _ids(piece_id))
            for boot_id, piece in left:
                piece.write(db, boot_id)

        return finish

    def check(self) -> list[str]:
        """See ``Rest.check``: checksums, and whether every piece unpacks to what its row says."""
        found = []
        with self._database.snapshot() as db:
            query = (
                "SELECT pieces.id, band, boot, boot_id, start_s, end_s, pieces.packets, pieces.samples, crc, meta"
                " FROM pieces LEFT JOIN boots ON boots.id = boot_id"
            )
            told: dict[int, Runs] = {}
            for piece_id, *row in db.execute(query):
                try:
                    runs = told.setdefault(row[2], Runs())
                    found += [f"piece {piece_id}: {wrong}" for wrong in _wrong(db, piece_id, runs, *row)]
                except StoreError as error:
                    found.append(f"piece {piece_id}: {error}")
            query = "SELECT count(*) FROM channels WHERE id / ? NOT IN (SELECT id FROM pieces)"
            (strays,) = db.execute(query, (CHANNELS_MAX,)).fetchone()
        if strays:
            found.append(f"{strays} packed channels belong to no piece")
        return [f"{self._database.path}: {line}" for line in found]

    def backup(self, path: Path) -> None:
        """See ``Rest.backup``: the copy of the inbox's file holds it all."""

    def close(self) -> None:
        """See ``Rest.close``: the file is the inbox's."""


def reaches(received: Received, since_s: float, until_s: float) -> bool:
    """Whether a packet reaches into the range; see ``Rest.erase``."""
    start_s, end_s = received.span_s()
    return start_s < until_s and (end_s > since_s or start_s >= since_s)


def _piece(packets: Sequence[Received]) -> _Piece:
    packed = pack(packets)
    said = span(packed.meta)
    return _Piece(said.start_s, said.end_s, said.packets, said.samples, packed)


def _bounds(band: str, since_s: float, until_s: float) -> dict[str, str | float]:
    return {"band": band, "since_s": since_s, "until_s": until_s}


def _pieces(db: sqlite3.Connection, band: str, since_s: float, until_s: float, more: str) -> sqlite3.Cursor:
    """Number and start of each piece that reaches into the range, and more columns of it, in order of their start."""
    query = f"SELECT pieces.id, start_s{more} {_OF_BAND} ORDER BY start_s, pieces.id"
    return db.execute(query, _bounds(band, since_s, until_s))


def _ids(piece_id: int) -> tuple[int, int]:
    return CHANNELS_MAX * piece_id, CHANNELS_MAX * (piece_id + 1)


def _channels(db: sqlite3.Connection, piece_id: int) -> list[tuple[str, int, bytes]]:
    """Name, checksum and blob of each channel of a piece."""
    names = list(CHANNELS)
    rows = db.execute("SELECT id, crc, numbers FROM channels WHERE id >= ? AND id < ? ORDER BY id", _ids(piece_id))
    return [(names[row_id % CHANNELS_MAX], crc, numbers) for row_id, crc, numbers in rows]


def _wrong(
    db: sqlite3.Connection,
    piece_id: int,
    told: Runs,
    band: str | None,
    boot: int | None,
    boot_id: int,
    start_s: float,
    end_s: float,
    packets: int,
    samples: int,
    crc: int,
    meta: bytes,
) -> list[str]:
    """What is wrong with a piece, ``told`` being the packets of its boot so far; raises StoreError where it does not
    unpack."""
    channels = _channels(db, piece_id)
    found = [f"{name} is not what was written" for name, known, numbers in channels if known != zlib.crc32(numbers)]
    if crc != zlib.crc32(meta):
        found.append("what it says of its packets is not what was written")
    said = span(meta)
    if (said.band, said.boot, said.packets, said.samples) != (band, boot, packets, samples):
        found.append(f"it holds {said.packets} packets of {said.band}/{said.boot}, the table says {packets}")
    if not start_s <= said.start_s <= said.end_s <= end_s:
        found.append("its packets lie outside the time that the table says")
    unpacked = unpack(meta, {name: numbers for name, _, numbers in channels})
    if (len(unpacked), sum(received.samples() for received in unpacked)) != (packets, samples):
        found.append(f"it unpacks to {len(unpacked)} packets, the table says {packets}")
    twice = [run for run in said.runs if not told.take(run.since, run.seq)]
    found += [f"packets {run.since} to {run.seq} are in another piece too" for run in twice]
    handled = load_runs(db, boot_id)
    found += [
        f"packet {run.since} to {run.seq} does not count as stored"
        for run in said.runs
        if (known := handled.around(run.since)) is None or known.seq < run.seq
    ]
    return found
