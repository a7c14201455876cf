"""Bands on skin, on tables, in bags and in hands; temperature that moves; sensors that do not."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.recordings.e4 import read
from ingest.types import CHANNELS
from signals.errors import SignalError
from signals.skin.frozen import AFTER_S, ALIVE, AT_HIGH, AT_LOW, STUCK, Frozen
from signals.skin.temperature import Trend
from signals.skin.wear import Wear
from signals.types import Array

NAN = float("nan")


def told(
    celsius: Array, us: Array, *, motion: Array | None = None, contact: Array | None = None, pulse: Array | None = None
) -> Array:
    motion = np.full(len(us), 0.03) if motion is None else motion
    said: Array = Wear(rows=1, rate_hz=1).push(celsius[None], us[None], motion[None], contact, pulse)[0]
    return said


def worn(celsius: list[float], us: list[float], g: list[float] | None = None) -> Array:
    return told(np.array(celsius), np.array(us), motion=None if g is None else np.array(g))


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
    assert np.isnan(worn([24.0] * 60, [NAN] * 60)).all()


def test_without_conductance_a_fall_that_no_skin_makes_is_off() -> None:
    said = worn([33.0] * 30 + [24.0] * 60, [NAN] * 90)
    assert (said[9:30] == 1).all()
    assert (said[36:] == 0).all()


def test_without_conductance_a_band_off_cools_and_a_band_put_on_warms() -> None:
    cooling = 22.5 + 10.5 * np.exp(-np.arange(200) / 180)
    warming = 33.0 - (33.0 - cooling[-1]) * np.exp(-np.arange(100) / 60)
    said = worn([33.0] * 60 + cooling.tolist() + warming.tolist(), [NAN] * 360)
    assert (said[9:60] == 1).all()
    assert (said[115:260] == 0).all()
    assert (said[290:] == 1).all()


def test_without_temperature_contact_tells_on_and_dryness_cannot_tell() -> None:
    said = worn([NAN] * 90, [0.5] * 30 + [0.0] * 60)
    assert (said[9:30] == 1).all()
    assert np.isnan(said[40:]).all()


def test_silence_is_forgotten_not_bridged() -> None:
    said = worn([33.0] * 20 + [NAN] * 15 + [30.5] * 5, [0.5] * 20 + [NAN] * 15 + [0.01] * 5)
    assert np.isnan(said[20:]).all()


def test_skin_that_dries_out_while_cool_is_still_skin() -> None:
    us = np.maximum(0.3 * 0.99 ** np.arange(600.0), 0.02)
    assert (worn([27.5] * 600, us.tolist())[9:] == 1).all()


def test_poor_contact_on_cool_skin_is_contact() -> None:
    us = [0.3] * 30 + [0.02 + 0.02 * (i % 3 == 0) for i in range(120)]
    assert (worn([28.0] * 150, us)[9:] == 1).all()


def test_a_slow_sensor_in_a_pocket_is_off_within_half_a_minute() -> None:
    said = worn([26.5] * 200, [0.3] * 60 + [0.0] * 140, [0.3] * 200)
    assert (said[9:60] == 1).all()
    assert (said[85:] == 0).all()


def test_slow_cooling_after_conductance_let_go_is_off_before_it_is_cold() -> None:
    celsius = [33.0] * 60 + [33.0 - 0.0075 * i for i in range(240)]
    said = worn(celsius, [1.0] * 60 + [0.0] * 240)
    assert (said[9:110] == 1).all()
    assert (said[150:] == 0).all()


def test_fingers_on_the_electrodes_of_a_cold_band_do_not_wear_it() -> None:
    flicker = [1.0 if i % 5 < 3 else 0.0 for i in range(60)]
    said = worn([32.0] * 30 + [23.0] * 60, [1.0] * 30 + flicker)
    assert (said[35:] == 0).all()


def test_what_conducts_but_never_moves_is_not_worn() -> None:
    assert (worn([22.0] * 60 + [22.0] * 60, [0.0] * 60 + [0.3] * 60, [0.0] * 120)[9:] == 0).all()


def test_a_band_that_tells_contact_is_believed_within_seconds() -> None:
    contact = np.array([[1.0] * 30 + [0.0] * 30 + [1.0] * 30])
    said = told(np.full(90, 29.0), np.full(90, 0.02), contact=contact)
    assert (said[9:30] == 1).all()
    assert (said[32:60] == 0).all()
    assert (said[75:] == 1).all()


def test_a_contact_bit_stuck_on_a_cold_table_is_overruled() -> None:
    said = told(np.full(120, 22.0), np.zeros(120), motion=np.zeros(120), contact=np.ones((1, 120)))
    assert (said[70:] == 0).all()


def test_a_pulse_at_rest_tells_cool_dry_skin_from_a_bag() -> None:
    cool, dry = np.full(120, 26.0), np.full(120, 0.02)
    pulse = np.full((1, 120), 0.9)
    assert (told(cool, dry)[9:] == 0).all()
    assert (told(cool, dry, pulse=pulse)[30:] == 1).all()
    assert (told(cool, dry, motion=np.full(120, 0.3), pulse=pulse)[9:] == 0).all()


def test_a_pulse_that_looks_back_does_not_hide_a_removal() -> None:
    celsius = np.concatenate([np.full(60, 33.0), 22.5 + 10.5 * np.exp(-np.arange(60) / 180)])
    us = np.concatenate([np.full(60, 1.0), np.zeros(60)])
    pulse = np.concatenate([np.ones(60), np.clip(1 - np.arange(60) / 10, 0, 1)])[None]
    assert (told(celsius, us, pulse=pulse)[70:] == 0).all()


def test_wear_is_told_once_a_second() -> None:
    with pytest.raises(SignalError, match=r"^Wear\.rate_hz"):
        Wear(rows=1, rate_hz=4)
    with pytest.raises(SignalError, match=r"^Wear\.eda, \.motion: must be"):
        Wear(rows=1, rate_hz=1).push(np.zeros((1, 3)), np.zeros((1, 3)), np.zeros((1, 4)))
    with pytest.raises(SignalError, match=r"^Wear\.pulse: must be"):
        Wear(rows=1, rate_hz=1).push(np.zeros((1, 3)), np.zeros((1, 3)), np.zeros((1, 3)), None, np.zeros((1, 4)))


def ramp(c_per_min: float, *, seconds: int = 900, noise_c: float = 0.01, seed: int = 1) -> Array:
    noise = noise_c * np.random.default_rng(seed).standard_normal(seconds)
    return (33.0 + c_per_min / 60 * np.arange(seconds) + noise)[None]


@pytest.mark.parametrize("c_per_min", [-0.4, -0.1, 0.0, 0.15])
def test_a_steady_slope_is_found_and_lies_within_its_error(c_per_min: float) -> None:
    found = [Trend(rows=1, rate_hz=1).push(ramp(c_per_min, seed=seed)) for seed in range(20)]
    misses = np.array([slope[0, -1] - c_per_min for slope, _, _ in found])
    errors = np.array([error[0, -1] for _, error, _ in found])
    assert np.abs(misses).max() < 0.03
    assert (np.abs(misses) < 1.96 * errors).mean() >= 0.9
    assert errors.max() < 0.05


def test_noise_that_is_greater_makes_the_error_greater() -> None:
    errors = [Trend(rows=1, rate_hz=1).push(ramp(0.0, noise_c=noise_c))[1][0, -1] for noise_c in (0.01, 0.03, 0.1)]
    assert errors[0] < errors[1] < errors[2]
    assert errors[2] > 5 * errors[0]


def test_the_error_of_a_slope_is_honest_where_slopes_wander_and_values_are_steps() -> None:
    rng = np.random.default_rng(2)
    slopes, kick = np.zeros((8, 3000)), 0.08 * np.sqrt(1 - np.exp(-2 / 120))
    for i in range(1, 3000):
        slopes[:, i] = slopes[:, i - 1] * np.exp(-1 / 120) + kick * rng.standard_normal(8)
    celsius = 33 + np.cumsum(slopes, axis=1) / 60
    steps = 0.02 * np.round((np.repeat(celsius, 4, axis=1) + 0.01 * rng.standard_normal((8, 12000))) / 0.02)
    slope, error, _ = Trend(rows=8, rate_hz=1).push(steps.reshape(8, 3000, 4).mean(axis=2))
    held = np.abs(slope - slopes)[:, 300:] < 1.96 * error[:, 300:]
    assert 0.85 <= held.mean() <= 0.99


def test_a_change_of_slope_is_followed_by_half_within_a_third_of_the_window() -> None:
    celsius = np.concatenate([ramp(0.0, seconds=600)[0], ramp(0.6, seconds=300)[0]])[None]
    slope, _, _ = Trend(rows=1, rate_hz=1).push(celsius)
    assert 0.2 < slope[0, 621] < 0.45
    assert slope[0, 660] == pytest.approx(0.6, abs=0.1)


def test_a_band_that_slips_is_no_slope_of_skin() -> None:
    celsius = ramp(0.0)
    celsius[0, 500:] -= 1.5
    slope, _, _ = Trend(rows=1, rate_hz=1).push(celsius)
    assert np.abs(slope[0, 500:]).max() < 0.1


def test_missing_seconds_make_a_slope_less_sure_and_long_silence_begins_anew() -> None:
    holed, cut = ramp(0.1), ramp(0.1)
    holed[0, 500:508] = np.nan
    cut[0, 500:520] = np.nan
    slope, error, _ = Trend(rows=1, rate_hz=1).push(holed)
    assert np.isnan(slope[0, 500:508]).all()
    assert error[0, 508] > error[0, 499]
    slope, _, warming = Trend(rows=1, rate_hz=1).push(cut)
    assert np.isnan(slope[0, 500:539]).all()
    assert np.isfinite(slope[0, 540])
    assert warming[0, 545] == 1


def test_warming_up_is_told_from_a_slope_of_skin_until_it_ends() -> None:
    at = np.arange(1500)
    put_on = 33 - 8 * np.exp(-at / 150) + 0.01 * np.random.default_rng(3).standard_normal(1500)
    _, _, warming = Trend(rows=1, rate_hz=1).push(put_on[None])
    assert (warming[0, 30:600] == 1).all()
    assert (warming[0, 1200:] == 0).all()
    worn = np.ones((1, 1500))
    worn[0, 1300:1310] = 0
    _, _, warming = Trend(rows=1, rate_hz=1).push(put_on[None], worn)
    assert warming[0, 1299] == 0
    assert (warming[0, 1300:1310] == 1).all()


def test_a_trend_says_what_it_cannot_use() -> None:
    with pytest.raises(SignalError, match=r"^Trend\.window_s"):
        Trend(rows=1, rate_hz=1, window_s=2)
    with pytest.raises(SignalError, match=r"^Trend\.worn: must be \(1, 900\)"):
        Trend(rows=1, rate_hz=1).push(ramp(0.0), np.ones((1, 5)))


def test_what_repeats_to_the_last_bit_is_stuck_and_what_wavers_by_one_is_not() -> None:
    x = 5 + 0.001 * np.random.default_rng(4).standard_normal((2, 400))
    x[0, 100:300] = x[0, 100]
    said = Frozen(rows=2, rate_hz=4, after_s=15.0).push(x)
    assert (said[0, :159] == ALIVE).all()
    assert (said[0, 159:300] == STUCK).all()
    assert (said[0, 300:] == ALIVE).all()
    assert (said[1] == ALIVE).all()


def test_one_axis_that_lives_is_a_sensor_that_lives() -> None:
    x = np.zeros((1, 3, 320))
    x[0, 2] = np.random.default_rng(5).standard_normal(320)
    assert (Frozen(rows=1, rate_hz=32, axes=3, after_s=2.0).push(x) == ALIVE).all()
    x[0, 2, 100:] = 1.0
    assert (Frozen(rows=1, rate_hz=32, axes=3, after_s=2.0).push(x)[0, 163:] == STUCK).all()


def test_a_sensor_at_an_end_of_its_range_says_which() -> None:
    x = np.sin(np.arange(400) / 7)[None] * 2.5
    said = Frozen(rows=1, rate_hz=4, after_s=15.0, low=-2.0, high=2.0, end_s=1.0).push(np.clip(x, -2, 2))
    assert {AT_LOW, AT_HIGH, ALIVE} == set(np.unique(said))
    assert (said[0, (x[0] > -1.5) & (x[0] < 1.5)] == ALIVE).all()


def test_missing_samples_neither_freeze_nor_thaw_a_sensor() -> None:
    x = np.full((1, 200), 3.0)
    x[0, 50:54] = np.nan
    said = Frozen(rows=1, rate_hz=4, after_s=15.0).push(x)
    assert np.isnan(said[0, 50:54]).all()
    assert (said[0, 63:] == STUCK).all()


def test_frozen_says_what_it_cannot_use() -> None:
    for bad, says in (({"axes": 0}, "axes"), ({"low": 2.0, "high": 1.0}, "low"), ({"after_s": 0.1}, "after_s")):
        with pytest.raises(SignalError, match=rf"^Frozen\.{says}"):
            Frozen(**{"rows": 1, "rate_hz": 4, "after_s": 5.0} | bad)


def test_worn_e4_sensors_are_not_frozen(shared_data: Path) -> None:
    recording = read(shared_data / "stress_predict" / "S08.zip")
    for name, after_s in AFTER_S.items():
        block = recording.whole(name)
        axes = CHANNELS[name].axes
        sensor = Frozen(rows=1, rate_hz=block.rate_hz, axes=axes, after_s=after_s)
        assert (sensor.push(block.values[None])[0, 40 * int(block.rate_hz) :] == ALIVE).all()


def test_a_trend_is_the_kalman_filter_of_the_textbook() -> None:
    celsius = ramp(0.3, seconds=200, seed=8)[0]
    celsius[60:64] = np.nan
    move, look = np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 0.0]])
    wander = np.diag([0.0, (4.0 / 60) ** 4])
    state, spread = np.array([celsius[0], 0.0]), np.diag([1.0, (1 / 60 / 0.01) ** 2])
    wanted = np.full(200, np.nan)
    for i in range(1, 200):
        state, spread = move @ state, move @ spread @ move.T + wander
        if np.isfinite(celsius[i]):
            gain = spread @ look.T / (look @ spread @ look.T + 1)
            state = state + gain[:, 0] * (celsius[i] - look @ state)
            spread = spread - gain @ look @ spread
            wanted[i] = 60 * state[1] if i >= 19 else np.nan
    slope, _, _ = Trend(rows=1, rate_hz=1).push(celsius[None])
    np.testing.assert_allclose(slope[0], wanted, rtol=1e-6, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.sampled_from([0.0, 1.0, 2.0, NAN]), min_size=1, max_size=60))
def test_frozen_counts_as_one_would_by_hand(values: list[float]) -> None:
    said = Frozen(rows=1, rate_hz=1, after_s=3, low=0.0, end_s=2, hold_s=100).push(np.array([values]))[0]
    heard: list[float] = []
    for value, state in zip(values, said, strict=True):
        if np.isnan(value):
            assert np.isnan(state)
            continue
        heard.append(value)
        low, same = heard[-2:] == [0.0, 0.0], len(heard) >= 3 and len(set(heard[-3:])) == 1
        assert state == (AT_LOW if low else STUCK if same else ALIVE)
