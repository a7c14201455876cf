"""Any walk through desk and journal, with a disk that fails, clocks that jump, rules that change and restarts."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from alerts.desk import OPEN_LONG_S, Desk
from alerts.errors import AlertError, JournalError
from alerts.events import Event
from alerts.journal import Scratch
from alerts.policy import Policy
from alerts.situation_events import AlertAcknowledged, AlertRaised, AlertResolved
from alerts.views import AlertView, Blind, RiskState, WearerView
from models.risk import Abstention

WEARERS = ("ali", "bea", "cay")
"""Nobody ever hears anything of cay."""
OPEN = (RiskState.ALERTING, RiskState.ACKNOWLEDGED)
FAULTS = [each for each in Abstention if each is not Abstention.NONE]
RULES = (
    Policy(hold_s=2, settle_s=2, refractory_s=3, fade_s=4, silent_after_s=3),
    Policy(hold_s=0, settle_s=0, refractory_s=0, fade_s=0, silent_after_s=2, version="hasty"),
    Policy(enter=1.0, leave=0.0, hold_s=9, settle_s=9, refractory_s=99, silent_after_s=9, version="slow"),
)
LEVELS = (0.0, 0.3, 0.5, 0.7, 1.0)


class Disk(Scratch):
    """A log whose disk may be full."""

    full = False

    def append(self, events: Sequence[Event]) -> None:
        if self.full:
            raise JournalError("no space left")
        super().append(events)


class Situations(RuleBasedStateMachine):
    """``open`` is the model: every alert that was raised and that neither signs nor a person ended."""

    def __init__(self) -> None:
        super().__init__()
        self.disk, self.now_s = Disk(), 1e6
        self.open: dict[str, AlertView] = {}
        self.policies: dict[str, Policy] = {}
        self.recorded = dict.fromkeys(WEARERS, True)

    @initialize()
    def begin(self) -> None:
        self.desk = Desk(
            wearers=WEARERS, policy=RULES[0], journal=self.disk, started_s=self.now_s, policies=self.policies
        )
        self.desk.subscribe(self.told)

    def told(self, view: WearerView) -> None:
        """Journal before view: whatever of an alert is told is on disk, where the disk takes anything."""
        if self.disk.full or view.alert is None:
            return
        mine = [
            type(event)
            for event in self.disk.history
            if isinstance(event, AlertRaised | AlertAcknowledged | AlertResolved)
            and event.alert_id == view.alert.alert_id
        ]
        assert AlertRaised in mine
        assert (AlertAcknowledged in mine) == (view.alert.acknowledged_by is not None)
        assert (AlertResolved in mine) == (view.alert.resolved_s is not None)

    def view(self, wearer: str) -> WearerView:
        return next(view for view in self.desk.views() if view.wearer == wearer)

    def observe(self, wearer: str, end_s: float, level: float, fault: Abstention = Abstention.NONE) -> WearerView:
        return self.desk.observe(wearer, end_s, level, fault, ("Why.",), 1.0, 70.0, None, None)

    def tick(self) -> None:
        self.now_s += 1
        self.desk.tick(self.now_s)

    @rule(wearer=st.sampled_from(WEARERS[:2]), level=st.sampled_from(LEVELS), n=st.integers(1, 5))
    def see(self, wearer: str, level: float, n: int) -> None:
        for _ in range(n):
            self.tick()
            before, rules = self.view(wearer), self.desk.policy_of(wearer)
            view = self.observe(wearer, self.now_s, level)
            if view.risk is before.risk:
                continue
            if view.risk is RiskState.ALERTING:
                assert level >= rules.enter
                assert view.alert is not None
                self.open[wearer] = view.alert
            if before.risk in OPEN:
                assert (before.risk, view.risk) == (RiskState.ACKNOWLEDGED, RiskState.RESOLVED)
                assert level <= rules.leave
                del self.open[wearer]

    @rule(wearer=st.sampled_from(WEARERS[:2]), fault=st.sampled_from(FAULTS), n=st.integers(1, 10))
    def fault(self, wearer: str, fault: Abstention, n: int) -> None:
        before = self.view(wearer)
        for _ in range(n):
            self.tick()
            after = self.observe(wearer, self.now_s, math.nan, fault)
        assert (after.risk, after.alert) == (before.risk, before.alert)
        assert after.probability is None

    @rule(wearer=st.sampled_from(WEARERS[:2]), age_s=st.integers(1, 4000))
    def late(self, wearer: str, age_s: int) -> None:
        self.tick()
        self.observe(wearer, self.now_s, 0.5)
        before = self.view(wearer)
        for i in range(5):
            self.observe(wearer, self.now_s - age_s - i, 1.0)
            self.observe(wearer, self.now_s, 1.0)
        assert self.view(wearer) == before

    @rule(n=st.integers(1, 12))
    def silence(self, n: int) -> None:
        before = {view.wearer: view for view in self.desk.views()}
        for _ in range(n):
            self.tick()
        for view in self.desk.views():
            assert (view.risk, view.alert) == (before[view.wearer].risk, before[view.wearer].alert)
            if n >= self.desk.policy_of(view.wearer).silent_after_s:
                assert view.sight.reason is not None

    @rule(
        jump_s=st.sampled_from([-86_400.0, -3600.0, -61.0, -5.0, 5.0, 61.0, 3600.0, 86_400.0]), times=st.integers(1, 3)
    )
    def clock_jumps(self, jump_s: float, times: int) -> None:
        before = {view.wearer: view for view in self.desk.views()}
        for i in range(times):
            self.now_s += jump_s * (-1) ** i
            self.desk.tick(self.now_s)
        for view in self.desk.views():
            assert (view.risk, view.alert) == (before[view.wearer].risk, before[view.wearer].alert)
            assert view.sight.since_s <= max(self.now_s, view.at_s) + 10

    @rule(wearer=st.sampled_from(WEARERS), allowed=st.booleans())
    def consent(self, wearer: str, allowed: bool) -> None:
        before = self.view(wearer)
        after = self.desk.recording(wearer, allowed, self.now_s)
        self.recorded[wearer] = allowed
        assert (after.risk, after.alert) == (before.risk, before.alert)

    @rule(wearer=st.sampled_from(WEARERS), rules=st.sampled_from([*RULES, None]))
    def edit(self, wearer: str, rules: Policy | None) -> None:
        before = self.desk.views()
        self.policies = {**self.policies, wearer: rules} if rules else {}
        self.desk.use(self.policies)
        assert self.desk.views() == before

    @rule(nonsense=st.sampled_from([None, 7, "rules", ["ali"], {"ali": None}, {"bea": {"enter": 0.1}}]))
    def edit_badly(self, nonsense: object) -> None:
        before, held = self.desk.views(), [self.desk.policy_of(wearer) for wearer in WEARERS]
        with pytest.raises(AlertError, match="policies"):
            self.desk.use(nonsense)  # type: ignore[arg-type]
        assert self.desk.views() == before
        assert [self.desk.policy_of(wearer) for wearer in WEARERS] == held

    @precondition(lambda self: self.open)
    @rule(data=st.data(), name=st.sampled_from(["Jo", " Sam ", "", "\n"]), ends=st.booleans())
    def act(self, data: st.DataObject, name: str, ends: bool) -> None:
        wearer = data.draw(st.sampled_from(sorted(self.open)))
        alert = self.open[wearer]
        do = self.desk.close if ends else self.desk.acknowledge
        if not name.strip():
            with pytest.raises(AlertError, match="by name"):
                do(alert.alert_id, by=name, at_s=self.now_s)
            return
        done = do(alert.alert_id, by=name, at_s=self.now_s)
        assert done.acknowledged_by == (alert.acknowledged_by or name.strip())
        if ends:
            assert (done.resolved_by, self.view(wearer).risk) == (name.strip(), RiskState.RESOLVED)
            del self.open[wearer]
        else:
            self.open[wearer] = done

    @rule(full=st.booleans())
    def fill_or_empty_the_disk(self, full: bool) -> None:
        self.disk.full = full
        self.tick()
        if not full:
            assert self.desk.journal_fault is None

    @rule(gap_s=st.sampled_from([0.0, 7.0, 3600.0, -3600.0]))
    def restart(self, gap_s: float) -> None:
        if self.disk.full:
            self.disk.full = False
            self.tick()
        self.now_s += gap_s
        self.disk = Disk(self.disk.history)
        self.begin()
        for wearer, allowed in self.recorded.items():
            self.desk.recording(wearer, allowed, self.now_s)

    @invariant()
    def every_open_alert_is_shown_and_nothing_else_is(self) -> None:
        if not hasattr(self, "desk"):
            return
        views = {view.wearer: view for view in self.desk.views()}
        assert {wearer for wearer, view in views.items() if view.risk in OPEN} == set(self.open)
        for wearer, alert in self.open.items():
            assert views[wearer].alert == alert
            assert (views[wearer].risk is RiskState.ACKNOWLEDGED) == (alert.acknowledged_by is not None)

    @invariant()
    def a_band_that_never_sent_is_never_shown_as_seen(self) -> None:
        if hasattr(self, "desk"):
            assert self.view("cay").sight.reason in (Blind.NOT_HEARD, Blind.NOT_RECORDING)
            assert self.view("cay").probability is None

    @invariant()
    def whoever_is_not_recorded_is_not_seen(self) -> None:
        if hasattr(self, "desk"):
            for wearer, allowed in self.recorded.items():
                assert (self.view(wearer).sight.reason is Blind.NOT_RECORDING) == (not allowed)

    @invariant()
    def what_is_open_long_was_taken_long_ago(self) -> None:
        for view in self.desk.views() if hasattr(self, "desk") else ():
            assert not view.open_long or (view.risk is RiskState.ACKNOWLEDGED and OPEN_LONG_S > 0)


TestSituations = Situations.TestCase
TestSituations.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
