"""One packet in, what it says of each channel and of contact as stretches of UTC time out; and what covers a second."""

import math
import struct
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np

from ingest.grid import EXACT, REACH, REACH_MAX_S
from ingest.received import Received
from ingest.types import CHANNELS, Array

BEATS_SPAN_S: Final = 1.0  # what a packet of beats alone speaks for, back from its end
BEATS_JOIN_S: Final = 0.5  # and how much later than that its predecessor may have ended
BEATS_HZ: Final = CHANNELS["ibi"].grid_hz
_NONE: Final = (0.0, 0.0, 0.0, 0.0)
SPAN: Final = struct.Struct("4d")
EVEN: Final = tuple(name for name in CHANNELS if name != "ibi")  # in the order of ``Packet.samples``
_SPANS: Final = struct.Struct(f"{4 * len(EVEN)}d")

Key = tuple[str, int, int]


class Heard(NamedTuple):
    """A packet's samples of its even channels. ``spans`` are of each channel in ``EVEN`` the time of the first sample
    [UTC s], the rate [Hz], how many there are (0: the packet has none) and the time of the last, packed as float64;
    ``values`` the samples of those that it has, one after the other, axis by axis. ``begun_s`` is when all channels
    have begun, ``end_s`` when the last of them ends. Sorts by the packet's name."""

    key: Key
    begun_s: float
    end_s: float
    spans: bytes
    values: Array

    def stretches(self) -> "list[Stretch]":
        """Return what each channel speaks for."""
        return [
            Stretch(start_s, self.key, end_s, EXACT / rate_hz, REACH / rate_hz)
            for start_s, rate_hz, n, end_s in SPAN.iter_unpack(self.spans)
            if n
        ]


class Stretch(NamedTuple):
    """What the samples of one channel of a packet speak for: from the first to the last. ``slack_s`` is how near to a
    grid point counts as on it, ``join_s`` how far apart stretches may be without a hole. Sorts by time, then by the
    packet's name."""

    start_s: float
    key: Key
    end_s: float
    slack_s: float
    join_s: float


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


def heard_of(received: Received) -> tuple[Heard, list[float]] | None:
    """Return the even channels of a packet, and its spans as numbers; None where it has none.

    Raises WireError as ``wire.values`` does.
    """
    packet, offset_s = received.packet, received.offset_s
    begun_s = end_s = -math.inf
    spans: list[float] = []
    values: list[Array] = []
    for name in EVEN:
        samples = getattr(packet, name)
        if samples is None:
            spans += _NONE
            continue
        array, rate_hz = received.values(name), samples.rate_hz
        n = array.shape[-1]
        first_s = samples.tick_us * 1e-6 + offset_s
        last_s = first_s + (n - 1) / rate_hz
        spans += (first_s, rate_hz, n, last_s)
        values.append(array)
        if first_s > begun_s:
            begun_s = first_s
        if last_s > end_s:
            end_s = last_s
    if not values:
        return None
    return Heard(
        (packet.band, packet.boot, packet.seq), begun_s, end_s, _SPANS.pack(*spans), np.concatenate(values, axis=None)
    ), spans


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


def stretches_of(even: tuple[Heard, list[float]] | None, beats: Beats | None) -> list[Stretch | Beats]:
    """Return everything that a packet speaks for."""
    found: list[Stretch | Beats] = [] if even is None else [*even[0].stretches()]
    return found if beats is None else [*found, beats]


def contact_of(received: Received, even: tuple[Heard, list[float]] | None, beats: Beats | None) -> Contact | None:
    """Return what a packet says of skin contact; None where it says nothing, or has no samples."""
    touches = received.packet.contact
    if touches is None:
        return None
    spans = [(s.start_s, s.end_s + min(s.join_s, REACH_MAX_S)) for s in stretches_of(even, beats)]
    if not spans:
        return None
    return Contact(min(start for start, _ in spans), key_of(received), max(end for _, end in spans), float(touches))


def covers(stretches: Iterable[Stretch | Beats], second: int, grid_hz: int) -> bool:
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
