"""Bands on skin, on tables, in bags and in hands."""

import numpy as np
import pytest

from signals.errors import SignalError
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
    with pytest.raises(SignalError, match=r"^Wear: .* differ"):
        Wear(rows=1, rate_hz=1).push(np.zeros((1, 3)), np.zeros((1, 3)), np.zeros((1, 4)))
    with pytest.raises(SignalError, match=r"^Wear\.pulse: must be"):
        Wear(rows=1, rate_hz=1).push(np.zeros((1, 3)), np.zeros((1, 3)), np.zeros((1, 3)), None, np.zeros((1, 4)))
