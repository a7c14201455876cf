"""One second of estimate or of blindness in, the next situation out: risk and sight, two machines that never mix.

The table ``NEXT`` is the whole of the risk machine, ``LOOK`` the whole of sight: a pair that is in neither changes
nothing; ``alerts.drawn`` draws both. Words follow IEC 60601-1-8 (``alerts.alarm_words``): ALERTING is *latching* (it
stays when the signs that caused it are gone, until a named person takes it).
Blindness is not a sign: no entry of the table reads it, so a lost band neither raises, nor clears, nor ages an alert.
RISING while blind stays RISING, the last that was known, and its hold does not run; after ``fade_s`` of blindness the
hold starts over, so that old evidence cannot complete it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from alerts.errors import AlertError
from alerts.policy import Policy
from alerts.views import Blind, RiskState, Sight
from models.risk import Abstention


class Sign(StrEnum):
    """What moves risk: a threshold crossed, a count completed, or a person's act."""

    HIGH = "the estimate is at or above enter"
    LOW = "the estimate is at or below leave"
    HELD = "high for hold_s"
    TAKEN = "a named person takes the alert"
    ENDED = "a named person says that it is over"
    SETTLED = "low for settle_s"
    RESTED = "refractory_s have passed"


NEXT: Final[Mapping[tuple[RiskState, Sign], RiskState]] = MappingProxyType(
    {
        (RiskState.WATCHING, Sign.HIGH): RiskState.RISING,
        (RiskState.RISING, Sign.LOW): RiskState.WATCHING,
        (RiskState.RISING, Sign.HELD): RiskState.ALERTING,
        (RiskState.ALERTING, Sign.TAKEN): RiskState.ACKNOWLEDGED,
        (RiskState.ALERTING, Sign.ENDED): RiskState.RESOLVED,
        (RiskState.ACKNOWLEDGED, Sign.SETTLED): RiskState.RESOLVED,
        (RiskState.ACKNOWLEDGED, Sign.ENDED): RiskState.RESOLVED,
        (RiskState.RESOLVED, Sign.RESTED): RiskState.WATCHING,
    }
)

BY_PEOPLE: Final = frozenset({Sign.TAKEN, Sign.ENDED})
"""What no estimate can do: only these lead out of ALERTING."""


class Glimpse(StrEnum):
    """What moves sight: what a second held, that none came, or that a consent began or ended."""

    SEEN = "a second with an estimate"
    OFF = "a second: the band is off"
    POOR = "a second: worn, too little can be read"
    UNLEARNT = "a second: their usual is not known yet"
    UNMET = "a second: never met before"
    QUIET = "no usable second for silent_after_s"
    FORBIDDEN = "no consent covers it"
    ALLOWED = "a consent covers it again"


GLIMPSE: Final[Mapping[Abstention, Glimpse]] = MappingProxyType(
    {
        Abstention.NONE: Glimpse.SEEN,
        Abstention.NOT_WORN: Glimpse.OFF,
        Abstention.POOR_SIGNAL: Glimpse.POOR,
        Abstention.LEARNING: Glimpse.UNLEARNT,
        Abstention.OUT_OF_RANGE: Glimpse.UNMET,
    }
)
"""What a second shows that is not empty; NO_SIGNAL is an empty one, of which ``silent_after_s`` make QUIET."""

SHOWS: Final[Mapping[Glimpse, Blind | None]] = MappingProxyType(
    {
        Glimpse.SEEN: None,
        Glimpse.OFF: Blind.NOT_WORN,
        Glimpse.POOR: Blind.POOR_SIGNAL,
        Glimpse.UNLEARNT: Blind.LEARNING,
        Glimpse.UNMET: Blind.OUT_OF_RANGE,
        Glimpse.FORBIDDEN: Blind.NOT_RECORDING,
    }
)
"""What these lead to from wherever somebody is recorded."""

RECORDED: Final = (None, *(reason for reason in Blind if reason is not Blind.NOT_RECORDING))

LOOK: Final[Mapping[tuple[Blind | None, Glimpse], Blind | None]] = MappingProxyType(
    {(before, glimpse): then for before in RECORDED for glimpse, then in SHOWS.items() if before is not then}
    | {
        (before, Glimpse.QUIET): Blind.SILENT
        for before in RECORDED
        if before not in (Blind.NOT_HEARD, Blind.SILENT)  # a band that never sent has not stopped
    }
    | {(Blind.NOT_RECORDING, Glimpse.ALLOWED): Blind.NOT_HEARD}
)
"""Sight, None where somebody can be seen: from NOT_RECORDING a consent alone leads out."""


@dataclass(frozen=True, slots=True)
class Situation:
    """How a person is since ``since_s`` [UTC s].

    ``counted_s`` is the progress towards ``hold_s`` while RISING, towards ``settle_s`` while ACKNOWLEDGED, else 0;
    ``seen_s`` is the end of the last second that had an estimate.
    """

    risk: RiskState
    since_s: float
    counted_s: float = 0.0
    seen_s: float = -math.inf


def step(situation: Situation, sign: Sign, at_s: float) -> Situation:
    """Return the situation after ``sign``; the same one where the table has no entry."""
    risk = NEXT.get((situation.risk, sign))
    return situation if risk is None else replace(situation, risk=risk, since_s=at_s, counted_s=0.0)


def after(situation: Situation, estimate: float, second_end_s: float, policy: Policy) -> Situation:
    """Return what follows one seen second, which ends at ``second_end_s``. Not called for a second without an estimate.

    While RISING, seconds between leave and enter neither count nor reset: signs that hover about ``enter`` are told
    late rather than never. While ACKNOWLEDGED, one second above leave resets. A second from before the last one (the
    clock was set back) ends a refractory time and forgets the count; but one that was under way while somebody said
    that it is over does not. Raises AlertError outside [0, 1].
    """
    if not 0 <= estimate <= 1:
        raise AlertError(f"an estimate is a probability from 0 to 1, not {estimate}")
    counted_s = situation.counted_s if 0 < second_end_s - situation.seen_s <= policy.fade_s else 0.0
    now = Situation(situation.risk, situation.since_s, counted_s, second_end_s)
    if (
        now.risk is RiskState.RESOLVED
        and not -policy.silent_after_s <= second_end_s - now.since_s < policy.refractory_s
    ):
        now = step(now, Sign.RESTED, second_end_s)
    if estimate >= policy.enter:
        return _high(now, policy)
    if estimate <= policy.leave:
        return _low(now, policy)
    return replace(now, counted_s=0.0) if now.risk is RiskState.ACKNOWLEDGED else now


def _high(now: Situation, policy: Policy) -> Situation:
    now = step(now, Sign.HIGH, now.seen_s)
    if now.risk is not RiskState.RISING:
        return replace(now, counted_s=0.0)
    now = replace(now, counted_s=now.counted_s + 1)
    return step(now, Sign.HELD, now.seen_s) if now.counted_s >= policy.hold_s else now


def _low(now: Situation, policy: Policy) -> Situation:
    now = step(now, Sign.LOW, now.seen_s)
    if now.risk is not RiskState.ACKNOWLEDGED:
        return now
    now = replace(now, counted_s=now.counted_s + 1)
    return step(now, Sign.SETTLED, now.seen_s) if now.counted_s >= policy.settle_s else now


def looked(sight: Sight, glimpse: Glimpse, at_s: float) -> Sight:
    """Return the sight after ``glimpse`` at ``at_s``; the same one where the table has no entry. A change from one
    reason to another is no new loss: ``since_s`` goes on telling since when nobody could see. Only NOT_RECORDING, which
    people decide, begins and ends at a moment of its own."""
    if (sight.reason, glimpse) not in LOOK:
        return sight
    reason = LOOK[sight.reason, glimpse]
    unbroken = None not in (sight.reason, reason) and Blind.NOT_RECORDING not in (sight.reason, reason)
    return Sight(since_s=sight.since_s if unbroken else at_s, reason=reason)
