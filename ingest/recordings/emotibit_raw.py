"""The raw lines of an EmotiBit in; the packets of some tags, and the lines that tie its clock to a computer's out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ingest.errors import RecordingError
from ingest.recordings.cells import TENS, plain_number
from ingest.types import Array

CLOCK: Final = ("RD", "TL", "AK")  # asks for the time, brings it, says which request that answered
AGAIN_MS: Final = 10_000.0  # a time this far behind the one before: switched on again
BAD_MAX: Final = 0.01  # of the lines may be torn; more, and the file is no such recording
TOLD_MAX: Final = 20  # torn lines that the notes name
_COMMA: Final = 44
_POINT: Final = 46
_NEWLINE: Final = 10
_RD, _TL, _AK = (ord(first) * 256 + ord(second) for first, second in CLOCK)
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Line:
    """A line about the clock."""

    time_ms: float
    packet: bytes
    tag: str
    payload: bytes


Packets = dict[str, tuple[Array, Ints, Array]]
"""By tag: when each packet's last value was taken [ms], how many values it has, and the values of all."""


def scanned(data: bytes, where: str, tags: Sequence[str]) -> tuple[Packets, list[Line], list[str]]:
    """The packets of ``tags``, the lines about the clock, and notes on what is torn or left out. Raises RecordingError,
    naming the line, where the clock starts again or more than ``BAD_MAX`` of the lines are torn."""
    data = data.rstrip()
    text, lines = np.frombuffer(data, np.uint8), data.count(b"\n") + 1
    kinds = np.full(1 << 16, -1)
    kinds[[int.from_bytes(tag.encode(), "big") for tag in tags]] = np.arange(len(tags))
    times_ms, table = np.empty(lines), np.empty((lines, 4), np.int64)
    values, rest = np.empty(data.count(b",") + 1), np.empty((lines, 3), np.int64)
    tally = np.zeros(1 << 16, np.int64)
    packets, numbers, others = _scan(text, kinds, TENS, times_ms, table, values, rest, tally)
    odd = _Odd(where, tags, data)
    for line, begin, end in rest[:others].tolist():
        odd.take(line, begin, end)
    if len(odd.torn) > max(1, BAD_MAX * lines):
        raise RecordingError(f"{where} line {odd.torn[0]}: and {len(odd.torn) - 1} more are torn: copy the file again")
    line_of = np.concatenate([table[:packets, 0], np.array(odd.lines, np.int64)])
    every_ms = np.concatenate([times_ms[:packets], np.array(odd.times_ms)])
    order = np.argsort(line_of, kind="stable")
    _require_one_clock(line_of[order], every_ms[order], where)
    kind = np.concatenate([table[:packets, 1], np.array(odd.kinds, np.int64)])
    counts = np.concatenate([table[:packets, 2], np.array([len(each) for each in odd.values], np.int64)])
    first = np.concatenate([table[:packets, 3], numbers + np.cumsum([0, *map(len, odd.values)])[:-1].astype(np.int64)])
    pool = np.concatenate([values[:numbers], *odd.values])
    found: Packets = {}
    for index, tag in enumerate(tags):
        mine = order[kind[order] == index]
        if mine.size:
            ends = np.cumsum(counts[mine])
            at = (
                np.arange(ends[-1])
                - np.repeat(ends - counts[mine], counts[mine])
                + np.repeat(first[mine], counts[mine])
            )
            found[tag] = (every_ms[mine], counts[mine], pool[at])
    notes = [f"line {number} is torn: left out" for number in odd.torn[:TOLD_MAX]]
    left = sorted({int(code).to_bytes(2, "big").decode("latin-1") for code in np.flatnonzero(tally)} | odd.others)
    if left:
        notes.append(f"left out: lines of {', '.join(left)}")
    return found, odd.clock, notes


class _Odd:
    """The lines that are not packets of plain numbers: about the clock, torn, or of numbers written otherwise."""

    def __init__(self, where: str, tags: Sequence[str], data: bytes) -> None:
        self._tags, self._data, self._where = tags, data, where
        self.clock: list[Line] = []
        self.torn: list[int] = []
        self.others: set[str] = set()
        self.lines: list[int] = []
        self.times_ms: list[float] = []
        self.kinds: list[int] = []
        self.values: list[Array] = []

    def take(self, line: int, begin: int, end: int) -> None:
        """Take line number ``line``, from 0, of bytes ``begin`` to ``end``."""
        cells = self._data[begin:end].strip().split(b",", 6)
        try:
            time_ms, count, tag = float(cells[0]), int(cells[2]), cells[3].decode("ascii")
            payload = cells[6] if len(cells) > 6 else b""
            if len(tag) != 2 or not tag.isprintable() or not 0 <= time_ms < 1e15:
                raise ValueError
            if tag in self._tags:
                values = np.array(list(map(float, payload.split(b","))))
                if not count or values.size != count or b"_" in payload:
                    raise ValueError
        except (ValueError, IndexError):
            self.torn.append(line + 1)
            return
        if tag in self._tags:
            self.lines.append(line)
            self.times_ms.append(time_ms)
            self.kinds.append(self._tags.index(tag))
            self.values.append(values)
        elif tag in CLOCK:
            self.clock.append(Line(time_ms, cells[1], tag, payload))
        else:
            self.others.add(tag)


def _require_one_clock(lines: Ints, times_ms: Array, where: str) -> None:
    back = np.flatnonzero(np.diff(times_ms) < -AGAIN_MS)
    if back.size:
        line = int(lines[back[0] + 1]) + 1
        raise RecordingError(f"{where} line {line}: its clock starts again: cut the file there into two")


@njit(cache=True, nogil=True)
def _head(data: NDArray[np.uint8], at: int, stop: int, tens: Array) -> tuple[int, float, int, int, bool]:
    """Return where the values of the line from ``at`` to ``stop`` begin, its time, their number, the two letters of its
    tag as one number, and whether all of that is there."""
    at, time_ms, good = plain_number(data, at, _COMMA, _POINT, tens)
    good = good and time_ms >= 0 and at < stop and data[at] == _COMMA
    at += 1
    while at < stop and data[at] != _COMMA:  # the packet's number
        at += 1
    at, count, whole = plain_number(data, at + 1, _COMMA, _POINT, tens)
    good = good and whole and at + 3 < stop and data[at] == _COMMA and data[at + 3] == _COMMA
    code = int(data[at + 1]) * 256 + int(data[at + 2]) if good else 0
    at += 4
    for _ in range(2):  # version, reliability
        while at < stop and data[at] != _COMMA:
            at += 1
        at += 1
    return at, time_ms, int(count), code, good


@njit(cache=True, nogil=True)
def _fill(data: NDArray[np.uint8], at: int, stop: int, count: int, tens: Array, out: Array) -> bool:
    """Write the ``count`` values that end the line at ``stop`` into ``out``; False where they are not just that."""
    n = 0
    good = True
    while at <= stop and n < count and good:
        at, value, good = plain_number(data, at, _COMMA, _POINT, tens)
        good = good and at <= stop
        if good:
            out[n] = value
            n += 1
        if at < stop and data[at] != _COMMA:
            good = False
        at += 1
    return good and n > 0 and n == count and at == stop + 1


@njit(cache=True, nogil=True)
def _scan(
    data: NDArray[np.uint8],
    kinds: Ints,
    tens: Array,
    times_ms: Array,
    table: Ints,
    values: Array,
    rest: Ints,
    tally: Ints,
) -> tuple[int, int, int]:
    """Fill ``times_ms`` and ``table`` (line, kind, count, first value) a packet, ``values``, ``rest`` (line, begin,
    end) for what is not a packet of plain numbers, ``tally`` by tag for whole lines that nobody wants; return how many
    packets, values and others."""
    size, at, line, packets, numbers, others = data.size, 0, 0, 0, 0, 0
    while at < size:
        begin = at
        stop = at
        while stop < size and data[stop] != _NEWLINE:
            stop += 1
        at, time_ms, count, code, good = _head(data, at, stop, tens)
        clock = code in (_RD, _TL, _AK)
        if good and kinds[code] >= 0:
            good = _fill(data, at, stop, count, tens, values[numbers:])
            if good:
                times_ms[packets] = time_ms
                table[packets, 0], table[packets, 1] = line, kinds[code]
                table[packets, 2], table[packets, 3] = count, numbers
                packets += 1
                numbers += count
        elif good and not clock and at <= stop + 1 and 33 <= code // 256 < 127 and 33 <= code % 256 < 127:
            tally[code] += 1
        else:
            good = False
        if not good:
            rest[others, 0], rest[others, 1], rest[others, 2] = line, begin, stop
            others += 1
        at = stop + 1
        line += 1
    return packets, numbers, others
