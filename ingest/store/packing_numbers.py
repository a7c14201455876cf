"""Numbers of one channel as the wire carries them in, the smallest exact form in integers out, and back.

A wristband's numbers are counts in disguise: whole ones, decimals, binary fractions, or multiples of a step. A form is
taken only where it gives back every bit; the few numbers that it cannot say (NaN, -0.0) are kept beside it.
"""

import zlib
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.errors import StoreError
from ingest.store.packing_bits import AS_THEY_ARE, DIVIDED, MULTIPLIED, PART, Coded, Ints, code, floats_into, ints_of
from ingest.types import Array

DTYPES: Final[dict[str, np.dtype[Any]]] = {"i2": np.dtype("<i2"), "f4": np.dtype("<f4"), "f8": np.dtype("<f8")}
NUMBERS_MAX: Final = 1 << 26  # of one section: a day of the fastest PPG in half a gigabyte; more was never packed
DIVISORS: Final = tuple(sorted([*(10.0**k for k in range(8)), *(2.0**k for k in range(5, 17))]))
EXACT_MAX: Final = 2.0**53  # integers beyond are not exact in float64
ODD_MAX: Final = 0.125  # of the numbers may be said one by one (9 B each before deflate): beyond, all bits are smaller
LOOK: Final = 64  # numbers that a form must fit (but one in eight) before all are tried
UNKNOWN_I2: Final = -32768

BITS: Final = 3  # a form, after ``AS_THEY_ARE``, ``DIVIDED`` and ``MULTIPLIED``: all bits of each number

NOWHERE: Final = np.empty(0, np.int64)
NONE: Final = code(NOWHERE.reshape(0, 1))[0]

Raw = NDArray[Any]


class Section(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """``numbers`` of one ``dtype``: coded integers, which ``method`` turns into numbers: as they are, divided by
    ``by``, multiplied by it, or the bits of the number (negative ones turned, so that neighbours are near).

    ``odd`` numbers are none of these: their places are coded in ``odd_at``, their bits deflated in ``odd_bits``.
    ``crc`` is the CRC-32 of all numbers as bytes, little-endian, in the order of the wire.
    """

    dtype: str
    numbers: int
    method: int
    by: float
    coded: Coded
    odd: int
    odd_at: Coded
    odd_bits: bytes
    crc: int


def section(raw: bytes, dtype: str, axes: int) -> tuple[Section, tuple[float, float] | None]:
    """Pack numbers of one dtype, axes interleaved; what is returned has been found to say the same.

    Also return the least and the greatest number, None where some are odd or only bits.
    """
    numbers = np.frombuffer(raw, DTYPES[dtype])
    with np.errstate(all="ignore"):  # a form that overflows does not fit
        whole, method, by, odd = _form(numbers)
    coded, least, greatest = code(whole.reshape(-1, axes))
    odd_at, odd_bits = NONE, b""
    if odd.size:
        odd_at, odd_bits = code(odd.reshape(-1, 1))[0], zlib.compress(numbers[odd].tobytes())
    made = Section(dtype, numbers.size, method, by, coded, odd.size, odd_at, odd_bits, zlib.crc32(raw))
    if odd.size or method == BITS or not numbers.size:
        return made, None
    low, high = _numbers(np.array([least, greatest]), method, by, dtype).tolist()
    return made, (low, high)


def physical_into(out: Array, first: int, made: Section, scale: float, bounds: tuple[float, float] | None) -> None:
    """Fill ``out`` (axes, all of them), C-contiguous, from column ``first`` with the numbers times ``scale``; NaN
    where ``i2`` is -32768, and outside ``bounds`` (None: nothing is unknown). Raises StoreError where it is damaged."""
    axes = out.shape[0]
    require_room(made, axes)
    n = made.numbers // axes
    if not 0 <= first <= out.shape[1] - n:
        raise StoreError("the pieces do not fit the sections")
    if made.method != BITS and not made.odd:
        unknown = UNKNOWN_I2 if made.dtype == "i2" and bounds is not None else None
        by = made.method, made.by
        single = made.dtype == "f4"
        floats_into(out, first, n, made.coded, by=by, single=single, scale=scale, unknown=unknown, bounds=bounds)
        return
    numbers = _wide(_all_of(made, axes)).reshape(-1, axes).T
    into = out[:, first : first + n]
    with np.errstate(over="ignore", invalid="ignore"):
        np.multiply(numbers, scale, out=into)
        if bounds is not None:
            into[~((into >= bounds[0]) & (into <= bounds[1]))] = np.nan


def numbers_of(made: Section, axes: int) -> Array:
    """Return the numbers as float64 (axes, n), ``i2`` -32768 as it is. Raises StoreError where it is damaged."""
    return np.ascontiguousarray(_wide(_all_of(made, axes)).reshape(-1, axes).T)


def raw_of(made: Section, axes: int) -> bytes:
    """Return the bytes that were packed. Raises StoreError where the section is damaged."""
    raw: bytes = _all_of(made, axes).astype(DTYPES[made.dtype], copy=False).tobytes()
    if zlib.crc32(raw) != made.crc:
        raise StoreError("the numbers are not those that were packed: their checksum differs")
    return raw


def _all_of(made: Section, axes: int) -> Raw:
    """The numbers in the order of the wire."""
    require_room(made, axes)
    ints = ints_of(made.coded, axes, made.numbers // axes)
    numbers = np.ascontiguousarray(_numbers(ints, made.method, made.by, made.dtype).T).reshape(-1)
    if made.odd:
        at = ints_of(made.odd_at, 1, made.odd)[0]
        if not 0 <= at.min() <= at.max() < made.numbers:
            raise StoreError("an odd number lies outside the section")
        dtype = DTYPES[made.dtype]
        numbers[at] = np.frombuffer(_inflate(made.odd_bits, made.odd * dtype.itemsize), dtype)
    return numbers


def require_room(made: Section, axes: int) -> None:
    """Raise StoreError where a section says of itself what cannot be, more numbers than it has bytes for included."""
    if made.dtype not in DTYPES:
        raise StoreError(f"numbers of type {made.dtype[:8]!r}: there are {', '.join(DTYPES)}")
    if not 0 <= made.numbers <= NUMBERS_MAX or made.numbers % axes:
        raise StoreError(f"{made.numbers} numbers are not up to {NUMBERS_MAX} in samples of {axes}")
    if made.numbers > PART * len(made.coded.data):
        raise StoreError(f"{len(made.coded.data)} bytes cannot hold {made.numbers} numbers")
    if not 0 <= made.odd <= made.numbers:
        raise StoreError(f"{made.odd} odd ones among {made.numbers} numbers")
    scaled = made.method in (DIVIDED, MULTIPLIED)
    if not AS_THEY_ARE <= made.method <= BITS or (scaled and not 0 < made.by < np.inf):
        raise StoreError(f"numbers by method {made.method} ({made.by}): this release knows 0 to {BITS}")


def _inflate(data: bytes, size: int) -> bytes:
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


def _wide(numbers: Raw) -> Array:
    with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
        return numbers.astype(np.float64, copy=False)


def _bits(numbers: Raw) -> Ints:
    """The bits of each number as an integer."""
    return numbers.view(f"i{numbers.dtype.itemsize}").astype(np.int64)


def _numbers(ints: Ints, method: int, by: float, dtype: str) -> Raw:
    """Return the numbers that integers stand for, of the dtype, in the shape of ``ints``."""
    kind = DTYPES[dtype].newbyteorder("=")
    if method == BITS:
        high = 8 * kind.itemsize - 1
        turned = ints ^ ((ints >> 63) & ((1 << high) - 1))
        return turned.astype(f"i{kind.itemsize}").view(kind)
    with np.errstate(over="ignore", invalid="ignore"):
        if method == DIVIDED:
            return (ints / by).astype(kind, copy=False)
        if method == MULTIPLIED:
            return (ints * by).astype(kind, copy=False)
        return ints.astype(kind)


def _form(numbers: Raw) -> tuple[Raw, int, float, Ints]:
    """The integers that stand for numbers, how, and the places of odd ones: the first form that has few of these."""
    if numbers.dtype == np.int16 or not numbers.size:
        return numbers.astype(np.int16, copy=False), AS_THEY_ARE, 1.0, NOWHERE
    wide = _wide(numbers)
    finite = np.flatnonzero(np.isfinite(wide))
    some = numbers[finite[:: max(finite.size // LOOK, 1)]]
    for method, by in _candidates(wide[finite]) if some.size else ():
        if _fit(some, method, by)[1].size > ODD_MAX * some.size:
            continue
        ints, odd = _fit(numbers, method, by)
        if odd.size <= ODD_MAX * numbers.size:
            return ints, method, by, odd
    bits = _bits(numbers)
    return bits ^ ((bits >> 63) & ((1 << (8 * numbers.dtype.itemsize - 1)) - 1)), BITS, 1.0, NOWHERE


def _candidates(finite: Array) -> Iterator[tuple[int, float]]:
    yield from ((DIVIDED, divisor) for divisor in DIVISORS)
    sizes = np.unique(np.abs(finite[finite != 0]))
    steps = np.diff(sizes)
    if steps.size:
        step = float(min(steps.min(), sizes[0]))
        whole = np.rint(sizes[-1] / step)
        if 0 < whole < EXACT_MAX:
            yield MULTIPLIED, step
            finer = float(sizes[-1] / whole)
            if 0 < finer < np.inf:
                yield MULTIPLIED, finer


def _fit(numbers: Raw, method: int, by: float) -> tuple[Ints, Ints]:
    """The integers of a form, 0 or the one before where a number has none, and the places of these."""
    wide = _wide(numbers)
    found = np.rint(wide * by if method == DIVIDED else wide / by)
    found[~(np.abs(found) < EXACT_MAX)] = 0.0
    ints = found.astype(np.int64)
    wrong = _bits(_numbers(ints, method, by, numbers.dtype.str[1:])) != _bits(numbers)
    odd = np.flatnonzero(wrong)
    if odd.size:
        last = np.maximum.accumulate(np.where(wrong, 0, np.arange(wrong.size)))
        ints = np.where(wrong[last], 0, ints[last])
        odd = np.flatnonzero(_bits(_numbers(ints, method, by, numbers.dtype.str[1:])) != _bits(numbers))
    return ints, odd
