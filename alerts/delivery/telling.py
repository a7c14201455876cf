"""What is due for a matter in; noted, and once it is written handed on by its channel, out."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from alerts.channels.channel import Because, Channel, ChannelError
from alerts.delivery.book import Book
from alerts.delivery.due import Action, GiveUp, Retry, TakeStep, TellOver
from alerts.delivery.events import Escalated, Reached, Station, Step
from alerts.delivery.messages import Say, message, plainly
from alerts.delivery.proof import ALL, BOARD, MQTT, ON_SHIFT, OVER, PUSH, Leg, Proof
from alerts.delivery.rules import SiteRules
from alerts.delivery.workers import Hands

log = logging.getLogger(__name__)

NOBODY_ON_SHIFT: Final = "nobody on shift can be told so: everybody is"
LOST: Final = "the service stopped before the answer"
HANGS: Final = str(Because.UNREACHABLE)

Key = tuple[str, int, str, str, int]
"""One attempt of one leg: matter, step, receiver, channel, attempt."""

Answered = Callable[[Key, ChannelError | None], None]


class Telling:
    """Tells by ``channels`` and ``hands`` what ``book`` keeps; the rest as for ``alerts.delivery.dispatch.Dispatch``.

    Nothing goes before ``send``, which is called once the book is written. ``answered`` is told, from any thread, what
    became of each message. For one thread at a time.
    """

    def __init__(
        self,
        book: Book,
        *,
        rules: Callable[[], SiteRules],
        channels: Mapping[str, Channel],
        hands: Hands,
        on_shift: Callable[[str], tuple[str, ...]],
        reachable: Callable[[str], tuple[str, ...]],
        link: Callable[[str, str], str],
        say: Say,
        answered: Answered,
    ) -> None:
        self._book = book
        self._rules = rules
        self._channels = channels
        self._hands = hands
        self._on_shift = on_shift
        self._reachable = reachable
        self._link = link
        self._say = say
        self._answered = answered
        self._sends: list[tuple[Proof, Leg]] = []

    def do(self, matter_id: str, action: Action, at_s: float) -> None:
        """Note what ``action`` comes to at ``at_s`` [UTC s], and keep its messages for ``send``."""
        proof = self._book.proof(matter_id)
        if proof is None:
            return
        match action:
            case TakeStep(step, because):
                self._take_step(proof, step, because, at_s)
            case Retry(leg):
                self._queue(proof, leg.step, leg.to, leg.channel, at_s, repeat=True)
            case GiveUp(leg) if self._hands.withdraw(key_of(matter_id, leg)):
                self._reach(proof, leg, Station.FAILED, at_s, HANGS)
            case GiveUp(leg):
                self._reach(proof, leg, Station.UNCERTAIN, at_s, str(Because.SILENT))
            case TellOver(to, channel):
                self._queue(proof, OVER, to, channel, at_s, repeat=False)

    def again(self, proof: Proof, leg: Leg, at_s: float) -> None:
        """A stop took the answer to ``leg``: send it again, marked, unless somebody has the matter by now, or another
        message went the same way since."""
        self._reach(proof, leg, Station.UNCERTAIN, at_s, LOST)
        moved = self._book.proof(proof.matter.matter_id)
        newest = leg.attempt == proof.attempts(leg.step, leg.to, leg.channel)
        if moved is not None and newest and (moved.is_open or leg.step == OVER):
            self._queue(moved, leg.step, leg.to, leg.channel, at_s, repeat=True)

    def withdraw(self, proof: Proof, at_s: float, because: str) -> None:
        """Take back messages that have not gone yet."""
        for leg in proof.orphans():
            if self._hands.withdraw(key_of(proof.matter.matter_id, leg)):
                self._reach(proof, leg, Station.FAILED, at_s, because)

    def send(self, at_s: float) -> None:
        """Hand on, at ``at_s`` [UTC s], what was written."""
        sends, self._sends = self._sends, []
        for proof, leg in sends:
            key = key_of(proof.matter.matter_id, leg)
            channel = self._channels.get(leg.channel)
            answer = partial(self._answered, key)
            if channel is None:
                answer(ChannelError(Because.UNKNOWN_RECEIVER, "no such channel any more", certain=True))
                continue
            try:
                told = message(proof, leg, say=self._say, link=self._link_for(proof, leg), at_s=at_s)
            except Exception:  # words must never stand between a person and an alert
                log.exception("no words for a message: the plainest are taken")
                told = message(proof, leg, say=plainly, link="", at_s=at_s)
            try:
                self._hands.hand(key, leg.channel, channel, told, answer)
            except RuntimeError as error:  # no thread can be begun
                answer(ChannelError(Because.UNREACHABLE, str(error), certain=True))

    def _take_step(self, proof: Proof, number: int, because: str, at_s: float) -> None:
        step, matter = proof.steps[number], proof.matter
        to, everybody = self._receivers(proof, number, step)
        if everybody:
            because = f"{because}; {NOBODY_ON_SHIFT}"
        self._book.note(
            Escalated(wearer=matter.wearer, at_s=at_s, matter_id=matter.matter_id, step=number, because=because)
        )
        for receiver in to:
            self._queue(proof, number, receiver, step.channel, at_s, repeat=False)

    def _receivers(self, proof: Proof, number: int, step: Step) -> tuple[tuple[str, ...], bool]:
        """Who is told now, and whether that is everybody because nobody on shift can be."""
        if step.channel in (BOARD, MQTT):
            return (ALL,), False
        if step.who != ON_SHIFT:
            return (step.who,), False
        everybody = tuple(dict.fromkeys((*self._rules().reachable(step.channel), *self._others(step.channel))))
        on_shift = self._carers(proof.matter.wearer)
        there = on_shift if step.channel == PUSH else tuple(each for each in on_shift if each in everybody)
        in_vain = proof.rounds(number) > 0 and not any(leg.proved for leg in proof.of(number))
        if there and not in_vain:
            return there, False
        return tuple(dict.fromkeys((*there, *everybody))), True

    def _carers(self, wearer: str) -> tuple[str, ...]:
        try:
            return self._on_shift(wearer) or self._on_shift("")
        except Exception:  # then nobody is known to be on shift, and everybody is told
            log.exception("who is on shift cannot be asked")
            return ()

    def _others(self, channel: str) -> tuple[str, ...]:
        try:
            return tuple(self._reachable(channel))
        except Exception:  # then contacts of the rules are told alone
            log.exception("who else could be reached cannot be asked")
            return ()

    def _queue(self, proof: Proof, step: int, to: str, channel: str, at_s: float, *, repeat: bool) -> None:
        attempt = proof.attempts(step, to, channel) + 1
        matter_id = proof.matter.matter_id
        self._book.note(reached(proof, step, to, channel, Station.QUEUED, at_s, attempt=attempt, repeat=repeat))
        moved = self._book.proof(matter_id)
        if moved is not None and channel != BOARD:
            self._sends.append((moved, moved.legs[-1]))

    def _reach(self, proof: Proof, leg: Leg, station: Station, at_s: float, detail: str) -> None:
        self._book.note(
            reached(proof, leg.step, leg.to, leg.channel, station, at_s, attempt=leg.attempt, detail=detail)
        )

    def _link_for(self, proof: Proof, leg: Leg) -> str:
        if leg.step == OVER or leg.to == ALL:
            return ""
        try:
            return self._link(proof.matter.matter_id, leg.to)
        except Exception:  # a message without a link is still a message
            log.exception("no link can be made")
            return ""


def key_of(matter_id: str, leg: Leg) -> Key:
    """Name one attempt."""
    return (matter_id, leg.step, leg.to, leg.channel, leg.attempt)


def reached(
    proof: Proof,
    step: int,
    to: str,
    channel: str,
    station: Station,
    at_s: float,
    *,
    attempt: int = 1,
    repeat: bool = False,
    detail: str = "",
) -> Reached:
    """The event that a message came to ``station``."""
    return Reached(
        wearer=proof.matter.wearer,
        at_s=at_s,
        matter_id=proof.matter.matter_id,
        step=step,
        to=to,
        channel=channel,
        station=station,
        attempt=attempt,
        repeat=repeat,
        detail=detail,
    )
