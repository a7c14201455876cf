"""Packets in, packets to send again out: what is kept until somebody says that it is stored. No clocks, no sockets."""

from collections import OrderedDict
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

SPOOL_MAX: Final = 128 << 20  # bytes: six bands' packets of nine hours, a thousand bands' of three minutes
PATIENCE_S: Final = 10.0  # a watermark moves once a second: after ten, something was lost on the way
PATIENCE_MAX_S: Final = 80.0  # each vain repetition doubles the patience, so that a stuck store is not flooded
BATCH_MAX: Final = 64  # packets of a band repeated at once, on either side of what is stored


@dataclass(slots=True)
class _Patience:
    """Since when nothing has moved, and how much longer that is borne."""

    since_s: float
    span_s: float

    def ends(self, now_s: float) -> bool:
        """Whether it has ended; then the next one is twice as long."""
        if now_s - self.since_s < self.span_s:
            return False
        self.since_s, self.span_s = now_s, min(2 * self.span_s, PATIENCE_MAX_S)
        return True


@dataclass(slots=True)
class _Stored:
    """What a band has heard: packets ``since`` to ``seq`` are stored; what lies below and above is waited for."""

    since: int
    seq: int
    below: _Patience
    above: _Patience


class Spool:
    """What was made and is not known to be stored, for each of ``bands`` bands, oldest first.

    Packets of a band are added in order of their seq. Over ``limit`` bytes the oldest packet of the band that was just
    added to goes first, and ``let_go`` counts it.
    """

    def __init__(self, *, bands: int, limit: int = SPOOL_MAX) -> None:
        self.let_go = 0
        self._kept: list[OrderedDict[int, bytes]] = [OrderedDict() for _ in range(bands)]
        self._stored: list[_Stored | None] = [None] * bands
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

    def stored(self, band: int, *, since: int, seq: int, now_s: float) -> None:
        """Packets ``since`` to ``seq`` of ``band`` are stored, the service says at ``now_s`` [s, monotonic].

        Nothing else is let go of: what lies below ``since`` may never have reached the service.
        """
        heard = self._stored[band]
        if heard is None:
            heard = _Stored(since, seq, _Patience(now_s, PATIENCE_S), _Patience(now_s, PATIENCE_S))
        if since < heard.since:
            heard.below = _Patience(now_s, PATIENCE_S)
        if seq > heard.seq:
            heard.above = _Patience(now_s, PATIENCE_S)
        heard.since, heard.seq = since, seq
        self._stored[band] = heard
        kept = self._kept[band]
        for covered in [one for one in takewhile(lambda one: one <= seq, kept) if one >= since]:
            self._bytes -= len(kept.pop(covered))

    def everything(self) -> list[tuple[int, int, bytes]]:
        """All that is kept: (band, seq, payload)."""
        return [(band, seq, payload) for band, kept in enumerate(self._kept) for seq, payload in kept.items()]

    def overdue(self, now_s: float) -> list[tuple[int, int, bytes]]:
        """What to send again, of bands of which something is stored: the packets next to it, on a side where it stands
        still."""
        late = []
        for band, (kept, heard) in enumerate(zip(self._kept, self._stored, strict=True)):
            if not kept or heard is None:
                continue
            if next(iter(kept)) < heard.since and heard.below.ends(now_s):
                below = [seq for seq in kept if seq < heard.since]
                late += [(band, seq, kept[seq]) for seq in below[-BATCH_MAX:]]
            if next(reversed(kept)) > heard.seq and heard.above.ends(now_s):
                above = [seq for seq in kept if seq > heard.seq]
                late += [(band, seq, kept[seq]) for seq in above[:BATCH_MAX]]
        return late

    def settled(self) -> bool:
        """Whether nothing is kept of any band of which something is known to be stored."""
        return all(not kept or heard is None for kept, heard in zip(self._kept, self._stored, strict=True))
