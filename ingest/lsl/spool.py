"""Packets of live sources in, packets to send again out: kept in memory until the service says that they are stored.

Reads no clock, reaches no socket.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

import msgspec

from ingest.wire import Packet, Stored, encode

SPOOL_MAX: Final = 64 << 20  # bytes: some ten hours of one band with all channels
PATIENCE_S: Final = 10.0  # a watermark moves once a second: after ten, something was lost on the way
PATIENCE_MAX_S: Final = 80.0  # each vain repetition doubles it, so that a store that is stuck is not flooded
BATCH_MAX: Final = 64  # packets of a boot repeated at once, on either side of what is stored

Key = tuple[str, int]
"""(band, boot)."""


@dataclass(slots=True)
class _Boot:
    """What is kept of one boot, by number with its size, and what is known to be stored of it."""

    kept: OrderedDict[int, tuple[Packet, int]] = field(default_factory=OrderedDict)
    stored: tuple[int, int] | None = None
    since_s: float = 0.0
    patience_s: float = PATIENCE_S
    repeated: int | None = None


class LslSpool:
    """What was sent and is not known to be stored, oldest first. Over ``limit`` bytes the oldest goes, whosesoever it
    is; ``let_go`` counts these, and the next packet of their boot declares them ``lost``."""

    def __init__(self, *, limit: int = SPOOL_MAX) -> None:
        self.let_go = 0
        self._boots: dict[Key, _Boot] = {}
        self._gone: dict[Key, tuple[int, int]] = {}
        self._order: OrderedDict[tuple[str, int, int], None] = OrderedDict()
        self._bytes = 0
        self._limit = limit

    def __len__(self) -> int:
        return len(self._order)

    def add(self, packet: Packet, now_s: float) -> Packet:
        """Keep a packet, and return it as it is kept: with the numbers that will never come, where there are any.
        ``now_s`` is monotonic."""
        key, size = (packet.band, packet.boot), len(encode(packet))
        while self._order and self._bytes + size > self._limit:
            self._let_go(next(iter(self._order)))
        boot = self._boots.setdefault(key, _Boot())
        lost = self._gone.pop(key, None) or _missing(boot, packet.seq)
        packet = msgspec.structs.replace(packet, lost=lost)
        if not boot.kept:
            boot.since_s = now_s
        boot.kept[packet.seq] = packet, size
        self._order[packet.band, packet.boot, packet.seq] = None
        self._bytes += size
        return packet

    def stored(self, band: str, stored: Stored, now_s: float) -> None:
        """The service says what it has of a boot; nothing else is let go of."""
        boot = self._boots.get((band, stored.boot))
        if boot is None:
            return
        said = stored.since, stored.seq
        if said != boot.stored:
            boot.patience_s = 0.0 if boot.repeated in said else PATIENCE_S  # it wants what is next, and at once
            boot.since_s = now_s
        boot.stored = said
        for seq in [seq for seq in boot.kept if stored.since <= seq <= stored.seq]:
            self._drop((band, stored.boot, seq))

    def due(self, now_s: float, *, everything: bool = False) -> list[Packet]:
        """What to send again at ``now_s``: of each boot that stands still what is next to the stored, of one that
        nobody has said anything of its oldest; or, after a reconnection, ``everything``."""
        late: list[Packet] = []
        for boot in self._boots.values():
            if everything:
                late += [packet for packet, _ in boot.kept.values()]
                boot.since_s = now_s
            elif boot.kept and now_s - boot.since_s >= boot.patience_s:
                seqs = _next_to(boot)
                late += [boot.kept[seq][0] for seq in seqs]
                boot.repeated = seqs[-1]
                boot.since_s, boot.patience_s = now_s, min(max(2 * boot.patience_s, PATIENCE_S), PATIENCE_MAX_S)
        return late

    def _let_go(self, name: tuple[str, int, int]) -> None:
        band, number, seq = name
        packet = self._boots[band, number].kept[seq][0]
        first = seq if packet.lost is None else min(seq, packet.lost[0])
        first, _ = self._gone.get((band, number), (first, seq))
        self._gone[band, number] = first, seq
        self._drop(name)
        self.let_go += 1

    def _drop(self, name: tuple[str, int, int]) -> None:
        band, number, seq = name
        boot = self._boots[band, number]
        self._bytes -= boot.kept.pop(seq)[1]
        del self._order[name]


def _next_to(boot: _Boot) -> list[int]:
    """The numbers to repeat: at most ``BATCH_MAX`` on either side of what is stored."""
    seqs = list(boot.kept)
    if boot.stored is None:
        return seqs[:1]
    since, last = boot.stored
    beside = [seq for seq in seqs if seq < since][-BATCH_MAX:] + [seq for seq in seqs if seq > last][:BATCH_MAX]
    return beside or seqs[:BATCH_MAX]


def _missing(boot: _Boot, new: int) -> tuple[int, int] | None:
    """The numbers for which the service waits in vain, because it said once that it had them: a store that has come
    back as it was some time ago."""
    if boot.stored is None or boot.patience_s <= PATIENCE_S:
        return None
    first = boot.stored[1] + 1
    stop = next((seq for seq in boot.kept if seq >= first), new)
    return (first, stop - 1) if first < stop else None
