"""Seconds of risk in, what every carer is shown out: one desk for all wearers, journalled before anybody is told."""

import logging
import math
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from alerts.errors import AlertError, JournalError, UnknownAlert
from alerts.events import Event
from alerts.happened import HappenedTo
from alerts.journal import Log
from alerts.ledger import Ledger, past
from alerts.policy import Policy
from alerts.situation_events import AlertAcknowledged, AlertRaised, AlertResolved, SightLost, SightRegained
from alerts.state import BLIND, Sign, Situation, after, seen, step
from alerts.views import AlertView, Blind, RiskState, Sight, Stamp, WearerView
from alerts.words import blind
from models.risk import TRAINING_FREE, Abstention

log = logging.getLogger(__name__)

Reasons = Callable[[], tuple[str, ...]] | tuple[str, ...]
Listener = Callable[[WearerView], None]

BLANKS: Final = frozenset("\u115f\u1160\u3164\uffa0 ")
"""Letters to Unicode, and nothing to see for a person: the Hangul fillers."""

NAME_MAX: Final = 80
"""Characters of a carer's name: long enough for any name, short enough for a board."""


class Desk:
    """Watches ``wearers`` (pseudonyms) by ``policy``, by that of the model that speaks where it has one (``observe``),
    or by one of their own where ``policies`` has one that stands in for these (``use`` changes them); goes on from what
    ``journal`` holds; at work since ``started_s``.

    Every change is in the journal before it can be seen. If the journal cannot be written the alert is shown all the
    same and ``journal_fault`` says why: an alert that a crash may forget is better than one that nobody is told of.
    What could not be written about alerts is written as soon as the disk takes it.

    Time enters as data. A second not after the last one observed, or further than ``silent_after_s`` from the time
    that ``tick`` told, decides nothing. Thread-safe. Listeners are called in order, under the lock: they hand the view
    on and return; one that raises is logged and hurts nobody else.

    Raises AlertError where two wearers have the same name, one is not printable, or ``started_s`` is not finite.
    """

    def __init__(
        self,
        *,
        wearers: Sequence[str],
        policy: Policy,
        journal: Log,
        started_s: float,
        policies: Mapping[str, Policy] = MappingProxyType({}),
    ) -> None:
        if len(set(wearers)) != len(wearers) or not all(wearer and wearer.isprintable() for wearer in wearers):
            raise AlertError("every wearer needs a printable name of their own: two are the same, or one is none")
        self._policy = policy
        self._policies = dict(policies)
        self._journal = journal
        self._lock = threading.RLock()
        self._now_s = _moment(started_s, "started_s")
        self._ticked = False
        self._listeners: dict[object, Listener] = {}
        self._untold: deque[WearerView] = deque()
        self._telling = False
        self._unwritten: list[Event] = []
        self._fault: str | None = None
        self._ledgers = past(journal.history, wearers, started_s)

    @property
    def journal_fault(self) -> str | None:
        """Why the journal cannot be written, or None: while it says something, a crash may forget open alerts."""
        return self._fault

    def use(self, policies: Mapping[str, Policy]) -> None:
        """Watch the wearers of ``policies`` by these from their next second on, everybody else by the desk's own. What
        is open stays open, and what was counted goes on: only what counts as high or low is another."""
        with self._lock:
            self._policies = dict(policies)

    def policy_of(self, wearer: str) -> Policy:
        """Return by which rules somebody is watched: those that their last second was judged by."""
        ledger = self._ledgers.get(wearer)
        return self._rules(wearer, None if ledger is None else ledger.policy)

    def _rules(self, wearer: str, of_model: Policy | None) -> Policy:
        """Their own where these stand in for the model's, else the model's, else the desk's."""
        rules, own = self._policy if of_model is None else of_model, self._policies.get(wearer)
        return rules if own is None or own.of not in ("", rules.version) else own

    def watch(self, wearer: str) -> WearerView:
        """Watch somebody more from now on, and return what is shown; somebody who is watched stays as they are.

        Raises AlertError where the name is not printable.
        """
        with self._lock:
            if wearer not in self._ledgers:
                if not (wearer and wearer.isprintable()):
                    raise AlertError(f"{wearer!r} cannot be watched: a printable name is needed")
                theirs = [
                    event for event in self._journal.history if isinstance(event, HappenedTo) and event.wearer == wearer
                ]
                self._ledgers = {**self._ledgers, **past(theirs, [wearer], self._now_s)}
                self._show(self._ledgers[wearer], self._now_s, None)
            return self._ledgers[wearer].view

    def observe(
        self,
        wearer: str,
        second_end_s: float,
        probability: float,
        abstention: Abstention,
        reasons: Reasons,
        learnt: float,
        heart_rate_bpm: float,
        battery_pct: int | None,
        stamp: Stamp | None,
        model: str = TRAINING_FREE,
        sureness: str = "",
        policy: Policy | None = None,
    ) -> WearerView:
        """Take one second of ``wearer``, which ended at ``second_end_s`` [UTC s], and return what is shown now.

        ``probability`` is NaN exactly where ``abstention`` is not NONE. ``reasons`` (or what it returns) are the
        sentences for this second; ``heart_rate_bpm`` is NaN where unknown; ``model`` is the name of what says so, and
        stands on an alert that this second raises, and so does ``sureness``, in words, as its last reason. ``policy``
        are the rules that belong to it (None: the desk's); where they change from one second to the next, what is open
        stays open, and what was counted goes on. Raises
        AlertError for an unknown wearer, a time that is not finite, or a probability that does not fit its abstention.
        """
        with self._lock:
            ledger = self._ledger(wearer)
            abstention = Abstention(abstention)
            _check(probability, abstention, _moment(second_end_s, "second_end_s"))
            if ledger.sight.reason is Blind.NOT_RECORDING or not self._decides(ledger, second_end_s):
                return ledger.view
            ledger.second_s = second_end_s
            self._judge_by(ledger, policy)
            ledger.learnt = min(max(float(learnt), 0.0), 1.0)
            ledger.battery_pct = ledger.battery_pct if battery_pct is None else battery_pct
            if abstention is not Abstention.NO_SIGNAL:
                ledger.signal_s = second_end_s
            sentences = _sentences(reasons)
            blindness = self._blindness(ledger, abstention, second_end_s)
            sight = seen(ledger.sight, blindness, ledger.signal_s if blindness is Blind.SILENT else second_end_s)
            events = self._sight_events(ledger, sight, second_end_s)
            situation, alert = ledger.situation, ledger.alert
            if abstention is Abstention.NONE:
                situation = after(situation, float(probability), second_end_s, self.policy_of(wearer))
                alert, moved = self._alert_after(
                    ledger, situation, float(probability), (*sentences, *filter(None, [sureness])), second_end_s, model
                )
                events += moved
            if events:
                self._write(events)
            ledger.sight, ledger.situation, ledger.alert = sight, situation, alert
            ledger.raised += any(isinstance(event, AlertRaised) for event in events)
            ledger.probability = None if abstention else float(probability)
            ledger.trend.add(second_end_s, ledger.probability)
            ledger.heart_rate_bpm = float(heart_rate_bpm) if math.isfinite(heart_rate_bpm) else None
            ledger.why = sentences if sentences or sight.reason is None else (blind(sight.reason, ledger.learnt),)
            return self._show(ledger, second_end_s, stamp)

    def _judge_by(self, ledger: Ledger, of_model: Policy | None) -> None:
        """Take the rules of whatever speaks, and say so where somebody's own do not fit them any more, or do again."""
        if of_model is ledger.policy:
            return
        before = self.policy_of(ledger.wearer).version
        ledger.policy = of_model
        now, own = self.policy_of(ledger.wearer).version, self._policies.get(ledger.wearer)
        if own is not None and own.version in (before, now) and before != now:
            log.warning("rules of one wearer's own were chosen for another model: %s now, not %s", now, before)

    def recording(self, wearer: str, allowed: bool, at_s: float) -> WearerView:
        """Take in whether a consent covers ``wearer`` at ``at_s`` [UTC s], and return what is shown now; to be called
        about once a second.

        While none does, sight is lost for that reason alone, no second decides anything, and what was last read is
        taken down; risk is frozen and an open alert stays. Once one does, the wearer has not been heard yet. Raises
        AlertError for an unknown wearer or a time that is not finite.
        """
        with self._lock:
            ledger = self._ledger(wearer)
            if allowed is (ledger.sight.reason is not Blind.NOT_RECORDING):
                return ledger.view
            sight = seen(ledger.sight, Blind.NOT_HEARD if allowed else Blind.NOT_RECORDING, _moment(at_s, "at_s"))
            self._write(self._sight_events(ledger, sight, at_s))
            self._take_down(ledger, sight)
            ledger.battery_pct = None
            return self._show(ledger, max(at_s, ledger.view.at_s), None)

    def tick(self, now_s: float) -> list[WearerView]:
        """Tell the desk the time [UTC s]; return the wearers who have been silent for ``silent_after_s`` since the last
        tick. To be called about once a second, whether or not anything arrives."""
        with self._lock:
            self._now_s = _moment(now_s, "now_s")
            self._ticked = True
            lost: list[tuple[Ledger, Sight]] = []
            for ledger in self._ledgers.values():
                self._notice_clock(ledger)
                if (
                    now_s - ledger.signal_s >= self.policy_of(ledger.wearer).silent_after_s
                    and ledger.sight.reason not in _UNHEARD
                ):
                    lost.append((ledger, seen(ledger.sight, Blind.SILENT, ledger.signal_s)))
            events = [event for ledger, sight in lost for event in self._sight_events(ledger, sight, now_s)]
            if events or self._unwritten:
                self._write(events)
            views = []
            for ledger, sight in lost:
                self._take_down(ledger, sight)
                views.append(self._show(ledger, now_s, None))
            return views

    def acknowledge(self, alert_id: str, *, by: str, at_s: float) -> AlertView:
        """Give the alert to the person named ``by`` and return it. Who took it first has it: others change nothing.

        Raises UnknownAlert where no alert has that id, AlertError where the name is empty, longer than 80 characters or
        not printable.
        """
        with self._lock:
            _moment(at_s, "at_s")
            name = _name(by)
            for ledger in self._ledgers.values():
                if ledger.alert is not None and ledger.alert.alert_id == alert_id:
                    return self._take(ledger, ledger.alert, name, at_s)
            raise UnknownAlert(f"no open alert has the id {alert_id!r}: it may be over, look at the board")

    def views(self) -> list[WearerView]:
        """Return what is shown of everybody, in the order in which they were given."""
        with self._lock:
            return [ledger.view for ledger in self._ledgers.values()]

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with every view that is shown from now on; return what ends that."""
        key = object()
        with self._lock:
            self._listeners[key] = listener

        def unsubscribe() -> None:
            with self._lock:
                self._listeners.pop(key, None)

        return unsubscribe

    def _ledger(self, wearer: str) -> Ledger:
        try:
            return self._ledgers[wearer]
        except KeyError:
            raise AlertError(f"nobody called {wearer!r} is watched at this desk: assign the band first") from None

    def _decides(self, ledger: Ledger, second_end_s: float) -> bool:
        if second_end_s <= ledger.second_s:
            return False
        off_s = second_end_s - self._now_s
        return not self._ticked or abs(off_s) <= self.policy_of(ledger.wearer).silent_after_s

    def _notice_clock(self, ledger: Ledger) -> None:
        """Where the clock was set back, what was heard last lies ahead: forget its time, or nothing would be new."""
        if ledger.second_s > self._now_s + self.policy_of(ledger.wearer).silent_after_s:
            log.warning("the clock went back %.0f s: seconds are taken from now on", ledger.second_s - self._now_s)
            ledger.second_s = self._now_s
            ledger.signal_s = min(ledger.signal_s, self._now_s)
            ledger.situation = replace(ledger.situation, counted_s=0.0, seen_s=-math.inf)
            ledger.trend.forget_after(self._now_s)

    def _blindness(self, ledger: Ledger, abstention: Abstention, at_s: float) -> Blind | None:
        if abstention is Abstention.NONE:
            return None
        if abstention is not Abstention.NO_SIGNAL:
            return BLIND[abstention]
        if (
            ledger.sight.reason is Blind.NOT_HEARD
            or at_s - ledger.signal_s < self.policy_of(ledger.wearer).silent_after_s
        ):
            return ledger.sight.reason
        return Blind.SILENT

    def _take_down(self, ledger: Ledger, sight: Sight) -> None:
        """Sight is lost: what was last read is said no more, but why nothing is."""
        ledger.sight, ledger.probability, ledger.heart_rate_bpm = sight, None, None
        if sight.reason is not None:
            ledger.why = (blind(sight.reason, ledger.learnt),)

    def _sight_events(self, ledger: Ledger, sight: Sight, at_s: float) -> list[Event]:
        if sight is ledger.sight:
            return []
        if sight.reason is None:
            return [SightRegained(wearer=ledger.wearer, at_s=at_s)]
        return [SightLost(wearer=ledger.wearer, at_s=at_s, reason=sight.reason, since_s=sight.since_s)]

    def _alert_after(
        self,
        ledger: Ledger,
        situation: Situation,
        probability: float,
        reasons: tuple[str, ...],
        at_s: float,
        model: str,
    ) -> tuple[AlertView | None, list[Event]]:
        if situation.risk is ledger.situation.risk:
            return ledger.alert, []
        if situation.risk is RiskState.ALERTING:
            raised = AlertRaised(
                wearer=ledger.wearer,
                at_s=at_s,
                alert_id=f"{ledger.wearer}-{round(at_s)}-{ledger.raised + 1}",
                probability=probability,
                reasons=reasons,
                policy=self.policy_of(ledger.wearer).version,
                model=model,
            )
            return ledger.raise_alert(raised), [raised]
        if situation.risk is RiskState.RESOLVED and ledger.alert is not None:
            over = AlertResolved(wearer=ledger.wearer, at_s=at_s, alert_id=ledger.alert.alert_id)
            return replace(ledger.alert, resolved_s=at_s), [over]
        return None, []

    def _take(self, ledger: Ledger, alert: AlertView, name: str, at_s: float) -> AlertView:
        if alert.acknowledged_by is not None:
            return alert
        self._write([AlertAcknowledged(wearer=ledger.wearer, at_s=at_s, alert_id=alert.alert_id, by=name)])
        ledger.alert = replace(alert, acknowledged_by=name, acknowledged_s=at_s)
        ledger.situation = step(ledger.situation, Sign.TAKEN, at_s)
        self._show(ledger, max(at_s, ledger.view.at_s), None)
        return ledger.alert

    def _write(self, events: list[Event]) -> None:
        try:
            self._journal.append([*self._unwritten, *events])
        except JournalError as error:
            if self._fault is None:
                log.critical("alerts are shown, but not kept: %s", error)
            self._fault = str(error)
            self._unwritten += [event for event in events if not isinstance(event, SightLost | SightRegained)]
        else:
            if self._fault is not None:
                log.warning("the journal is written again")
            self._fault = None
            self._unwritten = []

    def _show(self, ledger: Ledger, at_s: float, stamp: Stamp | None) -> WearerView:
        """Draw the view and tell it; what a listener does about it is told afterwards, not in between."""
        self._untold.append(ledger.show(at_s, stamp))
        if not self._telling:
            self._telling = True
            try:
                while self._untold:
                    self._tell(self._untold.popleft())
            finally:
                self._telling = False
        return ledger.view

    def _tell(self, view: WearerView) -> None:
        for listener in tuple(self._listeners.values()):
            try:
                listener(view)
            except Exception:  # a broken screen must not keep the others from being told
                log.exception("a listener failed")


_UNHEARD: Final = (Blind.NOT_HEARD, Blind.SILENT, Blind.NOT_RECORDING)


def _moment(value_s: float, name: str) -> float:
    if not math.isfinite(value_s):
        raise AlertError(f"{name} is a time in UTC seconds, not {value_s}")
    return value_s


def _check(probability: float, abstention: Abstention, second_end_s: float) -> None:
    if abstention is Abstention.NONE and not 0 <= probability <= 1:
        raise AlertError(
            f"second {second_end_s}: without an abstention the probability is from 0 to 1, not {probability}"
        )
    if abstention is not Abstention.NONE and not math.isnan(probability):
        raise AlertError(f"second {second_end_s}: {abstention.name} says nothing, so the probability is NaN")


def _sentences(reasons: Reasons) -> tuple[str, ...]:
    """Words must never stand between a carer and an alert: where they fail, the alert goes without."""
    try:
        return tuple(reasons() if callable(reasons) else reasons)
    except Exception:
        log.exception("no words for the reasons")
        return ()


def _name(by: str) -> str:
    name = by.strip()
    if not any(map(str.isalnum, name)) or len(name) > NAME_MAX or not name.isprintable() or set(name) <= BLANKS:
        raise AlertError(f"an alert is taken by name: 1 to {NAME_MAX} printable characters, not {len(name)} like these")
    return name
