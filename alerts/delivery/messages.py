"""A leg of a matter in; the message that its channel is given out, saying only what may leave the house."""

import hashlib
from collections.abc import Callable
from typing import Final

from alerts.channels.channel import Message
from alerts.delivery.matter import Kind, Matter
from alerts.delivery.proof import OVER, Leg, Proof
from ingest.notice import SENTENCE

ID_LETTERS: Final = 32
"""128 bits: two messages never share an id."""

Say = Callable[[Matter, bool], tuple[str, str]]
"""Title and body of a matter; True: that somebody has it, or that it is over."""

_TITLES: Final = {
    Kind.ALERT: "Somebody needs a carer now",
    Kind.PROTECTION: "Somebody is not protected",
    Kind.UNCOVERED: "No carer is on shift for somebody",
    Kind.OPEN_LONG: "An alert has been open for long",
    Kind.HOUSE: "Forecalm needs a look",
    Kind.TEST: "A test: nobody needs help",
}


def plainly(matter: Matter, over: bool) -> tuple[str, str]:
    """Say what it is about, of whom and why not: neither a name nor a reading."""
    title = _TITLES[matter.kind]
    return (
        (f"Over: {title[0].lower()}{title[1:]}", f"Nothing is left to do. {SENTENCE}")
        if over
        else (title, f"Look at the board. {SENTENCE}")
    )


def message_id(proof: Proof, leg: Leg) -> str:
    """Return what stays the same however often this is sent, and tells nobody anything."""
    parts = (proof.matter.matter_id, str(leg.step), str(leg.round), leg.to, leg.channel)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:ID_LETTERS]


def message(proof: Proof, leg: Leg, *, say: Say, link: str, at_s: float) -> Message:
    """Return what the receiver of ``leg`` is sent at ``at_s`` [UTC s]."""
    over = leg.step == OVER
    title, body = say(proof.matter, over)
    return Message(
        message_id=message_id(proof, leg),
        matter_id=proof.matter.matter_id,
        kind=proof.matter.kind,
        priority=proof.matter.priority,
        wearer=proof.matter.wearer,
        to=leg.to,
        at_s=at_s,
        title=title,
        body=body,
        link="" if over else link,
        repeat=leg.repeat,
        over=over,
    )
