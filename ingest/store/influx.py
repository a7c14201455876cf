"""Settled packets in, points of an InfluxDB bucket out, and back to the last bit: a ``Rest`` for sites that run one.

What lies where is said in ``ingest.store.influx_points``, why in docs/decisions/024. A point is known by its series and
its time, both fixed when its packet came: written again, it is the same point.
"""
# ruff: noqa: S608 - InfluxQL knows no bound parameters in all versions; band goes through _quoted, the rest is ours

import heapq
import logging
import math
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from ingest.errors import StoreError
from ingest.received import Received
from ingest.store.influx_connection import InfluxConnection
from ingest.store.influx_points import (
    COLUMNS,
    FIELDS,
    PACKET,
    PAYLOAD,
    Drawn,
    Row,
    boot_of,
    from_pieces,
    packet_lines,
    packet_of,
    place,
    row_of,
    sample_lines,
)
from ingest.store.line_protocol import TIME_MAX_NS, TIME_MIN_NS
from ingest.store.protocol import Finish, Totals, View
from ingest.types import CHANNELS, Array, Block
from ingest.wire import AHEAD_MAX_US, SPAN_MAX_US, Intervals, Packet, encode

log = logging.getLogger(__name__)

ROWS_MAX: Final = 5_000  # packets of one answer, 1 MB
ERASE_MAX: Final = 10_000  # packets deleted together: 20 MB of rows
SAMPLES_MAX: Final = 200_000  # samples of one answer: an hour of PPG, 10 MB
# No packet spans more, with the period of its last sample.
REACH_S: Final = (SPAN_MAX_US + AHEAD_MAX_US) * 1e-6 + 100.0
SLACK_S: Final = 1e-3  # between a packet's start and its point: room for a million of one start, and for rounding

_NEEDED: Final = ("seq", "start_s", "end_s", "offset_s", "received_s", "pieces")  # to read one channel


@dataclass(frozen=True, slots=True)
class _Found:
    """A row of ``packet`` with the values of its channels, and the beats it has."""

    row: Row
    values: dict[str, Array]
    beats: Intervals | None


class InfluxRest:
    """A ``Rest`` in one bucket: see ``InfluxConnection`` for what that needs. Raises StoreError as it does."""

    def __init__(self, connection: InfluxConnection) -> None:
        self._influx = connection
        self._left: dict[str, dict[int, Totals]] = {}  # after the last erasure of a band

    def keep(self, packets: Sequence[Received]) -> Finish:
        """Write packets of one (band, boot). Their own points first, which say what is drawn, then their samples: cut
        off in between, the next time finds what was said and says the same."""
        packet = packets[0].packet
        first_s = min(received.span_s()[0] for received in packets)
        last_s = max(received.span_s()[1] for received in packets)
        where = f'"boot" = \'{packet.boot}\' AND "end_s" >= {_number(first_s - 1)}'
        there = list(self._rows(packet.band, first_s - REACH_S, last_s + SLACK_S, where))
        rows = place(packets, there)
        self._influx.write(packet_lines(packets, rows))
        self._influx.write(sample_lines(packets, rows))
        return _nothing

    def read(self, band: str, channel: str, since_s: float, until_s: float, view: View) -> Iterator[Block]:
        """Yield the blocks of one channel that reach into ``[since_s, until_s)``, in time order."""
        where = f'"end_s" >= {_number(since_s - 1)}'
        waiting: list[tuple[float, int, Block]] = []
        order = 0
        rows = self._rows(band, since_s - REACH_S, until_s + SLACK_S, where, _names_for(channel))
        reaching = (row for row in rows if _reaches(row, since_s, until_s))
        for found in self._found(band, reaching, view, [channel]):
            start_s = found.row.number("start_s")
            while waiting and waiting[0][0] <= start_s - SLACK_S:
                yield heapq.heappop(waiting)[2]
            for block in self._blocks(band, channel, found):
                if block.start_s < until_s and block.end_s > since_s:
                    order += 1
                    heapq.heappush(waiting, (block.start_s, order, block))
        while waiting:
            yield heapq.heappop(waiting)[2]

    def packets(self, band: str, since_s: float, until_s: float, view: View) -> Iterator[Received]:
        """Yield every packet that begins in ``[since_s, until_s)``, in order of (start, boot, seq)."""
        waiting: list[tuple[float, int, int, Received]] = []
        rows = self._rows(band, since_s - SLACK_S, until_s + SLACK_S)
        begun = (row for row in rows if since_s <= row.number("start_s") < until_s)
        for found in self._found(band, begun, view, list(CHANNELS)):
            start_s = found.row.number("start_s")
            while waiting and waiting[0][0] < start_s - SLACK_S:
                yield heapq.heappop(waiting)[3]
            received = self._received(band, found)
            heapq.heappush(waiting, (start_s, found.row.boot, found.row.seq, received))
        while waiting:
            yield heapq.heappop(waiting)[3]

    def totals(self, band: str, db: sqlite3.Connection) -> dict[int, Totals]:
        """How much of each boot of a band rests here, as the erasure before has found it, but for packets that a
        settling has brought here and not yet taken out of the inbox."""
        left = self._left.pop(band, None)
        left = self._totals(band) if left is None else left
        query = "SELECT boot, seq, start_s FROM inbox JOIN boots ON boots.id = boot_id WHERE band = ?"
        waiting = {(boot, seq): start_s for boot, seq, start_s in db.execute(query, (band,))}
        if not waiting or not left:
            return left
        near = min(waiting.values()) - SLACK_S, max(waiting.values()) + SLACK_S
        rows = self._rows(band, *near, names=("seq", "samples"))
        twice = [row for row in rows if (row.boot, row.seq) in waiting]
        less = {boot: _without(totals, [row for row in twice if row.boot == boot]) for boot, totals in left.items()}
        return {boot: totals for boot, totals in less.items() if totals.packets}

    def _totals(self, band: str) -> dict[int, Totals]:
        query = (
            f'SELECT count("seq"), sum("samples"), min("start_s"), max("end_s") FROM "{PACKET}"'
            f' WHERE "band" = {_quoted(band)} GROUP BY "boot"'
        )
        found = {}
        for tags, rows in self._influx.rows(query, int, int, float, float):
            for _, packets, samples, first_s, last_s in rows:
                found[boot_of(tags.get("boot", ""))] = Totals(packets, samples, first_s, last_s)
        return found

    def erase(self, band: str, since_s: float, until_s: float) -> Finish:
        """Take away every packet that reaches into ``[since_s, until_s)``: samples first, so that, cut off, the next
        time still finds whose they are. InfluxDB rewrites its files by and by; 3.x has no DELETE and refuses."""
        where = f'"end_s" >= {_number(since_s - REACH_S)}'
        near = since_s - 2 * REACH_S, until_s + REACH_S
        gone: list[Row] = []
        stay: list[Row] = []
        for row in self._rows(band, *near, where):
            (gone if _reaches(row, since_s, until_s) else stay).append(row)
            if len(gone) >= ERASE_MAX:  # what may lie between those long past has been seen
                past_s = row.number("start_s") - REACH_S
                self._erase(band, [one for one in gone if one.number("start_s") < past_s], stay)
                gone = [one for one in gone if one.number("start_s") >= past_s]
                stay = [one for one in stay if one.number("end_s") >= past_s - REACH_S]
        self._erase(band, gone, stay)
        left = sum(_reaches(row, since_s, until_s) for row in self._rows(band, *near, where, _NEEDED))
        if left:
            raise StoreError(f"{self._influx}: {left} packets are still there after they were deleted")
        self._left[band] = self._totals(band)
        return _nothing

    def _erase(self, band: str, gone: Sequence[Row], stay: Sequence[Row]) -> None:
        """Delete packets and their samples, in runs between which no packet lies that stays."""
        for boot in {row.boot: None for row in gone}:
            rows = [(row, goes) for some, goes in ((gone, True), (stay, False)) for row in some if row.boot == boot]
            for channel in CHANNELS:
                reaches = [(*_reach_ns(row, channel), goes) for row, goes in rows if channel in row.drawn]
                for first, last in _joined(reaches):
                    self._delete(channel, band, boot, first, last)
            for first, last in _joined([(row.time_ns, row.time_ns, goes) for row, goes in rows]):
                self._delete(PAYLOAD, band, boot, first, last)
                self._delete(PACKET, band, boot, first, last)

    def _delete(self, measurement: str, band: str, boot: int, first_ns: int, last_ns: int) -> None:
        self._influx.run(
            f'DELETE FROM "{measurement}" WHERE {_between(band, first_ns, last_ns)} AND "boot" = \'{boot}\''
        )

    def check(self) -> list[str]:
        """Compare for every band and channel how many numbers its packets have drawn with how many there are."""
        wrong = []
        for channel, names in FIELDS.items():
            counted = names[1:] if channel == "ibi" else names
            said = self._sums(f'SELECT sum("{channel}_known") FROM "{PACKET}" GROUP BY "band"', 1)
            counts = ", ".join(f'count("{name}")' for name in counted)
            there = self._sums(f'SELECT {counts} FROM "{channel}" GROUP BY "band"', len(counted))
            wrong += [
                f"{self._influx}: {channel} of band {band}: {there.get(band, 0)} numbers for {said.get(band, 0)}"
                for band in sorted(said | there)
                if said.get(band, 0) != there.get(band, 0)
            ]
        return wrong

    def _sums(self, query: str, columns: int) -> dict[str, int]:
        found = self._influx.rows(query, *[int | None] * columns)
        return {tags.get("band", ""): sum(n or 0 for row in rows for n in row[1:]) for tags, rows in found}

    def backup(self, path: Path) -> None:
        """Say that what rests in InfluxDB is backed up by its own means: the copy holds what has not settled."""
        log.warning("%s: back it up too (influx backup): %s holds only what has not settled there", self._influx, path)

    def close(self) -> None:
        """Let the connections go."""
        self._influx.close()

    def _rows(
        self, band: str, since_s: float, until_s: float, where: str = "", names: Sequence[str] = tuple(COLUMNS)
    ) -> Iterator[Row]:
        """Yield the packets whose points lie in ``[since_s, until_s]``, in time order, an answer at a time, with the
        fields in ``names``."""
        columns, kinds = ", ".join(f'"{name}"' for name in names), [COLUMNS[name] | None for name in names]
        after, last = _ns(since_s), _ns(until_s)
        while True:
            query = f'SELECT "boot", {columns} FROM "{PACKET}" WHERE {_between(band, after, last)}'
            query += (f" AND {where}" if where else "") + f" ORDER BY time LIMIT {ROWS_MAX}"
            values = [row for _, rows in self._influx.rows(query, str, *kinds) for row in rows]
            full = len(values) >= ROWS_MAX
            # Boots may share a moment, and the answer may end within it: the next one begins with it.
            cut = [row for row in values if row[0] < values[-1][0]] if full else values
            for time_ns, boot, *fields in cut:
                yield row_of(names, boot, fields, time_ns)
            if not full:
                return
            after = values[-1][0]

    def _found(self, band: str, rows: Iterable[Row], view: View, channels: Sequence[str]) -> Iterator[_Found]:
        """Yield packets with the values of some channels, those in ``view.names`` left out: of these the samples may
        not be there yet."""
        some: list[Row] = []
        samples = 0
        for row in rows:
            if (band, row.boot, row.seq) in view.names:
                continue
            some.append(row)
            samples += max((row.drawn[name].n for name in channels if name in row.drawn), default=0)
            if samples >= SAMPLES_MAX or len(some) >= ROWS_MAX:
                yield from self._filled(band, some, channels)
                some, samples = [], 0
        yield from self._filled(band, some, channels)

    def _filled(self, band: str, rows: Sequence[Row], channels: Sequence[str]) -> Iterator[_Found]:
        found = {id(row): _Found(row, {}, None) for row in rows}
        for boot in {row.boot: None for row in rows}:
            for channel in channels:
                drawn = [row for row in rows if row.boot == boot and not row.pieces and channel in row.drawn]
                if drawn and channel == "ibi":
                    for row, beats in zip(drawn, self._beats(band, boot, drawn), strict=True):
                        found[id(row)] = _Found(row, found[id(row)].values, beats)
                elif drawn:
                    for row, values in zip(drawn, self._values(band, boot, channel, drawn), strict=True):
                        found[id(row)].values[channel] = values
        yield from found.values()

    def _points(self, band: str, boot: int, channel: str, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        """Return the points of a channel over the time of some packets, in time order."""
        reaches = [_reach_ns(row, channel) for row in rows]
        first, last = min(first for first, _ in reaches), max(last for _, last in reaches)
        names = ", ".join(f'"{name}"' for name in FIELDS[channel])
        query = f'SELECT {names} FROM "{channel}" WHERE {_between(band, first, last)} AND "boot" = \'{boot}\''
        kinds = (float, int) if channel == "ibi" else (float | None,) * len(FIELDS[channel])
        return [point for _, some in self._influx.rows(query, *kinds) for point in some]

    def _values(self, band: str, boot: int, channel: str, rows: Sequence[Row]) -> list[Array]:
        """Return a channel of each packet; raises StoreError where numbers are missing that were written."""
        axes = len(FIELDS[channel])
        points = self._points(band, boot, channel, rows)
        at = np.array([point[0] for point in points], np.int64)
        there = np.array([point[1:] for point in points], np.float64).reshape(len(points), axes)
        wanted = [row.drawn[channel].times_ns(row.number("offset_s")) for row in rows]
        every = np.concatenate(wanted)
        values = np.full((len(every), axes), np.nan)
        if len(at):
            index = np.minimum(np.searchsorted(at, every), len(at) - 1)
            met = at[index] == every
            values[met] = there[index[met]]
        split = np.split(values, np.cumsum([len(some) for some in wanted])[:-1])
        for row, some in zip(rows, split, strict=True):
            self._require(band, row, channel, int(np.isfinite(some).sum()), row.drawn[channel])
        return [some[:, 0].copy() if axes == 1 else np.ascontiguousarray(some.T) for some in split]

    def _beats(self, band: str, boot: int, rows: Sequence[Row]) -> list[Intervals]:
        points = self._points(band, boot, "ibi", rows)
        at = np.array([point[0] for point in points], np.int64)
        found = []
        for row in rows:
            first, last = _reach_ns(row, "ibi")
            some = points[int(np.searchsorted(at, first)) : int(np.searchsorted(at, last, side="right"))]
            self._require(band, row, "ibi", len(some), row.drawn["ibi"])
            found.append(Intervals(tick_us=[tick for _, _, tick in some], interval_s=[value for _, value, _ in some]))
        return found

    def _require(self, band: str, row: Row, channel: str, known: int, drawn: Drawn) -> None:
        if known != drawn.known:
            name = f"packet {row.boot}/{row.seq} of band {band}"
            raise StoreError(f"{self._influx}: {known} numbers of {channel} are there of {drawn.known} of {name}")

    def _received(self, band: str, found: _Found) -> Received:
        row = found.row
        if row.pieces:
            names = ", ".join(f'"text{i}"' for i in range(row.pieces))
            query = f'SELECT {names} FROM "{PAYLOAD}" WHERE {_between(band, row.time_ns, row.time_ns)}'
            query += f" AND \"boot\" = '{row.boot}'"
            texts = [
                text for _, rows in self._influx.rows(query, *[str] * row.pieces) for one in rows for text in one[1:]
            ]
            packet = from_pieces(texts)
        else:
            packet = packet_of(band, row, found.values, found.beats)
        return Received(packet, row.number("offset_s"), row.number("received_s"), encode(packet))

    def _blocks(self, band: str, channel: str, found: _Found) -> list[Block]:
        row = found.row
        if row.pieces:
            return [block for block in self._received(band, found).blocks() if block.channel == channel]
        if channel in found.values:
            drawn, offset_s = row.drawn[channel], row.number("offset_s")
            return [Block(channel, drawn.tick_us * 1e-6 + offset_s, drawn.rate_hz, found.values[channel])]
        if channel == "ibi" and found.beats is not None:
            alone = Packet(v=1, band=band, boot=row.boot, seq=row.seq, tick_us=0, ibi=found.beats)
            return Received(alone, row.number("offset_s"), row.number("received_s"), b"").blocks()
        return []


def _without(totals: Totals, rows: Sequence[Row]) -> Totals:
    """Totals less some packets, whose span the inbox knows: first and last stay true of both together."""
    samples = totals.samples - int(sum(row.number("samples") for row in rows))
    return Totals(totals.packets - len(rows), samples, totals.first_s, totals.last_s)


def _names_for(channel: str) -> Sequence[str]:
    """The fields of packets that are needed to read one channel."""
    return *_NEEDED, *(name for name in COLUMNS if name.startswith(f"{channel}_"))


def _nothing(db: sqlite3.Connection) -> None:
    """Nothing is left to be done in the inbox's file."""


def _reach_ns(row: Row, channel: str) -> tuple[int, int]:
    return row.drawn[channel].reach_ns(row.number("offset_s"))


def _reaches(row: Row, since_s: float, until_s: float) -> bool:
    """Whether a packet's span reaches into ``[since_s, until_s)``, or is empty and lies in it."""
    start_s, end_s = row.number("start_s"), row.number("end_s")
    return start_s < until_s and (end_s > since_s or start_s == end_s >= since_s)


def _joined(reaches: Sequence[tuple[int, int, bool]]) -> Iterator[tuple[int, int]]:
    """Yield first and last of each run of spans that are to go, with none between them that is to stay."""
    first = last = None
    for begin, end, goes in sorted(reaches):
        if goes:
            first, last = begin if first is None else first, end
        elif first is not None and last is not None:
            yield first, last
            first = last = None
    if first is not None and last is not None:
        yield first, last


def _ns(at_s: float) -> int:
    """A moment [UTC ns], within what InfluxDB holds."""
    if math.isinf(at_s):
        return TIME_MIN_NS if at_s < 0 else TIME_MAX_NS
    return min(max(round(at_s * 1e9), TIME_MIN_NS), TIME_MAX_NS)


def _number(value: float) -> str:
    """A number as InfluxQL knows it: without an exponent."""
    return f"{min(max(value, -1e10), 1e10):.6f}"


def _quoted(text: str) -> str:
    """A string of InfluxQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _between(band: str, first_ns: int, last_ns: int) -> str:
    return f'"band" = {_quoted(band)} AND time >= {first_ns} AND time <= {last_ns}'
