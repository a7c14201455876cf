"""What the console needs of whoever keeps a person's days, as a protocol; values of what is kept out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from alerts.happened import HappenedTo


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a minute from ``at_s`` [UTC s] on was: the highest ``risk`` (0 to 1) and the mean of each reading; None where
    nothing of it was known."""

    at_s: float
    risk: float | None = None
    sweat_us: float | None = None
    pulse_bpm: float | None = None
    skin_c: float | None = None
    movement_g: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What ``by`` wrote of the moment ``at_s`` [UTC s]; ``number`` names it."""

    number: int
    at_s: float
    by: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept of one person from ``since_s`` up to ``until_s`` [UTC s].

    ``events`` are the lines of the journal about them, the oldest first; of alerts that reach into the time, all of
    them, and what of sight and protection held when it began. ``covered`` are the times that a consent to care covers,
    ``consented`` whether one ever was given, and ``withdrawn`` whether the last was withdrawn. ``worn`` is whether they
    ever wore a band. ``missing`` says, in a sentence each, what could not be looked up.
    """

    since_s: float
    until_s: float
    readings: tuple[Reading, ...] = ()
    events: tuple[HappenedTo, ...] = ()
    notes: tuple[Note, ...] = ()
    covered: tuple[tuple[float, float], ...] = ()
    consented: bool = True
    withdrawn: bool = False
    worn: bool = True
    missing: tuple[str, ...] = ()


class Days(Protocol):
    """Everything here is called from threads, several at once, and may block. Raises RegistryError and StoreError where
    notes cannot be kept; what cannot be looked up is ``missing`` of what is ``kept``."""

    def kept(self, wearer: str, since_s: float, until_s: float) -> Kept | None:
        """Return what is kept of a wearer in the range; None: nobody of that name is known here."""
        ...

    def notes(self, wearer: str, number: int) -> Note | None:
        """Return a note of a wearer that holds; None: there is none of that number."""
        ...

    def write(self, wearer: str, text: str, *, at_s: float, by: str) -> int:
        """Keep a note, once, and return its number."""
        ...

    def correct(self, wearer: str, number: int, text: str, *, by: str) -> int:
        """Put ``text`` in the place of a note; the one before is kept beside it."""
        ...

    def remove(self, wearer: str, number: int, *, by: str) -> None:
        """Show a note no more; it is kept."""
        ...


def latest(readings: Sequence[Reading], name: str) -> tuple[float, float] | None:
    """Return the last known value of ``name`` and when it was [UTC s]; None: there is none."""
    for each in reversed(readings):
        value = getattr(each, name)
        if value is not None:
            return value, each.at_s
    return None
