"""Probabilities become frequencies, and intervals hold what they say they hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import DatasetError
from models.estimators.calibration import Calibrated
from models.estimators.curves import applied, drawn
from models.estimators.folds import dealt
from models.estimators.logistic import RidgeLogistic

METHODS = ("logistic", "beta", "isotonic", "venn_abers")


def scores(n: int = 2000, *, slope: float = 2.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    true = rng.normal(-0.5, 1.0, n)
    return true * slope + 1.0, (rng.random(n) < 1 / (1 + np.exp(-true))).astype(float), true


@pytest.mark.parametrize("method", METHODS)
def test_a_curve_takes_back_what_was_done_to_the_log_odds(method: str) -> None:
    said, y, _ = scores()
    curve = drawn(method, said, y, np.ones(len(y)))
    fresh, _, expected = scores(seed=1)
    off = 1 / (1 + np.exp(-applied(method, curve, fresh))) - 1 / (1 + np.exp(-expected))
    assert np.abs(off).mean() < 0.03


@settings(max_examples=30)
@given(st.sampled_from(METHODS), st.integers(0, 1000), st.floats(-1.0, 3.0))
def test_a_curve_never_turns_the_order_round(method: str, seed: int, slope: float) -> None:
    said, y, _ = scores(60, slope=slope, seed=seed)
    if y.min() == y.max():
        return
    curve = drawn(method, said, y, np.ones(len(y)))
    assert (np.diff(applied(method, curve, np.linspace(-40, 40, 200))) >= -1e-9).all()


@pytest.mark.parametrize("method", ["logistic", "beta"])
def test_scores_worse_than_chance_become_the_share_of_positives(method: str) -> None:
    said, y, _ = scores(slope=-1.0)
    curve = drawn(method, said, y, np.ones(len(y)))
    assert 1 / (1 + np.exp(-applied(method, curve, np.array([-3.0, 3.0])))) == pytest.approx(y.mean(), abs=1e-6)


def test_no_level_of_a_curve_is_surer_than_its_rows_allow() -> None:
    said = np.concatenate([np.full(20, -1.0), np.full(20, 1.0)])
    curve = drawn("isotonic", said, (said > 0).astype(float), np.ones(40))
    assert 1 / (1 + np.exp(-applied("isotonic", curve, np.array([99.0]))[0])) == pytest.approx(21 / 22)


def people(count: int, *, shift: float, seed: int, rows: int = 200) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(count), rows)
    X = rng.normal(size=(len(groups), 4))
    odds = X[:, 0] - 0.7 * X[:, 1] - 0.5 + shift * rng.normal(size=count)[groups]
    return X, (rng.random(len(groups)) < 1 / (1 + np.exp(-odds))).astype(int), groups, 1 / (1 + np.exp(-odds))


@pytest.mark.parametrize(("shift", "least"), [(0.0, 0.85), (0.7, 0.75)])
def test_intervals_hold_the_true_probability_of_people_never_seen(shift: float, least: float) -> None:
    held = []
    for seed in range(8):
        X, y, groups, _ = people(12, shift=shift, seed=seed)
        fresh, _, _, truth = people(20, shift=shift, seed=1000 + seed, rows=50)
        low, high = Calibrated(RidgeLogistic(), overlap=1.0).fit(X, y, groups=groups).intervals(fresh)
        held.append(((low <= truth) & (truth <= high)).mean())
    assert np.mean(held) >= least


def test_intervals_are_wider_where_people_differ_more_and_hold_the_estimate_itself() -> None:
    width = []
    for shift in (0.0, 1.0):
        X, y, groups, _ = people(12, shift=shift, seed=3)
        fitted = Calibrated(RidgeLogistic(), overlap=1.0).fit(X, y, groups=groups)
        low, high = fitted.intervals(X)
        chance = fitted.predict_proba(X)[:, 1]
        assert ((low <= chance) & (chance <= high)).all()
        width.append((high - low).mean())
    assert width[1] > 1.5 * width[0]


def test_without_anybody_to_leave_out_intervals_are_unknown() -> None:
    X, y, _, _ = people(4, shift=0.0, seed=0)
    fitted = Calibrated(RidgeLogistic()).fit(X, y)
    assert np.isnan(fitted.intervals(X)).all()


@given(st.integers(2, 12), st.integers(2, 6), st.integers(0, 100))
def test_folds_are_of_whole_people_and_everybody_is_in_one(count: int, folds: int, seed: int) -> None:
    groups = np.random.default_rng(seed).permutation(np.repeat(np.arange(count), 10))
    y = np.tile([0.0, 1.0], len(groups) // 2)
    for g in range(count):
        mine = np.flatnonzero(groups == g)
        y[mine[:2]] = 0.0, 1.0
    fold = dealt(groups, y, folds=folds)
    assert {len(set(fold[groups == g])) for g in range(count)} == {1}
    assert set(fold) == set(range(min(count, folds)))


def test_folds_that_would_leave_one_class_are_refused() -> None:
    groups = np.repeat(np.arange(3), 10)
    with pytest.raises(DatasetError, match="one class is left"):
        dealt(groups, (groups == 0).astype(float), folds=3)
    with pytest.raises(DatasetError, match="two or more"):
        dealt(np.zeros(10, int), np.arange(10) % 2.0, folds=3)
