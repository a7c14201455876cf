"""What carers say it was in; lines of the journal, and labels that models learn from, each once, out."""

import hashlib
import logging
import threading
from collections import deque
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from alerts.delivered import with_delivered
from alerts.entries import moment
from alerts.errors import AlertError, JournalError, UnknownAlert
from alerts.events import Event
from alerts.journal import Log
from alerts.names import name
from alerts.outcomes.events import OutcomeTold, What
from alerts.outcomes.helped import helped as as_helped
from alerts.outcomes.labelled import label_of
from alerts.outcomes.times import AlertTimes, lasted
from alerts.patient_log import Unanswered, Write
from alerts.situation_events import AlertRaised, AlertResolved
from alerts.views import RiskState, WearerView
from ingest.errors import IngestError, StoreError
from ingest.ids import HOW, is_id
from ingest.labels import Label

log = logging.getLogger(__name__)

TWICE_S: Final = 120.0
"""The same told again by the same person so soon is the same telling [s]: a tablet sends again what it got no answer
to. With an ``outcome_id`` of its own it may come again at any time."""

ROSE_MAX_S: Final = 1_800.0
"""Signs that rose longer before an alert are not its beginning any more [s]."""


class UnknownOutcome(AlertError, LookupError):
    """There is no outcome with that id."""


class Labels(Protocol):
    """Where outcomes become labels: see ``ingest.registry.registry.Registry``. Raises StoreError while it is away."""

    def enter_outcome(self, outcome_id: str, label: Label, *, corrects: str = "", by: str) -> int:
        """Enter a label once, whatever became of it since."""
        ...

    def outcomes_entered(self) -> frozenset[str]:
        """Return the id of every outcome that was ever entered."""
        ...


class Outcomes:
    """Goes on from what ``journal`` holds. ``tell`` and ``correct`` write the journal and return; ``enter`` makes
    labels of what the journal has and ``labels`` has not, and is to be called at the start, behind each of them, and
    every few seconds: a registry that is away delays a label and loses none.

    An alert has one outcome: whoever tells another one of it corrects the first. All of them stay in the journal; the
    registry keeps the labels beside each other. Thread-safe. Raises AlertError naming the field, UnknownAlert,
    UnknownOutcome, and JournalError where the disk takes nothing: then nothing was told, and it can be told again.
    Where the disk does not answer it is Unanswered: it is told as soon as it is found to be written, and only then.
    """

    def __init__(self, journal: Log, labels: Labels) -> None:
        self._journal = journal
        self._labels = labels
        self._lock = threading.Lock()
        self._entering = threading.Lock()
        self._told: dict[str, OutcomeTold] = {}
        self._next: dict[str, str] = {}  # the outcome that stands in for one, by the id of that one
        self._of_alert: dict[str, str] = {}  # the first outcome of an alert
        self._alerts: dict[str, AlertTimes] = {}
        self._rising: dict[str, float] = {}
        self._waiting: deque[OutcomeTold] = deque()
        for event in with_delivered(journal.history):
            self._fold(event)
        self._unchecked = bool(self._waiting)
        self._away = False
        self._late: Write | None = None  # a telling that the disk has not answered to

    def hear(self, view: WearerView) -> None:
        """Take in when signs rise and alerts begin and end; returns at once, so that a desk can call it."""
        if view.risk is RiskState.RISING:
            self._rising[view.wearer] = view.risk_since_s
        alert = view.alert
        if alert is None:
            return
        known = self._alerts.get(alert.alert_id)
        if known is None:
            rose_s = self._rising.pop(view.wearer, None)
            near = rose_s is not None and 0 <= alert.raised_s - rose_s <= ROSE_MAX_S
            known = AlertTimes(alert.alert_id, alert.wearer, alert.raised_s, rose_s if near else None)
        self._alerts[alert.alert_id] = AlertTimes(
            known.alert_id, known.wearer, known.raised_s, known.rose_s, alert.resolved_s
        )

    def tell(
        self,
        wearer: str,
        *,
        alert_id: str,
        by: str,
        what: What,
        helped: Sequence[str] = (),
        began_s: float | None = None,
        uncertainty_s: float | None = None,
        ended_s: float | None = None,
        at_s: float,
        outcome_id: str = "",
    ) -> OutcomeTold:
        """Say, at ``at_s``, what it was: of an alert, or with ``alert_id`` "" of what raised none. What is not given is
        taken from the alert's own times: see ``alerts.outcomes.times``. ``outcome_id`` is the teller's own name for
        this telling: told again under it, nothing changes. Return what is kept."""
        alert = self._alert(alert_id, wearer)
        if alert is not None:
            wearer = alert.wearer
        if not wearer:
            raise AlertError("wearer: say whom it befell")
        with self._lock:
            self._settle()
            again = self._again(outcome_id, wearer)
            if again is not None:
                return again
            said = self._said(wearer, alert_id, by, what, helped, moment(at_s, "at_s"))
            first = self._of_alert.get(alert_id) if alert_id else None
            for each in self._lately(wearer, first, began_s, at_s):
                if _same(each, said, began_s, uncertainty_s, ended_s):
                    return self._told[self._last(each.outcome_id)]
            if first is not None:
                return self._correct(first, said, began_s, uncertainty_s, ended_s, outcome_id)
            when = lasted(
                what,
                alert,
                began_s=began_s,
                uncertainty_s=uncertainty_s,
                ended_s=ended_s,
                at_s=at_s,
                first_s=at_s,
            )
            return self._write(
                msgspec.structs.replace(
                    said, began_s=when.began_s, uncertainty_s=when.uncertainty_s, ended_s=when.ended_s
                ),
                outcome_id,
            )

    def correct(
        self,
        outcome_id: str,
        *,
        by: str,
        what: What,
        helped: Sequence[str] = (),
        began_s: float | None = None,
        uncertainty_s: float | None = None,
        ended_s: float | None = None,
        at_s: float,
        new_id: str = "",
    ) -> OutcomeTold:
        """Say something else in the place of an outcome, or of what stands in for it by now; both are kept. What is not
        given stays as it was said. ``new_id`` is as ``outcome_id`` of ``tell``."""
        with self._lock:
            self._settle()
            first = self._told.get(outcome_id)
            if first is None:
                raise UnknownOutcome("there is no outcome with that id: it may belong to somebody who was erased")
            again = self._again(new_id, first.wearer)
            if again is not None:
                return again
            said = self._said(first.wearer, first.alert_id, by, what, helped, moment(at_s, "at_s"))
            return self._correct(outcome_id, said, began_s, uncertainty_s, ended_s, new_id)

    def whose(self, said_id: str) -> str:
        """Return of whom an outcome or an alert of that id is, however long ago; "" where nobody knows it."""
        with self._lock:
            told, alert = self._told.get(said_id), self._alerts.get(said_id)
        return told.wearer if told is not None else alert.wearer if alert is not None else ""

    def times(self, alert_id: str) -> AlertTimes | None:
        """Return whose an alert was and when, however long ago; None where nobody knows it."""
        with self._lock:
            return self._alerts.get(alert_id)

    def of(self, wearer: str) -> tuple[OutcomeTold, ...]:
        """Return every outcome of a wearer in order of what began first, corrections behind what they stand in for."""
        with self._lock:
            self._settle()
            firsts = [each for each in self._told.values() if each.wearer == wearer and not each.corrects]
            chains = [self._chain(each.outcome_id) for each in firsts]
        return tuple(each for chain in sorted(chains, key=lambda chain: chain[-1].began_s) for each in chain)

    @property
    def waiting(self) -> int:
        """How many outcomes are in the journal, or may be, and may not be labels yet."""
        return len(self._waiting) + (self._late is not None)

    def enter(self) -> int:
        """Enter as labels what waits, in order, and return how many still wait: the registry is away. One that it
        refuses (nobody knows the wearer any more) stays in the journal alone, with a line in the log."""
        with self._entering:
            with self._lock:
                self._settle()
            try:
                if self._unchecked:
                    self._drop(self._labels.outcomes_entered())
                while self._waiting:
                    told = self._waiting[0]
                    try:
                        self._labels.enter_outcome(told.outcome_id, label_of(told), corrects=told.corrects, by=told.by)
                    except StoreError:
                        raise
                    except IngestError as error:
                        log.warning("an outcome is no label: %s", type(error).__name__)
                    self._waiting.popleft()
            except StoreError as error:
                if not self._away:
                    log.warning("outcomes wait for the registry, which is away: %s", type(error).__name__)
                self._away = True
            else:
                if self._away:
                    log.warning("the registry is back: every outcome is a label")
                self._away = False
        return len(self._waiting)

    def _drop(self, entered: frozenset[str]) -> None:
        with self._lock:
            self._waiting = deque(each for each in self._waiting if each.outcome_id not in entered)
            self._unchecked = False

    def _fold(self, event: Event) -> None:
        match event:
            case AlertRaised():
                self._alerts[event.alert_id] = AlertTimes(event.alert_id, event.wearer, event.at_s)
            case AlertResolved() if event.alert_id in self._alerts:
                raised = self._alerts[event.alert_id]
                self._alerts[event.alert_id] = AlertTimes(
                    raised.alert_id, raised.wearer, raised.raised_s, resolved_s=event.at_s
                )
            case OutcomeTold():
                self._take(event)

    def _take(self, told: OutcomeTold) -> None:
        self._told[told.outcome_id] = told
        if told.corrects:
            self._next[told.corrects] = told.outcome_id
        elif told.alert_id:
            self._of_alert.setdefault(told.alert_id, told.outcome_id)
        self._waiting.append(told)

    def _alert(self, alert_id: str, wearer: str) -> AlertTimes | None:
        if not alert_id:
            return None
        alert = self._alerts.get(alert_id)
        if alert is None:
            raise UnknownAlert("alert_id: no alert has that id; what raised none is told without one")
        if wearer not in ("", alert.wearer):
            raise AlertError("wearer: the alert is somebody else's; leave it empty, or tell it without an alert")
        return alert

    def _again(self, outcome_id: str, wearer: str) -> OutcomeTold | None:
        """What was told under that id before; None: nothing. Raises AlertError where it is none, or another's."""
        if not outcome_id:
            return None
        if not is_id(outcome_id):
            raise AlertError(f"outcome_id: {HOW}")
        told = self._told.get(outcome_id)
        if told is not None and told.wearer != wearer:
            raise AlertError("outcome_id: there is one already, of somebody else: choose another")
        return told

    def _said(self, wearer: str, alert_id: str, by: str, what: What, helped: Sequence[str], at_s: float) -> OutcomeTold:
        try:
            what = What(what)
        except ValueError:
            raise AlertError(f"what: one of {', '.join(repr(each.value) for each in What)}") from None
        return OutcomeTold(
            at_s=at_s,
            wearer=wearer,
            outcome_id="",
            alert_id=alert_id,
            by=name(by, of="by"),
            what=what,
            helped=as_helped(helped),
            began_s=0.0,
            uncertainty_s=0.0,
            ended_s=0.0,
        )

    def _correct(
        self,
        outcome_id: str,
        said: OutcomeTold,
        began_s: float | None,
        uncertainty_s: float | None,
        ended_s: float | None,
        new_id: str,
    ) -> OutcomeTold:
        """Put ``said`` in the place of what holds by now; nothing is written where it says the same."""
        last = self._told[self._last(outcome_id)]
        if began_s is not None and uncertainty_s is None and began_s == last.began_s:
            uncertainty_s = last.uncertainty_s
        kept = began_s is None
        when = lasted(
            said.what,
            self._alerts.get(last.alert_id),
            began_s=last.began_s if kept else began_s,
            uncertainty_s=last.uncertainty_s if kept and uncertainty_s is None else uncertainty_s,
            ended_s=last.ended_s if ended_s is None else ended_s,
            at_s=max(said.at_s, last.at_s),  # a clock that was set back makes nothing that was told a thing to come
            first_s=self._first(last).at_s,
        )
        new = msgspec.structs.replace(
            said,
            corrects=last.outcome_id,
            began_s=when.began_s,
            uncertainty_s=when.uncertainty_s,
            ended_s=when.ended_s,
        )
        if _same(last, new, new.began_s, new.uncertainty_s, new.ended_s):
            return last
        return self._write(new, new_id)

    def _write(self, told: OutcomeTold, outcome_id: str) -> OutcomeTold:
        """The journal first; then it holds, and waits to be a label."""
        kept = msgspec.structs.replace(told, outcome_id=outcome_id or _id_of(told))
        if self._late is not None:
            raise JournalError("nothing was told, for the disk has not answered to what was told before")
        try:
            self._journal.append([kept])
        except Unanswered as error:
            self._late = error.write
            raise
        self._take(kept)
        return kept

    def _settle(self) -> None:
        """Let a telling that the disk answered to late hold, if it is written."""
        late = self._late
        if late is not None and late.over.is_set():
            self._late = None
            for event in () if late.refusal is not None else late.events:
                self._fold(event)

    def _last(self, outcome_id: str) -> str:
        while outcome_id in self._next:
            outcome_id = self._next[outcome_id]
        return outcome_id

    def _first(self, told: OutcomeTold) -> OutcomeTold:
        while told.corrects in self._told:
            told = self._told[told.corrects]
        return told

    def _chain(self, outcome_id: str) -> list[OutcomeTold]:
        chain = [self._told[outcome_id]]
        while chain[-1].outcome_id in self._next:
            chain.append(self._told[self._next[chain[-1].outcome_id]])
        return chain

    def _lately(self, wearer: str, first: str | None, began_s: float | None, at_s: float) -> list[OutcomeTold]:
        """What this may be told again of: what was said just now of the alert whose outcome is ``first``, or without
        one; and at any time what began at that very moment, for nobody sees two such things at once."""
        if first is not None:
            return [each for each in self._chain(first) if abs(at_s - each.at_s) <= TWICE_S]
        mine = (each for each in self._told.values() if each.wearer == wearer and not each.alert_id)
        return [each for each in mine if abs(at_s - each.at_s) <= TWICE_S or each.began_s == began_s]


def _same(
    told: OutcomeTold, said: OutcomeTold, began_s: float | None, uncertainty_s: float | None, ended_s: float | None
) -> bool:
    """Whether ``said`` says just what was told; what is not given says nothing else."""
    given = ((began_s, told.began_s), (uncertainty_s, told.uncertainty_s), (ended_s, told.ended_s))
    return (told.by, told.what, told.helped) == (said.by, said.what, said.helped) and all(
        value is None or value == was for value, was in given
    )


def _id_of(told: OutcomeTold) -> str:
    """A name that the same telling at the same moment always has, and nobody can read."""
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:32]
