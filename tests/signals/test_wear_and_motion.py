"""Bands on skin, on tables and in bags; wrists that move and turn."""

import numpy as np
import pytest

from signals.errors import SignalError
from signals.motion.cadence import Cadence
from signals.motion.movement import Movement
from signals.skin.wear import Wear
from signals.types import Array

NAN = float("nan")


def worn(celsius: list[float], us: list[float], g: list[float] | None = None) -> Array:
    motion = np.full(len(us), 0.03) if g is None else np.array(g)
    return Wear(rows=1, rate_hz=1).push(np.array([celsius]), np.array([us]), motion[None])[0]


def test_a_band_on_cool_or_on_dry_skin_is_worn() -> None:
    assert (worn([27.0] * 60, [0.4] * 60)[9:] == 1).all()
    assert (worn([33.5] * 60, [0.01] * 60)[9:] == 1).all()


def test_a_band_in_a_moving_bag_is_off_within_ten_seconds() -> None:
    said = worn([34.0] * 60 + [24.0] * 30, [2.0] * 60 + [0.0] * 30, [0.3] * 90)
    assert (said[9:60] == 1).all()
    assert (said[69:] == 0).all()


def test_a_warm_band_that_cools_without_contact_is_off_before_it_is_cold() -> None:
    cooling = [34.0] * 60 + [34.0 - 0.05 * i for i in range(60)]
    said = worn(cooling, [2.0] * 60 + [0.0] * 60)
    assert 0 in said[60:100]
    assert cooling[60 + said[60:].tolist().index(0)] > 30


def test_put_on_again_it_is_worn_within_ten_seconds() -> None:
    said = worn([22.0] * 60 + [24.0] * 30, [0.0] * 60 + [0.2] * 30)
    assert (said[9:60] == 0).all()
    assert (said[70:] == 1).all()


def test_a_moment_without_contact_is_no_band_off() -> None:
    said = worn([28.0] * 60, [0.5] * 30 + [0.0] * 9 + [0.5] * 21)
    assert (said[9:] == 1).all()


def test_between_the_signs_what_was_known_stays() -> None:
    said = worn([30.5] * 80, [0.5] * 20 + [0.01] * 60)
    assert (said[9:] == 1).all()


def test_still_and_dry_and_lukewarm_for_a_minute_is_off() -> None:
    said = worn([30.5] * 100, [0.5] * 15 + [0.01] * 85, [0.03] * 15 + [0.0] * 85)
    assert said[60] == 1
    assert said[90] == 0


def test_nobody_can_tell_without_temperature_and_conductance() -> None:
    assert np.isnan(worn([NAN] * 30, [NAN] * 30)).all()


def test_cold_alone_cannot_tell() -> None:
    said = worn([33.0] * 20 + [24.0] * 40, [0.5] * 20 + [NAN] * 40)
    assert (said[9:20] == 1).all()
    assert np.isnan(said[30:]).all()


def test_silence_is_forgotten_not_bridged() -> None:
    said = worn([33.0] * 20 + [NAN] * 15 + [30.5] * 5, [0.5] * 20 + [NAN] * 15 + [0.01] * 5)
    assert np.isnan(said[20:]).all()


def test_wear_is_told_once_a_second() -> None:
    with pytest.raises(SignalError, match=r"^Wear\.rate_hz"):
        Wear(rows=1, rate_hz=4)
    with pytest.raises(SignalError, match=r"^Wear: .* differ"):
        Wear(rows=1, rate_hz=1).push(np.zeros((1, 3)), np.zeros((1, 3)), np.zeros((1, 4)))


def test_a_wrist_at_rest_does_not_move_however_it_lies() -> None:
    directions = np.random.default_rng(1).standard_normal((5, 3, 1))
    gravity = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    np.testing.assert_allclose(
        Movement(rows=5, rate_hz=32).push(np.repeat(gravity, 320, axis=2))[:, 32:], 0, atol=1e-12
    )


def test_movement_is_the_same_however_the_band_sits() -> None:
    rng = np.random.default_rng(2)
    x = np.array([0.0, 0.0, 1.0])[:, None] + 0.3 * rng.standard_normal((3, 640))
    turn, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    found = Movement(rows=2, rate_hz=32).push(np.stack([x, turn @ x]))
    np.testing.assert_allclose(found[0], found[1], atol=1e-12)


def test_shaking_has_its_own_size() -> None:
    t = np.arange(32 * 30) / 32
    x = np.zeros((1, 3, t.size))
    x[0, 2] = 1.0
    x[0, 0] = 0.5 * np.sin(2 * np.pi * 2.0 * t)
    moved = Movement(rows=1, rate_hz=32).push(x)
    assert np.sqrt((moved[0, 320:] ** 2).mean()) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


def test_one_axis_unknown_is_movement_unknown() -> None:
    x = np.zeros((1, 3, 320))
    x[0, 1, 100:110] = np.nan
    assert np.isnan(Movement(rows=1, rate_hz=32).push(x)[0, 100:110]).all()


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
