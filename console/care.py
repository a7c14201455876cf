"""What the console needs of delivery, protection, duty, outcomes and plans, as protocols; one ``Care`` of them out.

Everything here is called from threads, several at once, and may block on a disk. Times are UTC seconds. Names of
carers go in and out as the house says them; wearers are pseudonyms.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from alerts.delivery.events import Station, Step
from alerts.delivery.matter import Matter
from alerts.outcomes.events import OutcomeTold, What
from alerts.protection.cover import Cover


class LegAt(Protocol):
    """One message to one receiver: how far it came, and when."""

    @property
    def step(self) -> int: ...
    @property
    def to(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def station(self) -> Station: ...
    @property
    def at_s(self) -> float: ...
    @property
    def attempt(self) -> int: ...
    @property
    def repeat(self) -> bool: ...
    @property
    def detail(self) -> str: ...


class ProofAt(Protocol):
    """How one matter goes from hand to hand: see ``alerts.delivery.proof.Proof``."""

    @property
    def matter(self) -> Matter: ...
    @property
    def version(self) -> str: ...
    @property
    def steps(self) -> Sequence[Step]: ...
    @property
    def legs(self) -> Sequence[LegAt]: ...
    @property
    def snoozed_until_s(self) -> float | None: ...
    @property
    def ended_by(self) -> str: ...
    @property
    def ended_s(self) -> float | None: ...


class Delivery(Protocol):
    """What was told to whom: see ``alerts.delivery.dispatch.Dispatch``."""

    def proof(self, matter_id: str) -> ProofAt | None:
        """Return the whole proof of a matter, open or over; None where nobody knows it."""
        ...

    def proofs(self) -> Sequence[ProofAt]:
        """Return the proofs of what is open."""
        ...

    def receipt(self, tablet: str, matter_id: str, station: Station, at_s: float) -> None:
        """Take in that a tablet shows, sounded or was touched; one that is known already changes nothing."""
        ...

    def snooze(self, matter_id: str, *, by: str, reason: str, until_s: float, at_s: float) -> None:
        """Pause the sound of one matter; its escalation goes on. Raises AlertError."""
        ...

    def taken(self, matter_id: str, by: str) -> None:
        """End the telling of a matter that is no alert: ``by`` has it. Raises AlertError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """What a tablet says of itself: see ``alerts.protection.tablets``."""

    foreground: bool
    able: bool
    tested_s: float | None
    push: bool
    carer: str


class Sounding(Protocol):
    """How one tablet stands: see ``alerts.protection.tablets``."""

    @property
    def can_sound(self) -> bool: ...


class Tablets(Protocol):
    """Heartbeats of the tablets: see ``alerts.protection.tablets.Tablets``."""

    def beat(self, tablet: str, beat: Beat, at_s: float) -> Sounding:
        """Take in how a tablet is now, and return how it stands."""
        ...


class Covers(Protocol):
    """How well everybody is protected, and what the house should know: see ``alerts.protection.watch``."""

    def covers(self) -> Mapping[str, Cover]:
        """Return everybody's cover by pseudonym; answers at once."""
        ...

    def notices(self) -> Sequence[Matter]:
        """Return what is wrong for more than one person, plain sentences in each; answers at once."""
        ...


class ShiftAt(Protocol):
    """One shift, open or over: see ``alerts.duty``."""

    @property
    def shift_id(self) -> str: ...
    @property
    def carer(self) -> str: ...
    @property
    def wearers(self) -> tuple[str, ...]: ...
    @property
    def began_s(self) -> float: ...
    @property
    def until_s(self) -> float: ...
    @property
    def offered_to(self) -> str: ...
    @property
    def note(self) -> str: ...


class Duty(Protocol):
    """Who is responsible: see ``alerts.duty``. What cannot be done raises AlertError, an unknown shift LookupError."""

    def shifts(self) -> Sequence[ShiftAt]:
        """Return the shifts that are on."""
        ...

    def on_shift(self, wearer: str, now_s: float) -> tuple[str, ...]:
        """Return who has ``wearer``; "": everybody who is on shift."""
        ...

    def begin(self, carer: str, wearers: Sequence[str], *, until_s: float, by: str, at_s: float) -> ShiftAt: ...

    def offer(self, shift_id: str, *, to: str, note: str, at_s: float) -> ShiftAt: ...

    def take(self, shift_id: str, *, by: str, at_s: float) -> ShiftAt: ...

    def end(self, shift_id: str, *, by: str, at_s: float) -> ShiftAt: ...

    def mute(self, tablet: str, *, by: str, reason: str, until_s: float, at_s: float) -> float:
        """Take the sound off a tablet and return until when: at the latest the end of the shift of ``by``."""
        ...

    def unmute(self, tablet: str, *, by: str, at_s: float) -> None: ...

    def muted_until(self, tablet: str, now_s: float) -> float | None:
        """Return until when a tablet is muted, None where it sounds."""
        ...

    def summary(self, shift_id: str) -> Sequence[str]:
        """Return what happened on a shift, in plain sentences."""
        ...


class Outcomes(Protocol):
    """What it was: see ``alerts.outcomes``. Raises AlertError, and LookupError where an id is unknown."""

    def tell(
        self,
        wearer: str,
        *,
        alert_id: str,
        by: str,
        what: What,
        helped: Sequence[str],
        began_s: float,
        uncertainty_s: float,
        ended_s: float,
        at_s: float,
    ) -> OutcomeTold: ...

    def correct(
        self,
        outcome_id: str,
        *,
        by: str,
        what: What,
        helped: Sequence[str],
        began_s: float,
        uncertainty_s: float,
        ended_s: float,
        at_s: float,
    ) -> OutcomeTold: ...

    def of(self, wearer: str) -> Sequence[OutcomeTold]:
        """Return every outcome of a wearer, corrections behind what they stand in for."""
        ...


class PlanAt(Protocol):
    """What helps somebody and what to avoid, as ``by`` wrote it at ``at_s``."""

    @property
    def helps(self) -> tuple[str, ...]: ...
    @property
    def avoid(self) -> tuple[str, ...]: ...
    @property
    def by(self) -> str: ...
    @property
    def at_s(self) -> float: ...


class Plans(Protocol):
    """Support plans: see ``ingest.registry.plans``."""

    def plan(self, wearer: str) -> PlanAt | None: ...

    def write(self, wearer: str, *, helps: Sequence[str], avoid: Sequence[str], by: str) -> PlanAt: ...


class Push(Protocol):
    """Subscriptions of browsers to Web Push: see ``ingest.registry.push``."""

    @property
    def public_key(self) -> str:
        """The key that a browser subscribes with: URL-safe base64 without padding."""
        ...

    def add(self, *, carer: str, tablet: str, subscription: Mapping[str, object]) -> None: ...

    def remove(self, *, endpoint: str) -> None: ...


class Take(Protocol):
    """What an opened take link allows: ``to`` takes ``matter_id``."""

    @property
    def matter_id(self) -> str: ...
    @property
    def to(self) -> str: ...


class Seals(Protocol):
    """Keys of tablets and links that take: see ``alerts.delivery.seals``."""

    def tablet_key(self, tablet: str) -> str: ...

    def opens(self, tablet: str, key: str) -> bool:
        """Return whether ``key`` is the tablet's, in a time that says nothing about either."""
        ...

    def read(self, token: str, *, now_s: float) -> Take:
        """Return what a link allows; raises Forged, or Expired."""
        ...


class Refusals(Protocol):
    """Where acts that were refused are kept."""

    def note(self, what: str, because: str) -> None:
        """Keep that ``what`` ("take link", "tablet key") was refused; neither names anybody nor holds a secret."""
        ...


class Counts(Protocol):
    """The metrics: see ``alerts.channels.counts``."""

    def refused(self, what: str, because: str) -> None: ...

    def exposition(self) -> bytes:
        """Return all of them in Prometheus' text format."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """All that ``create_app`` may be given beside the desk."""

    delivery: Delivery
    tablets: Tablets
    covers: Covers
    duty: Duty
    outcomes: Outcomes
    plans: Plans
    push: Push
    seals: Seals
    refusals: Refusals
    counts: Counts
