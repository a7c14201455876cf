"""A person in; what every alert level would have meant for them, replayed in the background, for research, out.

What is replayed was lived with a consent to care; researchers see what came of it only where a consent to research
covers the same time, and that in which is learnt what is usual. Kept in memory alone: it goes with the service.
"""

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final, Self

from alerts.errors import AlertError
from alerts.rehearsal.budget import Budget as Found
from alerts.rehearsal.budget import Choice as Chosen
from console.research.office import Budget, Level, Span, Working
from forecalm.installation import Installation
from forecalm.rehearsing.replaying import EVER, heard_in
from forecalm.rescoring.rescoring import LEARN_S
from forecalm.watching.champion import choose
from ingest.errors import IngestError, RegistryError
from ingest.readings import Readings
from ingest.registry.consents import Scope
from models.risk import TRAINING_FREE

log = logging.getLogger(__name__)

DAY_S: Final = 86_400.0
PER_DAY: Final = 2.0
"""With which budget it is replayed; every level is looked at, so that any other can be chosen afterwards."""

WAIT_S: Final = 0.5
"""How long a stop waits for a replay, which takes minutes and writes nothing."""


class Budgets:
    """Replays people, one after the other, on a thread of its own. Use as a context manager; from any thread."""

    def __init__(self, here: Installation, readings: Readings, *, clock: Callable[[], float]) -> None:
        self._here = here
        self._readings = readings
        self._clock = clock
        self._known: dict[str, Budget | Working] = {}
        self._covered: dict[str, tuple[Span, ...]] = {}
        self._asked: SimpleQueue[tuple[str, float] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="budgets", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._asked.put(None)  # it waits for the next one
        self._thread.join(timeout=WAIT_S)  # a replay is not cut off: it is a daemon's, and writes nothing

    def of(self, wearer: str) -> Budget | Working | None:
        """Return what is known; nothing any more where a consent that covered it was withdrawn."""
        with self._lock:
            found, then = self._known.get(wearer), self._covered.get(wearer, ())
        if isinstance(found, Budget):
            now = self._for_research(wearer, -EVER, EVER)
            if not all(any(a <= low and high <= b for a, b in now) for low, high in then):
                with self._lock:
                    self._known.pop(wearer, None)
                return None
        return found

    def ask(self, wearer: str, *, days: float) -> None:
        """Begin to work it out, unless that is under way; raises RegistryError where no consent to research covers
        what would be replayed."""
        with self._lock:
            known = self._known.get(wearer)
            if isinstance(known, Working) and not known.failed:
                return
        since_s, until_s = self._span(wearer, days)
        with self._lock:
            self._known[wearer] = Working()
            self._covered[wearer] = self._for_research(wearer, since_s, until_s)
        self._asked.put((wearer, days))

    def _span(self, wearer: str, days: float) -> Span:
        """From when to when would be replayed, with what is learnt from before it."""
        now_s = self._clock()
        lived = heard_in(self._readings, wearer, -EVER, now_s)
        if lived is None:
            return -EVER, now_s  # imported recordings: only those that a consent to research covers are read at all
        span = max(lived[0], lived[1] - days * DAY_S - LEARN_S), lived[1]
        if not self._covers(wearer, span):
            raise RegistryError(
                "days: what would be replayed, and the two days before it from which is learnt what is usual, are not"
                " all covered by a consent to research; ask for fewer days"
            )
        return span

    def _covers(self, wearer: str, span: Span) -> bool:
        """Whether everything of a wristband that care may use in the span, research may use, too."""
        allowed = self._for_research(wearer, *span)
        lived = [each for each in self._readings.worn(wearer, *span, scope=Scope.CARE) if not each.source.imported]
        return all(any(low <= a and b <= high for low, high in allowed) for worn in lived for a, b in worn.covered)

    def _for_research(self, wearer: str, since_s: float, until_s: float) -> tuple[Span, ...]:
        """What of a time research may use; nothing of whom nobody knows any more."""
        try:
            worn = self._readings.worn(wearer, since_s, until_s, scope=Scope.RESEARCH)
        except RegistryError:
            return ()
        return tuple(span for each in worn for span in each.covered)

    def _run(self) -> None:
        """On the thread. What replays loads scikit-learn, and is imported when somebody asks."""
        while not self._stop.is_set():
            asked = self._asked.get()
            if asked is None:
                return
            wearer, days = asked
            now_s = self._clock()
            try:
                from forecalm.rehearsing.budget import budget

                model = choose(self._here.models).champion
                found, note = budget(self._here.config, wearer, per_day=PER_DAY, days=days, until_s=now_s)
                name = TRAINING_FREE if model is None else model.name
                known: Budget | Working = _budget(wearer, name, now_s, days, found, note)
            except (AlertError, IngestError) as error:
                known = Working(failed=f"{error}.")
            except Exception as error:  # whatever a replay does: the next person's is worked out all the same
                log.exception("what levels would have meant cannot be worked out")
                known = Working(failed=f"It cannot be worked out ({type(error).__name__}); the server's log says why.")
            with self._lock:
                self._known[wearer] = known


def _budget(wearer: str, model: str, now_s: float, days: float, found: Found, note: str) -> Budget:
    return Budget(
        wearer=wearer,
        model=model,
        made_s=now_s,
        days=days,
        worn_s=found.worn_s,
        events=len(found.events),
        unheard=found.unheard,
        recorded=found.recorded,
        levels=tuple(_level(each) for each in found.levels),
        holds=_level(found.holds),
        note=note,
    )


def _level(each: Chosen) -> Level:
    return Level(
        enter=each.enter,
        alerts=len(each.alerts_s),
        false=len(each.false_s),
        told=each.told,
        lead_s=each.lead_s,
        a_day=each.a_day,
        busy=each.busy,
    )
