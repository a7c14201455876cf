"""The bytes of a table of plain decimal numbers in, the numbers out, each to the last bit what ``float`` says of it.

A number of at most 15 digits is a whole number below 2**53 over a power of ten up to 10**22; both are exact in float64,
so that one division rounds correctly (Clinger 1990, doi:10.1145/93542.93557). Whatever is written otherwise is left to
the caller's slow way, which knows all of it and says what is wrong where.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ingest.types import Array

DIGITS_MAX: Final = 15
_TENS: Final = np.array([10.0**i for i in range(DIGITS_MAX + 1)])


def plain(data: bytes, *, start: int, columns: int) -> Array | None:
    """Return (columns, lines): the numbers from byte ``start`` to the end, ``columns`` a line, parted by commas and by
    spaces if need be. None where anything in it is not plain."""
    text = np.frombuffer(data, np.uint8)
    found = np.empty((columns, _lines(text, start)))
    n = _parse(text, start, _TENS, found)
    return None if n < 0 else np.ascontiguousarray(found[:, :n])


@njit(cache=True, nogil=True)
def _lines(data: NDArray[np.uint8], at: int) -> int:
    """How many lines there are, blank ones and one without an end among them."""
    found = 1 if data.size > at and data[data.size - 1] != 10 else 0
    for i in range(at, data.size):
        if data[i] == 10:
            found += 1
    return found


@njit(cache=True, nogil=True)
def _parse(data: NDArray[np.uint8], at: int, tens: Array, found: Array) -> int:
    """Fill ``found``, (columns, lines), line by line; return how many lines there are, or -1."""
    size, columns = data.size, found.shape[0]
    while size > at and (data[size - 1] == 10 or data[size - 1] == 13 or data[size - 1] == 32):
        size -= 1
    if size <= at:
        return 0
    row = column = digits = point = decimals = negative = 0
    whole = np.int64(0)
    for i in range(at, size + 1):
        byte = data[i] if i < size else 10
        if 48 <= byte <= 57:
            whole = whole * 10 + (np.int64(byte) - 48)
            digits += 1
            decimals += point
        elif byte == 10 or byte == 44:
            if digits == 0 or digits > DIGITS_MAX or column == columns:
                return -1
            value = float(whole) / tens[decimals]
            found[column, row] = -value if negative else value
            column += 1
            if byte == 10:
                if column != columns:
                    return -1
                row, column = row + 1, 0
            digits = point = decimals = negative = 0
            whole = np.int64(0)
        elif byte == 46:
            if point:
                return -1
            point = 1
        elif byte == 45 or byte == 32:
            if digits or point or negative:
                return -1
            negative = 1 if byte == 45 else 0
        elif byte != 13 or i + 1 == size or data[i + 1] != 10:
            return -1
    return row
