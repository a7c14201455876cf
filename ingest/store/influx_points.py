"""Packets in, the points that stand for them in InfluxDB out, and back without the loss of a bit. No server.

A channel's samples are *drawn* as points of the measurement of its name, in physical units, tags ``band`` and ``boot``.
A point of ``packet`` holds the rest. What these two would not give back exactly (numbers outside a sensor's range, odd
NaN, samples at moments where another packet of the boot has some) is kept as ``payload`` too, and read from there.
"""

import base64
import bisect
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.errors import StoreError
from ingest.received import Received
from ingest.store.line_protocol import STRING_MAX, TIME_MAX_NS, TIME_MIN_NS, Column, Times, Value, lines, point
from ingest.types import CHANNELS, Array
from ingest.wire import PACKET_MAX, Intervals, Packet, Samples, count, encode

PACKET: Final = "packet"
PAYLOAD: Final = "payload"
FIELDS: Final = {
    name: ("interval_s", "tick_us") if name == "ibi" else ("x", "y", "z") if channel.axes == 3 else ("value",)
    for name, channel in CHANNELS.items()
}
"""The fields of each channel's measurement: physical values; of a beat its interval and the band's clock."""

_OWN: Final[dict[str, type]] = {
    "seq": int,
    "start_s": float,
    "end_s": float,
    "late_s": float,
    "offset_s": float,
    "received_s": float,
    "tick_us": int,
    "sent_us": int,
    "heard_us": int,
    "gateway": str,
    "lost_first": int,
    "lost_last": int,
    "battery": int,
    "contact": bool,
    "samples": int,
    "pieces": int,
}
_EVEN: Final[dict[str, type]] = {"tick_us": int, "rate_hz": float, "n": int, "form": str, "scale": float, "known": int}
_BEATS: Final[dict[str, type]] = {"tick_us": int, "last_us": int, "n": int, "known": int}
COLUMNS: Final[dict[str, type]] = _OWN | {
    f"{name}_{key}": kind for name in CHANNELS for key, kind in (_BEATS if name == "ibi" else _EVEN).items()
}
"""The fields of a packet's point. ``start_s``, ``end_s``: ``Received.span_s``. ``late_s``: how long after its end it
came. ``samples``: as ``Received.samples``. ``pieces``: of its payload, where that is kept. ``*_form``: how a channel's
numbers travelled, ``*_known``: how many of them are in the channel's measurement."""

PIECE: Final = STRING_MAX // 4 * 4  # bytes of base64 in one field
ANEW_MAX: Final = 8 * PACKET_MAX  # bytes of a packet encoded anew: what is two characters in JSON may be nine bytes


@dataclass(frozen=True, slots=True)
class Drawn:
    """How a channel of a packet is drawn: ``last_us`` of beats, ``rate_hz``, ``form`` and ``scale`` of even samples."""

    tick_us: int
    n: int
    known: int
    rate_hz: float = 0.0
    form: str = ""
    scale: float = 1.0
    last_us: int = 0

    def times_ns(self, offset_s: float) -> Times:
        """When each even sample was taken [UTC ns]."""
        after: Times = np.rint(np.arange(self.n) * (1e9 / self.rate_hz)).astype(np.int64)
        return after + moment_ns(offset_s, self.tick_us)

    def reach_ns(self, offset_s: float) -> tuple[int, int]:
        """The first and the last moment at which it has a point [UTC ns]."""
        first = moment_ns(offset_s, self.tick_us)
        if self.rate_hz == 0:
            return first, moment_ns(offset_s, self.last_us)
        return first, first + int(np.rint((self.n - 1) * (1e9 / self.rate_hz)))


@dataclass(frozen=True, slots=True)
class Row:
    """A packet's point: its time [UTC ns], its boot, its fields, and the channels that are drawn."""

    time_ns: int
    boot: int
    fields: Mapping[str, Value]
    drawn: Mapping[str, Drawn] = field(default_factory=dict)

    def number(self, name: str) -> float:
        """A field that every packet has."""
        value = self.fields[name]
        if not isinstance(value, (int, float)):
            raise StoreError(f"packet of boot {self.boot} at {self.time_ns}: {name} is missing")
        return value

    @property
    def seq(self) -> int:
        """The packet's number."""
        return int(self.number("seq"))

    @property
    def pieces(self) -> int:
        """In how many pieces its payload is kept; 0: it is not."""
        return int(self.fields.get("pieces") or 0)


def moment_ns(offset_s: float, tick_us: int) -> int:
    """A moment on a band's clock [UTC ns]; raises StoreError where InfluxDB cannot hold it."""
    at = round(offset_s * 1e9) + tick_us * 1000
    if not TIME_MIN_NS <= at <= TIME_MAX_NS:
        raise StoreError(f"tick {tick_us} lies outside what InfluxDB holds, the years 1677 to 2262")
    return at


def row_of(columns: Sequence[str], boot: str, values: Sequence[Value], time_ns: int) -> Row:
    """Return what a packet's point says."""
    fields = dict(zip(columns, values, strict=True))
    drawn = {}
    for name in CHANNELS:
        kinds = _BEATS if name == "ibi" else _EVEN
        found = {key: fields.get(f"{name}_{key}") for key in kinds}  # of other channels nothing may have been asked
        if None not in found.values():
            drawn[name] = Drawn(**found)  # type: ignore[arg-type]
        elif any(value is not None for value in found.values()):
            raise StoreError(f"packet of boot {boot} at {time_ns}: not all of {name} is there: it is none of ours")
    return Row(time_ns, boot_of(boot), fields, drawn)


def boot_of(tag: str) -> int:
    """Return the boot that a tag names; raises StoreError where it names none."""
    if not (tag.isascii() and tag.isdigit()):
        raise StoreError(f"a packet of boot {tag!r} is none of ours: another program writes to this bucket")
    return int(tag)


def place(packets: Sequence[Received], there: Iterable[Row]) -> list[Row]:
    """Say of packets of one (band, boot) what their points are, beside those that are ``there``, of the same boot.

    A packet that is there keeps its time and its kind. Another gets the first nanosecond from its start that is free,
    and is drawn if no channel of it reaches into the same channel of another.
    """
    own = {row.seq: row for row in there}
    taken = {row.time_ns for row in own.values()}
    spans = {name: _Spans() for name in CHANNELS}
    for row in own.values():
        for name, one in row.drawn.items():
            spans[name].add(*one.reach_ns(row.number("offset_s")))
    placed = []
    for received in packets:
        before = own.get(received.packet.seq)
        drawn = _drawn(received) if before is None or before.drawn else {}
        if before is not None:
            time_ns = before.time_ns
        else:
            time_ns = round(received.span_s()[0] * 1e9)
            while time_ns in taken:
                time_ns += 1
            reaches = {name: one.reach_ns(received.offset_s) for name, one in drawn.items()}
            if any(spans[name].meets(*reach) for name, reach in reaches.items()):
                drawn, reaches = {}, {}
            for name, reach in reaches.items():
                spans[name].add(*reach)
        row = _row(received, time_ns, drawn)
        own[row.seq] = row
        taken.add(time_ns)
        placed.append(row)
    return placed


class _Spans:
    """Spans of time that do not meet."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    def meets(self, first: int, last: int) -> bool:
        i = bisect.bisect_right(self._firsts, last)
        return i > 0 and self._lasts[i - 1] >= first

    def add(self, first: int, last: int) -> None:
        i = bisect.bisect_right(self._firsts, first)
        self._firsts.insert(i, first)
        self._lasts.insert(i, last)


def _drawn(received: Received) -> dict[str, Drawn]:
    drawn = {}
    for name, samples in received.packet.samples().items():
        known = int(np.isfinite(received.values(name)).sum())
        form = f"{'bytes' if isinstance(samples.values, bytes) else 'list'} {samples.dtype}"
        drawn[name] = Drawn(samples.tick_us, count(name, samples), known, samples.rate_hz, form, samples.scale)
    ibi = received.packet.ibi
    if ibi is not None and ibi.tick_us:
        known = len(set(ibi.tick_us))  # beats of one tick are one point
        drawn["ibi"] = Drawn(ibi.tick_us[0], len(ibi.tick_us), known, last_us=ibi.tick_us[-1])
    return drawn


def _row(received: Received, time_ns: int, drawn: Mapping[str, Drawn]) -> Row:
    packet, (start_s, end_s) = received.packet, received.span_s()
    lost = packet.lost or (None, None)
    fields: dict[str, Value] = {
        "seq": packet.seq,
        "start_s": start_s,
        "end_s": end_s,
        "late_s": received.received_s - end_s,
        "offset_s": received.offset_s,
        "received_s": received.received_s,
        "tick_us": packet.tick_us,
        "sent_us": packet.sent_us,
        "heard_us": packet.heard_us,
        "gateway": packet.gateway,
        "lost_first": lost[0],
        "lost_last": lost[1],
        "battery": packet.battery,
        "contact": packet.contact,
        "samples": received.samples(),
    }
    for name, one in drawn.items():
        for key in _BEATS if name == "ibi" else _EVEN:
            fields[f"{name}_{key}"] = getattr(one, key)
    row = Row(time_ns, packet.boot, fields, drawn)
    if not _comes_back(received, row):
        fields["pieces"] = len(pieces(packet))
    return row


def _comes_back(received: Received, row: Row) -> bool:
    """Whether what is drawn and the row give the packet back to the last bit."""
    found: dict[str, Array] = {name: received.values(name) for name in received.packet.samples()}
    ibi = received.packet.ibi
    beats = None if ibi is None or not ibi.tick_us else ibi
    if beats is not None and len(set(beats.tick_us)) < len(beats.tick_us):
        return False
    if set(row.drawn) != set(found) | ({"ibi"} if beats else set()):
        return False
    back = packet_of(received.packet.band, row, found, beats)
    return back == received.packet and _signs(back) == _signs(received.packet)


def _signs(packet: Packet) -> list[str]:
    """What an equals sign does not see in lists: the sign of a zero."""
    return [repr(samples.values) for samples in packet.samples().values() if isinstance(samples.values, list)]


def packet_of(band: str, row: Row, values: Mapping[str, Array], beats: Intervals | None) -> Packet:
    """Return the packet of a row whose samples are ``values``: as ``ingest.wire.values`` gives them."""
    fields = row.fields
    lost = (fields["lost_first"], fields["lost_last"])
    channels = {name: _samples(name, row.drawn[name], found) for name, found in values.items()}
    return Packet(
        v=1,
        band=band,
        boot=row.boot,
        seq=row.seq,
        tick_us=int(row.number("tick_us")),
        lost=None if lost[0] is None else lost,  # type: ignore[arg-type]
        **{name: fields[name] for name in ("sent_us", "heard_us", "gateway", "battery", "contact")},  # type: ignore[arg-type]
        **channels,  # type: ignore[arg-type]
        ibi=beats,
    )


def _samples(channel: str, drawn: Drawn, values: Array) -> Samples:
    """Return a channel as it travelled; where that cannot be told from the values, something else."""
    form, _, dtype = drawn.form.partition(" ")
    with np.errstate(over="ignore", invalid="ignore"):
        numbers = (values if CHANNELS[channel].axes == 1 else values.T.ravel()) / drawn.scale
        travelled: bytes | list[float | None]
        if form == "list":
            travelled = [None if value != value else value for value in numbers.tolist()]
        elif dtype == "i2":
            travelled = np.where(np.isnan(numbers), -32768, np.rint(numbers)).astype("<i2").tobytes()
        else:
            travelled = numbers.astype(f"<{dtype}").tobytes()
    others: dict[str, Any] = {} if dtype == "f4" else {"dtype": dtype}
    if drawn.scale != 1:  # defaults stay unsaid, as encoders leave them
        others["scale"] = drawn.scale
    return Samples(rate_hz=drawn.rate_hz, tick_us=drawn.tick_us, values=travelled, **others)


def pieces(packet: Packet) -> list[str]:
    """Return a packet as strings that are short enough for fields."""
    text = base64.b64encode(zlib.compress(encode(packet), 6)).decode()
    return [text[i : i + PIECE] for i in range(0, len(text), PIECE)]


def from_pieces(texts: Iterable[str]) -> Packet:
    """Return the packet; raises StoreError where the pieces are not those of one."""
    try:
        data = zlib.decompressobj().decompress(base64.b64decode("".join(texts), validate=True), ANEW_MAX)
        return msgspec.msgpack.decode(data, type=Packet)
    except (ValueError, zlib.error, msgspec.MsgspecError) as error:
        raise StoreError(f"the payload of a packet cannot be read back: {error}") from None


def packet_lines(packets: Sequence[Received], rows: Sequence[Row]) -> bytes:
    """Return the points of ``packet`` and ``payload``."""
    made = []
    for received, row in zip(packets, rows, strict=True):
        tags = _tags(received)
        made.append(point(PACKET, tags, row.fields, row.time_ns))
        if row.pieces:
            fields = {f"text{i}": text for i, text in enumerate(pieces(received.packet))}
            made.append(point(PAYLOAD, tags, fields, row.time_ns))
    return b"".join(made)


def sample_lines(packets: Sequence[Received], rows: Sequence[Row]) -> bytes:
    """Return the points of the samples of packets of one (band, boot), a channel after the other."""
    made = []
    for name in CHANNELS:
        drawn = [(received, row.drawn[name]) for received, row in zip(packets, rows, strict=True) if name in row.drawn]
        if not drawn:
            continue
        times: list[NDArray[np.int64]] = []
        columns: list[NDArray[np.float64]] = []
        ticks: list[int] = []
        for received, one in drawn:
            ibi = received.packet.ibi
            if name == "ibi" and ibi is not None:
                times.append(np.array([moment_ns(received.offset_s, tick) for tick in ibi.tick_us], np.int64))
                columns.append(np.array([ibi.interval_s], np.float64))
                ticks += ibi.tick_us
            else:
                times.append(one.times_ns(received.offset_s))
                columns.append(np.atleast_2d(received.values(name)))
        fields: dict[str, Column] = dict(zip(FIELDS[name], np.concatenate(columns, axis=1), strict=False))
        if name == "ibi":
            fields["tick_us"] = np.array(ticks, np.int64)
        made.append(lines(name, _tags(drawn[0][0]), fields, np.concatenate(times)))
    return b"".join(made)


def _tags(received: Received) -> dict[str, str]:
    return {"band": received.packet.band, "boot": str(received.packet.boot)}
