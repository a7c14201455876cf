"""Any walk through the desk: an alert is never lost, and never raised by late data or blindness."""

import math

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from alerts.desk import Desk
from alerts.errors import AlertError
from alerts.journal import Scratch
from alerts.policy import Policy
from alerts.situation_events import AlertRaised
from alerts.views import AlertView, Blind, RiskState, WearerView
from models.risk import Abstention

POLICY = Policy(hold_s=2, settle_s=2, refractory_s=3, fade_s=4, silent_after_s=3)
WEARERS = ("ali", "bea")
OPEN = (RiskState.ALERTING, RiskState.ACKNOWLEDGED)


class Walk(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.log = Scratch()
        self.now_s = 1000.0
        self.open: dict[str, AlertView] = {}
        self.start()

    def start(self) -> None:
        self.desk = Desk(wearers=WEARERS, policy=POLICY, journal=self.log, started_s=self.now_s)
        self.told = {view.wearer: view for view in self.desk.views()}
        self.desk.subscribe(lambda view: self.told.__setitem__(view.wearer, view))

    def view(self, wearer: str) -> WearerView:
        return next(view for view in self.desk.views() if view.wearer == wearer)

    def raised(self) -> int:
        return sum(isinstance(event, AlertRaised) for event in self.log.history)

    def observe(self, wearer: str, end_s: float, probability: float, abstention: Abstention) -> None:
        self.desk.observe(wearer, end_s, probability, abstention, ("Why.",), 1.0, 70.0, None, None)

    def second(self, wearer: str, probability: float, abstention: Abstention) -> None:
        self.desk.tick(self.now_s)
        self.observe(wearer, self.now_s, probability, abstention)

    @rule(wearer=st.sampled_from(WEARERS), probability=st.sampled_from([0.0, 0.4, 0.5, 0.7, 1.0]), n=st.integers(1, 4))
    def see(self, wearer: str, probability: float, n: int) -> None:
        for _ in range(n):
            self.now_s += 1
            before = self.view(wearer)
            self.second(wearer, probability, Abstention.NONE)
            view = self.view(wearer)
            if view.risk is RiskState.ALERTING and before.risk is not RiskState.ALERTING:
                assert probability >= POLICY.enter
                assert view.alert is not None
                self.open[wearer] = view.alert
            if view.risk is RiskState.RESOLVED and before.risk is RiskState.ACKNOWLEDGED:
                assert probability <= POLICY.leave
                del self.open[wearer]

    @rule(wearer=st.sampled_from(WEARERS), fault=st.sampled_from(list(Abstention)[1:]), n=st.integers(1, 6))
    def go_blind(self, wearer: str, fault: Abstention, n: int) -> None:
        before, raised = self.view(wearer), self.raised()
        for _ in range(n):
            self.now_s += 1
            self.second(wearer, math.nan, fault)
        after = self.view(wearer)
        assert (after.risk, after.risk_since_s, after.alert) == (before.risk, before.risk_since_s, before.alert)
        assert after.probability is None
        assert self.raised() == raised
        if n >= POLICY.silent_after_s or fault is not Abstention.NO_SIGNAL:
            assert after.sight.reason is not None

    @rule(wearer=st.sampled_from(WEARERS), allowed=st.booleans())
    def consent(self, wearer: str, allowed: bool) -> None:
        before, raised = self.view(wearer), self.raised()
        after = self.desk.recording(wearer, allowed, self.now_s)
        assert (after.risk, after.risk_since_s, after.alert) == (before.risk, before.risk_since_s, before.alert)
        assert (after.sight.reason is Blind.NOT_RECORDING) == (not allowed)
        assert self.raised() == raised

    @rule(n=st.integers(1, 6))
    def hear_nothing(self, n: int) -> None:
        before = {view.wearer: view for view in self.desk.views()}
        for _ in range(n):
            self.now_s += 1
            self.desk.tick(self.now_s)
        for view in self.desk.views():
            assert (view.risk, view.alert) == (before[view.wearer].risk, before[view.wearer].alert)
            if n >= POLICY.silent_after_s:
                assert view.sight.reason is not None

    @rule(wearer=st.sampled_from(WEARERS), age_s=st.integers(0, 20))
    def hear_late(self, wearer: str, age_s: int) -> None:
        self.now_s += 1
        self.second(wearer, 0.5, Abstention.NONE)
        before = self.view(wearer)
        for _ in range(5):
            self.observe(wearer, self.now_s - age_s, 1.0, Abstention.NONE)
        assert self.view(wearer) == before

    @precondition(lambda self: self.open)
    @rule(data=st.data(), name=st.sampled_from(["Jo", " Sam ", "", "\n"]))
    def take(self, data: st.DataObject, name: str) -> None:
        wearer = data.draw(st.sampled_from(sorted(self.open)))
        alert = self.open[wearer]
        try:
            taken = self.desk.acknowledge(alert.alert_id, by=name, at_s=self.now_s)
        except AlertError:
            assert not name.strip()
            return
        assert taken.acknowledged_by == (alert.acknowledged_by or name.strip())
        self.open[wearer] = taken

    @rule(gap_s=st.integers(0, 100))
    def restart(self, gap_s: int) -> None:
        self.now_s += gap_s
        self.log = Scratch(self.log.history)
        self.start()

    @invariant()
    def every_open_alert_is_on_the_board_and_nothing_else_is(self) -> None:
        views = {view.wearer: view for view in self.desk.views()}
        assert {w for w, view in views.items() if view.risk in OPEN} == set(self.open)
        for wearer, alert in self.open.items():
            assert views[wearer].alert == alert
            assert (views[wearer].risk is RiskState.ACKNOWLEDGED) == (alert.acknowledged_by is not None)

    @invariant()
    def who_listens_knows_what_the_board_shows(self) -> None:
        assert self.told == {view.wearer: view for view in self.desk.views()}


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
