"""Staff are told again of whom nobody has, of a shift that nobody took over and of an alert that stays open, though
somebody took the notice: over a real delivery."""

import pytest

from alerts.delivery.again import AGAIN_S, taken_of
from alerts.delivery.rules import UNCOVERED_GRACE_S, parse
from alerts.duty.duty import Duty
from alerts.views import AlertView, RiskState, Sight, WearerView
from forecalm.alerting.notices import Notices
from tests.alerts.delivery.house import TEXT, House

RULES = parse(TEXT.replace("[mqtt]", '[[notice]]\nafter_s = 0\nwho = "Sam"\nchannel = "phone"\n[mqtt]'))


class Staff:
    """A house in which nobody has w1, and its notices."""

    def __init__(self) -> None:
        self.house = House(rules=RULES)
        self.duty = Duty(self.house.journal, watched=lambda: ["w1"])
        self.on_shift: set[str] = set()
        self.views: list[WearerView] = []
        self.start()

    def start(self) -> None:
        self.notices = Notices(
            duty=self.duty,
            delivery=self.house.dispatch,
            watched=lambda: ["w1"],
            views=lambda: self.views,
            grace_s=lambda: UNCOVERED_GRACE_S,
            taken=lambda id_: taken_of(self.house.dispatch.proof(id_), on_shift=self.on_shift.__contains__),
            clock=lambda at_s: f"{at_s:.0f} s",
        )

    def go(self, seconds: float, step_s: float = 10.0) -> None:
        """Let that pass."""
        for _ in range(int(seconds / step_s)):
            self.house.wait(step_s)
            self.notices.look(self.house.now_s)
            self.house.settle()

    def open(self) -> list[str]:
        return [proof.matter.matter_id for proof in self.house.dispatch.proofs()]

    def take(self, by: str) -> str:
        """Take what is open."""
        (matter_id,) = self.open()
        self.house.dispatch.taken(matter_id, by)
        self.house.settle()
        return matter_id


@pytest.fixture
def staff() -> Staff:
    return Staff()


def test_whom_nobody_has_is_told_again_after_somebody_took_the_notice_and_ends_when_somebody_has_them(
    staff: Staff,
) -> None:
    staff.go(UNCOVERED_GRACE_S + 20)
    first = staff.take("Sam")
    staff.go(AGAIN_S - 60)
    assert staff.open() == []
    staff.go(120)
    assert staff.open() == [f"{first}-again-1"]
    proof = staff.house.dispatch.proof(f"{first}-again-1")
    assert proof is not None
    assert proof.matter.words[-1].startswith("Sam took it at ")
    staff.take("Sam")
    staff.go(AGAIN_S + 60)
    assert staff.open() == [f"{first}-again-2"]
    staff.duty.begin("Jo", [], until_s=staff.house.now_s + 3600, by="Jo", at_s=staff.house.now_s)
    staff.go(20)
    assert staff.open() == []


def test_it_is_told_again_as_soon_as_whoever_took_it_has_gone_off_shift(staff: Staff) -> None:
    staff.on_shift.add("Sam")
    staff.go(UNCOVERED_GRACE_S + 20)
    first = staff.take("Sam")
    staff.go(600)
    assert staff.open() == []
    staff.on_shift.clear()
    staff.go(60)
    assert staff.open() == [f"{first}-again-1"]


def test_a_shift_that_nobody_took_over_is_told_of_again(staff: Staff) -> None:
    staff.duty.begin("Jo", [], until_s=staff.house.now_s + 3600, by="Jo", at_s=staff.house.now_s)
    staff.go(2 * 3600)
    first = staff.take("Sam")
    assert first.startswith("overdue-")
    staff.go(AGAIN_S + 60)
    assert staff.open() == [f"{first}-again-1"]


def test_an_alert_that_nobody_ends_is_told_of_again(staff: Staff) -> None:
    staff.duty.begin("Jo", [], until_s=staff.house.now_s + 86_400, by="Jo", at_s=staff.house.now_s)
    alert = AlertView("w1-1", "w1", staff.house.now_s, 0.9, ("Sweat rising.",), "p1")
    view = WearerView("w1", 0.0, RiskState.ACKNOWLEDGED, 0.0, Sight(0.0), 0.9, (), (), 1.0, alert=alert, open_long=True)
    staff.views = [view]
    staff.go(20)
    first = staff.take("Sam")
    staff.go(AGAIN_S + 60)
    assert staff.open() == [f"{first}-again-1"]
    staff.views = []
    staff.go(20)
    assert staff.open() == []


def test_a_restart_goes_on_with_what_was_told_again(staff: Staff) -> None:
    staff.on_shift.add("Sam")
    staff.go(UNCOVERED_GRACE_S + 20)
    staff.take("Sam")
    staff.go(20)
    staff.on_shift.clear()
    staff.go(60)
    (again,) = staff.open()
    staff.house.crash()
    staff.duty = Duty(staff.house.journal, watched=lambda: ["w1"])
    staff.start()
    staff.go(600)
    assert staff.open() == [again]
