"""What was found for each person in, the file that speaks for a model or against it out, and back.

A rehearsal is written once and never changed: whoever signs does so beside it. Its digest is what the audit holds.
"""

from typing import Final, Literal

import msgspec

from alerts.errors import AlertError
from alerts.rehearsal.events import Happened
from ingest.notice import SENTENCE
from models.shelf.manifest import Code

FORMAT: Final = 2
"""2: ``Evidence.everybody`` and the outcome "mixed". A file of format 1 has neither, and promotes nothing."""

EVERYBODY: Final = "everybody"
"""In the place of a pseudonym, where somebody signs for what shows over all people together."""

Way = Literal["as lived", "as recorded"]
Outcome = Literal["better", "mixed", "no different", "worse", "not judged"]
Kind = Literal["events", "lead", "false alerts", "watch"]


class _Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Frozen, and nothing in it that this version does not know."""


class Side(_Said, frozen=True, kw_only=True):
    """What a ``model`` would have done: when it would have alerted [UTC s]; how long before each event it told of it
    [s], None where it missed it; which alerts were false [UTC s]; of the worn seconds in how many it could say
    something, and why not in the others."""

    model: str
    alerts_s: tuple[float, ...]
    leads_s: tuple[float | None, ...]
    false_s: tuple[float, ...]
    watched_s: int
    blind_s: dict[str, int]

    @property
    def told(self) -> int:
        """Of how many events it told."""
        return sum(lead is not None for lead in self.leads_s)


class Finding(_Said, frozen=True, kw_only=True):
    """In what two models differ for a person, in words."""

    kind: Kind
    said: str


class Compared(_Said, frozen=True, kw_only=True):
    """One way of replaying a person's past, under two models: ``worn_s`` seconds in which the band was worn, the
    ``events`` of which either could have told, how many more there were without readings (``unheard``), and in what the
    candidate is ``worse`` and ``better``."""

    way: Way
    worn_s: int
    events: tuple[Happened, ...]
    unheard: int
    champion: Side
    candidate: Side
    worse: tuple[Finding, ...] = ()
    better: tuple[Finding, ...] = ()


class Person(_Said, frozen=True, kw_only=True):
    """What was found for ``wearer``; ``trained_on`` is whether the candidate learnt from them, which flatters it;
    ``policy`` is under which rules alerts were raised; ``notes`` say what else there is to know."""

    wearer: str
    outcome: Outcome
    trained_on: bool
    policy: str
    ways: tuple[Compared, ...]
    notes: tuple[str, ...] = ()


class Pooled(_Said, frozen=True, kw_only=True):
    """One way of replaying, over everybody together: ``worn_s`` seconds of wear of so many ``people``, the false alerts
    of both models in them, and in what the candidate is ``worse``."""

    way: Way
    people: int
    worn_s: int
    champion_false: int
    candidate_false: int
    worse: tuple[Finding, ...] = ()


class Rules(_Said, frozen=True, kw_only=True):
    """By what was judged: ``words`` of labels that are events, ``reach_s`` before one in which an alert tells of it,
    ``after_s`` after one in which none is false; and by how much models must differ: see ``judging``."""

    words: tuple[str, ...]
    reach_s: float
    after_s: float
    lead_s: float
    false_a_day: float
    noise: float
    watch: float
    day_worn_s: float


class Evidence(_Said, frozen=True, kw_only=True):
    """A whole rehearsal of the model whose manifest has ``model_digest``, against ``champion`` (``champion_digest`` is
    "" for the training-free detector), by ``code``, at ``at_s`` [UTC s] of everything stored by then, whose digest
    is ``data_digest``. ``everybody`` is what shows over all people together, ``left_out`` are wearers who were not to
    be rehearsed, ``notes`` what else whoever decides should know."""

    forecalm: Literal["rehearsal"] = "rehearsal"
    format: int = FORMAT
    notice: str = SENTENCE
    model: str
    model_digest: str
    champion: str
    champion_digest: str
    code: Code
    at_s: float
    data_digest: str
    rules: Rules
    people: tuple[Person, ...]
    everybody: tuple[Pooled, ...] = ()
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if any(person.wearer == EVERYBODY for person in self.people):
            raise AlertError(
                f"a wearer called {EVERYBODY!r} cannot be told from all people together, for whom somebody may have to"
                " sign: give them another pseudonym"
            )

    def whose(self, outcome: Outcome) -> tuple[str, ...]:
        """Return the pseudonyms of those for whom it came out so."""
        return tuple(person.wearer for person in self.people if person.outcome == outcome)

    @property
    def judged(self) -> tuple[Person, ...]:
        """Those of whom enough is stored."""
        return tuple(person for person in self.people if person.outcome != "not judged")


class Signature(_Said, frozen=True, kw_only=True):
    """``by`` answers for a model that is worse for ``wearer`` (or ``EVERYBODY``), ``because`` of something."""

    wearer: str
    by: str
    because: str


class _Heading(msgspec.Struct, frozen=True):
    """As much as every format has."""

    forecalm: str
    format: int


def encode(evidence: Evidence) -> bytes:
    """Return the text of the file."""
    return msgspec.json.format(msgspec.json.encode(evidence), indent=1) + b"\n"


def decode(said: bytes, where: str) -> Evidence:
    """Return a rehearsal from its text; raises AlertError, naming ``where`` it stands."""
    try:
        heading = msgspec.json.decode(said, type=_Heading)
        if heading.forecalm == "rehearsal" and heading.format > FORMAT:
            raise AlertError(f"{where}: a newer forecalm wrote it (format {heading.format}): update forecalm")
        return msgspec.json.decode(said, type=Evidence)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise AlertError(f"{where} is not the verdict of a rehearsal ({error}): rehearse the model again") from error
