"""Thresholds out of training rows."""

import numpy as np
import pytest

from models.datasets.dataset import Dataset
from models.errors import DatasetError, ModelError
from models.evaluation.alarm_rule import AlarmRule
from models.evaluation.choosing import best_threshold, choose, levels_of, rates
from models.evaluation.discrimination import balanced_accuracy
from models.evaluation.timeline import timeline
from tests.models.evaluation.made import cohort, estimates, recorded


@pytest.fixture(scope="module")
def made() -> tuple[Dataset, np.ndarray]:
    return cohort(people=3)


@pytest.mark.parametrize("wanted", [0.1, 0.5, 1.5])
def test_the_chosen_level_gains_most_of_those_above_which_the_rate_holds(
    made: tuple[Dataset, np.ndarray], wanted: float
) -> None:
    moments, probability = made
    enter = choose(moments, estimates(probability), false_alarms_per_hour=wanted).rule.enter
    of = rates(moments, timeline(moments), probability, AlarmRule(), levels_of(probability))
    assert (of.false_per_hour[of.levels >= enter] <= wanted).all()
    allowed = np.minimum.accumulate((of.false_per_hour <= wanted)[::-1])[::-1]
    assert of.gain[of.levels == enter] == of.gain[allowed].max()


def test_without_events_the_lowest_level_within_the_rate_is_chosen() -> None:
    moments = recorded([[], []])
    probability = np.random.default_rng(1).uniform(high=0.98, size=1440).round(2)
    rule = AlarmRule(hold_s=0.0)
    enter = choose(moments, estimates(probability), rule=rule, false_alarms_per_hour=2.0).rule.enter
    of = rates(moments, timeline(moments), probability, rule, levels_of(probability))
    assert (of.false_per_hour[of.levels >= enter] <= 2.0).all()
    assert of.false_per_hour[of.levels < enter][-1] > 2.0


def test_a_larger_budget_never_raises_the_level(made: tuple[Dataset, np.ndarray]) -> None:
    moments, probability = made
    enters = [
        choose(moments, estimates(probability), alarms_per_day=each).rule.enter for each in (0.0, 2.0, 10.0, 40.0)
    ]
    assert enters == sorted(enters, reverse=True)


def test_an_alarm_that_always_stands_is_never_chosen_for_having_few_alarms() -> None:
    """At low levels alarms run into one another, so that there are few: the budget is kept from above."""
    moments, probability = cohort(people=3, skill=0.0)
    rule = choose(moments, estimates(probability), false_alarms_per_hour=0.2).rule
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
    with pytest.raises(DatasetError, match="no training row"):
        choose(moments, estimates(np.full(720, np.nan)))
