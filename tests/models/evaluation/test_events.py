"""Events foretold, and what every alarm was worth."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from timescoring.annotations import Annotation
from timescoring.scoring import EventScoring

from models.datasets.dataset import Dataset, Exclusion
from models.evaluation.alarm_rule import AlarmRule
from models.evaluation.alarms import Alarms, raised
from models.evaluation.events import Outcomes, Worth, foretold, worth
from models.evaluation.timeline import timeline
from tests.models.evaluation.made import AIM, recorded, standing

QUICK = AlarmRule(hold_s=0.0, settle_s=0.0, refractory_s=0.0)


def _course(moments: Dataset, *spans: tuple[int, float, float]) -> tuple[Outcomes, list[Worth], Alarms]:
    line = timeline(moments)
    alarms = raised(line, standing(moments, *spans), QUICK)
    return foretold(moments, line, alarms), [Worth(each) for each in worth(moments, line, alarms)], alarms


def test_lead_time_runs_from_the_alarm_to_the_onset() -> None:
    outcomes, kinds, _ = _course(recorded([[1150.0]]), (0, 1000.0, 1005.0), (0, 1050.0, 1055.0))
    assert outcomes.lead_s.tolist() == [145.0]  # from the first of two
    assert kinds == [Worth.TRUE, Worth.TRUE]


@pytest.mark.parametrize(
    ("first", "last", "told", "kind"),
    [
        (780.0, 785.0, False, Worth.FALSE),  # stands 785-790: over before the window 805-985 begins
        (795.0, 800.0, True, Worth.TRUE),  # stands 800-805: still stands when it begins
        (975.0, 980.0, True, Worth.TRUE),  # begins at 980, the last moment that leaves time to act
        (980.0, 985.0, False, Worth.LATE),  # begins at 985: 15 s are no time to act
        (1020.0, 1025.0, False, Worth.LATE),  # while it goes on
        (1090.0, 1095.0, False, Worth.LATE),  # in the refractory minute after it
        (1120.0, 1125.0, False, Worth.FALSE),
    ],
)
def test_where_an_alarm_lies_says_what_it_is_worth(first: float, last: float, told: bool, kind: Worth) -> None:
    outcomes, kinds, _ = _course(recorded([[1000.0]]), (0, first, last))
    assert outcomes.foretold.tolist() == [told]
    assert kinds == [kind]


@pytest.mark.parametrize(("last", "kind"), [(1230.0, Worth.LATE), (1240.0, Worth.FALSE)])
def test_an_alarm_after_every_event_is_not_free_once_it_lingers(last: float, kind: Worth) -> None:
    """It begins in the refractory minute, 1060-1120, and stands in valid wear for two minutes, or for longer."""
    assert _course(recorded([[1000.0]]), (0, 1090.0, last))[1] == [kind]


def test_an_alarm_that_lingers_until_another_event_foretells_it() -> None:
    outcomes, kinds, _ = _course(recorded([[1000.0, 1700.0]]), (0, 1090.0, 1500.0))
    assert kinds == [Worth.TRUE]
    assert outcomes.foretold.tolist() == [False, True]


def test_an_alarm_that_stands_through_foretells_but_did_not_begin() -> None:
    outcomes, _, _ = _course(recorded([[1000.0]]), (0, 100.0, 900.0))
    assert outcomes.foretold.all()
    assert not outcomes.begun.any()
    assert outcomes.lead_s.tolist() == [195.0]  # no longer than horizon and latency: it was no nearer to knowing


def test_an_alarm_foretells_no_event_of_another_session() -> None:
    outcomes, kinds, _ = _course(recorded([[], [100.0]]), (0, 3500.0, 3600.0))
    assert outcomes.foretold.tolist() == [False]
    assert kinds == [Worth.FALSE]


def test_an_event_nobody_could_watch_is_not_judged_but_counted() -> None:
    moments = recorded([[1000.0, 2000.0]])
    off = (moments.since_s > 700) & (moments.since_s < 1100)
    moments = replace(moments, worn=~off)
    outcomes, _, _ = _course(moments, (0, 1900.0, 1905.0))
    assert outcomes.event.tolist() == [1]
    assert outcomes.unwatched.tolist() == [1.0]


def test_an_event_that_the_model_says_nothing_of_is_missed() -> None:
    moments = recorded([[1000.0]])
    line = timeline(moments)
    nothing = raised(line, np.full(len(moments.end_s), np.nan), QUICK)
    outcomes = foretold(moments, line, nothing)
    assert outcomes.foretold.tolist() == [False]


def test_an_uncertain_onset_makes_an_alarm_neither_true_nor_false() -> None:
    moments = recorded([[1000.0]], uncertainty_s=60.0)
    outcomes, kinds, _ = _course(moments, (0, 760.0, 765.0))
    assert outcomes.foretold.tolist() == [False]
    assert kinds == [Worth.OPEN]
    assert _course(moments, (0, 600.0, 605.0))[1] == [Worth.FALSE]


def test_an_alarm_in_a_negative_control_is_false() -> None:
    moments = recorded([[1000.0]])
    apart = moments.since_s > 2000
    moments = replace(moments, exclusion=np.where(apart, Exclusion.APART, moments.exclusion).astype(np.int8))
    assert _course(moments, (0, 2500.0, 2505.0))[1] == [Worth.FALSE]


def test_an_alarm_during_an_event_in_a_negative_control_is_late_and_not_false() -> None:
    moments = recorded([[1000.0]])
    moments = replace(moments, exclusion=np.full(720, Exclusion.APART, np.int8))
    outcomes, kinds, _ = _course(moments, (0, 900.0, 905.0), (0, 1020.0, 1025.0), (0, 1100.0, 1105.0))
    assert kinds == [Worth.TRUE, Worth.LATE, Worth.LATE]
    assert outcomes.foretold.tolist() == [True]
    assert timeline(moments).hours(timeline(moments).valid)[0] == (720 - 27) * 5 / 3600


@given(
    onsets=st.lists(st.integers(40, 680), max_size=5, unique=True),
    blocks=st.lists(st.tuples(st.integers(1, 700), st.integers(1, 12)), max_size=6),
    more=st.tuples(st.integers(1, 700), st.integers(1, 12)),
)
def test_another_alarm_never_lowers_sensitivity(
    onsets: list[int], blocks: list[tuple[int, int]], more: tuple[int, int]
) -> None:
    moments = recorded([[5.0 * each for each in onsets]])
    spans = [(0, 5.0 * first, 5.0 * (first + length)) for first, length in [*blocks, more]]
    few, many = _course(moments, *spans[:-1])[0], _course(moments, *spans)[0]
    assert (few.foretold <= many.foretold).all()


@given(
    onsets=st.lists(st.integers(100, 680), max_size=5, unique=True),
    blocks=st.lists(st.tuples(st.integers(1, 700), st.integers(1, 30)), max_size=6),
)
def test_sensitivity_is_that_of_timescoring_where_both_mean_the_same(
    onsets: list[int], blocks: list[tuple[int, int]]
) -> None:
    """The window before an onset is its reference event, nothing tolerated, merged or split. It must overlap by some
    duration, ours by a moment: alarms of no length, and those that touch, are kept off by half a step."""
    moments = recorded([[5.0 * each + 2.5 for each in onsets]])
    outcomes, _, alarms = _course(moments, *((0, 5.0 * first, 5.0 * (first + length)) for first, length in blocks))
    start = moments.sessions[0].start_s
    parameters = EventScoring.Parameters(0, 0, 0, 1e9, 0)
    for i, event in enumerate(outcomes.event):  # one by one: windows that overlap would be merged there
        act = moments.events[event].onset_s - AIM.latency_s - start
        window = Annotation([(act - AIM.horizon_s, act)], 10, 36_000)
        stands = list(zip(alarms.begin_s - start, alarms.end_s - start, strict=True))
        score = EventScoring(window, Annotation(stands, 10, 36_000), parameters)
        assert (score.tp == 1) == bool(outcomes.foretold[i])


def test_false_alarms_are_those_of_timescoring_where_events_lie_apart() -> None:
    moments = recorded([[1002.5, 2502.5]])
    outcomes, kinds, alarms = _course(
        moments, (0, 300.0, 340.0), (0, 850.0, 900.0), (0, 1500.0, 1600.0), (0, 2000.0, 2010.0), (0, 2400.0, 2450.0)
    )
    start = moments.sessions[0].start_s
    windows = [(e.onset_s - 195 - start, e.onset_s - 15 - start) for e in moments.events]
    stands = list(zip(alarms.begin_s - start, alarms.end_s - start, strict=True))
    score = EventScoring(
        Annotation(windows, 10, 36_000), Annotation(stands, 10, 36_000), EventScoring.Parameters(0, 0, 0, 1e9, 0)
    )
    assert (score.tp, score.fp) == (outcomes.foretold.sum(), kinds.count(Worth.FALSE)) == (2, 3)
