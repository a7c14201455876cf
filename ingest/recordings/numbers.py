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
    rows = data.count(b"\n", start) + (not data.endswith(b"\n"))
    found = np.empty((columns, rows))
    n = _parse(np.frombuffer(data, np.uint8), start, _TENS, found)
    return None if n < 0 else np.ascontiguousarray(found[:, :n])


@njit(cache=True, nogil=True)
def _parse(data: NDArray[np.uint8], at: int, tens: Array, found: Array) -> int:
    """Fill ``found``, (columns, lines), line by line; return how many lines there are, or -1."""
    size, columns = data.size, found.shape[0]
    while size > at and (data[size - 1] == 10 or data[size - 1] == 13 or data[size - 1] == 32):
        size -= 1
    row = column = 0
    while at < size:
        while at < size and data[at] == 32:
            at += 1
        negative = at < size and data[at] == 45
        if negative:
            at += 1
        whole, digits, decimals, point = 0, 0, 0, False
        while at < size:
            byte = data[at]
            if 48 <= byte <= 57:
                whole = whole * 10 + (byte - 48)
                digits += 1
                if point:
                    decimals += 1
                if digits > 15:
                    return -1
            elif byte == 46 and not point:
                point = True
            else:
                break
            at += 1
        if digits == 0:
            return -1
        value = float(whole) / tens[decimals]
        found[column, row] = -value if negative else value
        column += 1
        while at < size and data[at] == 32:
            at += 1
        if at < size and data[at] == 44:
            if column == columns:
                return -1
            at += 1
            if at == size:
                return -1
            continue
        if column != columns:
            return -1
        row, column = row + 1, 0
        if at < size and data[at] == 13:
            at += 1
        if at < size:
            if data[at] != 10:
                return -1
            at += 1
    return row if column == 0 else -1
