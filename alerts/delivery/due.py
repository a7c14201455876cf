"""How far a matter has come and what time it is in; what is to be done now, and when to look again, out. Pure."""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from alerts.channels.channel import Because
from alerts.delivery.events import Station
from alerts.delivery.proof import BOARD, MQTT, ON_SHIFT, OVER, Leg, Proof

RETRY_AFTER_S: Final = (5.0, 15.0, 45.0, 135.0)
"""After each certain failure of one message; then no more. Threefold each time: a router is back after seconds, a
provider after minutes; in the meantime the next step was taken long since."""

RETRIED: Final = frozenset({Because.REFUSED, Because.UNREACHABLE})
"""Failures that may pass. Who is gone or unknown is looked for again when the step is taken again."""

OVER_WITHIN_S: Final = 600.0
"""That somebody has it is news for ten minutes: after a longer stop nobody is called about what is long over."""

ITS_TIME = "its time"
STILL_NOBODY = "nobody has taken it"
NO_TABLET = "no tablet can show it"
NOT_SHOWN = "not on a tablet in time"
NOT_SOUNDED = "shown, but not sounded"
NOBODY = "nobody could be told"
NOT_ARRIVED = "the message before it did not arrive"
NO_ANSWER = "no answer in time"
WHEN: Final = (
    (ITS_TIME, "`after_s` of the step have passed since the beginning"),
    (NO_TABLET, "the tablets were told, none is proved, and none was heard for 15 s: at once"),
    (NOT_SHOWN, "no tablet said that it shows it within `deliver_within_s`"),
    (NOT_SOUNDED, "one shows it, none sounded within `deliver_within_s`, nobody touched it"),
    (NOT_ARRIVED, "every message of a step before certainly failed: at once"),
    (NO_ANSWER, "none went, and of one at least nobody knows after `answer_within_s`"),
    (NOBODY, "a step before found nobody to tell: at once"),
    (STILL_NOBODY, "all steps were taken, the last `again_s` ago"),
)
"""Why a step is taken, and when that is known."""


@dataclass(frozen=True, slots=True)
class TakeStep:
    """Tell whoever ``step`` names, because of ``because``."""

    step: int
    because: str


@dataclass(frozen=True, slots=True)
class Retry:
    """Send a message that certainly did not go once more."""

    leg: Leg


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Wait for the answer to a message no longer: nobody knows whether it arrived."""

    leg: Leg


@dataclass(frozen=True, slots=True)
class TellOver:
    """Tell somebody who was told that there is nothing left to do."""

    to: str
    channel: str


Action = TakeStep | Retry | GiveUp | TellOver


@dataclass(frozen=True, slots=True)
class Due:
    """``actions`` are to be done now, in this order; ``again_s`` [UTC s] is when more may be due, inf for never."""

    actions: tuple[Action, ...]
    again_s: float


def due(proof: Proof, *, tablets: bool, now_s: float, silent_when_over: Collection[str] = ()) -> Due:
    """Return what is due at ``now_s`` [UTC s]; ``tablets``: whether any tablet can show something now;
    ``silent_when_over``: channels that do not say that somebody has it.

    A step is due at its time, or as soon as the one before it is known to have told nobody; after the last one comes
    the last one again. A snooze changes nothing of that.
    """
    now_s = max(now_s, proof.last_s)
    waits = list(_waits(proof, now_s))
    actions: list[Action] = [wait for wait, at_s in waits if at_s <= now_s]
    again_s = min((at_s for _, at_s in waits if at_s > now_s), default=math.inf)
    if proof.ended is not None:
        news = (over for over in _over(proof, proof.ended.at_s, now_s) if over.channel not in silent_when_over)
        return Due((*actions, *news), again_s)
    step, at_s, because = _next_step(proof, tablets=tablets, now_s=now_s)
    if step is not None and at_s <= now_s:
        actions.append(TakeStep(step, because))
    elif step is not None:
        again_s = min(again_s, at_s)
    return Due(tuple(actions), again_s)


def _waits(proof: Proof, now_s: float) -> Iterator[tuple[Action, float]]:
    """Messages without an answer, and messages that failed: what is to be done about each, and when [UTC s]."""
    for leg in proof.legs:
        if leg.waiting and leg.channel != BOARD:
            yield GiveUp(leg), leg.queued_s + proof.begun.answer_within_s
    if proof.ended is not None:
        return
    for step in range(len(proof.steps)):
        for leg in proof.of(step):
            if leg.station is Station.FAILED and leg.detail in RETRIED:
                tries = sum(
                    (each.step, each.to, each.channel, each.round) == (leg.step, leg.to, leg.channel, leg.round)
                    and each.station is Station.FAILED
                    for each in proof.legs
                )
                if tries <= len(RETRY_AFTER_S):
                    yield Retry(leg), leg.at_s + RETRY_AFTER_S[tries - 1]


def _over(proof: Proof, ended_s: float, now_s: float) -> Iterator[TellOver]:
    said = {(leg.to, leg.channel) for leg in proof.legs if leg.step == OVER}
    if now_s - ended_s <= OVER_WITHIN_S:
        yield from (TellOver(to, channel) for to, channel in proof.told() if (to, channel) not in said)


def _next_step(proof: Proof, *, tablets: bool, now_s: float) -> tuple[int | None, float, str]:
    """The next step, when it is due [UTC s], and why."""
    for number, step in enumerate(proof.steps):
        if step.channel == MQTT and not proof.rounds(number):
            return number, proof.begun.at_s, ITS_TIME
    telling = [number for number, step in enumerate(proof.steps) if step.channel != MQTT]
    for place, number in enumerate(telling):
        if proof.rounds(number):
            continue
        at_s, because = proof.begun.at_s + proof.steps[number].after_s, ITS_TIME
        if place:
            missed_s, why = min(
                missing(proof, before, tablets=tablets, now_s=now_s) for before in _deciding(proof, telling[:place])
            )
            if missed_s < at_s:
                at_s, because = missed_s, why
        return number, at_s, because
    following = proof.next()
    return (telling[-1], following.at_s, STILL_NOBODY) if following else (None, math.inf, "")


def _deciding(proof: Proof, before: Sequence[int]) -> list[int]:
    """Of the steps taken ``before``, those that are to reach somebody for the next one to wait for its time: the last
    ones, which are of one time. Where tablets are among them these decide for whoever is on shift: that a push service
    took a message on proves less than a sound, and where tablets sounded nobody needs it."""
    last = [number for number in before if proof.steps[number].after_s == proof.steps[before[-1]].after_s]
    board = [number for number in last if proof.steps[number].channel == BOARD]
    return [*board, *(number for number in last if not board or proof.steps[number].who != ON_SHIFT)]


def missing(proof: Proof, step: int, *, tablets: bool, now_s: float) -> tuple[float, str]:
    """When it is known [UTC s] that ``step``, which was taken, told nobody, as things stand, and why; inf: never."""
    legs = proof.of(step)
    if any(leg.proved for leg in legs):
        return math.inf, ""
    if proof.steps[step].channel != BOARD:
        if any(leg.waiting for leg in legs):
            return math.inf, ""
        uncertain = any(leg.station is Station.UNCERTAIN for leg in legs)
        return now_s, NO_ANSWER if uncertain else NOT_ARRIVED if legs else NOBODY
    taken_s = max(escalated.at_s for escalated in proof.taken_steps if escalated.step == step)
    if any(leg.station is Station.ON_TABLET for leg in legs):
        return taken_s + proof.begun.deliver_within_s, NOT_SOUNDED
    return (taken_s + proof.begun.deliver_within_s, NOT_SHOWN) if tablets else (now_s, NO_TABLET)
