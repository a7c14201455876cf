"""How unsure one person's counts are, against SciPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2

from models.evaluation.counts import rate_bounds, share_bounds


@given(n=st.integers(1, 60), share=st.floats(0, 1))
def test_bounds_of_a_share_are_those_of_scipy(n: int, share: float) -> None:
    k = round(share * n)
    low, high = share_bounds(np.array([k / n]), np.array([float(n)]))
    theirs = binomtest(k, n).proportion_ci(method="wilson")
    assert (low[0], high[0]) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@given(count=st.integers(0, 60))
def test_bounds_of_a_rate_are_those_of_chi_squared(count: int) -> None:
    low, high = rate_bounds(np.array([float(count)]), np.array([12.0]))
    assert high[0] == pytest.approx(chi2.ppf(0.975, 2 * count + 2) / 24)
    assert low[0] == pytest.approx(chi2.ppf(0.025, 2 * count) / 24 if count else 0)


def test_nothing_is_known_of_no_events_and_no_hours() -> None:
    assert np.isnan(share_bounds(np.array([np.nan]), np.array([0.0]))).all()
    assert np.isnan(rate_bounds(np.array([0.0]), np.array([0.0]))).all()
