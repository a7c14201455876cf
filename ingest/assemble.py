"""Packets of many bands in, in any order; whole UTC seconds of the analysis grid out, NaN where nothing is known.

Irregularity ends here. A packet is an atom: whatever the order and grouping the same packets arrive in, if they are in
time, the seconds are the same to the last bit, and the same that ``whole`` makes of them in one go.
"""

import math
from bisect import insort
from collections import deque
from collections.abc import Sequence
from enum import Enum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.grid import fill_rows
from ingest.received import Received
from ingest.segments import (
    BEATS_HZ,
    EVEN,
    Beats,
    Contact,
    Key,
    Line,
    Segment,
    beats_of,
    contact_of,
    covers,
    key_of,
    place,
    say,
    segments_of,
)
from ingest.types import CHANNELS, Array, Rows, Tick

DEADLINE_S: Final = 1.5  # after a second's end; law 1 of the design
AWAITED_S: Final = 3.0  # a channel not heard for this long is waited for no more
KEPT_S: Final = 3.0  # of samples before the next second: more than a grid point ever reaches back
SEEN_S: Final = 60.0  # a packet sent again within this is told from one that is late
AHEAD_S: Final = 120.0  # a packet that ends this long after it arrived has no mapping that can be used
PACKETS_MAX: Final = 1024  # waiting in one row: two minutes of a band that sends eight a second
SKIP: Final = 60  # seconds: a longer silence found at once is skipped to its last second
WHOLE_MAX_S: Final = 8 * 86_400  # seconds that ``whole`` makes at once: 1.3 GB

_CHANNELS: Final = np.array([[CHANNELS[name].grid_hz, CHANNELS[name].axes] for name in EVEN], np.int64)
_SAMPLES: Final = int(_CHANNELS.prod(axis=1).sum())  # of all even channels in a second
_NOTHING: Final = np.empty(0)


class Added(Enum):
    """What became of a packet. Only a TAKEN one can decide anything; all of them are worth storing."""

    TAKEN = "taken"
    DUPLICATE = "duplicate"
    LATE = "late"
    REFUSED = "refused"  # far ahead of its own arrival, or more than a row can hold


class Taken(NamedTuple):
    """The next second of k rows: ``rows`` (k,), a tick of one second, and for each row the packet whose arrival
    completed it, None where the second was overdue."""

    rows: Rows
    tick: Tick
    last: list[Received | None]


class _Row:
    """What one row waits with: the next ``second`` to decide, and the stretches that speak for it and what follows."""

    __slots__ = ("beats", "begun", "completed", "contacts", "latest", "lines", "second", "seen")

    def __init__(self) -> None:
        self.second = 0
        self.begun = False  # whether ``second`` can still move back for a packet that was overtaken
        self.lines = {name: Line() for name in EVEN}
        self.beats: list[Beats] = []
        self.contacts: list[Contact] = []
        self.seen: dict[Key, float] = {}
        self.completed: deque[Received] = deque()  # who completed ``second``, the one after it, ...
        self.latest: Received | None = None

    def place(self, segments: dict[str, Segment], beats: Beats | None, contact: Contact | None) -> None:
        for name, segment in segments.items():
            self.lines[name].add(segment)
        if beats is not None:
            insort(self.beats, beats)
        if contact is not None:
            insort(self.contacts, contact)

    def complete(self) -> None:
        """Note which further seconds the latest packet has completed."""
        while self.latest is not None and self._is_complete(self.second + len(self.completed)):
            self.completed.append(self.latest)

    def _is_complete(self, second: int) -> bool:
        heard = False
        for name, line in self.lines.items():
            if line.segments and line.segments[-1].end_s >= second - AWAITED_S:
                heard = True
                if not line.covers(second, CHANNELS[name].grid_hz):
                    return False
        if self.beats and self.beats[-1].end_s >= second - AWAITED_S:
            return covers(self.beats, second, CHANNELS["ibi"].grid_hz)
        return heard

    def _lists(self) -> list[list[Segment] | list[Beats]]:
        return [*(line.segments for line in self.lines.values()), self.beats]

    def next_heard_s(self) -> float:
        """When the first stretch begins that is not over before ``second``."""
        return min((s.start_s for each in self._lists() for s in each if s.end_s >= self.second), default=math.inf)

    def go_to(self, second: int) -> None:
        """Make ``second`` the next one, and forget what it cannot need."""
        self.second, self.begun = second, True
        kept_s, seen_s = second - KEPT_S, second - SEEN_S
        for each in (*self._lists(), self.contacts):
            while each and each[0].end_s < kept_s:
                del each[0]
        while self.seen:
            key = next(iter(self.seen))
            if self.seen[key] >= seen_s:
                break
            del self.seen[key]


class Assembler:
    """``rows`` wearers (or recordings), each fed by whatever band it wears.

    Sample j of a second is what the band's samples say at that UTC second + j / grid_hz: see ``ingest.grid``. A row
    begins with the first whole second that it hears. Its next second is taken as soon as every channel that it was sent
    in the last ``AWAITED_S`` covers it, or else ``deadline_s`` after its end, with NaN for what is missing; what comes
    after that is late. A silent row goes on second by second with NaN; more than ``SKIP`` silent seconds found at once
    are skipped to the last of them. A reboot or another band on the row goes on by UTC time; where two overlap, the one
    that started first is heard. ``counts`` says what became of the packets, ``overdue`` how many seconds missed their
    deadline.
    """

    def __init__(self, *, rows: int, deadline_s: float = DEADLINE_S) -> None:
        if rows < 1 or not 0 <= deadline_s < math.inf:
            raise ValueError(f"an assembler needs rows and a deadline, got {rows} and {deadline_s}")
        self.counts = dict.fromkeys(Added, 0)
        self.overdue = 0
        self._deadline_s = deadline_s
        self._rows = [_Row() for _ in range(rows)]
        self._due_s = np.full(rows, np.inf)  # when each row's next second is overdue; inf: never heard
        self._ready: set[int] = set()  # rows with completed seconds

    def add(self, row: int, received: Received) -> Added:
        """Take in one packet of the band on ``row``; the answer says whether it can still decide anything."""
        added = self._add(row, received)
        self.counts[added] += 1
        return added

    def _add(self, row: int, received: Received) -> Added:
        state, key = self._rows[row], key_of(received)
        if key in state.seen:
            return Added.DUPLICATE
        segments, beats = segments_of(received), beats_of(received)
        stretches: list[Segment | Beats] = [*segments.values(), *([] if beats is None else [beats])]
        if not stretches:
            return Added.TAKEN
        end_s = max(stretch.end_s for stretch in stretches)
        heard = state.begun or math.isfinite(self._due_s[row])
        if self._is_overdue(math.floor(end_s), received.received_s) or (state.begun and end_s < state.second):
            return Added.LATE
        if end_s > received.received_s + AHEAD_S or len(state.seen) >= PACKETS_MAX:
            return Added.REFUSED
        if not state.begun:
            first = self._first_of(stretches, received.received_s)
            state.second = min(state.second, first) if heard else first
            self._due_s[row] = state.second + 1 + self._deadline_s
        state.seen[key] = end_s
        state.latest = received
        state.place(segments, beats, contact_of(received, stretches))
        state.complete()
        if state.completed:
            state.begun = True
            self._ready.add(row)
        return Added.TAKEN

    def _first_of(self, stretches: Sequence[Segment | Beats], received_s: float) -> int:
        """The first whole second that they speak for and that is not overdue on their arrival."""
        first = min(math.ceil(stretch.start_s - stretch.slack_s) for stretch in stretches)
        return max(first, math.floor(received_s - 1 - self._deadline_s) + 1)

    def _is_overdue(self, second: int, now_s: float) -> bool:
        return now_s >= second + 1 + self._deadline_s

    def next_deadline_s(self) -> float | None:
        """When ``take`` must be called even if nothing arrives [UTC s]; None while no row has been heard."""
        due_s = float(self._due_s.min())
        return due_s if math.isfinite(due_s) else None

    def take(self, now_s: float) -> list[Taken]:
        """Return every second that is complete, or overdue at ``now_s``: batches of rows, each one second on."""
        if not math.isfinite(now_s):
            raise ValueError(f"now_s must be a time, got {now_s}")
        batches = []
        while rows := sorted(self._ready.union(np.flatnonzero(self._due_s <= now_s).tolist())):
            batches.append(self._take(rows, now_s))
        return batches

    def _take(self, rows: list[int], now_s: float) -> Taken:
        last: list[Received | None] = []
        for row in rows:
            state = self._rows[row]
            if state.completed:
                last.append(state.completed.popleft())
            else:
                last.append(None)
                self.overdue += 1
                self._skip(state, now_s)
        tick = _tick([self._rows[row] for row in rows])
        for row, completed_by in zip(rows, last, strict=True):
            state = self._rows[row]
            state.go_to(state.second + 1)
            if completed_by is None:
                state.complete()
            (self._ready.add if state.completed else self._ready.discard)(row)
            self._due_s[row] = state.second + 1 + self._deadline_s
        return Taken(np.array(rows, np.intp), tick, last)

    def _skip(self, state: _Row, now_s: float) -> None:
        """Move over a long silence to its last second, so that a jump of the clock costs nothing."""
        heard_s = state.next_heard_s()
        last = math.floor(now_s - self._deadline_s) - 1
        if math.isfinite(heard_s):
            last = min(last, math.floor(heard_s) - 1)
        if last - state.second > SKIP:
            state.go_to(last)


def whole(received: Sequence[Received]) -> Tick:
    """Return every second of one row, k = 1, from the first whole one to the one that holds the last sample, in one go.

    The numbers are those that an ``Assembler`` gives, second by second, if every packet is in time. Raises ValueError
    where the packets span more than ``WHOLE_MAX_S``.
    """
    state, firsts, ends = _Row(), [math.inf], [-math.inf]
    for each in {key_of(each): each for each in reversed(received)}.values():
        segments, beats = segments_of(each), beats_of(each)
        for name, segment in segments.items():
            state.lines[name].segments.append(segment)
        if beats is not None:
            state.beats.append(beats)
        stretches: list[Segment | Beats] = [*segments.values(), *([] if beats is None else [beats])]
        for stretch in stretches:
            firsts.append(stretch.start_s - stretch.slack_s)
            ends.append(stretch.end_s)
        contact = contact_of(each, stretches)
        if contact is not None:
            state.contacts.append(contact)
    for line in state.lines.values():
        line.segments.sort()
    state.beats.sort()
    state.contacts.sort()
    if len(firsts) == 1:
        return _tick([state], seconds=0)
    state.second = math.ceil(min(firsts))
    seconds = max(math.floor(max(ends)) - state.second + 1, 0)
    if seconds > WHOLE_MAX_S:
        raise ValueError(f"these packets span {seconds} s, more than {WHOLE_MAX_S}: cut them, or look at their clocks")
    return _tick([state], seconds=seconds)


def _tick(states: Sequence[_Row], *, seconds: int = 1) -> Tick:
    """Work out the next seconds of each row."""
    k = len(states)
    start_s = np.array([state.second for state in states], np.int64)
    even = _even(states, start_s, seconds)
    ibi, contact = np.full((k, BEATS_HZ * seconds), np.nan), np.full((k, seconds), np.nan)
    for i, state in enumerate(states):
        if state.beats:
            place(state.beats, state.second, ibi[i])
        if state.contacts:
            say(state.contacts, state.second, contact[i])
    return Tick(start_s=start_s, **even, ibi=ibi, contact=contact)


def _even(states: Sequence[_Row], start_s: NDArray[np.int64], seconds: int) -> dict[str, Array]:
    numbers: list[float] = []
    held: list[int] = []
    values: list[Array] = [_NOTHING]
    for state in states:
        for line in state.lines.values():
            segments = line.for_second(state.second) if seconds == 1 else line.segments
            held.append(len(segments))
            for segment in segments:
                numbers += segment.numbers
                values.append(segment.values)
    k = len(states)
    out = np.empty(k * seconds * _SAMPLES)
    fill_rows(
        np.array(numbers, np.float64),
        np.array(held, np.int64).reshape(k, len(EVEN)),
        np.concatenate(values, axis=None),
        start_s.astype(np.float64),
        seconds,
        _CHANNELS,
        out,
    )
    found, low = {}, 0
    for name, (grid_hz, axes) in zip(EVEN, _CHANNELS.tolist(), strict=True):
        high = low + k * seconds * grid_hz * axes
        shape = (k, seconds * grid_hz) if axes == 1 else (k, axes, seconds * grid_hz)
        found[name] = out[low:high].reshape(shape)
        low = high
    return found
