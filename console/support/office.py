"""What the pages of ``console.support`` need of the rest, as protocols. May block; times are UTC seconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from console.pairing.under_way import UnderWay
from ingest.registry.stretches import Change, Held, Stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody of this house: ``band`` is what they wear now (None: nothing), ``agreed`` whether a consent to care
    covers now."""

    wearer: str
    name: str
    band: str | None
    agreed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Anew:
    """The scoring anew of who is touched by corrections: how far it is of 0 to 1 (None: none goes on), and what went
    wrong the last time, "" where nothing did."""

    of: float | None = None
    fault: str = ""


class Support(Protocol):
    """See ``forecalm.offices.support``. What changes something raises RegistryError, having changed nothing, where it
    cannot be so; ``by`` is who does it, for the audit."""

    @property
    def under_way(self) -> UnderWay:
        """Every pairing under way."""
        ...

    def people(self) -> Sequence[Person]:
        """Everybody who may wear a band, by name."""
        ...

    def worn(self) -> Mapping[str, str]:
        """Who wears which band now, by band. Asked often."""
        ...

    def held(self, band: str, wearer: str) -> Held:
        """Who wears ``band`` now, and what ``wearer`` wears."""
        ...

    def history(self, band: str) -> Sequence[Stretch]:
        """Who wore a band, in order of time."""
        ...

    def knows(self, band: str) -> bool:
        """Whether a band was entered, or has been heard of."""
        ...

    def new_pseudonym(self) -> str:
        """A pseudonym that nobody has or had."""
        ...

    def unpair(self, band: str, *, by: str) -> str:
        """Nobody wears ``band`` from now on; returns who did."""
        ...

    def right(self, band: str, *, by: str) -> str:
        """It is on the right wrist: for a day nothing is asked of its wearer. Returns who wears it."""
        ...

    def correct(self, band: str, wearer: str | None, *, since_s: float, until_s: float | None, by: str) -> list[Change]:
        """``wearer`` (None: nobody) wore ``band`` then. Whoever is touched is scored anew, behind the answer."""
        ...

    def exchange(self, band: str, other: str, *, since_s: float, until_s: float | None, by: str) -> list[Change]:
        """The wearers of two bands wore each other's then; scored anew as in ``correct``."""
        ...

    def anew(self) -> Anew:
        """How far the scoring anew is. Answers at once."""
        ...
