"""Packets and when they arrived in, the mapping of each band's clock to UTC out. Reads no clock itself."""

import math
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from ingest.wire import Packet

SLEW_DOWN: Final = 1e-3  # s a second of band time: an earlier arrival is proof, and 1 ms is far below a sample period
SLEW_UP: Final = 2e-4  # a later one may be queueing: follow no faster than twice what a bad crystal drifts (100 ppm)
SLEW_SPAN_S: Final = 5.0  # band time that one packet may slew over: 5 ms keeps samples in order up to 200 Hz
WINDOW_S: Final = 60.0  # the least delay is sought over one to two of these: one of 60 packets finds the radio quiet
FUTURE_S: Final = 5.0  # samples this far ahead of their own arrival: the clock was set, or the first packet was late
BANDS_MAX: Final = 65_536  # mappings kept; the one longest unused goes first


@dataclass(slots=True)
class _Mapping:
    offset_s: float
    tick_us: int
    seq: int
    window_us: int = 0
    least_s: list[float] = field(default_factory=lambda: [math.inf, math.inf])  # the window before and this one

    def note(self, delay_s: float) -> float:
        """Remember ``received - tick`` and return the least one of the last windows."""
        if self.tick_us - self.window_us > WINDOW_S * 1e6:
            self.least_s = [self.least_s[1], math.inf]
            self.window_us = self.tick_us
        self.least_s[1] = min(self.least_s[1], delay_s)
        return min(self.least_s)


class Clocks:
    """One mapping per (band, boot). The first packet fixes it: its end happened when it arrived. Later ones follow the
    least (arrival - tick) of the last one to two minutes, slewed so slowly that a band's time never runs backwards.

    So a clock that says 1970 or 2019 is mapped like any other. A clock that is set within one boot (which the wire
    forbids) is mapped anew. Deviations, on purpose: no fit of the drift yet, and a first packet that was itself
    delayed by up to ``FUTURE_S`` is corrected at 1 ms a second only.
    """

    def __init__(self) -> None:
        self._mappings: OrderedDict[tuple[str, int], _Mapping] = OrderedDict()

    def map(self, packet: Packet, received_s: float) -> float:
        """Return the offset [s] of this packet: ``utc_s = tick_us * 1e-6 + offset``. Raises ValueError unless
        ``received_s`` is finite."""
        if not math.isfinite(received_s):
            raise ValueError(f"received_s must be a time, got {received_s}")
        key = (packet.band, packet.boot)
        seen_s = received_s - packet.tick_us * 1e-6
        mapping = self._mappings.get(key)
        if mapping is None or _was_set(mapping, packet, seen_s):
            self._keep(key, mapping := _Mapping(seen_s, packet.tick_us, packet.seq, packet.tick_us))
            mapping.note(seen_s)
            return seen_s
        self._mappings.move_to_end(key)
        span_s = min(max(packet.tick_us - mapping.tick_us, 0) * 1e-6, SLEW_SPAN_S)
        mapping.tick_us = max(mapping.tick_us, packet.tick_us)
        mapping.seq = max(mapping.seq, packet.seq)
        error_s = mapping.note(seen_s) - mapping.offset_s
        mapping.offset_s += max(-SLEW_DOWN * span_s, min(SLEW_UP * span_s, error_s))
        return mapping.offset_s

    def restore(self, band: str, boot: int, tick_us: int, offset_s: float) -> None:
        """Go on from a stored mapping, so that a restart of the service bends nobody's time."""
        self._keep((band, boot), _Mapping(offset_s, tick_us, -1, tick_us))

    def _keep(self, key: tuple[str, int], mapping: _Mapping) -> None:
        self._mappings[key] = mapping
        self._mappings.move_to_end(key)
        if len(self._mappings) > BANDS_MAX:
            self._mappings.popitem(last=False)


def _was_set(mapping: _Mapping, packet: Packet, seen_s: float) -> bool:
    """Whether the band's clock was moved within a boot: a later packet with an earlier tick, or samples from the
    future."""
    went_back = packet.seq > mapping.seq >= 0 and packet.tick_us < mapping.tick_us
    return went_back or seen_s < mapping.offset_s - FUTURE_S
