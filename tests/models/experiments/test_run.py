"""Whole experiments on invented people: what is reported, what is refused, and that the bits do not depend on jobs."""

from dataclasses import dataclass, replace
from typing import ClassVar

import msgspec
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from models.datasets.dataset import LEFT_OUT, Dataset
from models.errors import DatasetError, ExperimentError, LeakageError
from models.estimates import Estimates
from models.experiments.candidates import make
from models.experiments.results import decode, encode, predictions
from models.experiments.run import run, told_apart
from models.experiments.spec import Experiment, read
from models.experiments.unseen import unseen
from tests.models.experiments.cohorts import forecast, state

HEAD = """
name = "x"
study = [{name = "lab"}]
evaluation = {bootstrap = 100, surrogates = 20}
"""
STATE = HEAD + 'target = {kind = "state", positive = ["stress"], negative = ["rest"]}\n'
FORECAST = HEAD + 'target = {kind = "forecast", events = ["incident"], horizon_s = 120, latency_s = 10}\n'
NOISE = tuple(f"n{i}" for i in range(20))
HERE = "tests.models.experiments.test_run"


def asked(text: str, *kinds: str) -> Experiment:
    candidates = "".join(f'[[candidate]]\nkind = "{kind}"\nname = "c{i}"\n' for i, kind in enumerate(kinds))
    return read((text + candidates).encode(), origin="x.toml")


@dataclass(frozen=True)
class Peeking:
    """Knows ``x``, and whatever else a test plants."""

    name: str = "mine"
    how: str = "honest"
    seen: ClassVar[list[Dataset]] = []

    def fit(self, training: Dataset, *, seed: int) -> "Peeking":
        self.seen.append(training)
        return self

    def estimate(self, moments: Dataset) -> Estimates:
        assert (moments.target == LEFT_OUT).all()
        x = moments.inputs[:, 0]
        if self.how == "whole":
            x = x - x.mean()
        nothing = np.full(x.size, np.nan)
        return Estimates(
            probability=1 / (1 + np.exp(-x)),
            low=nothing,
            high=nothing,
            abstention=np.zeros(x.size, np.int8),
            drivers=x[:, None].copy(),
            driver_names=("x",),
        )


class OnEverything(Peeking):
    """Says that it was fitted on rows that nobody gave it."""

    @property
    def trained_on(self) -> frozenset[tuple[str, float]]:
        whole = state(4)
        return frozenset((whole.sessions[s].name, float(t)) for s, t in zip(whole.session, whole.end_s, strict=True))


def test_groups_stand_side_by_side_and_the_clock_is_told_apart() -> None:
    ran = run(asked(STATE, "logistic", "clock"), state(), libraries={"numpy": "2"})
    arms = {arm.key: arm for arm in ran.results.arms}
    assert list(arms) == ["c0/combined", "c0/physiology", "c0/motion", "c1"]
    areas = {key: arm.judgement.over_people["auroc"].mean for key, arm in arms.items() if arm.judgement is not None}
    assert areas["c1"] == 1.0  # the order of the protocol gives it away
    assert (areas["c0/physiology"] or 0) > 0.8 > 0.6 > (areas["c0/motion"] or 0)
    assert arms["c0/combined"].folds[0].drivers.keys() >= {"base"}
    assert ran.results.audit.folds == 6


def test_the_bits_do_not_depend_on_how_many_run_at_once() -> None:
    one, two = (run(asked(STATE, "clock"), state(4), libraries={}, n_jobs=jobs) for jobs in (1, 2))
    assert encode(one.results) == encode(two.results)
    assert predictions(one) == predictions(two)


def test_results_read_back_as_they_were() -> None:
    ran = run(asked(STATE, "clock"), state(4), libraries={"numpy": "2"})
    text = encode(ran.results)
    assert b"not a medical device" in text
    assert encode(decode(text, origin="r")) == text
    with pytest.raises(ExperimentError, match="no results of an experiment"):
        decode(text[:-9], origin="r")
    with pytest.raises(ExperimentError, match="results of version 2"):
        decode(text.replace(b'"version": 1', b'"version": 2', 1), origin="r")


def test_a_forecast_is_judged_by_its_alarms_at_a_threshold_chosen_in_training() -> None:
    ran = run(asked(FORECAST + '[controls]\nsport = ["exercise"]\n', "logistic"), forecast(), libraries={})
    arm = ran.results.arm("c0/combined")
    assert arm.judgement is not None
    assert (arm.judgement.over_people["auroc"].mean or 0) > 0.9
    assert all(fold.choice is not None and not fold.notes for fold in arm.folds)
    assert {each.condition for each in arm.judgement.conditions} == {"", "sport"}


def test_a_candidate_is_given_training_rows_alone_and_a_fresh_one_is_made_for_each_fold() -> None:
    Peeking.seen.clear()
    whole = state(4)
    ran = run(asked(STATE, f"{HERE}:Peeking"), whole, libraries={})
    seen = [each for each in Peeking.seen if len(each.people) == 3]
    assert ran.results.arms[0].judgement is not None
    for fold in ran.results.arms[0].folds:
        assert any(not set(fold.people) & set(each.people) for each in seen)
        assert all({s.person for s in each.sessions} == set(each.people) for each in seen)


def test_a_candidate_that_looks_ahead_stops_the_run() -> None:
    text = asked(STATE, f"{HERE}:Peeking")
    planted = msgspec.structs.replace(
        text, candidate=(msgspec.structs.replace(text.candidate[0], parameters={"how": "whole"}),)
    )
    with pytest.raises(LeakageError, match="it looks ahead"):
        run(planted, state(4), libraries={})


def test_a_candidate_that_was_fitted_on_tested_rows_stops_the_run() -> None:
    with pytest.raises(LeakageError, match="fitted on a tested row: lab-0-0"):
        run(asked(STATE, f"{HERE}:OnEverything"), state(4), libraries={})


@pytest.mark.parametrize("side", [0, 1])
def test_one_class_is_refused_with_the_words_that_are_there(side: int) -> None:
    whole = state(4)
    target = np.where(whole.target == side, LEFT_OUT, whole.target).astype(np.int8)
    with pytest.raises(ExperimentError, match=rf"is {('negative', 'positive')[side]} .*say rest, stress"):
        run(asked(STATE, "clock"), replace(whole, target=target), libraries={})


def test_one_person_is_refused_with_the_mend() -> None:
    with pytest.raises(DatasetError, match=r"leaving people out needs two.*chronological"):
        run(asked(STATE, "clock"), state(1), libraries={})


def test_one_person_in_order_of_time_is_judged() -> None:
    text = STATE + '[split]\nkind = "chronological"\nparts = 3\n'
    ran = run(asked(text, "clock"), state(1, sessions=3), libraries={})
    assert [fold.name for fold in ran.results.arms[0].folds] == ["lab-0, part 2 of 3", "lab-0, part 3 of 3"]


def test_a_person_s_own_sessions_give_a_result_each() -> None:
    text = STATE + '[split]\nkind = "calibrated"\nk = [0, 2]\n'
    ran = run(asked(text, "clock"), state(3, sessions=3, rows=60), libraries={})
    assert [arm.key for arm in ran.results.arms] == ["c0/0 sessions of their own", "c0/2 sessions of their own"]


def test_where_nothing_can_be_left_out_inside_the_results_say_so() -> None:
    text = STATE + '[split]\nkind = "across_studies"\ntrain = ["one"]\n'
    one, two = state(1, study="one"), state(2, study="two", seed=1)
    from models.datasets.selection import concatenate

    ran = run(asked(text, "clock"), concatenate([one, two]), libraries={})
    (fold,) = ran.results.arms[0].folds
    assert "on the very rows that were trained on" in fold.notes[0]


def test_a_candidate_that_cannot_be_trained_is_told_and_costs_no_other_its_place() -> None:
    whole = replace(state(4), scores={})
    ran = run(asked(STATE, "arousal", "clock"), whole, libraries={})
    refused, told = ran.results.arms
    assert "did not run when the data set was built" in refused.why
    assert told.judgement is not None
    with pytest.raises(ExperimentError, match=r"no candidate could be trained:\n  c0: "):
        run(asked(STATE, "arousal"), whole, libraries={})


def test_a_control_whose_word_no_label_has_is_refused() -> None:
    with pytest.raises(DatasetError, match=r"controls.sport: no moment is in 'swimming'"):
        run(asked(STATE + '[controls]\nsport = ["swimming"]\n', "clock"), state(4), libraries={})


def test_controls_take_the_place_of_every_other_word() -> None:
    told = told_apart(state(1), {"calm": ("rest",), "either": ("rest", "stress")})
    assert set(told.condition.tolist()) == {"calm; either", "either"}
    assert told_apart(state(1), {}).condition[0] == "rest"


@pytest.mark.parametrize("kind", ["logistic", "boosting"])
def test_what_had_not_seen_a_person_knows_nothing_of_noise(kind: str) -> None:
    whole = state(6, rows=60)
    noise = replace(whole, inputs=np.random.default_rng(3).normal(size=(len(whole.inputs), 20)), input_names=NOISE)
    candidate = make(asked(STATE, kind).candidate[0])
    fitted = candidate.fit(noise, seed=1)
    found = unseen(candidate, fitted, noise)
    assert found is not None
    positive = noise.target == 1
    assert np.array_equal(found[0].inputs, noise.inputs)
    assert roc_auc_score(positive, fitted.estimate(noise).probability) > 0.6
    assert roc_auc_score(positive, found[1].probability) == pytest.approx(0.5, abs=0.1)


def test_only_estimators_have_parts_that_had_not_seen_people() -> None:
    candidate = make(asked(STATE, "clock").candidate[0])
    assert unseen(candidate, candidate.fit(state(4), seed=1), state(4)) is None


class Clumsy:
    """A candidate of somebody's own, with a slip in it."""

    def fit(self, training: Dataset, *, seed: int) -> None:
        raise KeyError("pulse")


def test_where_somebody_s_own_candidate_failed_is_told() -> None:
    with pytest.raises(ExperimentError, match=r"candidate 'c0': failed in test_run.py, line \d+: KeyError: 'pulse'"):
        run(asked(STATE, f"{HERE}:Clumsy"), state(3), libraries={})
