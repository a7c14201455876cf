"""What may be sent, as models: strict, bounded, nothing beside what is asked for; and one problem for all answers."""

from typing import Annotated, Final, Literal

from fastapi import Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from alerts.delivery.snooze import NOTICE_MOST_S, WORDS_MOST
from alerts.duty.duty import NOTE_MAX, REASON_MAX
from alerts.names import NAME_MAX
from alerts.outcomes.helped import HELPED_MAX, LENGTH_MAX
from alerts.outcomes.times import UNCERTAIN_MAX_S
from ingest.registry.plans import LINE_MAX, LINES_MAX

LATEST_S: Final = 4_102_444_800.0
"""UTC seconds of the year 2100: a time after it is another unit, milliseconds mostly."""

RECEIPTS_MAX: Final = 1000
"""Receipts in one message: three stations of as many matters as a tablet remembers while it is away."""

WEARERS_MAX: Final = 1000
SNOOZE_MAX_MIN: Final = int(NOTICE_MOST_S // 60)
"""The most for any matter; alerts have less (``alerts.delivery.snooze``)."""


def _line(text: object) -> object:
    """Return text as one line: every stretch of blanks and line ends as one blank."""
    return " ".join(text.split()) if isinstance(text, str) else text


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("only letters, digits and signs that can be printed")
    return text


def _told(text: str) -> str:
    if not any(map(str.isalnum, text)):
        raise ValueError("it needs a letter or a digit")
    return text


_Line = Annotated[str, BeforeValidator(_line), AfterValidator(_printable)]
Name = Annotated[_Line, StringConstraints(min_length=1, max_length=NAME_MAX), AfterValidator(_told)]
Perhaps = Annotated[_Line, StringConstraints(max_length=NAME_MAX)]
"""A name, or "" for nobody."""
Reason = Annotated[_Line, StringConstraints(min_length=1, max_length=REASON_MAX)]
Note = Annotated[_Line, StringConstraints(max_length=NOTE_MAX)]
Names = Annotated[_Line, StringConstraints(min_length=1, max_length=500), AfterValidator(_told)]
"""Several, with commas between."""
Sentence = Annotated[_Line, StringConstraints(min_length=1, max_length=LINE_MAX)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_printable)]
Identity = Annotated[str, Path(min_length=1, max_length=200)]
Moment = Annotated[float, Field(ge=0, le=LATEST_S, allow_inf_nan=False, description="UTC seconds")]
Lines = Annotated[list[Sentence], Field(max_length=LINES_MAX)]
Word = Annotated[_Line, StringConstraints(min_length=1, max_length=LENGTH_MAX)]

Page = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{0,64}$")]
"""Which page of a tablet, "" where it says none."""

Shown = Literal["on the tablet", "sounded", "seen"]
WhatItWas = Literal["anxious, settled", "incident", "exercise", "excited", "band problem", "unsure"]


By = Annotated[
    Perhaps, Field(description="Whoever has signed in does it, whatever is said; a tablet says which carer does")
]


class Body(BaseModel):
    """Something sent: no field beside its own, no type but its own."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Problem(BaseModel):
    """Why something was not granted (RFC 9457). ``field`` names what was wrong in the body."""

    title: str
    status: int
    detail: str
    field: str = ""


class BeatBody(Body):
    """What a page says of itself every 5 s; ``tested_s``: when a person last heard it sound, in the server's time;
    ``page``: made up when it is loaded, for windows of one browser share a tablet's key."""

    foreground: bool
    able: bool
    tested_s: Moment | None
    push: bool
    carer: Perhaps
    page: Page = ""


class ReceiptBody(Body):
    """How far a matter came on this tablet, and when: in the server's time, as the last beat's ``now_s`` gives it."""

    matter_id: Id
    station: Shown
    at_s: Moment


Receipts = Annotated[list[ReceiptBody], Field(min_length=1, max_length=RECEIPTS_MAX)]


class MuteBody(Body):
    """``by`` takes the sound off this tablet; it ends with their shift at the latest."""

    by: By = ""
    reason: Reason
    until_s: Moment


class ByBody(Body):
    """Who does it: needed where a tablet asks, and one of its carers then. Who has signed in need not say so."""

    by: By = ""


class SnoozeBody(Body):
    """``by`` pauses the sound of one matter."""

    by: By = ""
    reason: Annotated[_Line, StringConstraints(min_length=1, max_length=WORDS_MOST), AfterValidator(_told)]
    minutes: Annotated[int, Field(ge=1, le=SNOOZE_MAX_MIN)]


class OutcomeBody(Body):
    """What it was. ``began_s`` null: nobody knows, so that it counts from the alert on; ``uncertainty_s``: give or take
    so much; ``ended_s`` null: now."""

    by: By = ""
    what: WhatItWas
    helped: Annotated[list[Word], Field(max_length=HELPED_MAX)] = []
    began_s: Moment | None = None
    uncertainty_s: Annotated[float, Field(ge=0, le=UNCERTAIN_MAX_S, allow_inf_nan=False)] | None = None
    ended_s: Moment | None = None


class ShiftBody(Body):
    """``carer`` has ``wearers`` (none named: everybody) until ``until_s``; ``by`` says so. ``new``, at the command
    line only: the house does not know the carer yet, who is entered; else such a name is refused, for a slip of a key
    leaves people with nobody."""

    carer: Name
    wearers: Annotated[list[Id], Field(max_length=WEARERS_MAX)]
    until_s: Moment
    by: By = ""
    new: bool = False


class OfferBody(Body):
    """A shift offered ``to`` somebody, or to several with commas between: whoever takes it first has it."""

    to: Names
    note: Note = ""


class TakeOverBody(Body):
    """``by`` takes over until ``until_s``; null: for as long as shifts here last."""

    by: By = ""
    until_s: Moment | None = None


class EndBody(Body):
    """``by`` ends a shift; ``anyway`` says why, where somebody is left without a carer."""

    by: By = ""
    anyway: Annotated[_Line, StringConstraints(max_length=REASON_MAX)] = ""


class PlanBody(Body):
    """What helps somebody, and what to avoid, one sentence each; ``by`` wrote it."""

    helps: Lines
    avoid: Lines
    by: By = ""


class PushKeys(Body):
    """The keys of a browser's subscription (RFC 8291): URL-safe base64."""

    p256dh: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{80,100}={0,2}$")]
    auth: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{16,40}={0,2}$")]


class Subscription(Body):
    """What ``PushSubscription.toJSON()`` gives."""

    endpoint: Annotated[str, StringConstraints(min_length=10, max_length=2000, pattern=r"^https?://[!-~]+$")]
    expirationTime: float | None = None  # the browser's own word
    keys: PushKeys


class SubscribeBody(Body):
    """A browser of ``carer`` on ``tablet`` that can be reached while it sleeps."""

    carer: By = ""
    tablet: Id
    subscription: Subscription
