"""Candidates train on data sets, say why in plain words, abstain for a reason, refuse what cannot be learnt from."""

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
import skops.io
from sklearn.metrics import roc_auc_score

from models.datasets.dataset import LEFT_OUT, NEGATIVE, POSITIVE
from models.detectors.scorer import Scorer as Live
from models.errors import DatasetError, ModelError
from models.estimates import Candidate
from models.estimators.candidates import Additive, Blended, Boosting, Logistic, Personal
from models.inputs.named import DRIVERS, NAMES
from models.risk import Abstention
from models.shelf.trusted import load, strangers
from tests.models.estimators.conftest import Make, people

CANDIDATES: list[Candidate] = [
    Logistic(),
    Boosting(rounds=30),
    Additive(rounds=30),
    Blended(),
    Personal(),
]
TRAINED: dict[str, Any] = {}  # training takes longer than all that is asked of what was trained


def trained(candidate: Candidate) -> Any:  # noqa: ANN401 - whatever the candidate makes
    if candidate.name not in TRAINED:
        TRAINED[candidate.name] = candidate.fit(people(unknown=0.05), seed=1)
    return TRAINED[candidate.name]


each = pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda each: each.name)


@each
def test_a_candidate_learns_and_its_drivers_add_up_to_the_log_odds(candidate: Candidate, make: Make) -> None:
    fitted = trained(candidate)
    fresh = make(seed=5, count=3)
    said = fitted.estimate(fresh)
    assert roc_auc_score(fresh.target, said.probability) > 0.7
    assert np.array_equal(said.probability, 1 / (1 + np.exp(-said.drivers.sum(axis=1))))
    assert ((said.low <= said.probability) & (said.probability <= said.high)).all()
    assert said.driver_names[0] == "base"
    assert set(said.driver_names[1:]) == {DRIVERS[name] for name in NAMES[:6]}
    assert isinstance(fitted, Live)


@each
def test_the_same_data_and_seed_give_the_same_bits(candidate: Candidate, make: Make) -> None:
    fresh = make(seed=5)
    once, again = trained(candidate).estimate(fresh), candidate.fit(people(unknown=0.05), seed=1).estimate(fresh)
    for name in ("probability", "low", "high", "drivers", "abstention"):
        assert np.array_equal(getattr(once, name), getattr(again, name), equal_nan=True)


@each
def test_a_moment_is_judged_alike_alone_and_among_others(candidate: Candidate, make: Make) -> None:
    fitted = trained(candidate)
    assert isinstance(fitted, Live)
    X = make(seed=5).inputs
    whole, one = fitted.score(X), fitted.score(X[7:8])
    assert np.array_equal(whole.drivers[7:8], one.drivers)
    assert np.array_equal(whole.low[7:8], one.low)


@each
def test_what_was_trained_is_kept_without_pickle(candidate: Candidate, make: Make) -> None:
    fitted = trained(candidate)
    kept = skops.io.dumps(fitted)
    assert strangers(kept) == []
    back = load(kept)
    assert isinstance(back, type(fitted))
    fresh = make(seed=5)
    assert np.array_equal(back.estimate(fresh).probability, fitted.estimate(fresh).probability)


@each
def test_targets_do_not_change_what_is_said(candidate: Candidate, make: Make) -> None:
    fitted = trained(candidate)
    fresh = make(seed=5)
    blind = replace(fresh, target=np.full(len(fresh.target), LEFT_OUT, np.int8))
    assert np.array_equal(fitted.estimate(fresh).probability, fitted.estimate(blind).probability)


@each
def test_too_little_known_and_nothing_like_it_seen_are_abstentions_with_a_reason(
    candidate: Candidate, make: Make
) -> None:
    fitted = trained(candidate)
    fresh = make(seed=5, count=1, rows=30)
    fresh.inputs[0] = np.nan
    fresh.inputs[1, 0] = 1e6
    fresh.inputs[2, :] = np.inf
    said = fitted.estimate(fresh)
    assert said.abstention[:3].tolist() == [
        Abstention.POOR_SIGNAL,
        Abstention.OUT_OF_RANGE,
        Abstention.POOR_SIGNAL,
    ]
    silent = said.abstention != Abstention.NONE
    assert silent[3:].mean() < 0.2
    assert np.array_equal(np.isnan(said.probability), silent)
    assert np.array_equal(np.isnan(said.drivers).all(axis=1), silent)


@each
def test_inputs_missing_or_renamed_since_training_are_named(candidate: Candidate, make: Make) -> None:
    fitted = trained(candidate)
    fresh = make(seed=5)
    renamed = replace(fresh, input_names=("new_name", *fresh.input_names[1:]))
    with pytest.raises(ModelError, match=rf"{fresh.input_names[0]}.*new_name"):
        fitted.estimate(renamed)
    turned = replace(fresh, input_names=fresh.input_names[::-1], inputs=fresh.inputs[:, ::-1])
    assert np.array_equal(fitted.estimate(turned).probability, fitted.estimate(fresh).probability)


@each
def test_what_cannot_be_learnt_from_is_refused_with_the_mend(candidate: Candidate, make: Make) -> None:
    made = make()
    for target, said in ((NEGATIVE, "none of .* positive: check the labels"), (POSITIVE, "none of .* negative")):
        with pytest.raises(DatasetError, match=said):
            candidate.fit(replace(made, target=np.full(len(made.target), target, np.int8)), seed=1)
    with pytest.raises(DatasetError, match=r"one person only.*add people"):
        candidate.fit(make(count=1), seed=1)
    with pytest.raises(DatasetError, match="too few"):
        candidate.fit(make(count=2, rows=12), seed=1)
    with pytest.raises(DatasetError, match="nothing is known"):
        candidate.fit(replace(made, inputs=np.full_like(made.inputs, np.nan)), seed=1)


def test_one_persons_sessions_can_be_left_out_instead_of_people(make: Make) -> None:
    made = make()
    alone = replace(made, sessions=tuple(replace(each, person="one") for each in made.sessions))
    said = Logistic(folding="sessions").fit(alone, seed=1).estimate(make(seed=5))
    assert np.isfinite(said.probability).all()


def test_an_input_of_which_nothing_is_known_in_training_is_not_asked_for(make: Make) -> None:
    made = make()
    made.inputs[:, 5] = np.nan
    fitted = Logistic().fit(made, seed=1)
    assert fitted.input_names == NAMES[:5]


def test_people_count_alike_however_long_they_were_recorded(make: Make) -> None:
    made = make(shift=2.0)
    much = np.concatenate([np.arange(len(made.target)), np.tile(np.flatnonzero(made.session == 0), 5)])
    more = replace(
        made,
        **{
            name: getattr(made, name)[np.sort(much)]
            for name in ("inputs", "end_s", "session", "target", "exclusion", "event", "condition", "worn")
        },
    )
    fresh = make(seed=5)
    by = {
        w: Logistic(weighing=w, penalty=0.01).fit(more, seed=1).estimate(fresh).probability for w in ("people", "rows")
    }
    equal = Logistic(penalty=0.01).fit(made, seed=1).estimate(fresh).probability
    assert np.abs(by["people"] - equal).mean() < np.abs(by["rows"] - equal).mean()


def test_an_input_to_be_held_to_a_direction_must_be_there(make: Make) -> None:
    with pytest.raises(DatasetError, match="no inputs nonsense"):
        Boosting(rising=("nonsense",)).fit(make(), seed=1)
    held = Boosting(rounds=20, falling=(NAMES[0],)).fit(make(), seed=1)
    line = np.zeros((40, 6))
    line[:, 0] = np.linspace(-2, 2, 40)
    assert (np.diff(held.chain.estimator_.decision_function(line)) <= 1e-12).all()


def test_motion_and_physiology_are_read_apart(make: Make) -> None:
    with pytest.raises(DatasetError, match="no inputs of motion"):
        Logistic(reads="motion").fit(make(), seed=1)
    assert Logistic(reads="physiology").fit(make(), seed=1).input_names == NAMES[:6]


@pytest.mark.parametrize("of", [Logistic, Boosting, Additive, Blended, Personal])
def test_unknown_parameters_are_refused(of: type) -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert({"kind": of.__struct_config__.tag, "nonsense": 1}, of)
