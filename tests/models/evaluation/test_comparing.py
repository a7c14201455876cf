"""Two judgements of the same people, side by side."""

import numpy as np
import pytest
from scipy.stats import permutation_test

from models.errors import ModelError
from models.evaluation.comparing import compare, swapped
from models.evaluation.judgement import Choice, Judgement
from models.evaluation.judging import evaluate
from tests.models.evaluation.made import cohort, estimates


def _judged(skill: float, people: int = 6) -> Judgement:
    moments, probability = cohort(people=people, skill=skill, sessions=1)
    return evaluate(moments, estimates(probability), Choice(), seed=1, replicates=100, surrogates=19)


def test_who_is_better_is_told_on_the_better_side() -> None:
    strong, weak = _judged(3.0), _judged(0.5)
    roc = compare(strong, weak, "auroc", seed=1, margin=0.03)
    assert (roc.better, roc.worse, roc.not_inferior) == (6, 0, True)
    assert roc.difference.mean == pytest.approx((roc.a.mean or 0) - (roc.b.mean or 0))
    assert roc.p_value == pytest.approx(2 / 2**6)
    assert compare(weak, strong, "auroc", seed=1, margin=0.03).not_inferior is False
    assert compare(strong, weak, "brier", seed=1).better == 6


def test_the_same_judgement_differs_by_nothing() -> None:
    one = _judged(1.0)
    same = compare(one, one, "auprc", seed=1, margin=0.01)
    assert (same.difference.mean, same.p_value, same.not_inferior) == (0, 1, True)


def test_calibration_is_compared_by_its_distance_from_right() -> None:
    one, other = _judged(1.0), _judged(3.0)
    slope = compare(one, other, "calibration_slope", seed=1)
    near = np.abs(np.array(list(one.of("calibration_slope").values())) - 1)
    far = np.abs(np.array(list(other.of("calibration_slope").values())) - 1)
    assert slope.difference.mean == pytest.approx((near - far).mean())


def test_p_values_are_those_of_scipy() -> None:
    difference = np.random.default_rng(2).normal(0.3, 1, size=9)
    theirs = permutation_test((difference,), np.sum, permutation_type="samples", n_resamples=np.inf)
    assert swapped(difference, seed=1) == pytest.approx(theirs.pvalue)
    many = np.random.default_rng(3).normal(0.4, 1, size=20)
    theirs = permutation_test(
        (many,), np.sum, permutation_type="samples", n_resamples=20_000, rng=np.random.default_rng(1)
    )
    assert swapped(many, seed=1) == pytest.approx(theirs.pvalue, abs=0.01)


def test_one_person_compares_with_nobody() -> None:
    one = compare(_judged(2.0, people=1), _judged(1.0, people=1), "auroc", seed=1, margin=0.03)
    assert (one.p_value, one.not_inferior) == (None, None)
    assert "fewer than 2" in one.why


def test_what_is_no_figure_is_refused() -> None:
    judgement = _judged(1.0, people=2)
    with pytest.raises(ModelError, match="no figure"):
        compare(judgement, judgement, "accuracy", seed=1)
    with pytest.raises(ModelError, match="margin"):
        compare(judgement, judgement, "auroc", seed=1, margin=-0.1)
