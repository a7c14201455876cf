"""Signed logistic regression: what is learnt may only lie in the direction that is known; the rest is as ever."""

from dataclasses import replace

import numpy as np
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from models.errors import DatasetError, ExperimentError
from models.estimators.signed import RISING, Signed, SignedLogistic
from models.experiments.candidates import make
from models.experiments.spec import CandidateSpec
from models.inputs.named import NAMES
from models.shelf.trusted import load, strangers
from tests.models.estimators.conftest import WEIGHTS, people


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([SignedLogistic(), SignedLogistic(rising=(0,))])  # type: ignore[untyped-decorator]
def test_it_is_a_classifier_as_scikit_learn_has_them(estimator: SignedLogistic, check: object) -> None:
    check(estimator)  # type: ignore[operator]


def rows(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    made = people(seed=seed)
    return made.inputs, made.target


@settings(max_examples=20, deadline=None)
@given(
    signs=st.lists(st.sampled_from((-1, 0, 1)), min_size=len(WEIGHTS), max_size=len(WEIGHTS)), seed=st.integers(0, 9)
)
def test_no_weight_ever_lies_against_its_direction(signs: list[int], seed: int) -> None:
    X, y = rows(seed)
    up, down = (tuple(i for i, sign in enumerate(signs) if sign == way) for way in (1, -1))
    fitted = SignedLogistic(rising=up, falling=down).fit(X, y)
    assert (fitted.weights_[list(up)] >= 0).all()
    assert (fitted.weights_[list(down)] <= 0).all()


def test_without_directions_it_is_ridge_regression_of_scikit_learn() -> None:
    X, y = rows()
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    theirs = LogisticRegression(C=1 / (0.1 * len(X)), tol=1e-10, max_iter=1000).fit(Z, y)
    ours = SignedLogistic(penalty=0.1, reach=100.0).fit(X, y)
    assert np.allclose(ours.weights_, theirs.coef_[0], atol=1e-4)
    assert ours.intercept_ == pytest.approx(theirs.intercept_[0], abs=1e-4)


def test_an_input_that_speaks_the_other_way_round_says_nothing() -> None:
    X, y = rows()
    free, held = SignedLogistic().fit(X, y), SignedLogistic(rising=(1,)).fit(X, y)
    assert free.weights_[1] < -0.1
    assert held.weights_[1] == 0.0
    assert (held.contributions(X)[:, 1] == 0.0).all()


def test_it_is_kept_without_pickle_and_says_the_same_when_it_is_back() -> None:
    X, y = rows()
    fitted = SignedLogistic(rising=(0,), falling=(1,)).fit(X, y)
    kept = skops.io.dumps(fitted)
    assert strangers(kept) == []
    assert np.array_equal(load(kept).contributions(X), fitted.contributions(X))  # type: ignore[attr-defined]


def test_a_candidate_reads_the_inputs_that_it_is_told_of_alone() -> None:
    made = people()
    fitted = Signed(rising=NAMES[:1], falling=NAMES[1:2]).fit(made, seed=1)
    assert fitted.input_names == NAMES[:2]
    said = fitted.estimate(made)
    assert (said.probability[np.isfinite(said.probability)] > 0).all()


def test_inputs_that_are_not_there_or_that_nothing_is_known_of_are_left_out() -> None:
    made = people()
    unknown = made.inputs.copy()
    unknown[:, 0] = np.nan
    fitted = Signed(rising=(NAMES[0], "no_such", NAMES[2]), falling=(NAMES[1],)).fit(
        replace(made, inputs=unknown), seed=1
    )
    assert fitted.input_names == (NAMES[2], NAMES[1])
    assert fitted.chain.estimator_.weights_[0] > 0 > fitted.chain.estimator_.weights_[1]


def test_where_none_of_its_inputs_is_there_it_says_which_there_are() -> None:
    with pytest.raises(DatasetError, match=r"signed: none of its inputs, no_such, is in the data set.*level_deviation"):
        Signed(rising=("no_such",)).fit(people(), seed=1)


def test_an_input_in_both_directions_is_refused() -> None:
    spec = CandidateSpec(kind="signed", parameters={"rising": ["pulse_recent"], "falling": ["pulse_recent"]})
    with pytest.raises(ExperimentError, match="pulse_recent: is in rising and in falling"):
        make(spec)


def test_what_it_reads_by_default_is_among_what_models_read() -> None:
    assert set(RISING) <= set(NAMES)
