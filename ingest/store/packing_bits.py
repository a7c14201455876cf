"""Integers in, few bytes out, and back: differences of an order that fits, packed in as many bits as the widest needs.

Frame of reference with bit packing, as D. Lemire and L. Boytsov, "Decoding billions of integers per second through
vectorization", doi:10.1002/spe.2203, part by part of 64; differences of rising order as A. Robinson, "SHORTEN",
CUED/F-INFENG/TR.156 (1994). Deviation: no exceptions, a part is as wide as its widest. Rice codes of the same
differences take a fifth less, twice as long to read and four times as long to write.
"""

from typing import Annotated, Any, Final

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from ingest.errors import StoreError
from ingest.types import Array

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Whole = NDArray[Any]
"""int16 or int64."""

ORDER_MAX: Final = 5  # of differences: the E4's filtered pulse still gains by the fifth
PART: Final = 64  # integers of one width: a second of pulse, so that it follows the signal; whole words
LOOKS: Final = 16  # parts that are looked at to find the order: a signal does not change its kind within minutes
AS_THEY_ARE, DIVIDED, MULTIPLIED = 0, 1, 2  # see ``floats_into``

Seed = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]


class Coded(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Rows of integers: of each row the ``orders`` of its differences and its first integer (``seeds``); ``data``: the
    widths of all parts [bits], a byte each, then the parts. docs/packing.md says it bit by bit."""

    orders: bytes
    seeds: list[Seed]
    data: bytes


def code(ints: Whole) -> tuple[Coded, int, int]:
    """Code (n, rows) integers, each row a series of its own; return them with the least and the greatest (of none: 0).

    What is returned has been decoded once and found equal: StoreError otherwise.
    """
    n, rows = ints.shape
    if not n:
        return Coded(bytes(rows), [0] * rows, b""), 0, 0
    flat = np.ascontiguousarray(ints).reshape(-1)
    parts = -(-n // PART)
    head = -(-rows * parts // 8)
    words = np.zeros(head + rows * (n + 1) + 2, np.uint64)
    orders = np.empty(rows, np.uint8)
    size, least, greatest = _pack(flat, rows, orders, words.view(np.uint8), words)
    if size < 0:
        raise StoreError("integers did not survive packing: a fault of this release, please report it")
    return (
        Coded(orders.tobytes(), flat[:rows].tolist(), words.view(np.uint8)[:size].tobytes()),
        int(least),
        int(greatest),
    )


def ints_of(coded: Coded, rows: int, n: int) -> Ints:
    """Return the (rows, n) integers; raises StoreError where ``coded`` cannot be that many."""
    words, orders, seeds = _opened(coded, rows, n)
    found = np.empty((rows, n), np.int64)
    _integers(words.view(np.uint8), words, orders, seeds, found)
    return found


def floats_into(
    out: Array,
    first: int,
    n: int,
    coded: Coded,
    *,
    by: tuple[int, float],
    single: bool,
    scale: float,
    unknown: int | None,
    bounds: tuple[float, float] | None,
) -> None:
    """Fill ``out[:, first : first + n]``, C-contiguous, with ``scale`` times the numbers that integers stand for.

    ``by``: as they are, divided or multiplied by a number; ``single``: then rounded to float32. NaN in place of the
    integer ``unknown``, and of what lies outside ``bounds``. Raises StoreError where ``coded`` cannot be that many.
    """
    words, orders, seeds = _opened(coded, out.shape[0], n)
    low, high = (-np.inf, np.inf) if bounds is None else bounds
    known = bounds is None and unknown is None
    odd = 1 << 62 if unknown is None else unknown
    how = (by[0], by[1], single, scale, known, odd, low, high)
    _floats(words.view(np.uint8), words, orders, seeds, out, first, n, *how)


def _opened(coded: Coded, rows: int, n: int) -> tuple[Words, NDArray[np.uint8], Ints]:
    """``data`` as padded words, orders and seeds: then no kernel can run over, whatever the bytes are."""
    size = len(coded.data)
    parts = -(-n // PART)
    if len(coded.orders) != rows or len(coded.seeds) != rows or n < 0 or rows * parts > size:
        raise StoreError(f"{size} bytes cannot hold {rows} rows of {n} integers")
    words = np.empty(size // 8 + 3, np.uint64)
    words[-3:] = 0
    padded = words.view(np.uint8)
    padded[:size] = np.frombuffer(coded.data, np.uint8)
    orders = np.frombuffer(coded.orders, np.uint8).copy()
    if max(coded.orders, default=0) > ORDER_MAX:
        raise StoreError(f"differences of order {max(coded.orders)}: there are 0 to {ORDER_MAX}")
    if _size(padded, rows, n) != size:
        raise StoreError(f"{size} bytes are not {rows} rows of {n} integers of such widths")
    return words, orders, np.array(coded.seeds, np.int64)


@njit(cache=True, nogil=True)
def _size(widths: NDArray[np.uint8], rows: int, n: int) -> int:
    """How many bytes the widths and all parts take; -1 where a width cannot be."""
    parts = (n + PART - 1) // PART
    total = rows * parts
    last = n - (parts - 1) * PART
    for i in range(rows * parts):
        width = int(widths[i])
        if width > 64:
            return -1
        total += 8 * width if (i + 1) % parts else (last * width + 7) // 8
    return total


@njit(cache=True, nogil=True)
def _bits(every: np.uint64) -> int:
    """How many bits a number needs."""
    bits = 0
    while every != np.uint64(0):
        bits += 1
        every >>= np.uint64(1)
    return bits


@njit(cache=True, nogil=True)
def _load(flat: Whole, rows: int, row: int, first: int, count: int, into: Ints) -> None:
    """``count`` integers of a row from place ``first``, less the first one of all; 0 for places below it."""
    seed = np.int64(flat[row])
    for i in range(count):
        at = first + i
        into[i] = np.int64(flat[at * rows + row]) - seed if at >= 0 else 0


@njit(cache=True, nogil=True)
def _every(part: Ints, first: int, stop: int) -> np.uint64:
    """The bits that any of the integers has, folded to positive ones."""
    every = np.uint64(0)
    for i in range(first, stop):
        every |= np.uint64((part[i] << 1) ^ (part[i] >> 63))
    return every


@njit(cache=True, nogil=True)
def _order(flat: Whole, rows: int, row: int, a: Ints, b: Ints) -> int:
    """The order of differences that takes the fewest bits in some parts of a row."""
    n = flat.size // rows
    parts = (n + PART - 1) // PART
    costs = np.zeros(ORDER_MAX + 1, np.int64)
    for part in range(parts // LOOKS // 2, parts, parts // LOOKS + 1):
        first = part * PART
        count = min(PART, n - first) + ORDER_MAX
        _load(flat, rows, row, first - ORDER_MAX, count, a)
        costs[0] += _bits(_every(a, ORDER_MAX, count)) * count
        for order in range(1, ORDER_MAX + 1):
            for i in range(1, count):
                b[i] = a[i] - a[i - 1]
            a, b = b, a
            costs[order] += _bits(_every(a, ORDER_MAX, count)) * count
    return int(costs.argmin())


@njit(cache=True, nogil=True)
def _pack(
    flat: Whole, rows: int, orders: NDArray[np.uint8], widths: NDArray[np.uint8], words: Words
) -> tuple[np.int64, np.int64, np.int64]:
    """Pack interleaved rows into zeroed ``words``, of which ``widths`` are the bytes. Return how many bytes (-1 where
    they do not say what went in), the least and the greatest integer."""
    n = flat.size // rows
    parts = (n + PART - 1) // PART
    a, b = np.zeros(PART + ORDER_MAX, np.int64), np.zeros(PART + ORDER_MAX, np.int64)
    back = np.empty(PART, np.int64)
    sums = np.zeros(ORDER_MAX, np.int64)
    at = np.uint64(rows * parts * 8)
    least, greatest = np.int64(flat[0]), np.int64(flat[0])
    good = True
    for row in range(rows):
        order = _order(flat, rows, row, a, b)
        orders[row] = order
        sums[:] = 0
        seed = np.int64(flat[row])
        for part in range(parts):
            first = part * PART
            count = min(PART, n - first)
            _load(flat, rows, row, first - order, count + order, a)
            for _ in range(order):
                for i in range(1, count + order):
                    b[i] = a[i] - a[i - 1]
                a, b = b, a
            width = _bits(_every(a, order, order + count))
            widths[row * parts + part] = width
            _put(words, at, np.uint64(width), a[order:], count)
            _take(words, at, np.uint64(width), count, order, sums, back)
            for i in range(count):
                x = np.int64(flat[(first + i) * rows + row])
                good &= back[i] + seed == x
                least, greatest = min(least, x), max(greatest, x)
            at += np.uint64((count * width + 7) // 8 * 8)
    return np.int64(at >> np.uint64(3)) if good else np.int64(-1), least, greatest


@njit(cache=True, nogil=True)
def _put(words: Words, at: np.uint64, width: np.uint64, part: Ints, count: int) -> None:
    """Write integers of one part into zeroed bits, the lowest first, from bit ``at``."""
    if width == np.uint64(0):
        return
    whole = np.uint64(64)
    word, used = at >> np.uint64(6), at & np.uint64(63)
    held = words[word]
    for i in range(count):
        folded = np.uint64((part[i] << 1) ^ (part[i] >> 63))
        held |= folded << used
        used += width
        if used >= whole:
            words[word] = held
            word += np.uint64(1)
            used -= whole
            held = (folded >> np.uint64(1)) >> (width - used - np.uint64(1)) if used else np.uint64(0)
    words[word] |= held


@njit(cache=True, nogil=True)
def _take(words: Words, at: np.uint64, width: np.uint64, count: int, order: int, sums: Ints, into: Ints) -> None:
    """Read a part from bit ``at`` and undo its differences; ``sums`` carry them from part to part. Integers wrap here
    as they did in packing, so that any 64 bits survive."""
    one, whole = np.uint64(1), np.uint64(63)
    if width == np.uint64(0):
        into[:count] = 0
    else:
        mask = (one << (width - one) << one) - one
        for i in range(count):
            bit = at + np.uint64(i) * width
            word, shift = bit >> np.uint64(6), bit & whole
            folded = ((words[word] >> shift) | (words[word + one] << one << (whole - shift))) & mask
            into[i] = np.int64(folded >> one) ^ -np.int64(folded & one)
    level = order
    while level >= 2:
        inner, outer = sums[level - 1], sums[level - 2]
        for i in range(count):
            inner += into[i]
            outer += inner
            into[i] = outer
        sums[level - 1], sums[level - 2] = inner, outer
        level -= 2
    if level == 1:
        inner = sums[0]
        for i in range(count):
            inner += into[i]
            into[i] = inner
        sums[0] = inner


@njit(cache=True, nogil=True)
def _integers(widths: NDArray[np.uint8], words: Words, orders: NDArray[np.uint8], seeds: Ints, out: Ints) -> None:
    """Read all parts; ``widths`` are the bytes of ``words`` and have been found to fit."""
    rows, n = out.shape
    parts = (n + PART - 1) // PART
    at = np.uint64(rows * parts * 8)
    sums, part = np.zeros(ORDER_MAX, np.int64), np.empty(PART, np.int64)
    for row in range(rows):
        sums[:] = 0
        for i in range(parts):
            first, width = i * PART, int(widths[row * parts + i])
            count = min(PART, n - first)
            _take(words, at, np.uint64(width), count, int(orders[row]), sums, part)
            for j in range(count):
                out[row, first + j] = part[j] + seeds[row]
            at += np.uint64((count * width + 7) // 8 * 8)


@njit(cache=True, nogil=True)
def _floats(
    widths: NDArray[np.uint8],
    words: Words,
    orders: NDArray[np.uint8],
    seeds: Ints,
    out: Array,
    begin: int,
    n: int,
    method: int,
    by: float,
    single: bool,
    scale: float,
    known: bool,
    unknown: int,
    low: float,
    high: float,
) -> None:
    """As ``_integers``, straight to the numbers that the integers stand for: see ``floats_into``."""
    rows = out.shape[0]
    parts = (n + PART - 1) // PART
    at = np.uint64(rows * parts * 8)
    sums, part = np.zeros(ORDER_MAX, np.int64), np.empty(PART, np.int64)
    numbers = np.empty(PART, np.float64)
    for row in range(rows):
        sums[:] = 0
        seed = seeds[row]
        for i in range(parts):
            first, width = i * PART, int(widths[row * parts + i])
            count = min(PART, n - first)
            _take(words, at, np.uint64(width), count, int(orders[row]), sums, part)
            for j in range(count):
                numbers[j] = np.float64(part[j] + seed)
            if method == DIVIDED:
                for j in range(count):
                    numbers[j] /= by
            elif method == MULTIPLIED:
                for j in range(count):
                    numbers[j] *= by
            if single:
                for j in range(count):
                    numbers[j] = np.float64(np.float32(numbers[j]))
            into = out[row, begin + first : begin + first + count]
            for j in range(count):
                into[j] = numbers[j] * scale
            if not known:
                for j in range(count):
                    if part[j] + seed == unknown or not low <= into[j] <= high:
                        into[j] = np.nan
            at += np.uint64((count * width + 7) // 8 * 8)
