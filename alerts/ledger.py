"""The journal's history in; one ledger for each wearer out, from which their view is drawn."""

import logging
import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from alerts.delivered import with_delivered
from alerts.events import Event
from alerts.happened import HappenedTo
from alerts.policy import Policy
from alerts.situation_events import (
    AlertAcknowledged,
    AlertRaised,
    AlertResolved,
    SightLost,
    SightRegained,
    SituationEvent,
)
from alerts.state import Sign, Situation, step
from alerts.views import TREND_LENGTH, TREND_STEP_S, AlertView, Blind, RiskState, Sight, Stamp, WearerView
from alerts.words import blind
from models.risk import TRAINING_FREE, Abstention

log = logging.getLogger(__name__)


class Trend:
    """The probability over the last half hour: the highest of each ``TREND_STEP_S``, so that no peak is lost."""

    def __init__(self) -> None:
        self._steps: deque[tuple[int, float]] = deque(maxlen=TREND_LENGTH)
        self._drawn: tuple[float | None, ...] = ()
        self._drawn_to: int | None = None  # the step of its last value; None: to be drawn anew

    def add(self, second_end_s: float, probability: float | None) -> None:
        """Take one second's probability; None, unknown, adds nothing."""
        if probability is None:
            return
        step = _trend_step(second_end_s)
        if self._steps and self._steps[-1][0] == step:
            if probability <= self._steps[-1][1]:
                return
            self._steps.pop()
        self._steps.append((step, probability))
        self._drawn = (*self._drawn[:-1], probability) if step == self._drawn_to else self._drawn

    def forget_after(self, at_s: float) -> None:
        """Drop what lies after ``at_s``, where a clock was set back."""
        kept = [entry for entry in self._steps if entry[0] <= _trend_step(at_s)]
        self._steps = deque(kept, maxlen=TREND_LENGTH)
        self._drawn_to = None

    def until(self, at_s: float) -> tuple[float | None, ...]:
        """Return the ``TREND_LENGTH`` values up to ``at_s``, oldest first, None where nothing was known."""
        last = _trend_step(at_s)
        if self._drawn_to is not None and last == self._drawn_to + 1:
            newest = self._steps[-1] if self._steps else None
            now = newest[1] if newest is not None and newest[0] == last else None
            self._drawn, self._drawn_to = (*self._drawn[1:], now), last
        elif last != self._drawn_to:
            known = dict(self._steps)
            self._drawn = tuple([known.get(step) for step in range(last - TREND_LENGTH + 1, last + 1)])
            self._drawn_to = last
        return self._drawn


def _trend_step(at_s: float) -> int:
    return math.ceil(at_s / TREND_STEP_S) - 1


@dataclass(slots=True)
class Ledger:
    """Everything that the desk remembers of one wearer; mutable, held under the desk's lock.

    ``second_s`` is the end of the last second observed, ``signal_s`` of the last that held anything; ``raised`` counts
    the alerts ever raised; ``alert`` stays until watching begins again; ``policy`` are the rules of the model that
    spoke last, None where it has none of its own. For what else there is see ``WearerView``.
    """

    wearer: str
    sight: Sight
    situation: Situation
    view: WearerView = field(init=False)
    alert: AlertView | None = None
    raised: int = 0
    second_s: float = -math.inf
    signal_s: float = -math.inf
    probability: float | None = None
    heart_rate_bpm: float | None = None
    battery_pct: int | None = None
    learnt: float = 0.0
    why: tuple[str, ...] = ()
    trend: Trend = field(default_factory=Trend)
    policy: Policy | None = None
    missing: tuple[str, ...] = ()
    model: str = TRAINING_FREE
    open_long: bool = False

    @property
    def open(self) -> AlertView | None:
        """The alert that nobody and nothing has ended yet."""
        return self.alert if self.alert is not None and self.alert.resolved_s is None else None

    def raise_alert(self, event: AlertRaised) -> AlertView:
        """Return the alert that ``event`` tells of."""
        return AlertView(
            alert_id=event.alert_id,
            wearer=event.wearer,
            raised_s=event.at_s,
            probability=event.probability,
            reasons=event.reasons,
            policy=event.policy,
            model=event.model,
        )

    def show(self, at_s: float, stamp: Stamp | None) -> WearerView:
        """Draw the view at ``at_s`` and keep it."""
        self.view = WearerView(
            wearer=self.wearer,
            at_s=at_s,
            risk=self.situation.risk,
            risk_since_s=self.situation.since_s,
            sight=self.sight,
            probability=self.probability,
            trend=self.trend.until(at_s),
            why=self.why,
            learnt=self.learnt,
            heart_rate_bpm=self.heart_rate_bpm,
            battery_pct=self.battery_pct,
            alert=self.alert,
            stamp=stamp,
            missing=self.missing,
            model=self.model,
            open_long=self.open_long,
        )
        return self.view

    def hear(self, second_end_s: float, abstention: Abstention, learnt: float, battery_pct: int | None) -> None:
        """Note that a second was heard, and what stands in it whatever may be estimated."""
        self.second_s = second_end_s
        self.learnt = min(max(float(learnt), 0.0), 1.0)
        self.battery_pct = self.battery_pct if battery_pct is None else battery_pct
        if abstention is not Abstention.NO_SIGNAL:
            self.signal_s = second_end_s

    def read(self, second_end_s: float, probability: float | None, heart_rate_bpm: float, why: tuple[str, ...]) -> None:
        """Note what was read in a second, or why nothing was."""
        self.probability = probability
        self.trend.add(second_end_s, probability)
        self.heart_rate_bpm = float(heart_rate_bpm) if math.isfinite(heart_rate_bpm) else None
        self.why = why if why or self.sight.reason is None else (blind(self.sight.reason, self.learnt),)

    def take_down(self, sight: Sight) -> None:
        """Sight is lost: what was last read is said no more, but why nothing is."""
        self.sight, self.probability, self.heart_rate_bpm, self.missing = sight, None, None, ()
        if sight.reason is not None:
            self.why = (blind(sight.reason, self.learnt),)

    def notice_clock(self, now_s: float, slack_s: float) -> None:
        """Where the clock was set back, what was heard last lies ahead: forget its time, or nothing would be new; what
        began ahead begins now. However little it was set back, nothing was heard later than now: silence counts from
        here."""
        self.signal_s = min(self.signal_s, now_s)
        if self.sight.since_s > now_s + slack_s:
            self.sight = replace(self.sight, since_s=now_s)
        if self.situation.since_s > now_s + slack_s and self.open is None:
            self.situation = replace(self.situation, since_s=now_s)
        if self.second_s > now_s + slack_s:
            log.warning("the clock went back %.0f s: seconds are taken from now on", self.second_s - now_s)
            self.second_s = now_s
            self.situation = replace(self.situation, counted_s=0.0, seen_s=-math.inf)
            self.trend.forget_after(now_s)

    def is_open_long(self, now_s: float, after_s: float) -> bool:
        """Whether somebody took the alert that is open ``after_s`` ago or longer."""
        taken_s = None if self.open is None else self.open.acknowledged_s
        return taken_s is not None and now_s - taken_s >= after_s

    def fold(self, event: SituationEvent) -> None:
        """Take one event of the past."""
        match event:
            case AlertRaised():
                self.alert = self.raise_alert(event)
                self.raised += 1
                self.situation = Situation(RiskState.ALERTING, event.at_s)
            case AlertAcknowledged() if self.alert is not None and self.alert.alert_id == event.alert_id:
                self.alert = replace(self.alert, acknowledged_by=event.by, acknowledged_s=event.at_s)
                self.situation = step(self.situation, Sign.TAKEN, event.at_s)
            case AlertResolved() if self.alert is not None and self.alert.alert_id == event.alert_id:
                self.alert = replace(self.alert, resolved_s=event.at_s, resolved_by=event.by)
                self.situation = step(self.situation, Sign.ENDED if event.by else Sign.SETTLED, event.at_s)
            case SightLost():
                self.sight = Sight(event.since_s, event.reason)
            case SightRegained():
                self.sight = Sight(event.at_s)
            case _:
                log.warning("the journal closes an alert that it never raised: passed over")


def past(history: Iterable[Event], wearers: Sequence[str], started_s: float) -> dict[str, Ledger]:
    """Return a ledger for each wearer as ``history`` left them, in the order of ``wearers``.

    What only delivery could write of an alert counts (``alerts.delivered``). Nobody has been heard since ``started_s``;
    where sight was lost before, it has been lost since then. Whoever was not recorded is not, until the desk is told.
    Somebody with an open alert is shown though no longer among ``wearers``: an alert is not lost by a change of
    configuration.
    """
    ledgers = {wearer: _blank(wearer, started_s) for wearer in wearers}
    for event in with_delivered(history):
        if not isinstance(event, SituationEvent):
            continue
        ledgers.setdefault(event.wearer, _blank(event.wearer, started_s)).fold(event)
    for wearer, ledger in tuple(ledgers.items()):
        if wearer not in wearers and ledger.open is None:
            del ledgers[wearer]
            continue
        if wearer not in wearers:
            log.warning("an open alert belongs to somebody who is not watched any more: it stays on the board")
        lost = ledger.sight.reason is not None and ledger.sight.since_s < started_s
        reason = Blind.NOT_RECORDING if ledger.sight.reason is Blind.NOT_RECORDING else Blind.NOT_HEARD
        ledger.sight = Sight(ledger.sight.since_s if lost else started_s, reason)
        ledger.why = (blind(reason, 0.0),)
        ledger.show(started_s, None)
    return ledgers


def told_of(wearer: str, events: Iterable[Event]) -> list[Event]:
    """Return those of ``events`` that happened to ``wearer``."""
    return [event for event in events if isinstance(event, HappenedTo) and event.wearer == wearer]


def last_sight(waiting: list[Event], events: Sequence[Event]) -> list[Event]:
    """Put ``events`` behind what waits for the disk: of each wearer's sight only the last waits, all else in order."""
    newer = {event.wearer for event in events if isinstance(event, SightLost | SightRegained)}
    kept = [event for event in waiting if not (isinstance(event, SightLost | SightRegained) and event.wearer in newer)]
    return [*kept, *events]


def _blank(wearer: str, started_s: float) -> Ledger:
    return Ledger(wearer, Sight(started_s, Blind.NOT_HEARD), Situation(RiskState.WATCHING, started_s))
