"""A matter in; title and body that may leave the house, as the site's rules have it, out. Pure.

Unless the rules say so a message says of whom it is neither by name nor by pseudonym, and what was measured not at all:
fixed sentences, without a number. Words of a matter leave only where everything that they may hold is allowed.
"""

from typing import Final, Protocol

from alerts.channels.channel import Message
from alerts.delivery.matter import Kind, Matter
from ingest.notice import SENTENCE

AGAIN: Final = "Again: "
SOMEBODY: Final = "Somebody"


class Privacy(Protocol):
    """What may leave the house: see ``alerts.delivery.rules.Privacy``."""

    @property
    def name(self) -> bool:
        """What a person is called."""
        ...

    @property
    def readings(self) -> bool:
        """What was measured: the reasons of an alert."""
        ...


def say(
    matter: Matter, privacy: Privacy, *, house: str = "", name: str = "", over: bool = False, by: str = ""
) -> tuple[str, str]:
    """Return title and body. ``house`` is what those outside know it by; ``name`` is what the wearer is called ("": by
    their pseudonym), used where it may be. ``over``: ``by`` has it, or ("") it is over.
    """
    called = name or matter.wearer
    who = called if privacy.name and called else SOMEBODY
    at = f" at {house}" if house else ""
    if over:
        return (f"{by} has it" if by else "It is over"), " ".join((_over(matter.kind, at, by), SENTENCE))
    title, body = _begun(matter.kind, who, at)
    return title, " ".join((body, *_words(matter, privacy, name), SENTENCE))


def _begun(kind: Kind, who: str, at: str) -> tuple[str, str]:
    match kind:
        case Kind.ALERT:
            return f"{who} may need you now", f"{who}{at} may need you now."
        case Kind.PROTECTION:
            return f"{who} is not protected", f"{who}{at} is not protected: look in, then look at the board."
        case Kind.UNCOVERED:
            return f"Nobody is on shift for {_inner(who)}", f"{who}{at} has no carer on shift: look at the board."
        case Kind.OPEN_LONG:
            return (
                "An alert was not ended",
                f"{who}{at} had an alert that was taken and not ended: look in, then end it.",
            )
        case Kind.HOUSE:
            return "Forecalm needs a look", f"Forecalm{at} needs whoever looks after it: look at the board."
        case Kind.TEST:
            return "A test", f"A test{' from' + at[3:] if at else ''}. Nobody needs help."


def _inner(who: str) -> str:
    return who.lower() if who == SOMEBODY else who


def _over(kind: Kind, at: str, by: str) -> str:
    what = {Kind.ALERT: "The alert", Kind.TEST: "The test"}.get(kind, "What you were told of")
    return f"{by} has it." if by else f"{what}{at} is over. Nothing is left to do."


def _words(matter: Matter, privacy: Privacy, name: str) -> tuple[str, ...]:
    """Sentences that may leave. The reasons of an alert tell what was measured; those of other kinds may name carers,
    rooms and bands too. Where names must not leave, no sentence does that holds one."""
    if not privacy.readings or (matter.kind is not Kind.ALERT and not privacy.name):
        return ()
    hidden = () if privacy.name else tuple(each.casefold() for each in (matter.wearer, name) if each)
    return tuple(each for each in matter.words if not any(word in each.casefold() for word in hidden))


def titled(message: Message) -> str:
    """The title, marked where whoever reads it may have had it before."""
    return f"{AGAIN}{message.title}" if message.repeat else message.title


def within(body: str, most: int) -> str:
    """``body`` without the notice where both are longer than ``most`` characters: a text message has little room."""
    return body if len(body) <= most else body.removesuffix(SENTENCE).rstrip()
