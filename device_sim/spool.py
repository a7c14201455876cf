"""Packets in, packets to send again out: what is kept until somebody says that it is stored. No clocks, no sockets."""

from collections import OrderedDict
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

import msgspec

from ingest.wire import Packet, encode

SPOOL_MAX: Final = 128 << 20  # bytes: six bands' packets of nine hours, a thousand bands' of three minutes
PATIENCE_S: Final = 10.0  # a watermark moves once a second: after ten, something was lost on the way
PATIENCE_MAX_S: Final = 80.0  # each vain repetition doubles the patience, so that a stuck store is not flooded
BATCH_MAX: Final = 64  # packets of a band repeated at once, on either side of what is stored


@dataclass(slots=True)
class _Patience:
    """Since when nothing has moved, and how much longer that is borne. ``repeated`` is the farthest of what was last
    sent again: a watermark that stops right there wants what follows, and at once."""

    since_s: float
    span_s: float
    repeated: int | None = None

    def ends(self, now_s: float) -> bool:
        """Whether it has ended; then the next one is twice as long."""
        if now_s - self.since_s < self.span_s:
            return False
        self.since_s, self.span_s = now_s, min(max(2 * self.span_s, PATIENCE_S), PATIENCE_MAX_S)
        return True

    def moved(self, now_s: float, to: int) -> "_Patience":
        """What is borne after the watermark has moved to ``to``."""
        return _Patience(now_s, 0.0 if to == self.repeated else PATIENCE_S, self.repeated)


@dataclass(slots=True)
class _Stored:
    """What a band has heard: packets ``since`` to ``seq`` are stored; what lies below and above is waited for."""

    since: int
    seq: int
    below: _Patience
    above: _Patience


class Spool:
    """What was made and is not known to be stored, for each of ``bands`` bands, oldest first.

    Packets of a band are added in order of their seq. Over ``limit`` bytes the oldest packets of the band that is
    added to go first; ``let_go`` counts them, and the packet that took their place declares them ``lost``.
    """

    def __init__(self, *, bands: int, limit: int = SPOOL_MAX) -> None:
        self.let_go = 0
        self._kept: list[OrderedDict[int, tuple[Packet, int]]] = [OrderedDict() for _ in range(bands)]
        self._stored: list[_Stored | None] = [None] * bands
        self._silence: list[_Patience | None] = [None] * bands
        self._bytes = 0
        self._limit = limit

    def __len__(self) -> int:
        return sum(len(kept) for kept in self._kept)

    def add(self, band: int, packet: Packet) -> Packet:
        """Keep a packet, and return it as it is kept: with the numbers that will never come, where there are any."""
        kept, size = self._kept[band], len(encode(packet))
        lost = self._missing(band, packet.seq)
        gone: list[int] = []
        while kept and self._bytes + size > self._limit:
            seq, (oldest, freed) = kept.popitem(last=False)
            gone += [seq] if oldest.lost is None else [oldest.lost[0], seq]
            self._bytes -= freed
            self.let_go += 1
        packet = msgspec.structs.replace(packet, lost=(gone[0], gone[-1]) if gone else lost)
        kept[packet.seq] = packet, size
        self._bytes += size
        return packet

    def _missing(self, band: int, new: int) -> tuple[int, int] | None:
        """The numbers for which the service waits in vain, because it said once that it had them: a store that has
        come back as it was some time ago."""
        heard = self._stored[band]
        if heard is None or heard.above.span_s <= PATIENCE_S:
            return None
        first, stop = heard.seq + 1, next((seq for seq in self._kept[band] if seq > heard.seq), new)
        return (first, stop - 1) if first < stop else None

    def stored(self, band: int, *, since: int, seq: int, now_s: float, retained: bool = False) -> None:
        """Packets ``since`` to ``seq`` of ``band`` are stored, the service says at ``now_s`` [s, monotonic], or said
        some time ago (``retained``: then a broker may have come back with what it knew long before).

        Nothing else is let go of: what lies below ``since`` may never have reached the service.
        """
        heard = self._stored[band]
        if retained and heard is not None and seq <= heard.seq:
            return
        if heard is None:
            heard = _Stored(since, seq, _Patience(now_s, PATIENCE_S), _Patience(now_s, PATIENCE_S))
        if since < heard.since:
            heard.below = heard.below.moved(now_s, since)
        if seq > heard.seq:
            heard.above = heard.above.moved(now_s, seq)
        heard.since, heard.seq = since, seq
        self._stored[band] = heard
        kept = self._kept[band]
        for covered in [one for one in takewhile(lambda one: one <= seq, kept) if one >= since]:
            self._bytes -= kept.pop(covered)[1]

    def kept(self, band: int, seq: int) -> Packet | None:
        """The packet, as long as nobody said that it is stored."""
        found = self._kept[band].get(seq)
        return None if found is None else found[0]

    def everything(self) -> list[tuple[int, int]]:
        """The names of all that is kept: (band, seq), oldest first of each band."""
        return [(band, seq) for band, kept in enumerate(self._kept) for seq in kept]

    def overdue(self, now_s: float) -> list[tuple[int, int]]:
        """What to send again: of a band of which something is stored the packets next to it, on a side where it stands
        still; of one that nobody has said anything of its oldest, to be told how things stand."""
        late: list[tuple[int, int]] = []
        for band, (kept, heard) in enumerate(zip(self._kept, self._stored, strict=True)):
            if not kept:
                continue
            if heard is None:
                silence = self._silence[band] = self._silence[band] or _Patience(now_s, PATIENCE_S)
                late += [(band, next(iter(kept)))] if silence.ends(now_s) else []
                continue
            if next(iter(kept)) < heard.since and heard.below.ends(now_s):
                below = [seq for seq in kept if seq < heard.since][-BATCH_MAX:]
                heard.below.repeated = below[0]
                late += [(band, seq) for seq in below]
            if next(reversed(kept)) > heard.seq and heard.above.ends(now_s):
                above = [seq for seq in kept if seq > heard.seq][:BATCH_MAX]
                heard.above.repeated = above[-1]
                late += [(band, seq) for seq in above]
        return late

    def settled(self) -> bool:
        """Whether nothing is kept, or nobody ever said of anything that it is stored."""
        return not any(self._kept) or not any(self._stored)
