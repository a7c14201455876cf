"""Thresholds out of training rows."""

import numpy as np
import pytest

from models.datasets.dataset import Dataset
from models.errors import DatasetError, ModelError
from models.evaluation.alarm_rule import AlarmRule
from models.evaluation.choosing import SPENT, WARNING_MAX, Rates, best_threshold, choose, levels_of, rates
from models.evaluation.discrimination import balanced_accuracy
from models.evaluation.judgement import Choice
from models.evaluation.judging import evaluate
from models.evaluation.timeline import timeline
from tests.models.evaluation.made import cohort, estimates, recorded


@pytest.fixture(scope="module")
def made() -> tuple[Dataset, np.ndarray]:
    return cohort(people=3)


def _at_each_level(moments: Dataset, probability: np.ndarray, rule: AlarmRule) -> Rates:
    line = timeline(moments)
    return rates(moments, line, probability, [rule.at(float(level)) for level in levels_of(probability)])


@pytest.mark.parametrize("wanted", [0.1, 0.5, 1.5])
def test_the_chosen_level_gains_most_of_those_above_which_the_rate_holds(
    made: tuple[Dataset, np.ndarray], wanted: float
) -> None:
    moments, probability = made
    chosen = choose(moments, estimates(probability), rule=AlarmRule(), false_alarms_per_hour=wanted).rule
    of, levels = _at_each_level(moments, probability, AlarmRule()), levels_of(probability)
    assert (of.false_per_hour[levels >= chosen.enter] <= SPENT * wanted).all()
    allowed = np.minimum.accumulate((of.false_per_hour <= SPENT * wanted)[::-1])[::-1] & (of.in_warning <= WARNING_MAX)
    assert of.gain[levels == chosen.enter] == of.gain[allowed].max()


def test_rates_and_gain_are_those_that_the_judgement_gives(made: tuple[Dataset, np.ndarray]) -> None:
    moments, probability = made
    rule = AlarmRule().at(0.3)
    of = rates(moments, timeline(moments), probability, [rule])
    judged = evaluate(moments, estimates(probability), Choice(rule=rule), seed=1, replicates=100, surrogates=1)
    for found, name in (  # everybody has as many hours and events, so that means over people are those of all
        (of.false_per_hour, "false_alarms_per_hour"),
        (of.per_day, "alarms_per_day"),
        (of.in_warning, "time_in_warning"),
        (of.gain, "improvement_over_chance"),
    ):
        assert found[0] == pytest.approx(judged.over_people[name].mean, rel=0.01)


def test_without_events_the_lowest_level_within_the_rate_is_chosen() -> None:
    moments = recorded([[], []])
    probability = np.random.default_rng(1).uniform(high=0.98, size=1440).round(2)
    rule = AlarmRule(hold_s=0.0)
    enter = choose(
        moments, estimates(probability), rule=rule, false_alarms_per_hour=2.0, time_in_warning=1.0
    ).rule.enter
    of, levels = _at_each_level(moments, probability, rule), levels_of(probability)
    assert (of.false_per_hour[levels >= enter] <= SPENT * 2.0).all()
    assert of.false_per_hour[levels < enter][-1] > SPENT * 2.0


def test_a_larger_budget_never_raises_the_level(made: tuple[Dataset, np.ndarray]) -> None:
    moments, probability = made
    enters = [
        choose(moments, estimates(probability), rule=AlarmRule(), alarms_per_day=each).rule.enter
        for each in (0.0, 4.0, 12.0, 40.0)
    ]
    assert enters == sorted(enters, reverse=True)


def test_shapes_gain_no_less_than_the_desks_alone(made: tuple[Dataset, np.ndarray]) -> None:
    moments, probability = made
    line = timeline(moments)
    each = [
        choose(moments, estimates(probability), rule=rule, false_alarms_per_hour=0.5) for rule in (AlarmRule(), None)
    ]
    desks, shaped = rates(moments, line, probability, [choice.rule for choice in each]).gain
    assert shaped >= desks


def test_rare_events_get_a_rule_that_lets_go() -> None:
    """Estimates between 3 and 20 %: at odds of 3.5 an alarm that has begun stays until the session ends."""
    moments = recorded([[1200.0, 2600.0], [900.0, 3000.0]])
    rising = moments.target == 1
    probability = np.where(rising, 0.06, 0.03) + np.random.default_rng(0).normal(scale=0.003, size=len(rising))
    chosen = choose(moments, estimates(probability), false_alarms_per_hour=0.25)
    assert chosen.rule.leave > 0.03
    of = rates(moments, timeline(moments), probability, [chosen.rule, AlarmRule().at(0.05)])
    assert of.gain[0] > 0.6 > 0.4 > of.gain[1]
    assert of.in_warning[0] < WARNING_MAX < of.in_warning[1]


def test_an_alarm_that_never_ends_is_not_chosen() -> None:
    """Before and after the first event it is high for good: it foretells everything, and raises no false alarm."""
    moments = recorded([[600.0, 1500.0, 2400.0, 3300.0]] * 2)
    for begins in (500.0, 610.0):  # in valid wear, or while an event goes on
        probability = np.where(moments.since_s > begins, 0.9, 0.1)
        choice = choose(moments, estimates(probability), false_alarms_per_hour=0.25)
        assert rates(moments, timeline(moments), probability, [choice.rule]).in_warning[0] == 0
        assert "no alarm" in choice.note


def test_a_model_that_is_often_certain_gets_the_quietest_rule_and_a_note() -> None:
    moments = recorded([[1800.0]] * 2)
    often = (moments.since_s % 300 < 35) | (moments.target == 1)
    choice = choose(moments, estimates(np.where(often, 1.0, 0.02)), false_alarms_per_hour=0.1)
    assert choice.rule.enter <= 1.0
    assert choice.rule.hold_s > 35  # longer than it is wrong
    assert choice.note == ""
    always = choose(moments, estimates(np.ones(1440)), false_alarms_per_hour=0.1)
    assert always.rule.enter == 1.0
    assert "100%" in always.note


def test_an_alarm_that_always_stands_is_never_chosen_for_having_few_alarms() -> None:
    """At low levels alarms run into one another, so that there are few: the budget is kept from above."""
    moments, probability = cohort(people=3, skill=0.0)
    rule = choose(moments, estimates(probability), rule=AlarmRule(), false_alarms_per_hour=0.3).rule
    assert np.mean(probability >= rule.enter) < 0.1


def test_the_threshold_is_that_of_best_balanced_accuracy(made: tuple[Dataset, np.ndarray]) -> None:
    moments, probability = made
    told = moments.target >= 0
    y, p = moments.target[told] == 1, probability[told]
    best = best_threshold(moments, probability)
    assert best is not None
    tried = max(balanced_accuracy(y, p, each) for each in np.quantile(p, np.linspace(0, 1, 500)))
    assert balanced_accuracy(y, p, best) >= tried
    choice = choose(moments, estimates(probability))
    assert (choice.threshold, choice.rule.enter) == (best, best)
    assert choice.prevalence == pytest.approx(y.mean())


def test_one_class_has_no_threshold_and_keeps_the_rules_level() -> None:
    moments = recorded([[]])
    choice = choose(moments, estimates(np.full(720, 0.2)))
    assert (choice.threshold, choice.prevalence) == (None, 0.0)
    assert choice.rule == AlarmRule()


def test_two_rates_none_and_nonsense_are_refused() -> None:
    moments = recorded([[]])
    with pytest.raises(ModelError, match="not both"):
        choose(moments, estimates(np.full(720, 0.2)), false_alarms_per_hour=1.0, alarms_per_day=2.0)
    with pytest.raises(ModelError, match="finite"):
        choose(moments, estimates(np.full(720, 0.2)), alarms_per_day=-1.0)
    with pytest.raises(ModelError, match="share"):
        choose(moments, estimates(np.full(720, 0.2)), alarms_per_day=1.0, time_in_warning=0.0)
    with pytest.raises(DatasetError, match="no training row"):
        choose(moments, estimates(np.full(720, np.nan)))
