"""What bands sent and what a store holds in; what of it is not there exactly once, sample by sample, out."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.store.protocol import Name, Store
from ingest.wire import Packet, decode, encode, values


@dataclass(slots=True)
class Found:
    """What a run came to. ``wrong``: whatever is not as it must be, a line each; ``late_s`` by how much the worst
    mapped time differs from when the edge had the packet: nothing to judge by where bands run faster than time."""

    packets: int
    samples: int
    resent: int
    lost: int
    late_s: float
    wrong: list[str] = field(default_factory=list)


def read_sent(path: Path) -> Iterator[Packet]:
    """Yield what ``forecalm simulate --sent`` wrote."""
    data, at = path.read_bytes(), 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "little")
        yield decode(data[at + 4 : at + 4 + size])
        at += 4 + size


def compare(sent: Sequence[Packet], store: Store, *, bad: int = 0) -> Found:
    """Say what differs between the packets that were sent, with ``bad`` messages beside them that cannot be used, and
    what a store holds."""
    by_band: dict[str, dict[Name, Packet]] = {}
    for packet in sent:
        by_band.setdefault(packet.band, {})[packet.band, packet.boot, packet.seq] = packet
    found = Found(packets=len(sent), samples=0, resent=0, lost=0, late_s=0.0)
    counts = store.counts()
    if counts.quarantined != bad or set(counts.packets) != set(by_band):
        strange = sorted(set(counts.packets) ^ set(by_band))
        found.wrong.append(f"{counts.quarantined} in quarantine, not {bad}; bands: {strange}")
    for band, packets in sorted(by_band.items()):
        _compare_band(band, packets, store, found)
    return found


def _compare_band(band: str, packets: dict[Name, Packet], store: Store, found: Found) -> None:
    stored = list(store.packets(band))
    lost = {name for received in stored for name in _declared(received.packet)}
    names = Counter((r.packet.band, r.packet.boot, r.packet.seq) for r in stored)
    found.lost += len((set(packets) - set(names)) & lost)
    twice = sorted(name for name, times in names.items() if times > 1)
    missing, strange = sorted(set(packets) - set(names) - lost), sorted(set(names) - set(packets))
    for what, which in (("stored twice", twice), ("not stored", missing), ("never sent", strange)):
        if which:
            found.wrong.append(f"{band}: {len(which)} {what}: {[name[2] for name in which[:5]]}")
    if store.counts().packets[band] != len(stored):
        found.wrong.append(f"{band}: {store.counts().packets[band]} counted, {len(stored)} there")
    expected: dict[str, list[NDArray[np.float64]]] = {}
    for received in stored:
        mine = packets.get((received.packet.band, received.packet.boot, received.packet.seq))
        if mine is None:
            continue
        if encode(_as_made(received.packet)) != encode(_as_made(mine)):
            found.wrong.append(f"{band} {mine.seq}: not the packet that was sent")
        for channel, samples in mine.samples().items():
            array = values(channel, samples)
            if array.tobytes() != received.values(channel).tobytes():
                found.wrong.append(f"{band} {mine.seq}: {channel} differs")
            expected.setdefault(channel, []).append(array)
            found.samples += array.shape[-1]
        late_s = abs(received.utc_s(mine.tick_us) - (mine.heard_us or 0) * 1e-6)
        found.late_s = max(found.late_s, late_s)
    for channel, arrays in expected.items():
        read = [block.values for block in store.read(band, channel, -np.inf, np.inf)]
        if _sorted(arrays) != _sorted(read):
            found.wrong.append(f"{band}: {channel} as read is not what was sent")


def _declared(packet: Packet) -> list[Name]:
    """What its sender said with it that will never come."""
    first, last = packet.lost or (0, -1)
    return [(packet.band, packet.boot, seq) for seq in range(first, last + 1)]


def _as_made(packet: Packet) -> Packet:
    """Without what differs from one publication to the next."""
    return msgspec.structs.replace(packet, sent_us=None, lost=None)


def _sorted(arrays: list[NDArray[np.float64]]) -> bytes:
    """The samples of arrays in an order that does not depend on time: bands may run faster than it."""
    whole = np.atleast_2d(np.concatenate(arrays, axis=-1))
    return whole[:, np.lexsort(whole)].tobytes()
