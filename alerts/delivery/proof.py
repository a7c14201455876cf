"""The events of one matter in; how far each message has come, who is told next and when, and who has it, out."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from alerts.delivery.events import (
    DeliveryBegun,
    DeliveryEnded,
    DeliveryEvent,
    Escalated,
    Reached,
    Snoozed,
    Station,
    Step,
)
from alerts.delivery.matter import Kind, Matter

ORDER: Final = (
    Station.QUEUED,
    Station.UNCERTAIN,
    Station.FAILED,
    Station.SENT,
    Station.ON_TABLET,
    Station.SOUNDED,
    Station.SEEN,
)
"""A message only ever goes down this list: a late answer may turn *uncertain* into *failed* or *sent*, nothing back."""

MEANS: Final = {
    Station.QUEUED: "it is in the journal that it goes; it goes only then",
    Station.UNCERTAIN: "no answer in time, or the service stopped before the answer: it may have arrived",
    Station.FAILED: "it certainly did not arrive",
    Station.SENT: "a service outside took it on",
    Station.ON_TABLET: "a page or a service worker shows it",
    Station.SOUNDED: "the tablet played its sound",
    Station.SEEN: "somebody touched the tablet that shows it",
}
"""What is known of a message at each station."""

PROVED: Final = {True: Station.SOUNDED, False: Station.SENT}
"""From which station on somebody was told, at the tablets (True) and outside (False): a tablet that only shows an alert
wakes nobody, and of what goes on outside no more is known than that a service took it on."""

BOARD: Final = "board"
PUSH: Final = "push"
MQTT: Final = "mqtt"
ON_SHIFT: Final = "on shift"

OVER: Final = -1
"""The step of a message that says that somebody has it."""

URGENT: Final = frozenset({Kind.ALERT, Kind.TEST})
"""What is told again as often as the first time for as long as nobody has it."""

SELDOM_S: Final = 3600.0
"""What can wait is told again less and less often, but once an hour: whoever is woken every two minutes by a band that
lies on its charger takes the sound off the phone, and misses the alert."""

DOUBLED_MOST: Final = 20
"""Doublings; from there on it has long been ``SELDOM_S``."""

AGAIN_MIN_S: Final = 30.0
"""More often, messages overtake each other, and providers lock the sender out."""

WITHIN_MAX_S: Final = 120.0
"""No rules wait longer for a tablet or a service."""

LATEST_S: Final = 86_400.0
"""No step lies further off than a day: that is a slip of the keyboard."""

END_S: Final = 32_503_680_000.0
"""The year 3000 [UTC s]: what a damaged journal sets absurdly later, or earlier, is taken as happening there, or as
long before 1970, and goes on from there: no clock shows such a time, and half a minute after it would be no later."""

ALL: Final = ""
"""The receiver of what goes to all: the tablets together, or whoever listens."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One message to one receiver: ``times`` is when it came to each station, in the order in which it was told of.

    ``round`` counts how often its step was taken before; ``attempt`` how often it was sent, over all rounds.
    """

    step: int
    to: str
    channel: str
    attempt: int
    round: int
    repeat: bool
    times: tuple[tuple[Station, float], ...]
    detail: str = ""

    @property
    def station(self) -> Station:
        """How far it came."""
        return max((station for station, _ in self.times), key=ORDER.index)

    @property
    def at_s(self) -> float:
        """When it came there [UTC s]."""
        return max(self.times, key=lambda entry: ORDER.index(entry[0]))[1]

    @property
    def queued_s(self) -> float:
        """When it was first told of [UTC s]."""
        return self.times[0][1]

    @property
    def proved(self) -> bool:
        """Whether it came far enough to count as told."""
        return ORDER.index(self.station) >= ORDER.index(PROVED[self.channel == BOARD])

    @property
    def waiting(self) -> bool:
        """Whether it was handed on, and nobody knows yet what became of it."""
        return self.station is Station.QUEUED

    def reached(self, event: Reached) -> "Leg":
        """Take in that it came to a station; what lies behind it already changes nothing."""
        if ORDER.index(event.station) <= ORDER.index(self.station):
            return self
        return replace(self, times=(*self.times, (event.station, event.at_s)), detail=event.detail)


@dataclass(frozen=True, slots=True)
class Next:
    """Who is told next if nobody takes it: ``who`` by ``channel`` at ``at_s`` [UTC s]; ``again``: once more."""

    at_s: float
    who: str
    channel: str
    again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How one matter goes from hand to hand. ``taken_steps`` are the steps taken, in order; ``last_s`` the newest time.

    ``ended`` is None while nobody has it and it is not over. ``behind_s`` is how far the clock was set back since: what
    is still to come is told by the clock as it is now, everything else as it was.
    """

    begun: DeliveryBegun
    legs: tuple[Leg, ...] = ()
    taken_steps: tuple[Escalated, ...] = ()
    snoozes: tuple[Snoozed, ...] = ()
    ended: DeliveryEnded | None = None
    last_s: float
    behind_s: float = 0.0

    @property
    def matter(self) -> Matter:
        """What somebody must be told."""
        begun = self.begun
        return Matter(
            matter_id=begun.matter_id,
            kind=begun.kind,
            priority=begun.priority,
            wearer=begun.wearer,
            since_s=begun.at_s if begun.since_s is None else begun.since_s,
            words=begun.words,
        )

    @property
    def version(self) -> str:
        """Which rules it goes by."""
        return self.begun.version

    @property
    def steps(self) -> tuple[Step, ...]:
        """Its chain, as the rules had it when it began."""
        return self.begun.steps

    @property
    def is_open(self) -> bool:
        """Whether somebody is still to take it."""
        return self.ended is None

    @property
    def ended_by(self) -> str:
        """Who has it, "" where nobody has or it was over by itself."""
        return "" if self.ended is None else self.ended.by

    @property
    def ended_s(self) -> float | None:
        """Since when, None while it is open."""
        return None if self.ended is None else self.ended.at_s

    @property
    def snoozed_until_s(self) -> float | None:
        """Until when its sound is paused [UTC s], which may be over; None where it never was, or is not open."""
        return self.snoozes[-1].until_s - self.behind_s if self.snoozes and self.is_open else None

    def rounds(self, step: int) -> int:
        """How often ``step`` was taken."""
        return sum(escalated.step == step for escalated in self.taken_steps)

    def of(self, step: int) -> tuple[Leg, ...]:
        """The messages of the newest round of ``step``, the newest attempt to each receiver."""
        newest_round = self.rounds(step) - 1
        newest = {(leg.to, leg.channel): leg for leg in self.legs if leg.step == step and leg.round == newest_round}
        if step in range(len(self.steps)) and self.steps[step].channel == BOARD:
            newest |= {(leg.to, leg.channel): leg for leg in self.legs if leg.channel == BOARD}
        return tuple(newest.values())

    def attempts(self, step: int, to: str, channel: str) -> int:
        """How often a message of ``step`` was sent ``to`` somebody by ``channel``."""
        return sum((leg.step, leg.to, leg.channel) == (step, to, channel) for leg in self.legs)

    def told(self) -> tuple[tuple[str, str], ...]:
        """Whom something outside has reached, or may have: receivers and channels, each once."""
        reached = {
            (leg.to, leg.channel): None
            for leg in self.legs
            if leg.step != OVER and leg.channel != BOARD and (leg.proved or leg.station is Station.UNCERTAIN)
        }
        return tuple(reached)

    def orphans(self) -> tuple[Leg, ...]:
        """Messages handed on of which a crash took the answer: nobody knows whether they went."""
        return tuple(leg for leg in self.legs if leg.waiting and leg.channel != BOARD)

    def next(self) -> Next | None:
        """Who is told next and when, as far as time alone decides; None where nobody is told any more."""
        telling = [number for number, step in enumerate(self.steps) if step.channel != MQTT]
        if not (self.is_open and telling):
            return None
        for number in telling:
            if not self.rounds(number):
                step = self.steps[number]
                return Next(self.begun.at_s + step.after_s - self.behind_s, step.who, step.channel, again=False)
        last = max(escalated.at_s for escalated in self.taken_steps if escalated.step in telling)
        step = self.steps[telling[-1]]
        at_s = last + self.again_s(self.rounds(telling[-1])) - self.behind_s
        return Next(at_s, step.who, step.channel, again=True)

    def again_s(self, rounds: int) -> float:
        """How long after the last step was taken for the ``rounds``-th time it is taken again: an alert as often as the
        first time; anything else half as often each time, down to ``SELDOM_S``."""
        again_s = self.begun.again_s
        if self.begun.kind in URGENT:
            return again_s
        return max(again_s, min(again_s * 2.0 ** min(rounds - 1, DOUBLED_MOST), SELDOM_S))


def begin(begun: DeliveryBegun) -> Proof:
    """Return the proof of a matter of which nobody was told yet. Figures that no rules can have had, as in a journal
    that was damaged or written in by hand, are taken as the nearest that they can: it is told, and each turn ends."""
    begun = msgspec.structs.replace(
        begun,
        at_s=_a_time(begun.at_s),
        since_s=None if begun.since_s is None else _a_time(begun.since_s),
        again_s=min(max(begun.again_s, AGAIN_MIN_S), SELDOM_S),
        deliver_within_s=min(max(begun.deliver_within_s, 0.0), WITHIN_MAX_S),
        answer_within_s=min(max(begun.answer_within_s, 0.0), WITHIN_MAX_S),
        steps=tuple(
            msgspec.structs.replace(step, after_s=min(max(step.after_s, 0.0), LATEST_S)) for step in begun.steps
        ),
    )
    return Proof(begun=begun, last_s=begun.at_s)


def after(proof: Proof, event: DeliveryEvent) -> Proof:
    """Take one event of the same matter; one that was taken already, or comes late, changes nothing."""
    if event.at_s != _a_time(event.at_s):
        event = msgspec.structs.replace(event, at_s=_a_time(event.at_s))
    moved = replace(proof, last_s=max(proof.last_s, event.at_s))
    match event:
        case Reached():
            return _reached(moved, event)
        case Escalated():
            return replace(moved, taken_steps=(*proof.taken_steps, event))
        case DeliveryEnded() if proof.ended is None:
            return replace(moved, ended=event)
        case Snoozed() if proof.ended is None:
            return replace(moved, snoozes=(*proof.snoozes, event))
    return proof


def _a_time(at_s: float) -> float:
    return at_s if abs(at_s) <= 2 * END_S else math.copysign(END_S, at_s)


def _reached(proof: Proof, event: Reached) -> Proof:
    key = (event.step, event.to, event.channel, event.attempt)
    for place, leg in enumerate(proof.legs):
        if (leg.step, leg.to, leg.channel, leg.attempt) == key:
            return replace(proof, legs=(*proof.legs[:place], leg.reached(event), *proof.legs[place + 1 :]))
    leg = Leg(
        step=event.step,
        to=event.to,
        channel=event.channel,
        attempt=event.attempt,
        round=max(0, proof.rounds(event.step) - 1),
        repeat=event.repeat,
        times=((event.station, event.at_s),),
        detail=event.detail,
    )
    return replace(proof, legs=(*proof.legs, leg))


def fold(events: Iterable[DeliveryEvent]) -> dict[str, Proof]:
    """Return the proof of every matter of which ``events``, oldest first, tell; what fits no matter is passed over."""
    proofs: dict[str, Proof] = {}
    for event in events:
        proof = proofs.get(event.matter_id)
        if proof is None and isinstance(event, DeliveryBegun):
            proofs[event.matter_id] = begin(event)
        elif proof is not None:
            proofs[event.matter_id] = after(proof, event)
    return proofs
