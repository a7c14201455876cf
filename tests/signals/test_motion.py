"""Wrists that move and turn, or lie still."""

import numpy as np
import pytest

from signals.motion.movement import Movement


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
