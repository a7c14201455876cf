"""One channel of some packets in, a blob and what ``meta`` must know of it out; samples with their times, and the
packets' own numbers, back."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.errors import StoreError
from ingest.store.packing_bits import Coded, Ints, code, ints_of
from ingest.store.packing_blob import BEATS, EVEN, opened, sealed
from ingest.store.packing_numbers import (
    DTYPES,
    NONE,
    UNKNOWN_I2,
    Section,
    numbers_of,
    physical_into,
    raw_of,
    require_room,
    section,
)
from ingest.store.packing_runs import joined
from ingest.store.packing_runs import runs as even_runs
from ingest.types import CHANNELS, Array, Block
from ingest.wire import RATE_MAX_HZ, RATE_MIN_HZ, Intervals, Samples

SHIFT_MAX_S: Final = 1.0  # between the mappings of beats in one run: beyond, a clock was set

Bools = NDArray[np.bool_]
Dtype = Literal["f4", "i2", "f8"]


class Kind(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What the samples of a packet are: a list of numbers or bytes, and the fields of ``Samples``."""

    listed: bool
    dtype: Dtype
    rate_hz: float
    scale: float


class Part(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One channel in ``meta``, beside its three ``Columns``. ``nulls`` are the places, among all listed numbers of this
    channel, where a list says null."""

    kinds: list[Kind]
    nulls: int
    null_at: Coded


class Even(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """An even channel: ``runs`` of (start [UTC s], rate [Hz], samples), ``pieces`` of (section, scale, samples), both
    in the order of the packets. ``known``: no sample is unknown."""

    channel: str
    known: bool
    runs: list[tuple[float, float, int]]
    pieces: list[tuple[int, float, int]]
    sections: list[Section]


class Beats(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Beats: ``runs`` of (start [UTC s], beats); ``times`` are two rows of a number for each beat: its tick, and by how
    much the mapping of its packet differs from that of the first of its run [us]; the intervals [s]."""

    runs: list[tuple[float, int]]
    times: Coded
    intervals: Section


@dataclass(frozen=True, slots=True)
class Packets:
    """What the channels share of k packets: their names for errors, numbers, clocks and mappings, (k,) each."""

    names: Sequence[str]
    seq: Ints
    tick: Ints
    offset_s: Array


@dataclass(frozen=True, slots=True)
class Columns:
    """One channel's numbers for each packet, (k,) each. ``which``: 0 where a packet does not have it, else one more
    than the place in ``kinds`` (of beats: 1). ``count`` of samples, and ``tick`` of the first less the packet's own (of
    beats: 0)."""

    which: Ints
    count: Ints
    tick: Ints


@dataclass(frozen=True, slots=True)
class Made:
    """A packed channel: its ``part`` of meta and its columns, its ``blob``, which packets have samples of it (k,), the
    first start and the last end of them [UTC s] (of none: inf, -inf), and how many samples."""

    part: Part
    columns: Columns
    blob: bytes
    having: Bools
    start_s: float
    end_s: float
    samples: int


_EVEN = msgspec.msgpack.Decoder(Even)
_BEATS = msgspec.msgpack.Decoder(Beats)


def pack_even(channel: str, found: Sequence[tuple[int, Samples]], packets: Packets) -> Made:
    """Pack an even channel, given as (place of the packet, samples)."""
    axes = CHANNELS[channel].axes
    at = np.array([i for i, _ in found], np.intp)
    rate_hz = np.array([samples.rate_hz for _, samples in found], np.float64)
    tick = np.array([samples.tick_us for _, samples in found], np.int64)
    start_s = tick * 1e-6 + packets.offset_s[at]
    kinds: dict[tuple[bool, Dtype, float, float], int] = {}
    raws: dict[str, list[bytes]] = {}
    pieces: list[tuple[int, float, int]] = []
    kind_of, lengths = [], []
    for key, group in groupby(found, key=_kind):
        some = list(group)
        listed, dtype, _, scale = key
        held = raws.setdefault("f8" if listed else dtype, [])
        raw = [_raw(samples) for _, samples in some]
        held += raw
        n = _counts(channel, axes, key, raw, [packets.names[i] for i, _ in some])
        lengths.append(n)
        kind_of += [kinds.setdefault(key, len(kinds)) + 1] * len(some)
        place = list(raws).index("f8" if listed else dtype)
        if pieces and pieces[-1][:2] == (place, scale):
            pieces[-1] = (place, scale, pieces[-1][2] + int(n.sum()))
        else:
            pieces.append((place, scale, int(n.sum())))
    counts = np.concatenate(lengths)
    sections = [section(b"".join(some), dtype, axes) for dtype, some in raws.items()]
    known = all(_known(channel, scale, *sections[place]) for place, scale, _ in pieces)
    packed = Even(channel, known, even_runs(start_s, rate_hz, counts), pieces, [made for made, _ in sections])
    columns = Columns(*np.zeros((3, packets.seq.size), np.int64))
    columns.which[at], columns.count[at], columns.tick[at] = kind_of, counts, tick - packets.tick[at]
    part = Part([Kind(*key) for key in kinds], *_nulls(found, kinds))
    ends = start_s + counts / rate_hz
    blob = sealed(EVEN, packed)
    return Made(part, columns, blob, columns.which > 0, float(start_s.min()), float(ends.max()), int(counts.sum()))


def _known(channel: str, scale: float, made: Section, extremes: tuple[float, float] | None) -> bool:
    """Whether it is certain that no sample of a section is unknown."""
    if extremes is None or (made.dtype == "i2" and extremes[0] == UNKNOWN_I2):
        return False
    kind = CHANNELS[channel]
    return all(kind.low <= extreme * scale <= kind.high for extreme in extremes)


def _kind(one: tuple[int, Samples]) -> tuple[bool, Dtype, float, float]:
    samples = one[1]
    return type(samples.values) is list, samples.dtype, samples.rate_hz, samples.scale


def _raw(samples: Samples) -> bytes:
    """The bytes in which numbers are packed."""
    if isinstance(samples.values, bytes):
        return samples.values
    return np.array([np.nan if value is None else value for value in samples.values], "<f8").tobytes()


def _counts(
    channel: str, axes: int, key: tuple[bool, Dtype, float, float], raw: Sequence[bytes], names: Sequence[str]
) -> Ints:
    """How many samples each packet of one kind has; raises StoreError for what the wire does not let in."""
    listed, dtype, rate_hz, scale = key
    lengths = np.array([len(one) for one in raw], np.int64)
    counts, rest = np.divmod(lengths, DTYPES["f8" if listed else dtype].itemsize * axes)
    bad = (rest != 0) | (counts == 0) | (not RATE_MIN_HZ <= rate_hz <= RATE_MAX_HZ or not 0 < abs(scale) < np.inf)
    if bad.any():
        raise StoreError(f"packet {names[bad.argmax()]}: {channel} is not what the wire lets in: decode it first")
    return counts


def _nulls(
    found: Sequence[tuple[int, Samples]], kinds: Iterable[tuple[bool, Dtype, float, float]]
) -> tuple[int, Coded]:
    """How many nulls are in the lists of a channel, and their places among all listed numbers."""
    if not any(listed for listed, *_ in kinds):
        return 0, NONE
    listed = [value for _, samples in found if isinstance(samples.values, list) for value in samples.values]
    places = np.array([i for i, value in enumerate(listed) if value is None], np.int64)
    return places.size, code(places.reshape(-1, 1))[0]


def even_samples(
    channel: str, blob: bytes, part: Part, columns: Columns, packets: Packets
) -> Iterator[tuple[int, Samples]]:
    """Yield what ``pack_even`` was given; raises StoreError."""
    even = opened(EVEN, blob, _EVEN)
    axes = CHANNELS[channel].axes
    at, count = _present(columns, len(part.kinds))
    tick = packets.tick[at] + columns.tick[at]
    raws = {made.dtype: (raw_of(made, axes), DTYPES[made.dtype].itemsize * axes) for made in even.sections}
    used = dict.fromkeys(raws, 0)
    nulls = ints_of(part.null_at, 1, part.nulls)[0]
    listed = 0
    for i, which, tick_us, n in zip(
        at.tolist(), columns.which[at].tolist(), tick.tolist(), count.tolist(), strict=True
    ):
        kind = part.kinds[which - 1]
        dtype = "f8" if kind.listed else kind.dtype
        if dtype not in raws or used[dtype] + n * raws[dtype][1] > len(raws[dtype][0]):
            raise StoreError(f"packet {packets.names[i]} has more samples than the blob")
        raw, size = raws[dtype]
        part_of = raw[used[dtype] : used[dtype] + n * size]
        used[dtype] += n * size
        values: bytes | list[float | None] = part_of
        if kind.listed:
            low, high = np.searchsorted(nulls, [listed, listed + n * axes])
            values = _with_nulls(part_of, nulls[low:high] - listed)
            listed += n * axes
        samples = Samples(rate_hz=kind.rate_hz, tick_us=tick_us, values=values, dtype=kind.dtype)
        yield i, samples if kind.scale == 1 else msgspec.structs.replace(samples, scale=kind.scale)
    if any(used[dtype] != len(raw) for dtype, (raw, _) in raws.items()):
        raise StoreError("the blob has more samples than the packets")


def _with_nulls(raw: bytes, nulls: Ints) -> list[float | None]:
    values: list[float | None] = np.frombuffer(raw, "<f8").tolist()
    for null in nulls.tolist():
        values[null] = None
    return values


@dataclass(frozen=True, slots=True)
class OpenedEven:
    """The blob of an even channel, opened: how many samples and numbers are in it, which are still packed."""

    even: Even
    samples: int
    numbers: int

    def into(self, out: Array, first: int) -> None:
        """Fill ``out`` (axes, all of them), C-contiguous, from column ``first`` with all of the physical values, as
        ``ingest.wire.values`` says; raises StoreError."""
        even = self.even
        kind = CHANNELS[even.channel]
        bounds = None if even.known else (kind.low, kind.high)
        if len(even.pieces) == 1 and len(even.sections) == 1 and even.pieces[0][0] == 0:
            if even.pieces[0][2] * kind.axes != even.sections[0].numbers:
                raise StoreError("the pieces do not fit the sections")
            physical_into(out, first, even.sections[0], even.pieces[0][1], bounds)
            return
        numbers = [numbers_of(made, kind.axes) for made in even.sections]
        for made, found in zip(even.sections, numbers, strict=True):
            if made.dtype == "i2" and not even.known:
                found[found == UNKNOWN_I2] = np.nan
        used = [0] * len(numbers)
        for place, scale, n in even.pieces:
            if not 0 <= place < len(numbers) or not 0 < n <= numbers[place].shape[1] - used[place]:
                raise StoreError("the pieces do not fit the sections")
            into = out[:, first : first + n]
            with np.errstate(over="ignore", invalid="ignore"):
                np.multiply(numbers[place][:, used[place] : used[place] + n], scale, out=into)
            if bounds is not None:
                into[~((into >= bounds[0]) & (into <= bounds[1]))] = np.nan
            used[place] += n
            first += n
        if used != [found.shape[1] for found in numbers]:
            raise StoreError("the pieces do not fit the sections")


def open_even(channel: str, blob: bytes) -> OpenedEven:
    """Look at a blob without unpacking its samples; raises StoreError."""
    even = opened(EVEN, blob, _EVEN)
    if even.channel != channel:
        raise StoreError(f"this is the blob of {even.channel[:64]!r}")
    samples = sum(n for _, _, n in even.runs)
    if min((n for _, _, n in even.runs), default=0) < 1 or not all(0 < r < np.inf for _, r, _ in even.runs):
        raise StoreError("a run without samples or a rate")
    for made in even.sections:
        require_room(made, CHANNELS[channel].axes)
    if samples * CHANNELS[channel].axes != sum(made.numbers for made in even.sections):
        raise StoreError(f"the runs do not fit {samples} samples")
    return OpenedEven(even, samples, samples * CHANNELS[channel].axes)


def even_blocks(channel: str, some: Sequence[OpenedEven]) -> list[Block]:
    """Return the samples of blobs in even runs, in their order; raises StoreError. Those that follow each other evenly
    are unpacked side by side into one array: no sample is copied."""
    runs = joined([run for one in some for run in one.even.runs])
    out = np.empty((CHANNELS[channel].axes, sum(one.samples for one in some)))
    first = 0
    for one in some:
        one.into(out, first)
        first += one.samples
    blocks, first = [], 0
    for start_s, rate_hz, n in runs:
        values = out[0, first : first + n] if out.shape[0] == 1 else np.ascontiguousarray(out[:, first : first + n])
        blocks.append(Block(channel, start_s, rate_hz, values))
        first += n
    return blocks


def _present(columns: Columns, kinds: int) -> tuple[NDArray[np.intp], Ints]:
    """The places of the packets that have the channel, and their counts."""
    at = np.flatnonzero(columns.which)
    count: Ints = columns.count[at]
    if not 0 <= columns.which.min() <= columns.which.max() <= kinds:
        raise StoreError(f"meta tells of a kind that is none of {kinds}")
    if (count < 0).any() or (count >= 1 << 40).any():
        raise StoreError("a count in meta is below 0 or absurd")
    return at, count


def pack_beats(found: Sequence[tuple[int, Intervals]], packets: Packets) -> Made:
    """Pack beats, given as (place of the packet, intervals)."""
    at = np.array([i for i, _ in found], np.intp)
    counts = np.array([len(ibi.tick_us) for _, ibi in found], np.int64)
    for i, ibi in found:
        if len(ibi.tick_us) != len(ibi.interval_s):
            raise StoreError(f"packet {packets.names[i]}: ibi is not what the wire lets in: decode it first")
    tick = np.array([tick_us for _, ibi in found for tick_us in ibi.tick_us], np.int64)
    raw = np.array([interval_s for _, ibi in found for interval_s in ibi.interval_s], "<f8").tobytes()
    utc_s = tick * 1e-6 + np.repeat(packets.offset_s[at], counts)
    runs, shift = _beat_runs(found, packets)
    times = np.stack([tick, np.array(shift, np.int64)], axis=1)
    blob = sealed(BEATS, Beats(runs, code(times)[0], section(raw, "f8", 1)[0]))
    columns = Columns(*np.zeros((3, packets.seq.size), np.int64))
    columns.which[at], columns.count[at] = 1, counts
    ends = (float(utc_s.min()), float(utc_s.max())) if utc_s.size else (np.inf, -np.inf)
    return Made(Part([], 0, NONE), columns, blob, columns.count > 0, *ends, tick.size)


def _beat_runs(found: Sequence[tuple[int, Intervals]], packets: Packets) -> tuple[list[tuple[float, int]], list[int]]:
    """Runs of beats of packets that follow each other by number, time not going back; and the shift of each beat."""
    runs: list[tuple[float, int]] = []
    shifts: list[int] = []
    before, last_us, origin_s = -2, 0, 0.0
    for i, ibi in found:
        follows = i == before + 1 and packets.seq[i] == packets.seq[before] + 1
        before = i
        if not ibi.tick_us:
            if not follows:
                last_us = 1 << 62
            continue
        offset_s = float(packets.offset_s[i])
        apart_s = offset_s - origin_s
        shift = round(apart_s * 1e6) if abs(apart_s) < SHIFT_MAX_S else 0
        if not (follows and runs and abs(apart_s) < SHIFT_MAX_S and ibi.tick_us[0] + shift >= last_us):
            runs.append((ibi.tick_us[0] * 1e-6 + offset_s, 0))
            origin_s, shift = offset_s, 0
        runs[-1] = (runs[-1][0], runs[-1][1] + len(ibi.tick_us))
        shifts += [shift] * len(ibi.tick_us)
        last_us = ibi.tick_us[-1] + shift
    return runs, shifts


def beats(blob: bytes, columns: Columns) -> Iterator[tuple[int, Intervals]]:
    """Yield what ``pack_beats`` was given; raises StoreError."""
    made = opened(BEATS, blob, _BEATS)
    at, count = _present(columns, 1)
    interval_s = np.frombuffer(raw_of(made.intervals, 1), "<f8") if made.intervals.dtype == "f8" else np.empty(0)
    if int(count.sum()) != interval_s.size:
        raise StoreError("meta tells of other beats")
    tick, _ = ints_of(made.times, 2, interval_s.size)
    stops = np.cumsum(count).tolist()
    for i, first, stop in zip(at.tolist(), [0, *stops], stops, strict=False):
        yield i, Intervals(tick_us=tick[first:stop].tolist(), interval_s=interval_s[first:stop].tolist())


@dataclass(frozen=True, slots=True)
class OpenedBeats:
    """The blob of beats, opened; see ``OpenedEven``."""

    beats: Beats
    numbers: int


def open_beats(blob: bytes) -> OpenedBeats:
    """Look at a blob without unpacking its beats; raises StoreError."""
    made = opened(BEATS, blob, _BEATS)
    require_room(made.intervals, 1)
    return OpenedBeats(made, 2 * made.intervals.numbers)


def beat_blocks(found: OpenedBeats) -> list[Block]:
    """Return the beats in runs; raises StoreError."""
    made = found.beats
    interval_s = numbers_of(made.intervals, 1)[0]
    tick, shift = ints_of(made.times, 2, interval_s.size)
    at = tick + shift
    if min((n for _, n in made.runs), default=1) < 1 or sum(n for _, n in made.runs) != interval_s.size:
        raise StoreError(f"the runs do not fit {interval_s.size} beats")
    blocks, first = [], 0
    for start_s, n in made.runs:
        after_s = (at[first : first + n] - tick[first]) * 1e-6
        blocks.append(Block("ibi", start_s, 0.0, np.stack([after_s, interval_s[first : first + n]])))
        first += n
    return blocks
