"""Packets and when they arrived in, the mapping of each band's clock to UTC out. Reads no clock itself."""

import math
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

import msgspec

from ingest.errors import ClockError
from ingest.wire import Packet

SLEW_DOWN: Final = 1e-3  # s a second of band time: an earlier arrival is proof, and 1 ms is far below a sample period
SLEW_UP: Final = 2e-4  # a later one may be queueing: follow no faster than twice what a bad crystal drifts (100 ppm)
SLEW_SPAN_S: Final = 5.0  # band time that one packet may slew over: 5 ms keeps samples in order up to 200 Hz
WINDOW_S: Final = 60.0  # the least delay is sought over one to two of these: one of 60 packets finds the radio quiet
FUTURE_S: Final = 5.0  # samples this far ahead of their own arrival: the clock was set, or the first packet was late
BANDS_MAX: Final = 65_536  # mappings kept; the one longest unused goes first


@dataclass(frozen=True, slots=True)
class ClockState:
    """How one boot of a band keeps time: ``utc_s = tick_us * 1e-6 + offset_s`` now.

    ``drift_ppm`` is how much faster UTC runs than the band, None while unknown; ``residual_s`` by how much the least delay
    of a minute typically lies off the fitted line, None while unknown; ``first_s`` and ``last_s`` when it was heard first
    and last [UTC s]; ``sets`` how often it was mapped anew.
    """

    band: str
    boot: int
    offset_s: float
    drift_ppm: float | None
    residual_s: float | None
    first_s: float | None
    last_s: float | None
    sets: int


@dataclass(frozen=True, slots=True)
class GatewayState:
    """How a sender's clock stands to ours: its least (received - sent) is ``offset_s``, None while that is not known;
    ``sets`` is how often its clock was found set, ``last_s`` when it was heard last [UTC s]."""

    gateway: str
    offset_s: float | None
    last_s: float
    sets: int


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

    def snapshot(self) -> bytes:
        """Return everything that was learnt, for ``resume`` after a restart."""
        kept = [(band, boot, m.tick_us, m.offset_s) for (band, boot), m in self._mappings.items()]
        return msgspec.msgpack.encode(("clocks", 0, kept))

    def resume(self, snapshot: bytes) -> None:
        """Go on from a snapshot; ``restore`` what is newer than it afterwards. Raises ClockError, having taken nothing,
        where it is damaged or of another version: the clocks are then learnt anew."""
        try:
            _, _, kept = msgspec.msgpack.decode(snapshot, type=tuple[str, int, list[tuple[str, int, int, float]]])
        except msgspec.MsgspecError as error:
            raise ClockError(f"the snapshot of the clocks is damaged: {error}") from None
        for band, boot, tick_us, offset_s in kept:
            self.restore(band, boot, tick_us, offset_s)

    def states(self) -> list[ClockState]:
        """Say how each clock does, the one heard last at the end."""
        return [
            ClockState(band, boot, m.offset_s, None, None, None, None, 0) for (band, boot), m in self._mappings.items()
        ]

    def gateways(self) -> list[GatewayState]:
        """Say how each sender's clock does."""
        return []

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
