"""Self-exciting events: the likelihood is exact, what made the events is found again, and forecasts come true."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import quad

from models.datasets.dataset import LEFT_OUT, POSITIVE, Dataset
from models.detectors.hawkes import Hawkes, Process, evidence, excitation, likeliest, log_likelihood
from models.detectors.history import trained_on, watches
from tests.models.detectors.conftest import HORIZON_S, LATENCY_S, cascade, data_of

TRUE = {"branching": 0.6, "memory_s": 240.0}
PROCESS = Process(rate_per_s=1 / 900, shape=3.0, branching=0.6, memory_s=240.0)


def intensity(t: float, rate: float, onset: list[float], over: list[float]) -> float:
    """By the book, one event after the other; 0 while one is under way."""
    if any(a <= t < b for a, b in zip(onset, over, strict=True)):
        return 0.0
    return rate + sum(0.6 / 240 * math.exp(-(t - b) / 240) for b in over if b < t)


@settings(max_examples=15)
@given(gaps=st.lists(st.tuples(st.floats(1, 900), st.floats(0, 200)), min_size=1, max_size=6))
def test_the_likelihood_is_that_of_the_intensity_integrated_by_quadrature(gaps: list[tuple[float, float]]) -> None:
    onset, over, at = [], [], 0.0
    for gap, lasting in gaps:
        onset.append(at + gap)
        at = at + gap + lasting
        over.append(at)
    end = at + 300.0
    (watch,) = watches(_lasting(onset, over, end), ["incident"])["p"]
    rates = PROCESS.nodes
    expected = []
    for rate in rates:
        edges = [0.0, *[e for pair in zip(onset, over, strict=True) for e in pair], end]
        area = sum(
            quad(intensity, a, b, args=(rate, onset, over), epsabs=1e-12)[0]
            for a, b in zip(edges[::2], edges[1::2], strict=True)
            if b > a
        )
        before = [rate + sum(0.6 / 240 * np.exp(-(t - b) / 240) for b in over[:i]) for i, t in enumerate(onset)]
        expected.append(np.log(before).sum() - area)
    mine = log_likelihood({"p": (watch,)}, PROCESS)
    assert mine == pytest.approx(np.log(np.mean(np.exp(np.array(expected) - max(expected)))) + max(expected), rel=1e-8)


def _lasting(onset: list[float], over: list[float], end: float) -> Dataset:
    data = data_of({"p": [np.array(onset)]}, session_s=end)
    start = data.sessions[0].start_s
    events = tuple(replace(each, end_s=start + b) for each, b in zip(data.events, over, strict=True))
    return replace(data, events=events)


@pytest.fixture(scope="module")
def simulated() -> tuple[Dataset, NDArray[np.float64]]:
    """Forty people, five sessions of two hours each; and everybody's own rate [1/s]."""
    rng = np.random.default_rng(11)
    rates = rng.gamma(3.0, 1 / 3.0, 40) / 1200
    onsets = {
        f"p{i:02}": [cascade(rng, rate_per_s=rate, end_s=7200, **TRUE) for _ in range(5)]
        for i, rate in enumerate(rates)
    }
    return data_of(onsets, session_s=7200), rates


def test_what_made_the_events_is_found_again(simulated: tuple[Dataset, NDArray[np.float64]]) -> None:
    data, rates = simulated
    found = likeliest(trained_on(data, ["incident"]), name="hawkes")
    assert found.branching == pytest.approx(0.6, abs=0.06)
    assert found.memory_s == pytest.approx(240, rel=0.2)
    assert found.rate_per_s == pytest.approx(rates.mean(), rel=0.15)
    assert 1.5 < found.shape < 8


def test_events_that_set_off_nothing_are_told_from_those_that_do() -> None:
    rng = np.random.default_rng(4)
    onsets = {f"p{i}": [cascade(rng, rate_per_s=1 / 600, branching=0.0, memory_s=1, end_s=7200)] for i in range(30)}
    assert likeliest(trained_on(data_of(onsets, session_s=7200), ["incident"]), name="hawkes").branching == 0


def test_forecasts_of_strangers_come_true_as_often_as_they_say(simulated: tuple[Dataset, NDArray[np.float64]]) -> None:
    data, _ = simulated
    fitted = Hawkes().fit(data, seed=1)
    rng = np.random.default_rng(12)
    others = {
        f"q{i:02}": [cascade(rng, rate_per_s=rate, end_s=7200, **TRUE) for _ in range(3)]
        for i, rate in enumerate(rng.gamma(3.0, 1 / 3.0, 40) / 1200)
    }
    strangers = data_of(others, session_s=7200)
    said = fitted.estimate(strangers).probability
    told = (strangers.target != LEFT_OUT) & (strangers.since_s < 7200 - HORIZON_S - LATENCY_S)
    happened = strangers.target == POSITIVE
    for least, most in ((0.0, 0.2), (0.2, 0.4), (0.4, 1.0)):
        some = told & (said >= least) & (said < most)
        assert some.sum() > 1000
        assert happened[some].mean() == pytest.approx(said[some].mean(), abs=0.05)


def test_the_chance_is_exact_for_a_known_rate() -> None:
    data = data_of({"p": [np.array([600.0, 700.0])]}, session_s=3600)
    (watch,) = watches(data, ["incident"])["p"]
    at = data.sessions[0].start_s + 800.0
    area, _ = quad(lambda t: intensity(t, 1e-3, [600.0, 700.0], [600.0, 700.0]), 815, 995, epsabs=1e-12)
    excited = excitation(watch, np.array([at]), 240.0)[0]
    assert excited == pytest.approx(np.exp(-200 / 240) + np.exp(-100 / 240))
    fading = np.exp(-15 / 240) - np.exp(-195 / 240)
    assert 1e-3 * 180 + 0.6 * fading * excited == pytest.approx(area, rel=1e-9)


def test_evidence_is_of_events_that_are_over() -> None:
    data = data_of({"p": [np.array([600.0])]}, session_s=3600, lasting_s=100.0)
    (watch,) = watches(data, ["incident"])["p"]
    start = data.sessions[0].start_s
    told = evidence(watch, start + np.array([650.0, 699.0, 701.0]), np.array([1e-3]), PROCESS)[:, 0]
    np.testing.assert_allclose(told, [-0.65, -0.699, np.log(1e-3) - 0.601])
