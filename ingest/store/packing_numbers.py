"""Numbers of one channel as the wire carries them in, the smallest exact form in integers out, and back.

A wristband's numbers are counts in disguise: whole ones, decimals, binary fractions, or multiples of a step. A form is
taken only where it gives back every bit; the few numbers that it cannot say (NaN, -0.0) are kept beside it.
"""

import zlib
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.errors import StoreError
from ingest.store.packing_bits import Coded, Ints, code, inflate, ints_of
from ingest.types import Array

DTYPES: Final[dict[str, np.dtype[Any]]] = {"i2": np.dtype("<i2"), "f4": np.dtype("<f4"), "f8": np.dtype("<f8")}
NUMBERS_MAX: Final = 1 << 26  # of one section: a day of the fastest PPG in half a gigabyte; more was never packed
DIVISORS: Final = tuple(sorted([*(10.0**k for k in range(8)), *(2.0**k for k in range(5, 17))]))
EXACT_MAX: Final = 2.0**53  # integers beyond are not exact in float64
ODD_MAX: Final = 0.125  # of the numbers may be said one by one (9 B each before deflate): beyond, all bits are smaller
LOOK: Final = 64  # numbers that a form must fit (but one in eight) before all are tried
UNKNOWN_I2: Final = -32768

WHOLE, DIVIDED, MULTIPLIED, BITS = 0, 1, 2, 3

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


def section(raw: bytes, dtype: str, axes: int) -> Section:
    """Pack numbers of one dtype, axes interleaved; what is returned has been unpacked once and found equal."""
    numbers = np.frombuffer(raw, DTYPES[dtype])
    with np.errstate(all="ignore"):  # a form that overflows does not fit
        ints, method, by = _form(numbers)
    odd = np.flatnonzero(_bits(_numbers(ints, method, by, dtype)) != _bits(numbers))
    coded = code(np.ascontiguousarray(ints.reshape(-1, axes).T))
    odd_at = code(odd.reshape(1, -1).astype(np.int64))
    odd_bits = zlib.compress(numbers[odd].tobytes()) if odd.size else b""
    made = Section(dtype, numbers.size, method, by, coded, odd.size, odd_at, odd_bits, zlib.crc32(raw))
    if raw_of(made, axes) != raw:
        raise StoreError(f"{dtype} numbers did not survive packing: a fault of this release, please report it")
    return made


def numbers_of(made: Section, axes: int) -> Array:
    """Return the numbers as float64 (axes, n), ``i2`` -32768 as it is. Raises StoreError where it is damaged."""
    ints = _ints(made, axes)
    numbers = _numbers(ints, made.method, made.by, made.dtype)
    if made.odd:
        at, bits = _odd(made)
        instants, axis = np.divmod(at, axes)
        numbers[axis, instants] = bits
    return _wide(numbers)


def raw_of(made: Section, axes: int) -> bytes:
    """Return the bytes that were packed. Raises StoreError where the section is damaged."""
    numbers = _numbers(_ints(made, axes), made.method, made.by, made.dtype).T.reshape(-1)
    if made.odd:
        at, bits = _odd(made)
        numbers = numbers.copy()
        numbers[at] = bits
    raw: bytes = numbers.astype(DTYPES[made.dtype], copy=False).tobytes()
    if zlib.crc32(raw) != made.crc:
        raise StoreError("the numbers are not those that were packed: their checksum differs")
    return raw


def _ints(made: Section, axes: int) -> Ints:
    if made.dtype not in DTYPES:
        raise StoreError(f"numbers of type {made.dtype[:8]!r}: there are {', '.join(DTYPES)}")
    if not 0 <= made.numbers <= NUMBERS_MAX or made.numbers % axes:
        raise StoreError(f"{made.numbers} numbers are not up to {NUMBERS_MAX} in samples of {axes}")
    if not 0 <= made.odd <= made.numbers:
        raise StoreError(f"{made.odd} odd ones among {made.numbers} numbers")
    if not WHOLE <= made.method <= BITS or (made.method in (DIVIDED, MULTIPLIED) and not 0 < made.by < np.inf):
        raise StoreError(f"numbers by method {made.method} ({made.by}): this release knows 0 to {BITS}")
    return ints_of(made.coded, axes, made.numbers // axes)


def _odd(made: Section) -> tuple[Ints, Raw]:
    at = ints_of(made.odd_at, 1, made.odd)[0]
    if at.size and not 0 <= at.min() <= at.max() < made.numbers:
        raise StoreError("an odd number lies outside the section")
    dtype = DTYPES[made.dtype]
    return at, np.frombuffer(inflate(made.odd_bits, made.odd * dtype.itemsize), dtype)


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


def _form(numbers: Raw) -> tuple[Ints, int, float]:
    """The integers that stand for numbers, and how: the form with the fewest odd ones, of equals the shortest."""
    if numbers.dtype == np.int16 or not numbers.size:
        return numbers.astype(np.int64), WHOLE, 1.0
    wide = _wide(numbers)
    finite = np.flatnonzero(np.isfinite(wide))
    some = wide[finite[:: max(finite.size // LOOK, 1)]]
    for method, by in _candidates(wide[finite], some):
        if _fit(some.astype(numbers.dtype), method, by)[1] > ODD_MAX * some.size:
            continue
        ints, odd = _fit(numbers, method, by)
        if odd <= ODD_MAX * numbers.size:
            return ints, method, by
    bits = _bits(numbers)
    return bits ^ ((bits >> 63) & ((1 << (8 * numbers.dtype.itemsize - 1)) - 1)), BITS, 1.0


def _candidates(finite: Array, some: Array) -> list[tuple[int, float]]:
    found = [(DIVIDED, divisor) for divisor in DIVISORS]
    sizes = np.abs(some[some != 0])
    if sizes.size:
        steps = np.diff(np.unique(np.abs(finite)))
        steps = steps[steps > 0]
        if steps.size:
            step = float(min(steps.min(), sizes.min()))
            whole = np.rint(sizes / step) if step > 0 else np.zeros(1)
            if 0 < whole.max() < EXACT_MAX:
                found += [(MULTIPLIED, step), (MULTIPLIED, float(sizes.max() / whole.max()))]
    return [(method, by) for method, by in found if 0 < by < np.inf]


def _fit(numbers: Raw, method: int, by: float) -> tuple[Ints, int]:
    """The integers of a form, 0 or the one before where a number has none, and how many it cannot give back."""
    wide = _wide(numbers)
    found = np.rint(wide * by if method == DIVIDED else wide / by)
    found[~(np.abs(found) < EXACT_MAX)] = 0.0
    ints = found.astype(np.int64)
    wrong = _bits(_numbers(ints, method, by, numbers.dtype.str[1:])) != _bits(numbers)
    odd = int(wrong.sum())
    if odd:
        last = np.maximum.accumulate(np.where(wrong, 0, np.arange(wrong.size)))
        ints = np.where(wrong[last], 0, ints[last])
    return ints, odd
