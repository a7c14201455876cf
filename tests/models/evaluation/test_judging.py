"""A whole judgement: what stands in it, what changes it and what must not."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from models.datasets.dataset import Dataset, Exclusion
from models.datasets.target import StateTarget
from models.errors import ModelError
from models.evaluation.alarm_rule import AlarmRule
from models.evaluation.judgement import FIGURES, Choice, Judgement
from models.evaluation.judging import evaluate
from tests.models.evaluation.made import cohort, estimates, recorded, standing

CHOICE = Choice(rule=AlarmRule(enter=0.4, leave=0.2), threshold=0.2, prevalence=0.05)


def _judge(moments: Dataset, probability: np.ndarray, choice: Choice = CHOICE, seed: int = 1) -> Judgement:
    return evaluate(moments, estimates(probability), choice, seed=seed, replicates=200, surrogates=199)


@pytest.fixture(scope="module")
def made() -> tuple[Dataset, np.ndarray]:
    return cohort(people=4)


def test_every_figure_is_said_of_everybody_or_why_not(made: tuple[Dataset, np.ndarray]) -> None:
    judgement = _judge(*made)
    for person in judgement.people:
        assert person.figures.keys() == FIGURES.keys()
        assert all((each.value is None) == bool(each.why) for each in person.figures.values())
    assert judgement.over_people.keys() == FIGURES.keys() - {"p_value"}
    assert {each.person for each in judgement.people} == set(made[0].people)


def test_people_of_whom_little_can_be_said_get_reasons_and_break_nothing() -> None:
    """Nobody wore the band; nobody estimated; no events; nothing labelled; one row's worth of positives."""
    moments = recorded([[1800.0], [1800.0], [], [1800.0], [150.0]])
    moments = replace(
        moments,
        worn=moments.session != 0,
        target=np.where(moments.session == 3, -1, moments.target).astype(np.int8),
        exclusion=np.where(moments.session == 3, Exclusion.CONTRADICTED, moments.exclusion).astype(np.int8),
    )
    probability = np.random.default_rng(1).uniform(size=len(moments.end_s))
    probability[moments.session == 1] = np.nan
    judgement = _judge(moments, probability, Choice())
    for person in judgement.people:
        assert all((each.value is None) == bool(each.why) for each in person.figures.values()), person.person
    assert [each.events for each in judgement.people] == [0, 1, 0, 0, 1]
    assert [each.unwatched_events for each in judgement.people] == [1, 0, 0, 1, 0]
    assert judgement.people[1].figures["event_sensitivity"].value == 0
    assert judgement.people[1].figures["coverage"].value == 0
    assert all((each.value is None) == bool(each.why) for each in judgement.pooled.values())
    assert all((each.mean is None) <= bool(each.why) for each in judgement.over_people.values())


def test_a_judgement_goes_into_json_and_comes_back(made: tuple[Dataset, np.ndarray]) -> None:
    for judgement in (_judge(*made), _judge(recorded([np.array([1800.0])]), np.full(720, 0.5))):  # NumPy's numbers too
        assert msgspec.json.decode(msgspec.json.encode(judgement), type=Judgement) == judgement


def test_the_same_seed_gives_the_same_judgement(made: tuple[Dataset, np.ndarray]) -> None:
    assert _judge(*made) == _judge(*made)


def test_counts_and_rates_are_those_of_a_course_told_by_hand() -> None:
    """One hour and one event at 1800: alarms at 620 (false), 1720 (true, 80 s before), 1900 (late)."""
    moments = recorded([[1800.0]])
    probability = standing(moments, (0, 600.0, 620.0), (0, 1700.0, 1720.0), (0, 1880.0, 1900.0))
    rule = AlarmRule(settle_s=5.0, refractory_s=0.0)
    judgement = _judge(moments, probability, Choice(rule=rule))
    person = judgement.people[0]
    kinds = (person.true_alarms, person.false_alarms, person.late_alarms, person.open_alarms)
    assert kinds == (1, 1, 1, 0)
    valid_h = (720 - 15 - 12) * 5 / 3600  # less 75 s from onset - latency to the end, and 60 s of refractory zone
    assert person.valid_h == pytest.approx(valid_h)
    figures = {name: each.value for name, each in person.figures.items()}
    assert figures["event_sensitivity"] == figures["lead_event_sensitivity"] == 1
    assert figures["lead_time_median_s"] == 80
    assert figures["lead_time_60_s_share"] == 1
    assert figures["alarm_precision"] == 0.5
    assert figures["false_alarms_per_hour"] == pytest.approx(1 / valid_h)
    assert figures["false_alarms_per_8_hours"] == pytest.approx(8 / valid_h)
    assert figures["alarms_per_day"] == pytest.approx(72)
    assert figures["improvement_over_chance"] == pytest.approx(1 - (figures["time_in_warning"] or 0))
    told = judgement.events[0]
    assert (told.foretold, told.lead_s, told.person) == (True, 80, "p0")


def test_an_alarm_that_always_stands_is_no_better_than_chance() -> None:
    moments, _ = cohort(people=3)
    judgement = _judge(moments, np.full(len(moments.end_s), 0.99))
    assert judgement.pooled["event_sensitivity"].value == 1
    assert judgement.pooled["time_in_warning"].value == pytest.approx(1, abs=0.01)
    assert judgement.over_people["improvement_over_chance"].mean == pytest.approx(0, abs=0.01)
    assert judgement.pooled["people_above_chance_05"].value == 0


def test_abstaining_shows_in_coverage_and_misses_what_it_does_not_say(made: tuple[Dataset, np.ndarray]) -> None:
    moments, probability = made
    silent = np.where(moments.target == 1, np.nan, probability)
    judgement = _judge(moments, silent)
    assert judgement.pooled["event_sensitivity"].n == _judge(*made).pooled["event_sensitivity"].n
    assert judgement.pooled["begun_sensitivity"].value == 0
    assert judgement.over_people["coverage"].mean < _judge(*made).over_people["coverage"].mean  # type: ignore[operator]
    assert judgement.pooled["positive_coverage"].value == 0
    assert judgement.over_people["auroc"].mean is None
    assert "one class" in judgement.over_people["auroc"].why


def test_who_is_called_what_changes_no_pooled_figure(made: tuple[Dataset, np.ndarray]) -> None:
    moments, probability = made
    other = {"p00": "z", "p01": "y", "p02": "x", "p03": "w"}
    sessions = tuple(replace(s, person=other[s.person]) for s in moments.sessions)
    one, two = _judge(*made), _judge(replace(moments, sessions=sessions), probability)
    for name, each in one.pooled.items():
        assert two.pooled[name].value == pytest.approx(each.value), name
        assert two.pooled[name].n == each.n
    assert two.of("auroc")["z"] == one.of("auroc")["p00"]


def test_each_session_is_judged_by_the_choice_of_its_fold(made: tuple[Dataset, np.ndarray]) -> None:
    moments, probability = made
    never = Choice(rule=AlarmRule(enter=1.0))
    choices = [CHOICE if s.person == "p00" else never for s in moments.sessions]
    judgement = evaluate(moments, estimates(probability), choices, seed=1, replicates=50, surrogates=19)
    assert [each.alarms > 0 for each in judgement.people] == [True, False, False, False]
    assert judgement.people[0].alarms == _judge(*made).people[0].alarms
    assert judgement.people[1].figures["balanced_accuracy"].why == "no threshold was chosen"
    assert judgement.people[1].figures["brier_skill_training"].why.startswith("no training prevalence")


def test_negative_controls_are_told_by_themselves() -> None:
    moments = recorded([[1800.0], [1800.0]])
    exercise = moments.since_s > 2400
    moments = replace(
        moments,
        condition=np.where(exercise, "exercise; music", "").astype("<U16"),
        exclusion=np.where(exercise, Exclusion.APART, moments.exclusion).astype(np.int8),
        target=np.where(exercise, -1, moments.target).astype(np.int8),
    )
    probability = standing(moments, (0, 2500.0, 2520.0), (1, 600.0, 620.0))
    probability[exercise & (moments.since_s > 3000)] = np.nan
    by_name = {each.condition: each for each in _judge(moments, probability, Choice()).conditions}
    assert {name: (each.alarms, each.false_alarms) for name, each in by_name.items()} == {
        "": (1, 1),
        "exercise": (1, 1),
        "music": (1, 1),
    }
    assert by_name["exercise"].valid_h == pytest.approx(2 * 1200 / 3600)
    assert by_name["exercise"].false_alarms_per_hour.value == pytest.approx(1.5)
    assert by_name["exercise"].coverage.value == pytest.approx(0.5)
    assert by_name["exercise"].event_sensitivity.value is None


def test_of_a_state_moments_are_judged_and_events_are_not(made: tuple[Dataset, np.ndarray]) -> None:
    moments, probability = made
    state = replace(moments, aim=StateTarget(positive=("incident",), negative=("calm",)), events=())
    judgement = _judge(state, probability)
    assert judgement.over_people["auroc"].mean == _judge(*made).over_people["auroc"].mean
    assert judgement.over_people["event_sensitivity"].why == "the target is a state: there are no onsets to foretell"


def test_a_condition_that_a_state_target_does_not_name_still_shows_what_was_said_of_it() -> None:
    moments = recorded([[]])
    breathing = moments.since_s > 1800
    state = replace(
        moments,
        aim=StateTarget(positive=("stress",), negative=("rest",)),
        condition=np.where(breathing, "hyperventilation", "rest").astype("<U16"),
        exclusion=np.where(breathing, Exclusion.UNLABELLED, Exclusion.NONE).astype(np.int8),
        target=np.where(breathing, -1, 0).astype(np.int8),
    )
    judgement = _judge(state, np.where(breathing, 0.8, 0.1))
    by_name = {each.condition: each for each in judgement.conditions}
    assert by_name["hyperventilation"].mean_probability.mean == pytest.approx(0.8)
    assert (by_name["hyperventilation"].alarms, by_name["hyperventilation"].false_alarms) == (1, 0)
    assert by_name["rest"].valid_h == judgement.people[0].valid_h == pytest.approx(0.5)


def test_without_replicates_there_is_no_confidence_and_still_a_figure(made: tuple[Dataset, np.ndarray]) -> None:
    judgement = evaluate(made[0], estimates(made[1]), CHOICE, seed=1, replicates=0, surrogates=0)
    assert judgement.over_people["auroc"].mean is not None
    assert judgement.over_people["auroc"].low is None
    assert judgement.people[0].figures["p_value"].value == 1


def test_a_session_without_events_has_false_alarms_and_nothing_to_foretell() -> None:
    moments = recorded([[]])
    judgement = _judge(moments, standing(moments, (0, 600.0, 620.0)), Choice())
    assert judgement.pooled["false_alarms_per_hour"].value == pytest.approx(1)
    assert judgement.people[0].figures["event_sensitivity"].why == "no events that could have been foretold"
    assert judgement.pooled["p_value"].value is None


@pytest.mark.parametrize("wrong", [np.full(3, 0.5), np.full(720, 1.5)])
def test_estimates_that_do_not_fit_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(ModelError, match="estimate"):
        _judge(recorded([[]]), wrong)


def test_rows_out_of_order_are_refused() -> None:
    moments = recorded([[]])
    with pytest.raises(ModelError, match="order"):
        _judge(replace(moments, end_s=moments.end_s[::-1].copy()), np.full(720, 0.5))


def test_a_choice_for_every_session_or_one() -> None:
    moments = recorded([[], []])
    with pytest.raises(ModelError, match="2"):
        evaluate(moments, estimates(np.full(1440, 0.5)), [Choice()] * 3, seed=1)


def test_what_no_sensor_knows_stands_beside_every_forecast(made: tuple[Dataset, np.ndarray]) -> None:
    judgement = _judge(*made)
    for name in ("rate_matched_sensitivity", "moving_average_sensitivity", "moving_average_auroc"):
        assert judgement.over_people[name].n == 4, name
    assert judgement.over_people["brier_skill_moving_average"].n == 4


def test_one_persons_figures_say_how_unsure_they_are(made: tuple[Dataset, np.ndarray]) -> None:
    figures = _judge(*made).people[0].figures
    for name in ("event_sensitivity", "improvement_over_chance", "false_alarms_per_hour"):
        each = figures[name]
        assert each.low is not None
        assert each.value is not None
        assert each.high is not None
        assert each.low <= each.value <= each.high, name
