"""One packet in, what it says of each channel and of contact as stretches of UTC time out; and what covers a second."""

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np

from ingest.grid import EXACT, OVERLAP, REACH, REACH_MAX_S
from ingest.received import Received
from ingest.types import CHANNELS, Array

BEATS_SPAN_S: Final = 1.0  # what a packet of beats alone speaks for, back from its end
BEATS_JOIN_S: Final = 0.5  # and how much later than that its predecessor may have ended
BEATS_HZ: Final = CHANNELS["ibi"].grid_hz
EVEN: Final = tuple(name for name in CHANNELS if name != "ibi")  # in the order of ``Packet.samples``

Key = tuple[str, int, int]


class Segment(NamedTuple):
    """A packet's samples of one even channel: ``values`` (n,) or (axes, n), sample i at ``start_s + i / rate_hz``, the
    last at ``end_s``. ``slack_s`` is how near to a grid point counts as on it, ``join_s`` how far apart segments may be
    without a hole. ``numbers`` are start_s, rate_hz and n. Sorts by time, then by the packet's name."""

    start_s: float
    key: Key
    end_s: float
    slack_s: float
    join_s: float
    numbers: tuple[float, float, int]
    values: Array


class Beats(NamedTuple):
    """A packet's beats: it speaks for ``start_s`` to ``end_s``, the last sample; ``at_s`` (n,), intervals ended."""

    start_s: float
    key: Key
    end_s: float
    slack_s: float
    join_s: float
    at_s: Array
    interval_s: Array


class Contact(NamedTuple):
    """What a packet says of skin contact while its samples last, ``start_s`` to ``end_s``: it ``touches`` (1) or not
    (0). Sorts by time, then by the packet's name."""

    start_s: float
    key: Key
    end_s: float
    touches: float


def key_of(received: Received) -> Key:
    """What names a packet for ever."""
    packet = received.packet
    return packet.band, packet.boot, packet.seq


def segments_of(received: Received) -> dict[str, Segment]:
    """Return the even channels of a packet. Raises WireError as ``wire.values`` does."""
    packet, offset_s, key, found = received.packet, received.offset_s, key_of(received), {}
    for name in EVEN:
        samples = getattr(packet, name)
        if samples is not None:
            values, rate_hz = received.values(name), samples.rate_hz
            count = values.shape[-1]
            start_s = samples.tick_us * 1e-6 + offset_s
            end_s = start_s + (count - 1) / rate_hz
            found[name] = Segment(
                start_s, key, end_s, EXACT / rate_hz, REACH / rate_hz, (start_s, rate_hz, count), values
            )
    return found


def beats_of(received: Received) -> Beats | None:
    """Return the beats of a packet, maybe none in its stretch; None where the band sends no intervals."""
    packet = received.packet
    if packet.ibi is None:
        return None
    end_s = received.utc_s(packet.tick_us)
    starts = [received.utc_s(samples.tick_us) for samples in packet.samples().values()]
    return Beats(
        min(starts, default=end_s - BEATS_SPAN_S),
        key_of(received),
        end_s - 1 / BEATS_HZ,
        EXACT,
        BEATS_JOIN_S,
        np.array(packet.ibi.tick_us, np.float64) * 1e-6 + received.offset_s,
        np.array(packet.ibi.interval_s, np.float64),
    )


def contact_of(received: Received, stretches: Iterable[Segment | Beats]) -> Contact | None:
    """Return what a packet of these stretches says of skin contact; None where it says nothing, or has no samples."""
    touches = received.packet.contact
    if touches is None:
        return None
    spans = [(s.start_s, s.end_s + min(s.join_s, REACH_MAX_S)) for s in stretches]
    if not spans:
        return None
    return Contact(min(start for start, _ in spans), key_of(received), max(end for _, end in spans), float(touches))


class Line:
    """The segments of one channel of one row, in order.

    The last of them that follow each other evenly, at one rate, without a hole and without repeating anything, are its
    *run*: what a second says that lies in it needs none of the segments before.
    """

    __slots__ = ("reached_s", "rate_hz", "run_s", "segments")

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.segments: list[Segment] = []
        self.reached_s = -math.inf  # the latest end of them all
        self.run_s = math.inf  # where the run begins; inf: there is none
        self.rate_hz = 0.0  # in the run

    def add(self, segment: Segment) -> None:
        """Put a segment in its place."""
        if self.segments and segment < self.segments[-1]:
            segments = sorted([*self.segments, segment])
            self._begin()
            for each in segments:
                self._extend(each)
        else:
            self._extend(segment)

    def _extend(self, segment: Segment) -> None:
        start_s, rate_hz, _ = segment.numbers
        reached_s = self.reached_s
        if (reached_s - start_s) * rate_hz + OVERLAP * min(1.0, rate_hz) >= 0:
            self.run_s = math.inf
        elif self.run_s == math.inf or rate_hz != self.rate_hz or start_s > reached_s + segment.join_s:
            self.run_s, self.rate_hz = start_s, rate_hz
        self.reached_s = max(reached_s, segment.end_s)
        self.segments.append(segment)

    def covers(self, second: int, grid_hz: int) -> bool:
        """Do what the function ``covers`` does, in one step where the second begins in the run."""
        if self.run_s <= second and self.segments[0].start_s <= second:
            return self.reached_s >= second + 1 - 1 / grid_hz - self.segments[-1].slack_s
        return covers(self.segments, second, grid_hz)

    def for_second(self, second: int) -> list[Segment]:
        """Return the segments that decide what ``second`` says: the same bits as all of them."""
        segments, i = self.segments, 0
        if self.run_s <= second:
            i = len(segments) - 1
            while i > 0 and segments[i].start_s > second:
                i -= 1
        return segments[i:]


def covers(stretches: Iterable[Segment | Beats], second: int, grid_hz: int) -> bool:
    """Whether stretches, in order, reach over every grid point of a second without a hole."""
    last_s = second + 1 - 1 / grid_hz
    reached_s = -math.inf
    for stretch in stretches:
        if stretch.start_s > max(reached_s + stretch.join_s, second + stretch.slack_s):
            return False
        reached_s = max(reached_s, stretch.end_s)
        if reached_s >= last_s - stretch.slack_s:
            return True
    return False


def place(beats: Sequence[Beats], first: int, out: Array) -> None:
    """Write beats, in order, into ``out`` (64 n,) from UTC second ``first`` on: the interval at the nearest sample, 0
    where there was no beat, NaN where nobody speaks for the time."""
    out[:] = np.nan
    base = first * BEATS_HZ
    for stretch in beats:
        low = math.ceil((stretch.start_s - stretch.join_s) * BEATS_HZ - EXACT) - base
        high = math.floor(stretch.end_s * BEATS_HZ + EXACT) - base
        out[max(low, 0) : max(high + 1, 0)] = 0.0
    for stretch in beats:
        nearest = np.floor(stretch.at_s * BEATS_HZ + 0.5).astype(np.int64) - base
        inside = (nearest >= 0) & (nearest < out.size)
        out[nearest[inside]] = stretch.interval_s[inside]


def say(contacts: Iterable[Contact], first: int, out: Array) -> None:
    """Write what contacts, in order, say into ``out`` (n,) from UTC second ``first`` on: of each second whoever speaks
    for its middle, the one that began last where several do; NaN where nobody does."""
    out[:] = np.nan
    for contact in contacts:
        low, high = math.ceil(contact.start_s - 0.5) - first, math.floor(contact.end_s - 0.5) - first
        out[max(low, 0) : max(high + 1, 0)] = contact.touches
