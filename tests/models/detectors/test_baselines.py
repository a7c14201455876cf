"""What needs no sensor: each candidate learns, says probabilities, and knows only what was over at the moment."""

import copy
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.datasets.dataset import LEFT_OUT, NEGATIVE, POSITIVE, Dataset
from models.datasets.selection import take
from models.datasets.target import StateTarget
from models.detectors.clock import Clock
from models.detectors.hawkes import Hawkes
from models.detectors.rate_matched import RateMatched
from models.detectors.said import log_odds
from models.detectors.since_event import SinceEvent
from models.detectors.streamed import FittedStreamed, Streamed
from models.errors import DatasetError, ModelError
from models.estimates import Candidate, Estimates, Fitted
from models.risk import Abstention

FROM_EVENTS: list[Candidate] = [SinceEvent(), Hawkes(), RateMatched(), RateMatched(name="moving", window_s=3600.0)]
ALL: list[Candidate] = [Clock(), *FROM_EVENTS, Streamed("arousal"), Streamed("arousal", calibrated=False)]
NAMED = pytest.mark.parametrize("candidate", ALL, ids=lambda each: each.name)


def same(a: Estimates, b: Estimates, *, at: NDArray[np.bool_] | slice = slice(None)) -> None:
    for name in ("probability", "low", "high", "abstention", "drivers"):
        np.testing.assert_array_equal(getattr(a, name)[at], getattr(b, name)[at], err_msg=name)


@NAMED
def test_what_is_said_is_a_probability_within_its_interval_and_its_drivers_add_up(
    candidate: Candidate, cohort: Dataset
) -> None:
    said = candidate.fit(cohort, seed=1).estimate(cohort)
    assert (said.abstention == Abstention.NONE).all()
    assert ((said.probability > 0) & (said.probability < 1)).all()
    np.testing.assert_allclose(said.drivers.sum(axis=-1), log_odds(said.probability), rtol=1e-9)
    assert said.drivers.shape == (len(cohort.end_s), len(said.driver_names))
    if not candidate.name.endswith("_raw"):
        assert ((said.low <= said.probability) & (said.probability <= said.high)).all()
        told = cohort.target != LEFT_OUT
        happened = (cohort.target[told] == POSITIVE).mean()
        assert said.probability[told].mean() == pytest.approx(happened, rel=0.25)


@NAMED
def test_the_same_data_and_seed_give_the_same_bits_and_what_was_fitted_can_be_copied(
    candidate: Candidate, cohort: Dataset
) -> None:
    fitted = candidate.fit(cohort, seed=1)
    same(candidate.fit(cohort, seed=1).estimate(cohort), copy.deepcopy(fitted).estimate(cohort))


@NAMED
def test_targets_are_not_looked_at_when_something_is_said(candidate: Candidate, cohort: Dataset) -> None:
    fitted = candidate.fit(cohort, seed=1)
    blind = replace(cohort, target=np.full_like(cohort.target, LEFT_OUT), event=np.zeros_like(cohort.event))
    same(fitted.estimate(cohort), fitted.estimate(blind))


def rows_of(data: Dataset, people: list[str]) -> Dataset:
    """Their rows, beside everybody's sessions and events."""
    return take(data, np.isin(np.array(data.people)[data.person], people))


@settings(max_examples=10)
@given(seed=st.integers(0, 1000))
@pytest.mark.parametrize("candidate", FROM_EVENTS, ids=lambda each: each.name)
def test_events_that_are_not_over_change_nothing(candidate: Candidate, cohort: Dataset, seed: int) -> None:
    if candidate.name not in FITTED:
        FITTED[candidate.name] = candidate.fit(rows_of(cohort, ["p0", "p1", "p2", "p3"]), seed=1)
    fitted = FITTED[candidate.name]
    strangers = rows_of(cohort, ["p4", "p5"])
    rng = np.random.default_rng(seed)
    at_s = rng.uniform(cohort.end_s.min(), cohort.end_s.max())
    early = tuple(each for each in cohort.events if each.end_s < at_s)
    later = tuple(
        replace(each, onset_s=max(at_s, each.onset_s - 50), end_s=each.end_s + 100)
        for each in cohort.events
        if each.end_s >= at_s and rng.random() < 0.5
    )
    then = strangers.end_s <= at_s
    same(
        fitted.estimate(strangers),
        fitted.estimate(replace(strangers, events=early + later)),
        at=then,
    )


FITTED: dict[str, Fitted] = {}


@pytest.mark.parametrize("candidate", FROM_EVENTS, ids=lambda each: each.name)
def test_sessions_without_moments_in_training_teach_nothing(candidate: Candidate, cohort: Dataset) -> None:
    some = rows_of(cohort, ["p0", "p1", "p2", "p3"])
    others = {i for i, each in enumerate(cohort.sessions) if each.person not in ("p0", "p1", "p2", "p3")}
    without = replace(some, events=tuple(each for each in some.events if each.session not in others))
    test = rows_of(cohort, ["p6"])
    same(candidate.fit(some, seed=1).estimate(test), candidate.fit(without, seed=1).estimate(test))


@pytest.mark.parametrize("candidate", FROM_EVENTS, ids=lambda each: each.name)
def test_what_needs_events_refuses_states(candidate: Candidate, cohort: Dataset) -> None:
    state = replace(cohort, aim=StateTarget(positive=("stress",), negative=("rest",)))
    with pytest.raises(DatasetError, match=f"{candidate.name}.*forecast"):
        candidate.fit(state, seed=1)


@pytest.mark.parametrize("kind", [POSITIVE, NEGATIVE])
@pytest.mark.parametrize("candidate", ALL[:-1], ids=lambda each: each.name)
def test_moments_of_one_kind_are_refused(candidate: Candidate, cohort: Dataset, kind: int) -> None:
    target = np.where(cohort.target == kind, LEFT_OUT, cohort.target).astype(np.int8)
    with pytest.raises(DatasetError, match=f"{candidate.name}.*moments is {'positive' if kind else 'negative'}"):
        candidate.fit(replace(cohort, target=target), seed=1)


def test_the_clock_finds_the_order_of_a_protocol(cohort: Dataset) -> None:
    target = ((cohort.since_s > 1200) & (cohort.since_s < 1800)).astype(np.int8)
    said = Clock().fit(replace(cohort, target=target), seed=1).estimate(cohort).probability
    assert said[(cohort.since_s > 1350) & (cohort.since_s < 1650)].min() > 0.8
    assert said[(cohort.since_s < 1000) | (cohort.since_s > 2000)].max() < 0.1


def test_beyond_any_training_the_clock_says_what_everybody_has(cohort: Dataset) -> None:
    fitted = Clock().fit(cohort, seed=1)
    later = fitted.estimate(replace(cohort, end_s=cohort.end_s + 10_000))
    assert np.ptp(later.probability) == pytest.approx(0, abs=1e-12)
    assert (later.high - later.low).min() > 0.2


def test_a_rate_is_drawn_to_everybodys_until_the_person_is_known(cohort: Dataset) -> None:
    said = RateMatched().fit(cohort, seed=1).estimate(cohort)
    width = said.high - said.low
    for session in cohort.sessions:
        if session.name.endswith("-2"):
            mine = np.flatnonzero(np.array([each.person == session.person for each in cohort.sessions])[cohort.session])
            assert width[mine[-1]] / said.probability[mine[-1]] < 0.8 * width[mine[0]] / said.probability[mine[0]]


def test_a_detector_that_abstains_is_followed(cohort: Dataset) -> None:
    odds = cohort.scores["arousal"].copy()
    odds[::3] = np.nan
    data = replace(cohort, scores={"arousal": odds})
    for candidate in (Streamed("arousal"), Streamed("arousal", calibrated=False)):
        said = candidate.fit(data, seed=1).estimate(data)
        np.testing.assert_array_equal(np.isnan(said.probability), np.isnan(odds))
        np.testing.assert_array_equal(said.abstention != Abstention.NONE, np.isnan(odds))


def test_a_detector_that_did_not_run_is_refused(cohort: Dataset) -> None:
    with pytest.raises(DatasetError, match=r"state_space.*there: arousal"):
        Streamed("state_space").fit(cohort, seed=1)


def test_calibration_mends_a_detector_that_is_too_sure(cohort: Dataset) -> None:
    sure = replace(cohort, scores={"arousal": 5 * cohort.scores["arousal"] + 8})
    said = Streamed("arousal").fit(sure, seed=1).estimate(sure).probability
    np.testing.assert_allclose(said, Streamed("arousal").fit(cohort, seed=1).estimate(cohort).probability, rtol=0.01)


@pytest.mark.parametrize("score", ["arousal", "state_space"])
def test_a_calibrated_detector_runs_live_as_it_was_judged(cohort: Dataset, day: type, score: str) -> None:
    data = replace(cohort, scores={score: cohort.scores["arousal"]})
    fitted = Streamed(score).fit(data, seed=1)
    features, start_s = day(900).features, np.zeros(1, np.int64)
    live = fitted.live(rows=1).push(start_s, features)
    raw = FittedStreamed(score=score, line=None).live(rows=1).push(start_s, features)
    odds = raw.drivers.sum(axis=-1)[0]
    n = len(odds)
    offline = fitted.estimate(
        replace(rows_of(cohort, ["p0"]), scores={score: np.resize(odds, len(rows_of(cohort, ["p0"]).end_s))})
    )
    for name in ("probability", "low", "high"):
        mine = getattr(offline, name)[:n]
        np.testing.assert_allclose(getattr(live, name)[0, : len(mine)], mine, rtol=1e-12)


def test_a_detector_that_is_not_ours_does_not_run_live() -> None:
    with pytest.raises(ModelError, match="mine"):
        FittedStreamed(score="mine", line=None).live(rows=1)
