"""Conductance whose truth is known: what drove it, which responses there were."""

import numpy as np
import pytest

from signals.eda.phasic import Driver
from signals.eda.responses import Responses
from signals.errors import SignalError
from signals.filters import Filter, low_pass
from signals.types import Array
from tests.signals.streams import response

T_S = np.arange(4 * 120) / 4


@pytest.mark.parametrize("amplitude_us", [0.05, 0.3, 2.0])
def test_a_response_is_told_with_its_size_and_peak(amplitude_us: float) -> None:
    onset_s = 40.3
    peak_s = onset_s + np.log(2.0 / 0.7) * 1.4 / 1.3
    x = 2.0 + amplitude_us * response(T_S - onset_s)[None]
    told, lag_s = Responses(rows=1, rate_hz=4).push(x)
    at = np.flatnonzero(told[0])
    assert len(at) == 1
    assert told[0, at[0]] == pytest.approx(amplitude_us, rel=0.1)
    assert at[0] / 4 - lag_s[0, at[0]] == pytest.approx(peak_s, abs=0.3)
    assert 0.5 <= lag_s[0, at[0]] <= 1.0


@pytest.mark.parametrize(
    "x",
    [
        2.0 + 0.015 * response(T_S - 40),  # too small
        2.0 + 1.0 * np.clip((T_S - 40) / 12, 0, 1),  # 12 s of climbing is drift
        2.0 + 0.3 * (T_S >= 40),  # a step takes no time
        2.0 + 0.005 * T_S,  # 0.3 uS a minute is level
    ],
    ids=["small", "drift", "step", "slope"],
)
def test_what_is_no_response_is_not_told(x: Array) -> None:
    told, _ = Responses(rows=1, rate_hz=4).push(x[None])
    assert (told == 0).all()


def test_a_response_whose_telling_falls_into_a_short_gap_is_told_after_it() -> None:
    x = 2.0 + 0.5 * response(T_S - 40)[None]
    told, _ = Responses(rows=1, rate_hz=4).push(x)
    at = int(np.flatnonzero(told[0])[0])
    x[0, at : at + 4] = np.nan
    late, lag_s = Responses(rows=1, rate_hz=4).push(x)
    assert np.flatnonzero(late[0] > 0).tolist() == [at + 4]
    assert late[0, at + 4] == told[0, at]
    assert lag_s[0, at + 4] == pytest.approx(1.5)


def test_many_responses_on_a_drifting_level_are_found() -> None:
    """Of 90 responses 4 to 20 s apart, at least 95 % are told and at least 95 % of what is told is one of them."""
    rng = np.random.default_rng(3)
    onset_s = np.cumsum(rng.uniform(4, 20, 90))
    t_s = np.arange(4 * int(onset_s[-1] + 20)) / 4
    sizes = rng.uniform(0.1, 1.0, 90)
    x = 4 + 0.5 * np.sin(t_s / 60) + sum(a * response(t_s - o) for a, o in zip(sizes, onset_s, strict=True))
    x = np.round(x + 0.003 * rng.standard_normal(x.shape), 3)
    clean = Filter(low_pass(cutoff_hz=0.5, rate_hz=4, order=2), rows=1, rate_hz=4, hold_s=2, warm_s=1).push(x[None])
    told, lag_s = Responses(rows=1, rate_hz=4).push(clean)
    at = np.flatnonzero(told[0] > 0)
    peak_s = at / 4 - lag_s[0, at]
    true_s = onset_s + 1.13 + 0.45  # the filter's delay
    near = np.abs(peak_s[:, None] - true_s) < 1.0
    assert near.any(axis=0).mean() >= 0.95
    assert near.any(axis=1).mean() >= 0.95


def test_the_driver_of_one_burst_is_one_burst_of_the_same_area() -> None:
    pulses = np.zeros(480)
    pulses[200] = 4.0
    slow, fast = np.exp(-0.25 / 2.0), np.exp(-0.25 / 0.7)
    y = np.zeros(480)
    for i in range(2, 480):
        y[i] = (slow + fast) * y[i - 1] - slow * fast * y[i - 2] + (1 - slow) * (1 - fast) * pulses[i]
    drive = Driver(rows=1, rate_hz=4, cutoff_hz=0.001).push(3.0 + y[None])
    assert drive[0, 200] == pytest.approx(4.0, rel=0.01)
    assert np.nansum(drive) == pytest.approx(4.0, rel=0.02)
    assert np.nanmin(drive) == 0.0


def test_a_threshold_of_nothing_is_refused() -> None:
    with pytest.raises(SignalError, match=r"^Responses\.least_us"):
        Responses(rows=1, rate_hz=4, least_us=0)
