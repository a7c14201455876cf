"""A band's flash: records that nobody said are stored, and what each boot's clock meant; it outlives reboots."""

from collections.abc import Iterator
from typing import Final

from ingest.gatt.forecalm.control import EARLIER_MAX, MARKS_MAX, Run, TimeMark

CAPACITY: Final = 21_600  # records: six hours, 9 MB at 420 bytes; the profile asks for one hour or more


class Memory:
    """A ring of ``capacity`` records; the oldest goes first where it is full (``let_go`` counts those)."""

    def __init__(self, *, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._kept: dict[int, dict[int, bytes]] = {}  # boot, then seq, both in the order of their making
        self._marks: dict[int, TimeMark] = {}
        self.let_go = 0

    def __len__(self) -> int:
        return sum(map(len, self._kept.values()))

    def keep(self, boot: int, seq: int, record: bytes) -> None:
        """Keep ``record``; ``seq`` of one boot only ever goes up."""
        self._kept.setdefault(boot, {})[seq] = record
        while len(self) > self._capacity or len(self._kept) > EARLIER_MAX:
            oldest = next(iter(self._kept))
            first = next(iter(self._kept[oldest]))
            self._drop(oldest, first)
            self.let_go += 1

    def forget(self, run: Run) -> int:
        """Let go of what is stored; return how many records that were."""
        kept = self._kept.get(run.boot, {})
        stored = [seq for seq in kept if run.first <= seq <= run.last]
        for seq in stored:
            self._drop(run.boot, seq)
        return len(stored)

    def record(self, boot: int, seq: int) -> bytes | None:
        """Return the record of that name, if it is kept."""
        return self._kept.get(boot, {}).get(seq)

    def within(self, run: Run) -> Iterator[int]:
        """Return the numbers in ``run`` that are kept now, in order."""
        return iter([seq for seq in self._kept.get(run.boot, {}) if run.first <= seq <= run.last])

    def oldest(self, boot: int) -> int | None:
        """Return the lowest number that is kept of ``boot``."""
        return next(iter(self._kept.get(boot, {})), None)

    def earlier(self, boot: int) -> tuple[Run, ...]:
        """Return for each boot but ``boot`` from which to which number records are kept, the oldest boot first."""
        return tuple(Run(b, min(kept), max(kept)) for b, kept in self._kept.items() if b != boot)

    def mark(self, mark: TimeMark) -> None:
        """Remember what a gateway said of a boot's clock: the last of each boot, of the last boots."""
        self._marks.pop(mark.boot, None)
        self._marks[mark.boot] = mark
        while len(self._marks) > MARKS_MAX:
            del self._marks[next(iter(self._marks))]

    def marks(self) -> tuple[TimeMark, ...]:
        """Return the marks, the latest first."""
        return tuple(reversed(self._marks.values()))

    def _drop(self, boot: int, seq: int) -> None:
        del self._kept[boot][seq]
        if not self._kept[boot]:
            del self._kept[boot]
