"""What a spool's payloads lie in: the protocol, and memory, which does not outlive the process."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ingest.sending.boots import BootState, Key, Span
from ingest.sending.runs import Runs


@dataclass(frozen=True, slots=True)
class Put:
    """A packet to be kept."""

    key: Key
    seq: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Resumed:
    """A boot as it was left: ``kept`` of it are here, ``size`` bytes."""

    state: BootState
    kept: Runs
    size: int


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a write: packets that are here no longer, as the disk lost them, or memory was full instead."""

    lost: tuple[Span, ...] = ()


class Storage(Protocol):
    """Used by one thread. Nothing raises once it is open: what cannot be done is told by ``trouble``."""

    @property
    def trouble(self) -> str | None:
        """Why what is new is not as safe as it should be, in plain words; None: it is."""

    def resumed(self) -> list[Resumed]:
        """What is here at the start."""

    def write(self, puts: Sequence[Put], drops: Iterable[Span], boots: Sequence[BootState]) -> Written:
        """Let go of ``drops``, then keep ``puts``, and note the state of ``boots``: all of it or nothing. Durable on
        return unless there is ``trouble``: then ``puts`` are here all the same."""

    def size(self, span: Span) -> int:
        """How many bytes these packets count for."""

    def read(self, span: Span) -> list[tuple[int, bytes | None]]:
        """The payloads of packets that are here, by number in order; None for one that is damaged or not here."""

    def close(self) -> None:
        """Let go of the file."""


OVERHEAD: Final = 64  # bytes that a packet counts for beside its payload: its row, its place in the index, its name


class MemoryStorage:
    """Payloads in memory, by name."""

    def __init__(self) -> None:
        self._boots: dict[Key, dict[int, bytes]] = {}

    @property
    def trouble(self) -> str | None:
        """None: it promises nothing."""
        return None

    def resumed(self) -> list[Resumed]:
        """Nothing."""
        return []

    def write(self, puts: Sequence[Put], drops: Iterable[Span], boots: Sequence[BootState]) -> Written:
        """See ``Storage.write``."""
        del boots
        for key, first, last in drops:
            payloads = self._boots.get(key, {})
            for seq in range(first, last + 1):
                payloads.pop(seq, None)
            if not payloads:
                self._boots.pop(key, None)
        for put in puts:
            self._boots.setdefault(put.key, {})[put.seq] = put.payload
        return Written()

    def size(self, span: Span) -> int:
        """See ``Storage.size``."""
        key, first, last = span
        payloads = self._boots.get(key, {})
        found = [payloads[seq] for seq in range(first, last + 1) if seq in payloads]
        return sum(map(len, found)) + OVERHEAD * len(found)

    def read(self, span: Span) -> list[tuple[int, bytes | None]]:
        """See ``Storage.read``."""
        key, first, last = span
        payloads = self._boots.get(key, {})
        return [(seq, payloads.get(seq)) for seq in range(first, last + 1)]

    def close(self) -> None:
        """Nothing to do."""
