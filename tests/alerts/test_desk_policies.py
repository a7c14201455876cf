"""People are watched by rules of their own where there are some; a change of them loses nothing that is open."""

import pytest

from alerts.desk import Desk
from alerts.errors import AlertError
from alerts.journal import Scratch
from alerts.policy import Policy
from alerts.views import RiskState, WearerView
from models.risk import Abstention

EVERYBODYS = Policy(hold_s=3, settle_s=3, refractory_s=0, version="everybody's")
HERS = Policy(enter=0.4, leave=0.2, hold_s=3, settle_s=3, refractory_s=0, version="hers")


def desk_of(**own: Policy) -> Desk:
    return Desk(wearers=["w1", "w2"], policy=EVERYBODYS, policies=own, journal=Scratch(), started_s=0.0)


def say(desk: Desk, wearer: str, first_s: int, count: int, probability: float) -> WearerView:
    for second in range(first_s, first_s + count):
        view = desk.observe(
            wearer,
            float(second),
            probability=probability,
            abstention=Abstention.NONE,
            reasons=(),
            learnt=1.0,
            heart_rate_bpm=60.0,
            battery_pct=None,
            stamp=None,
        )
    return view


def test_each_is_alerted_for_by_their_own_rules_and_the_alert_says_by_which() -> None:
    desk = desk_of(w1=HERS)
    hers, his = (say(desk, wearer, 1, 10, 0.5) for wearer in ("w1", "w2"))
    assert hers.alert is not None
    assert (hers.alert.policy, his.alert) == ("hers", None)
    his = say(desk, "w2", 11, 10, 0.8)
    assert his.alert is not None
    assert his.alert.policy == "everybody's"


def test_rules_that_change_while_it_runs_lose_no_open_alert_and_hold_from_the_next_second() -> None:
    desk = desk_of(w1=HERS)
    opened = say(desk, "w1", 1, 10, 0.5).alert
    desk.use({"w2": HERS})
    assert (desk.policy_of("w1"), desk.policy_of("w2")) == (EVERYBODYS, HERS)
    assert desk.views()[0].alert == opened
    view = say(desk, "w1", 11, 10, 0.5)
    assert (view.alert, view.risk) == (opened, RiskState.ALERTING)
    assert opened is not None
    desk.acknowledge(opened.alert_id, by="Jo", at_s=20.0)
    assert say(desk, "w1", 21, 10, 0.35).risk is RiskState.WATCHING, "over, by the new rules alone"
    assert say(desk, "w2", 1, 10, 0.5).risk is RiskState.ALERTING


def test_signs_that_were_rising_go_on_rising_under_other_rules() -> None:
    desk = desk_of(w1=HERS)
    assert say(desk, "w1", 1, 2, 0.5).risk is RiskState.RISING
    desk.use({})
    assert say(desk, "w1", 3, 1, 0.9).risk is RiskState.ALERTING


@pytest.mark.parametrize(
    ("edit", "told"),
    [(None, "a policy by wearer"), ({"w1": {"enter": 0.2}}, "'w1' are dict"), ({"w2": HERS, "w1": None}, "NoneType")],
)
def test_a_bad_edit_of_rules_is_refused_whole_and_loses_no_alert_in_progress(edit: object, told: str) -> None:
    desk = desk_of(w1=HERS)
    opened = say(desk, "w1", 1, 10, 0.5).alert
    with pytest.raises(AlertError, match=told):
        desk.use(edit)  # type: ignore[arg-type]
    assert (desk.policy_of("w1"), desk.policy_of("w2")) == (HERS, EVERYBODYS)
    assert say(desk, "w1", 11, 5, 0.5).alert == opened
