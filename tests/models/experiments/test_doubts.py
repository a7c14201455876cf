"""Results say of themselves what speaks against believing them."""

from dataclasses import replace

import numpy as np

from models.experiments.doubts import doubts
from models.experiments.run import run
from tests.models.experiments.cohorts import forecast, state
from tests.models.experiments.test_run import FORECAST, STATE, asked


def test_people_with_short_sessions_alone_are_named() -> None:
    short, long = state(2, rows=100), state(2, rows=130)
    rows = np.arange(short.end_s.size)
    assert "2 of 2 people who are judged have no session of 10 minutes (lab-0, lab-1)" in doubts(short, rows, ())[0]
    assert doubts(long, np.arange(long.end_s.size), ()) == ()


def test_a_candidate_surely_below_chance_is_told() -> None:
    """In the second study what the input means is the other way round."""
    whole = state(10)
    late = whole.person >= 5
    target = np.where(late, 1 - whole.target, whole.target).astype(np.int8)
    sessions = tuple(replace(each, study="lab" if i < 5 else "ward") for i, each in enumerate(whole.sessions))
    dataset = replace(whole, target=target, sessions=sessions)
    text = STATE.replace('study = [{name = "lab"}]', 'study = [{name = "lab"}, {name = "ward"}]')
    split = 'split = {kind = "across_studies", train = ["lab"], test = ["ward"]}\nrows = {groups = ["physiology"]}\n'
    notes = run(asked(text + split, "logistic"), dataset, libraries={}).results.notes
    assert any("below chance in AUROC within people" in note for note in notes)


def test_baselines_that_go_by_events_are_below_chance_for_a_reason_of_their_own() -> None:
    """Two incidents a session, far apart: who has had one has fewer to come."""
    notes = run(asked(FORECAST, "rate_matched", "hawkes"), forecast(8), libraries={}).results.notes
    (note,) = [each for each in notes if "below chance" in each]
    assert note.startswith("c0, c1 lie below chance")
    assert "events do not come in runs" in note
    assert "another order" not in note


def test_a_forecast_below_chance_is_given_no_cause_that_is_not_known() -> None:
    whole = forecast(8)
    late = whole.person >= 4
    inputs = np.where(late[:, None], -whole.inputs, whole.inputs)
    sessions = tuple(replace(each, study="lab" if i < 4 else "ward") for i, each in enumerate(whole.sessions))
    text = FORECAST.replace('study = [{name = "home"}]', 'study = [{name = "lab"}, {name = "ward"}]')
    split = 'split = {kind = "across_studies", train = ["lab"], test = ["ward"]}\n'
    dataset = replace(whole, inputs=inputs, sessions=sessions)
    (note,) = [n for n in run(asked(text + split, "logistic"), dataset, libraries={}).results.notes if "below" in n]
    assert "these figures do not tell" in note
    assert "order" not in note


def test_a_forecast_without_an_alarm_says_so_with_the_mend() -> None:
    flat = forecast(4)
    dull = replace(flat, inputs=np.random.default_rng(9).normal(size=flat.inputs.shape))
    budget = "alarms = {false_per_hour = 0.001}\n"
    notes = run(asked(FORECAST + budget, "logistic"), dull, libraries={}).results.notes
    (note,) = [each for each in notes if "raised no alarm in anybody" in each]
    assert "kept to 0.001 false alarms an hour" in note
    assert "with 8 events of 4 people" in note
    assert "a higher budget ([alarms] false_per_hour)" in note


def test_where_nothing_tells_more_than_the_clock_that_is_told() -> None:
    """The last third of each session is positive, whatever the sensor said."""
    whole = state(6)
    since = whole.end_s - np.array([each.start_s for each in whole.sessions])[whole.session]
    late = (since > np.quantile(since, 0.66)).astype(np.int8)
    dataset = replace(whole, target=np.where(whole.target < 0, whole.target, late).astype(np.int8))
    notes = run(asked(STATE, "clock", "logistic"), dataset, libraries={}).results.notes
    assert any("reads no sensor and has the highest AUROC" in note for note in notes)
    alone = run(asked(STATE, "clock"), dataset, libraries={}).results.notes
    assert not any("reads no sensor" in note for note in alone)
