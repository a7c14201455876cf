"""Boots, runs and inbox of an SQLite file in, what the next commit has to know of every boot out, held in memory.

A commit then writes packets and nothing else. The tables alone are the truth: the ledger is read from them anew
whenever another process has written.
"""

import math
import sqlite3
from dataclasses import dataclass
from typing import Final

from ingest.store.protocol import BandSummary, Counts, Mapping, Run, Totals
from ingest.store.runs import Runs, load_runs

NOTHING: Final = Totals(0, 0, math.inf, -math.inf)


@dataclass(slots=True)
class Boot:
    """One boot of a band: the first number that ever came, its newest mapping and arrival, how much of it is settled
    and how much in the inbox, and which numbers are handled."""

    id: int
    band: str
    boot: int
    first_seq: int
    tick_us: int = -1  # below every tick: no packet has come yet
    offset_s: float = 0.0
    received_s: float = -math.inf
    settled: Totals = NOTHING
    packets: int = 0  # from here on: of the inbox
    samples: int = 0
    first_s: float = math.inf
    last_s: float = -math.inf
    oldest_s: float = math.inf  # nothing in the inbox came before
    runs: Runs | None = None

    def meet(self, tick_us: int, offset_s: float, received_s: float) -> None:
        """Hear of a packet's mapping and arrival."""
        if tick_us >= self.tick_us:
            self.tick_us, self.offset_s = tick_us, offset_s
        if received_s > self.received_s:
            self.received_s = received_s

    def hold(self, samples: int, start_s: float, end_s: float, received_s: float) -> None:
        """Count a packet in the inbox."""
        if received_s < self.oldest_s:
            self.oldest_s = received_s
        self.packets += 1
        self.samples += samples
        if start_s < self.first_s:
            self.first_s = start_s
        if end_s > self.last_s:
            self.last_s = end_s


class Ledger:
    """Every boot by (band, boot); made from the tables as they are inside the transaction that is open."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.boots: dict[tuple[str, int], Boot] = {}
        by_id: dict[int, Boot] = {}
        query = (
            "SELECT id, band, boot, first_seq, tick_us, offset_s, received_s, packets, samples, first_s, last_s"
            " FROM boots ORDER BY id"
        )
        for boot_id, band, boot, first_seq, tick_us, offset_s, received_s, *settled in db.execute(query):
            made = by_id[boot_id] = self.boots[band, boot] = Boot(boot_id, band, boot, first_seq)
            if tick_us is not None:
                made.meet(tick_us, offset_s, received_s)
            if settled[0]:
                made.settled = Totals(*settled)
        query = "SELECT boot_id, seq, tick_us, offset_s, received_s, samples, start_s, end_s FROM inbox ORDER BY id"
        for boot_id, seq, tick_us, offset_s, received_s, samples, start_s, end_s in db.execute(query):
            made = by_id[boot_id]
            made.meet(tick_us, offset_s, received_s)
            made.hold(samples, start_s, end_s, received_s)
            self.runs(db, made).add(seq, seq)

    def runs(self, db: sqlite3.Connection, boot: Boot) -> Runs:
        """The handled numbers of a boot."""
        if boot.runs is None:
            boot.runs = load_runs(db, boot.id)
        return boot.runs

    def boot(self, db: sqlite3.Connection, band: str, boot: int, seq: int) -> Boot:
        """The boot of that name; the first time that it comes, with ``seq``, it is written down."""
        found = self.boots.get((band, boot))
        if found is None:
            row = (band, boot, seq)
            made = db.execute("INSERT INTO boots (band, boot, first_seq) VALUES (?, ?, ?)", row).lastrowid
            found = self.boots[band, boot] = Boot(made or 0, band, boot, seq, runs=Runs())
        return found

    def settle(self, db: sqlite3.Connection, boot: Boot, moved: Totals) -> None:
        """Count packets as settled that were in the inbox."""
        boot.packets -= moved.packets
        boot.samples -= moved.samples
        before = boot.settled
        after = Totals(
            before.packets + moved.packets,
            before.samples + moved.samples,
            min(before.first_s, moved.first_s),
            max(before.last_s, moved.last_s),
        )
        self.resettle(db, boot, after)

    def resettle(self, db: sqlite3.Connection, boot: Boot, settled: Totals) -> None:
        """Write down how much of a boot is settled, and its newest mapping, which the inbox no longer tells."""
        if settled.packets < boot.settled.packets:  # and what was moved out of the inbox is no bound of it any more
            query = "SELECT min(start_s), max(end_s) FROM inbox WHERE boot_id = ?"
            first_s, last_s = db.execute(query, (boot.id,)).fetchone()
            boot.first_s, boot.last_s = (math.inf, -math.inf) if first_s is None else (first_s, last_s)
        boot.settled = settled
        query = (
            "UPDATE boots SET tick_us = ?, offset_s = ?, received_s = ?, packets = ?, samples = ?, first_s = ?,"
            " last_s = ? WHERE id = ?"
        )
        mapping = (boot.tick_us, boot.offset_s, boot.received_s) if boot.tick_us >= 0 else (None, None, None)
        extent = (settled.packets, settled.samples, settled.first_s, settled.last_s)
        db.execute(query, (*mapping, *extent, boot.id))

    def watermark(self, db: sqlite3.Connection, band: str, boot: int) -> Run | None:
        """See ``Store.watermark``."""
        found = self.boots.get((band, boot))
        return None if found is None else self.runs(db, found).around(found.first_seq)

    def counts(self, *, quarantined: int, shed: int) -> Counts:
        """See ``Store.counts``."""
        bands = self.bands()
        return Counts(
            {band.band: band.packets for band in bands}, {band.band: band.samples for band in bands}, quarantined, shed
        )

    def bands(self) -> list[BandSummary]:
        """See ``Store.bands``."""
        found: dict[str, BandSummary] = {}
        for boot in self._held():
            before = found.get(boot.band, BandSummary(boot.band, 0, 0, 0, math.inf, -math.inf, -math.inf))
            found[boot.band] = BandSummary(
                boot.band,
                before.boots + 1,
                before.packets + boot.packets + boot.settled.packets,
                before.samples + boot.samples + boot.settled.samples,
                min(before.first_s, boot.first_s, boot.settled.first_s),
                max(before.last_s, boot.last_s, boot.settled.last_s),
                max(before.last_received_s, boot.received_s),
            )
        return [found[band] for band in sorted(found)]

    def last_mappings(self) -> list[Mapping]:
        """See ``Store.last_mappings``."""
        held = sorted(self._held(), key=lambda boot: boot.received_s)
        return [Mapping(boot.band, boot.boot, boot.tick_us, boot.offset_s) for boot in held]

    def _held(self) -> list[Boot]:
        return [boot for boot in self.boots.values() if boot.packets or boot.settled.packets]
