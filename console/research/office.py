"""What the pages of ``console.research`` need of the rest, as protocols. May block; times are UTC seconds.

Nobody has a name here: people are pseudonyms, and whoever rated something is called as ``Told.rater`` says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from console.research.decimated import Drawn
from ingest.types import Array

Span = tuple[float, float]

ExportState = Literal["waiting", "running", "ready", "failed", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What ``band`` (or an import of that name) sent of ``wearer`` from ``start_s`` to ``end_s`` [UTC s]; of that,
    ``covered`` spans may be used for research. ``form`` is the file format of an import, "" of a wristband's."""

    wearer: str
    band: str
    start_s: float
    end_s: float
    covered: tuple[Span, ...]
    form: str = ""
    labels: int = 0

    @property
    def name(self) -> str:
        """What it is called in addresses."""
        return f"{self.band}.{int(self.start_s)}"

    @property
    def covered_s(self) -> float:
        """How much of it may be used [s]."""
        return sum(high - low for low, high in self.covered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A label. ``mine``: whoever asks gave it, or nobody of this house did (it came in a file), so that they may
    correct it."""

    number: int
    what: str
    start_s: float
    end_s: float
    rater: str
    onset_uncertainty_s: float
    level: float | None
    note: str
    mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A label that somebody wants to give."""

    what: str
    start_s: float
    end_s: float
    onset_uncertainty_s: float
    level: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Seconds:
    """What the code that runs live makes of a recording, replayed in order of time: n seconds from ``start_s`` on [UTC
    s], NaN where unknown. ``risk`` is of ``model``, ``shadow`` of ``shadow_model`` ("": none runs); ``quality`` is the
    share of EDA that is believed, 0 where the band is off. ``alerts_s`` are when each would have alerted."""

    start_s: int
    heart_bpm: Array
    risk: Array
    shadow: Array
    quality: Array
    model: str
    shadow_model: str
    enter: float
    alerts_s: tuple[float, ...]
    shadow_alerts_s: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """Long work that goes on: how much is done, 0 to 1; ``failed`` says why it came to nothing."""

    share: float = 0.0
    failed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportWish:
    """What somebody wants to take out: see docs/exports.md. ``until_s`` and ``since_s`` [UTC s]."""

    wearers: tuple[str, ...]
    layout: Literal["parquet", "bids", "csv"]
    since_s: float
    until_s: float
    channels: tuple[str, ...]
    labels: bool
    deidentify: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedPart:
    """What was written of one person, and what was left out for want of a consent (samples)."""

    written_as: str
    recordings: int
    seconds: float
    samples: int
    labels: int
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An export that ``by`` asked for at ``asked_s``; ``goes_s`` is when its file is deleted."""

    number: str
    by: str
    wish: ExportWish
    asked_s: float
    goes_s: float
    state: ExportState
    share: float = 0.0
    size: int = 0
    why: str = ""
    parts: tuple[ExportedPart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model on the shelf: what it is now ("champion", "shadow" or ""), why it is ``refused`` ("": it is proved)."""

    name: str
    role: str
    candidate: str
    made_at: str
    people: int
    simulated: bool
    refused: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What a model did to somebody in a rehearsal; ``leads_s`` None where it missed the event."""

    model: str
    told: int
    lead_s: float | None
    false: int
    watched: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What a rehearsal found for one person in one way of replaying."""

    wearer: str
    way: str
    worn_s: float
    events: int
    champion: Side
    candidate: Side
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Of one person, minutes in which champion and shadow both said something: both high, one alone, neither; and how
    far apart they were on average."""

    wearer: str
    minutes: int
    both: int
    champion_alone: int
    shadow_alone: int
    apart: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPart:
    """A part of a model card: sentences, and a table of ``heads`` over ``rows``."""

    title: str
    says: tuple[str, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """All that is known of a model, and its last rehearsal."""

    model: Model
    parts: tuple[CardPart, ...]
    rehearsed: tuple[Rehearsed, ...]
    rehearsed_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """What watches, what runs in shadow, what lies on the shelf, and how the two disagree."""

    watches: str
    shadow: str
    faults: tuple[str, ...]
    models: tuple[Model, ...]
    disagree: tuple[Disagreement, ...]
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A candidate in an experiment: figures by name, in words: the mean over people with its interval, "" where it
    cannot be told."""

    key: str
    figures: Mapping[str, str]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """Results of an experiment; ``why`` they cannot be read."""

    name: str
    title: str
    people: int
    sessions: int
    events: int
    arms: tuple[Arm, ...] = ()
    warnings: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What watching by a level would have meant: alerts, false ones, events told, the median lead [s], alerts a day of
    wear and the share of watched time in open alerts."""

    enter: float
    alerts: int
    false: int
    told: int
    lead_s: float | None
    a_day: float
    busy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What every level would have meant for ``wearer`` over ``worn_s`` of wear within the last ``days``, as it was
    replayed at ``made_s`` [UTC s] under ``model``. ``levels`` highest first; ``holds`` is what holds now; ``recorded``:
    imported recordings were replayed; ``note`` says what else there is to know."""

    wearer: str
    model: str
    made_s: float
    days: float
    worn_s: float
    events: int
    unheard: int
    recorded: bool
    levels: tuple[Level, ...]
    holds: Level
    note: str


class Research(Protocol):
    """See ``forecalm.offices.research``. Raises RegistryError and StoreError; LookupError where there is no such."""

    def recordings(self) -> Sequence[Recording]:
        """Return everybody's, the latest first."""
        ...

    def find(self, wearer: str, name: str) -> Recording:
        """Return one by what it is called in addresses."""
        ...

    def drawn(self, recording: Recording, since_s: float, until_s: float, columns: int) -> Mapping[str, Drawn]:
        """Return its channels, by name, each as so many columns; only what may be used for research."""
        ...

    def seconds(self, recording: Recording) -> Seconds | Working:
        """Return what the live code makes of it; begins working that out where nobody has."""
        ...

    def labels(self, recording: Recording, *, asker: str, most: int) -> tuple[Sequence[Told], int]:
        """Return up to ``most`` valid labels that reach into a recording, in order of time, and how many there are."""
        ...

    def history(self, wearer: str, number: int, *, asker: str) -> Sequence[Told]:
        """Return a label and what took its place, one after the other."""
        ...

    def add(self, recording: Recording, given: Given, *, by: str) -> int:
        """Enter a label by ``by``, and return its number."""
        ...

    def correct(self, recording: Recording, number: int, given: Given, *, by: str) -> int:
        """Put a label in the place of another, which is kept beside it; return its number."""
        ...

    def remove(self, recording: Recording, number: int, *, by: str) -> None:
        """Mark a label as not valid."""
        ...

    def consented(self) -> Mapping[str, tuple[Span, ...]]:
        """Return of each wearer from when to when readings may be used for research."""
        ...

    def export(self, wish: ExportWish, *, by: str) -> str:
        """Begin an export, and return its number."""
        ...

    def exports(self, *, by: str) -> Sequence[Export]:
        """Return those that ``by`` asked for, the latest first."""
        ...

    def take_out(self, number: str, *, by: str) -> Path:
        """Return the file of an export of theirs, and enter in the audit that it was taken."""
        ...

    def drop(self, number: str, *, by: str) -> None:
        """Delete the file of an export of theirs, or do not begin it."""
        ...

    def models(self) -> Models:
        """Return what there is on the shelf, and how champion and shadow disagreed."""
        ...

    def card(self, name: str) -> ModelCard:
        """Return what is known of a model."""
        ...

    def experiments(self) -> Sequence[Experiment]:
        """Return the results that lie in the installation."""
        ...

    def report(self, name: str) -> bytes:
        """Return the whole report of an experiment, as a page of its own."""
        ...

    def budget(self, wearer: str) -> Budget | Working | None:
        """Return what levels would have meant, as far as that was worked out; None: nobody asked."""
        ...

    def ask_budget(self, wearer: str, *, days: float, by: str) -> None:
        """Begin to work it out."""
        ...
