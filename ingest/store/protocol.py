"""Where received packets rest: what any store must do, whichever database is behind it.

Every store is an SQLite inbox, where packets land, and a ``Rest``, where they are settled: ``SettlingStore`` joins the
two.
"""

import math
import sqlite3
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ingest.received import Received
from ingest.types import Block

Name = tuple[str, int, int]
"""(band, boot, seq): what names a packet for ever."""
Lost = tuple[str, int, int, int]
"""(band, boot, first, last): numbers that will never come, both included."""


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
    """What a store holds: packets and samples (instants of all channels, and beats) by band; messages in quarantine,
    and how many of these have ``shed`` their payload for want of room."""

    packets: dict[str, int]
    samples: dict[str, int]
    quarantined: int
    shed: int = 0


@dataclass(frozen=True, slots=True)
class Erased:
    """What ``Store.erase`` has taken away."""

    packets: int
    samples: int


@dataclass(frozen=True, slots=True)
class BandSummary:
    """What is stored of a band: its boots, packets and samples, when the first of them was taken and the period of the
    last one over, and when the last packet ever came [UTC s]."""

    band: str
    boots: int
    packets: int
    samples: int
    first_s: float
    last_s: float
    last_received_s: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message in quarantine; ``payload`` is None where only its SHA-256 ``digest`` was kept, for want of room."""

    topic: str
    reason: str
    received_s: float
    digest: bytes
    payload: bytes | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that could not be used; ``name`` is what it says it is, where that can be believed."""

    topic: str
    payload: bytes
    reason: str
    received_s: float
    name: Name | None


class Store(Protocol):
    """Append-only and idempotent by (band, boot, seq). Every method raises StoreError; what was stored stays.

    A packet first rests as it came, so that a commit is short, and is later *settled*: moved, in one piece with its
    neighbours, to where it is small and quick to read. Whether it has been makes no difference to any answer. A packet
    that is erased or dropped still counts as stored: sent again, it is not taken in again.
    """

    @property
    def lost(self) -> int:
        """How many numbers that had not come, since this was opened, were declared lost: each once, however often."""

    def commit(self, batch: Sequence[Received], *, dropped: Sequence[Name] = (), lost: Sequence[Lost] = ()) -> int:
        """Make a batch durable, all of it or nothing, and return how many packets were new. One that is there already
        keeps its first mapping and arrival. Numbers that a packet, new or not, says are ``lost``, and packets
        ``dropped`` for want of consent with what these say is ``lost``, count as stored; nothing else of them is kept.
        """

    def quarantine(
        self, topic: str, payload: bytes, reason: str, received_s: float, *, name: Name | None = None
    ) -> None:
        """Make durable what could not be used, and why, once however often it comes. ``name`` is its (band, boot, seq)
        where that is known: such a message counts as stored, so that it holds up no watermark."""

    def quarantine_all(self, messages: Sequence[Refused]) -> None:
        """The same of many, all of them or none: a commit for each would let nonsense hold up everybody's readings."""

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

    def forget_refused(self, goes: Callable[[str | None, float], bool]) -> int:
        """Take away every message in quarantine of which ``goes(band, received_s)``, band None where its topic names
        none, and return how many. Their names count as stored for ever."""

    def counts(self) -> Counts:
        """Say how much is stored."""

    def last_mappings(self) -> list[Mapping]:
        """The newest mapping of each (band, boot) of which a packet is stored, the latest used last."""

    def bands(self) -> list[BandSummary]:
        """Each band of which a packet is stored, in order of its name; quick, however much is stored."""

    def quarantined(self, limit: int) -> list[Refusal]:
        """The last ``limit`` messages that went to quarantine, the latest first."""

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


@dataclass(frozen=True, slots=True)
class Totals:
    """What rests of one boot: packets, samples, when the first was taken and the period of the last over [UTC s]."""

    packets: int
    samples: int
    first_s: float
    last_s: float


@dataclass(frozen=True, slots=True)
class View:
    """The inbox as a reading finds it: ``db`` is inside one read transaction on its file, ``names`` are the packets in
    it that may concern the reading. A settling that was cut off, or goes on meanwhile, may have brought these to the
    rest too: they are told from the inbox, and the rest leaves them out."""

    db: sqlite3.Connection
    names: Container[Name]


Finish = Callable[[sqlite3.Connection], None]
"""Called inside the transaction on the inbox's file that takes the packets out of the inbox; writes nothing elsewhere
and does not wait."""


class Rest(Protocol):
    """Where settled packets rest. Every method raises StoreError, and is then called again some time later: a rest that
    is away stops no commit. ``keep`` and ``erase`` are called by one thread at a time, the others by any."""

    def keep(self, packets: Sequence[Received]) -> Finish:
        """Make packets of one (band, boot), in order of their start and close to each other, durable before this
        returns, save for what the returned ``Finish`` writes. Some of them may be there already, from a settling that
        was cut off, and in other company: then each is there once all the same."""

    def read(self, band: str, channel: str, since_s: float, until_s: float, view: View) -> Iterator[Block]:
        """See ``Store.read``; without the packets in ``view.names``."""

    def packets(self, band: str, since_s: float, until_s: float, view: View) -> Iterator[Received]:
        """See ``Store.packets``; in order of (start, boot, seq), without those in ``view.names``."""

    def totals(self, band: str, db: sqlite3.Connection) -> dict[int, Totals]:
        """How much of each boot of a band rests here; asked after an erasure only. ``db`` is on the inbox's file."""

    def erase(self, band: str, since_s: float, until_s: float) -> Finish:
        """Take away, without a trace, every packet of a band that reaches into ``[since_s, until_s)`` [UTC s]: its
        ``span_s`` begins before ``until_s`` and ends after ``since_s``, or it is empty and at a moment in between.
        Done again, it changes nothing."""

    def check(self) -> list[str]:
        """See ``Store.check``."""

    def backup(self, path: Path) -> None:
        """Add what rests here to the copy of the inbox's file at ``path``, where it is not in that file already."""

    def close(self) -> None:
        """Let go of what is behind it."""
