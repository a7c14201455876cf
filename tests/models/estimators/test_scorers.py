"""Every estimator is scikit-learn's kind of classifier, adds up, and gives the same bits again."""

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks
from threadpoolctl import threadpool_limits

from models.errors import DatasetError
from models.estimators.blend import Blend
from models.estimators.boosting import Boosted
from models.estimators.calibration import Calibrated
from models.estimators.logistic import RidgeLogistic
from models.estimators.scorer import Scorer
from models.shelf.trusted import load, strangers

SCORERS = [
    RidgeLogistic(),
    Boosted(rounds=8),
    Boosted(rounds=4, interactions=False),
    Blend(RidgeLogistic(), Boosted(rounds=4)),
    Calibrated(RidgeLogistic()),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(SCORERS)
def test_it_is_a_classifier_as_scikit_learn_has_them(estimator: Scorer, check: object) -> None:
    check(estimator)  # type: ignore[operator]


def rows(n: int = 800, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 6))
    odds = X[:, 0] * X[:, 1] + X[:, 2] - 0.5
    X[rng.random(X.shape) < 0.1] = np.nan
    return X, (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(int), np.repeat(np.arange(8), n // 8)


CHAINS = [*SCORERS[:4], *(Calibrated(RidgeLogistic(), method=m) for m in ("logistic", "beta", "isotonic"))]


@pytest.mark.parametrize("scorer", CHAINS, ids=str)
def test_contributions_and_intercepts_add_up_to_the_log_odds(scorer: Scorer) -> None:
    X, y, groups = rows()
    fitted = scorer.fit(X, y, groups=groups)
    odds = fitted.contributions(X).sum(axis=1) + fitted.intercepts(X)
    assert np.array_equal(odds, fitted.decision_function(X))
    chance = fitted.predict_proba(X)[:, 1]
    assert np.allclose(np.log(chance / (1 - chance)), odds)
    assert np.allclose(fitted.quick(X), odds, atol=1e-9)


@pytest.mark.parametrize("scorer", CHAINS, ids=str)
def test_the_same_rows_give_the_same_bits_whatever_else_is_asked_with_them(scorer: Scorer) -> None:
    X, y, groups = rows()
    once = scorer.fit(X, y, groups=groups).contributions(X)
    again = scorer.fit(X, y, groups=groups)
    assert np.array_equal(once, again.contributions(X))
    assert np.array_equal(once[3:4], again.contributions(X[3:4]))
    assert np.array_equal(once[::7], again.contributions(X[::7]))
    assert np.array_equal(once, again.contributions(np.asfortranarray(X)))


@pytest.mark.parametrize("threads", [2, 3, 4])
def test_what_is_learnt_does_not_hang_on_how_many_threads_linear_algebra_has(threads: int) -> None:
    """Of rows enough for products that are shared out: those would differ in their last bits."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(3000, 30))
    y = (rng.random(3000) < 1 / (1 + np.exp(-X[:, 0]))).astype(int)
    with threadpool_limits(limits=1):
        alone = RidgeLogistic(penalty=0.01).fit(X, y)
    with threadpool_limits(limits=threads):
        shared = RidgeLogistic(penalty=0.01).fit(X, y)
    assert np.array_equal(alone.weights_, shared.weights_)


@pytest.mark.parametrize("scorer", CHAINS, ids=str)
def test_it_is_kept_without_pickle_and_says_the_same_when_it_is_back(scorer: Scorer) -> None:
    X, y, groups = rows()
    fitted = scorer.fit(X, y, groups=groups)
    kept = skops.io.dumps(fitted)
    assert strangers(kept) == []
    back = load(kept)
    assert isinstance(back, Scorer)
    assert np.array_equal(back.contributions(X), fitted.contributions(X))
    assert np.array_equal(back.intervals(X), fitted.intervals(X), equal_nan=True)


def test_ridge_regression_is_that_of_scikit_learn() -> None:
    X, y, _ = rows()
    X = np.nan_to_num(X)
    ours = RidgeLogistic(penalty=0.01, reach=1e9).fit(X, y)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    theirs = LogisticRegression(C=1 / (0.01 * len(X)), tol=1e-10, max_iter=1000).fit(Z, y)
    assert np.allclose(ours.decision_function(X), theirs.decision_function(Z), atol=1e-4)


def test_trees_say_what_scikit_learn_has_them_say() -> None:
    X, y, _ = rows()
    ours = Boosted(rounds=30, least_rows=20).fit(X, y)
    theirs = HistGradientBoostingClassifier(
        max_iter=30, max_depth=3, max_leaf_nodes=8, learning_rate=ours.rate, min_samples_leaf=20,
        l2_regularization=ours.ridge, max_bins=63, early_stopping=False, random_state=0,
    ).fit(X, y)  # fmt: skip
    assert np.allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-12)


def test_contributions_of_trees_are_shapley_values() -> None:
    """Against the definition, by brute force, of one small forest."""
    from itertools import combinations
    from math import factorial

    X, y, _ = rows(400)
    fitted = Boosted(rounds=3, least_rows=20).fit(X, y)
    shares = _left_shares(fitted, X)

    def value(x: np.ndarray, known: tuple[int, ...]) -> float:
        total = fitted.start_
        for t in range(len(fitted.feature_)):
            lefts = went_left(fitted, t, x)
            reach = np.ones(15)
            for j in range(7):
                f = fitted.feature_[t, j]
                left = 1.0 if f < 0 else (float(lefts[j]) if f in known else shares[t, j])
                reach[2 * j + 1], reach[2 * j + 2] = reach[j] * left, reach[j] * (1 - left)
            total += float((reach[7:] * fitted.leaf_[t]).sum())
        return total

    for x in X[:3]:
        said = fitted.contributions(x[None])[0]
        for f in range(6):
            others = [i for i in range(6) if i != f]
            expected = sum(
                factorial(s) * factorial(5 - s) / factorial(6) * (value(x, (*known, f)) - value(x, known))
                for s in range(6)
                for known in combinations(others, s)
            )
            assert said[f] == pytest.approx(expected, abs=1e-10)


def went_left(fitted: Boosted, t: int, x: np.ndarray) -> list[bool]:
    """The kernel's twin: which nodes of tree ``t`` send ``x`` to the left."""
    read = [
        (int(f), float(at), bool(m))
        for f, at, m in zip(fitted.feature_[t], fitted.threshold_[t], fitted.missing_left_[t], strict=True)
    ]
    return [f >= 0 and (m if np.isnan(x[f]) else bool(x[f] <= at)) for f, at, m in read]


def _left_shares(fitted: Boosted, X: np.ndarray) -> np.ndarray:
    shares = np.ones((len(fitted.feature_), 7))
    for t, feature in enumerate(fitted.feature_):
        here = [np.ones(len(X), bool)] + [np.zeros(len(X), bool)] * 14
        for j in range(7):
            left = np.array([went_left(fitted, t, x)[j] for x in X])
            go = here[j] & (left | (feature[j] < 0))
            here[2 * j + 1], here[2 * j + 2] = go, here[j] & ~go
            if feature[j] >= 0:
                shares[t, j] = go.sum() / here[j].sum()
    return shares


def test_an_additive_model_reads_one_input_a_tree_and_its_parts_depend_on_their_own_input_alone() -> None:
    X, y, _ = rows()
    fitted = Boosted(rounds=30, interactions=False).fit(X, y)
    assert all(len(set(f[f >= 0])) <= 1 for f in fitted.feature_.tolist() for f in [np.array(f)])
    other = X.copy()
    other[:, 1:] = np.nan
    assert np.array_equal(fitted.contributions(X)[:, 0], fitted.contributions(other)[:, 0])


def test_an_input_that_may_only_rise_never_lowers_the_probability() -> None:
    X, y, _ = rows()
    fitted = Boosted(rounds=40, rising=(2,), least_rows=20).fit(X, y)
    line = np.repeat(X[:1], 50, axis=0)
    line[:, 2] = np.linspace(-3, 3, 50)
    assert (np.diff(fitted.decision_function(line)) >= -1e-12).all()
    assert fitted.decision_function(line)[-1] > fitted.decision_function(line)[0]


def test_the_penalty_is_chosen_over_people() -> None:
    """Where inputs tell people apart and nothing else, the heaviest penalty is chosen; over rows it would not be."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(10), 50)
    X = rng.normal(size=(10, 8))[groups]
    y = (rng.random(500) < np.where(rng.random(10) < 0.5, 0.2, 0.8)[groups]).astype(int)
    over_people = RidgeLogistic().fit(X, y, groups=groups).penalty_
    assert over_people > 10 * RidgeLogistic().fit(X, y, groups=np.arange(500)).penalty_


def test_one_wild_input_cannot_shout_down_the_others() -> None:
    X, y, _ = rows()
    fitted = RidgeLogistic().fit(X, y)
    wild = X[:1].copy()
    wild[0, 2] = 1e9
    far = fitted.mean_[2] + 5 / fitted.scale_[2]
    assert np.array_equal(fitted.contributions(wild), fitted.contributions(np.where(wild == 1e9, far + 1, wild)))
    assert np.abs(fitted.contributions(wild)[0, 2]) < 5.1 * np.abs(fitted.weights_[2])


@pytest.mark.parametrize("scorer", SCORERS, ids=str)
def test_one_class_and_weightless_classes_are_refused(scorer: Scorer) -> None:
    X, y, _ = rows()
    with pytest.raises(DatasetError, match="one class only"):
        scorer.fit(X, np.zeros(len(y)))
    with pytest.raises(DatasetError, match="no weight"):
        scorer.fit(X, y, sample_weight=(y == 1).astype(float))
    with pytest.raises(ValueError, match="infinity"):
        scorer.fit(np.where(np.isnan(X), np.inf, X), y)
