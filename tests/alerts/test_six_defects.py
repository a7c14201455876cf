"""Defects seen in the leaders' own code, each a regression test by name."""

import math

import pytest

from alerts.delivery.events import Station
from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import Policy
from alerts.situation_events import AlertRaised
from alerts.views import AlertView, Blind, RiskState, WearerView
from models.risk import Abstention
from tests.alerts.delivery.house import House

T0 = 1_700_000_000.0
POLICY = Policy(hold_s=3, settle_s=4, refractory_s=10, fade_s=60, silent_after_s=5)


class Watched:
    """Bea and her desk, a second at a time."""

    def __init__(self) -> None:
        self.journal, self.now_s = Scratch(), T0
        self.desk = Desk(wearers=["bea", "ali"], policy=POLICY, journal=self.journal, started_s=T0)

    def second(
        self, probability: float = math.nan, fault: Abstention = Abstention.NONE, battery: int = 50
    ) -> WearerView:
        self.now_s += 1
        self.desk.tick(self.now_s)
        return self.at(self.now_s, probability, fault, battery)

    def at(
        self, end_s: float, probability: float, fault: Abstention = Abstention.NONE, battery: int = 50
    ) -> WearerView:
        return self.desk.observe("bea", end_s, probability, fault, (), 1.0, 80.0, battery, None)

    def alert(self) -> AlertView:
        for _ in range(3):
            view = self.second(0.9)
        assert view.alert is not None
        return view.alert

    def raised(self) -> int:
        return sum(isinstance(event, AlertRaised) for event in self.journal.history)


@pytest.mark.parametrize("fault", [each for each in Abstention if each is not Abstention.NONE])
def test_defect_1_a_standing_fault_or_a_low_battery_never_overwrites_a_running_alert(fault: Abstention) -> None:
    """OpenSeizureDetector: a frozen heart rate or a low battery overwrites a running alarm and clears it."""
    bea = Watched()
    alert = bea.alert()
    for _ in range(600):
        view = bea.second(fault=fault, battery=1)
        assert (view.risk, view.alert) == (RiskState.ALERTING, alert)
    assert view.sight.reason is not None
    assert bea.second(0.1).risk is RiskState.ALERTING, "latched: calm that is seen again ends nothing either"


def test_defect_1_a_channel_that_died_is_said_beside_a_running_alert() -> None:
    bea = Watched()
    alert = bea.alert()
    view = bea.desk.observe("bea", bea.now_s + 1, 0.2, Abstention.NONE, (), 1.0, math.nan, 1, None, missing=("pulse",))
    assert (view.risk, view.alert, view.missing) == (RiskState.ALERTING, alert, ("pulse",))


def test_defect_3_a_band_that_never_sent_counts_as_nobody_watched_and_never_as_calm() -> None:
    """Nightscout: no entry is treated as a current one, and raises nothing."""
    bea = Watched()
    for _ in range(100):
        bea.second(0.1)
        ali = bea.desk.views()[1]
        assert (ali.sight.reason, ali.sight.since_s, ali.probability) == (Blind.NOT_HEARD, T0, None)
    for _ in range(20):
        ali = bea.desk.observe("ali", bea.now_s, math.nan, Abstention.NO_SIGNAL, (), 0.0, math.nan, None, None)
        assert ali.sight.reason is Blind.NOT_HEARD, "empty seconds are not a band that sends"
        bea.second(0.1)


def test_defect_6_stale_evidence_never_raises_an_alert_again() -> None:
    """xDrip #4688: an alarm raised again on evidence of before."""
    bea = Watched()
    first = bea.alert()
    bea.desk.close(first.alert_id, by="Jo", at_s=bea.now_s)
    high_s = [bea.now_s - i for i in range(3)]
    for _ in range(20):
        bea.second(0.1)
        for stale_s in high_s:
            bea.at(stale_s, 0.95)
    assert bea.raised() == 1
    assert bea.desk.views()[0].risk is RiskState.WATCHING


def test_defect_6_an_hour_that_comes_late_raises_nothing_and_neither_does_silence() -> None:
    bea = Watched()
    bea.second(0.1)
    for _ in range(3600):
        bea.now_s += 1
        bea.desk.tick(bea.now_s)
    for late_s in range(3500):
        assert bea.at(T0 + 2 + late_s, 0.95).risk is RiskState.WATCHING
    assert bea.raised() == 0
    assert bea.desk.views()[0].sight.reason is Blind.SILENT


def test_defect_2_muting_never_cancels_a_pending_escalation() -> None:
    """OpenSeizureDetector: whoever mutes the alarm also cancels that others are told."""
    house = House(tablets=("kitchen",))
    alert = house.alert()
    house.dispatch.receipt("kitchen", alert.alert_id, Station.SOUNDED, house.now_s)
    house.dispatch.snooze(alert.alert_id, by="Ann", reason="On my way.", until_s=house.now_s + 300, at_s=house.now_s)
    house.wait(90)
    assert [message.to for message in house.push.came] == ["Ann"]
    assert [message.to for message in house.phone.came] == ["Sam"], "nobody had taken it by then"


def test_defect_2_a_muted_tablet_that_stays_silent_hastens_the_next_step() -> None:
    house = House(tablets=("kitchen",))
    alert = house.alert()
    house.dispatch.receipt("kitchen", alert.alert_id, Station.ON_TABLET, house.now_s)
    house.wait(10)
    assert [message.to for message in house.push.came] == ["Ann"]
