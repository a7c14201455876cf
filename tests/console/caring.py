"""Care that does as it is told: the real rooms for tablets, shifts and outcomes, and a delivery without threads."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alerts.delivery.events import (
    DeliveryBegun,
    DeliveryEnded,
    DeliveryEvent,
    Escalated,
    Reached,
    Station,
    Step,
)
from alerts.delivery.matter import Kind, Matter, Priority
from alerts.delivery.proof import Proof, after, begin
from alerts.delivery.seals import Seals
from alerts.delivery.snooze import snoozed
from alerts.duty.duty import Duty
from alerts.journal import Scratch
from alerts.outcomes.outcomes import Outcomes
from alerts.protection.cover import Cover
from alerts.protection.tablets import Tablets
from alerts.views import WearerView
from console.care import Care, Outside
from ingest.labels import Label
from ingest.registry.plans import Plan
from ingest.registry.push import Owner

CHAIN = (
    Step(after_s=0, who="on shift", channel="board"),
    Step(after_s=60, who="Sam", channel="call"),
)


class Log(Scratch):
    """A log in memory that can be read."""

    def read(self) -> Sequence[object]:
        return self.history


class Telling:
    """A delivery that tells nobody by itself; what the tablets say of it is kept in order."""

    def __init__(self) -> None:
        self.all: dict[str, Proof] = {}
        self.heard: list[tuple[str, str, str, float]] = []
        self._lock = threading.Lock()

    def open(self, matter_id: str, wearer: str, at_s: float, *, kind: Kind = Kind.ALERT, words: str = "") -> None:
        begun = DeliveryBegun(
            wearer=wearer,
            at_s=at_s,
            matter_id=matter_id,
            kind=kind,
            priority=Priority.HIGH,
            words=(words,),
            version="rules-1",
            steps=CHAIN,
            again_s=120,
        )
        told = Escalated(wearer=wearer, at_s=at_s, matter_id=matter_id, step=0, because="its time")
        with self._lock:
            self.all[matter_id] = after(begin(begun), told)

    def _take(self, event: DeliveryEvent) -> None:
        with self._lock:
            self.all[event.matter_id] = after(self.all[event.matter_id], event)

    def proof(self, matter_id: str) -> Proof | None:
        return self.all.get(matter_id)

    def proofs(self) -> Sequence[Proof]:
        with self._lock:  # the server's threads ask while a test opens another
            return [proof for proof in self.all.values() if proof.is_open]

    def taken_lately(self, since_s: float) -> Sequence[Proof]:
        with self._lock:
            ended = [proof for proof in self.all.values() if proof.ended_by and (proof.ended_s or 0.0) >= since_s]
        return [proof for proof in ended if proof.matter.kind is not Kind.ALERT]

    def receipt(self, tablet: str, matter_id: str, station: Station, at_s: float) -> None:
        if matter_id not in self.all:
            raise LookupError(matter_id)
        self.heard.append((tablet, matter_id, station.value, at_s))
        wearer = self.all[matter_id].matter.wearer
        self._take(
            Reached(wearer=wearer, at_s=at_s, matter_id=matter_id, step=0, to=tablet, channel="board", station=station)
        )

    def snooze(self, matter_id: str, *, by: str, reason: str, until_s: float, at_s: float) -> None:
        self._take(snoozed(self.all[matter_id], by=by, reason=reason, until_s=until_s, at_s=at_s))

    def taken(self, matter_id: str, by: str) -> None:
        matter = self.all[matter_id].matter
        self._take(
            DeliveryEnded(wearer=matter.wearer, at_s=matter.since_s, matter_id=matter_id, by=by, because="taken")
        )


class Labels:
    """Takes every label."""

    def __init__(self) -> None:
        self.entered: list[Label] = []

    def enter_outcome(self, outcome_id: str, label: Label, *, corrects: str = "", by: str) -> int:
        self.entered.append(label)
        return len(self.entered)

    def outcomes_entered(self) -> frozenset[str]:
        return frozenset()


@dataclass
class Rest:
    """Covers, plans, push, refusals and counts, as far as a board asks for them."""

    now: dict[str, Cover] = field(default_factory=dict)
    written: dict[str, Plan] = field(default_factory=dict)
    subscriptions: list[str] = field(default_factory=list)
    outside: Outside = field(default_factory=lambda: Outside(contacts=("Sam",), devices=()))
    fails: bool = False

    def covers(self) -> Mapping[str, Cover]:
        if self.fails:
            raise OSError("the registry has gone")
        return self.now

    def notices(self) -> Sequence[Matter]:
        return ()

    def plan(self, wearer: str) -> Plan | None:
        return self.written.get(wearer)

    def plans(self) -> Mapping[str, Plan]:
        return self.written

    def set_plan(self, wearer: str, *, helps: Sequence[str], avoid: Sequence[str], by: str) -> Plan:
        self.written[wearer] = Plan(1, wearer, tuple(helps), tuple(avoid), by, 0.0)
        return self.written[wearer]

    def add_push(self, **told: str) -> None:
        self.subscriptions.append(told["endpoint"])

    def remove_push(self, endpoint: str, *, because: str, by: str, owner: Owner | None = None) -> bool:
        self.subscriptions.remove(endpoint)
        return True

    def note(self, action: str, *, wearer: str | None = None, by: str, **detail: object) -> None:
        """Nobody looks."""

    def audit_lost(self, entries: int) -> None:
        raise AssertionError("an entry was lost")

    def note_refusal(self, action: str, *, wearer: str | None = None, by: str, **detail: object) -> bool:
        return True

    def refused(self, what: str, because: str) -> None:
        pass

    def render(self) -> tuple[bytes, str]:
        return b"", "text/plain"


class Caring:
    """Everything beside a desk, in memory; ``care`` is what the app is given."""

    def __init__(self, wearers: Sequence[str]) -> None:
        self.log = Log()
        self.telling = Telling()
        self.duty = Duty(self.log, watched=lambda: wearers)  # type: ignore[arg-type]
        self.tablets = Tablets(muted_until=self.duty.muted_until)
        self.labels = Labels()
        self.outcomes = Outcomes(self.log, self.labels)
        self.rest = Rest()
        self.care = Care(
            delivery=self.telling,
            tablets=self.tablets,
            covers=self.rest,
            duty=self.duty,
            outcomes=self.outcomes,
            plans=self.rest,
            push=self.rest,  # type: ignore[arg-type]
            push_key="BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM",
            seals=Seals(b"a secret of thirty-two bytes...."),
            refusals=self.rest,
            counts=self.rest,
            outside=lambda: self.rest.outside,
        )

    def hear(self, view: WearerView) -> None:
        """Open a delivery for an alert, and end it when somebody has it."""
        self.outcomes.hear(view)
        alert = view.alert
        if alert is None:
            return
        if alert.alert_id not in self.telling.all:
            self.telling.open(alert.alert_id, alert.wearer, alert.raised_s)
        if alert.acknowledged_by and self.telling.all[alert.alert_id].is_open:
            self.telling.taken(alert.alert_id, alert.acknowledged_by)
