"""How well the two sides are told apart, against scikit-learn and scores."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given
from hypothesis import strategies as st
from scores.probability import roc_auc
from sklearn.metrics import average_precision_score, balanced_accuracy_score, roc_auc_score

from models.evaluation.discrimination import areas, balanced_accuracy, pair_wins

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 12)), min_size=2, max_size=60)


def _both(rows: list[tuple[bool, int]]) -> tuple[np.ndarray, np.ndarray]:
    positive, level = (np.array(each) for each in zip(*rows, strict=True))
    return positive.astype(bool), level / 12


@given(rows=ROWS)
def test_areas_are_those_of_scikit_learn_ties_and_all(rows: list[tuple[bool, int]]) -> None:
    positive, probability = _both(rows)
    roc, precision = areas(positive, probability)
    if positive.all() or not positive.any():
        assert np.isnan([roc, precision]).all()
        return
    assert roc == pytest.approx(roc_auc_score(positive, probability), abs=1e-12)
    assert precision == pytest.approx(average_precision_score(positive, probability), abs=1e-12)


def test_auroc_is_that_of_scores() -> None:
    random = np.random.default_rng(3)
    positive = random.uniform(size=500) < 0.3
    probability = np.round(np.clip(random.normal(0.3 + 0.2 * positive, 0.2), 0, 1), 2)
    theirs = roc_auc(xr.DataArray(probability, dims="row"), xr.DataArray(positive.astype(float), dims="row"))
    assert areas(positive, probability)[0] == pytest.approx(float(theirs), abs=1e-12)


@given(rows=ROWS)
def test_no_rising_scale_changes_an_area(rows: list[tuple[bool, int]]) -> None:
    positive, probability = _both(rows)
    np.testing.assert_allclose(areas(positive, probability), areas(positive, np.tanh(3 * probability) / 2), rtol=1e-12)


@given(rows=ROWS)
def test_turning_the_scale_round_turns_auroc_round(rows: list[tuple[bool, int]]) -> None:
    positive, probability = _both(rows)
    assume(positive.any() and not positive.all())
    assert areas(positive, probability)[0] + areas(positive, 1 - probability)[0] == pytest.approx(1)


@given(rows=ROWS, threshold=st.integers(0, 12))
def test_balanced_accuracy_is_that_of_scikit_learn(rows: list[tuple[bool, int]], threshold: int) -> None:
    positive, probability = _both(rows)
    ours = balanced_accuracy(positive, probability, threshold / 12)
    if positive.all() or not positive.any():
        assert np.isnan(ours)
        return
    assert ours == pytest.approx(balanced_accuracy_score(positive, probability >= threshold / 12))


@given(people=st.lists(ROWS, min_size=1, max_size=4))
def test_wins_of_pairs_add_up_to_the_pooled_auroc(people: list[list[tuple[bool, int]]]) -> None:
    each = [_both(rows) for rows in people]
    wins = pair_wins([p[y] for y, p in each], [p[~y] for y, p in each])
    y, p = np.concatenate([y for y, _ in each]), np.concatenate([p for _, p in each])
    if y.all() or not y.any():
        assert wins.sum() == 0
        return
    assert wins.sum() / (y.sum() * (~y).sum()) == pytest.approx(roc_auc_score(y, p))
