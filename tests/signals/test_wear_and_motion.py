"""Movement that keeps step with a pulse, and movement that does not."""

import numpy as np
import pytest

from signals.errors import SignalError
from signals.motion.cadence import Cadence
from signals.types import Array

NAN = float("nan")


def repeats(moved: Array, bpm: float) -> float:
    rate = np.full((1, moved.size // 32), bpm)
    return float(Cadence(rows=1, rate_hz=32).push(moved[None], rate)[0, -1])


@pytest.mark.parametrize("strides_per_s", [1.0, 1.3, 1.9])
def test_a_pulse_that_keeps_step_with_movement_is_told_from_one_that_does_not(strides_per_s: float) -> None:
    at_s = np.arange(32 * 20) / 32
    noise = 0.05 * np.random.default_rng(3).random(at_s.size)
    steps = 0.5 * np.maximum(np.sin(2 * np.pi * strides_per_s * at_s), 0) + noise
    assert repeats(steps, 60 * strides_per_s) > 0.5
    assert repeats(steps, 60 * strides_per_s * 1.3) < 0.2


def test_still_or_aimless_movement_explains_no_pulse() -> None:
    rng = np.random.default_rng(4)
    assert repeats(0.02 * rng.random(32 * 20), 75.0) == 0
    assert repeats(0.5 * rng.random(32 * 20), 75.0) < 0.3


def test_without_a_rate_or_without_movement_cadence_is_unknown() -> None:
    assert np.isnan(repeats(np.full(32 * 20, 0.3), NAN))
    assert np.isnan(repeats(np.full(32 * 20, NAN), 75.0))


def test_the_window_of_cadence_holds_the_longest_lag_that_it_looks_at() -> None:
    slowest = np.full((1, 20), 30.0)
    steps = np.maximum(np.sin(np.pi * np.arange(32 * 20) / 32), 0)[None]
    assert Cadence(rows=1, rate_hz=32, window_s=5.0).push(steps, slowest)[0, -1] >= 0
    with pytest.raises(SignalError, match=r"^Cadence\.window_s: must be at least 155 samples"):
        Cadence(rows=1, rate_hz=32, window_s=4.8)


def test_cadence_takes_a_whole_number_of_samples_a_second() -> None:
    with pytest.raises(SignalError, match=r"^Cadence\.rate_hz: must be a whole number"):
        Cadence(rows=1, rate_hz=12.5)  # type: ignore[arg-type]
