"""Windows against NumPy, and against what they must not depend on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from signals.errors import SignalError
from signals.types import Array
from signals.windows import GREATEST, LEAST, Extreme, Mean, Share, Slope, Window, second_means, seconds

VALUES = arrays(np.float64, (2, 40), elements=st.one_of(st.floats(-1e3, 1e3), st.just(np.nan)))


@settings(max_examples=30, deadline=None)
@given(VALUES)
def test_windows_are_what_numpy_says_of_the_last_values(x: Array) -> None:
    total, known = Window(rows=2, rate_hz=1, window_s=6).push(x)
    mean = Mean(rows=2, rate_hz=1, window_s=6, least=0.5).push(x)
    share = Share(rows=2, rate_hz=1, window_s=6).push(x)
    low = Extreme(rows=2, rate_hz=1, window_s=6, which=LEAST).push(x)
    high = Extreme(rows=2, rate_hz=1, window_s=6, which=GREATEST).push(x)
    for row in range(2):
        for i in range(40):
            past = x[row, max(i - 5, 0) : i + 1]
            past = past[np.isfinite(past)]
            assert known[row, i] == len(past)
            assert total[row, i] == pytest.approx(past.sum(), abs=1e-9)
            assert np.isnan(mean[row, i]) if len(past) < 3 else mean[row, i] == pytest.approx(past.mean(), abs=1e-9)
            assert np.isnan(low[row, i]) if len(past) == 0 else low[row, i] == past.min()
            assert np.isnan(high[row, i]) if len(past) == 0 else high[row, i] == past.max()
            filled = min(past.sum() / 6, 1.0)
            assert np.isnan(share[row, i]) if len(past) == 0 else share[row, i] == pytest.approx(filled, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(VALUES)
def test_a_slope_is_the_least_squares_line_through_what_is_known(x: Array) -> None:
    slope = Slope(rows=2, rate_hz=2, window_s=5, least=0.5).push(x)
    for row in range(2):
        for i in range(40):
            t = np.arange(max(i - 9, 0), i + 1) / 2
            past = x[row, max(i - 9, 0) : i + 1]
            known = np.isfinite(past)
            if known.sum() < 5:
                assert np.isnan(slope[row, i])
            else:
                assert slope[row, i] == pytest.approx(60 * np.polyfit(t[known], past[known], 1)[0], abs=1e-6)


def test_the_slope_of_a_ramp_is_its_own_per_minute() -> None:
    ramp = 0.25 / 60 * np.arange(120.0)[None] + 33
    slope = Slope(rows=1, rate_hz=1, window_s=60).push(ramp)
    assert np.isnan(slope[0, :29]).all()
    np.testing.assert_allclose(slope[0, 29:], 0.25, rtol=1e-9)


def test_a_small_slope_survives_a_large_level() -> None:
    ramp = 1e-3 / 60 * np.arange(3600.0)[None] + 1e6
    slope = Slope(rows=1, rate_hz=1, window_s=600).push(ramp)
    np.testing.assert_allclose(slope[0, 600:], 1e-3, rtol=1e-4)


def test_a_window_forgets_without_a_trace() -> None:
    x = np.concatenate([np.full(20, 1e15), np.full(20, 0.1)])[None]
    total, _ = Window(rows=1, rate_hz=1, window_s=10).push(x)
    assert total[0, -1] == pytest.approx(1.0, rel=1e-15)


def test_a_second_is_known_where_half_of_it_is() -> None:
    x = np.array([[1.0, np.nan, 3.0, np.nan, np.nan, np.nan, np.nan, 8.0]])
    total, known = seconds(x, rate_hz=4)
    np.testing.assert_array_equal(total, [[4.0, 8.0]])
    np.testing.assert_array_equal(known, [[2.0, 1.0]])
    np.testing.assert_array_equal(second_means(x, rate_hz=4), [[2.0, np.nan]])


@pytest.mark.parametrize("window_s", [0.0, -1.0, np.nan, np.inf])
def test_a_window_of_no_length_is_refused(window_s: float) -> None:
    with pytest.raises(SignalError, match=r"^Window\.window_s: "):
        Window(rows=1, rate_hz=1, window_s=window_s)


def test_an_extreme_of_neither_kind_is_refused() -> None:
    with pytest.raises(SignalError, match=r"^Extreme\.which: "):
        Extreme(rows=1, rate_hz=1, window_s=5, which=2)


@pytest.mark.parametrize("rate_hz", [0.0, -1.0, np.nan, np.inf])
def test_a_rate_that_is_none_is_refused(rate_hz: float) -> None:
    with pytest.raises(SignalError, match=r"^Mean\.rate_hz: "):
        Mean(rows=1, rate_hz=rate_hz, window_s=5)
