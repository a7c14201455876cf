"""The bytes of a table of numbers in, its columns out; or which line is wrong, and how."""

import contextlib
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
    data = data.rstrip(b"\r\n \t,")
    if not data:
        return np.empty((width, 0))
    with contextlib.suppress(ValueError):  # what is no number is said below, by line
        if b"_" not in data and is_even(data, width):  # Python would allow it within a number
            found = np.array(list(map(float, data.replace(b"\n", b",").split(b","))), np.float64)
            if np.isfinite(found).all():
                return np.ascontiguousarray(found.reshape(-1, width).T)
    lines = data.split(b"\n")
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


def is_even(data: bytes, width: int, *, mark: bytes = b",") -> bool:
    """Whether every line has ``width`` cells, parted by ``mark``."""
    text = np.frombuffer(data, np.uint8)
    marks = np.append(text[(text == mark[0]) | (text == 10)], np.uint8(10))
    if marks.size % width:
        return False
    lines = marks.reshape(-1, width)
    return bool((lines[:, -1] == 10).all() and (lines[:, :-1] == mark[0]).all())
