"""Filters and gaps against SciPy and their plain twins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.signal import butter, sosfilt, sosfilt_zi

from signals.errors import SignalError
from signals.filters import Filter, high_pass, low_pass
from signals.gaps import HELD, KNOWN, RESTART, UNKNOWN, Gaps
from signals.types import Array

HOLEY = arrays(np.float64, (1, 60), elements=st.one_of(st.floats(-50, 50), st.just(np.nan)))


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("cutoff_hz", [0.05, 0.5, 1.9])
def test_the_design_is_butterworths(order: int, cutoff_hz: float) -> None:
    for ours, kind in ((low_pass, "low"), (high_pass, "high")):
        sos = ours(cutoff_hz=cutoff_hz, rate_hz=4, order=order)
        np.testing.assert_allclose(sos, butter(order, cutoff_hz, kind, fs=4, output="sos"), atol=1e-14)


@pytest.mark.parametrize("order", [1, 2])
def test_a_filter_is_scipys_begun_at_rest(order: int) -> None:
    x = np.random.default_rng(1).normal(5, 1, (2, 400))
    sos = np.vstack(
        [low_pass(cutoff_hz=0.5, rate_hz=4, order=order), high_pass(cutoff_hz=0.05, rate_hz=4, order=order)]
    )
    found = Filter(sos, rows=2, rate_hz=4, hold_s=0, warm_s=0).push(x)
    for row in range(2):
        wanted, _ = sosfilt(sos, x[row], zi=sosfilt_zi(sos) * x[row, 0])
        np.testing.assert_allclose(found[row], wanted, atol=1e-12)


def test_a_gap_is_bridged_or_begins_anew() -> None:
    x = np.array([[np.nan, 1, 2, np.nan, np.nan, 3, np.nan, np.nan, np.nan, 4]])
    bridged = Gaps(rows=1, rate_hz=1, hold_s=2).push(x)
    np.testing.assert_array_equal(bridged.filled, [[0, 1, 2, 2, 2, 3, 3, 3, 0, 4]])
    wanted = [UNKNOWN, RESTART, KNOWN, HELD, HELD, KNOWN, HELD, HELD, UNKNOWN, RESTART]
    np.testing.assert_array_equal(bridged.standing, [wanted])


@settings(max_examples=30, deadline=None)
@given(HOLEY, st.integers(0, 5))
def test_gaps_have_a_plain_twin(x: Array, hold: int) -> None:
    bridged = Gaps(rows=1, rate_hz=1, hold_s=hold).push(x)
    known = np.flatnonzero(np.isfinite(x[0]))
    for i in range(60):
        before = known[known < i]
        missing = i - before[-1] - 1 if before.size else np.inf  # unknown samples just before this one
        if np.isfinite(x[0, i]):
            wanted = (x[0, i], KNOWN if missing <= hold else RESTART)
        else:
            wanted = (x[0, before[-1]], HELD) if missing < hold else (0.0, UNKNOWN)
        assert (bridged.filled[0, i], bridged.standing[0, i]) == wanted


def test_after_a_long_gap_a_filter_starts_at_its_level_and_warms_up() -> None:
    x = np.concatenate([np.full(40, 30.0), np.full(12, np.nan), np.full(40, 2.0)])[None]
    out = Filter(low_pass(cutoff_hz=0.05, rate_hz=4, order=1), rows=1, rate_hz=4, hold_s=2, warm_s=1).push(x)
    assert np.isnan(out[0, 40:56]).all()
    np.testing.assert_allclose(out[0, 56:], 2.0)


@pytest.mark.parametrize("cutoff_hz", [0.0, 2.0, -1.0, np.nan])
def test_a_cut_off_beyond_half_the_rate_is_refused(cutoff_hz: float) -> None:
    with pytest.raises(SignalError, match="cutoff_hz"):
        low_pass(cutoff_hz=cutoff_hz, rate_hz=4, order=1)


def test_sections_that_are_none_are_refused() -> None:
    with pytest.raises(SignalError, match=r"^Filter\.sos: "):
        Filter(np.ones((1, 5)), rows=1, rate_hz=4, hold_s=0, warm_s=0)
