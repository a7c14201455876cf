"""Packets of one band's boot in, a few small byte strings out, and back without the loss of a bit. No database.

``meta`` holds everything of the packets but their numbers; each channel has a blob of its own, which also says when its
samples were taken: reading one channel touches nothing else. Layout, byte by byte: docs/packing.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np

from ingest.errors import StoreError
from ingest.received import Received
from ingest.store.packing_bits import Coded, Ints, code, ints_of
from ingest.store.packing_blob import META, naming, opened, sealed
from ingest.store.packing_channels import (
    Columns,
    Made,
    OpenedBeats,
    OpenedEven,
    Packets,
    Part,
    beat_blocks,
    beats,
    even_blocks,
    even_samples,
    open_beats,
    open_even,
    pack_beats,
    pack_even,
)
from ingest.store.protocol import Run
from ingest.types import CHANNELS, Array, Block
from ingest.wire import Packet, encode

Opened = OpenedEven | OpenedBeats
"""A channel's blob that has been looked at: ``numbers`` are in it."""

PACKETS_MAX: Final = 1 << 16  # in one pack: 18 hours of seconds; bounds what a forged meta can make
CLOCK_MAX_S: Final = 9e9  # of an arrival from which a sender's clock is foretold: the year 2255

HEARD, SENT = 1, 2  # bits of the column "told"

COLUMNS: Final = ("seq", "tick", "offset", "received", "told", "heard", "sent", "gateway", "battery", "contact")
"""A number for each packet. ``offset``: the bits of ``offset_s`` as an integer. ``received``: those of ``received_s``
less those of the packet's end in UTC. ``told``: 1 where ``heard_us``, 2 where ``sent_us`` is there. ``heard`` and
``sent``: how far they are from the arrival and from each other [us], 0 where not there. ``gateway``: its place in
``gateways``, ``battery``: per cent, ``contact``: 0 or 1; of these -1 is none."""


@dataclass(frozen=True, slots=True)
class Packed:
    """``meta`` and one blob for each channel that any of the packets carries, "ibi" included (even without a beat)."""

    meta: bytes
    channels: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Span:
    """What ``meta`` says without a look at the channels: the first start and the last end of ``Received.span_s`` of the
    packets [UTC s], runs of sequence numbers in rising order, how many packets, and samples as ``Received.samples``
    counts them."""

    band: str
    boot: int
    start_s: float
    end_s: float
    runs: tuple[Run, ...]
    packets: int
    samples: int


class Meta(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """See ``Span``; ``lost`` are (place of the packet, first, last). ``columns``: a row of numbers for each of
    ``COLUMNS``, then three for each of ``parts``, as ``ingest.store.packing_channels.Columns`` says."""

    band: str
    boot: int
    start_s: float
    end_s: float
    runs: list[tuple[int, int]]
    packets: int
    samples: int
    gateways: list[str]
    lost: list[tuple[int, int, int]]
    columns: Coded
    parts: dict[str, Part]


_META = msgspec.msgpack.Decoder(Meta)
_PACKET = msgspec.msgpack.Decoder(
    Packet
)  # its types; not ``decode``, whose rules may grow stricter than what is stored


def pack(packets: Sequence[Received]) -> Packed:
    """Pack at least one packet, all of one (band, boot); their order is kept. For joined blocks, give them in order of
    time. Raises StoreError, naming the packet and the field, for what ``ingest.wire.decode`` would refuse."""
    if not 0 < len(packets) <= PACKETS_MAX:
        raise StoreError(f"{len(packets)} packets: pack 1 to {PACKETS_MAX} at once")
    names = {(received.packet.band, received.packet.boot) for received in packets}
    if len(names) > 1:
        raise StoreError(f"packets of {len(names)} bands or boots: pack each on its own")
    shared = Packets(
        [f"{received.packet.boot}/{received.packet.seq}" for received in packets],
        np.array([received.packet.seq for received in packets], np.int64),
        np.array([received.packet.tick_us for received in packets], np.int64),
        np.array([received.offset_s for received in packets], np.float64),
    )
    made: dict[str, Made] = {}
    for name in CHANNELS:
        found = [(i, value) for i, r in enumerate(packets) if (value := getattr(r.packet, name)) is not None]
        if found:
            made[name] = pack_beats(found, shared) if name == "ibi" else pack_even(name, found, shared)
    return Packed(sealed(META, _meta(packets, shared, made)), {name: one.blob for name, one in made.items()})


def unpack(meta: bytes, channels: Mapping[str, bytes]) -> list[Received]:
    """Return the packets, equal in every field, in the order in which they were packed; ``payload`` is encoded anew,
    a ``scale`` of 1 left out. Raises StoreError, naming what is damaged, and where a channel that ``meta`` tells of is
    missing."""
    with naming("meta"):
        head = opened(META, meta, _META)
        offset_s, received_s, fields, columns = _fields(head)
    shared = Packets(
        [f"{head.boot}/{field['seq']}" for field in fields],
        np.array([field["seq"] for field in fields], np.int64),
        np.array([field["tick_us"] for field in fields], np.int64),
        offset_s,
    )
    for i, (name, part) in enumerate(head.parts.items()):
        with naming(name[:64]):
            own = Columns(*columns[3 * i : 3 * i + 3])
            if name not in CHANNELS or name not in channels:
                having = np.count_nonzero(own.which)
                raise StoreError(f"there is no such blob, and meta says that {having} packets have it")
            blob = channels[name]
            found = beats(blob, own) if name == "ibi" else even_samples(name, blob, part, own, shared)
            for at, value in found:
                fields[at][name] = value
    again = []
    for field, offset, received in zip(fields, offset_s.tolist(), received_s.tolist(), strict=True):
        payload = encode(Packet(v=1, band=head.band, boot=head.boot, **field))
        try:
            again.append(Received(_PACKET.decode(payload), offset, received, payload))
        except msgspec.MsgspecError as error:
            raise StoreError(f"packet {head.boot}/{field['seq']}: not what was packed: {error}") from None
    return again


def open_channel(channel: str, blob: bytes) -> Opened:
    """Look at a channel's blob, whose numbers stay packed; raises StoreError, naming what is damaged."""
    with naming(channel[:64]):
        if channel not in CHANNELS:
            raise StoreError("there is no such channel")
        return open_beats(blob) if channel == "ibi" else open_even(channel, blob)


def unpack_channel(channel: str, some: Sequence[Opened]) -> list[Block]:
    """Return the samples as ``Received.blocks`` would, in the order in which the packets were packed, those that follow
    each other evenly joined: sample times are within 0.1 ms of their own. Raises StoreError, naming what is damaged.

    A blob says everything: ``meta`` is not read. Joined over a drifting mapping, ``rate_hz`` is the rate in UTC.
    Beats are joined where their packets follow each other by number, those of one blob only.
    """
    with naming(channel[:64]):
        found = [block for one in some if isinstance(one, OpenedBeats) for block in beat_blocks(one)]
        even = [one for one in some if isinstance(one, OpenedEven)]
        return found + even_blocks(channel, even) if even else found


def span(meta: bytes) -> Span:
    """Say what is in there; raises StoreError where ``meta`` is damaged."""
    with naming("meta"):
        head = opened(META, meta, _META)
    runs = tuple(Run(first, last) for first, last in head.runs)
    return Span(head.band, head.boot, head.start_s, head.end_s, runs, head.packets, head.samples)


def _meta(packets: Sequence[Received], shared: Packets, made: Mapping[str, Made]) -> Meta:
    first = packets[0].packet
    having = np.zeros(len(packets), bool)
    for one in made.values():
        having |= one.having
    end_s = shared.tick * 1e-6 + shared.offset_s
    starts = [one.start_s for one in made.values()] + end_s[~having].tolist()
    ends = [one.end_s for one in made.values()] + end_s[~having].tolist()
    gateways = sorted({name for received in packets if (name := received.packet.gateway) is not None})
    lost = [(i, *received.packet.lost) for i, received in enumerate(packets) if received.packet.lost is not None]
    columns = _columns(packets, shared, gateways)
    for one in made.values():
        columns += [one.columns.which, one.columns.count, one.columns.tick]
    return Meta(
        first.band,
        first.boot,
        min(starts),
        max(ends),
        _runs(shared.seq),
        len(packets),
        sum(one.samples for one in made.values()),
        gateways,
        lost,
        code(np.stack(columns, axis=1))[0],
        {name: one.part for name, one in made.items()},
    )


def _runs(seq: Ints) -> list[tuple[int, int]]:
    rising = np.unique(seq)
    cuts = np.flatnonzero(np.diff(rising) != 1)
    firsts, lasts = rising[np.append(0, cuts + 1)], rising[np.append(cuts, rising.size - 1)]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))


def _columns(packets: Sequence[Received], shared: Packets, gateways: Sequence[str]) -> list[Ints]:
    """See ``COLUMNS``."""
    received_s = np.array([received.received_s for received in packets], np.float64)
    if not (np.isfinite(received_s).all() and np.isfinite(shared.offset_s).all()):
        raise StoreError("an arrival or a mapping is not finite: no clock says that")
    place = {name: i for i, name in enumerate(gateways)}
    told = []
    for received, us in zip(packets, _arrived_us(received_s).tolist(), strict=True):
        packet = received.packet
        heard_us, sent_us, battery, contact = packet.heard_us, packet.sent_us, packet.battery, packet.contact
        base_us = us if heard_us is None else heard_us
        told.append(
            (
                (heard_us is not None) * HEARD + (sent_us is not None) * SENT,
                base_us - us,
                0 if sent_us is None else sent_us - base_us,
                -1 if packet.gateway is None else place[packet.gateway],
                -1 if battery is None else battery,
                -1 if contact is None else int(contact),
            )
        )
    offset = shared.offset_s.view(np.int64)
    late = received_s.view(np.int64) - _end_bits(shared.tick, shared.offset_s)
    return [shared.seq, shared.tick, offset, late, *np.array(told, np.int64).T]


def _end_bits(tick: Ints, offset_s: Array) -> Ints:
    """The bits of each packet's end [UTC s] as an integer."""
    return (tick * 1e-6 + offset_s).view(np.int64)


def _arrived_us(received_s: Array) -> Ints:
    """Arrivals in whole us, 0 for what no sender's clock would say."""
    usual = np.abs(received_s) < CLOCK_MAX_S
    return np.rint(np.where(usual, received_s, 0.0) * 1e6).astype(np.int64)


def _fields(head: Meta) -> tuple[Array, Array, list[dict[str, Any]], Ints]:
    """Each packet's mapping and arrival, its fields but channels, and the columns of these."""
    if not 0 < head.packets <= PACKETS_MAX:
        raise StoreError(f"{head.packets} packets are not 1 to {PACKETS_MAX}")
    rows = ints_of(head.columns, len(COLUMNS) + 3 * len(head.parts), head.packets)
    found = dict(zip(COLUMNS, rows, strict=False))
    offset_s = found["offset"].view(np.float64)
    received_s = (found["received"] + _end_bits(found["tick"], offset_s)).view(np.float64)
    if not (np.isfinite(received_s).all() and np.isfinite(offset_s).all()):
        raise StoreError("an arrival or a mapping is not finite")
    if found["gateway"].max() >= len(head.gateways):
        raise StoreError("there is no such gateway")
    base = _arrived_us(received_s) + found["heard"]
    columns = {name: column.tolist() for name, column in found.items()}
    fields: list[dict[str, Any]] = []
    for i in range(head.packets):
        told, gateway, contact = columns["told"][i], columns["gateway"][i], columns["contact"][i]
        field: dict[str, Any] = {"seq": columns["seq"][i], "tick_us": columns["tick"][i]}
        if told & HEARD:
            field["heard_us"] = int(base[i])
        if told & SENT:
            field["sent_us"] = int(base[i]) + columns["sent"][i]
        if gateway >= 0:
            field["gateway"] = head.gateways[gateway]
        if columns["battery"][i] >= 0:
            field["battery"] = columns["battery"][i]
        if contact >= 0:
            field["contact"] = contact == 1
        fields.append(field)
    for i, first, last in head.lost:
        if not 0 <= i < head.packets:
            raise StoreError("a loss told by no packet")
        fields[i]["lost"] = (first, last)
    return offset_s, received_s, fields, rows[len(COLUMNS) :]
