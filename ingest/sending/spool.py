"""Packets in, what waits to be stored out: names are in memory, payloads in memory or on disk."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from ingest.errors import WireError
from ingest.sending.disk import DiskStorage
from ingest.sending.keeping import Keeping, Key, Span
from ingest.sending.storage import OVERHEAD, MemoryStorage, Put, Storage
from ingest.wire import Packet, Stored, encode, unpack

MEMORY_LIMIT: Final = 64 << 20  # bytes: some ten hours of one band with all channels
DISK_LIMIT: Final = 2 << 30  # bytes: three weeks of a house of two bands, two days of twenty bands


class Spool:
    """What a ``Sender`` keeps. Made by ``in_memory`` or ``on_disk``; belongs to one sender, and to its thread."""

    def __init__(self, storage: Storage, *, limit: int) -> None:
        self.keeping = Keeping(limit=limit)
        self.damaged = 0
        self._storage = storage
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

    @property
    def trouble(self) -> str | None:
        """Why what is new is not as safe as it should be; None: it is."""
        return self._storage.trouble

    @property
    def unwritten(self) -> bool:
        """Whether ``commit`` has something to do."""
        return bool(self._puts or self._drops) or self.keeping.changed or self._storage.trouble is not None

    def resume(self, now_s: float) -> None:
        """Take up what waited at the end of the last process."""
        for boot in self._storage.resumed():
            self.keeping.resume(boot.state, boot.kept, boot.size, now_s)

    def add(self, packet: Packet, now_s: float) -> bool:
        """Keep a packet with the next ``commit``; False where it is kept already."""
        payload = encode(msgspec.structs.replace(packet, lost=None, sent_us=None))
        key = (packet.band, packet.boot)
        new = self.keeping.add(
            key,
            packet.seq,
            size=len(payload) + OVERHEAD,
            now_s=now_s,
            heard_us=packet.heard_us,
            lost=packet.lost,
        )
        if new:
            self._puts.append(Put(key, packet.seq, payload))
        return new

    def stored(self, band: str, said: Stored, now_s: float, *, retained: bool) -> None:
        """Let go of what the service says it has, with the next ``commit``."""
        if self._puts:
            self.commit()
        for span in self.keeping.stored(band, said, now_s, retained=retained):
            self.keeping.release(span, size=self._storage.size(span))
            self._drops.append(span)

    def commit(self) -> None:
        """Make durable what was added, and let go of what has no room."""
        self._write()
        while (span := self.keeping.excess()) is not None:
            self.keeping.drop(span, size=self._storage.size(span))
            self._drops.append(span)

    def read(self, span: Span) -> list[Packet]:
        """Packets that are kept, by number in order. What is damaged is let go of, and counted."""
        key, _, _ = span
        found = []
        for seq, payload in self._storage.read(span):
            packet = None if payload is None else _packet(payload)
            if packet is not None:
                found.append(packet)
            elif self.keeping.keeps(key, seq):
                self.damaged += 1
                self._let_go([(key, seq, seq)])
                self._drops.append((key, seq, seq))
        return found

    def kept(self, key: Key) -> list[tuple[int, int]]:
        """The numbers of a boot that are kept."""
        return self.keeping.kept(key)

    def close(self) -> None:
        """Make durable what is not yet, and let go of the file."""
        self._write()
        self._storage.close()

    def _write(self) -> None:
        written = self._storage.write(self._puts, self._drops, self.keeping.changes())
        self._puts, self._drops = [], []
        self._let_go(written.lost)

    def _let_go(self, spans: Iterable[Span]) -> None:
        for span in spans:
            self.keeping.drop(span, size=None)


def _packet(payload: bytes) -> Packet | None:
    """The packet in a payload; None where it is none."""
    try:
        return unpack(payload)
    except WireError:
        return None
