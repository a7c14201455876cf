"""One channel of some packets in, a blob and what ``meta`` must know of it out; samples with their times, and the
packets' own numbers, back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.errors import StoreError
from ingest.store.packing_bits import Coded, Ints, code, ints_of
from ingest.store.packing_blob import BEATS, EVEN, opened, sealed
from ingest.store.packing_numbers import DTYPES, UNKNOWN_I2, Section, numbers_of, raw_of, section
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
    """One channel in ``meta``. ``which`` (a number for each packet): 0 none, else one more than the place in ``kinds``;
    then for the ``present`` packets that have it: ``count`` of samples, ``tick`` of the first less the packet's own.
    ``nulls`` are the places, among all listed numbers of this channel, where a list says null. Of beats, only which
    and count."""

    kinds: list[Kind]
    which: Coded
    present: int
    count: Coded
    tick: Coded
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
    """Beats: ``runs`` of (start [UTC s], beats); for each beat its ``tick``, and ``shift``: by how much the mapping of
    its packet differs from that of the first of its run [us]; the intervals [s]."""

    runs: list[tuple[float, int]]
    tick: Coded
    shift: Coded
    intervals: Section


@dataclass(frozen=True, slots=True)
class Packets:
    """What the channels share of k packets: their names for errors, numbers, clocks and mappings, (k,) each."""

    names: Sequence[str]
    seq: Ints
    tick: Ints
    offset_s: Array


@dataclass(frozen=True, slots=True)
class Made:
    """A packed channel: its ``part`` of meta, its ``blob``, which packets have samples of it (k,), the first start and
    the last end of them [UTC s] (of none: inf, -inf), and how many samples."""

    part: Part
    blob: bytes
    having: Bools
    start_s: float
    end_s: float
    samples: int


_EVEN = msgspec.msgpack.Decoder(Even)
_BEATS = msgspec.msgpack.Decoder(Beats)
NONE: Final = code(np.empty((1, 0), np.int64))


def coded(column: Sequence[int] | Ints) -> Coded:
    """Code one column; what is returned has been decoded once and found equal."""
    ints = np.asarray(column, np.int64).reshape(1, -1)
    made = code(ints)
    if not np.array_equal(ints_of(made, *ints.shape), ints):
        raise StoreError("a column did not survive packing: a fault of this release, please report it")
    return made


def column_of(column: Coded, n: int) -> Ints:
    """The column of ``n`` integers; raises StoreError."""
    found: Ints = ints_of(column, 1, n)[0]
    return found


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
    known = bool(np.isfinite(_physical(channel, pieces, sections, known=False)).all())
    blob = sealed(EVEN, Even(channel, known, even_runs(start_s, rate_hz, counts), pieces, sections))
    which = np.zeros(packets.seq.size, np.int64)
    which[at] = kind_of
    columns = (coded(which), at.size, coded(counts), coded(tick - packets.tick[at]))
    part = Part([Kind(*key) for key in kinds], *columns, *_nulls(found))
    ends = start_s + counts / rate_hz
    return Made(part, blob, which > 0, float(start_s.min()), float(ends.max()), int(counts.sum()))


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


def _nulls(found: Sequence[tuple[int, Samples]]) -> tuple[int, Coded]:
    """How many nulls are in the lists of a channel, and their places among all listed numbers."""
    listed = [value for _, samples in found if isinstance(samples.values, list) for value in samples.values]
    places = [i for i, value in enumerate(listed) if value is None]
    return len(places), coded(places)


def even_samples(channel: str, blob: bytes, part: Part, packets: Packets) -> Iterator[tuple[int, Samples]]:
    """Yield what ``pack_even`` was given; raises StoreError."""
    even = opened(EVEN, blob, _EVEN)
    axes = CHANNELS[channel].axes
    which, at, count = _present(part, packets)
    tick = packets.tick[at] + column_of(part.tick, at.size)
    raws = {made.dtype: (raw_of(made, axes), DTYPES[made.dtype].itemsize * axes) for made in even.sections}
    used = dict.fromkeys(raws, 0)
    nulls = column_of(part.null_at, part.nulls)
    listed = 0
    for i, tick_us, n in zip(at.tolist(), tick.tolist(), count.tolist(), strict=True):
        if which[i] > len(part.kinds):
            raise StoreError(f"packet {packets.names[i]} is of kind {which[i]} of {len(part.kinds)}")
        kind = part.kinds[which[i] - 1]
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


def even_blocks(channel: str, blob: bytes) -> list[Block]:
    """Return the samples in even runs; raises StoreError."""
    even = opened(EVEN, blob, _EVEN)
    if even.channel != channel:
        raise StoreError(f"this is the blob of {even.channel[:64]!r}")
    physical = _physical(channel, even.pieces, even.sections, known=even.known)
    lengths = [n for _, _, n in even.runs]
    if min(lengths, default=0) < 1 or sum(lengths) != physical.shape[1] or not all(r > 0 for _, r, _ in even.runs):
        raise StoreError(f"the runs do not fit {physical.shape[1]} samples")
    single = CHANNELS[channel].axes == 1
    blocks, first = [], 0
    for start_s, rate_hz, n in even.runs:
        values = physical[0, first : first + n] if single else np.ascontiguousarray(physical[:, first : first + n])
        blocks.append(Block(channel, start_s, rate_hz, values))
        first += n
    return blocks


def _physical(
    channel: str, pieces: Sequence[tuple[int, float, int]], sections: Sequence[Section], *, known: bool
) -> Array:
    """Physical values (axes, n) as ``ingest.wire.values`` says; ``known``: none is unknown, so that none is sought."""
    kind = CHANNELS[channel]
    numbers = []
    for made in sections:
        found = numbers_of(made, kind.axes)
        if made.dtype == "i2" and not known:
            found[found == UNKNOWN_I2] = np.nan
        numbers.append(found)
    used = [0] * len(numbers)
    parts = []
    for place, scale, n in pieces:
        if not 0 <= place < len(numbers) or not 0 < n <= numbers[place].shape[1] - used[place]:
            raise StoreError("the pieces do not fit the sections")
        part = numbers[place][:, used[place] : used[place] + n]
        with np.errstate(over="ignore", invalid="ignore"):
            parts.append(part if scale == 1 else part * scale)
        used[place] += n
    if not parts or used != [found.shape[1] for found in numbers]:
        raise StoreError("the pieces do not fit the sections")
    physical: Array = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
    if not known:
        physical[(physical < kind.low) | (physical > kind.high)] = np.nan
    return physical


def _present(part: Part, packets: Packets) -> tuple[Ints, NDArray[np.intp], Ints]:
    """Which kind each packet has, the places of those that have one, and their counts."""
    which = column_of(part.which, packets.seq.size)
    at = np.flatnonzero(which)
    if at.size != part.present or (which < 0).any():
        raise StoreError("meta tells of other packets")
    count = column_of(part.count, at.size)
    if (count < 0).any() or (count >= 1 << 40).any():
        raise StoreError("a count in meta is below 0 or absurd")
    return which, at, count


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
    blob = sealed(BEATS, Beats(runs, coded(tick), coded(shift), section(raw, "f8", 1)))
    which = np.zeros(packets.seq.size, np.int64)
    which[at] = 1
    part = Part([], coded(which), at.size, coded(counts), NONE, 0, NONE)
    having = np.zeros(packets.seq.size, bool)
    having[at] = counts > 0
    ends = (float(utc_s.min()), float(utc_s.max())) if utc_s.size else (np.inf, -np.inf)
    return Made(part, blob, having, *ends, tick.size)


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


def beats(blob: bytes, part: Part, packets: Packets) -> Iterator[tuple[int, Intervals]]:
    """Yield what ``pack_beats`` was given; raises StoreError."""
    made = opened(BEATS, blob, _BEATS)
    _, at, count = _present(part, packets)
    interval_s = np.frombuffer(raw_of(made.intervals, 1), "<f8") if made.intervals.dtype == "f8" else np.empty(0)
    if int(count.sum()) != interval_s.size:
        raise StoreError("meta tells of other beats")
    tick = column_of(made.tick, interval_s.size)
    stops = np.cumsum(count).tolist()
    for i, first, stop in zip(at.tolist(), [0, *stops], stops, strict=False):
        yield i, Intervals(tick_us=tick[first:stop].tolist(), interval_s=interval_s[first:stop].tolist())


def beat_blocks(blob: bytes) -> list[Block]:
    """Return the beats in runs; raises StoreError."""
    made = opened(BEATS, blob, _BEATS)
    interval_s = numbers_of(made.intervals, 1)[0]
    tick = column_of(made.tick, interval_s.size)
    at = tick + column_of(made.shift, interval_s.size)
    if min((n for _, n in made.runs), default=1) < 1 or sum(n for _, n in made.runs) != interval_s.size:
        raise StoreError(f"the runs do not fit {interval_s.size} beats")
    blocks, first = [], 0
    for start_s, n in made.runs:
        after_s = (at[first : first + n] - tick[first]) * 1e-6
        blocks.append(Block("ibi", start_s, 0.0, np.stack([after_s, interval_s[first : first + n]])))
        first += n
    return blocks
