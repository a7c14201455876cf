"""The bytes of a table of numbers in, its columns out; or which line is wrong, and how."""

import re
from typing import Final

import numpy as np

from ingest.errors import RecordingError
from ingest.recordings.numbers import plain
from ingest.types import Array

_TOLD_MAX: Final = 20  # characters of a wrong cell that a message shows
_NUMBER: Final = re.compile(rb"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?\s*\Z")


def columns(data: bytes, where: str, *, skip: int, width: int) -> Array:
    """Return (width, lines): the finite numbers of the lines after the first ``skip``, ``width`` a line, parted by
    commas. Raises RecordingError, naming the line and the mend; ``where`` is how it calls the file."""
    start = 0
    for _ in range(skip):
        start = data.find(b"\n", start) + 1 or len(data)
    found = plain(data, start=start, columns=width)
    return _slowly(data[start:], where, skip, width) if found is None else found


def _slowly(data: bytes, where: str, skip: int, width: int) -> Array:
    """The same of numbers however they are written."""
    lines = data.rstrip(b"\r\n \t,").split(b"\n")
    if lines == [b""]:
        return np.empty((width, 0))
    try:
        joined = b",".join(lines)
        if b"_" in joined:  # which Python would allow within a number
            raise ValueError
        found = np.array(list(map(float, joined.split(b","))), np.float64)
        if found.size == width * len(lines) and np.isfinite(found).all() and _even(lines, width):
            return np.ascontiguousarray(found.reshape(-1, width).T)
    except ValueError:
        pass  # said below, by line
    for number, line in enumerate(lines, skip + 1):
        cells = line.split(b",")
        if len(cells) != width:
            raise RecordingError(
                f"{where} line {number}: {len(cells)} columns, expected {width}: mend or remove the line"
            )
        for cell in cells:
            if not _NUMBER.match(cell) or not np.isfinite(float(cell)):
                told = cell.strip()[:_TOLD_MAX].decode("latin-1")
                raise RecordingError(f"{where} line {number}: {told!r} is no finite number: mend or remove the line")
    raise RecordingError(f"{where}: holds numbers in a form that is not known: export it again")


def _even(lines: list[bytes], width: int) -> bool:
    return all(line.count(b",") == width - 1 for line in lines)
