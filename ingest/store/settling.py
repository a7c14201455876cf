"""An inbox and a rest in, a whole ``Store`` out: every answer joins the two, wherever a packet happens to be."""

import heapq
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from ingest.errors import StoreError
from ingest.received import Received
from ingest.store.database import WIPE_S
from ingest.store.inbox import Inbox, Row
from ingest.store.ledger import Boot
from ingest.store.protocol import (
    BandSummary,
    Counts,
    Erased,
    Finish,
    Lost,
    Mapping,
    Name,
    Refusal,
    Refused,
    Rest,
    Run,
    View,
)
from ingest.types import Block

PIECE_S: Final = 300.0  # settled together: 20 kB of a 64 Hz channel, read in one go; 288 of them make a day
PIECE_PACKETS: Final = 3_000  # or so many, where packets are shorter than a tenth of a second
PIECE_BYTES: Final = 8 << 20  # or so much: a few of the largest packets
TOGETHER: Final = 3_000  # packets moved in one transaction, about 40 ms: a commit that comes meanwhile waits no longer
TOGETHER_BYTES: Final = 16 << 20  # or so much: what is held in memory meanwhile
FAILURES_MAX: Final = 3  # boots in a row that the rest does not take: then it is away, and the others wait too
SETTLE_S: Final = 30.0  # after the end of a piece: what comes late by less settles with its neighbours


class SettlingStore:
    """The ``Store`` that ``inbox`` and ``rest`` make together; it closes both. An erasure that was cut off is carried
    on by the next ``settle`` or ``erase``."""

    def __init__(self, inbox: Inbox, rest: Rest) -> None:
        self._inbox = inbox
        self._rest = rest
        self._moving = threading.Lock()  # one settling or erasure at a time

    @property
    def lost(self) -> int:
        """See ``Store.lost``."""
        return self._inbox.lost

    def commit(self, batch: Sequence[Received], *, dropped: Sequence[Name] = (), lost: Sequence[Lost] = ()) -> int:
        """See ``Store.commit``."""
        return self._inbox.commit(batch, dropped, lost)

    def quarantine(
        self, topic: str, payload: bytes, reason: str, received_s: float, *, name: Name | None = None
    ) -> None:
        """See ``Store.quarantine``; its first ``PACKET_MAX`` bytes, as long as there is room."""
        self.quarantine_all([Refused(topic, payload, reason, received_s, name)])

    def quarantine_all(self, messages: Sequence[Refused]) -> None:
        """See ``Store.quarantine_all``."""
        self._inbox.quarantine(messages)

    def watermark(self, band: str, boot: int) -> Run | None:
        """See ``Store.watermark``."""
        with self._inbox.knowing() as (db, ledger):
            return ledger.watermark(db, band, boot)

    def read(self, band: str, channel: str, since_s: float, until_s: float) -> Iterator[Block]:
        """See ``Store.read``."""
        with self._inbox.database.snapshot() as db:
            view = View(db, self._inbox.reaching(db, band, since_s, until_s))
            new = in_order(self._inbox.packets(db, band, since_s, until_s), channel, since_s, until_s)
            settled = self._rest.read(band, channel, since_s, until_s, view)
            yield from heapq.merge(settled, new, key=lambda block: block.start_s)

    def packets(self, band: str, since_s: float = -math.inf, until_s: float = math.inf) -> Iterator[Received]:
        """See ``Store.packets``."""
        with self._inbox.database.snapshot() as db:
            view = View(db, self._inbox.reaching(db, band, since_s, until_s))
            new = (r for r in self._inbox.packets(db, band, since_s, until_s) if r.span_s()[0] >= since_s)
            yield from heapq.merge(self._rest.packets(band, since_s, until_s, view), new, key=order)

    def settle(self, now_s: float, *, everything: bool = False) -> int:
        """See ``Store.settle``: whole ``PIECE_S`` of arrivals, ``SETTLE_S`` after their end."""
        before_s = math.inf if everything else math.floor((now_s - SETTLE_S) / PIECE_S) * PIECE_S
        with self._moving:
            self._erase_settled()
            with suppress(StoreError):  # somebody still reads: the next settling tries again
                self._inbox.wipe(wait_s=0.0)
            waiting = self._inbox.waiting(before_s)
            try:
                return self._settle(waiting, before_s)
            except BaseException:
                for boot in waiting:
                    boot.oldest_s = -math.inf
                raise

    def _settle(self, waiting: Sequence[Boot], before_s: float) -> int:
        """Move what came before; a boot that the rest does not take holds up no other. Raises the last StoreError."""
        moved, failed = 0, 0
        error: StoreError | None = None
        together: list[tuple[Sequence[Row], Finish]] = []
        packets, size = 0, 0
        with self._inbox.database.reader() as db:
            for boot in waiting:
                pieces = _pieces(self._inbox.aged(db, boot, before_s))
                while (rows := next(pieces, None)) is not None:
                    try:
                        together.append((rows, self._rest.keep([row.received for row in rows])))
                    except StoreError as refusal:
                        error, failed = refusal, failed + 1
                        break
                    failed = 0
                    packets += len(rows)
                    size += sum(len(row.received.payload) for row in rows)
                    if packets >= TOGETHER or size >= TOGETHER_BYTES:
                        moved += self._inbox.move(together)
                        together, packets, size = [], 0, 0
                if failed == FAILURES_MAX:
                    break
            if together:
                moved += self._inbox.move(together)
        if error is not None:
            raise error
        return moved

    def erase(self, band: str, since_s: float, until_s: float) -> Erased:
        """See ``Store.erase``. Raises StoreError where the rest is away, or a long reading is in the way: then the
        erasure has begun, and is carried on by the next ``settle`` or ``erase``."""
        with self._moving:
            self._erase_settled()
            new = self._inbox.erase(band, since_s, until_s)
            before = self._settled(band)
            self._erase_settled()
            after = self._settled(band)
            self._inbox.wipe(wait_s=WIPE_S)
        return Erased(new.packets + before.packets - after.packets, new.samples + before.samples - after.samples)

    def _settled(self, band: str) -> Erased:
        with self._inbox.knowing() as (_, ledger):
            settled = [boot.settled for boot in ledger.boots.values() if boot.band == band]
        return Erased(sum(totals.packets for totals in settled), sum(totals.samples for totals in settled))

    def _erase_settled(self) -> None:
        """Carry on erasures that the rest has not heard of yet."""
        for erasure in self._inbox.erasures():
            if not erasure.settled_too:
                finish = self._rest.erase(erasure.band, erasure.since_s, erasure.until_s)
                self._inbox.erased(erasure, finish, self._rest.totals)

    def forget_refused(self, goes: Callable[[str | None, float], bool]) -> int:
        """See ``Store.forget_refused``. Raises StoreError where a long reading keeps the log: then the rows are gone,
        and the next ``settle`` or ``erase`` empties it."""
        with self._moving:
            gone = self._inbox.forget_refused(goes)
            if gone:
                self._inbox.wipe(wait_s=WIPE_S)
        return gone

    def counts(self) -> Counts:
        """See ``Store.counts``."""
        return self._inbox.counts()

    def last_mappings(self) -> list[Mapping]:
        """See ``Store.last_mappings``."""
        with self._inbox.knowing() as (_, ledger):
            return ledger.last_mappings()

    def bands(self) -> list[BandSummary]:
        """See ``Store.bands``."""
        with self._inbox.knowing() as (_, ledger):
            return ledger.bands()

    def quarantined(self, limit: int) -> list[Refusal]:
        """See ``Store.quarantined``."""
        return self._inbox.quarantined(limit)

    def remember(self, key: str, value: bytes) -> None:
        """See ``Store.remember``."""
        self._inbox.remember(key, value)

    def recall(self, key: str) -> bytes | None:
        """See ``Store.recall``."""
        return self._inbox.recall(key)

    def check(self) -> list[str]:
        """See ``Store.check``."""
        return [*self._inbox.check(), *self._rest.check()]

    def backup(self, path: Path) -> None:
        """See ``Store.backup``."""
        with self._moving:
            self._inbox.database.copy(path)
            self._rest.backup(path)

    def close(self) -> None:
        """See ``Store.close``."""
        self._rest.close()
        self._inbox.database.close()


def order(received: Received) -> tuple[float, int, int]:
    """What ``packets`` are ordered by."""
    return received.span_s()[0], received.packet.boot, received.packet.seq


def in_order(found: Iterable[Received], channel: str, since_s: float, until_s: float) -> Iterator[Block]:
    """Yield the blocks of one channel of packets, which come in order of their start, that reach into the range, in
    time order: a block may begin later than its packet."""
    waiting: list[tuple[float, int, Block]] = []
    for i, received in enumerate(found):
        start_s = received.span_s()[0]
        while waiting and waiting[0][0] <= start_s:
            yield heapq.heappop(waiting)[2]
        for block in received.blocks():
            if block.channel == channel and block.start_s < until_s and block.end_s > since_s:
                heapq.heappush(waiting, (block.start_s, i, block))
    while waiting:
        yield heapq.heappop(waiting)[2]


def _pieces(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Cut packets in order of their start into what is settled together."""
    piece: list[Row] = []
    size = 0
    for row in rows:
        full = len(piece) >= PIECE_PACKETS or size >= PIECE_BYTES
        if piece and (full or row.start_s - piece[0].start_s >= PIECE_S):
            yield piece
            piece, size = [], 0
        piece.append(row)
        size += len(row.received.payload)
    if piece:
        yield piece
