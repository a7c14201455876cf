"""What a disk took of delivery's lines and not of the desk's, and a crash: nobody is told in vain, or not at all."""

from collections.abc import Sequence

import pytest

from alerts.delivered import with_delivered
from alerts.desk import Desk
from alerts.errors import JournalError
from alerts.events import Event
from alerts.outcomes.events import What
from alerts.outcomes.outcomes import Outcomes
from alerts.policy import Policy
from alerts.situation_events import AlertAcknowledged, AlertRaised, AlertResolved, SituationEvent
from alerts.views import AlertView, RiskState
from ingest.labels import Label
from models.risk import Abstention
from tests.alerts.delivery.house import Disk, House

START_S = 1_000.0


class Picky(Disk):
    """A disk that takes no line of a kind in ``refuses``."""

    refuses: tuple[type[Event], ...] = ()

    def append(self, events: Sequence[Event]) -> None:
        if any(isinstance(event, self.refuses) for event in events):
            raise JournalError("no space")
        super().append(events)


class Ward:
    """A desk and delivery on one disk; ``crash`` leaves what is on it."""

    def __init__(self, journal: Picky | None = None, now_s: float = START_S) -> None:
        self.disk = journal or Picky()
        self.house = House(journal=self.disk, now_s=now_s)
        self.desk = Desk(wearers=["w1"], policy=Policy(), journal=self.disk, started_s=now_s)
        self.desk.subscribe(self.house.dispatch.hear)

    def crash(self) -> "Ward":
        return Ward(Picky(self.disk.history), self.house.now_s + 5)

    def second(self, probability: float = 0.99) -> None:
        self.house.now_s += 1
        now_s = self.house.now_s
        self.desk.tick(now_s)
        self.desk.observe("w1", now_s, probability, Abstention.NONE, ("Sweat rising.",), 1.0, 80.0, 90, None)
        self.house.settle()

    def alert(self) -> AlertView:
        for _ in range(300):
            self.second()
            if self.desk.views()[0].risk is RiskState.ALERTING:
                break
        return self.shown()

    def shown(self) -> AlertView:
        alert = self.desk.views()[0].alert
        assert alert is not None
        return alert

    def take(self) -> None:
        self.desk.acknowledge(self.shown().alert_id, by="Sam", at_s=self.house.now_s)
        self.house.settle()

    def open(self) -> list[str]:
        return [proof.matter.matter_id for proof in self.house.dispatch.proofs()]


class Labels:
    """A registry that takes every label."""

    def enter_outcome(self, outcome_id: str, label: Label, *, corrects: str = "", by: str) -> int:
        return 1

    def outcomes_entered(self) -> frozenset[str]:
        return frozenset()


def test_an_alert_that_only_delivery_could_write_is_on_the_board_after_a_crash_and_can_be_taken() -> None:
    ward = Ward()
    ward.disk.refuses = SituationEvent.__args__
    before = ward.alert()
    after = ward.crash()
    alert = after.shown()
    assert (alert.alert_id, alert.raised_s, alert.reasons) == (before.alert_id, before.raised_s, before.reasons)
    assert after.open() == [alert.alert_id]
    assert after.desk.views()[0].risk is RiskState.ALERTING
    after.take()
    assert after.open() == []
    rung = len(after.house.phone.came)
    after.house.wait(3_600)
    assert len(after.house.phone.came) == rung
    again = after.crash()
    assert (again.shown().acknowledged_by, again.open()) == ("Sam", [])


def test_an_alert_whose_taking_only_delivery_could_write_is_taken_after_a_crash_and_settles() -> None:
    ward = Ward()
    ward.alert()
    ward.disk.refuses = (AlertAcknowledged,)
    ward.take()
    after = ward.crash()
    assert after.shown().acknowledged_by == "Sam"
    assert after.open() == []
    after.house.wait(600)
    assert not after.house.phone.came
    for _ in range(1_000):
        after.second(0.0)
        if after.shown().resolved_s is not None:
            break
    assert after.shown().resolved_s is not None
    again = after.crash()
    assert again.desk.views()[0].risk is not RiskState.ALERTING
    assert again.shown().resolved_s is not None


def test_an_alert_that_nobody_took_is_open_and_told_after_a_crash_whatever_was_lost() -> None:
    for refuses in ((), (AlertRaised,)):
        ward = Ward()
        ward.disk.refuses = refuses
        alert = ward.alert()
        after = ward.crash()
        assert after.shown().acknowledged_by is None
        assert after.open() == [alert.alert_id]


@pytest.mark.parametrize("late", [False, True])
def test_what_the_desk_wrote_itself_counts_once_also_where_it_came_late(late: bool) -> None:
    ward = Ward()
    ward.disk.refuses = SituationEvent.__args__ if late else ()
    ward.alert()
    ward.take()
    ward.disk.refuses = ()
    ward.second()
    ward.desk.close(ward.shown().alert_id, by="Sam", at_s=ward.house.now_s)
    kinds = [type(event) for event in with_delivered(ward.disk.history) if isinstance(event, SituationEvent)]
    assert kinds[-3:] == [AlertRaised, AlertAcknowledged, AlertResolved]
    assert kinds.count(AlertRaised) == kinds.count(AlertAcknowledged) == 1
    assert ward.crash().shown() == ward.shown()


def test_a_taking_before_the_line_that_raised_the_alert_stands_behind_it() -> None:
    ward = Ward()
    ward.disk.refuses = SituationEvent.__args__
    alert = ward.alert()
    ward.take()
    raised = AlertRaised(
        wearer="w1", at_s=alert.raised_s, alert_id=alert.alert_id, probability=0.9, reasons=(), policy="p"
    )
    after = Ward(Picky([*ward.disk.history, raised]), ward.house.now_s)  # a crash tore the taking off
    assert after.shown().acknowledged_by == "Sam"


def test_the_outcome_of_an_alert_that_only_delivery_could_write_can_be_told() -> None:
    ward = Ward()
    ward.disk.refuses = SituationEvent.__args__
    alert = ward.alert()
    outcomes = Outcomes(Picky(ward.disk.history), Labels())
    told = outcomes.tell("", alert_id=alert.alert_id, by="Jo", what=What.SETTLED, at_s=ward.house.now_s)
    assert told.wearer == "w1"
