"""Packets of many bands in, in any order; whole UTC seconds of the analysis grid out, NaN where nothing is known.

Irregularity ends here. A packet is an atom: whatever the order and grouping the same packets arrive in, if they are in
time, the seconds are the same to the last bit, and the same that ``whole`` makes of them in one go.
"""

import math
from bisect import insort
from collections.abc import Sequence
from enum import Enum
from typing import Final, NamedTuple

import numpy as np

from ingest.grid import EXACT, OVERLAP, REACH, covers_row, fill_rows
from ingest.received import Received
from ingest.segments import (
    BEATS_HZ,
    EVEN,
    Beats,
    Contact,
    Heard,
    Key,
    Stretch,
    beats_of,
    contact_of,
    covers,
    heard_of,
    key_of,
    place,
    say,
    stretches_of,
)
from ingest.types import CHANNELS, Array, Rows, Tick
from ingest.wire import RATE_MIN_HZ

DEADLINE_S: Final = 1.5  # after a second's end; law 1 of the design
AWAITED_S: Final = 3.0  # a channel not heard for this long is waited for no more
KEPT_S: Final = 3.0  # of samples before the next second: more than a grid point ever reaches back
SEEN_S: Final = 60.0  # a packet sent again within this is told from one that is late
AHEAD_S: Final = 120.0  # a packet that ends this long after it arrived has no mapping that can be used
PACKETS_MAX: Final = 1024  # waiting in one row: two minutes of a band that sends eight a second
SKIP: Final = 60  # seconds: a longer silence found at once is skipped to its last second
WHOLE_MAX_S: Final = 8 * 86_400  # seconds that ``whole`` makes at once: 1.3 GB
RUN_HZ: Final = 0.5  # a slower channel is waited for by more than what is kept of it: it is in no run
ROUNDING_S: Final = 1e-5  # more than sums of UTC seconds are rounded by
SLACK_S: Final = EXACT / RATE_MIN_HZ  # the most that a sample may be before a grid point and count as on it
LAST_S: Final = tuple(1 / CHANNELS[name].grid_hz for name in EVEN)  # before a second's end: its last grid point

_CHANNELS: Final = np.array([[CHANNELS[name].grid_hz, CHANNELS[name].axes] for name in EVEN], np.int64)
_PLACES: Final = range(len(EVEN))
_TICK: Final = (
    *((name, CHANNELS[name].grid_hz, CHANNELS[name].axes) for name in EVEN),
    ("ibi", BEATS_HZ, 1),
    ("contact", 1, 1),
)  # name, samples a second and axes, in the order in which a tick is filled
_SAMPLES: Final = sum(samples * axes for _, samples, axes in _TICK)  # of everything in a second
_NOTHING: Final = np.empty(0)
_NO_RATES: Final[tuple[float, ...]] = (0.0,) * len(EVEN)


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
    """What one row waits with: the next ``second`` to decide, and the packets that speak for it and what follows.

    The packets that came last, if they carry the same channels at the same rates and go on evenly, without a hole and
    without repeating anything, are its *run*. A second that begins in the run is decided by it alone, and whether it is
    complete is seen from where the run has got to. For any other second all that is kept is gone through.
    """

    __slots__ = (
        "beats",
        "begun",
        "completed",
        "contacts",
        "is_together",
        "kept_s",
        "latest",
        "others_s",
        "packets",
        "rates_hz",
        "reached_s",
        "run_s",
        "second",
        "seen",
        "since",
        "until_s",
    )

    def __init__(self) -> None:
        self.second = 0
        self.begun = False  # whether ``second`` can still move back for a packet that was overtaken
        self.packets: list[Heard] = []  # in the order of their names
        self.since: set[Key] = set()  # of those that ended before that and came since
        self.kept_s = -math.inf  # what ended before was forgotten
        self.beats: list[Beats] = []
        self.contacts: list[Contact] = []
        self.seen: dict[Key, float] = {}
        self.completed: list[Received] = []  # who completed ``second``, the one after it, ...
        self.latest: Received | None = None
        self.reached_s = [-math.inf] * len(EVEN)  # the latest sample of each channel
        self.run_s = math.inf  # since when all channels of the run are in it; inf: there is none
        self.rates_hz = _NO_RATES  # in the run
        self.until_s = math.inf  # how far the channel that is furthest behind in the run reaches, about
        self.is_together = False  # whether all channels in the run reach about that far
        self.others_s = -math.inf  # the latest sample of the channels that are not in the run

    def place(self, heard: Heard, spans: Sequence[float]) -> None:
        """Keep a packet; let the run go on with it, or begin anew with it, or end."""
        packets, reached_s, rates_hz = self.packets, self.reached_s, self.rates_hz
        last = not packets or heard.key > packets[-1].key
        follows = even = last
        i, until_s = 0, math.inf
        for channel in _PLACES:
            start_s, rate_hz, end_s = spans[i], spans[i + 1], spans[i + 3]
            i += 4
            if rate_hz != rates_hz[channel]:
                even = False
            if rate_hz:
                before_s = reached_s[channel]
                if rate_hz < RUN_HZ or (before_s - start_s) * rate_hz + OVERLAP * min(1.0, rate_hz) >= 0:
                    follows = False
                elif start_s > before_s + REACH / rate_hz:
                    even = False
                if end_s > before_s:
                    reached_s[channel] = end_s
                if end_s < self.kept_s:
                    self.since.add(heard.key)
                until_s = min(until_s, end_s + LAST_S[channel] + EXACT / rate_hz)
        self.until_s, self.is_together = until_s, heard.end_s < until_s + 1
        if not follows:
            self.run_s, self.rates_hz = math.inf, _NO_RATES
        elif not even:
            self.run_s, self.rates_hz = heard.begun_s, tuple(spans[1::4])
            others = [end_s for end_s, rate_hz in zip(reached_s, self.rates_hz, strict=True) if not rate_hz]
            self.others_s = max(others, default=-math.inf)
        if last:
            packets.append(heard)
        else:
            insort(packets, heard)

    def _is_in_run(self, second: int) -> bool:
        return self.run_s <= second and self.others_s < second - AWAITED_S

    def complete(self) -> None:
        """Note which further seconds the latest packet has completed."""
        latest = self.latest
        while latest is not None and self._is_complete(self.second + len(self.completed)):
            self.completed.append(latest)
        if self.is_together and not self.beats and self._is_in_run(self.second + len(self.completed)):
            self.latest = None  # only another packet can complete more, so that this one need not be held

    def _is_complete(self, second: int) -> bool:
        heard, in_run = False, self._is_in_run(second)
        if in_run and second - AWAITED_S + 1 < self.until_s < second + 1 - ROUNDING_S:
            return False
        for rate_hz, reached_s, last_s in zip(self.rates_hz, self.reached_s, LAST_S, strict=True):
            if reached_s >= second - AWAITED_S:
                heard = True
                if reached_s < second + 1 - last_s - (EXACT / rate_hz if in_run and rate_hz else SLACK_S):
                    return False
        if heard and not in_run:
            heard = covers_row(
                np.frombuffer(bytearray().join([heard.spans for heard in self.packets])),
                np.array([heard.key in self.since for heard in self.packets], np.bool_),
                self.kept_s,
                second - AWAITED_S,
                second,
                _CHANNELS,
            )
            if not heard:
                return False
        if self.beats and self.beats[-1].end_s >= second - AWAITED_S:
            return covers(self.beats, second, BEATS_HZ)
        return heard

    def deciding(self) -> list[Heard]:
        """Return the packets that decide what ``second`` says: the same bits as all of them."""
        packets, i = self.packets, 0
        if self._is_in_run(self.second):
            i = len(packets) - 1
            while i > 0 and packets[i].begun_s > self.second:
                i -= 1
        return packets[i:]

    def next_heard_s(self) -> float:
        """When the first stretch begins that is not over before ``second``."""
        stretches: list[Stretch | Beats] = [*self.beats]
        for heard in self.packets:
            stretches += heard.stretches()
        return min((s.start_s for s in stretches if s.end_s >= self.second), default=math.inf)

    def go_to(self, second: int) -> None:
        """Make ``second`` the next one, and forget what it cannot need."""
        self.second, self.begun, self.kept_s = second, True, second - KEPT_S
        self.since.clear()
        if self._is_in_run(second):
            while self.packets and self.packets[0].end_s < self.kept_s:
                del self.packets[0]
        else:
            self.packets = [heard for heard in self.packets if heard.end_s >= self.kept_s]
        if self.beats or self.contacts:
            for each in (self.beats, self.contacts):
                while each and each[0].end_s < self.kept_s:
                    del each[0]
        while self.seen:
            key = next(iter(self.seen))
            if self.seen[key] >= second - SEEN_S:
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
        self._earliest_s = math.inf  # no row's next second is overdue before this
        self._ready: set[int] = set()  # rows with completed seconds

    def grow(self) -> None:
        """Add a row, the last one, that has heard nothing yet."""
        self._rows.append(_Row())
        self._due_s = np.append(self._due_s, np.inf)

    def add(self, row: int, received: Received) -> Added:
        """Take in one packet of the band on ``row``; the answer says whether it can still decide anything."""
        added = self._add(row, received)
        self.counts[added] += 1
        return added

    def _add(self, row: int, received: Received) -> Added:
        state, key = self._rows[row], key_of(received)
        if key in state.seen:
            return Added.DUPLICATE
        even, beats = heard_of(received), beats_of(received)
        if even is None and beats is None:
            return Added.TAKEN
        end_s = -math.inf if even is None else even[0].end_s
        if beats is not None:
            end_s = max(end_s, beats.end_s)
        if received.received_s >= math.floor(end_s) + 1 + self._deadline_s or (state.begun and end_s < state.second):
            return Added.LATE
        if end_s > received.received_s + AHEAD_S or len(state.seen) >= PACKETS_MAX:
            return Added.REFUSED
        if not state.begun:
            first = self._first_of(stretches_of(even, beats), received.received_s)
            state.second = min(state.second, first) if math.isfinite(self._due_s[row]) else first
            self._due_s[row] = due_s = state.second + 1 + self._deadline_s
            self._earliest_s = min(self._earliest_s, due_s)
        state.seen[key] = end_s
        state.latest = received
        if even is not None:
            state.place(*even)
        if beats is not None:
            insort(state.beats, beats)
        contact = contact_of(received, even, beats)
        if contact is not None:
            insort(state.contacts, contact)
        state.complete()
        if state.completed:
            state.begun = True
            self._ready.add(row)
        return Added.TAKEN

    def _first_of(self, stretches: Sequence[Stretch | Beats], received_s: float) -> int:
        """The first whole second that they speak for and that is not overdue on their arrival."""
        first = min(math.ceil(stretch.start_s - stretch.slack_s) for stretch in stretches)
        return max(first, math.floor(received_s - 1 - self._deadline_s) + 1)

    def next_deadline_s(self) -> float | None:
        """When ``take`` must be called even if nothing arrives [UTC s]; None while no row has been heard."""
        due_s = float(self._due_s.min())
        return due_s if math.isfinite(due_s) else None

    def take(self, now_s: float) -> list[Taken]:
        """Return every second that is complete, or overdue at ``now_s``: batches of rows, each one second on."""
        if not math.isfinite(now_s):
            raise ValueError(f"now_s must be a time, got {now_s}")
        batches = []
        while rows := sorted(self._ready.union(self._overdue(now_s))):
            batches.append(self._take(rows, now_s))
        return batches

    def _overdue(self, now_s: float) -> list[int]:
        if now_s < self._earliest_s:
            return []
        self._earliest_s = float(self._due_s.min())
        return np.flatnonzero(self._due_s <= now_s).tolist()

    def _take(self, rows: list[int], now_s: float) -> Taken:
        last: list[Received | None] = []
        states = [self._rows[row] for row in rows]
        for state in states:
            if state.completed:
                last.append(state.completed.pop(0))
            else:
                last.append(None)
                self.overdue += 1
                self._skip(state, now_s)
        tick = _tick(states)
        for row, state, completed_by in zip(rows, states, last, strict=True):
            state.go_to(state.second + 1)
            if completed_by is None:
                state.complete()
                if state.completed:
                    self._ready.add(row)
            elif not state.completed:
                self._ready.remove(row)
        taken = np.array(rows, np.intp)
        self._due_s[taken] = tick.start_s + 2 + self._deadline_s  # later than it was: ``_earliest_s`` still holds
        return Taken(taken, tick, last)

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
        even, beats = heard_of(each), beats_of(each)
        if even is not None:
            state.packets.append(even[0])
        if beats is not None:
            state.beats.append(beats)
        for stretch in stretches_of(even, beats):
            firsts.append(stretch.start_s - stretch.slack_s)
            ends.append(stretch.end_s)
        contact = contact_of(each, even, beats)
        if contact is not None:
            state.contacts.append(contact)
    state.packets.sort(key=lambda heard: heard.key)
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
    spans: list[bytes] = []
    held: list[int] = []
    values: list[Array] = [_NOTHING]
    for state in states:
        packets = state.deciding() if seconds == 1 else state.packets
        held.append(len(packets))
        for heard in packets:
            spans.append(heard.spans)
            values.append(heard.values)
    k = len(states)
    start_s = np.array([state.second for state in states], np.int64)
    out = np.empty(k * seconds * _SAMPLES)
    fill_rows(
        np.frombuffer(bytearray().join(spans)),
        np.array(held, np.int64),
        np.concatenate(values),
        start_s.astype(np.float64),
        seconds,
        _CHANNELS,
        out,
    )
    found, low = {}, 0
    for name, samples, axes in _TICK:
        high = low + k * seconds * samples * axes
        found[name] = out[low:high].reshape((k, seconds * samples) if axes == 1 else (k, axes, seconds * samples))
        low = high
    for i, state in enumerate(states):
        if state.beats:
            place(state.beats, state.second, found["ibi"][i])
        if state.contacts:
            say(state.contacts, state.second, found["contact"][i])
    return Tick(start_s, **found)
