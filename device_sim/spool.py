"""Packets in, packets to send again out: what is kept until somebody says that it is stored. No clocks, no sockets."""

from collections import OrderedDict
from typing import Final

SPOOL_MAX: Final = 128 << 20  # bytes: six bands' packets of nine hours, a thousand bands' of three minutes
PATIENCE_S: Final = 10.0  # a watermark moves once a second: after ten, something was lost on the way
PATIENCE_MAX_S: Final = 80.0  # each vain repetition doubles the patience, so that a stuck store is not flooded
BATCH_MAX: Final = 64  # packets of a band repeated at once


class Spool:
    """What was made and is not known to be stored, for each of ``bands`` bands, oldest first.

    Over ``limit`` bytes the oldest packet of the band that was just added to goes first, and ``let_go`` counts it.
    """

    def __init__(self, *, bands: int, limit: int = SPOOL_MAX) -> None:
        self.let_go = 0
        self._kept: list[OrderedDict[int, bytes]] = [OrderedDict() for _ in range(bands)]
        self._stored: list[int | None] = [None] * bands
        self._since_s = [0.0] * bands
        self._patience_s = [PATIENCE_S] * bands
        self._bytes = 0
        self._limit = limit

    def __len__(self) -> int:
        return sum(len(kept) for kept in self._kept)

    def add(self, band: int, seq: int, payload: bytes) -> None:
        kept = self._kept[band]
        kept[seq] = payload
        self._bytes += len(payload)
        while self._bytes > self._limit and len(kept) > 1:
            self._bytes -= len(kept.popitem(last=False)[1])
            self.let_go += 1

    def stored(self, band: int, seq: int, now_s: float) -> None:
        """Everything of ``band`` up to ``seq`` is stored, the service says at ``now_s`` [s, any origin, monotonic]."""
        before = self._stored[band]
        if before is not None and seq <= before:
            return
        self._stored[band] = seq
        self._since_s[band], self._patience_s[band] = now_s, PATIENCE_S
        kept = self._kept[band]
        while kept and next(iter(kept)) <= seq:
            self._bytes -= len(kept.popitem(last=False)[1])

    def everything(self) -> list[tuple[int, int, bytes]]:
        """All that is kept: (band, seq, payload)."""
        return [(band, seq, payload) for band, kept in enumerate(self._kept) for seq, payload in kept.items()]

    def overdue(self, now_s: float) -> list[tuple[int, int, bytes]]:
        """What to send again: the oldest packets of bands whose watermark is heard and stands still."""
        late = []
        for band, kept in enumerate(self._kept):
            if not kept or self._stored[band] is None or now_s - self._since_s[band] < self._patience_s[band]:
                continue
            self._since_s[band] = now_s
            self._patience_s[band] = min(2 * self._patience_s[band], PATIENCE_MAX_S)
            late += [(band, seq, payload) for seq, payload in list(kept.items())[:BATCH_MAX]]
        return late

    def settled(self) -> bool:
        """Whether nothing is kept of any band whose watermark is heard."""
        return all(not kept or stored is None for kept, stored in zip(self._kept, self._stored, strict=True))
