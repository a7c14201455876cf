"""The bytes of a table of any cells in, the numbers in some of its columns out, and which of these are not plain.

What ``ingest.recordings.numbers`` says of plain decimal numbers holds here too, for mantissas up to 2**53: seconds
since 1970 with six decimals are plain. A cell of another kind is left for the caller, who knows what it may hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ingest.types import Array

TENS: Final = np.array([10.0**i for i in range(19)])
_EXACT: Final = 2**53  # every whole number up to it is a float64
_DIGITS: Final = 18  # that surely fit 64 bits


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """``numbers`` (columns, lines), NaN in cells that are not plain; of these ``others`` (n, 4) say the column, the
    line, the first byte and the byte after the last. ``uneven`` is the first line, from 0, that has not as many cells
    as it should, None where all have; the lines from there on are not read."""

    numbers: Array
    others: NDArray[np.int64]
    uneven: int | None


def cells(
    data: bytes, *, start: int, width: int, columns: Sequence[int], mark: bytes = b",", point: bytes = b"."
) -> Cells:
    """Read the ``columns`` of the lines from byte ``start`` on, each of ``width`` cells parted by ``mark``."""
    text = np.frombuffer(data, np.uint8)
    lines = data.count(b"\n", start) + (not data.endswith(b"\n")) if start < len(data) else 0
    places = np.full(width, -1)
    places[list(columns)] = np.arange(len(columns))
    numbers = np.empty((len(columns), lines))
    others = np.empty((len(columns) * lines, 4), np.int64)
    read, count = _parse(text, start, places, mark[0], point[0], TENS, numbers, others)
    others = others[:count]
    return Cells(numbers[:, :read], others[others[:, 1] < read], None if read == lines else read)


@njit(cache=True, nogil=True)
def _parse(
    data: NDArray[np.uint8],
    at: int,
    places: NDArray[np.int64],
    mark: int,
    point: int,
    tens: Array,
    numbers: Array,
    others: NDArray[np.int64],
) -> tuple[int, int]:
    """Fill ``numbers`` and ``others``; return how many lines, and how many others."""
    size, width, count, line = data.size, places.size, 0, 0
    while line < numbers.shape[1]:
        for column in range(width):
            begin = at
            place = places[column]
            if place >= 0:
                at, value, plain = plain_number(data, at, mark, point, tens)
                while at < size and data[at] != mark and data[at] != 10:
                    at += 1
                    plain = False
                numbers[place, line] = value if plain else np.nan
                if not plain:
                    others[count, 0], others[count, 1], others[count, 2], others[count, 3] = place, line, begin, at
                    count += 1
            else:
                while at < size and data[at] != mark and data[at] != 10:
                    at += 1
            ends = at == size or data[at] == 10
            if ends != (column == width - 1):
                return line, count
            at += 1
        line += 1
    return line, count


@njit(cache=True, nogil=True)
def plain_number(data: NDArray[np.uint8], at: int, mark: int, point: int, tens: Array) -> tuple[int, float, bool]:
    """Where a plain number and the blanks about it end, what it is, and whether it is one."""
    size = data.size
    while at < size and data[at] == 32:
        at += 1
    negative = at < size and data[at] == 45
    if negative:
        at += 1
    whole, digits, decimals, pointed = 0, 0, 0, False
    while at < size:
        byte = data[at]
        if 48 <= byte <= 57:
            if digits < _DIGITS:
                whole = whole * 10 + (byte - 48)
            digits += 1
            if pointed:
                decimals += 1
        elif byte == point and byte != mark and not pointed:
            pointed = True
        else:
            break
        at += 1
    while at < size and (data[at] == 32 or data[at] == 13):
        at += 1
    if digits == 0 or digits > _DIGITS or whole > _EXACT:
        return at, np.nan, False
    value = float(whole) / tens[decimals]
    return at, -value if negative else value, True
