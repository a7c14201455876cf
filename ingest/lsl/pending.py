"""Chunks of one stream as they come in, the same samples in order and each of them once out. Reads no clock.

A chunk that comes twice is dropped where its samples have the very stamps and numbers of some that came before; one
that was overtaken is put in its place, or handed out by itself where its place is gone. Stamps that jitter back a
little change no order.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.types import Array

Numbers = NDArray[np.number[Any]]
JUMP_S: Final = 10.0  # no chunk is overtaken by more: then the clock of the stamps was set
SEEN_S: Final = JUMP_S  # what came is remembered for as long


@dataclass(slots=True)
class Pending:
    """Samples that wait to be taken: ``stamps`` (n,) [s of the sender] and ``values`` (n, channels)."""

    stamps: Array
    values: Numbers

    @classmethod
    def empty(cls, columns: int, dtype: str) -> "Pending":
        """Nothing yet."""
        return cls(np.empty(0), np.empty((0, columns), dtype))

    def __len__(self) -> int:
        return int(self.stamps.size)

    def join(self, other: "Pending") -> "Pending":
        """Both, one after the other."""
        return Pending(np.concatenate([self.stamps, other.stamps]), np.concatenate([self.values, other.values]))

    def at(self, which: slice | NDArray[np.bool_] | NDArray[np.intp]) -> "Pending":
        """Some of it."""
        return Pending(self.stamps[which], self.values[which])

    def sorted(self) -> "Pending":
        """The same in order of time; as it came where stamps are equal."""
        if self.stamps.size < 2 or (np.diff(self.stamps) >= 0).all():
            return self
        return self.at(np.argsort(self.stamps, kind="stable"))


class Sorting:
    """One stream's samples: ``add`` chunks as they come, ``take`` what is in order, and ``late`` what came too late to
    be. ``duplicates`` counts what came twice. A stamp that lies back by up to ``slack_s`` is jitter; with
    0, for events, one that is the same as the last may be the same event."""

    def __init__(self, columns: int, dtype: str, *, slack_s: float) -> None:
        self.duplicates = 0
        self._slack_s = slack_s
        self._nothing = Pending.empty(columns, dtype)
        self._ready = self._late = self._seen = self._nothing
        self._newest_s = -np.inf
        self._taken_s = -np.inf

    @property
    def newest_s(self) -> float:
        """The latest stamp so far; minus infinity before the first."""
        return float(self._newest_s)

    def __len__(self) -> int:
        return len(self._ready)

    def add(self, chunk: Pending) -> None:
        """Take in a chunk."""
        if not len(chunk):
            return
        fresh = chunk
        steps = np.diff(chunk.stamps, prepend=self._newest_s)
        if (steps < 0).any() or (self._slack_s == 0 and (steps == 0).any()):
            fresh = self._fresh(chunk)
            if not len(fresh):
                return
        newest = np.maximum.accumulate(np.maximum(fresh.stamps, self._newest_s))
        near = newest - fresh.stamps <= self._slack_s
        chunk = Pending(np.where(near, newest, fresh.stamps), fresh.values)
        late = chunk.stamps < self._taken_s
        self._late = self._late.join(chunk.at(late)) if late.any() else self._late
        self._ready = self._ready.join(chunk.at(~late)).sorted()
        self._newest_s = float(newest[-1])
        self._seen = self._seen.join(fresh)
        self._seen = self._seen.at(self._seen.stamps >= self._newest_s - SEEN_S)

    def take(self, count: int) -> Pending:
        """Hand out the first ``count`` that are in order."""
        taken, self._ready = self._ready.at(slice(count)), self._ready.at(slice(count, None))
        if len(taken):
            self._taken_s = float(taken.stamps[-1])
        return taken

    def take_until(self, until_s: float) -> Pending:
        """Hand out those up to and including a moment."""
        return self.take(int(np.searchsorted(self._ready.stamps, until_s, side="right")))

    def late(self) -> Pending:
        """Hand out, in order, what was overtaken by something that has been taken."""
        late, self._late = self._late.sorted(), self._nothing
        return late

    def _fresh(self, chunk: Pending) -> Pending:
        """Leave out what steps back and was there before, up to where it steps on."""
        known = {(stamp, row.tobytes()) for stamp, row in zip(self._seen.stamps, self._seen.values, strict=True)}
        newest_s, fresh, back = self._newest_s, [], False
        for i, stamp in enumerate(chunk.stamps):
            back = stamp < newest_s or (stamp == newest_s and (back or self._slack_s == 0))
            name = (stamp, chunk.values[i].tobytes())
            if back and name in known:
                self.duplicates += 1
                continue
            known.add(name)
            newest_s = max(newest_s, stamp)
            fresh.append(i)
        return chunk.at(np.array(fresh, np.intp))
