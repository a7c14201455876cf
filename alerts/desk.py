"""Seconds of risk in, what every carer is shown out: one desk for all wearers, journalled before anybody is told."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from alerts.audience import Audience, Listener
from alerts.entries import Reasons, check_missing, check_second, moment, rules, sentences
from alerts.errors import AlertError, UnknownAlert
from alerts.events import Event
from alerts.journal import Log
from alerts.kept import Kept
from alerts.ledger import Ledger, last_sight, past, told_of
from alerts.names import name
from alerts.policy import Policy
from alerts.situation_events import AlertAcknowledged, AlertRaised, AlertResolved, SightLost, SightRegained
from alerts.state import GLIMPSE, Glimpse, Situation, after, looked
from alerts.views import AlertView, Blind, RiskState, Sight, Stamp, WearerView
from models.risk import TRAINING_FREE, Abstention

log = logging.getLogger(__name__)

OPEN_LONG_S: Final = 7200.0
"""Whoever took an alert and has said nothing for two hours may have forgotten it: an episode lasts minutes, and while
it is open no other is told of. The view says so, and delivery tells somebody."""


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

    Raises AlertError where two wearers have the same name, one is not printable, ``started_s`` is not finite, or rules
    are none.
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
        self._policies = rules(policies)
        self._kept = Kept(journal, anyway="alerts are shown", wait=last_sight)
        self._lock = threading.RLock()
        self._now_s = moment(started_s, "started_s")
        self._ticked = False
        self._audience = Audience()
        self._held: tuple[list[Event], list[WearerView]] | None = None  # not written, and not told, yet
        self._ledgers = past(journal.history, wearers, started_s)

    @property
    def journal_fault(self) -> str | None:
        """Why the journal cannot be written, or None: while it says something, a crash may forget open alerts."""
        return self._kept.fault

    def use(self, policies: Mapping[str, Policy]) -> None:
        """Watch the wearers of ``policies`` by these from their next second on, everybody else by the desk's own. What
        is open stays open, and what was counted goes on: only what counts as high or low is another. Raises AlertError
        where one of them is no ``Policy``, and then nothing has changed."""
        fresh = rules(policies)
        with self._lock:
            self._policies = fresh

    def policy_of(self, wearer: str) -> Policy:
        """Return by which rules somebody is watched: those that their last second was judged by."""
        ledger = self._ledgers.get(wearer)
        held, own = self._policy, self._policies.get(wearer)
        if ledger is not None and ledger.policy is not None:
            held = ledger.policy
        return held if own is None or own.of not in ("", held.version) else own

    def watch(self, wearer: str) -> WearerView:
        """Watch somebody more from now on, and return what is shown; somebody who is watched stays as they are.

        Raises AlertError where the name is not printable.
        """
        with self._lock:
            if wearer not in self._ledgers:
                if not (wearer and wearer.isprintable()):
                    raise AlertError(f"{wearer!r} cannot be watched: a printable name is needed")
                self._ledgers = {**self._ledgers, **past(told_of(wearer, self._kept.known), [wearer], self._now_s)}
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
        policy: Policy | None = None,
        missing: tuple[str, ...] = (),
        besides: Reasons = (),
    ) -> WearerView:
        """Take one second of ``wearer``, which ended at ``second_end_s`` [UTC s], and return what is shown now.

        ``probability`` is NaN exactly where ``abstention`` is not NONE. ``reasons`` (or what it returns) are the
        sentences for this second; ``besides`` are asked only where this second raises an alert, and end its reasons;
        ``heart_rate_bpm`` is NaN where unknown; ``model`` is the name of what says so, and stands on an alert that this
        second raises. ``policy`` are the rules that belong to it (None: the desk's); where they change from one second
        to the next, what is open stays open, and what was counted goes on. ``missing`` is of ``alerts.views.CHANNELS``.
        Raises AlertError for an unknown wearer, a time that is not finite, or a probability that does not fit its
        abstention.
        """
        with self._lock:
            ledger = self._ledger(wearer)
            abstention = Abstention(abstention)
            check_second(probability, abstention, moment(second_end_s, "second_end_s"))
            check_missing(missing)
            if ledger.sight.reason is Blind.NOT_RECORDING or not self._decides(ledger, second_end_s):
                return ledger.view
            self._judge_by(ledger, policy)
            ledger.hear(second_end_s, abstention, learnt, battery_pct)
            known = None if abstention else float(probability)
            ledger.model, ledger.missing = model, missing
            why = sentences(reasons)
            self._move(ledger, abstention, known, (why, besides), second_end_s)
            ledger.read(second_end_s, known, heart_rate_bpm, why)
            return self._show(ledger, second_end_s, stamp)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Take everything that is brought in this block, which is to be short, in one: one write to the journal, then
        every view in its order. A thousand bands that come back at once would else be a thousand waits for the disk."""
        with self._lock:
            if self._held is not None:
                yield
                return
            events, views = self._held = ([], [])
            try:
                yield
            finally:
                self._held = None
                if events:
                    self._write(events)
                for view in views:
                    self._audience.tell(view)

    def _move(
        self,
        ledger: Ledger,
        abstention: Abstention,
        probability: float | None,
        words: tuple[tuple[str, ...], Reasons],
        at_s: float,
    ) -> None:
        """Let a second move sight and risk; what changed is in the journal first."""
        sight = self._sight_after(ledger, abstention, at_s)
        events = _sight_events(ledger, sight, at_s)
        situation, alert = ledger.situation, ledger.alert
        if probability is not None:
            situation = after(situation, probability, at_s, self.policy_of(ledger.wearer))
            if situation.risk is not ledger.situation.risk:
                alert, moved = self._alert_after(ledger, situation, probability, words, at_s)
                events += moved
        if events:
            self._write(events)
        ledger.sight, ledger.situation, ledger.alert = sight, situation, alert
        ledger.raised += any(isinstance(event, AlertRaised) for event in events)
        ledger.open_long = ledger.open_long and ledger.open is not None

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
            sight = looked(ledger.sight, Glimpse.ALLOWED if allowed else Glimpse.FORBIDDEN, moment(at_s, "at_s"))
            if sight is ledger.sight:
                return ledger.view
            self._write(_sight_events(ledger, sight, at_s))
            ledger.take_down(sight)
            ledger.battery_pct = None
            return self._show(ledger, max(at_s, ledger.view.at_s), None)

    def tick(self, now_s: float) -> list[WearerView]:
        """Tell the desk the time [UTC s]; return the wearers who have been silent for ``silent_after_s`` since the last
        tick, and those whose alert has been open for ``OPEN_LONG_S`` since somebody took it. To be called about once a
        second, whether or not anything arrives."""
        with self._lock:
            self._now_s = moment(now_s, "now_s")
            self._ticked = True
            changed: list[tuple[Ledger, Sight]] = []
            for ledger in self._ledgers.values():
                silent_after_s = self.policy_of(ledger.wearer).silent_after_s
                ledger.notice_clock(now_s, silent_after_s)
                sight = ledger.sight
                if now_s - ledger.signal_s >= silent_after_s:
                    sight = looked(sight, Glimpse.QUIET, ledger.signal_s)
                if sight is not ledger.sight or ledger.is_open_long(now_s, OPEN_LONG_S) is not ledger.open_long:
                    changed.append((ledger, sight))
            events = [event for ledger, sight in changed for event in _sight_events(ledger, sight, now_s)]
            if events or self._kept.waits:
                self._write(events)
            return [self._show_changed(ledger, sight, now_s) for ledger, sight in changed]

    def _show_changed(self, ledger: Ledger, sight: Sight, now_s: float) -> WearerView:
        if sight is not ledger.sight:
            ledger.take_down(sight)
        ledger.open_long = ledger.is_open_long(now_s, OPEN_LONG_S)
        return self._show(ledger, now_s, None)

    def acknowledge(self, alert_id: str, *, by: str, at_s: float) -> AlertView:
        """Give the alert to the person named ``by`` and return it. Who took it first has it: others change nothing.

        Raises UnknownAlert where no alert has that id, AlertError where the name is empty, longer than 80 characters or
        not printable.
        """
        with self._lock:
            who = name(by, of="an alert is taken by name")
            ledger, alert = self._alert(alert_id)
            if alert.acknowledged_by is None:
                taken = AlertAcknowledged(wearer=ledger.wearer, at_s=moment(at_s, "at_s"), alert_id=alert_id, by=who)
                self._act(ledger, taken)
            return ledger.alert or alert

    def close(self, alert_id: str, *, by: str, at_s: float) -> AlertView:
        """End the alert because the person named ``by`` says that it is over, and return it; where nobody had taken it
        they have. Who ended it first has: others change nothing. Signs that stay high raise another one after the
        refractory time. Raises as ``acknowledge`` does."""
        with self._lock:
            who = name(by, of="an alert is ended by name")
            ledger, alert = self._alert(alert_id)
            if alert.resolved_s is None:
                wearer, at_s = ledger.wearer, moment(at_s, "at_s")
                taken = AlertAcknowledged(wearer=wearer, at_s=at_s, alert_id=alert_id, by=who)
                over = AlertResolved(wearer=wearer, at_s=at_s, alert_id=alert_id, by=who)
                self._act(ledger, *([] if alert.acknowledged_by else [taken]), over)
            return ledger.alert or alert

    def _act(self, ledger: Ledger, *acts: AlertAcknowledged | AlertResolved) -> None:
        """Journal what a person did, do it, and show it."""
        self._write(acts)
        for act in acts:
            ledger.fold(act)
        ledger.open_long = ledger.open_long and ledger.open is not None
        self._show(ledger, max(acts[-1].at_s, ledger.view.at_s), None)

    def views(self) -> list[WearerView]:
        """Return what is shown of everybody, in the order in which they were given."""
        with self._lock:
            return [ledger.view for ledger in self._ledgers.values()]

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with every view that is shown from now on; return what ends that."""
        with self._lock:
            key = self._audience.add(listener)

        def unsubscribe() -> None:
            with self._lock:
                self._audience.drop(key)

        return unsubscribe

    def _ledger(self, wearer: str) -> Ledger:
        try:
            return self._ledgers[wearer]
        except KeyError:
            raise AlertError(f"nobody called {wearer!r} is watched at this desk: assign the band first") from None

    def _alert(self, alert_id: str) -> tuple[Ledger, AlertView]:
        for ledger in self._ledgers.values():
            if ledger.alert is not None and ledger.alert.alert_id == alert_id:
                return ledger, ledger.alert
        raise UnknownAlert(f"no open alert has the id {alert_id!r}: it may be over, look at the board")

    def _decides(self, ledger: Ledger, second_end_s: float) -> bool:
        if second_end_s <= ledger.second_s:
            return False
        off_s = second_end_s - self._now_s
        return not self._ticked or abs(off_s) <= self.policy_of(ledger.wearer).silent_after_s

    def _sight_after(self, ledger: Ledger, abstention: Abstention, at_s: float) -> Sight:
        if abstention is not Abstention.NO_SIGNAL:
            return looked(ledger.sight, GLIMPSE[abstention], at_s)
        if at_s - ledger.signal_s < self.policy_of(ledger.wearer).silent_after_s:
            return ledger.sight
        return looked(ledger.sight, Glimpse.QUIET, ledger.signal_s)

    def _alert_after(
        self,
        ledger: Ledger,
        situation: Situation,
        probability: float,
        words: tuple[tuple[str, ...], Reasons],
        at_s: float,
    ) -> tuple[AlertView | None, list[Event]]:
        """What becomes of the alert where a second moved risk to another state, and what is to be journalled of it."""
        if situation.risk is RiskState.ALERTING:
            why, besides = words
            raised = AlertRaised(
                wearer=ledger.wearer,
                at_s=at_s,
                alert_id=f"{ledger.wearer}-{round(at_s)}-{ledger.raised + 1}",
                probability=probability,
                reasons=(*why, *sentences(besides)),
                policy=self.policy_of(ledger.wearer).version,
                model=ledger.model,
            )
            return ledger.raise_alert(raised), [raised]
        if situation.risk is RiskState.RESOLVED and ledger.alert is not None:
            over = AlertResolved(wearer=ledger.wearer, at_s=at_s, alert_id=ledger.alert.alert_id)
            return replace(ledger.alert, resolved_s=at_s), [over]
        return None, []

    def _show(self, ledger: Ledger, at_s: float, stamp: Stamp | None) -> WearerView:
        view = ledger.show(at_s, stamp)
        if self._held is None:
            self._audience.tell(view)
        else:
            self._held[1].append(view)
        return ledger.view

    def _write(self, events: Sequence[Event]) -> None:
        if self._held is None:
            self._kept.write(events)
        else:
            self._held[0].extend(events)


def _sight_events(ledger: Ledger, sight: Sight, at_s: float) -> list[Event]:
    if sight is ledger.sight or sight == ledger.sight:
        return []
    if sight.reason is None:
        return [SightRegained(wearer=ledger.wearer, at_s=at_s)]
    return [SightLost(wearer=ledger.wearer, at_s=at_s, reason=sight.reason, since_s=sight.since_s)]
