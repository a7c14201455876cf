"""Alarms as they are judged are the alarms that the desk raises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.policy import Policy
from alerts.state import RiskState, Sign, Situation, after, step
from models.errors import ModelError
from models.evaluation.alarm_rule import AlarmRule
from models.evaluation.alarms import raised, standing, warned
from models.evaluation.timeline import timeline
from tests.models.evaluation.made import recorded
from tests.models.evaluation.made import standing as high_in


def test_the_rule_is_the_desks() -> None:
    rule, policy = AlarmRule(), Policy()
    assert {name: getattr(policy, name) for name in AlarmRule.__struct_fields__} == {
        name: getattr(rule, name) for name in AlarmRule.__struct_fields__
    }


def _by_the_desk(probability: np.ndarray, end_s: np.ndarray, rule: AlarmRule) -> list[tuple[float, float]]:
    policy = Policy(**{name: getattr(rule, name) for name in AlarmRule.__struct_fields__})
    now, spans = Situation(RiskState.WATCHING, float(end_s[0]) - 1), []
    for estimate, at_s in zip(probability, end_s, strict=True):
        if np.isnan(estimate):
            continue
        before = now.risk
        now = after(now, float(estimate), float(at_s), policy)
        if now.risk is RiskState.ALERTING:
            now = step(now, Sign.TAKEN, float(at_s))
            spans.append([float(at_s), float(end_s[-1])])
        elif before is RiskState.ACKNOWLEDGED and now.risk is not before:
            spans[-1][1] = float(at_s)
    return [(begin, end) for begin, end in spans]


LEVELS = st.sampled_from([0.05, 0.2, 0.4, 0.5, 0.7, 0.95, np.nan])
RUNS = st.lists(st.tuples(LEVELS, st.integers(1, 40)), min_size=1, max_size=40)


@given(
    runs=st.lists(RUNS, min_size=1, max_size=3),
    hold_s=st.sampled_from([0.0, 1.0, 7.0, 20.0]),
    settle_s=st.sampled_from([0.0, 3.0, 20.0]),
    refractory_s=st.sampled_from([0.0, 1.0, 30.0]),
    fade_s=st.sampled_from([1.0, 10.0, 60.0]),
)
def test_alarms_are_those_of_the_desk_second_by_second(
    runs: list[list[tuple[float, int]]], hold_s: float, settle_s: float, refractory_s: float, fade_s: float
) -> None:
    rule = AlarmRule(hold_s=hold_s, settle_s=settle_s, refractory_s=refractory_s, fade_s=fade_s)
    pieces = [np.concatenate([np.full(n, level) for level, n in each]) for each in runs]
    longest = max(len(each) for each in pieces)
    moments = recorded([[] for _ in pieces], seconds=float(longest), step_s=1.0)
    probability = np.full((len(pieces), longest), np.nan)
    for i, each in enumerate(pieces):
        probability[i, : len(each)] = each
    line = timeline(moments)
    found = raised(line, probability.ravel(), rule)
    for i in range(len(pieces)):
        mine = found.session == i
        wanted = _by_the_desk(probability[i], moments.end_s[moments.session == i], rule)
        assert list(zip(found.begin_s[mine], found.end_s[mine], strict=True)) == wanted


def test_an_alarm_may_begin_in_the_very_second_in_which_the_refractory_time_has_passed() -> None:
    line = timeline(recorded([[]], seconds=40.0, step_s=1.0))
    rule = AlarmRule(hold_s=1.0, settle_s=1.0, refractory_s=10.0)
    probability = np.full(40, 0.9)
    probability[5] = 0.1  # it settles in the sixth second
    found = raised(line, probability, rule)
    assert (found.begin_s - line.end_s[0] + 1).tolist() == [1.0, 16.0]
    assert [begin for begin, _ in _by_the_desk(probability, line.end_s, rule)] == found.begin_s.tolist()


def test_each_session_is_judged_by_its_own_rule_and_begins_anew() -> None:
    moments = recorded([[], []], seconds=600.0)
    probability = high_in(moments, (0, 500.0, 600.0), (1, 0.0, 15.0), high=0.8)
    found = raised(timeline(moments), probability, [AlarmRule(), AlarmRule(enter=0.85)])
    assert found.session.tolist() == [0]  # 15 s more in the next session would have raised one, had it gone on
    assert raised(timeline(moments), high_in(moments, (0, 590.0, 600.0), (1, 0.0, 10.0)), AlarmRule()).row.size == 0


def test_a_warning_lasts_for_the_horizon_after_the_alarm() -> None:
    moments = recorded([[]], seconds=1800.0)
    line = timeline(moments)
    found = raised(line, high_in(moments, (0, 300.0, 400.0)), AlarmRule())
    begin, end = (float(each[0]) - moments.sessions[0].start_s for each in (found.begin_s, found.end_s))
    assert (begin, end) == (320.0, 520.0)
    since = moments.since_s
    np.testing.assert_array_equal(standing(line, found), (since >= begin) & (since < end))
    np.testing.assert_array_equal(warned(line, found), (since >= begin) & (since < end + 180.0))


def test_another_enter_keeps_the_distance_of_leave_in_log_odds() -> None:
    rule = AlarmRule(enter=0.7, leave=0.4)
    other = rule.at(0.1)
    assert np.log(other.leave / (1 - other.leave)) - np.log(0.1 / 0.9) == pytest.approx(
        np.log(0.4 / 0.6) - np.log(7 / 3)
    )
    assert rule.at(0.7) == rule
    assert 0 <= rule.at(1.0).leave < 1.0


@pytest.mark.parametrize("wrong", [{"enter": 0.0}, {"leave": 0.7}, {"hold_s": -1.0}, {"fade_s": np.inf}])
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ModelError, match="rule"):
        AlarmRule(**wrong)
