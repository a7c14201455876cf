"""Names of packets and watermarks in; what to keep, what to send again and what to declare lost out.

Holds no payload, reads no clock, reaches no socket: ``now_s`` is monotonic, and entered by whoever knows it. A name is
(band, boot, seq); a sender of a day's backlog holds some runs of numbers, not a million names.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from ingest.sending.boots import Boot, BootState, Key, Patience, Span
from ingest.sending.eldest import Eldest
from ingest.sending.runs import Run, Runs
from ingest.wire import Stored

TURN: Final = 16  # packets of a boot sent again before the next boot has its turn: all come back evenly
BOOTS_MAX: Final = 10_000  # boots of which nothing is kept any more, remembered for what the service said of them


@dataclass(slots=True)
class _Load:
    packets: int = 0
    size: int = 0


class Keeping:
    """What was made and is not known to be stored.

    Over ``limit`` bytes, the oldest of the band that takes the most room goes first: see docs/decisions/029. ``let_go``
    counts these.
    """

    def __init__(self, *, limit: int) -> None:
        self.limit = limit
        self.let_go = 0
        self._boots: dict[Key, Boot] = {}
        self._of_band: dict[str, dict[int, Boot]] = {}
        self._eldest: dict[str, Eldest] = {}  # of those of a band of which something is kept
        self._loads: dict[str, _Load] = {}
        self._turns: OrderedDict[Key, None] = OrderedDict()  # boots of which something waits
        self._changed: set[Key] = set()
        self._number = 0

    def __len__(self) -> int:
        return sum(load.packets for load in self._loads.values())

    @property
    def size(self) -> int:
        """Bytes kept."""
        return sum(load.size for load in self._loads.values())

    @property
    def any_waits(self) -> bool:
        """Whether something is to be sent again as soon as there is room."""
        return bool(self._turns)

    @property
    def settled(self) -> bool:
        """Whether nothing is kept, or nobody ever said of anything that it is stored."""
        held = [boot for boot in self._boots.values() if boot.kept]
        return not held or all(boot.stored is None for boot in held)

    def resume(self, state: BootState, kept: Runs, size: int, now_s: float) -> None:
        """Take in a boot as it was before a restart: ``kept`` of it are here, ``size`` bytes. All of it waits."""
        boot = self._boot(state.key, state.born_us)
        boot.heard, boot.kept, boot.stored = True, kept, state.stored
        boot.gone, boot.untold = Runs(state.gone), Runs(state.gone)
        boot.done = Runs([*state.gone, *([] if state.stored is None else [state.stored])])
        self._queue(state.key, boot)
        load = self._loads.setdefault(state.key[0], _Load())
        load.packets += len(kept)
        load.size += size
        boot.quieten(now_s)
        self._wait(state.key, boot, kept.copy())

    def add(
        self, key: Key, seq: int, *, size: int, now_s: float, heard_us: int | None = None, lost: Run | None = None
    ) -> bool:
        """Keep a packet of ``size`` bytes; False where it is kept already. ``lost`` are numbers that its band will
        never send; they are declared in time."""
        boot = self._boot(key, heard_us)
        self._queue(key, boot)  # it may be older than it was taken for
        if not boot.heard:
            boot.heard = True
            self._changed.add(key)
        if lost is not None:
            self._lose(key, boot, *lost)
        if seq in boot.kept:
            return False
        if not boot.kept:
            boot.quieten(now_s)
        boot.kept.add(seq, seq)
        self._queue(key, boot)
        boot.done.remove(seq, seq)
        boot.gone.remove(seq, seq)
        boot.untold.remove(seq, seq)
        load = self._loads.setdefault(key[0], _Load())
        load.packets += 1
        load.size += size
        return True

    def excess(self, *, limit: int | None = None) -> Span | None:
        """What is to go, as more is kept than there is room for; None: nothing. Call ``drop`` with it, and again."""
        over = self.size - (self.limit if limit is None else limit)
        if over <= 0 or not len(self):
            return None
        band, load = max(self._loads.items(), key=lambda item: item[1].size)
        boots = self._of_band[band]
        number = self._eldest[band].oldest(lambda number: bool(boots[number].kept))
        if number is None:
            return None
        first, last = next(iter(self._boots[band, number].kept))
        count = max(1, math.ceil(over * load.packets / load.size)) if load.size else 1
        return (band, number), first, min(last, first + count - 1)

    def drop(self, span: Span, *, size: int | None) -> None:
        """These packets, ``size`` bytes (None: not known), are let go of for want of room, or cannot be read back."""
        key, first, last = span
        boot = self._boots[key]
        self.let_go += self._release(key, boot, first, last, size)
        self._lose(key, boot, first, last)

    def stored(self, band: str, said: Stored, now_s: float, *, retained: bool = False) -> list[Span]:
        """Take in that the service has packets ``said.since`` to ``said.seq`` of a boot, or said so some time ago
        (``retained``: then a broker may have come back with what it knew long before).

        Return what is covered and was kept, with which ``release`` is to be called. Nothing else is let go of: what
        lies below ``since`` may never have reached the service.
        """
        key = (band, said.boot)
        boot = self._boot(key, None)
        since, seq = said.since, said.seq
        if since > seq or (retained and boot.stored is not None and seq <= boot.stored[1]):
            return []
        if boot.stored is None:
            boot.below, boot.above = Patience(now_s), Patience(now_s)
        else:
            if since < boot.stored[0]:
                boot.below.move(now_s, since)
            if seq > boot.stored[1]:
                boot.above.move(now_s, seq)
        if boot.stored != (since, seq) and boot.heard:
            self._changed.add(key)
        boot.stored = since, seq
        boot.done.add(since, seq)
        for told in (boot.gone, boot.untold):
            told.remove(since, seq)
        covered = boot.kept.within(since, seq)
        for first, last in covered:
            boot.done.add(first, last)
        return [(key, first, last) for first, last in covered]

    def release(self, span: Span, *, size: int) -> None:
        """These packets, ``size`` bytes, are stored and let go of."""
        key, first, last = span
        self._release(key, self._boots[key], first, last, size)

    def wait(self, key: Key, seq: int) -> None:
        """Let a packet that is kept be sent when its turn comes."""
        self._wait(key, self._boots[key], Runs([(seq, seq)]))

    def reconnect(self, now_s: float) -> int:
        """A broker was found that may know nothing: all that is kept waits to be sent. Return how many packets."""
        for key, boot in self._boots.items():
            if boot.kept:
                boot.waiting = Runs()
                self._wait(key, boot, boot.kept.copy())
                boot.quieten(now_s)
        return len(self)

    def hold(self, key: Key, seq: int) -> None:
        """A packet is under way already: it need not be sent again."""
        boot = self._boots.get(key)
        if boot is not None:
            boot.waiting.remove(seq, seq)

    def take(self, room: int, now_s: float) -> list[Span]:
        """What to send again now, ``room`` packets at most, boot by boot in turn, the oldest first."""
        taken: list[Span] = []
        while room > 0 and self._turns:
            key, _ = self._turns.popitem(last=False)
            boot = self._boots[key]
            if not boot.waiting:
                continue
            first, last = next(iter(boot.waiting))
            last = min(last, first + min(room, TURN) - 1)
            boot.waiting.remove(first, last)
            taken.append((key, first, last))
            room -= last - first + 1
            boot.quieten(now_s)
            if boot.waiting:
                self._turns[key] = None
        return taken

    def look(self, now_s: float) -> None:
        """Let wait what is overdue, of boots of which nothing waits."""
        for key, boot in self._boots.items():
            if boot.kept and not boot.waiting:
                late = boot.overdue(now_s)
                if late:
                    self._wait(key, boot, late)

    def declare(self, key: Key, seq: int, now_s: float) -> Run | None:
        """Numbers that will never come, to be said by packet ``seq`` that is about to be sent; None: there are none."""
        boot = self._boots[key]
        if boot.stored is not None and boot.stuck:
            self._find_missing(key, boot, boot.stored[1] + 1)
        if not boot.untold and boot.gone and boot.telling.ends(now_s):
            boot.untold = boot.gone.copy()
        if not boot.untold or boot.untold.first >= seq:
            return None
        first = boot.untold.first
        settled = boot.done.around(first)
        last = min(seq - 1, first if settled is None else settled[1])
        last = boot.gone.within(first, last)[-1][1]
        boot.untold.remove(first, last)
        if not boot.untold:
            boot.telling.since_s = now_s
        return first, last

    def kept(self, key: Key) -> list[Run]:
        """The numbers of a boot that are here."""
        boot = self._boots.get(key)
        return [] if boot is None else list(boot.kept)

    def keeps(self, key: Key, seq: int) -> bool:
        """Whether a packet is here."""
        boot = self._boots.get(key)
        return boot is not None and seq in boot.kept

    def said(self, band: str) -> list[Stored]:
        """What the service said last of each boot of a band."""
        boots = self._of_band.get(band, {}).items()
        return [Stored(v=1, boot=n, since=b.stored[0], seq=b.stored[1]) for n, b in boots if b.stored is not None]

    @property
    def changed(self) -> bool:
        """Whether ``changes`` has something to tell."""
        return bool(self._changed)

    def changes(self) -> list[BootState]:
        """The boots of which something that has to be kept beside the packets has changed since the last call."""
        found = []
        for key in self._changed:
            boot = self._boots[key]
            born_us = 0 if math.isinf(boot.born[0]) else int(boot.born[0])
            found.append(BootState(key, born_us, boot.stored, tuple(boot.gone)))
        self._changed.clear()
        return found

    def _boot(self, key: Key, heard_us: int | None) -> Boot:
        boot = self._boots.get(key)
        if boot is None:
            if len(self._boots) >= BOOTS_MAX:
                self._forget()
            self._number += 1
            boot = self._boots[key] = Boot((math.inf if heard_us is None else float(heard_us), self._number))
            self._of_band.setdefault(key[0], {})[key[1]] = boot
        elif heard_us is not None and heard_us < boot.born[0]:
            boot.born = float(heard_us), boot.born[1]
        return boot

    def _forget(self) -> None:
        """Make room for another boot: of those of which nothing is kept the one met longest ago, first of which there
        is nothing to say either. What is gone of a boot is said by its packets alone, and none may ever come again."""
        boots = self._boots.items()
        key = next((key for key, boot in boots if not boot.kept and not boot.gone), None)
        if key is None:
            key = next((key for key, boot in boots if not boot.kept), None)
        if key is not None:
            del self._boots[key], self._of_band[key[0]][key[1]]
            self._changed.discard(key)
            self._turns.pop(key, None)
            if key[0] in self._eldest:
                self._eldest[key[0]].forget(key[1])

    def _queue(self, key: Key, boot: Boot) -> None:
        if boot.kept:
            self._eldest.setdefault(key[0], Eldest()).put(key[1], boot.born)

    def _wait(self, key: Key, boot: Boot, runs: Runs) -> None:
        for first, last in runs:
            boot.waiting.add(first, last)
        if boot.waiting:
            self._turns[key] = None

    def _lose(self, key: Key, boot: Boot, first: int, last: int) -> None:
        """Note numbers that will never come, but for those that did."""
        lost = Runs([(first, last)])
        for a, b in [*boot.kept.within(first, last), *([] if boot.stored is None else [boot.stored])]:
            lost.remove(a, b)
        for a, b in lost:
            boot.done.add(a, b)
            boot.gone.add(a, b)
            boot.untold.add(a, b)
        self._changed.add(key)

    def _release(self, key: Key, boot: Boot, first: int, last: int, size: int | None) -> int:
        runs = boot.kept.within(first, last)
        count = sum(b - a + 1 for a, b in runs)
        for a, b in runs:
            boot.done.add(a, b)
        boot.kept.remove(first, last)
        boot.waiting.remove(first, last)
        load = self._loads[key[0]]
        if size is None:
            size = round(load.size * count / load.packets) if load.packets else 0
        load.packets -= count
        load.size = max(0, load.size - size) if load.packets else 0
        return count

    def _find_missing(self, key: Key, boot: Boot, number: int) -> None:
        """The service waits in vain for what it once said that it had: a store that has come back as it was."""
        missing = boot.done.around(number)
        if missing is not None and not boot.gone.around(number):
            self._lose(key, boot, number, missing[1])
