"""What the console needs of delivery, protection, duty, outcomes and plans, as protocols; one ``Care`` of them out.

Everything here is called from threads, several at once, and may block on a disk. Times are UTC seconds. Names of
carers go in and out as the house says them; wearers are pseudonyms.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from alerts.delivery.events import Station
from alerts.delivery.matter import Matter
from alerts.delivery.proof import Proof
from alerts.delivery.seals import Take
from alerts.duty.roster import Shift
from alerts.outcomes.events import OutcomeTold, What
from alerts.outcomes.times import AlertTimes
from alerts.protection.cover import Cover
from alerts.protection.tablets import Beat, Tablet
from ingest.registry.plans import Plan
from ingest.registry.push import Owner, Subscription


class Delivery(Protocol):
    """What was told to whom: see ``alerts.delivery.dispatch.Dispatch``."""

    def proof(self, matter_id: str) -> Proof | None:
        """Return the whole proof of a matter, open or over; None where nobody knows it."""
        ...

    def proofs(self) -> Sequence[Proof]:
        """Return the proofs of what is open."""
        ...

    def taken_lately(self, since_s: float) -> Sequence[Proof]:
        """Return the proofs of what is no alert and somebody took since then, whatever was restarted in between."""
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


class Tablets(Protocol):
    """Heartbeats of tablets: see ``alerts.protection.tablets.Tablets``. Answers at once."""

    def beat(self, tablet: str, beat: Beat, at_s: float) -> None:
        """Take a heartbeat."""
        ...

    def at(self, tablet: str, now_s: float) -> Tablet | None:
        """Return how one tablet stands; None: it has not beaten in a day."""
        ...


class Covers(Protocol):
    """How well everybody is protected, and what the house should know: see ``alerts.protection.watch``."""

    def covers(self) -> Mapping[str, Cover]:
        """Return everybody's cover by pseudonym; answers at once."""
        ...

    def notices(self) -> Sequence[Matter]:
        """Return what is wrong for more than one person, plain sentences in each; answers at once."""
        ...


class Duty(Protocol):
    """Who is responsible: see ``alerts.duty``. What cannot be done raises AlertError, an unknown shift LookupError."""

    def shifts(self) -> Sequence[Shift]:
        """Return the shifts that are on."""
        ...

    def on_shift(self, wearer: str, now_s: float) -> tuple[str, ...]:
        """Return who has ``wearer``; "": everybody who is on shift."""
        ...

    def begin(self, carer: str, wearers: Sequence[str], *, until_s: float, by: str, at_s: float) -> Shift: ...

    def offer(self, shift_id: str, *, to: str, note: str, at_s: float) -> Shift: ...

    def take(self, shift_id: str, *, by: str, at_s: float, until_s: float | None) -> Shift: ...

    def end(self, shift_id: str, *, by: str, at_s: float, anyway: str) -> Shift:
        """End a shift; raises LeftAlone where somebody would have nobody and ``anyway`` gives no reason."""
        ...

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
        began_s: float | None,
        uncertainty_s: float | None,
        ended_s: float | None,
        at_s: float,
    ) -> OutcomeTold: ...

    def whose(self, said_id: str) -> str:
        """Return of whom an outcome or an alert is, however long ago; "" where nobody knows it."""
        ...

    def correct(
        self,
        outcome_id: str,
        *,
        by: str,
        what: What,
        helped: Sequence[str],
        began_s: float | None,
        uncertainty_s: float | None,
        ended_s: float | None,
        at_s: float,
    ) -> OutcomeTold: ...

    def times(self, alert_id: str) -> AlertTimes | None:
        """Return whose an alert was and when, however long ago; None where nobody knows it."""
        ...

    def of(self, wearer: str) -> Sequence[OutcomeTold]:
        """Return every outcome of a wearer, corrections behind what they stand in for."""
        ...


class Plans(Protocol):
    """Support plans: see ``ingest.registry``. Raises RegistryError."""

    def plan(self, wearer: str) -> Plan | None: ...

    def plans(self) -> Mapping[str, Plan]:
        """Return the plan of everybody who has one."""
        ...

    def set_plan(self, wearer: str, *, helps: Sequence[str], avoid: Sequence[str], by: str) -> Plan: ...


class Push(Protocol):
    """Browsers that are told by Web Push: see ``ingest.registry``. Raises RegistryError."""

    def add_push(self, *, endpoint: str, p256dh: str, auth: str, carer: str, tablet: str, by: str) -> Subscription: ...

    def remove_push(self, endpoint: str, *, because: str, by: str, owner: Owner | None = None) -> bool: ...


class Sealing(Protocol):
    """Keys of tablets and links that take: see ``alerts.delivery.seals.Seals``."""

    def tablet_key(self, tablet: str) -> str:
        """Return the key by which ``tablet`` shows that it is itself."""
        ...

    def opens(self, tablet: str, key: str) -> bool:
        """Return whether ``key`` is that of ``tablet``, in a time that says nothing about either."""
        ...

    def read(self, token: str, *, now_s: float) -> Take:
        """Return what a link allows; raises Forged, or Expired."""
        ...


class Refusals(Protocol):
    """The audit: what was seen, done and refused. See ``ingest.registry``. Raises RegistryError, StoreError."""

    def note(self, action: str, *, wearer: str | None = None, by: str, **detail: str | float | bool | None) -> None:
        """Keep that ``by`` did something; ``detail`` names nobody."""
        ...

    def note_refusal(
        self, action: str, *, wearer: str | None = None, by: str, **detail: str | float | bool | None
    ) -> bool:
        """Keep that ``action`` ("take link", "tablet key") was refused; nothing of it names anybody, or is a secret."""
        ...


class Counts(Protocol):
    """The metrics: see ``alerts.channels.counts``."""

    def refused(self, what: str, because: str) -> None: ...

    def audit_lost(self, entries: int) -> None:
        """Count entries that the audit could not take."""
        ...

    def render(self) -> tuple[bytes, str]:
        """Return all of them in Prometheus' text format, and its content type."""
        ...


@dataclass(frozen=True, slots=True)
class Outside:
    """Whom an alert reaches beside the tablets of the house: ``contacts`` that the rules reach, and carers on whose
    ``devices`` messages arrive while they are on shift."""

    contacts: Collection[str]
    devices: Collection[str]


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
    push_key: str  # what a browser subscribes with: URL-safe base64 without padding; "": nobody is told by Web Push
    seals: Sealing
    refusals: Refusals
    counts: Counts
    outside: Callable[[], Outside] | None = None  # None: nobody can say; answers at once
