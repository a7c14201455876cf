"""Beats whose truth is known: clean, noisy, in movement, slow, fast, early, clipped and absent."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.moving_wrists import wrist
from signals.errors import SignalError
from signals.filters import Filter, high_pass, low_pass
from signals.gaps import Gaps
from signals.heart import pulses_band, pulses_beats, pulses_steady
from signals.heart.pulses import Pulses
from signals.heart.pulses_beats import BAND_HZ, Beats
from signals.heart.pulses_steady import Steady
from signals.laws.streams import pulse_wave
from signals.types import Array

SECONDS = 90
SHIFT_S = 0.02


def beats_at(bpm: float, *, swing: float = 0.04, seed: int = 1) -> Array:
    """Return beat times of a rate that swings with breathing."""
    rng = np.random.default_rng(seed)
    times, t = [], 0.3
    while t < SECONDS - 1:
        times.append(t)
        t += 60 / bpm * (1 + swing * np.sin(2 * np.pi * 0.25 * t)) + 0.003 * rng.standard_normal()
    return np.array(times)


def told_beats(x: Array, motion: Array | None = None, *, rate_hz: int = 64) -> tuple[Array, Array, Array, Array]:
    """Return times, intervals, lags and qualities of the beats found in one row."""
    if motion is None:
        told, lag_s, quality = Beats(rows=1, rate_hz=rate_hz).push(x[None])
    else:
        told, lag_s, quality = Beats(rows=1, rate_hz=rate_hz, motion_hz=32).push(x[None], motion[None])
    at = np.flatnonzero(told[0] > 0)
    return at / rate_hz - lag_s[0, at], told[0, at], lag_s[0, at], quality[0, at]


def found_and_true(found_s: Array, beat_s: Array, *, within_s: float = 0.1) -> tuple[float, float]:
    """Return sensitivity and PPV, 4 s after the beginning and before the end left out, after a constant shift."""
    away = found_s[:, None] - beat_s
    nearest = away[np.abs(away).argmin(axis=0), np.arange(len(beat_s))]
    close = np.abs(away - np.median(nearest[np.abs(nearest) < 0.3])) < within_s
    inner, found = (beat_s > 4) & (beat_s < beat_s[-1] - 4), (found_s > 4) & (found_s < beat_s[-1] - 4)
    return float(close.any(axis=0)[inner].mean()), float(close.any(axis=1)[found].mean())


@pytest.mark.parametrize("rate_hz", [32, 64, 100])
@pytest.mark.parametrize("bpm", [40, 60, 80, 110, 150, 200])
def test_beats_are_found_where_they_are(bpm: int, rate_hz: int) -> None:
    beat_s = beats_at(bpm)
    x = 50 * pulse_wave(beat_s, seconds=SECONDS, rate_hz=rate_hz)
    found_s, interval_s, _, _ = told_beats(x, rate_hz=rate_hz)
    within = beat_s[(beat_s > 6) & (beat_s < SECONDS - 6)]
    away = found_s[:, None] - within
    nearest = away[np.abs(away).argmin(axis=0), np.arange(len(within))]
    assert np.abs(nearest - np.median(nearest)).max() < 0.03
    assert -0.15 < np.median(nearest) < 0.05  # the upstroke comes before the peak, the filter is late
    truth = np.interp(found_s, beat_s[1:] + np.median(nearest), np.diff(beat_s))
    np.testing.assert_allclose(interval_s[5:-1], truth[5:-1], atol=0.03)


@pytest.mark.parametrize("gain", [1e-3, 1.0, 1e6])
def test_the_unit_of_ppg_does_not_matter(gain: float) -> None:
    x = pulse_wave(beats_at(75), seconds=SECONDS)
    for one, other in zip(told_beats(gain * x), told_beats(x), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


@pytest.mark.parametrize("bpm", [50, 70, 100, 140, 190])
def test_beats_are_found_in_noise_and_wander(bpm: int) -> None:
    rng, beat_s = np.random.default_rng(bpm), beats_at(bpm)
    wave = 50 * pulse_wave(beat_s, seconds=SECONDS)
    wander = 30 * np.sin(2 * np.pi * 0.2 * np.arange(wave.size) / 64)
    sensitivity, ppv = found_and_true(told_beats(wave + wander + 8 * rng.standard_normal(wave.size))[0], beat_s)
    assert sensitivity >= 0.97
    assert ppv >= 0.97


def test_a_gain_that_changes_by_ten_is_followed() -> None:
    beat_s = beats_at(75)
    gain = np.exp(np.log(10) * np.sin(2 * np.pi * np.arange(64 * SECONDS) / 64 / 60))
    assert min(found_and_true(told_beats(gain * pulse_wave(beat_s, seconds=SECONDS))[0], beat_s)) == 1.0


def test_clipped_ppg_keeps_its_beats() -> None:
    beat_s = beats_at(75)
    x = np.clip(pulse_wave(beat_s, seconds=SECONDS), 0.1, 0.5)
    assert min(found_and_true(told_beats(x)[0], beat_s)) == 1.0


def test_early_beats_are_told_with_their_own_intervals() -> None:
    """Every tenth beat comes at 0.7 of its interval, and the next one when it would have come anyway."""
    beat_s = beats_at(70, swing=0.0)
    beat_s[10::10] -= 0.3 * 60 / 70
    found_s, interval_s, _, _ = told_beats(pulse_wave(beat_s, seconds=SECONDS))
    assert min(found_and_true(found_s, beat_s)) == 1.0
    assert (interval_s < 0.7).sum() >= 7


def test_a_beat_is_told_once_the_next_one_was_waited_for() -> None:
    for bpm, longest_s in ((60, 1.4), (45, 1.8), (150, 1.2)):
        _, _, lag_s, _ = told_beats(pulse_wave(beats_at(bpm), seconds=SECONDS))
        assert lag_s.min() >= 0.98
        assert lag_s[4:].max() <= longest_s


def test_the_first_beats_of_all_are_told_too() -> None:
    beat_s = beats_at(70)
    found_s, interval_s, _, _ = told_beats(pulse_wave(beat_s, seconds=SECONDS))
    assert found_s[0] - interval_s[0] < beat_s[1]


def test_a_good_beat_is_of_better_quality_than_noise() -> None:
    wave = pulse_wave(beats_at(75), seconds=SECONDS)
    _, _, _, clean = told_beats(wave)
    assert np.quantile(clean, 0.05) > 0.8
    for colour in ("white", "brown"):
        low = []
        for seed in range(10):
            noise = np.random.default_rng(seed).standard_normal(64 * SECONDS)
            low.append(told_beats(np.cumsum(noise) if colour == "brown" else noise)[3])
        assert np.mean(np.concatenate(low) < 0.5) > 0.65
        assert np.mean(np.concatenate(low) < 0.8) > 0.93


def test_quality_is_the_share_of_intervals_that_are_right() -> None:
    qualities, right = [], []
    for seed, snr_db in enumerate((10.0, 5.0, 0.0, 0.0, -5.0, -5.0)):
        one = wrist(seed=1000 + seed, snr_db=snr_db, seconds=90)
        found_s, interval_s, _, quality = told_beats(one.ppg, one.motion)
        truth = one.beat_s + SHIFT_S
        true = [np.abs(truth - t).min() < 0.1 for t in found_s]
        true_before = [np.abs(truth - t).min() < 0.1 for t in found_s - interval_s]
        qualities.append(quality)
        right.append(np.logical_and(true, true_before))
    quality, good = np.concatenate(qualities), np.concatenate(right)
    assert good[quality >= 0.8].mean() >= 0.9
    assert good[quality < 0.3].mean() <= 0.5


def test_acceleration_finds_beats_that_movement_hides() -> None:
    plain, aided = [], []
    for seed in range(4):
        one = wrist(seed=2000 + seed, snr_db=-5, seconds=90)
        plain.append(found_and_true(told_beats(one.ppg)[0], one.beat_s))
        aided.append(found_and_true(told_beats(one.ppg, one.motion)[0], one.beat_s))
    assert (np.mean(aided, axis=0) > np.mean(plain, axis=0) + 0.05).all()


def test_acceleration_that_is_a_stranger_to_the_light_takes_hardly_anything_off() -> None:
    one, other = wrist(seed=1, snr_db=40, seconds=90), wrist(seed=2, snr_db=40, seconds=90)
    sensitivity, ppv = found_and_true(told_beats(one.ppg, other.motion)[0], one.beat_s)
    assert sensitivity >= 0.97
    assert ppv >= 0.97


def test_movement_that_is_unknown_changes_nothing() -> None:
    one = wrist(seed=1, snr_db=5, seconds=90)
    for found, wanted in zip(told_beats(one.ppg, np.full_like(one.motion, np.nan)), told_beats(one.ppg), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_what_one_axis_does_to_the_light_is_taken_off() -> None:
    rng = np.random.default_rng(3)
    sos = np.vstack([high_pass(cutoff_hz=0.5, rate_hz=32, order=2), low_pass(cutoff_hz=4, rate_hz=32, order=2)])
    motion = 0.3 * rng.standard_normal((1, 3, 32 * 60))
    moved = Filter(sos, rows=1, rate_hz=32, hold_s=0.1, warm_s=0).push(motion[:, 1])
    x = 40 * np.interp(np.arange(64 * 60) / 2, np.arange(32 * 60), np.roll(moved[0], 3))[None]
    left = Steady(rows=1, rate_hz=64, motion_hz=32, band_hz=BAND_HZ).push(x, motion)
    assert left[0, 64 * 20 :].std() < 0.25 * x[0, 64 * 20 :].std()


def test_movement_that_hardly_shakes_the_light_takes_hardly_anything_off() -> None:
    taken = []
    for seed in range(6):
        one = wrist(seed=3000 + seed, snr_db=20, seconds=60)
        light = Filter(
            np.vstack([high_pass(cutoff_hz=0.5, rate_hz=64, order=2), low_pass(cutoff_hz=3.5, rate_hz=64, order=2)]),
            rows=1,
            rate_hz=64,
            hold_s=0.1,
            warm_s=0,
        ).push(one.ppg[None])
        left = Steady(rows=1, rate_hz=64, motion_hz=32, band_hz=BAND_HZ).push(light, one.motion[None])
        taken.append((left - light)[0].var() / light[0].var())
    assert np.median(taken) < 0.02


def test_the_band_of_light_is_the_filters_of_the_textbook() -> None:
    rng = np.random.default_rng(1)
    x = 5 + rng.standard_normal((2, 640))
    low, high = BAND_HZ
    sos = np.vstack([high_pass(cutoff_hz=low, rate_hz=64, order=2), low_pass(cutoff_hz=high, rate_hz=64, order=2)])
    wanted = Filter(sos, rows=2, rate_hz=64, hold_s=0.1, warm_s=0).push(x)
    bridged = Gaps(rows=2, rate_hz=64, hold_s=0.1).push(x)
    band = pulses_band.sections(BAND_HZ, rate_hz=64)
    pulses_band.pass_light(bridged.filled, bridged.standing, np.arange(2), band, np.zeros((2, 5)))
    np.testing.assert_allclose(bridged.filled, wanted, atol=1e-12)
    moved, motion = np.empty((1, 3, 640)), rng.standard_normal((1, 3, 640))
    pulses_band.pass_motion(motion, np.arange(1), 6, band, np.zeros((1, 17)), moved)
    textbook = Filter(sos, rows=3, rate_hz=64, hold_s=0.1, warm_s=0).push(motion[0])
    np.testing.assert_allclose(moved[0], textbook, atol=1e-12)


def test_compiled_and_plain_beats_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    one = wrist(seed=5, snr_db=5, seconds=20)
    x, motion = one.ppg.copy(), one.motion.copy()
    x[300:330], motion[:, 400:420] = np.nan, np.nan
    compiled = Beats(rows=1, rate_hz=64, motion_hz=32).push(x[None], motion[None])
    for module in (pulses_band, pulses_beats, pulses_steady):
        for name, thing in list(vars(module).items()):
            if hasattr(thing, "py_func"):
                monkeypatch.setattr(module, name, thing.py_func)
    twin: Any = Beats(rows=1, rate_hz=64, motion_hz=32)
    for operator, names in ((twin, ("_state", "_rises")), (twin._steady, ("_state",))):
        for name in names:  # outside of numba, fields have no attributes
            setattr(operator, name, getattr(operator, name).view(np.recarray))
    for found, wanted in zip(twin.push(x[None], motion[None]), compiled, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**20),
    gain=st.floats(1e-3, 1e3),
    colour=st.sampled_from(["white", "brown", "steps", "flat"]),
)
def test_whatever_comes_what_is_told_can_be_meant(seed: int, gain: float, colour: str) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(64 * 20)
    made = {"white": noise, "brown": np.cumsum(noise), "steps": np.round(np.cumsum(noise) / 5), "flat": 0 * noise}
    found_s, interval_s, lag_s, quality = told_beats(gain * made[colour])
    assert ((interval_s >= 0.25) & (interval_s <= 2.02)).all()
    assert ((lag_s > 0.9) & (lag_s < 4.0)).all()
    assert ((quality > 0) & (quality < 1)).all()
    np.testing.assert_array_less(0.2, np.diff(found_s))


def test_believed_pulses_are_the_beats_of_good_quality() -> None:
    one = wrist(seed=3, snr_db=0, seconds=60)
    told, lag, quality = Beats(rows=1, rate_hz=64).push(one.ppg[None])
    believed, believed_lag = Pulses(rows=1, rate_hz=64, least=0.6).push(one.ppg[None])
    good = quality >= 0.6
    np.testing.assert_array_equal(believed, np.where(good, told, 0))
    np.testing.assert_array_equal(believed_lag, np.where(good, lag, 0))
    assert 0 < good.sum() < (told > 0).sum()


def test_arguments_that_cannot_be_used_are_named() -> None:
    x, motion = np.zeros((1, 128)), np.zeros((1, 3, 64))
    with pytest.raises(SignalError, match=r"^Pulses\.least"):
        Pulses(rows=1, rate_hz=64, least=2.0)
    with pytest.raises(SignalError, match=r"^Beats\.motion: must be \(1, 3, n\)"):
        Beats(rows=1, rate_hz=64, motion_hz=32).push(x, motion[:, :2])
    with pytest.raises(SignalError, match=r"^Beats\.motion: 63 samples do not go with 128"):
        Beats(rows=1, rate_hz=64, motion_hz=32).push(x, motion[..., 1:])
    with pytest.raises(SignalError, match=r"^Beats\.motion: is given if"):
        Beats(rows=1, rate_hz=64).push(x, motion)
    with pytest.raises(SignalError, match=r"^Steady\.motion_hz: must divide 64 Hz"):
        Steady(rows=1, rate_hz=64, motion_hz=30, band_hz=BAND_HZ)
    with pytest.raises(SignalError, match=r"^Beats\.wait_s"):
        Beats(rows=1, rate_hz=64, wait_s=0.1)


@pytest.mark.parametrize("session", ["S05", "S09", "S13"])
def test_the_beats_of_a_band_are_found(session: str, shared_data: Path) -> None:
    """The E4's own beats, where they follow each other for 10 at least: 98 in 100 within 150 ms."""
    with zipfile.ZipFile(shared_data / "stress_predict" / f"{session}.zip") as archive:
        names = {Path(name).name: name for name in archive.namelist()}
        ppg = np.loadtxt(io.BytesIO(archive.read(names["BVP.csv"])), delimiter=",")
        ibi = np.loadtxt(io.BytesIO(archive.read(names["IBI.csv"]).split(b"\n", 1)[1]), delimiter=",")
    found_s = told_beats(ppg[2:])[0]
    linked = np.concatenate([[False], np.abs(np.diff(ibi[:, 0]) - ibi[1:, 1]) < 0.02]).astype(float)
    beat_s = ibi[np.convolve(linked, np.ones(10), "same") >= 10, 0]
    at = np.searchsorted(found_s, beat_s - 0.1)
    away = np.stack([found_s[np.clip(at + j, 0, len(found_s) - 1)] - beat_s for j in range(2)])
    nearest = np.take_along_axis(away, np.abs(away - 0.13).argmin(axis=0)[None], axis=0)[0]
    assert (np.abs(nearest - np.median(nearest)) < 0.15).mean() >= 0.98
