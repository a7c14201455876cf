"""The journal's history in; one ledger for each wearer out, from which their view is drawn."""

import logging
import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from alerts.events import Event
from alerts.policy import Policy
from alerts.situation_events import (
    AlertAcknowledged,
    AlertRaised,
    AlertResolved,
    SightLost,
    SightRegained,
    SituationEvent,
)
from alerts.state import Situation
from alerts.views import TREND_LENGTH, TREND_STEP_S, AlertView, Blind, RiskState, Sight, Stamp, WearerView
from alerts.words import blind

log = logging.getLogger(__name__)


class Trend:
    """The probability over the last half hour: the highest of each ``TREND_STEP_S``, so that no peak is lost."""

    def __init__(self) -> None:
        self._steps: deque[tuple[int, float]] = deque(maxlen=TREND_LENGTH)

    def add(self, second_end_s: float, probability: float | None) -> None:
        """Take one second's probability; None, unknown, adds nothing."""
        if probability is None:
            return
        step = _trend_step(second_end_s)
        if self._steps and self._steps[-1][0] == step:
            probability = max(probability, self._steps.pop()[1])
        self._steps.append((step, probability))

    def forget_after(self, at_s: float) -> None:
        """Drop what lies after ``at_s``, where a clock was set back."""
        kept = [entry for entry in self._steps if entry[0] <= _trend_step(at_s)]
        self._steps = deque(kept, maxlen=TREND_LENGTH)

    def until(self, at_s: float) -> tuple[float | None, ...]:
        """Return the ``TREND_LENGTH`` values up to ``at_s``, oldest first, None where nothing was known."""
        last = _trend_step(at_s)
        known = dict(self._steps)
        return tuple(known.get(step) for step in range(last - TREND_LENGTH + 1, last + 1))


def _trend_step(at_s: float) -> int:
    return math.ceil(at_s / TREND_STEP_S) - 1


@dataclass(slots=True)
class Ledger:
    """Everything that the desk remembers of one wearer; mutable, held under the desk's lock.

    ``second_s`` is the end of the last second observed, ``signal_s`` of the last that held anything; ``raised`` counts
    the alerts ever raised; ``alert`` stays until watching begins again; ``policy`` are the rules of the model that
    spoke last, None where it has none of its own.
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
        )
        return self.view

    def fold(self, event: SituationEvent) -> None:
        """Take one event of the past."""
        match event:
            case AlertRaised():
                self.alert = self.raise_alert(event)
                self.raised += 1
                self.situation = Situation(RiskState.ALERTING, event.at_s)
            case AlertAcknowledged() if self.alert is not None:
                self.alert = replace(self.alert, acknowledged_by=event.by, acknowledged_s=event.at_s)
                self.situation = Situation(RiskState.ACKNOWLEDGED, event.at_s)
            case AlertResolved() if self.alert is not None:
                self.alert = replace(self.alert, resolved_s=event.at_s)
                self.situation = Situation(RiskState.RESOLVED, event.at_s)
            case SightLost():
                self.sight = Sight(event.since_s, event.reason)
            case SightRegained():
                self.sight = Sight(event.at_s)
            case _:
                log.warning("the journal closes an alert that it never raised: passed over")


def past(history: Iterable[Event], wearers: Sequence[str], started_s: float) -> dict[str, Ledger]:
    """Return a ledger for each wearer as ``history`` left them, in the order of ``wearers``.

    Nobody has been heard since ``started_s``; where sight was lost before, it has been lost since then. Whoever was not
    recorded is not, until the desk is told. Somebody with
    an open alert is shown though no longer among ``wearers``: an alert is not lost by a change of configuration.
    """
    ledgers = {wearer: _blank(wearer, started_s) for wearer in wearers}
    for event in history:
        if not isinstance(event, SituationEvent):
            continue
        ledgers.setdefault(event.wearer, _blank(event.wearer, started_s)).fold(event)
    for wearer, ledger in tuple(ledgers.items()):
        open_ = ledger.alert is not None and ledger.alert.resolved_s is None
        if wearer not in wearers and not open_:
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


def _blank(wearer: str, started_s: float) -> Ledger:
    return Ledger(wearer, Sight(started_s, Blind.NOT_HEARD), Situation(RiskState.WATCHING, started_s))
