"""Lines of the journal about one person in; their alerts, what it was each time and how they were protected out."""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from alerts.delivery.due import ITS_TIME
from alerts.delivery.events import AT_TABLETS, Escalated, Reached, Snoozed
from alerts.happened import HappenedTo
from alerts.outcomes.events import OutcomeTold, What
from alerts.protection.breaks import severity
from alerts.protection.cover import Level, Link
from alerts.protection.events import CoverChanged
from alerts.situation_events import AlertAcknowledged, AlertRaised, AlertResolved

AT_ONCE_S: Final = 2.0
"""A step taken at its time so soon after an alert was raised tells the first, not more people [s]."""

BRIEF_S: Final = 60.0
"""So short a time without protection is counted, not told [s]: a start and every reload of a tablet make some, and
nobody was told of them at the time either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """``by`` snoozed an alert at ``at_s`` until ``until_s`` [UTC s]."""

    at_s: float
    by: str
    reason: str
    until_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What it was, as somebody said last; ``alert_id`` is "" where none was raised."""

    outcome_id: str
    alert_id: str
    by: str
    what: What
    helped: tuple[str, ...]
    began_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertAt:
    """One alert and how far it came [UTC s]; None for what has not happened. ``proved_s`` is when the first tablet or
    phone showed it, ``escalated_s`` when more people were told."""

    alert_id: str
    raised_s: float
    proved_s: float | None = None
    taken_by: str = ""
    taken_s: float | None = None
    ended_s: float | None = None
    escalated_s: tuple[float, ...] = ()
    snoozes: tuple[Pause, ...] = ()
    outcome: Told | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """From ``since_s`` to ``until_s`` (None: still) somebody was not fully protected. ``link`` is what is broken; of
    what is over, what was for the longest time."""

    since_s: float
    level: Level
    link: Link | None
    until_s: float | None = None

    @property
    def is_brief(self) -> bool:
        """Whether it was over within a minute; where the clock was set back in between nobody knows."""
        return self.until_s is not None and 0 <= self.until_s - self.since_s < BRIEF_S


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAt:
    """What happened to ``wearer``, a pseudonym; ``incidents`` raised no alert."""

    wearer: str
    alerts: tuple[AlertAt, ...] = ()
    gaps: tuple[Gap, ...] = ()
    incidents: tuple[Told, ...] = ()

    @property
    def is_eventful(self) -> bool:
        """Whether anything happened, beside what is told as still open."""
        return bool(self.alerts or self.incidents or any(gap.until_s is not None for gap in self.lasting))

    @property
    def lasting(self) -> tuple[Gap, ...]:
        """Gaps that took a minute or more. Several brief ones without a break between them are one, as bad as the worst
        of them: somebody who is lost in ever new ways was still lost."""
        told: list[Gap] = []
        for run in self._runs():
            longer = [gap for gap in run if not gap.is_brief]
            whole = replace(max(run, key=_how_bad), since_s=run[0].since_s, until_s=run[-1].until_s)
            told += longer or ([] if whole.is_brief else [whole])
        return tuple(told)

    @property
    def brief(self) -> int:
        """How often they were not fully protected for less than a minute."""
        return sum(replace(run[0], until_s=run[-1].until_s).is_brief for run in self._runs())

    def _runs(self) -> list[list[Gap]]:
        """Gaps that follow each other at once, together."""
        runs = [[gap] for gap in self.gaps[:1]]
        for before, gap in pairwise(self.gaps):
            if before.until_s == gap.since_s:
                runs[-1].append(gap)
            else:
                runs.append([gap])
        return runs

    @property
    def open_alerts(self) -> tuple[AlertAt, ...]:
        """Those that nobody has ended."""
        return tuple(alert for alert in self.alerts if alert.ended_s is None)

    @property
    def open_gap(self) -> Gap | None:
        """How they are not protected now."""
        return self.gaps[-1] if self.gaps and self.gaps[-1].until_s is None else None


@dataclass(slots=True)
class Person:
    """A fold of one person's lines; mutable."""

    alerts: dict[str, AlertAt] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    told: dict[str, Told] = field(default_factory=dict)  # by the id of the first, of which others are corrections
    _first: dict[str, str] = field(default_factory=dict)
    _held: dict[Link | None, float] = field(default_factory=dict)  # of the last gap: how long each was the cause [s]
    _cause_s: float = 0.0  # since when the last one is

    @property
    def is_told_of(self) -> bool:
        """Whether there is anything."""
        return bool(self.alerts or self.gaps or self.told)

    def start_anew(self) -> None:
        """Forget what is over."""
        self.alerts = {key: alert for key, alert in self.alerts.items() if alert.ended_s is None}
        self.gaps = [gap for gap in self.gaps if gap.until_s is None]
        self.told = {key: told for key, told in self.told.items() if told.alert_id in self.alerts}

    def take(self, event: HappenedTo) -> None:
        """Take one event; what is not told of at a hand-over, and what is of an alert long over, is passed over."""
        match event:
            case AlertRaised():
                self.alerts[event.alert_id] = AlertAt(alert_id=event.alert_id, raised_s=event.at_s)
            case AlertAcknowledged() if (alert := self.alerts.get(event.alert_id)) is not None:
                self.alerts[event.alert_id] = replace(alert, taken_by=event.by, taken_s=event.at_s)
            case AlertResolved() if (alert := self.alerts.get(event.alert_id)) is not None:
                self.alerts[event.alert_id] = replace(alert, ended_s=event.at_s)
            case Reached() | Escalated() | Snoozed() if (alert := self.alerts.get(event.matter_id)) is not None:
                self.alerts[event.matter_id] = _carried(alert, event)
            case OutcomeTold():
                self._tell(event)
            case CoverChanged():
                self._change(event)

    def _tell(self, event: OutcomeTold) -> None:
        first = self._first.get(event.corrects, event.corrects or event.outcome_id)
        self._first[event.outcome_id] = first
        self.told[first] = Told(
            outcome_id=event.outcome_id,
            alert_id=event.alert_id,
            by=event.by,
            what=event.what,
            helped=event.helped,
            began_s=event.began_s,
        )

    def _change(self, event: CoverChanged) -> None:
        """A new cause of what goes on comes with the time since when they are not protected: it took over when it was
        written. Of what is over the cause that held longest is told."""
        gap = self.gaps[-1] if self.gaps and self.gaps[-1].until_s is None else None
        goes_on = gap is not None and event.level is gap.level and event.since_s <= gap.since_s
        if gap is not None:
            until_s = event.at_s if goes_on else event.since_s
            self._held[gap.link] = self._held.get(gap.link, 0.0) + max(0.0, until_s - self._cause_s)
            longest = max(self._held, key=lambda link: self._held[link])
            self.gaps[-1] = replace(gap, link=event.link) if goes_on else replace(gap, until_s=until_s, link=longest)
        self._cause_s = event.at_s if goes_on else event.since_s
        if goes_on or event.level is Level.PROTECTED:
            return
        self._held = {}
        self.gaps.append(Gap(since_s=event.since_s, level=event.level, link=event.link))

    def at(self, wearer: str) -> PersonAt:
        """Return it as a value."""
        by_alert = {told.alert_id: told for told in self.told.values()}
        return PersonAt(
            wearer=wearer,
            alerts=tuple(replace(alert, outcome=by_alert.get(key)) for key, alert in self.alerts.items()),
            gaps=tuple(self.gaps),
            incidents=tuple(told for told in self.told.values() if told.alert_id not in self.alerts),
        )


def _how_bad(gap: Gap) -> tuple[int, float]:
    return severity(gap.level), (gap.until_s or gap.since_s) - gap.since_s


def _carried(alert: AlertAt, event: Reached | Escalated | Snoozed) -> AlertAt:
    match event:
        case Reached():
            first = event.station in AT_TABLETS and alert.proved_s is None
            return replace(alert, proved_s=event.at_s) if first else alert
        case Escalated():
            first = event.because == ITS_TIME and event.at_s - alert.raised_s < AT_ONCE_S
            return alert if first else replace(alert, escalated_s=(*alert.escalated_s, event.at_s))
        case Snoozed():
            pause = Pause(at_s=event.at_s, by=event.by, reason=event.reason, until_s=event.until_s)
            return replace(alert, snoozes=(*alert.snoozes, pause))
