"""Personal baselines: against Huber's estimates, with contexts, outliers, drift, and nothing from the future."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signals.baseline import Baseline
from signals.errors import SignalError
from signals.types import Array

HOUR_S = 3600


def learnt(x: Array, context: Array | None = None, *, contexts: int = 1, memory_s: float = 8 * HOUR_S) -> Array:
    """Return deviation, location and scale, (3, n), of one person."""
    made = Baseline(rows=1, rate_hz=1, contexts=contexts, floor=1e-3, memory_s=memory_s, least_s=300)
    seen = np.zeros(len(x)) if context is None else context
    return np.stack(made.push(x[None], seen[None]))[:, 0]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**20), st.floats(-1e3, 1e3), st.floats(0.1, 100))
def test_the_usual_of_normal_values_is_their_mean_and_deviation(seed: int, mean: float, spread: float) -> None:
    x = mean + spread * np.random.default_rng(seed).standard_normal(4 * HOUR_S)
    _, location, scale = learnt(x)
    assert location[-1] == pytest.approx(mean, abs=0.08 * spread)
    assert scale[-1] == pytest.approx(spread, rel=0.08)


def test_an_hour_of_arousal_moves_eight_hours_of_usual_little_and_stands_out_to_its_end() -> None:
    rng = np.random.default_rng(1)
    calm, aroused = 70 + 3 * rng.standard_normal(8 * HOUR_S), 95 + 3 * rng.standard_normal(HOUR_S)
    deviation, location, _ = learnt(np.concatenate([calm, aroused]))
    assert location[-1] - location[8 * HOUR_S - 1] < 0.25 * 3
    assert deviation[-60:].mean() > 6


def test_outliers_in_a_tenth_of_the_values_do_not_become_usual() -> None:
    rng = np.random.default_rng(2)
    x = 2 + 0.1 * rng.standard_normal(2 * HOUR_S)
    x[rng.random(len(x)) < 0.1] += 50
    _, location, scale = learnt(x)
    assert location[-1] == pytest.approx(2, abs=0.05)
    assert scale[-1] < 0.2


def test_a_bad_first_minute_is_outgrown() -> None:
    rng = np.random.default_rng(3)
    x = np.concatenate([1e3 * rng.random(60), 2 + 0.1 * rng.standard_normal(2 * HOUR_S)])
    _, location, scale = learnt(x)
    assert location[-1] == pytest.approx(2, abs=0.1)
    assert scale[-1] == pytest.approx(0.1, rel=0.5)


def test_each_context_has_a_usual_of_its_own() -> None:
    rng = np.random.default_rng(4)
    moving = (np.arange(2 * HOUR_S) // 300 % 2).astype(np.float64)
    x = np.where(moving == 1, 110.0, 70.0) + rng.standard_normal(2 * HOUR_S)
    deviation, _, _ = learnt(x, moving, contexts=2)
    assert np.nanmax(np.abs(deviation[HOUR_S:])) < 6


def test_what_is_unknown_says_nothing_and_teaches_nothing() -> None:
    rng = np.random.default_rng(5)
    x, context = rng.standard_normal(HOUR_S), np.zeros(HOUR_S)
    holes, lost = x.copy(), context.copy()
    holes[600:700], lost[800:900] = np.nan, np.nan
    deviation, location, _ = learnt(holes, lost)
    assert np.isnan(deviation[600:700]).all()
    assert np.isfinite(location[600:700]).all()
    assert np.isnan(location[800:900]).all()
    left = np.ones(HOUR_S, bool)
    left[600:700] = left[800:900] = False
    np.testing.assert_array_equal(deviation[left], learnt(x[left])[0])


def test_nothing_is_said_before_enough_is_known() -> None:
    deviation, _, _ = learnt(np.random.default_rng(6).standard_normal(400))
    assert np.isnan(deviation[:300]).all()
    assert np.isfinite(deviation[300:]).all()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**20), st.integers(300, 590))
def test_the_future_changes_nothing(seed: int, at: int) -> None:
    x = np.random.default_rng(seed).standard_normal(600)
    other = x.copy()
    other[at:] = 1e6
    np.testing.assert_array_equal(learnt(x)[:, :at], learnt(other)[:, :at])
    np.testing.assert_array_equal(learnt(x)[1:, at], learnt(other)[1:, at])


@settings(max_examples=10, deadline=None)
@given(st.floats(0.5, 20), st.floats(-100, 100))
def test_a_deviation_has_no_unit(scale: float, shift: float) -> None:
    x = np.random.default_rng(7).standard_normal(900)
    deviation, _, _ = learnt(x)
    np.testing.assert_allclose(learnt(scale * x + shift)[0], deviation, rtol=1e-6, atol=1e-6)


def test_a_value_that_never_changes_makes_its_next_digit_no_event() -> None:
    x = np.full(HOUR_S, 33.0)
    x[-1] += 1e-4
    deviation, _, scale = learnt(x)
    assert scale[-1] == 1e-3
    assert deviation[-1] == pytest.approx(0.1, rel=1e-3)


def test_old_times_fade() -> None:
    rng = np.random.default_rng(8)
    x = np.concatenate([rng.standard_normal(HOUR_S), 1 + rng.standard_normal(4 * HOUR_S)])
    _, location, _ = learnt(x, memory_s=HOUR_S)
    assert location[-1] == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"contexts": 0}, "contexts"),
        ({"floor": 0.0}, "floor"),
        ({"least_s": 5.0}, "least_s"),
        ({"memory_s": 60.0}, "memory_s"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, float], says: str) -> None:
    right = {"rows": 1, "rate_hz": 1.0, "contexts": 2, "floor": 1.0, "memory_s": 3600.0, "least_s": 300.0}
    with pytest.raises(SignalError, match=rf"^Baseline\.{says}: "):
        Baseline(**(right | wrong))


@pytest.mark.parametrize("context", [2.0, -1.0, 0.5])
def test_a_context_that_is_none_is_refused_by_row_and_sample(context: float) -> None:
    made = Baseline(rows=2, rate_hz=1, contexts=2, floor=1.0, memory_s=3600, least_s=300)
    seen = np.zeros((2, 3))
    seen[1, 2] = context
    with pytest.raises(SignalError, match=r"^Baseline\.context: row 1 has .* at sample 2"):
        made.push(np.zeros((2, 3)), seen)
