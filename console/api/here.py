"""The desk, care, names and the time in; what every route stands on out: who asks, whom about, and on which threads."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Final, ParamSpec, TypeVar

import anyio
import anyio.to_thread
from fastapi import Depends, Request
from fastapi.security import APIKeyHeader

from alerts.views import AlertView, WearerView
from console.access.asker import Kind
from console.access.entrance import asker_of
from console.api.pace import Pace
from console.board import DeskLike
from console.care import Care
from console.refusal import Refusal, only_from_here

log = logging.getLogger(__name__)

ACTS: Final = 8
"""Threads for taking alerts, and for nothing else: they never wait behind a slow database."""

TABLETS: Final = 8
"""Threads for heartbeats and receipts, which are what proves that an alert arrived."""

RECORDS: Final = 4
"""Threads for what asks the registry: one that hangs holds these, and nothing else."""

NOTES_MOST: Final = 32
"""Refusals that wait for the audit, one at a time: with a registry that is away each takes seconds. Who guesses keys
finds no room for more; those are counted all the same."""

REST: Final = 8
"""Threads for everything else here, and not those that pages and streams are read on."""

SCHEME: Final = "Tablet"

NO_TABLET: Final = Refusal(
    403, "A program is no tablet", "Only a page that shows alerts says so: ask for everything else with this token."
)

CALLER: Final = "the board"
"""Whom the audit names where nobody is known to have asked."""

_P = ParamSpec("_P")
_T = TypeVar("_T")

_header = APIKeyHeader(
    name="Authorization", scheme_name=SCHEME, auto_error=False, description="`Tablet <tablet>.<key>`, from `/tablets`"
)


class Lane:
    """Threads of one purpose; at most ``width`` at work at once. Belongs to one event loop."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._limiter: anyio.CapacityLimiter | None = None

    async def run(self, act: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Return what ``act`` returns, run on one of the threads."""
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(self._width)
        return await anyio.to_thread.run_sync(lambda: act(*args, **kwargs), limiter=self._limiter)


class Behind:
    """Does what may wait behind an answer, one thing after the other; at most ``most`` wait, and what comes then is not
    done. Belongs to one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lane = Lane(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._full = False

    def do(self, act: Callable[[], object], *, what: str) -> None:
        """Do ``act``, which may block, and return at once; ``what`` says, in the log, what was not done."""
        if len(self._tasks) >= self._most:
            if not self._full:
                log.warning("%s: too many wait already", what)
            self._full = True
            return
        self._full = False
        task = asyncio.get_running_loop().create_task(self._try(act, what))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _try(self, act: Callable[[], object], what: str) -> None:
        try:
            await self._lane.run(act)
        except Exception:
            log.exception("%s", what)


def _nothing() -> None:
    """Nobody shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """What routes are made from. ``clock`` gives UTC seconds; ``done`` is called when somebody has done something that
    boards show."""

    desk: DeskLike
    care: Care | None
    names: Mapping[str, str]
    clock: Callable[[], float]
    done: Callable[[], None] = _nothing
    acts: Lane = field(default_factory=lambda: Lane(ACTS))
    tablets: Lane = field(default_factory=lambda: Lane(TABLETS))
    records: Lane = field(default_factory=lambda: Lane(RECORDS))
    rest: Lane = field(default_factory=lambda: Lane(REST))
    notes: Behind = field(default_factory=lambda: Behind(NOTES_MOST))
    pace: Pace = field(default_factory=Pace)

    @property
    def given(self) -> Care:
        """Care; refused with 404 where there is none here."""
        if self.care is None:
            raise Refusal(404, "That is not here", "This board shows people, and keeps neither shifts nor proofs.")
        return self.care

    def name(self, wearer: str) -> str:
        """Return what the house calls this wearer."""
        return self.names.get(wearer, wearer)

    def view(self, wearer: str) -> WearerView:
        """Return what is shown of ``wearer``; refused with 404 where nobody of that name is watched. May block."""
        for view in self.desk.views():
            if view.wearer == wearer:
                return view
        raise Refusal(404, "Nobody of that name is watched", "Ask for a pseudonym that stands on the board.")

    def alert(self, alert_id: str) -> AlertView | None:
        """Return the open alert of that id, None where there is none. May block."""
        alerts = (view.alert for view in self.desk.views() if view.alert is not None)
        return next((alert for alert in alerts if alert.alert_id == alert_id), None)

    def may(self, who: str, *, every_s: float, burst: int) -> bool:
        """Return whether ``who`` may do something now, and count it if so: see ``Pace``. From the event loop."""
        return self.pace.may(who, asyncio.get_running_loop().time(), every_s=every_s, burst=burst)

    def refuse(self, refusal: Refusal, *, what: str, because: str) -> Refusal:
        """Count that ``what`` was refused, and return ``refusal``; it is kept behind the answer, for a page must know
        at once that it is to register anew. That it cannot be kept changes nothing. From the event loop."""
        care = self.given
        care.counts.refused(what, because)
        note = partial(care.refusals.note_refusal, what, by=CALLER, because=because)
        self.notes.do(note, what="a refusal could not be kept")
        return refusal


def caller(here: Here, *, programs: bool = True) -> Callable[..., object]:
    """Return the dependency that says which tablet asks: refused with 401 without a key, with 403 with another's.

    A program's token, by which the gate knows it, stands in for the key: one header carries only one of them. Where
    not ``programs``, it is refused with 403: no program shows an alert to anybody, or sounds.
    """

    async def tablet(request: Request, said: Annotated[str | None, Depends(_header)]) -> str:
        if request.method not in ("GET", "HEAD"):
            only_from_here(request)
        care, asker = here.given, asker_of(request)
        if asker.kind is Kind.MACHINE and (said or "").startswith("Bearer "):
            if not programs:
                raise here.refuse(NO_TABLET, what="tablet key", because="a program")
            return asker.id
        asked, key = _tablet_in(said or "")
        if not key:
            raise Refusal(401, "Which tablet is this?", "Register at POST /api/v1/tablets, and send its key.")
        if not care.seals.opens(asked, key):
            refusal = Refusal(403, "That key is not this tablet's", "Register at POST /api/v1/tablets again.")
            raise here.refuse(refusal, what="tablet key", because="forged")
        return asked

    return tablet


def _tablet_in(said: str) -> tuple[str, str]:
    scheme, _, rest = said.partition(" ")
    tablet, _, key = rest.strip().partition(".")
    return (tablet, key) if scheme.lower() == SCHEME.lower() else ("", "")
