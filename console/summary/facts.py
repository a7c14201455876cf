"""What is kept of one person and period, and what is wished of it, as values."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from alerts.happened import HappenedTo
from console.summary.spans import Spans

MINUTE_S: Final = 60.0


class Audience(StrEnum):
    """Whom a summary is for. Each is told what they need: see ``docs/summary.md``."""

    FAMILY = "family"
    SCHOOL = "school"
    HEALTH = "health"


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """Of the minute from ``at_s`` [UTC s] on: of how many seconds the risk was known, and the mean of each reading,
    None where nothing of it was known."""

    at_s: float
    known_s: float
    sweat_us: float | None = None
    pulse_bpm: float | None = None
    skin_c: float | None = None
    movement_g: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A carer's note of the moment ``at_s`` [UTC s]; ``number`` names it. Who wrote it is nobody's business here."""

    number: int
    at_s: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportPlan:
    """The plan that holds, as ``by`` wrote it at ``at_s`` [UTC s]."""

    helps: tuple[str, ...]
    avoid: tuple[str, ...]
    by: str
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """Whether a consent to share holds ``now``, until when [UTC s] (None: without end), and who gave the consents there
    are, in the words they were entered in: who may be asked."""

    now: bool
    until_s: float | None = None
    asked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is kept from ``since_s`` up to ``until_s`` [UTC s].

    ``shared`` and ``cared`` are what consents to share and to care cover: only what both do counts. ``minutes`` are
    kept from ``kept_s`` on, None where none are. ``events`` are the person's lines of the journal, corrections and all,
    those before the period that still held included. ``not_theirs`` are alerts raised on somebody else's readings.
    ``names`` are those of everybody else whom the house knows. ``missing`` says what could not be looked up.
    """

    since_s: float
    until_s: float
    shared: Spans
    cared: Spans
    minutes: tuple[Minute, ...] = ()
    kept_s: float | None = None
    events: tuple[HappenedTo, ...] = ()
    notes: tuple[Written, ...] = ()
    plan: SupportPlan | None = None
    not_theirs: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """For whom; the ``notes`` that go with it, by number; whether what carers wrote in words of their own goes
    (``own_words``); and who signs, "" for nobody."""

    audience: Audience
    notes: frozenset[int] = frozenset()
    own_words: bool = False
    signed: str = ""
