"""An estimator taught by who saw the truth: it learns from it, and never asks for it again."""

from dataclasses import replace

import numpy as np
import pytest
import skops.io
from sklearn.metrics import roc_auc_score

from models.datasets.dataset import TRUTH, Dataset
from models.detectors.scorer import Scorer
from models.errors import DatasetError, ModelError
from models.estimators.candidates import Boosting
from models.estimators.fitted import FittedEstimator
from models.estimators.sensed import Sensed
from models.shelf.trusted import load, strangers
from tests.models.estimators.conftest import people

SENSED = Sensed(rounds=40, teacher_rounds=30)


def simulated(*, count: int = 6, rows: int = 300, seed: int = 0, rare: float = 2.5) -> Dataset:
    """People of whom an inner state is known: inputs are it with noise, and incidents come of it, rarely."""
    made = people(count=count, rows=rows, seed=seed)
    rng = np.random.default_rng(seed + 100)
    state = rng.normal(size=len(made.end_s))
    inputs = state[:, None] + 1.5 * rng.normal(size=made.inputs.shape)
    target = (rng.random(len(state)) < 1 / (1 + np.exp(rare - 2 * state))).astype(np.int8)
    return replace(made, inputs=inputs, target=target, scores={TRUTH + "arousal": state})


@pytest.fixture(scope="module")
def fitted() -> FittedEstimator:
    return SENSED.fit(simulated(), seed=1)


def test_it_learns_and_its_drivers_add_up_to_the_log_odds(fitted: FittedEstimator) -> None:
    fresh = simulated(seed=5)
    said = fitted.estimate(fresh)
    assert isinstance(fitted, Scorer)
    assert roc_auc_score(fresh.target, said.probability) > 0.7
    assert np.array_equal(said.probability, 1 / (1 + np.exp(-said.drivers.sum(axis=1))), equal_nan=True)
    assert ((said.low <= said.probability) & (said.probability <= said.high)).all()


def test_probabilities_stay_those_of_what_happened(fitted: FittedEstimator) -> None:
    fresh = simulated(seed=6, rows=600)
    assert abs(np.nanmean(fitted.estimate(fresh).probability) - fresh.target.mean()) < 0.04


def test_the_truth_of_who_is_judged_changes_nothing_and_is_not_asked_for(fitted: FittedEstimator) -> None:
    fresh = simulated(seed=5)
    said = fitted.estimate(fresh).probability
    other = replace(fresh, scores={TRUTH + "arousal": -fresh.scores[TRUTH + "arousal"]})
    assert np.array_equal(fitted.estimate(replace(fresh, scores={})).probability, said)
    assert np.array_equal(fitted.estimate(other).probability, said)
    assert not any(TRUTH in name for name in fitted.input_names)


def test_who_saw_the_truth_teaches_more_than_what_happened() -> None:
    few = simulated(count=4, rows=150, seed=3)
    fresh = simulated(seed=8, rows=900)
    taught = SENSED.fit(few, seed=1).estimate(fresh).probability
    told = Boosting(rounds=40, share=0.5).fit(few, seed=1).estimate(fresh).probability
    assert roc_auc_score(fresh.target, taught) > roc_auc_score(fresh.target, told)


def test_the_same_data_and_seed_give_the_same_bits(fitted: FittedEstimator) -> None:
    fresh = simulated(seed=5)
    again = SENSED.fit(simulated(), seed=1)
    assert np.array_equal(again.estimate(fresh).drivers, fitted.estimate(fresh).drivers)


def test_rows_of_which_no_truth_is_known_teach_by_what_happened() -> None:
    whole = simulated()
    half = np.where(whole.person < 3, whole.scores[TRUTH + "arousal"], np.nan)
    said = SENSED.fit(replace(whole, scores={TRUTH + "arousal": half}), seed=1).estimate(simulated(seed=5))
    assert roc_auc_score(simulated(seed=5).target, said.probability) > 0.7


def test_without_any_truth_it_is_refused_with_the_mend() -> None:
    with pytest.raises(DatasetError, match=r"nobody knows the truth about these people.*'boosting'"):
        SENSED.fit(people(), seed=1)


def test_what_was_taught_is_kept_without_pickle(fitted: FittedEstimator) -> None:
    kept = skops.io.dumps(fitted)
    assert strangers(kept) == []
    fresh = simulated(seed=5)
    assert np.array_equal(load(kept).estimate(fresh).probability, fitted.estimate(fresh).probability)  # type: ignore[attr-defined]


def test_members_that_only_tell_how_far_they_lie_apart_keep_no_tables(fitted: FittedEstimator) -> None:
    member = fitted.chain.members_[0]
    assert member.table_.size == 0
    with pytest.raises(ModelError, match="made lean"):
        member.contributions(simulated(seed=5).inputs)


def test_members_say_the_log_odds_of_people_they_had_not_seen(fitted: FittedEstimator) -> None:
    data = simulated()
    fold = np.zeros(len(data.end_s), np.intp)
    each, start = fitted.chain.unseen_parts(fitted.columns(data), fold)
    assert not each.any()
    assert roc_auc_score(data.target, start) > 0.7
