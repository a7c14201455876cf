"""A packet and the moment it came in, samples in physical units with UTC times out."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ingest.types import Array, Block
from ingest.wire import EVEN, Packet, Samples, count, values


@dataclass(frozen=True, slots=True)
class Received:
    """A packet with its mapping from the band's clock to UTC: ``utc_s = tick_us * 1e-6 + offset_s``.

    ``received_s`` is when it arrived [UTC s]; ``payload`` the bytes it arrived as. The mapping is fixed once and never
    redone. ``arrays`` may hold what ``ingest.wire.values`` says of each even channel, so that it is worked out once.
    """

    packet: Packet
    offset_s: float
    received_s: float
    payload: bytes
    arrays: Mapping[str, Array] | None = field(default=None, compare=False, repr=False)

    def values(self, channel: str) -> Array:
        """Physical values of an even channel that the packet carries: see ``ingest.wire.values``."""
        if self.arrays is not None:
            return self.arrays[channel]
        samples: Samples = getattr(self.packet, channel)
        return values(channel, samples)

    def utc_s(self, tick_us: int) -> float:
        """The UTC second of a moment on the band's clock."""
        return tick_us * 1e-6 + self.offset_s

    def blocks(self) -> list[Block]:
        """Return a block for each channel in the packet, in the order of ``CHANNELS``; none for no beats."""
        found = [
            Block(name, self.utc_s(samples.tick_us), samples.rate_hz, self.values(name))
            for name, samples in self.packet.samples().items()
        ]
        ibi = self.packet.ibi
        if ibi is not None and ibi.tick_us:
            start_us = ibi.tick_us[0]
            after_s = (np.array(ibi.tick_us, np.int64) - start_us) * 1e-6
            found.append(Block("ibi", self.utc_s(start_us), 0.0, np.stack([after_s, np.array(ibi.interval_s)])))
        return found

    def samples(self) -> int:
        """How many samples of all channels and beats the packet holds."""
        packet, found = self.packet, 0
        for name in EVEN:
            samples: Samples | None = getattr(packet, name)
            if samples is not None:
                found += count(name, samples)
        return found if packet.ibi is None else found + len(packet.ibi.tick_us)

    def span_s(self) -> tuple[float, float]:
        """When the packet's first sample or beat was taken, and when the period of its last one is over [UTC s]."""
        packet, offset_s, first_s, last_s = self.packet, self.offset_s, math.inf, -math.inf
        for name in EVEN:
            samples: Samples | None = getattr(packet, name)
            if samples is not None:
                start_s = samples.tick_us * 1e-6 + offset_s
                first_s = min(first_s, start_s)
                last_s = max(last_s, start_s + count(name, samples) / samples.rate_hz)
        ibi = packet.ibi
        if ibi is not None and ibi.tick_us:
            first_s = min(first_s, ibi.tick_us[0] * 1e-6 + offset_s)
            last_s = max(last_s, ibi.tick_us[-1] * 1e-6 + offset_s)
        if first_s > last_s:
            first_s = last_s = packet.tick_us * 1e-6 + offset_s
        return first_s, last_s
