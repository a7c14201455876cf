"""What the desk shows, and what it never does: each defect seen in the field is a test here."""

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.desk import OPEN_LONG_S, Desk
from alerts.errors import AlertError, JournalError, UnknownAlert
from alerts.events import Event
from alerts.journal import Journal, Scratch
from alerts.ledger import Trend
from alerts.policy import Policy
from alerts.situation_events import AlertAcknowledged, AlertRaised, AlertResolved, SightLost
from alerts.views import TREND_LENGTH, AlertView, Blind, RiskState, Sight, Stamp, WearerView
from models.risk import Abstention

T0 = 1_700_000_000.0
POLICY = Policy(hold_s=3, settle_s=4, refractory_s=10, fade_s=60, silent_after_s=5)
HIGH, LOW = 0.9, 0.1


class Ward:
    """A desk, its log, and a clock that goes on by a second at a time."""

    def __init__(self, log: Scratch | None = None, wearers: Sequence[str] = ("bea", "ali"), now_s: float = T0) -> None:
        self.log = log or Scratch()
        self.now_s = now_s
        self.desk = Desk(wearers=wearers, policy=POLICY, journal=self.log, started_s=now_s)

    def second(
        self,
        probability: float = math.nan,
        abstention: Abstention = Abstention.NONE,
        *,
        wearer: str = "bea",
        seconds: int = 1,
    ) -> WearerView:
        for _ in range(seconds):
            self.now_s += 1
            view = self.at(self.now_s, probability, abstention, wearer=wearer)
            self.desk.tick(self.now_s)
        return view

    def at(
        self, end_s: float, probability: float, abstention: Abstention = Abstention.NONE, *, wearer: str = "bea"
    ) -> WearerView:
        return self.desk.observe(
            wearer,
            end_s,
            probability=probability,
            abstention=abstention,
            reasons=lambda: ("Sweat rising.",) if abstention is Abstention.NONE else (),
            learnt=1.0,
            heart_rate_bpm=80.0,
            battery_pct=50,
            stamp=Stamp("band", 1, 2, None),
        )

    def silence(self, seconds: int) -> list[WearerView]:
        views = []
        for _ in range(seconds):
            self.now_s += 1
            views += self.desk.tick(self.now_s)
        return views

    def alert(self) -> AlertView:
        alert = self.second(HIGH, seconds=3).alert
        assert alert is not None
        return alert

    def view(self, wearer: str = "bea") -> WearerView:
        return next(view for view in self.desk.views() if view.wearer == wearer)

    def restarted(self, after_s: float = 0.0) -> "Ward":
        return Ward(Scratch(self.log.history), now_s=self.now_s + after_s)


def test_from_calm_to_an_alert_to_calm_again() -> None:
    ward = Ward()
    assert ward.second(LOW).risk is RiskState.WATCHING
    assert ward.second(HIGH).risk is RiskState.RISING
    assert ward.second(HIGH).risk is RiskState.RISING
    view = ward.second(HIGH)
    assert view.risk is RiskState.ALERTING
    assert view.alert == AlertView(
        alert_id=f"bea-{round(T0 + 4)}-1",
        wearer="bea",
        raised_s=T0 + 4,
        probability=HIGH,
        reasons=("Sweat rising.",),
        policy=POLICY.version,
    )
    assert ward.second(LOW, seconds=100).risk is RiskState.ALERTING
    ward.desk.acknowledge(view.alert.alert_id, by=" Jo ", at_s=ward.now_s)
    assert ward.view().risk is RiskState.ACKNOWLEDGED
    over = ward.second(LOW, seconds=4)
    assert over.risk is RiskState.RESOLVED
    assert over.alert is not None
    assert (over.alert.acknowledged_by, over.alert.resolved_s) == ("Jo", ward.now_s)
    assert ward.second(HIGH, seconds=9).risk is RiskState.RESOLVED
    assert ward.second(HIGH).risk is RiskState.RISING
    assert ward.second(LOW).alert is None


def test_a_view_says_everything_that_a_second_told() -> None:
    view = Ward().second(LOW)
    assert (view.probability, view.why, view.learnt, view.heart_rate_bpm, view.battery_pct, view.stamp) == (
        LOW,
        ("Sweat rising.",),
        1.0,
        80.0,
        50,
        Stamp("band", 1, 2, None),
    )
    assert view.sight == Sight(T0 + 1)


@pytest.mark.parametrize("fault", [a for a in Abstention if a is not Abstention.NONE])
def test_a_standing_fault_never_overwrites_an_alert(fault: Abstention) -> None:
    """OpenSeizureDetector: a frozen heart rate or a low battery clears a running alarm."""
    ward = Ward()
    alert = ward.alert()
    view = ward.second(abstention=fault, seconds=1000)
    assert (view.risk, view.alert) == (RiskState.ALERTING, alert)
    assert view.sight.reason is not None
    assert view.probability is None


def test_a_band_that_never_sent_is_not_heard_rather_than_calm() -> None:
    """Nightscout: no entry counts as a current one."""
    ward = Ward()
    for view in ward.desk.views():
        assert view.sight == Sight(T0, Blind.NOT_HEARD)
        assert view.probability is None
        assert view.why == ("The band has not been heard yet.",)
    ward.silence(100)
    assert ward.second(abstention=Abstention.NO_SIGNAL).sight == Sight(T0, Blind.NOT_HEARD)


def test_an_acknowledgement_bears_a_name_is_on_disk_and_the_first_one_stands() -> None:
    """Nightscout: one viewer's acknowledgement clears every client, in memory, with nobody's name."""
    ward = Ward()
    alert = ward.alert()
    taken = ward.desk.acknowledge(alert.alert_id, by="Jo", at_s=ward.now_s)
    assert (taken.acknowledged_by, taken.acknowledged_s) == ("Jo", ward.now_s)
    assert ward.log.history[-1] == AlertAcknowledged(wearer="bea", at_s=ward.now_s, alert_id=alert.alert_id, by="Jo")
    assert ward.desk.acknowledge(alert.alert_id, by="Sam", at_s=ward.now_s + 9) == taken
    assert ward.log.history[-1].at_s == ward.now_s


@pytest.mark.parametrize("nobody", ["", "   ", "\n", "Jo\nSam", "J\x00o", "x" * 81])
def test_nobody_takes_an_alert_without_a_name(nobody: str) -> None:
    """OpenSeizureDetector and Nightscout: an alarm accepted by who knows whom."""
    ward = Ward()
    alert = ward.alert()
    with pytest.raises(AlertError, match="by name"):
        ward.desk.acknowledge(alert.alert_id, by=nobody, at_s=ward.now_s)
    assert ward.view().risk is RiskState.ALERTING


def test_taking_an_alert_does_not_quiet_the_next_one() -> None:
    """OpenSeizureDetector: muting cancels what would have followed."""
    ward = Ward()
    first = ward.alert()
    ward.desk.acknowledge(first.alert_id, by="Jo", at_s=ward.now_s)
    ward.second(LOW, seconds=4 + 10)
    second = ward.alert()
    assert second.alert_id != first.alert_id
    assert second.acknowledged_by is None


def test_late_seconds_raise_nothing() -> None:
    """xDrip: an alarm raised again on stale evidence."""
    ward = Ward()
    ward.second(LOW, seconds=20)
    before = ward.view()
    for back_s in range(19, 0, -1):
        assert ward.at(ward.now_s - back_s, HIGH) == before
    for _ in range(10):
        assert ward.at(ward.now_s, HIGH) == before


def test_a_backlog_sent_after_an_outage_raises_nothing_and_is_shown_as_silence() -> None:
    ward = Ward()
    ward.second(LOW)
    ward.silence(600)
    for i in range(500):
        assert ward.at(T0 + 2 + i, HIGH).sight.reason is Blind.SILENT
    assert ward.view().risk is RiskState.WATCHING


def test_one_second_from_the_future_does_not_silence_a_wearer_for_ever() -> None:
    ward = Ward()
    ward.second(LOW)
    ward.at(ward.now_s + 86_400, LOW)
    assert ward.alert().raised_s == ward.now_s


def test_a_clock_set_back_neither_hides_new_seconds_nor_shows_old_ones_as_calm() -> None:
    ward = Ward()
    ward.second(LOW, seconds=5)
    ward.now_s -= 3600
    assert ward.silence(10)[0].sight.reason is Blind.SILENT
    assert ward.alert().raised_s == ward.now_s


@pytest.mark.parametrize("back_s", [1, 3, 5, 6])
def test_a_clock_set_back_by_a_little_hides_no_silence(back_s: int) -> None:
    ward = Ward()
    ward.second(LOW, seconds=9)
    ward.now_s -= back_s
    assert ward.silence(5) == []
    assert ward.silence(1)[0].sight.reason is Blind.SILENT


def test_silence_is_lost_sight_since_the_last_second_heard() -> None:
    ward = Ward()
    ward.second(LOW, seconds=3)
    heard_s = ward.now_s
    assert ward.silence(4) == []
    (view,) = ward.silence(1)
    assert (view.wearer, view.sight) == ("bea", Sight(heard_s, Blind.SILENT))
    assert (view.probability, view.heart_rate_bpm, view.why) == (None, None, ("The band is silent.",))
    assert ward.silence(100) == []


def test_seconds_in_which_nothing_arrived_are_silence_too() -> None:
    ward = Ward()
    ward.second(LOW)
    assert ward.second(abstention=Abstention.NO_SIGNAL, seconds=4).sight.reason is None
    assert ward.second(abstention=Abstention.NO_SIGNAL).sight == Sight(T0 + 1, Blind.SILENT)


def test_signs_that_rose_before_sight_was_lost_stay_but_do_not_count_on() -> None:
    ward = Ward()
    ward.second(HIGH, seconds=2)
    ward.second(abstention=Abstention.NOT_WORN, seconds=100)
    assert ward.view().risk is RiskState.RISING
    assert ward.second(HIGH, seconds=2).risk is RiskState.RISING
    assert ward.second(HIGH).risk is RiskState.ALERTING


def test_an_alert_can_be_taken_while_nobody_can_see() -> None:
    ward = Ward()
    alert = ward.alert()
    ward.silence(10)
    ward.desk.acknowledge(alert.alert_id, by="Jo", at_s=ward.now_s)
    ward.silence(1000)
    view = ward.view()
    assert (view.risk, view.sight.reason) == (RiskState.ACKNOWLEDGED, Blind.SILENT)


def test_an_open_alert_is_open_again_after_a_restart() -> None:
    ward = Ward()
    alert = ward.alert()
    again = ward.restarted(3600)
    view = again.view()
    assert (view.risk, view.alert, view.sight.reason) == (RiskState.ALERTING, alert, Blind.NOT_HEARD)
    again.desk.acknowledge(alert.alert_id, by="Jo", at_s=again.now_s)
    taken = again.restarted().view()
    assert (taken.risk, taken.alert and taken.alert.acknowledged_by) == (RiskState.ACKNOWLEDGED, "Jo")


def test_ids_stay_unique_across_a_restart() -> None:
    ward = Ward()
    ids = set()
    for _ in range(3):
        alert = ward.alert()
        ward.desk.acknowledge(alert.alert_id, by="Jo", at_s=ward.now_s)
        ward.second(LOW, seconds=4 + 10)
        ids.add(alert.alert_id)
        ward = Ward(Scratch(ward.log.history))
    assert len(ids) == 3


def test_an_open_alert_outlives_its_wearer_being_taken_off_the_list() -> None:
    ward = Ward()
    alert = ward.alert()
    desk = Desk(wearers=["ali"], policy=POLICY, journal=Scratch(ward.log.history), started_s=ward.now_s)
    assert [view.alert for view in desk.views()] == [None, alert]


def test_lost_sight_counts_on_through_a_restart() -> None:
    ward = Ward()
    ward.second(LOW)
    ward.second(abstention=Abstention.NOT_WORN)
    lost_s = ward.now_s
    assert ward.restarted(60).view().sight == Sight(lost_s, Blind.NOT_HEARD)
    assert ward.restarted(60).view("ali").sight == Sight(lost_s + 60, Blind.NOT_HEARD)


def test_an_alert_that_nobody_raised_cannot_be_taken() -> None:
    with pytest.raises(UnknownAlert, match="bea-7"):
        Ward().desk.acknowledge("bea-7", by="Jo", at_s=T0)


def test_the_journal_is_written_before_anybody_is_told() -> None:
    ward = Ward()
    told: list[tuple[WearerView, bool]] = []
    ward.desk.subscribe(lambda view: told.append((view, any(isinstance(e, AlertRaised) for e in ward.log.history))))
    ward.alert()
    assert [(view.risk is RiskState.ALERTING, written) for view, written in told] == [
        (False, False),
        (False, False),
        (True, True),
    ]


class Full(Scratch):
    """A disk with no room until ``free`` is set."""

    free = False

    def append(self, events: Sequence[Event]) -> None:
        if not self.free:
            raise JournalError("no space left")
        super().append(events)


def test_an_alert_is_shown_though_the_disk_is_full_and_kept_as_soon_as_there_is_room(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = Full()
    ward = Ward(log)
    alert = ward.alert()
    assert ward.view().risk is RiskState.ALERTING
    assert ward.desk.journal_fault == "no space left"
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL]
    ward.desk.acknowledge(alert.alert_id, by="Jo", at_s=ward.now_s)
    log.free = True
    ward.silence(1)
    assert ward.desk.journal_fault is None
    assert [type(event).__name__ for event in log.history] == ["SightRegained", "AlertRaised", "AlertAcknowledged"]
    assert ward.restarted().view().alert == ward.view().alert


def test_of_sight_that_comes_and_goes_on_a_full_disk_the_last_is_kept() -> None:
    log = Full()
    ward = Ward(log)
    for _ in range(20):
        ward.second(LOW)
        ward.second(abstention=Abstention.NOT_WORN)
    assert ward.desk.journal_fault is not None
    log.free = True
    ward.silence(1)
    assert ward.desk.journal_fault is None
    assert [type(event).__name__ for event in log.history] == ["SightLost"]


def test_a_listener_that_fails_hurts_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    ward = Ward()
    told: list[WearerView] = []

    def broken(view: WearerView) -> None:
        raise RuntimeError("screen")

    ward.desk.subscribe(broken)
    ward.desk.subscribe(told.append)
    assert ward.second(LOW) in told
    assert "a listener failed" in caplog.text


def test_words_that_fail_do_not_stop_an_alert(caplog: pytest.LogCaptureFixture) -> None:
    def wordless() -> tuple[str, ...]:
        raise KeyError("word")

    ward = Ward()
    for i in range(3):
        view = ward.desk.observe("bea", T0 + i, HIGH, Abstention.NONE, wordless, 1.0, 80.0, None, None)
    assert view.risk is RiskState.ALERTING
    assert "no words" in caplog.text


def test_who_acts_on_what_they_are_told_does_not_turn_the_order_round() -> None:
    ward = Ward()
    told: list[RiskState] = []

    def take(view: WearerView) -> None:
        if view.risk is RiskState.ALERTING and view.alert is not None:
            ward.desk.acknowledge(view.alert.alert_id, by="Jo", at_s=view.at_s)

    ward.desk.subscribe(take)
    end = ward.desk.subscribe(lambda view: told.append(view.risk))
    assert ward.second(HIGH, seconds=3).risk is RiskState.ACKNOWLEDGED
    end()
    ward.second(HIGH)
    assert told == [RiskState.RISING, RiskState.RISING, RiskState.ALERTING, RiskState.ACKNOWLEDGED]


def test_the_trend_is_half_an_hour_of_the_highest_of_each_20_s() -> None:
    ward = Ward(now_s=1_700_000_000.0 - 1_700_000_000 % 20)
    view = ward.second(LOW, seconds=20)
    assert view.trend == (*[None] * (TREND_LENGTH - 1), LOW)
    ward.second(0.3)
    ward.second(abstention=Abstention.NOT_WORN, seconds=39)
    view = ward.second(0.2)
    assert view.trend == (*[None] * (TREND_LENGTH - 4), LOW, 0.3, None, 0.2)
    assert ward.second(LOW, seconds=TREND_LENGTH * 20 - 20).trend == (0.2, *[LOW] * (TREND_LENGTH - 1))


@pytest.mark.parametrize(
    ("end_s", "probability", "abstention", "says"),
    [
        (math.nan, LOW, Abstention.NONE, "second_end_s"),
        (math.inf, LOW, Abstention.NONE, "second_end_s"),
        (T0, math.nan, Abstention.NONE, "probability"),
        (T0, 1.5, Abstention.NONE, "probability"),
        (T0, 0.5, Abstention.NOT_WORN, "NOT_WORN"),
    ],
)
def test_a_second_that_makes_no_sense_is_refused(
    end_s: float, probability: float, abstention: Abstention, says: str
) -> None:
    with pytest.raises(AlertError, match=says):
        Ward().at(end_s, probability, abstention)


def test_a_wearer_that_nobody_knows_is_refused() -> None:
    with pytest.raises(AlertError, match="'zoe'"):
        Ward().at(T0, LOW, wearer="zoe")


@pytest.mark.parametrize("wearers", [["bea", "bea"], [""], ["b\nea"], ["b\ud800ea"]])
def test_wearers_are_told_apart_and_can_be_written_down(wearers: list[str]) -> None:
    with pytest.raises(AlertError, match="name of their own"):
        Ward(wearers=wearers)


def test_two_threads_taking_one_alert_leave_one_taker() -> None:
    ward = Ward()
    alert = ward.alert()
    takers: list[str | None] = []

    def take(name: str) -> None:
        takers.append(ward.desk.acknowledge(alert.alert_id, by=name, at_s=ward.now_s).acknowledged_by)

    threads = [Thread(target=take, args=(f"carer {i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(takers) == 8
    assert len(set(takers)) == 1
    assert sum(isinstance(event, AlertAcknowledged) for event in ward.log.history) == 1


def test_a_desk_on_a_journal_on_disk_goes_on_where_it_stopped(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    desk = Desk(wearers=["bea"], policy=Policy(hold_s=0), journal=journal, started_s=T0)
    raised = desk.observe("bea", T0 + 1, HIGH, Abstention.NONE, ("Why.",), 1.0, math.nan, None, None)
    journal.close()
    journal = Journal(tmp_path / "journal.jsonl")
    again = Desk(wearers=["bea"], policy=Policy(hold_s=0), journal=journal, started_s=T0 + 5)
    journal.close()
    assert [view.alert for view in again.views()] == [raised.alert]
    assert not any(isinstance(event, SightLost) for event in journal.history)


def test_without_consent_nothing_is_decided_shown_or_lost_and_sight_says_why() -> None:
    ward = Ward()
    ward.second(LOW, seconds=3)
    view = ward.desk.recording("bea", False, ward.now_s)
    assert view.sight == Sight(ward.now_s, Blind.NOT_RECORDING)
    assert (view.probability, view.heart_rate_bpm, view.battery_pct) == (None, None, None)
    assert view.why == ("No consent: nothing is kept, and no alert can come.",)
    assert ward.second(HIGH, seconds=10) == view
    assert [it.wearer for it in ward.silence(30)] == []
    assert ward.view() == view
    assert [event.reason for event in ward.log.history if isinstance(event, SightLost)][-1] is Blind.NOT_RECORDING


def test_an_open_alert_outlasts_a_withdrawal_and_can_still_be_taken() -> None:
    ward = Ward()
    alert = ward.alert()
    view = ward.desk.recording("bea", False, ward.now_s)
    assert (view.risk, view.alert) == (RiskState.ALERTING, alert)
    ward.second(LOW, seconds=20)
    assert ward.view().risk is RiskState.ALERTING
    assert ward.desk.acknowledge(alert.alert_id, by="Jo", at_s=ward.now_s).acknowledged_by == "Jo"
    assert ward.view().sight.reason is Blind.NOT_RECORDING


def test_signs_that_rose_before_a_withdrawal_raise_nothing_while_it_lasts() -> None:
    ward = Ward()
    ward.second(HIGH, seconds=2)
    ward.desk.recording("bea", False, ward.now_s)
    ward.second(HIGH, seconds=10)
    assert (ward.view().risk, ward.view().alert) == (RiskState.RISING, None)


def test_saying_again_that_a_consent_covers_or_does_not_changes_nothing() -> None:
    ward = Ward()
    seen = ward.second(LOW)
    assert ward.desk.recording("bea", True, ward.now_s) is seen
    gone = ward.desk.recording("bea", False, ward.now_s)
    told = len(ward.log.history)
    assert ward.desk.recording("bea", False, ward.now_s + 9) is gone
    assert len(ward.log.history) == told


def test_with_a_new_consent_somebody_is_not_heard_yet_and_watched_from_the_first_second_on() -> None:
    ward = Ward()
    ward.second(LOW)
    ward.desk.recording("bea", False, ward.now_s)
    ward.silence(60)
    view = ward.desk.recording("bea", True, ward.now_s)
    assert view.sight == Sight(ward.now_s, Blind.NOT_HEARD)
    assert ward.view().why == ("The band has not been heard yet.",)
    assert ward.second(LOW).sight == Sight(ward.now_s)


def test_a_withdrawal_counts_from_its_own_moment_though_nobody_could_see_before() -> None:
    ward = Ward()
    ward.second(LOW)
    ward.silence(240)
    assert ward.view().sight.reason is Blind.SILENT
    withdrawn_s = ward.now_s
    assert ward.desk.recording("bea", False, withdrawn_s).sight == Sight(withdrawn_s, Blind.NOT_RECORDING)
    lost = [event for event in ward.log.history if isinstance(event, SightLost)][-1]
    assert (lost.reason, lost.since_s) == (Blind.NOT_RECORDING, withdrawn_s)
    assert ward.restarted(after_s=600).view().sight == Sight(withdrawn_s, Blind.NOT_RECORDING)


def test_whoever_was_not_recorded_is_not_after_a_restart_either_until_somebody_says_so() -> None:
    ward = Ward()
    ward.second(LOW)
    withdrawn_s = ward.now_s
    ward.desk.recording("bea", False, withdrawn_s)
    later = ward.restarted(after_s=600)
    assert later.view().sight == Sight(withdrawn_s, Blind.NOT_RECORDING)
    assert later.second(HIGH, seconds=10).risk is RiskState.WATCHING
    later.desk.recording("bea", True, later.now_s)
    assert later.second(LOW).sight.reason is None


def test_a_consent_of_somebody_unknown_or_at_no_time_is_refused() -> None:
    ward = Ward()
    with pytest.raises(AlertError, match="nobody called"):
        ward.desk.recording("zoe", False, ward.now_s)
    with pytest.raises(AlertError, match="at_s"):
        ward.desk.recording("bea", False, math.nan)


def test_somebody_more_is_watched_from_now_on_and_shown_at_once() -> None:
    ward = Ward()
    ward.second(HIGH, seconds=4)
    before = ward.desk.views()
    shown: list[WearerView] = []
    ward.desk.subscribe(shown.append)
    view = ward.desk.watch("cay")
    assert (view.wearer, view.sight, view.risk) == ("cay", Sight(ward.now_s, Blind.NOT_HEARD), RiskState.WATCHING)
    assert shown == [view]
    assert ward.desk.views() == [*before, view]
    assert ward.second(LOW, wearer="cay").probability == LOW
    again = ward.desk.watch("cay")
    assert again.probability == LOW
    assert len(shown) == 2
    with pytest.raises(AlertError, match="printable"):
        ward.desk.watch("c\ny")


def test_somebody_who_comes_back_has_the_alert_that_nobody_took() -> None:
    log = Scratch()
    ward = Ward(log)
    ward.second(HIGH, seconds=4)
    later = Ward(Scratch(log.history), wearers=("ali",), now_s=ward.now_s)
    assert later.desk.watch("bea").risk is RiskState.ALERTING


def test_who_says_that_it_is_over_ends_the_alert_by_name_and_it_is_on_disk() -> None:
    ward = Ward()
    alert = ward.alert()
    ward.desk.acknowledge(alert.alert_id, by="Jo", at_s=ward.now_s)
    over = ward.desk.close(alert.alert_id, by=" Sam ", at_s=ward.now_s + 1)
    assert (over.acknowledged_by, over.resolved_by, over.resolved_s) == ("Jo", "Sam", ward.now_s + 1)
    assert ward.view().risk is RiskState.RESOLVED
    assert ward.log.history[-1] == AlertResolved(wearer="bea", at_s=ward.now_s + 1, alert_id=alert.alert_id, by="Sam")
    assert ward.desk.close(alert.alert_id, by="Ada", at_s=ward.now_s + 9) == over
    assert ward.restarted().view().alert == over


def test_whoever_ends_an_alert_that_nobody_took_has_taken_it() -> None:
    ward = Ward()
    alert = ward.alert()
    over = ward.desk.close(alert.alert_id, by="Sam", at_s=ward.now_s)
    assert (over.acknowledged_by, over.acknowledged_s, over.resolved_by) == ("Sam", ward.now_s, "Sam")
    assert [type(event).__name__ for event in ward.log.history[-2:]] == ["AlertAcknowledged", "AlertResolved"]


def test_signs_that_stay_high_after_it_was_said_to_be_over_raise_another_alert() -> None:
    ward = Ward()
    first = ward.alert()
    ward.desk.close(first.alert_id, by="Sam", at_s=ward.now_s + 0.7)
    assert ward.second(HIGH, seconds=10).risk is RiskState.RESOLVED
    second = ward.second(HIGH, seconds=3)
    assert second.risk is RiskState.ALERTING
    assert second.alert is not None
    assert (second.alert.alert_id != first.alert_id, second.alert.acknowledged_by) == (True, None)


@pytest.mark.parametrize("nobody", ["", "\n", "x" * 81])
def test_nobody_ends_an_alert_without_a_name(nobody: str) -> None:
    ward = Ward()
    alert = ward.alert()
    with pytest.raises(AlertError, match="by name"):
        ward.desk.close(alert.alert_id, by=nobody, at_s=ward.now_s)
    with pytest.raises(AlertError, match="at_s"):
        ward.desk.close(alert.alert_id, by="Jo", at_s=math.nan)
    with pytest.raises(UnknownAlert):
        ward.desk.close("bea-7", by="Jo", at_s=ward.now_s)
    assert ward.view().risk is RiskState.ALERTING


def test_an_alert_that_was_taken_and_never_ended_is_told_once_after_two_hours() -> None:
    ward = Ward()
    alert = ward.alert()
    ward.desk.acknowledge(alert.alert_id, by="Jo", at_s=ward.now_s)
    taken_s = ward.now_s
    ward.second(HIGH, seconds=30)
    assert not ward.view().open_long
    told = [view for view in ward.desk.tick(taken_s + OPEN_LONG_S) if view.open_long]
    assert [view.wearer for view in told] == ["bea"]
    assert ward.desk.tick(taken_s + OPEN_LONG_S + 1) == []
    assert ward.view().open_long
    ward.desk.close(alert.alert_id, by="Jo", at_s=taken_s + OPEN_LONG_S + 2)
    assert not ward.view().open_long


def test_an_alert_that_nobody_took_is_no_open_matter_of_somebodys() -> None:
    ward = Ward()
    ward.alert()
    ward.desk.tick(ward.now_s + 2 * OPEN_LONG_S)
    assert not ward.view().open_long


def test_what_is_missing_of_a_band_is_shown_until_it_is_back_or_nobody_can_see() -> None:
    ward = Ward()
    second = {"abstention": Abstention.NONE, "reasons": (), "learnt": 1.0, "heart_rate_bpm": 80.0, "battery_pct": None}
    seen = ward.desk.observe("bea", T0 + 1, LOW, **second, stamp=None, missing=("pulse",))  # type: ignore[arg-type]
    assert (seen.missing, seen.sight.reason) == (("pulse",), None)
    ward.desk.tick(T0 + 20)
    assert ward.view().missing == ()
    with pytest.raises(AlertError, match="missing"):
        ward.desk.observe("bea", T0 + 21, LOW, **second, stamp=None, missing=("wings",))  # type: ignore[arg-type]


def test_what_is_said_besides_is_asked_for_an_alert_alone_and_ends_its_reasons() -> None:
    ward, asked = Ward(), []

    def besides() -> tuple[str, ...]:
        asked.append(1)
        return ("Band well fitted.",)

    for i in range(1, 4):
        view = ward.desk.observe(
            "bea", T0 + i, HIGH, Abstention.NONE, ("Why.",), 1.0, 80.0, None, None, besides=besides
        )
    assert view.alert is not None
    assert (view.alert.reasons, len(asked)) == (("Why.", "Band well fitted."), 1)


@given(st.lists(st.tuples(st.integers(0, 30), st.one_of(st.none(), st.floats(0, 1))), max_size=60))
def test_a_trend_that_is_drawn_on_is_the_one_drawn_anew(steps: list[tuple[int, float | None]]) -> None:
    one, entries, at_s = Trend(), [], 1000.0
    for later_s, probability in steps:
        at_s += later_s
        one.add(at_s, probability)
        entries.append((at_s, probability))
        anew = Trend()
        for each in entries:
            anew.add(*each)
        assert one.until(at_s) == anew.until(at_s)


def test_an_open_alert_outlasts_a_clock_that_jumps_to_and_fro() -> None:
    ward = Ward()
    alert = ward.alert()
    for jump_s in (3600.0, -3600.0, -3600.0, 3600.0, 86_400.0, -86_400.0) * 3:
        ward.now_s += jump_s
        ward.desk.tick(ward.now_s)
        view = ward.second(LOW)
        assert (view.risk, view.alert) == (RiskState.ALERTING, alert)
        assert view.sight == Sight(view.sight.since_s)
    ward.desk.acknowledge(alert.alert_id, by="Jo", at_s=ward.now_s)
    assert ward.second(LOW, seconds=4).risk is RiskState.RESOLVED


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0])
def test_signs_that_rose_before_a_clock_jumped_count_anew(jump_s: float) -> None:
    ward = Ward()
    ward.second(HIGH, seconds=2)
    ward.now_s += jump_s
    ward.desk.tick(ward.now_s)
    assert ward.second(HIGH, seconds=2).risk is RiskState.RISING
    assert ward.second(HIGH).risk is RiskState.ALERTING


def test_what_a_clock_ahead_called_open_for_long_is_not_once_it_is_right_again() -> None:
    ward = Ward()
    alert = ward.alert()
    ward.desk.acknowledge(alert.alert_id, by="Jo", at_s=ward.now_s)
    ward.desk.tick(ward.now_s + 86_400)
    assert ward.view().open_long
    ward.silence(1)
    assert not ward.view().open_long


def test_what_is_taken_together_is_written_once_and_told_after_in_its_order() -> None:
    class Counted(Scratch):
        appends = 0

        def append(self, events: Sequence[Event]) -> None:
            self.appends += 1
            super().append(events)

    log = Counted()
    ward = Ward(log)
    told: list[tuple[str, float | None, int]] = []
    ward.desk.subscribe(lambda view: told.append((view.wearer, view.probability, len(log.history))))
    with ward.desk.together():
        ward.at(T0 + 1, LOW)
        with ward.desk.together():
            ward.at(T0 + 1, HIGH, wearer="ali")
        ward.at(T0 + 2, 0.2)
        assert (told, log.history) == ([], ())
    assert log.appends == 1
    assert told == [("bea", LOW, 2), ("ali", HIGH, 2), ("bea", 0.2, 2)]


def test_what_fails_while_things_are_taken_together_loses_nothing_that_was() -> None:
    ward = Ward()
    told: list[WearerView] = []
    ward.desk.subscribe(told.append)

    def some() -> None:
        with ward.desk.together():
            for second in (1, 2, 3):
                ward.at(T0 + second, HIGH)
            ward.at(T0 + 4, HIGH, wearer="zoe")

    with pytest.raises(AlertError, match="nobody called"):
        some()
    assert [view.risk for view in told] == [RiskState.RISING, RiskState.RISING, RiskState.ALERTING]
    assert sum(isinstance(event, AlertRaised) for event in ward.log.history) == 1
