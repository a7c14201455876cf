"""A disk that hangs holds nobody up; what it had not answered to is on it once, in its order, or known not to be."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from alerts.delivery.dispatch import Dispatch
from alerts.delivery.events import DeliveryBegun
from alerts.delivery.matter import Kind, Matter, Priority
from alerts.delivery.rules import DEFAULT
from alerts.desk import Desk
from alerts.duty.duty import Duty
from alerts.errors import JournalError
from alerts.events import Event
from alerts.journal import Journal, Scratch
from alerts.kept import Kept
from alerts.outcomes.events import What
from alerts.outcomes.outcomes import Outcomes
from alerts.patient_log import PATIENCE_S, PatientLog, Unanswered
from alerts.policy import Policy
from alerts.situation_events import AlertRaised, SightRegained
from alerts.views import RiskState, WearerView
from ingest.labels import Label
from models.risk import Abstention
from tests.servers import LONG_S

NOW_S = 1_000.0
SHORT_S = 0.05  # for a disk that hangs; one that does not is waited for as long as it takes
REFUSED = "no space left"


class Disk(Scratch):
    """A disk that hangs while ``goes`` is not set, and refuses what it hung on where ``refuses``."""

    def __init__(self) -> None:
        super().__init__()
        self.goes = threading.Event()
        self.goes.set()
        self.refuses = False

    def append(self, events: Sequence[Event]) -> None:
        self.goes.wait()
        if self.refuses:
            raise JournalError(REFUSED)
        super().append(events)


@dataclass
class Bench:
    """A disk that can hang, and the log that does not."""

    disk: Disk = field(default_factory=Disk)

    def __post_init__(self) -> None:
        self.log = PatientLog(self.disk, patience_s=LONG_S)

    def hang(self) -> None:
        self.log._patience_s = SHORT_S
        self.disk.goes.clear()

    def answer(self, *, refuses: bool = False) -> None:
        """Let the disk answer, and wait until it has answered to what it hung on."""
        self.disk.refuses = refuses
        self.log._patience_s = LONG_S
        self.disk.goes.set()
        answered = False
        while not answered:
            try:
                self.log.append(())
            except JournalError as error:
                answered = str(error) == REFUSED
            else:
                answered = True
        self.disk.refuses = False


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.disk.goes.set()
    bench.log.close()


def event(at_s: float) -> SightRegained:
    return SightRegained(wearer="w1", at_s=at_s)


def kept(bench: Bench) -> Kept:
    return Kept(bench.log, anyway="it goes on", wait=lambda waiting, events: [*waiting, *events])


def on_disk(bench: Bench) -> list[float]:
    return [each.at_s for each in bench.disk.history]


def hung(bench: Bench, act: Callable[[], object]) -> Unanswered:
    """Do ``act``, to which the disk does not answer."""
    bench.hang()
    with pytest.raises(Unanswered) as told:
        act()
    return told.value


def test_what_is_written_is_on_disk_when_it_returns(tmp_path: Path) -> None:
    with (
        closing(Journal(tmp_path / "journal.jsonl")) as journal,
        closing(PatientLog(journal, patience_s=LONG_S)) as log,
    ):
        log.append([event(1.0)])
        log.append([event(2.0), event(3.0)])
        assert [each.at_s for each in log.read()] == [1.0, 2.0, 3.0]
        assert PATIENCE_S <= 2.0


def test_a_refusal_is_told_to_whoever_wrote_and_the_next_can_write(bench: Bench) -> None:
    bench.disk.refuses = True
    with pytest.raises(JournalError, match=REFUSED):
        bench.log.append([event(1.0)])
    bench.disk.refuses = False
    bench.log.append([event(2.0)])
    assert on_disk(bench) == [2.0]


def test_while_a_write_hangs_every_other_is_refused_for_certain(bench: Bench) -> None:
    late = hung(bench, lambda: bench.log.append([event(1.0)]))
    for _ in range(3):
        with pytest.raises(JournalError) as told:
            bench.log.append([event(2.0)])
        assert not isinstance(told.value, Unanswered)
    bench.answer()
    assert late.write.over.is_set()
    assert late.write.refusal is None
    assert on_disk(bench) == [1.0]


def test_what_a_disk_that_hung_wrote_in_the_end_is_written_once_and_the_rest_behind_it_in_order(bench: Bench) -> None:
    hand = kept(bench)
    bench.hang()
    for at_s in (1.0, 2.0, 3.0):
        hand.write([event(at_s)])
        assert hand.fault
    assert [each.at_s for each in hand.known] == [1.0, 2.0, 3.0]
    bench.answer()
    hand.write(())
    assert (hand.waits, hand.fault) == (False, None)
    assert on_disk(bench) == [1.0, 2.0, 3.0]
    hand.write(())
    hand.write([event(4.0)])
    assert on_disk(bench) == [1.0, 2.0, 3.0, 4.0]


def test_what_a_disk_that_hung_refused_in_the_end_is_written_again_in_its_place(bench: Bench) -> None:
    hand = kept(bench)
    bench.hang()
    hand.write([event(1.0)])
    hand.write([event(2.0)])
    bench.answer(refuses=True)
    hand.write(())
    assert on_disk(bench) == [1.0, 2.0]
    assert not hand.waits


def second(desk: Desk, at_s: float) -> WearerView:
    desk.tick(at_s)
    return desk.observe("w1", at_s, 0.99, Abstention.NONE, (), 1.0, 80.0, 90, None)


def test_an_alert_is_shown_though_the_disk_hangs_and_is_kept_once_when_it_answers(bench: Bench) -> None:
    desk = Desk(wearers=["w1"], policy=Policy(), journal=bench.log, started_s=NOW_S)
    bench.hang()
    at_s, views = NOW_S, list[WearerView]()
    desk.subscribe(views.append)
    while desk.views()[0].risk is not RiskState.ALERTING:
        at_s += 1
        second(desk, at_s)
        assert at_s < NOW_S + 300
    assert views[-1].alert is not None
    assert desk.journal_fault
    desk.acknowledge(views[-1].alert.alert_id, by="Jo", at_s=at_s)
    bench.answer()
    for _ in range(3):
        at_s += 1
        second(desk, at_s)
    assert desk.journal_fault is None
    names = [type(each).__name__ for each in bench.disk.history]
    assert names == ["SightRegained", "AlertRaised", "AlertAcknowledged"]


def test_whoever_must_be_told_is_told_though_the_disk_hangs(bench: Bench) -> None:
    dispatch = Dispatch(
        journal=bench.log,
        rules=DEFAULT,
        channels={},
        on_shift=lambda _: (),
        tablets=lambda: (),
        link=lambda *_: "",
        clock=lambda: NOW_S,
    )
    bench.hang()
    dispatch.tell(Matter(matter_id="m", kind=Kind.ALERT, priority=Priority.HIGH, wearer="w1", since_s=NOW_S, words=()))
    dispatch.turn()
    assert [proof.matter.matter_id for proof in dispatch.proofs()] == ["m"]
    assert dispatch.journal_fault
    bench.answer()
    dispatch.turn()
    assert dispatch.journal_fault is None
    assert len([each for each in bench.disk.history if isinstance(each, DeliveryBegun)]) == 1


@pytest.mark.parametrize("written", [True, False])
def test_a_shift_that_the_disk_did_not_answer_to_holds_once_and_only_if_it_is_written(
    bench: Bench, written: bool
) -> None:
    duty = Duty(bench.log, watched=lambda: ("w1",))

    def begin() -> None:
        duty.begin("Jo", (), until_s=NOW_S + 3600, by="Jo", at_s=NOW_S)

    hung(bench, begin)
    assert duty.on_shift("w1", NOW_S) == ()
    with pytest.raises(JournalError, match="nothing has changed"):
        begin()
    bench.answer(refuses=not written)
    duty.tick(NOW_S + 1)
    assert duty.on_shift("w1", NOW_S) == (("Jo",) if written else ())
    begin()
    assert duty.on_shift("w1", NOW_S) == ("Jo",)
    again = Duty(Scratch(bench.disk.history), watched=lambda: ("w1",))
    assert [shift.carer for shift in again.shifts()] == ["Jo"]


def test_a_mute_ends_though_the_disk_hangs_and_that_is_written_once(bench: Bench) -> None:
    duty = Duty(bench.log, watched=lambda: ("w1",))
    duty.begin("Jo", (), until_s=NOW_S + 3600, by="Jo", at_s=NOW_S)
    duty.mute("t-1", by="Jo", reason="night", until_s=NOW_S + 600, at_s=NOW_S)
    bench.hang()
    duty.unmute("t-1", by="Jo", at_s=NOW_S + 1)
    assert duty.muted_until("t-1", NOW_S + 1) is None
    bench.answer()
    duty.tick(NOW_S + 2)
    duty.tick(NOW_S + 3)
    assert [type(each).__name__ for each in bench.disk.history].count("TabletUnmuted") == 1


class Labels:
    """A registry that takes every label."""

    def enter_outcome(self, outcome_id: str, label: Label, *, corrects: str = "", by: str) -> int:
        return 1

    def outcomes_entered(self) -> frozenset[str]:
        return frozenset()


def test_an_outcome_that_the_disk_did_not_answer_to_is_told_once(bench: Bench) -> None:
    raised = AlertRaised(wearer="w1", at_s=NOW_S, alert_id="a-1", probability=0.9, reasons=(), policy="p")
    bench.log.append([raised])
    outcomes = Outcomes(bench.log, Labels())

    def tell() -> None:
        outcomes.tell("", alert_id="a-1", by="Jo", what=What.SETTLED, at_s=NOW_S + 60)

    hung(bench, tell)
    assert outcomes.of("w1") == ()
    assert outcomes.waiting == 1
    with pytest.raises(JournalError, match="nothing was told"):
        tell()
    bench.answer()
    tell()
    assert len(outcomes.of("w1")) == 1
    assert [type(each).__name__ for each in bench.disk.history].count("OutcomeTold") == 1
    assert outcomes.enter() == 0


def test_a_journal_that_hangs_keeps_nobody_from_ending_or_from_reading_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, asked = threading.Event(), threading.Event()
    journal = Journal(tmp_path / "journal.jsonl")
    log = PatientLog(journal, patience_s=LONG_S)
    log.append([event(1.0)])
    log._patience_s = SHORT_S
    monkeypatch.setattr("alerts.journal.CLOSE_S", SHORT_S)

    def hangs(_: int) -> None:
        asked.set()
        go.wait()

    monkeypatch.setattr("alerts.journal.os.fsync", hangs)
    with pytest.raises(Unanswered):
        log.append([event(2.0)])
    assert asked.wait(LONG_S)
    assert [each.at_s for each in log.read()] == [1.0]
    log.close()
    journal.close()
    go.set()
    monkeypatch.undo()
    journal.close()
