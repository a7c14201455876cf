"""What one sight sees in; what all tablets of that sight are told, made and put together once for all of them, out.

A tablet that reads slowly holds up nobody: what waits for it is bounded, and where it would be more it is told
everybody's newest row instead. So it misses rows that were overtaken, and never an open alert.
"""

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from starlette.concurrency import run_in_threadpool

from alerts.views import WearerView
from console.board import Board
from console.house import House
from console.hub import Hub, Subscription
from console.rows import Row
from console.sight import Sight

log = logging.getLogger(__name__)

AT_ONCE_MOST: Final = 4_000
"""Rows a second, for all tablets together, that go at once. Beyond, those go at once that say something new of
somebody, an alert above all; what else changes goes with the next beat, where it shows."""

PEOPLE_MOST: Final = 100
"""The same for a tablet: one that is slow, or busy, must not have to read a row of everybody in each second before it
comes to the one that matters. A browser takes in whatever is sent, and holds nothing back."""

PIECE: Final = 20
"""Rows that are drawn before it is seen whether there is something new of somebody: a few milliseconds."""

WAITING_MOST: Final = 1 << 20
"""Bytes that wait for a tablet: about everybody's row in a house of a thousand."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Events that are written together; ``beats``: a beat is among them."""

    events: bytes
    beats: bool


class Told:
    """What one tablet has yet to be told. Belongs to the event loop."""

    def __init__(self, showing: "Showing") -> None:
        self._showing = showing
        self._waiting: list[Frame] = []
        self._size = 0
        self._is_behind = False
        self._awake = asyncio.Event()

    def put(self, frame: Frame) -> None:
        """Let it be told this, too."""
        self._waiting.append(frame)
        self._size += len(frame.events)
        if self._size > WAITING_MOST and len(self._waiting) > 1:
            self._waiting, self._size, self._is_behind = [], 0, True
        self._awake.set()

    def wake(self) -> None:
        """Let it look whether the showing is over."""
        self._awake.set()

    async def next(self) -> Frame | None:
        """Return what it is told next, everything that waits at once; None where the showing is over."""
        await self._awake.wait()
        self._awake.clear()
        if self._showing.over:
            return None
        waiting, is_behind = self._waiting, self._is_behind
        self._waiting, self._size, self._is_behind = [], 0, False
        if is_behind:
            return self._showing.everything()
        return Frame(b"".join(frame.events for frame in waiting), any(frame.beats for frame in waiting))


class Showing:
    """Tells every tablet of one ``sight`` the row of everybody, then every row that changes, and a beat each second.

    It runs while there is a tablet. A change is told as soon as it is there: it waits neither for a beat nor for what
    stands beside the views. All methods belong to one event loop.
    """

    def __init__(self, board: Board, house: House, hub: Hub, sight: Sight, *, beat_s: float) -> None:
        self.over = False
        self._board, self._house, self._hub, self._sight, self._beat_s = board, house, hub, sight, beat_s
        self._tablets: set[Told] = set()
        self._views: dict[str, WearerView] = {}
        self._rows: dict[str, Row] = {}
        self._events: dict[str, bytes] = {}
        self._beat = b""
        self._begun = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def tablet(self) -> Iterator[Told]:
        """Yield what a tablet is told from now on, beside what comes ``first``."""
        told = Told(self)
        self._tablets.add(told)
        if self._running is None:
            self._running = asyncio.create_task(self._run())
            self._running.add_done_callback(_say_why)
        try:
            yield told
        finally:
            self._tablets.discard(told)
            if not self._tablets:
                self.over = True
                self._running.cancel()

    async def first(self) -> Frame | None:
        """Return what a tablet is told first, as soon as there is something; None where there never will be."""
        await self._begun.wait()
        return None if self.over else self.everything()

    def everything(self) -> Frame:
        """Return the newest row of everybody, as it was last told, and the last beat."""
        return Frame(b"".join((*self._events.values(), self._beat)), beats=True)

    async def _run(self) -> None:
        try:
            with self._hub.subscribe() as changed:
                changed.seed(await run_in_threadpool(self._house.desk.views))
                await self._board.look()
                await self._follow(changed)
        finally:
            self.over = True
            self._begun.set()
            for tablet in self._tablets:
                tablet.wake()

    async def _follow(self, changed: Subscription) -> None:
        loop = asyncio.get_running_loop()
        beat_at = loop.time()
        while not changed.closed:
            changes = await changed.changes(within_s=max(beat_at - loop.time(), 0.0))
            self._tell_at_once(changes)
            if loop.time() < beat_at:
                continue
            beat_at = (math.floor(loop.time() / self._beat_s) + 1) * self._beat_s
            await self._board.look()
            await self._tell_all(changed)

    @property
    def _is_few(self) -> bool:
        people = len(self._views)
        return people <= PEOPLE_MOST and people * len(self._tablets) <= AT_ONCE_MOST

    def _tell_at_once(self, changes: Iterable[WearerView]) -> Collection[str]:
        """Tell what changed, of many only what is new of somebody; return of whom."""
        changes = self._board.seen(changes, self._sight)
        few = self._is_few
        soon = [view for view in changes if few or _is_news(view, self._views.get(view.wearer))]
        self._views |= {view.wearer: view for view in changes}
        if not self._begun.is_set():
            return ()
        drawn = self._drawn(soon)
        self._put(drawn)
        return drawn.keys()

    async def _tell_all(self, changed: Subscription) -> None:
        """Tell of everybody what is not as it was told ("for 4 min", and unrenewed views), and the beat. What is new of
        somebody meanwhile is told meanwhile."""
        self._forget_unseen()
        few = self._is_few
        aged: dict[str, bytes] = {}
        wearers = list(self._views)
        for begin in range(0, len(wearers), PIECE):
            piece = [self._views[wearer] for wearer in wearers[begin : begin + PIECE] if wearer in self._views]
            aged |= self._drawn([view for view in piece if few or self._shows_anew(view)])
            await asyncio.sleep(0)
            for wearer in self._tell_at_once(changed.taken()):
                aged.pop(wearer, None)  # what is told last must be the newest
        house = self._house
        self._beat = self._board.beat_event(
            self._views.values(), self._sight, kept=house.kept, stored=house.stored, standby=house.standby
        )
        self._begun.set()
        self._put(aged, beat=self._beat)

    def _forget_unseen(self) -> None:
        """Somebody may have moved to a site that is out of sight."""
        if self._sight.is_whole:
            return
        self._views = {view.wearer: view for view in self._board.seen(self._views.values(), self._sight)}
        for wearer in self._events.keys() - self._views.keys():
            del self._events[wearer], self._rows[wearer]

    def _shows_anew(self, view: WearerView) -> bool:
        return self._board.row(view, self._sight) != self._rows.get(view.wearer)

    def _drawn(self, views: Iterable[WearerView]) -> dict[str, bytes]:
        """Return the events of ``views`` that were not told so."""
        drawn = {}
        for view in views:
            event = self._board.row_event(view, self._sight)
            if event != self._events.get(view.wearer):
                drawn[view.wearer] = self._events[view.wearer] = event
                self._rows[view.wearer] = self._board.row(view, self._sight)
        return drawn

    def _put(self, events: dict[str, bytes], *, beat: bytes = b"") -> None:
        frame = Frame(b"".join((*events.values(), beat)), bool(beat))
        if not frame.events:
            return
        for tablet in self._tablets:
            tablet.put(frame)


def _is_news(view: WearerView, before: WearerView | None) -> bool:
    """Return whether ``view`` says something of how somebody is, or can be watched, that was not so ``before``."""
    if before is None:
        return True
    return (view.risk, view.alert, view.sight.reason) != (before.risk, before.alert, before.sight.reason)


def _say_why(running: asyncio.Task[None]) -> None:
    if not running.cancelled() and (error := running.exception()) is not None:
        log.error("boards cannot be told anything: they ask anew", exc_info=error)


class Showings:
    """What is being shown, by sight. Belongs to one event loop."""

    def __init__(self, board: Board, house: House, hub: Hub) -> None:
        self._begin: Callable[..., Showing] = partial(Showing, board, house, hub)
        self._showings: dict[Sight, Showing] = {}

    def of(self, sight: Sight, *, beat_s: float) -> Showing:
        """Return what tablets of ``sight`` are shown, to follow at once."""
        showing = self._showings.get(sight)
        if showing is None or showing.over:
            self._showings = {of: it for of, it in self._showings.items() if not it.over}
            showing = self._showings[sight] = self._begin(sight, beat_s=beat_s)
        return showing
