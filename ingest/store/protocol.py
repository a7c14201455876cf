"""Where received packets rest: what any store must do, whichever database is behind it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ingest.received import Received
from ingest.types import Block

Name = tuple[str, int, int]
"""(band, boot, seq): what names a packet for ever."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """The newest stored mapping of one band's clock: see ``Clocks.restore``."""

    band: str
    boot: int
    tick_us: int
    offset_s: float


@dataclass(frozen=True, slots=True)
class Run:
    """Packets of one boot that are all stored: from ``since`` up to and including ``seq``."""

    since: int
    seq: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What a store holds: packets and samples (instants of all channels, and beats) by band; messages in quarantine."""

    packets: dict[str, int]
    samples: dict[str, int]
    quarantined: int


@dataclass(frozen=True, slots=True)
class Erased:
    """What ``Store.erase`` has taken away."""

    packets: int
    samples: int


class Store(Protocol):
    """Append-only and idempotent by (band, boot, seq). Every method raises StoreError; what was stored stays.

    A packet first rests as it came, so that a commit is short, and is later *settled*: moved, in one piece with its
    neighbours, to where it is small and quick to read. Whether it has been makes no difference to any answer. A packet
    that is erased or dropped still counts as stored: sent again, it is not taken in again.
    """

    def commit(self, batch: Sequence[Received], *, dropped: Sequence[Name] = ()) -> int:
        """Make a batch durable, all of it or nothing, and return how many packets were new. One that is there already
        keeps its first mapping and arrival. Numbers that a packet says are ``lost``, and packets ``dropped`` for
        want of consent, count as stored; nothing else of them is kept."""

    def quarantine(
        self, topic: str, payload: bytes, reason: str, received_s: float, *, name: Name | None = None
    ) -> None:
        """Make durable what could not be used, and why, once however often it comes. ``name`` is its (band, boot, seq)
        where that is known: such a message counts as stored, so that it holds up no watermark."""

    def watermark(self, band: str, boot: int) -> Run | None:
        """The packets around the first of that boot that ever came, as far as they are stored without a hole, either
        way; None before one has come. Nothing is said of what lies outside."""

    def read(self, band: str, channel: str, since_s: float, until_s: float) -> Iterator[Block]:
        """Yield the blocks of one channel that reach into ``[since_s, until_s)`` [UTC s], in time order, uncut. Packets
        that follow each other evenly may come as one block: then its sample times are theirs to within 0.1 ms."""

    def packets(self, band: str, since_s: float = -math.inf, until_s: float = math.inf) -> Iterator[Received]:
        """Yield every packet of a band whose samples begin in ``[since_s, until_s)`` [UTC s] as it was received, in
        order of that time: the same packet, mapping and arrival; its ``payload`` may have been encoded anew."""

    def settle(self, now_s: float, *, everything: bool = False) -> int:
        """Move packets that came long enough before ``now_s`` [UTC s] (``everything``: all) to where they rest, and
        return how many. Cut off at any moment, nothing is lost or there twice."""

    def erase(self, band: str, since_s: float, until_s: float) -> Erased:
        """Take away, so that no trace is left in any file, every packet of a band that reaches into
        ``[since_s, until_s)`` [UTC s], from wherever it rests, and what of the band is in quarantine and came then."""

    def counts(self) -> Counts:
        """Say how much is stored."""

    def last_mappings(self) -> list[Mapping]:
        """The newest mapping of each (band, boot) of which a packet is stored, the latest used last."""

    def remember(self, key: str, value: bytes) -> None:
        """Keep a few bytes under a name, for whoever keeps its state beside the readings; replaces what was there."""

    def recall(self, key: str) -> bytes | None:
        """What was last kept under ``key``."""

    def check(self) -> list[str]:
        """Say what is wrong with what is stored, a line each; nothing: it is whole."""

    def backup(self, path: Path) -> None:
        """Write a copy of everything as of now to a new file at ``path``, while others go on writing."""

    def close(self) -> None:
        """Let the database go; nothing is lost without it."""
