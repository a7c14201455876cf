"""Any walk through delivery, where channels fail, hang and lie and crashes come anywhere: nothing is lost, or late."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from alerts.delivery.dispatch import UnknownMatter, UnknownTablet
from alerts.delivery.events import AT_TABLETS, Station
from alerts.delivery.proof import OVER
from alerts.situation_events import AlertAcknowledged, AlertRaised
from alerts.views import AlertView
from tests.alerts.delivery.house import Crash, House

DOES = ("goes", "fails", "lies", "hangs", "breaks off", "gone")


class Walk(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.house = House()
        self.open: dict[str, AlertView] = {}
        self.waited: dict[str, float] = {}
        self.crashes = 0
        self.raised = 0

    @contextmanager
    def dying(self) -> Iterator[None]:
        """Whatever is done may end the process; then it begins again."""
        try:
            yield
        except Crash:
            self.begin_again()

    def begin_again(self) -> None:
        self.house.journal.dies = ""
        for line in (self.house.push, self.house.phone):
            line.does = "goes" if line.does.startswith("dies") else line.does
        self.crashes += 1
        before_s = {key: proof.last_s for key in self.open if (proof := self.house.dispatch.proof(key)) is not None}
        self.house.crash()
        for key, last_s in before_s.items():
            proof = self.house.dispatch.proof(key)
            assert proof is not None
            self.waited[key] = min(
                self.waited[key], max(self.house.now_s, min(last_s, proof.last_s)) - proof.begun.at_s
            )

    def arm(self, data: st.DataObject) -> None:
        """Choose where the process ends, if it does."""
        where = data.draw(st.sampled_from(["", "", "", "disk before", "disk after", "push", "phone"]))
        if where.startswith("disk") and not self.house.journal.full:
            self.house.journal.dies = where.removeprefix("disk ")
        elif where in ("push", "phone") and not self.house.journal.full:
            getattr(self.house, where).does = data.draw(st.sampled_from(["dies before", "dies after"]))

    def disarm(self) -> None:
        self.house.journal.dies = ""
        for line in (self.house.push, self.house.phone):
            line.does = "goes" if line.does.startswith("dies") else line.does

    def under_fire(self, data: st.DataObject, act: Callable[[], None]) -> None:
        self.arm(data)
        with self.dying():
            act()
        self.disarm()

    @precondition(lambda self: len(self.open) < 3 and not self.house.journal.full)
    @rule(data=st.data())
    def a_sign(self, data: st.DataObject) -> None:
        self.raised += 1
        alert = AlertView(f"w1-{self.raised}", f"w{self.raised}", self.house.now_s, 0.9, (), "p")
        raised = AlertRaised(
            wearer=alert.wearer, at_s=alert.raised_s, alert_id=alert.alert_id, probability=0.9, reasons=(), policy="p"
        )
        self.house.journal.append([raised])
        self.open[alert.alert_id] = alert
        self.waited[alert.alert_id] = 0.0
        self.under_fire(data, lambda: self.house.show(alert))

    @precondition(lambda self: self.open and not self.house.journal.full)
    @rule(data=st.data())
    def somebody_takes_it(self, data: st.DataObject) -> None:
        alert = self.open.pop(data.draw(st.sampled_from(sorted(self.open)), label="alert") if self.open else "")
        taken = AlertAcknowledged(wearer=alert.wearer, at_s=self.house.now_s, alert_id=alert.alert_id, by="Ann")
        self.house.journal.append([taken])
        self.under_fire(data, lambda: self.house.take(alert))

    @precondition(lambda self: self.open)
    @rule(data=st.data(), tablet=st.sampled_from(["kitchen", "hall"]), station=st.sampled_from(AT_TABLETS))
    def a_receipt(self, data: st.DataObject, tablet: str, station: Station) -> None:
        alert_id = data.draw(st.sampled_from(sorted(self.open)))
        try:
            self.house.dispatch.receipt(tablet, alert_id, station, self.house.now_s)
        except UnknownTablet:
            assert tablet not in self.house.tablets
        self.under_fire(data, self.house.settle)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def a_snooze(self, data: st.DataObject) -> None:
        alert_id = data.draw(st.sampled_from(sorted(self.open)))
        now_s = self.house.now_s
        self.house.dispatch.snooze(alert_id, by="Ann", reason="On my way.", until_s=now_s + 300, at_s=now_s)

    @rule(line=st.sampled_from(["push", "phone"]), does=st.sampled_from(DOES))
    def a_line_turns(self, line: str, does: str) -> None:
        getattr(self.house, line).does = does

    @rule(data=st.data(), tablets=st.sampled_from([(), ("kitchen",), ("kitchen", "hall")]))
    def tablets_come_and_go(self, data: st.DataObject, tablets: tuple[str, ...]) -> None:
        self.house.tablets = tablets
        self.under_fire(data, self.house.settle)

    @rule(carers=st.sampled_from([(), ("Ann",), ("Ann", "Kim")]))
    def a_shift_changes(self, carers: tuple[str, ...]) -> None:
        self.house.on_shift = {"": carers}

    @rule(full=st.booleans())
    def the_disk(self, full: bool) -> None:
        self.house.journal.full = full
        self.house.settle()

    @rule(data=st.data(), seconds=st.sampled_from([0.5, 5, 11, 25, 70]))
    def time_passes(self, data: st.DataObject, seconds: float) -> None:
        self.arm(data)
        left = seconds
        while left > 0:
            self.house.now_s += 0.5
            left -= 0.5
            for alert_id in self.waited:
                self.waited[alert_id] += 0.5
            with self.dying():
                self.house.settle()
        self.disarm()

    @rule(by_s=st.sampled_from([-3_600.0, -40.0, 40.0, 3_600.0]))
    def the_clock_jumps(self, by_s: float) -> None:
        self.house.now_s += by_s
        for alert_id in self.waited:
            self.waited[alert_id] += max(by_s, 0.0)
        self.house.settle()

    @precondition(lambda self: not self.house.journal.full)
    @rule(gap_s=st.sampled_from([0.0, 3.0, 100.0]))
    def a_stop(self, gap_s: float) -> None:
        self.house.settle()
        self.house.now_s += gap_s
        for alert_id in self.waited:
            self.waited[alert_id] += gap_s
        self.begin_again()

    @rule(station=st.sampled_from(AT_TABLETS))
    def a_receipt_for_nothing(self, station: Station) -> None:
        try:
            self.house.dispatch.receipt("kitchen", "nothing", station, self.house.now_s)
        except UnknownMatter:
            return
        raise AssertionError("a receipt for nothing was taken")

    @invariant()
    def no_alert_is_lost_and_nobody_is_told_of_what_is_taken(self) -> None:
        assert {proof.matter.matter_id for proof in self.house.dispatch.proofs()} == set(self.open)

    @invariant()
    def every_step_is_taken_by_its_time(self) -> None:
        for alert_id in self.open:
            proof = self.house.dispatch.proof(alert_id)
            assert proof is not None
            for number, step in enumerate(proof.steps):
                assert step.after_s > self.waited[alert_id] or proof.rounds(number), (number, self.waited[alert_id])

    @invariant()
    def one_copy_is_unmarked_and_repeats_have_a_cause(self) -> None:
        for line in (self.house.push, self.house.phone):
            plain = Counter(message.message_id for message in line.came if not message.repeat)
            assert all(count == 1 for count in plain.values())
            marked = Counter(message.message_id for message in line.came if message.repeat)
            for message_id, count in marked.items():
                assert count <= self.crashes + line.denied[message_id]

    @invariant()
    def whoever_was_told_is_told_once_that_it_is_over(self) -> None:
        for proof in map(self.house.dispatch.proof, [f"w1-{number + 1}" for number in range(self.raised)]):
            if proof is not None and not proof.is_open:
                over = [(leg.to, leg.channel) for leg in proof.legs if leg.step == OVER and not leg.repeat]
                assert len(over) == len(set(over))
                assert set(over) <= set(proof.told())

    def teardown(self) -> None:
        """Once all is well again, somebody outside hears of each open alert."""
        self.house.journal.full = False
        self.house.push.does = self.house.phone.does = "goes"
        heard = len(self.house.phone.came)
        self.house.wait(300)
        told = {message.matter_id for message in self.house.phone.came[heard:]}
        assert set(self.open) <= told


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
