"""What is drawn: the trade that a threshold makes, and sessions that are chosen by rule."""

import numpy as np

from models.evaluation.judging import evaluate
from models.reports.evidence import read
from models.reports.tables import best, judged
from models.reports.warnings import curve, example
from tests.models.reports.conftest import Files


def test_a_point_of_the_curve_is_what_that_threshold_would_have_come_to(of_forecasts: Files) -> None:
    evidence = read(of_forecasts, origin="x")
    arm = evidence.results.arm("logistic/combined")
    tested = evidence.tested(arm)
    found = curve(tested)
    assert found is not None
    assert len(found.levels) > 2
    at = len(found.levels) // 2
    rule = tested.choices[0].rule.at(float(found.levels[at]))
    import msgspec

    choices = [msgspec.structs.replace(each, rule=rule) for each in tested.choices]
    again = evaluate(tested.moments, tested.said, choices, seed=1, replicates=2, surrogates=0)
    assert again.pooled["event_sensitivity"].value == found.sensitivity[at]
    assert again.pooled["false_alarms_per_hour"].value is not None
    np.testing.assert_allclose(again.pooled["false_alarms_per_hour"].value, found.false_per_hour[at])


def test_lower_thresholds_never_come_before_higher_ones_on_the_curve(of_forecasts: Files) -> None:
    evidence = read(of_forecasts, origin="x")
    for arm, _ in judged(evidence.results):
        found = curve(evidence.tested(arm))
        if found is not None:
            assert (np.diff(found.levels) > 0).all()
            assert found.false_per_hour[0] == found.false_per_hour.max()


def test_an_example_is_the_session_with_most_events_and_holds_them_all(of_forecasts: Files) -> None:
    evidence = read(of_forecasts, origin="x")
    found = best(evidence.results)
    assert found is not None
    arm, judgement = found
    person = judgement.people[0].person
    one = example(evidence.tested(arm), person=person, value=0.0, place="best")
    assert one is not None
    assert len(one.happened) == judgement.people[0].events
    assert len(one.warnings) == judgement.people[0].alarms
    assert (one.since_s >= 0).all()
    assert example(evidence.tested(arm), person="nobody", value=0.0, place="best") is None
