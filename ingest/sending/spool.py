"""Packets in, what waits to be stored out: names are in memory, payloads in memory or on disk."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from ingest.errors import WireError
from ingest.sending.boots import Key, Span
from ingest.sending.disk import DiskStorage
from ingest.sending.keeping import Keeping
from ingest.sending.runs import Run
from ingest.sending.storage import OVERHEAD, MemoryStorage, Put, Storage
from ingest.wire import Packet, Stored, encode, unpack

MEMORY_LIMIT: Final = 64 << 20  # bytes: some ten hours of one band with all channels
DISK_LIMIT: Final = 2 << 30  # bytes: two weeks of two bands with all channels, a day and a half of twenty (800 each)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a spool holds: ``packets`` of ``size`` bytes, of ``limit`` at most; ``let_go`` had no room or could not be
    read back, which ``damaged`` counts. ``settled``: there is nothing, or nobody ever said of anything that it is
    stored. ``trouble`` says in plain words why the disk is not used; None: it is, or is not wanted."""

    packets: int
    size: int
    limit: int
    let_go: int
    damaged: int
    settled: bool
    trouble: str | None


class Spool:
    """What a ``Sender`` keeps. Made by ``in_memory`` or ``on_disk``; belongs to one sender.

    One thread calls all methods but ``contents``, ``kept`` and ``said``, which any may call: these wait for no disk.
    ``now_s`` is monotonic.
    """

    def __init__(self, storage: Storage, *, limit: int) -> None:
        self._keeping = Keeping(limit=limit)
        self._storage = storage
        self._lock = threading.Lock()  # around the names; never while the disk is waited for
        self._damaged = 0
        self._puts: list[Put] = []
        self._drops: list[Span] = []

    @classmethod
    def in_memory(cls, *, limit: int = MEMORY_LIMIT) -> "Spool":
        """Nothing survives the process."""
        return cls(MemoryStorage(), limit=limit)

    @classmethod
    def on_disk(cls, folder: Path, *, limit: int = DISK_LIMIT) -> "Spool":
        """In ``folder``, made where there is none, with all that waited there. A damaged file is moved aside, and told.

        Raises SpoolError, naming the file and the mend, where the folder cannot be used or another process has it.
        """
        return cls(DiskStorage(folder), limit=limit)

    def contents(self) -> Contents:
        """How things stand."""
        with self._lock:
            keeping = self._keeping
            return Contents(
                packets=len(keeping),
                size=keeping.size,
                limit=keeping.limit,
                let_go=keeping.let_go,
                damaged=self._damaged,
                settled=keeping.settled,
                trouble=self._storage.trouble,
            )

    def kept(self, band: str, boot: int) -> list[Run]:
        """The numbers of a boot that are here."""
        with self._lock:
            return self._keeping.kept((band, boot))

    def said(self, band: str) -> list[Stored]:
        """What the service said last of each boot of a band."""
        with self._lock:
            return self._keeping.said(band)

    def resume(self, now_s: float) -> None:
        """Take up what waited at the end of the last process."""
        with self._lock:
            for boot in self._storage.resumed():
                self._keeping.resume(boot.state, boot.kept, boot.size, now_s)

    def add(self, packet: Packet, now_s: float) -> bool:
        """Keep a packet with the next ``commit``; False where it is kept already."""
        payload = encode(msgspec.structs.replace(packet, lost=None, sent_us=None))
        key, size = (packet.band, packet.boot), len(payload) + OVERHEAD
        with self._lock:
            new = self._keeping.add(key, packet.seq, size=size, now_s=now_s, heard_us=packet.heard_us, lost=packet.lost)
        if new:
            self._puts.append(Put(key, packet.seq, payload))
        return new

    def stored(self, band: str, said: Stored, now_s: float, *, retained: bool) -> None:
        """Let go of what the service says it has, with the next ``commit``."""
        if self._puts:
            self.commit()
        with self._lock:
            spans = self._keeping.stored(band, said, now_s, retained=retained)
        for span in spans:
            size = self._storage.size(span)
            with self._lock:
                self._keeping.release(span, size=size)
            self._drops.append(span)

    def unwritten(self) -> bool:
        """Whether ``commit`` has something to do."""
        with self._lock:
            return bool(self._puts or self._drops) or self._keeping.changed or self._storage.trouble is not None

    def commit(self) -> None:
        """Make durable what was added, and let go of what has no room. Waits for the disk."""
        with self._lock:
            puts, drops, changes = self._puts, self._drops, self._keeping.changes()
            self._puts, self._drops = [], []
        written = self._storage.write(puts, drops, changes)
        with self._lock:
            for span in written.lost:
                self._keeping.drop(span, size=None)
            excess = self._keeping.excess()
        while excess is not None:
            size = self._storage.size(excess)
            self._drops.append(excess)
            with self._lock:
                self._keeping.drop(excess, size=size)
                excess = self._keeping.excess()

    def wait(self, packet: Packet) -> None:
        """Let a packet that is kept be sent when its turn comes."""
        with self._lock:
            self._keeping.wait((packet.band, packet.boot), packet.seq)

    def reconnect(self, now_s: float, *, flying: list[tuple[Key, int]]) -> int:
        """Let all that is kept be sent again, but for what is ``flying`` already; return how many packets are kept."""
        with self._lock:
            kept = self._keeping.reconnect(now_s)
            for key, seq in flying:
                self._keeping.hold(key, seq)
            return kept

    def look(self, now_s: float) -> None:
        """Let be sent again what is overdue."""
        with self._lock:
            self._keeping.look(now_s)

    def any_waits(self) -> bool:
        """Whether ``take`` has something to give."""
        with self._lock:
            return self._keeping.any_waits

    def take(self, room: int, now_s: float) -> list[Packet]:
        """What to send again now, ``room`` packets at most. What is damaged is let go of, and counted."""
        with self._lock:
            spans = self._keeping.take(room, now_s)
        found = []
        for span in spans:
            for seq, payload in self._storage.read(span):
                packet = None if payload is None else _packet(payload)
                if packet is not None:
                    found.append(packet)
                else:
                    self._lose((span[0], seq, seq))
        return found

    def declare(self, packet: Packet, now_s: float) -> Run | None:
        """Numbers that will never come, to be said by a packet that is about to be sent; None: there are none."""
        with self._lock:
            return self._keeping.declare((packet.band, packet.boot), packet.seq, now_s)

    def close(self) -> None:
        """Make durable what is not yet, and let go of the file."""
        self.commit()
        self._storage.write([], self._drops, [])
        self._storage.close()

    def _lose(self, span: Span) -> None:
        with self._lock:
            if self._keeping.keeps(span[0], span[1]):
                self._damaged += 1
                self._keeping.drop(span, size=None)
                self._drops.append(span)


def _packet(payload: bytes) -> Packet | None:
    """The packet in a payload; None where it is none."""
    try:
        return unpack(payload)
    except WireError:
        return None
