"""Pulses and rhythms whose truth is known, clean, noisy and absent."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signals.errors import SignalError
from signals.heart.pulses import Pulses
from signals.heart.rate import HeartRate
from signals.heart.rhythm import Rhythm
from signals.laws.streams import pulse_wave
from signals.types import Array

SECONDS = 90


def beats_at(bpm: float, *, swing: float = 0.04, seed: int = 1) -> Array:
    """Return beat times of a rate that swings with breathing."""
    rng = np.random.default_rng(seed)
    times, t = [], 0.3
    while t < SECONDS - 1:
        times.append(t)
        t += 60 / bpm * (1 + swing * np.sin(2 * np.pi * 0.25 * t)) + 0.003 * rng.standard_normal()
    return np.array(times)


def rate_of(x: Array) -> tuple[Array, Array]:
    told, _ = Pulses(rows=1, rate_hz=64).push(x[None])
    rate, coverage = HeartRate(rows=1, rate_hz=64).push(Rhythm(rows=1, rate_hz=64).push(told))
    return rate[0], coverage[0]


@pytest.mark.parametrize("bpm", [45, 50, 70, 100, 140, 170])
def test_heart_rate_is_right_in_noise(bpm: int) -> None:
    rng = np.random.default_rng(bpm)
    wave = 50 * pulse_wave(beats_at(bpm), seconds=SECONDS)
    wander = 30 * np.sin(2 * np.pi * 0.2 * np.arange(wave.size) / 64)
    rate, coverage = rate_of(wave + wander + 8 * rng.standard_normal(wave.size))
    assert np.isfinite(rate[20:]).mean() > 0.9
    assert np.nanmedian(np.abs(rate - bpm)) < 0.02 * bpm
    assert np.nanmax(coverage) <= 1


@pytest.mark.parametrize("colour", ["white", "brown"])
def test_noise_has_hardly_any_heart_rate(colour: str) -> None:
    """On average: among many stretches of noise a few repeat themselves for a while."""
    shares = []
    for seed in range(20):
        noise = np.random.default_rng(seed).standard_normal(64 * SECONDS)
        rate, _ = rate_of(np.cumsum(noise) if colour == "brown" else noise)
        shares.append(np.isfinite(rate).mean())
    assert np.mean(shares) <= 0.02


def test_a_flat_line_has_no_beats_and_no_heart_rate() -> None:
    rate, coverage = rate_of(np.full(64 * SECONDS, 7.0))
    assert np.isnan(rate).all()
    assert np.nanmax(coverage) == 0.0


def test_heart_rate_goes_silent_where_pulses_do() -> None:
    x = 50 * pulse_wave(beats_at(70), seconds=SECONDS)
    x[64 * 50 :] = np.random.default_rng(2).standard_normal(x.size - 64 * 50)
    rate, coverage = rate_of(x)
    assert np.isfinite(rate[20:50]).all()
    assert np.isnan(rate[58:]).all()
    assert np.nanmax(coverage[62:]) < 0.5


EVENTS = st.lists(st.sampled_from([0.0, 0.0, 0.1, 0.7, 0.72, 0.8, 0.95, 1.5, 2.5]), min_size=30, max_size=60)


@settings(max_examples=40, deadline=None)
@given(EVENTS)
def test_rhythm_has_a_plain_twin(events: list[float]) -> None:
    found = Rhythm(rows=1, rate_hz=64, change=0.3).push(np.array([events]))
    past: list[float] = []
    for event, accepted in zip(events, found[0], strict=True):
        fits = len(past) >= 5 and abs(event - np.median(past[-9:])) <= 0.3 * np.median(past[-9:])
        physiological = 0.25 <= event <= 2.0
        assert accepted == (event if physiological and fits else 0.0)
        if physiological:
            past.append(event)


def test_a_true_change_of_rate_is_believed_within_five_beats() -> None:
    intervals = np.array([[0.9] * 20 + [0.5] * 20])
    accepted = Rhythm(rows=1, rate_hz=64).push(intervals)[0]
    assert (accepted[5:20] == 0.9).all()
    assert (accepted[20:25] == 0).all()
    assert (accepted[25:] == 0.5).all()


def test_heart_rate_needs_half_of_its_window() -> None:
    x = np.zeros((1, 64 * 20))
    x[0, np.arange(0, 64 * 4, 64)] = 1.0
    x[0, 64 * 10 : 64 * 16 : 64] = 1.0
    rate, coverage = HeartRate(rows=1, rate_hz=64).push(x)
    np.testing.assert_allclose(coverage[0, [3, 9, 12, 15, 19]], [0.4, 0.4, 0.4, 0.6, 0.6])
    np.testing.assert_array_equal(np.isfinite(rate[0]), coverage[0] >= 0.5)
    assert rate[0, 15] == 60.0


def test_heart_rate_takes_whole_seconds() -> None:
    with pytest.raises(SignalError, match=r"^HeartRate\.x: 100 samples are no whole number of 64"):
        HeartRate(rows=1, rate_hz=64).push(np.zeros((1, 100)))


def test_limits_that_are_none_are_refused() -> None:
    with pytest.raises(SignalError, match=r"^Rhythm\.change"):
        Rhythm(rows=1, rate_hz=64, change=0.0)
    with pytest.raises(SignalError, match=r"^HeartRate\.rate_hz"):
        HeartRate(rows=1, rate_hz=0.5)  # type: ignore[arg-type]
