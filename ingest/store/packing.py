"""Packets of one band's boot in, a few small byte strings out, and back without the loss of a bit. No database.

``meta`` holds everything of the packets but their numbers; each channel has a blob of its own, which also says when its
samples were taken: reading one channel touches nothing else. Layout, byte by byte: docs/packing.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.received import Received
from ingest.store.protocol import Run
from ingest.types import Block


@dataclass(frozen=True, slots=True)
class Packed:
    """``meta`` and one blob for each channel that any of the packets carries, "ibi" included (even without a beat)."""

    meta: bytes
    channels: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Span:
    """What ``meta`` says without a look at the channels: the first start and the last end of ``Received.span_s`` of the
    packets [UTC s], runs of sequence numbers in rising order, how many packets, and samples as ``Received.samples``
    counts them."""

    band: str
    boot: int
    start_s: float
    end_s: float
    runs: tuple[Run, ...]
    packets: int
    samples: int


def pack(packets: Sequence[Received]) -> Packed:
    """Pack at least one packet, all of one (band, boot); their order is kept. For joined blocks, give them in order of
    time. Raises StoreError, naming the packet and the field, for what ``ingest.wire.decode`` would refuse."""
    raise NotImplementedError


def unpack(meta: bytes, channels: Mapping[str, bytes]) -> list[Received]:
    """Return the packets, equal in every field, in the order in which they were packed; ``payload`` is encoded anew.
    Raises StoreError, naming what is damaged, and where a channel that ``meta`` tells of is missing."""
    raise NotImplementedError


def unpack_channel(meta: bytes, channel: str, blob: bytes) -> list[Block]:
    """Return the samples as ``Received.blocks`` would, in the order in which the packets were packed, those that follow
    each other evenly joined: sample times are within 0.1 ms of their own. Raises StoreError, naming what is damaged.
    """
    raise NotImplementedError


def span(meta: bytes) -> Span:
    """Say what is in there; raises StoreError where ``meta`` is damaged."""
    raise NotImplementedError
