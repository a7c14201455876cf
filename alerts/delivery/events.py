"""How a matter went from hand to hand: lines of the journal, written before whatever they tell of is done."""

from enum import StrEnum
from typing import Final

import msgspec

from alerts.delivery.matter import Kind, Priority
from alerts.happened import HappenedTo


class Station(StrEnum):
    """How far one message to one receiver has come."""

    QUEUED = "queued"
    SENT = "sent"  # a service outside took it on
    ON_TABLET = "on the tablet"  # shown by a page or a service worker
    SOUNDED = "sounded"
    SEEN = "seen"  # somebody touched the tablet, or opened the message
    FAILED = "failed"
    UNCERTAIN = "uncertain"  # no answer in time: it may have arrived all the same


AT_TABLETS: Final = (Station.ON_TABLET, Station.SOUNDED, Station.SEEN)
"""What a tablet vouches for by a receipt; that a service outside took a message on proves less."""


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``after_s`` from the beginning, ``who`` ("on shift", or a contact) is told by ``channel``."""

    after_s: float
    who: str
    channel: str


class DeliveryBegun(HappenedTo, frozen=True, kw_only=True, tag="delivery begun"):
    """A matter goes along ``steps`` as the site's rules of ``version`` have them now: a later edit changes nothing."""

    matter_id: str
    kind: Kind
    priority: Priority
    words: tuple[str, ...]
    version: str
    steps: tuple[Step, ...]
    again_s: float  # the last step is taken again this often, until somebody has the matter
    deliver_within_s: float = 10.0  # a tablet has this long to show and sound it
    since_s: float | None = None  # when what it is about began [UTC s]; None: with the delivery
    answer_within_s: float = 20.0  # a service outside has this long to say that it took a message on


class Reached(HappenedTo, frozen=True, kw_only=True, tag="reached"):
    """The message of a step to one receiver (a carer, a contact, a tablet) came to ``station``."""

    matter_id: str
    step: int
    to: str
    channel: str
    station: Station
    attempt: int = 1
    repeat: bool = False  # whoever has it already may get it again: marked as such
    detail: str = ""


class Escalated(HappenedTo, frozen=True, kw_only=True, tag="escalated"):
    """Step ``step`` is due because of ``because``: its time, a delivery that is missing."""

    matter_id: str
    step: int
    because: str


class DeliveryEnded(HappenedTo, frozen=True, kw_only=True, tag="delivery ended"):
    """``by`` has it ("": it is over by itself); nobody is told any more."""

    matter_id: str
    by: str
    because: str


class Snoozed(HappenedTo, frozen=True, kw_only=True, tag="snoozed"):
    """``by`` pauses the sound of this one matter until ``until_s``; its escalation goes on, and any other sounds."""

    matter_id: str
    by: str
    reason: str
    until_s: float


DeliveryEvent = DeliveryBegun | Reached | Escalated | DeliveryEnded | Snoozed
