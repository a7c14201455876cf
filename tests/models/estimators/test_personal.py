"""A person's model is the population's where nothing is known, the person's own where much is, and learns if told."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.datasets.dataset import Dataset, Event
from models.datasets.target import ForecastTarget
from models.detectors.scorer import PersonalScorer
from models.errors import ModelError
from models.estimators.candidates import Logistic, Personal
from models.estimators.personal import MEMORY, PersonalModel
from models.estimators.posterior import between, condensed, posterior
from models.inputs.inputs import NAMES
from tests.models.estimators.conftest import Make, people

KNOWN = ("offset", "covariance", "mean", "precision")


@pytest.fixture(scope="module")
def model() -> PersonalModel:
    return Personal().fit(people(count=8, shift=0.7, stretch=0.4), seed=1)


def test_it_can_run_live(model: PersonalModel) -> None:
    assert isinstance(model, PersonalScorer)


def test_of_whom_nothing_is_known_gets_exactly_the_population(model: PersonalModel, make: Make) -> None:
    stranger = make(seed=9, count=1)
    stranger = replace(stranger, sessions=tuple(replace(s, person="nobody") for s in stranger.sessions))
    own, all_ = model.estimate(stranger), model.population.estimate(stranger)
    assert np.array_equal(own.probability, all_.probability)
    assert np.array_equal(own.drivers, all_.drivers)
    reference = Logistic().fit(people(count=8, shift=0.7, stretch=0.4), seed=1).estimate(stranger)
    assert np.array_equal(own.probability, reference.probability)


def test_of_whom_much_is_told_gets_their_own_and_is_surer(model: PersonalModel) -> None:
    """A person whose moments become an incident far more often than others', and by nothing else."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4000, 6))
    happened = rng.random(4000) < 0.9
    known = model.learn(model.unknown(1), X, happened)
    who = np.zeros(100, np.intp)
    own, stranger = model.score_known(X[:100], known, who), model.score(X[:100])
    assert np.nanmean(np.abs(own.probability - 0.9)) < 0.05 < np.nanmean(np.abs(stranger.probability - 0.9))
    assert np.nanmean(own.high - own.low) < 0.5 * np.nanmean(stranger.high - stranger.low)


def test_little_told_moves_little(model: PersonalModel) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 6))
    offsets = [np.abs(model.learn(model.unknown(1), X[:m], np.ones(m, bool))["offset"]).max() for m in (0, 1, 5, 50)]
    assert offsets[0] == 0.0
    assert (np.diff(offsets) > 0).all()


@settings(max_examples=15)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=8), st.integers(0, 100))
def test_told_event_by_event_it_is_as_if_told_all_at_once(model: PersonalModel, sizes: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(sum(sizes), 6))
    happened = rng.random(len(X)) < 0.5
    known, at = model.unknown(1), 0
    for size in sizes:
        known = model.learn(known, X[at : at + size], happened[at : at + size])
        at += size
    whole = model.learn(model.unknown(1), X, happened)
    for name in KNOWN:
        assert np.allclose(known[name], whole[name], atol=1e-8)


def test_what_is_more_than_is_kept_becomes_the_prior_and_the_difference_is_small(model: PersonalModel) -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(3 * MEMORY, 6))
    happened = rng.random(len(X)) < 0.7
    known = model.learn(model.unknown(1), X, happened)
    assert all(np.isfinite(array).all() for array in known.values())
    assert known["told"].shape[1] == MEMORY
    said = model.population.score(X)
    rows = condensed(_basis(said.drivers), said.drivers.sum(axis=1), happened.astype(float), each=1)
    exact, _ = posterior(*rows, np.zeros(len(model.variance)), np.diag(1 / model.variance))
    assert np.abs(known["offset"][0] - exact).max() < 0.1


def _basis(drivers: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(drivers)), drivers[:, 1:]])


def test_telling_writes_to_nothing_it_was_given(model: PersonalModel) -> None:
    known = model.unknown(1)
    before = {name: array.copy() for name, array in known.items()}
    X = np.zeros((5, 6))
    model.learn(known, X, np.ones(5, bool))
    assert all(np.array_equal(known[name], before[name]) for name in before)


def test_outcomes_must_be_as_many_as_moments(model: PersonalModel) -> None:
    with pytest.raises(ModelError, match="happened"):
        model.learn(model.unknown(1), np.zeros((5, 6)), np.ones(4, bool))


def test_what_teaches_nothing_changes_nothing(model: PersonalModel) -> None:
    told = model.learn(model.unknown(1), np.full((5, 6), np.nan), np.ones(5, bool))
    assert all(np.array_equal(told[name], model.unknown(1)[name]) for name in told)


def test_people_of_the_training_set_are_known_and_can_be_told_more_and_forgotten(make: Make) -> None:
    model = Personal().fit(make(shift=0.7), seed=1)
    assert model.known("p0") is not None
    before = model.known("p0")
    assert before is not None
    model.tell("p0", np.zeros((3, 6)), np.ones(3, bool))
    after = model.known("p0")
    assert after is not None
    assert not np.array_equal(after["offset"], before["offset"])
    model.forget("p0")
    assert model.known("p0") is None


def test_it_is_told_its_own_inputs_or_all_that_there_are_and_says_which_where_they_are_neither(make: Make) -> None:
    made = make(shift=0.7)
    names = NAMES[3 : 3 + made.inputs.shape[1]][::-1]
    model = Personal().fit(replace(made, input_names=names), seed=1)
    whole = np.random.default_rng(0).normal(size=(3, len(NAMES)))
    happened = np.ones(3, bool)
    model.tell("few", whole[:, [NAMES.index(name) for name in names]], happened)
    model.tell("all", whole, happened)
    few, all_ = model.known("few"), model.known("all")
    assert few is not None
    assert all_ is not None
    assert all(np.array_equal(few[name], all_[name]) for name in few)
    with pytest.raises(ModelError, match=rf"those of input_names, or \(m, {len(NAMES)}\).*not \(3, 5\)"):
        model.tell("odd", np.zeros((3, 5)), happened)


def test_personal_beats_population_on_later_hours_of_people_who_differ(make: Make) -> None:
    made = make(count=10, rows=600, shift=1.0, stretch=0.8)
    late = made.end_s > np.array([s.start_s for s in made.sessions])[made.session] + 60 * 300
    training = replace(made, target=np.where(late, -1, made.target).astype(np.int8))
    y = made.target[late]
    loss = {}
    for name, fitted in (("own", Personal().fit(training, seed=1)), ("all", Logistic().fit(training, seed=1))):
        p = fitted.estimate(made).probability[late]
        ok = np.isfinite(p)
        loss[name] = -np.mean(np.log(np.where(y[ok] == 1, p[ok], 1 - p[ok])))
    assert loss["own"] < loss["all"] - 0.02


def test_how_much_people_differ_is_learnt(make: Make) -> None:
    alike, apart = (Personal().fit(make(count=12, shift=shift), seed=1).variance for shift in (0.0, 1.2))
    assert 2 * alike[0] < apart[0]


def test_variances_of_a_group_are_shared() -> None:
    rng = np.random.default_rng(0)
    some = [(rng.normal(size=(30, 3)), np.zeros(30), rng.random(30), np.ones(30)) for _ in range(5)]
    found = between(some, groups=np.array([0, 1, 1]), start=0.5, steadying=1.0)
    assert found[1] == found[2] != found[0]


def test_runs_of_overlapping_rows_count_as_minutes() -> None:
    y = np.array([0.0] * 25 + [1.0] * 6)
    _, _, became, weight = condensed(np.ones((31, 1)), np.zeros(31), y, each=12)
    assert became.tolist() == [0, 0, 0, 1]
    assert np.allclose(weight, [1, 1, 1 / 12, 0.5])


def test_online_it_learns_only_of_what_is_over(forecast: Dataset) -> None:
    model = Personal(online=True).fit(_told(forecast), seed=1)
    whole = model.estimate(forecast)
    first = next(e for e in forecast.events if e.session == 0)
    before = (forecast.session == 0) & (forecast.end_s <= first.end_s)
    model.people.clear()
    fresh = model.estimate(forecast)
    plain = replace_events(forecast, ())
    assert np.array_equal(fresh.probability[before], model.estimate(plain).probability[before], equal_nan=True)
    later = (forecast.session == 0) & (forecast.end_s > first.end_s)
    assert not np.array_equal(fresh.probability[later], model.estimate(plain).probability[later], equal_nan=True)
    cut = first.end_s + 5000
    known = tuple(e for e in forecast.events if e.end_s <= cut)
    upto = (forecast.end_s <= cut) & (forecast.session == 0)
    assert np.array_equal(
        fresh.probability[upto], model.estimate(replace_events(forecast, known)).probability[upto], equal_nan=True
    )
    assert whole.probability.shape == forecast.end_s.shape


def _told(data: Dataset) -> Dataset:
    aim = data.aim
    assert isinstance(aim, ForecastTarget)
    target = np.zeros(len(data.target), np.int8)
    for event in data.events:
        at = data.end_s - event.onset_s + aim.latency_s
        target[(data.session == event.session) & (at < 0) & (at >= -aim.horizon_s)] = 1
    return replace(data, target=target)


def replace_events(data: Dataset, events: tuple[Event, ...]) -> Dataset:
    return replace(data, events=events)
