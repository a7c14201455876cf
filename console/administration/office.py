"""What the pages of ``console.administration`` need of the rest, as protocols. May block; times are UTC seconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from alerts.delivery.rules import SiteRules
from ingest.registry.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the house stands, as far as its registry does not know.

    ``certificate_ends_s``: when the certificate of the pages ends; None: they are served without one. ``copied_s``:
    when the newest copy (``forecalm backup``) was made; None: none ever was. ``cut_off``: an erasure was cut off, and
    is to be finished.
    """

    certificate_ends_s: float | None = None
    copied_s: float | None = None
    cut_off: bool = False


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a test message: ``why`` it did not go ("": a service took it on), and how long that took [s]."""

    why: str
    took_s: float


@dataclass(frozen=True, slots=True)
class Trace:
    """``count`` things of a ``kind`` that hold somebody. ``stays``: why they are not deleted; "": they are."""

    kind: str
    what: str
    count: int
    stays: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What there is of somebody, as far as it was looked at: ``counted`` packets until now. ``traces`` are None while
    somebody still looks, and where that failed ``why`` says so. ``takes_s``: how long erasing takes, about."""

    counted: int
    traces: tuple[Trace, ...] | None
    takes_s: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt of an erasure, which names nobody: the name of its file, and when it was written [UTC s]."""

    name: str
    at_s: float


class Erasing(Protocol):
    """What there is of somebody, and its end: see ``forecalm.offices.erasing``."""

    def look(self, wearer: str) -> Looked:
        """Return what there is, as far as it is known; who asks first sets somebody to look. Answers at once."""
        ...

    def forget(self, wearer: str) -> None:
        """Look anew the next time."""
        ...

    def plan(self, wearer: str, *, by: str) -> None:
        """Have the service end itself, erase ``wearer``, and begin again. Raises RegistryError where another erasure is
        planned."""
        ...

    def planned(self) -> str:
        """Return the pseudonym of who is to be erased; "": nobody."""
        ...

    def failed(self) -> str:
        """Return why the last planned erasure did not come to its end, "" where it did."""
        ...

    def receipts(self) -> Sequence[Receipt]:
        """Return the receipts that are there, the newest first."""
        ...

    def receipt(self, name: str) -> bytes:
        """Return what stands in one; raises LookupError where there is none of that name."""
        ...


class Administration(Protocol):
    """See ``forecalm.offices.administration``."""

    @property
    def registry(self) -> Registry:
        """Where people, sites, rules and the audit are kept."""
        ...

    @property
    def erasing(self) -> Erasing:
        """How people are erased."""
        ...

    def standing(self) -> Standing:
        """Return how the house stands besides."""
        ...

    def uncovered(self) -> Sequence[str]:
        """Return the pseudonyms of those whom nobody on shift has."""
        ...

    def try_channel(self, rules: SiteRules, *, to: str, channel: str) -> Tried:
        """Send ``to`` (a contact, or a carer with a device) a message that says that it is a test, by ``channel``."""
        ...

    def devices(self) -> Mapping[str, int]:
        """Return how many devices of each carer take messages, where this house sends any."""
        ...
