"""Where received packets rest: what any store must do, whichever database is behind it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ingest.received import Received
from ingest.types import Block


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
    """What a store holds: packets and samples (of all axes and channels, and beats) by band; messages in quarantine."""

    packets: dict[str, int]
    samples: dict[str, int]
    quarantined: int


class Store(Protocol):
    """Append-only and idempotent by (band, boot, seq). Every method raises StoreError; what was stored stays."""

    def commit(self, batch: Sequence[Received]) -> int:
        """Make a batch durable, all of it or nothing, and return how many packets were new. One that is there already
        keeps its first mapping and arrival."""

    def quarantine(
        self, topic: str, payload: bytes, reason: str, received_s: float, *, name: tuple[str, int, int] | None = None
    ) -> None:
        """Make durable what could not be used, and why, once however often it comes. ``name`` is its (band, boot, seq)
        where that is known: such a message counts as stored, so that it holds up no watermark."""

    def watermark(self, band: str, boot: int) -> Run | None:
        """The packets around the first of that boot that ever came, as far as they are stored without a hole, either
        way; None before one has come. Nothing is said of what lies outside."""

    def read(self, band: str, channel: str, since_s: float, until_s: float) -> Iterator[Block]:
        """Yield the blocks of one channel that reach into ``[since_s, until_s)`` [UTC s], in time order, uncut."""

    def packets(self, band: str) -> Iterator[Received]:
        """Yield every packet of a band as it was received, in order of its UTC time."""

    def counts(self) -> Counts:
        """Say how much is stored."""

    def last_mappings(self) -> list[Mapping]:
        """The newest mapping of each (band, boot) of which a packet is stored, the latest used last."""

    def close(self) -> None:
        """Let the database go; nothing is lost without it."""
