"""A packet and the moment it came in, samples in physical units with UTC times out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ingest.types import Array, Block
from ingest.wire import Packet, Samples, count, values


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
        even = sum(count(name, samples) for name, samples in self.packet.samples().items())
        return even + (0 if self.packet.ibi is None else len(self.packet.ibi.tick_us))

    def span_s(self) -> tuple[float, float]:
        """When the packet's first sample or beat was taken, and when the period of its last one is over [UTC s]."""
        packet = self.packet
        found = [(self.utc_s(s.tick_us), count(name, s) / s.rate_hz) for name, s in packet.samples().items()]
        spans = [(start_s, start_s + length_s) for start_s, length_s in found]
        if packet.ibi is not None and packet.ibi.tick_us:
            spans.append((self.utc_s(packet.ibi.tick_us[0]), self.utc_s(packet.ibi.tick_us[-1])))
        end_s = self.utc_s(packet.tick_us)
        return min((first for first, _ in spans), default=end_s), max((last for _, last in spans), default=end_s)
