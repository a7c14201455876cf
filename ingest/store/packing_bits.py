"""Integers in, few bytes out, and back: differences of an order that fits, then Rice codes or deflated byte planes.

Rice codes: R. F. Rice, "Some Practical Universal Noiseless Coding Techniques", JPL 79-22 (1979); differences of rising
order with a parameter for each part of the series, as A. Robinson, "SHORTEN", CUED/F-INFENG/TR.156 (1994). Deviation:
a part of zeros costs six bits and an outlier 88, so that flat and damaged signals stay small.
"""

import zlib
from typing import Any, Final

import msgspec
import numpy as np
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from ingest.errors import StoreError

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

ORDER_MAX: Final = 5  # of differences: the E4's filtered pulse still gains by the fifth
PART: Final = 64  # integers that share one parameter: a second of pulse, so that it follows the signal
ZEROS: Final = 63  # in place of a parameter: the whole part is 0
LOW_MAX: Final = 32  # bits of an integer written as they are; wider ones are floats, which deflate packs better
ESCAPE: Final = 24  # zero bits that announce an integer in full: an outlier costs 88 bits, not thousands
LANES: Final = 4  # that are read side by side: twice as fast as one
LANES_MIN: Final = 1024  # integers: below, a lane's four bytes matter more
FAILED: Final = np.uint64(2**64 - 1)
PADDING: Final = 96  # words after the last: more than a damaged part can run over (64 * 88 bits)
DEFLATE_SMALL: Final = 2048  # integers: so few are deflated to see whether that is smaller, for it costs nothing
DEFLATE_BITS: Final = (1.5, 12.0)  # a number: outside, runs and repeated bytes pay; inside, Rice codes win
LEVEL: Final = 6  # of deflate: 9 gains a hundredth and costs twice the time

STORED, RICE, PLANES = 0, 1, 2


class Coded(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """How integers were coded: their ``method`` (stored, Rice, planes), ``order`` and ``width`` (bytes of an integer in
    planes), and ``data``."""

    method: int
    order: int
    width: int
    data: bytes


def code(ints: Ints) -> Coded:
    """Code (rows, n) integers, each row a series of its own, the smallest way."""
    if not ints.size:
        return Coded(STORED, 0, 8, b"")
    costs = np.empty(ORDER_MAX + 1, np.float64)
    _costs(np.ascontiguousarray(ints), costs)
    order = int(costs.argmin())
    found = _rice(ints, order)
    a_number = costs[order] / ints.size
    if ints.size <= DEFLATE_SMALL or not DEFLATE_BITS[0] <= a_number <= DEFLATE_BITS[1]:
        found = min([found, *(_planes(ints, o) for o in {0, 1, order})], key=lambda coded: len(coded.data))
    return found if len(found.data) < ints.nbytes else Coded(STORED, 0, 8, ints.astype("<i8").tobytes())


def ints_of(coded: Coded, rows: int, n: int) -> Ints:
    """Return the (rows, n) integers; raises StoreError where ``coded`` cannot be that many."""
    if not 0 <= coded.order <= ORDER_MAX:
        raise StoreError(f"differences of order {coded.order}: there are 0 to {ORDER_MAX}")
    if coded.method == STORED:
        if len(coded.data) != rows * n * 8:
            raise StoreError(f"{len(coded.data)} bytes are not {rows * n} stored integers")
        return np.frombuffer(coded.data, "<i8").reshape(rows, n).astype(np.int64)
    if coded.method == RICE:
        found = _of_rice(coded.data, rows * n)
    elif coded.method == PLANES:
        found = _of_planes(coded, rows * n)
    else:
        raise StoreError(f"coded by method {coded.method}: this release knows 0 to {PLANES}")
    found = found.reshape(rows, n)
    _sum_up(found, coded.order)
    return found


def _rice(ints: Ints, order: int) -> Coded:
    series = ints.copy()
    _difference(series, order)
    flat = series.reshape(-1)
    lanes = []
    for part in np.split(flat, _lane_edges(flat.size)):
        words = np.zeros(part.size * 88 // 64 + part.size // PART + 2, np.uint64)
        bits = _write(part, words)
        lanes.append(words.astype("<u8").tobytes()[: (bits + 7) // 8])
    lengths = np.array([len(lane) for lane in lanes[:-1]], "<u4").tobytes()
    return Coded(RICE, order, 0, lengths + b"".join(lanes))


def _of_rice(data: bytes, n: int) -> Ints:
    edges = _lane_edges(n)
    head = 4 * len(edges)
    if n > (len(data) * 8 // 6) * PART or len(data) < head:
        raise StoreError(f"{len(data)} bytes cannot hold {n} integers")
    stops = np.cumsum(np.frombuffer(data, "<u4", len(edges)).astype(np.int64)) + head
    starts = np.concatenate([[head], stops, [len(data)]])
    if (np.diff(starts) < 0).any():
        raise StoreError("the lanes of Rice codes do not fit their length")
    padded = np.zeros((len(data) + 7) // 8 + PADDING, "<u8")
    padded.view(np.uint8)[: len(data)] = np.frombuffer(data, np.uint8)
    found = np.empty(n, np.int64)
    if not _read(padded.astype(np.uint64, copy=False), (starts * 8).astype(np.uint64), found.view(np.uint64)):
        raise StoreError("the Rice codes do not fit their length")
    return found


def _lane_edges(n: int) -> list[int]:
    """Where ``n`` integers are cut into lanes."""
    each = n // PART // LANES * PART
    return [each * lane for lane in range(1, LANES)] if n >= LANES_MIN else []


def _planes(ints: Ints, order: int) -> Coded:
    series = ints.copy()
    _difference(series, order)
    folded = ((series << 1) ^ (series >> 63)).reshape(-1).view(np.uint64)
    width = max((int(folded.max()).bit_length() + 7) // 8, 1)
    planes = np.ascontiguousarray(folded.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :width].T)
    return Coded(PLANES, order, width, zlib.compress(planes.tobytes(), LEVEL))


def _of_planes(coded: Coded, n: int) -> Ints:
    if not 1 <= coded.width <= 8:
        raise StoreError(f"byte planes {coded.width} wide: there are 1 to 8")
    planes = np.frombuffer(inflate(coded.data, n * coded.width), np.uint8).reshape(coded.width, n)
    folded = np.zeros((n, 8), np.uint8)
    folded[:, : coded.width] = planes.T
    numbers = folded.reshape(-1).view("<u8").astype(np.uint64)
    return (numbers >> np.uint64(1)).view(np.int64) ^ -(numbers & np.uint64(1)).view(np.int64)


def inflate(data: bytes, size: int) -> bytes:
    """Return exactly ``size`` deflated bytes; raises StoreError for any other number, without making more of them."""
    if size > len(data) * 1032 + 1032:  # as far as deflate goes
        raise StoreError(f"{len(data)} bytes cannot hold {size}")
    inflater = zlib.decompressobj()
    try:
        found = inflater.decompress(data, size + 1)
    except zlib.error as error:
        raise StoreError(f"not deflated: {error}") from None
    if len(found) != size or not inflater.eof or inflater.unused_data:
        raise StoreError(f"the deflated bytes are not the {size} that were packed")
    return found


@njit(cache=True, nogil=True)
def _difference(series: Ints, order: int) -> None:
    """Backward differences of each row in place, of an order that rises from 0 to ``order`` with the first samples."""
    for row in range(series.shape[0]):
        for level in range(1, order + 1):
            for i in range(series.shape[1] - 1, level - 1, -1):
                series[row, i] -= series[row, i - 1]


@njit(cache=True, nogil=True)
def _sum_up(series: Ints, order: int) -> None:
    """Undo ``_difference``, two levels at a time; integers wrap in both, so that any 64 bits survive."""
    for row in range(series.shape[0]):
        one = series[row]
        level = min(order, one.size - 1)
        while level >= 2:
            inner = one[level - 1]
            outer = one[level - 2] + inner
            one[level - 1] = outer
            for i in range(level, one.size):
                inner += one[i]
                outer += inner
                one[i] = outer
            level -= 2
        if level == 1:
            inner = one[0]
            for i in range(1, one.size):
                inner += one[i]
                one[i] = inner


@njit(cache=True, nogil=True)
def _parameter(series: Ints, first: int, stop: int) -> tuple[int, float]:
    """The parameter of one part and about how many bits it will take: with its largest integer or without."""
    total, largest = 0.0, 0.0
    for i in range(first, stop):
        x = float(series[i])
        folded = 2 * x if x >= 0 else -2 * x - 1
        total += folded
        largest = max(largest, folded)
    if total == 0:
        return ZEROS, 6.0
    n = stop - first
    k, bits = _fitting(total, n)
    without, fewer = _fitting(total - largest, n)
    if largest >= ESCAPE * 2.0**without and fewer + ESCAPE + 64 < bits:
        return without, fewer + ESCAPE + 64
    return k, bits


@njit(cache=True, nogil=True)
def _fitting(total: float, n: int) -> tuple[int, float]:
    """The parameter for ``n`` integers of this sum, folded to positive ones; and about how many bits they take."""
    mean = total / n * 0.69
    k = 0
    while k < LOW_MAX and mean >= 2.0 ** (k + 1):
        k += 1
    return k, 6.0 + n * (k + 1) + min(total / 2.0**k, n * 63.0)


@njit(cache=True, nogil=True)
def _costs(ints: Ints, costs: NDArray[np.float64]) -> None:
    """About how many bits each order of differences will take."""
    series = ints.copy()
    flat = series.reshape(-1)
    for order in range(costs.size):
        if order:
            for row in range(series.shape[0]):
                for i in range(series.shape[1] - 1, order - 1, -1):
                    series[row, i] -= series[row, i - 1]
        bits = 0.0
        for first in range(0, flat.size, PART):
            bits += _parameter(flat, first, min(first + PART, flat.size))[1]
        costs[order] = bits


@njit(cache=True, nogil=True)
def _put(words: Words, at: int, value: np.uint64, bits: int) -> int:
    """Write the low ``bits`` (1 to 64) of a value whose others are 0, least significant first."""
    word, shift = at >> 6, at & 63
    words[word] |= value << np.uint64(shift)
    if shift + bits > 64:
        words[word + 1] |= value >> np.uint64(64 - shift)
    return at + bits


@njit(cache=True, nogil=True)
def _write(series: Ints, words: Words) -> int:
    """Write Rice codes into zeroed ``words``; return the number of bits."""
    at = 0
    one = np.uint64(1)
    for first in range(0, series.size, PART):
        stop = min(first + PART, series.size)
        k = _parameter(series, first, stop)[0]
        at = _put(words, at, np.uint64(k), 6)
        if k == ZEROS:
            continue
        low = (one << np.uint64(k)) - one
        for i in range(first, stop):
            folded = np.uint64((series[i] << 1) ^ (series[i] >> 63))
            high = folded >> np.uint64(k)
            if high >= np.uint64(ESCAPE):
                at = _put(words, at + ESCAPE, folded, 64)
                continue
            at = _put(words, at + int(np.int64(high)), one, 1)
            if k:
                at = _put(words, at, folded & low, k)
    return at


@intrinsic
def _zeros_below(_typing: object, _number: object) -> object:
    """How many zero bits lie below the lowest one of a uint64 that is not 0: one instruction of the processor."""

    def generate(context: Any, builder: Any, _signature: object, arguments: Any) -> object:  # noqa: ANN401 (of numba)
        return builder.cttz(arguments[0], context.get_constant(types.boolean, True))

    return types.uint64(types.uint64), generate


@njit(cache=True, nogil=True)
def _window(words: Words, at: np.uint64) -> np.uint64:
    """The 64 bits from bit ``at``."""
    word, shift = at >> np.uint64(6), at & np.uint64(63)
    above: np.uint64 = (words[word + np.uint64(1)] << np.uint64(1)) << (np.uint64(63) - shift)
    found: np.uint64 = (words[word] >> shift) | above
    return found


@njit(cache=True, nogil=True)
def _next(words: Words, at: np.uint64, k: np.uint64, low: np.uint64) -> tuple[np.uint64, np.uint64]:
    """The place after the code at bit ``at``, and its integer."""
    one = np.uint64(1)
    window = _window(words, at)
    if window & np.uint64((1 << ESCAPE) - 1) == np.uint64(0):
        folded = _window(words, at + np.uint64(ESCAPE))
        at += np.uint64(ESCAPE + 64)
    else:
        high: np.uint64 = _zeros_below(window)  # type: ignore[call-arg]  # numba gives the first itself
        folded = (high << k) | ((window >> (high + one)) & low)
        at += high + one + k
    return at, (folded >> one) ^ (~(folded & one) + one)


@njit(cache=True, nogil=True)
def _read_part(words: Words, at: np.uint64, bits: np.uint64, part: Words) -> np.uint64:
    """Read one part and return the place after it; ``FAILED`` where it needs more than ``bits``."""
    if at + np.uint64(6) > bits:
        return FAILED
    k = _window(words, at) & np.uint64(63)
    at += np.uint64(6)
    if k == np.uint64(ZEROS):
        part[:] = np.uint64(0)
        return at
    if k > np.uint64(LOW_MAX):
        return FAILED
    low = (np.uint64(1) << k) - np.uint64(1)
    for i in range(part.size):
        at, part[i] = _next(words, at, k, low)
    return at if at <= bits else FAILED


@njit(cache=True, nogil=True)
def _read(words: Words, starts: Words, series: Words) -> bool:
    """Read lanes of Rice codes, lane j from bit ``starts[j]`` to ``starts[j + 1]``; False where one needs more. Lanes
    are read side by side, so that the processor need not wait for the end of one code to begin the next."""
    lanes = starts.size - 1
    at = starts[:-1].copy()
    k = np.empty(lanes, np.uint64)
    each = series.size // PART // lanes if lanes > 1 else 0
    for part in range(each):
        even = True
        for lane in range(lanes):
            if at[lane] + np.uint64(6) > starts[lane + 1]:
                return False
            k[lane] = _window(words, at[lane]) & np.uint64(63)
            even = even and k[lane] <= np.uint64(LOW_MAX)
        if even:
            a, b, c, d = part * PART, (each + part) * PART, (2 * each + part) * PART, (3 * each + part) * PART
            _read_abreast(words, at, k, series[a:][:PART], series[b:][:PART], series[c:][:PART], series[d:][:PART])
        for lane in range(lanes):
            first = (lane * each + part) * PART
            if not even:
                at[lane] = _read_part(words, at[lane], starts[lane + 1], series[first : first + PART])
            if at[lane] > starts[lane + 1]:
                return False
    for first in range(each * lanes * PART, series.size, PART):
        at[-1] = _read_part(words, at[-1], starts[-1], series[first : first + PART])
        if at[-1] == FAILED:
            return False
    return True


@njit(cache=True, nogil=True)
def _read_abreast(words: Words, at: Words, k: Words, a: Words, b: Words, c: Words, d: Words) -> None:
    """Read a part of four lanes from the bits ``at``, which are moved on."""
    one, six = np.uint64(1), np.uint64(6)
    at_a, at_b, at_c, at_d = at[0] + six, at[1] + six, at[2] + six, at[3] + six
    k_a, k_b, k_c, k_d = k[0], k[1], k[2], k[3]
    low_a, low_b, low_c, low_d = (one << k_a) - one, (one << k_b) - one, (one << k_c) - one, (one << k_d) - one
    for i in range(PART):
        at_a, a[i] = _next(words, at_a, k_a, low_a)
        at_b, b[i] = _next(words, at_b, k_b, low_b)
        at_c, c[i] = _next(words, at_c, k_c, low_c)
        at_d, d[i] = _next(words, at_d, k_d, low_d)
    at[0], at[1], at[2], at[3] = at_a, at_b, at_c, at_d
