"""Many messages in, for each the packet with its samples in physical units, or why it cannot be used. No clocks.

Each message is parsed by itself, but the samples of all of them are checked and converted together, those of equal
layout in one piece: for a ward that sends alike, ten times as fast as one by one.
"""

import math
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import setitem
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from ingest.errors import WireError
from ingest.types import CHANNELS, Array
from ingest.wire import (
    AHEAD_MAX_US,
    DTYPES,
    EVEN,
    SAMPLES_MAX,
    SPAN_MAX_US,
    UNKNOWN_I2,
    Packet,
    Samples,
    check,
    check_others,
    in_units,
    unpack_many,
)

_CARRIED: Final[dict[str, Callable[[list[Packet]], list[Samples | None]]]] = {  # twice as fast as getattr by name
    "eda": lambda packets: [packet.eda for packet in packets],
    "temperature": lambda packets: [packet.temperature for packet in packets],
    "ppg": lambda packets: [packet.ppg for packet in packets],
    "motion": lambda packets: [packet.motion for packet in packets],
}
_Layout = tuple[type, int, str, float]

FEW: Final = 4  # packets: fewer are done sooner one by one


@dataclass(frozen=True, slots=True)
class Decoded:
    """The answers to n messages, in their order.

    ``packets`` are what ``ingest.wire.decode`` returns or raises; ``arrays`` what ``ingest.wire.values`` returns of
    each even channel (views into larger arrays: not to be written to; empty where the message was refused). ``samples``
    counts instants and beats, ``repaired`` numbers that no sensor can say and that are therefore unknown.
    """

    packets: list[Packet | WireError]
    arrays: list[dict[str, Array]]
    samples: list[int]
    repaired: list[int]


@dataclass(slots=True)
class _Work:
    """What is known of the messages that could be parsed."""

    packets: list[Packet]
    end_us: NDArray[np.int64]
    arrays: list[dict[str, Array]]
    samples: NDArray[np.int64]
    repaired: NDArray[np.int64]
    doubtful: set[int] = field(default_factory=set)  # to be judged one by one


def decode_many(payloads: Sequence[bytes]) -> Decoded:
    """Decode as ``ingest.wire.decode`` does, message by message: the same packets, the same errors."""
    answers = unpack_many(payloads)
    at: Sequence[int] = range(len(answers))
    if not set(map(type, answers)) <= {Packet}:
        at = [i for i, answer in enumerate(answers) if type(answer) is Packet]
    packets = cast(list[Packet], answers if len(at) == len(answers) else [answers[i] for i in at])
    n = len(packets)
    ends = np.array([packet.tick_us for packet in packets], np.int64)
    work = _Work(packets, ends, [{} for _ in packets], np.zeros(n, np.int64), np.zeros(n, np.int64))
    if n < FEW:
        work.doubtful.update(range(n))
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            for name in EVEN:
                _take_in(name, work)
        for i, packet in enumerate(packets):
            if packet.ibi is not None or packet.lost is not None:
                _take_in_others(i, packet, work)
    for i in work.doubtful:
        _judge(i, answers, at[i], work)
    if n == len(payloads):
        return Decoded(list(answers), work.arrays, work.samples.tolist(), work.repaired.tolist())
    arrays: list[dict[str, Array]] = [{} for _ in payloads]
    samples, repaired = [0] * len(payloads), [0] * len(payloads)
    for i, some, count, mended in zip(at, work.arrays, work.samples.tolist(), work.repaired.tolist(), strict=True):
        arrays[i], samples[i], repaired[i] = some, count, mended
    return Decoded(answers, arrays, samples, repaired)


def _take_in(name: str, work: _Work) -> None:
    """Convert one channel of every packet that carries it, those of equal layout together."""
    found = _CARRIED[name](work.packets)
    at: NDArray[np.intp] | None = None  # everywhere
    if None in found:
        at = np.array([i for i, samples in enumerate(found) if samples is not None], np.intp)
    carried = [samples for samples in found if samples is not None]
    if not carried:
        return
    packed: list[Any] = [samples.values for samples in carried]
    tick_us = np.array([samples.tick_us for samples in carried], np.int64)
    rates_hz = [samples.rate_hz for samples in carried]
    rate_hz = np.array(rates_hz[:1] if rates_hz.count(rates_hz[0]) == len(rates_hz) else rates_hz)
    layouts: tuple[list[Any], ...] = (
        list(map(type, packed)),
        list(map(len, packed)),
        [samples.dtype for samples in carried],
        [samples.scale for samples in carried],
    )
    if all(each.count(each[0]) == len(each) for each in layouts):
        _convert(name, (layouts[0][0], layouts[1][0], layouts[2][0], layouts[3][0]), packed, at, tick_us, rate_hz, work)
        return
    rate_hz = np.array(rates_hz)
    groups: dict[_Layout, list[int]] = defaultdict(list)
    for j, layout in enumerate(zip(*layouts, strict=True)):
        groups[layout].append(j)
    for layout, some in groups.items():
        rows = np.array(some) if at is None else at[some]
        _convert(name, layout, [packed[j] for j in some], rows, tick_us[some], rate_hz[some], work)


def _convert(
    name: str,
    layout: _Layout,
    packed: Sequence[bytes],
    rows: NDArray[np.intp] | None,
    tick_us: NDArray[np.int64],
    rate_hz: Array,
    work: _Work,
) -> None:
    """Convert samples of one layout; those of ``rows`` (None: all) that are not plainly good become doubtful."""
    which = slice(None) if rows is None else rows
    kind, size, dtype_name, scale = layout
    dtype, axes = DTYPES[dtype_name], CHANNELS[name].axes
    n, rest = divmod(size, dtype.itemsize * axes)
    if kind is not bytes or rest or not 1 <= n <= SAMPLES_MAX or not math.isfinite(scale) or scale == 0:
        work.doubtful.update(range(len(work.packets)) if rows is None else rows.tolist())
        return
    numbers: NDArray[Any] = np.frombuffer(b"".join(packed), dtype).reshape(len(packed), n, axes).transpose(0, 2, 1)
    physical, outside = in_units(name, numbers, scale)
    if dtype_name == "i2" and (unknown := numbers == UNKNOWN_I2).any():
        physical[unknown] = np.nan
        outside = None if outside is None else outside & ~unknown
    away_us = work.end_us[which] - tick_us
    last_us = away_us - np.rint((n - 1) * 1e6 / rate_hz)  # no sample is further back than the first, or ahead of it
    if outside is None and away_us.max() <= SPAN_MAX_US and last_us.min() >= -AHEAD_MAX_US:
        good = None
    else:
        good = (away_us <= SPAN_MAX_US) & (last_us >= -AHEAD_MAX_US)
    if good is not None and outside is not None:
        good &= ~np.isinf(numbers).any(axis=(1, 2))
        work.repaired[which] += (outside & ~np.isnan(numbers)).sum(axis=(1, 2))
    if good is not None and not good.all():
        bad = np.flatnonzero(~good)
        work.doubtful.update((bad if rows is None else rows[bad]).tolist())
    work.samples[which] += n
    shaped = physical[:, 0] if axes == 1 else physical
    targets = work.arrays if rows is None else [work.arrays[i] for i in rows.tolist()]
    deque(map(setitem, targets, repeat(name), shaped), maxlen=0)


def _take_in_others(i: int, packet: Packet, work: _Work) -> None:
    """Check what is no even sample."""
    try:
        check_others(packet)
    except WireError:
        work.doubtful.add(i)
    work.samples[i] += 0 if packet.ibi is None else len(packet.ibi.tick_us)


def _judge(i: int, answers: list[Packet | WireError], at: int, work: _Work) -> None:
    """Check one packet by itself, which says exactly what is wrong with it, if anything is."""
    packet = work.packets[i]
    work.samples[i] = work.repaired[i] = 0
    work.arrays[i] = {}
    try:
        arrays = work.arrays[i] = check(packet)
    except WireError as error:
        answers[at] = error
        return
    beats = 0 if packet.ibi is None else len(packet.ibi.tick_us)
    work.samples[i] = sum(array.shape[-1] for array in arrays.values()) + beats
    work.repaired[i] = sum(_mended(samples, arrays[name]) for name, samples in packet.samples().items())


def _mended(samples: Samples, array: Array) -> int:
    """How many numbers were there and are unknown now."""
    if isinstance(samples.values, bytes):
        raw = np.frombuffer(samples.values, DTYPES[samples.dtype])
        unknown = (raw == UNKNOWN_I2) if samples.dtype == "i2" else np.isnan(raw)
        return int(np.isnan(array).sum() - unknown.sum())
    unknown_listed = sum(value is None or value != value for value in samples.values)
    return int(np.isnan(array).sum()) - unknown_listed
