"""Integers in, few bytes out, and back: differences of an order that fits, then Rice codes or deflated byte planes.

Rice codes: R. F. Rice, "Some Practical Universal Noiseless Coding Techniques", JPL 79-22 (1979); differences of rising
order with a parameter for each part of the series, as A. Robinson, "SHORTEN", CUED/F-INFENG/TR.156 (1994). Deviation:
a part of zeros costs six bits and an outlier 88, so that flat and damaged signals stay small.
"""

import zlib
from typing import Final

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from ingest.errors import StoreError

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

ORDER_MAX: Final = 5  # of differences: the E4's filtered pulse still gains by the fifth
PART: Final = 64  # integers that share one parameter: a second of pulse, so that it follows the signal
ZEROS: Final = 63  # in place of a parameter: the whole part is 0
LOW_MAX: Final = 32  # bits of an integer written as they are; wider ones are floats, which deflate packs better
ESCAPE: Final = 24  # zero bits that announce an integer in full: an outlier costs 88 bits, not thousands
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
    words = np.zeros(ints.size * 88 // 64 + ints.size // PART + 2, np.uint64)
    bits = _write(series.reshape(-1), words)
    return Coded(RICE, order, 0, words.astype("<u8").tobytes()[: (bits + 7) // 8])


def _of_rice(data: bytes, n: int) -> Ints:
    bits = len(data) * 8
    if n > (bits // 6) * PART:
        raise StoreError(f"{len(data)} bytes cannot hold {n} integers")
    padded = np.zeros((len(data) + 7) // 8 + PADDING, "<u8")
    padded.view(np.uint8)[: len(data)] = np.frombuffer(data, np.uint8)
    found = np.empty(n, np.int64)
    if not _read(padded.astype(np.uint64, copy=False), np.uint64(bits), found.view(np.uint64)):
        raise StoreError("the Rice codes do not fit their length")
    return found


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
    """Undo ``_difference``; integers wrap in both, so that any 64 bits survive."""
    for row in range(series.shape[0]):
        for level in range(order, 0, -1):
            for i in range(level, series.shape[1]):
                series[row, i] += series[row, i - 1]


@njit(cache=True, nogil=True)
def _parameter(series: Ints, first: int, stop: int) -> tuple[int, float]:
    """The parameter of one part and about how many bits it will take."""
    total = 0.0
    for i in range(first, stop):
        x = float(series[i])
        total += 2 * x if x >= 0 else -2 * x - 1
    if total == 0:
        return ZEROS, 6.0
    n = stop - first
    mean = total / n * 0.69
    k = 0
    while k < LOW_MAX and mean >= 2.0 ** (k + 1):
        k += 1
    bits = 6.0 + n * (k + 1) + min(total / 2.0**k, n * 63.0)
    return k, bits


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


_RUIJN: Final = np.uint64(0x03F79D71B4CB0A89)
_PLACES = np.zeros(64, np.uint64)
for _place in range(64):
    _PLACES[((0x03F79D71B4CB0A89 << _place) & (2**64 - 1)) >> 58] = _place


@njit(cache=True, nogil=True)
def _window(words: Words, at: np.uint64) -> np.uint64:
    """The 64 bits from bit ``at``."""
    word, shift = at >> np.uint64(6), at & np.uint64(63)
    return (words[word] >> shift) | ((words[word + np.uint64(1)] << np.uint64(1)) << (np.uint64(63) - shift))


@njit(cache=True, nogil=True)
def _read(words: Words, bits: np.uint64, series: Words) -> bool:
    """Read Rice codes; False where they need more than ``bits``. The lowest bit set is found by de Bruijn's sequence:
    Leiserson, Prokop, Randall, "Using de Bruijn Sequences to Index a 1 in a Computer Word" (1998)."""
    one, zero = np.uint64(1), np.uint64(0)
    announced = (one << np.uint64(ESCAPE)) - one
    at = zero
    for first in range(0, series.size, PART):
        if at + np.uint64(6) > bits:
            return False
        k = _window(words, at) & np.uint64(63)
        at += np.uint64(6)
        part = series[first : min(first + PART, series.size)]
        if k == np.uint64(ZEROS):
            part[:] = zero
            continue
        if k > np.uint64(LOW_MAX):
            return False
        low = (one << k) - one
        for i in range(part.size):
            window = _window(words, at)
            if window & announced == zero:
                folded = _window(words, at + np.uint64(ESCAPE))
                at += np.uint64(ESCAPE + 64)
            else:
                high = _PLACES[((window & (~window + one)) * _RUIJN) >> np.uint64(58)]
                folded = (high << k) | ((window >> (high + one)) & low)
                at += high + one + k
            part[i] = (folded >> one) ^ (~(folded & one) + one)
        if at > bits:
            return False
    return True
