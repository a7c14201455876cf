"""Wrists that move and turn, or lie still."""

from pathlib import Path

import numpy as np
import pytest

from ingest.recordings.e4 import read
from signals.errors import SignalError
from signals.motion.movement import CHILD_G, Activity, Movement
from signals.motion.posture import SMOOTH, Posture
from signals.types import Array


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


def shaken(size_g: float, *, seconds: int = 40, unit: float = 1.0, seed: int = 1) -> Array:
    """A wrist that lies along z and is shaken across and along by noise of ``size_g`` an axis."""
    noise = size_g * np.random.default_rng(seed).standard_normal((3, 32 * seconds))
    return unit * (np.array([0.0, 0.0, 1.0])[:, None] + noise)[None]


def turned(degrees: list[float], *, seconds: int = 10) -> Array:
    """A forearm that rises by each of ``degrees`` over the horizon, ``seconds`` long each."""
    angle = np.repeat(np.radians(degrees), 32 * seconds)
    noise = 0.005 * np.random.default_rng(6).standard_normal((3, angle.size))
    return (np.stack([np.sin(angle), np.zeros_like(angle), np.cos(angle)]) + noise)[None]


def test_enmo_and_mad_are_what_their_definitions_say() -> None:
    x = shaken(0.2)
    enmo, mad, _, _ = Activity(rows=1, rate_hz=32).push(x)
    length = np.sqrt((x[0] ** 2).sum(axis=0))
    for second in (4, 20, 39):
        epoch = length[32 * (second - 4) : 32 * (second + 1)]
        assert enmo[0, second] == pytest.approx(np.maximum(epoch - 1, 0).mean(), rel=1e-12)
        assert mad[0, second] == pytest.approx(np.abs(epoch - epoch.mean()).mean(), rel=1e-12)


def test_the_level_rises_with_movement_and_children_have_other_bounds() -> None:
    sizes = (0.01, 0.12, 0.3, 0.8)
    levels = [Activity(rows=1, rate_hz=32).push(shaken(size_g))[2][0, -1] for size_g in sizes]
    assert levels == [0, 1, 2, 3]
    child = [Activity(rows=1, rate_hz=32, levels_g=CHILD_G).push(shaken(size_g))[2][0, -1] for size_g in sizes]
    assert child == [0, 1, 1, 2]


def test_still_is_five_seconds_without_movement() -> None:
    x = np.concatenate([shaken(0.01), shaken(0.3, seconds=1), shaken(0.01)], axis=2)
    still = Activity(rows=1, rate_hz=32).push(x)[3][0]
    assert np.isnan(still[:4]).all()
    assert (still[4:40] == 1).all()
    assert (still[40:45] == 0).all()
    assert (still[45:] == 1).all()


def test_a_sensor_that_takes_gravity_for_more_is_put_right_by_rest() -> None:
    x = shaken(0.005, seconds=900, unit=1.02)
    enmo = Activity(rows=1, rate_hz=32).push(x)[0][0]
    assert enmo[10] > 0.015
    assert enmo[-1] < 0.006


def test_what_is_no_rest_teaches_nothing_about_gravity() -> None:
    operator = Activity(rows=1, rate_hz=32)
    operator.push(shaken(0.3, seconds=900, unit=1.02))
    operator.push(shaken(0.001, seconds=100, unit=1.3))
    assert operator.snapshot()["state"]["unit"][0] == 1.0


def test_activity_is_unknown_until_five_seconds_are_known_without_a_break() -> None:
    x = shaken(0.05)
    x[0, 1, 32 * 20 : 32 * 20 + 20] = np.nan
    for out in Activity(rows=1, rate_hz=32).push(x):
        assert np.isnan(out[0, 20:25]).all()
        assert np.isfinite(out[0, 4:20]).all()
        assert np.isfinite(out[0, 25:]).all()


def test_activity_says_what_it_cannot_use() -> None:
    with pytest.raises(SignalError, match=r"^Activity\.rate_hz: must be a whole number"):
        Activity(rows=1, rate_hz=12.5)  # type: ignore[arg-type]
    with pytest.raises(SignalError, match=r"^Activity\.still_g"):
        Activity(rows=1, rate_hz=32, still_g=0.0)
    with pytest.raises(SignalError, match=r"^Activity\.levels_g"):
        Activity(rows=1, rate_hz=32, levels_g=(0.1, 0.05, 0.4))


@pytest.mark.parametrize("degrees", [-80.0, -30.0, 0.0, 45.0, 80.0])
def test_the_elevation_is_the_angle_of_the_forearm_over_the_horizon(degrees: float) -> None:
    elevation, turn, _ = Posture(rows=1, rate_hz=32).push(turned([degrees]))
    assert elevation[0, -1] == pytest.approx(degrees, abs=0.5)
    assert turn[0, -1] < 0.5
    assert np.isnan(turn[0, :5]).all()


def test_a_turn_is_the_same_however_the_band_sits() -> None:
    x = turned([0, 60, 20, -40])
    other, _ = np.linalg.qr(np.random.default_rng(7).standard_normal((3, 3)))
    _, one, changes = Posture(rows=1, rate_hz=32).push(x)
    _, two, same = Posture(rows=1, rate_hz=32).push(np.ascontiguousarray(other @ x[0])[None])
    np.testing.assert_allclose(one, two, atol=1e-6)
    np.testing.assert_array_equal(changes, same)
    assert np.nanmax(one) == pytest.approx(60, abs=2)


def test_postures_held_anew_are_counted_over_a_minute() -> None:
    _, _, rate = Posture(rows=1, rate_hz=32).push(turned([0, 60, 0, 60, 0, 60, 0, 0, 0, 0, 0, 0, 0]))
    assert np.isnan(rate[0, :29]).all()
    assert rate[0, 66] == 6
    assert rate[0, 129] == 0


def test_small_turns_are_no_new_posture() -> None:
    _, _, rate = Posture(rows=1, rate_hz=32).push(turned([0, 20, 0, 20, 0, 20, 0]))
    assert rate[0, -1] == 0


def test_a_fall_has_no_direction() -> None:
    x = turned([0.0], seconds=20)
    x[0, :, 320:] *= 0.1
    elevation, turn, rate = Posture(rows=1, rate_hz=32).push(x)
    assert np.isfinite(elevation[0, :10]).all()
    for out in (elevation, turn, rate):
        assert np.isnan(out[0, 10:]).all()


def test_posture_says_what_it_cannot_use() -> None:
    with pytest.raises(SignalError, match=r"^Posture\.axis: must be 0, 1 or 2"):
        Posture(rows=1, rate_hz=32, axis=3)
    with pytest.raises(SignalError, match=r"^Posture\.new_deg"):
        Posture(rows=1, rate_hz=32, new_deg=0.0)


def test_an_hour_of_desk_work_is_mostly_inactive_and_gravity_is_near_one(shared_data: Path) -> None:
    motion = read(shared_data / "stress_predict" / "S08.zip").whole("motion").values
    operator = Activity(rows=1, rate_hz=32)
    _, _, level, still = operator.push(np.ascontiguousarray(motion[None, :, : motion.shape[1] // 32 * 32]))
    assert np.nanmean(level[0] == 0) > 0.9
    assert 0.5 < np.nanmean(still[0]) < 0.95
    assert 0.98 < operator.snapshot()["state"]["unit"][0] < 1.02


def test_gravity_that_turns_over_into_nothing_has_no_direction_and_stops_nobody() -> None:
    before_g, after_g = next(
        (g, g - g / SMOOTH)
        for g in np.linspace(0.87, 1.2, 4001)
        if g + SMOOTH * ((g - g / SMOOTH) - g) == 0
        and all(np.cumsum(np.full(32, m))[-1] / 32 == m for m in (g, g - g / SMOOTH))
    )
    x = np.zeros((1, 3, 64))
    x[0, 2, :32], x[0, 2, 32:] = before_g, after_g
    elevation, _, _ = Posture(rows=1, rate_hz=32, axis=2).push(x)
    assert elevation[0, 0] == 90
    assert np.isnan(elevation[0, 1])
