"""What chance and forecasters without a sensor reach."""

import numpy as np
import pytest
from scipy.stats import kstest

from models.evaluation.alarm_rule import AlarmRule
from models.evaluation.alarms import raised, warned
from models.evaluation.chance import by_chance, moving_average, p_value, rate_matched, ratio
from models.evaluation.events import foretold
from models.evaluation.timeline import timeline
from tests.models.evaluation.made import cohort, recorded, standing

QUICK = AlarmRule(hold_s=0.0, settle_s=0.0, refractory_s=0.0)


def test_expected_chance_is_the_mean_of_the_surrogates() -> None:
    moments, probability = cohort(people=3, seed=2)
    line = timeline(moments)
    alarms = raised(line, probability, AlarmRule(enter=0.3, leave=0.1))
    outcomes = foretold(moments, line, alarms)
    chance = by_chance(line, outcomes, warned(line, alarms), surrogates=20_000, seed=1)
    np.testing.assert_allclose(chance.hits.mean(axis=0) / 4, chance.sensitivity, atol=0.01)
    np.testing.assert_allclose(chance.lead_hits.mean(axis=0) / 4, chance.lead_sensitivity, atol=0.01)


def test_chance_is_the_time_in_warning_where_sessions_are_alike() -> None:
    moments = recorded([[1000.0, 3000.0]])
    line = timeline(moments)
    alarms = raised(line, standing(moments, (0, 1500.0, 1600.0)), AlarmRule())
    outcomes, warning = foretold(moments, line, alarms), warned(line, alarms)
    chance = by_chance(line, outcomes, warning, surrogates=10, seed=1)
    assert chance.sensitivity[0] == pytest.approx(warning[line.valid].mean())


def test_p_values_are_uniform_where_warnings_know_nothing() -> None:
    """200 people whose alarms have nothing to do with their events; 30 events each, so that few surrogates tie."""
    random = np.random.default_rng(5)
    moments = recorded([np.arange(400.0, 20_000.0, 650.0).tolist()] * 200, seconds=20_000.0, step_s=20.0, lasts_s=20.0)
    line = timeline(moments)
    n = len(moments.end_s) // 200
    spans = [(s, float(first), float(first + 200)) for s in range(200) for first in random.integers(0, n * 20, size=12)]
    alarms = raised(line, standing(moments, *spans), QUICK)
    outcomes = foretold(moments, line, alarms)
    chance = by_chance(line, outcomes, warned(line, alarms), surrogates=400, seed=3)
    hits = np.bincount(line.person[outcomes.session], weights=outcomes.foretold, minlength=200)
    p = np.array([p_value(h, s) for h, s in zip(hits, chance.hits.T, strict=True)])
    assert (p <= 0.05).mean() <= 0.09  # not too sure of itself: 5 % and 2.6 standard errors
    drawn = np.array(
        [  # ties broken by lot make a discrete p-value uniform
            (np.count_nonzero(s > h) + random.uniform() * (1 + np.count_nonzero(s == h))) / (1 + len(s))
            for h, s in zip(hits, chance.hits.T, strict=True)
        ]
    )
    assert kstest(drawn, "uniform").pvalue > 0.01


def test_warnings_that_know_are_told_from_chance() -> None:
    moments, probability = cohort(people=4, sessions=4, skill=4.0, seed=1)
    line = timeline(moments)
    alarms = raised(line, probability, AlarmRule(enter=0.6, leave=0.3))
    outcomes = foretold(moments, line, alarms)
    chance = by_chance(line, outcomes, warned(line, alarms), surrogates=999, seed=1)
    hits = np.bincount(line.person[outcomes.session], weights=outcomes.foretold, minlength=4)
    assert all(p_value(h, s) < 0.01 for h, s in zip(hits, chance.hits.T, strict=True))


def test_the_rate_matched_forecast_is_what_random_alarms_reach() -> None:
    """20 alarms of 100 s and 180 s of warning each, thrown at random at a long session, against the closed form."""
    moments = recorded([[]], seconds=40_000.0)
    line = timeline(moments)
    alarms = raised(line, standing(moments, *((0, 2000.0 * i, 2000.0 * i + 100.0) for i in range(20))), QUICK)
    expected = rate_matched(line, alarms)[0]
    random = np.random.default_rng(1)
    at = random.uniform(0, 40_000.0, size=(20_000, 20))
    assert ((at < 20_000.0) & (at + 280.0 > 20_000.0)).any(axis=1).mean() == pytest.approx(expected, abs=0.01)


def test_the_moving_average_foretells_events_that_cluster_and_no_others() -> None:
    clustered = [20_000.0 + 400.0 * i for i in range(12)]
    moments = recorded([clustered], seconds=40_000.0)
    line = timeline(moments)
    outcomes = foretold(moments, line, raised(line, np.zeros(len(moments.end_s)), QUICK))
    assert moving_average(moments, line, outcomes, np.array([0.2]))[0] > 0.8
    even = recorded([[2_000.0 + 4_000.0 * i for i in range(9)]], seconds=40_000.0)
    line = timeline(even)
    outcomes = foretold(even, line, raised(line, np.zeros(len(even.end_s)), QUICK))
    assert moving_average(even, line, outcomes, np.array([0.2]))[0] < 0.1  # each comes when the last one is forgotten


def test_a_share_of_nothing_is_not_known() -> None:
    assert np.isnan(ratio(np.array([0.0]), np.array([0.0]))).all()
