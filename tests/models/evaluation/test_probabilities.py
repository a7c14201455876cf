"""Whether probabilities mean what they say, against scikit-learn, scores and a plain logistic regression."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scores.probability import brier_score
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from models.evaluation import probabilities as made

ROWS = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=80)


def _sums(rows: list[tuple[bool, float]], *, equal_mass: bool = False) -> tuple[np.ndarray, np.ndarray, made.Sums]:
    y, p = np.array([y for y, _ in rows], bool), np.array([p for _, p in rows])
    edges = made.edges_of_equal_mass(p) if equal_mass else made.edges_of_equal_width()
    return y, p, made.sums(y, p, np.full(len(p), 0.3), edges)


@given(rows=ROWS, equal_mass=st.booleans())
def test_the_decomposition_adds_up_exactly(rows: list[tuple[bool, float]], equal_mass: bool) -> None:
    y, p, of = _sums(rows, equal_mass=equal_mass)
    whole = made.reliability(of) - made.resolution(of) + made.uncertainty(of) + made.within_bins(of)
    assert made.brier(of) == pytest.approx(np.mean((p - y) ** 2), abs=1e-12)
    assert whole == pytest.approx(float(made.brier(of)), abs=1e-12)


def _drawn(n: int = 4000, slope: float = 0.6, intercept: float = 0.4) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds x, said as they are, while what happens has ``intercept + slope x``."""
    random = np.random.default_rng(4)
    x = random.normal(-1, 1.5, size=n)
    return random.uniform(size=n) < 1 / (1 + np.exp(-intercept - slope * x)), 1 / (1 + np.exp(-x))


def test_brier_is_that_of_scikit_learn_and_scores() -> None:
    y, p = _drawn()
    ours = float(made.brier(made.sums(y, p, p, made.edges_of_equal_width())))
    assert ours == pytest.approx(brier_score_loss(y, p), abs=1e-12)
    theirs = brier_score(xr.DataArray(p, dims="row"), xr.DataArray(y.astype(float), dims="row"))
    assert ours == pytest.approx(float(theirs), abs=1e-12)


def test_reliability_bins_are_those_of_scikit_learn() -> None:
    y, p = _drawn()
    of = made.sums(y, p, p, made.edges_of_equal_width())
    share, said = calibration_curve(y, p, n_bins=10)
    np.testing.assert_allclose(of.y / of.n, share)
    np.testing.assert_allclose(of.p / of.n, said)
    assert float(made.calibration_error(of)) == pytest.approx(np.sum(np.abs(share - said) * of.n) / of.n.sum())


def test_slope_and_intercept_are_those_of_a_plain_logistic_regression() -> None:
    y, p = _drawn()
    x = made.log_odds(p)
    intercept, slope = made.recalibrated(x, np.ones((1, len(y))), y.astype(float)[None])
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(x[:, None], y)
    assert slope[0] == pytest.approx(theirs.coef_[0, 0], abs=1e-5)
    assert intercept[0] == pytest.approx(theirs.intercept_[0], abs=1e-5)
    assert (slope[0], intercept[0]) == pytest.approx((0.6, 0.4), abs=0.1)


def test_who_is_far_too_sure_is_told_a_slope_too() -> None:
    """Certain of nearly everything, and wrong now and then: the weights of a step from slope 1 would all but vanish."""
    random = np.random.default_rng(5)
    x = np.where(random.random(300) < 0.5, made.log_odds(np.array([1.0])), made.log_odds(np.array([0.0])))
    x[:100] = random.normal(0, 3, 100)
    y = random.random(300) < np.where(x > 0, 0.6, 0.4)
    intercept, slope = made.recalibrated(x, np.ones((1, 300)), y.astype(float)[None])
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(x[:, None], y)
    assert (intercept[0], slope[0]) == pytest.approx((theirs.intercept_[0], theirs.coef_[0, 0]), abs=1e-5)


def test_the_offset_makes_as_much_happen_as_was_said() -> None:
    y, p = _drawn()
    x = made.log_odds(p)
    offset = made.offset(x, np.ones((1, len(y))), y.astype(float)[None])[0]
    assert np.mean(1 / (1 + np.exp(-x - offset))) == pytest.approx(y.mean(), abs=1e-9)


@pytest.mark.parametrize(
    ("y", "p"),
    [([1, 1, 1], [0.2, 0.5, 0.6]), ([0, 1, 0, 1], [0.3] * 4), ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]), ([], [])],
)
def test_there_is_no_slope_without_two_sides_that_overlap(y: list[int], p: list[float]) -> None:
    x = made.log_odds(np.array(p, float))
    intercept, slope = made.recalibrated(x, np.ones((1, len(y))), np.array(y, float)[None])
    assert np.isnan([intercept[0], slope[0]]).all()


def test_right_probabilities_are_calibrated_and_the_debiased_error_says_so() -> None:
    random = np.random.default_rng(7)
    p = random.uniform(size=3000)
    y = random.uniform(size=3000) < p
    of = made.sums(y, p, p, made.edges_of_equal_mass(p))
    assert made.calibration_error(of) < 0.05
    assert made.calibration_error_debiased(of) < 0.02
    assert made.calibration_error_debiased(made.sums(y, 0.5 * p, p, made.edges_of_equal_mass(0.5 * p))) > 0.2


def test_skill_is_nought_for_who_says_the_prevalence() -> None:
    y = np.array([True, False, False, False])
    of = made.sums(y, np.full(4, 0.25), np.full(4, 0.5), made.edges_of_equal_width())
    assert made.skill_against_own(of) == pytest.approx(0)
    assert made.skill_against_training(of) == pytest.approx(1 - 0.1875 / 0.25)


def test_bins_of_equal_mass_hold_as_many_rows_each_and_never_cut_a_tie() -> None:
    p = np.random.default_rng(1).uniform(size=1000)
    assert np.ptp(made.sums(p > 0.5, p, p, made.edges_of_equal_mass(p)).n) <= 2
    tied = np.repeat([0.1, 0.6], [900, 100])
    assert (made.sums(tied > 0.5, tied, tied, made.edges_of_equal_mass(tied)).n > 0).sum() == 2
