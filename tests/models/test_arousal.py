"""What the training-free detector makes of a day: sitting still with sweat and pulse rising is told, running is not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from alerts.policy import Policy
from models import arousal_kernel
from models.arousal import Arousal
from models.arousal_kernel import FADE_S, LEARN_S, STALE_S, learn
from models.errors import ModelError
from models.risk import Abstention, Risk
from signals.features import FEATURES, NAMES, column

Array = NDArray[np.float64]
LEARNT = int(LEARN_S)
HIGH, LOW = Policy().enter, Policy().leave


def watch(features: Array) -> Risk:
    return Arousal(rows=1).push(np.zeros(1, np.int64), features)


def test_nothing_is_said_of_somebody_new_and_the_board_can_count_the_minutes(day: type) -> None:
    risk = watch(day(LEARNT + 60).features)
    assert (risk.abstention[0, :LEARNT] == Abstention.LEARNING).all()
    assert (risk.abstention[0, LEARNT:] == Abstention.NONE).all()
    np.testing.assert_allclose(risk.learnt[0, :LEARNT], np.arange(1, LEARNT + 1) / LEARNT)
    assert (risk.learnt[0, LEARNT:] == 1).all()


def test_rest_is_low(day: type) -> None:
    probability = watch(day(2 * 3600).features).probability[0, LEARNT:]
    assert probability.max() < LOW
    assert np.median(probability) < 0.1


def test_sitting_still_with_sweat_and_pulse_rising_is_high_within_half_a_minute(day: type) -> None:
    scene = day(3000)
    scene.sweat(2000, 2300)
    scene.pulse(18.0, 2000, 2300)
    probability = watch(scene.features).probability[0]
    assert probability[1990] < LOW
    assert (probability[2030:2300] >= HIGH).all()
    assert (probability[2400:] <= LOW).all()


def test_exercise_with_sweat_and_pulse_is_low_and_so_are_the_minutes_after(day: type) -> None:
    scene = day(4000)
    scene.exercise(0.4, 1500, 2400)
    probability = watch(scene.features).probability[0, LEARNT:]
    assert probability.max() < HIGH
    assert np.quantile(probability, 0.99) < LOW + 0.1


def test_the_same_pulse_and_sweat_without_movement_are_high(day: type) -> None:
    scene = day(4000)
    scene.exercise(0.4, 1500, 2400)
    for name in ("motion_g", "motion_minute_g"):
        scene.change(name, lambda x: 0 * x + 0.02)
    assert watch(scene.features).probability[0, 1560:2000].min() >= HIGH


def test_agitation_does_not_hide_a_pulse_that_movement_cannot_explain(day: type) -> None:
    scene = day(3000)
    scene.change("motion_g", lambda x: 0 * x + 0.08, 2000, 2300)
    scene.change("motion_minute_g", lambda x: 0 * x + 0.08, 2030, 2300)
    scene.sweat(2000, 2300)
    scene.pulse(35.0, 2000, 2300)
    assert watch(scene.features).probability[0, 2060:2300].min() >= HIGH


@pytest.mark.parametrize(("hz", "told"), [(2.5, True), (1.3, False)])
def test_flapping_hands_do_not_hide_what_running_would_explain(day: type, hz: float, told: bool) -> None:
    scene = day(3000)
    scene.flap(hz, 2000, 2300)
    scene.sweat(2000, 2300)
    scene.pulse(30.0, 2000, 2300)
    probability = watch(scene.features).probability[0, 2060:2300]
    assert (probability >= HIGH).all() if told else (probability < HIGH).all()


def test_flapping_alone_is_low(day: type) -> None:
    scene = day(3000)
    scene.flap(2.5, 2000, 2300)
    scene.pulse(5.0, 2000, 2300)
    assert watch(scene.features).probability[0, 2000:].max() < LOW


def test_a_slow_drift_over_hours_is_low(day: type) -> None:
    n = 6 * 3600
    scene = day(n)
    scene.change("eda_level_uS", lambda x: x * np.geomspace(1, 4, n))
    scene.change("heart_rate_bpm", lambda x: x + np.linspace(0, 15, n))
    assert watch(scene.features).probability[0, LEARNT:].max() < HIGH


def test_an_episode_does_not_become_usual(day: type) -> None:
    scene = day(6000)
    for since in (2000, 4500):
        scene.sweat(since, since + 1200)
        scene.pulse(20.0, since, since + 1200)
    probability = watch(scene.features).probability[0]
    assert probability[3100:3200].min() >= HIGH
    assert probability[4560:5600].min() >= HIGH


def test_a_new_usual_is_learnt_in_the_end(day: type) -> None:
    n = 12 * 3600
    scene = day(n)
    scene.change("heart_rate_bpm", lambda x: x + 20, 2000, n)
    scene.change("eda_level_uS", lambda x: x * 1.5, 2000, n)
    assert watch(scene.features).probability[0, -600:].max() < HIGH


@pytest.mark.parametrize("lost", ["heart_rate_bpm", "eda_level_uS"])
def test_sweat_or_pulse_alone_suffices_and_says_less(day: type, lost: str) -> None:
    scene = day(3000)
    scene.sweat(2000, 2300)
    scene.pulse(25.0, 2000, 2300)
    both = watch(scene.features)
    scene.change(lost, lambda x: x * np.nan)
    alone = watch(scene.features)
    assert (alone.abstention[0, LEARNT:] == Abstention.NONE).all()
    assert (alone.probability[0, 2100:2290] > 0.4).all()
    assert (alone.probability[0, 2100:2290] < both.probability[0, 2100:2290]).all()


def test_a_band_that_is_off_is_said_to_be_off_and_nothing_is_learnt_from_it(day: type) -> None:
    scene = day(2000)
    scene.change("worn", lambda x: 0 * x, 1000, 1500)
    scene.change("heart_rate_bpm", lambda x: 0 * x + 140, 1000, 1500)
    risk = watch(scene.features)
    assert (risk.abstention[0, 1000:1500] == Abstention.NOT_WORN).all()
    assert risk.probability[0, 1500:].max() < LOW


@pytest.mark.parametrize(
    ("unknown", "reason"),
    [
        (["eda_level_uS", "heart_rate_bpm"], Abstention.POOR_SIGNAL),
        (["worn"], Abstention.NONE),
        (["worn", "heart_rate_bpm"], Abstention.POOR_SIGNAL),
        (["temperature_C", "temperature_slope_C_per_min"], Abstention.NONE),
        (["motion_g", "motion_minute_g"], Abstention.NONE),
        (list(NAMES), Abstention.NO_SIGNAL),
    ],
)
def test_what_is_missing_decides_whether_anything_is_said(day: type, unknown: list[str], reason: Abstention) -> None:
    scene = day(1000)
    for name in unknown:
        scene.change(name, lambda x: x * np.nan, 800)
    assert (watch(scene.features).abstention[0, 800:] == reason).all()


def test_what_is_invalid_counts_for_nothing(day: type) -> None:
    scene = day(1200)
    scene.sweat(1000, 1200)
    scene.change("eda_valid", lambda x: 0 * x, 1000)
    risk = watch(scene.features)
    sweat = [Arousal(rows=1).driver_names.index(name) for name in ("sweat_level", "sweat_drive", "response_size")]
    assert risk.probability[0, 1000:].max() < LOW
    assert np.abs(risk.drivers[0, 1199][sweat]).max() < 0.01


def test_unknown_movement_halves_what_is_said(day: type) -> None:
    scene = day(2000)
    scene.pulse(18.0, 1500, 2000)
    seen = watch(scene.features)
    scene.change("motion_g", lambda x: x * np.nan, 1400)
    pulse = Arousal(rows=1).driver_names.index("pulse")
    blind = watch(scene.features)
    assert 0.4 < blind.drivers[0, 1600, pulse] / seen.drivers[0, 1600, pulse] < 0.6


def test_a_band_without_an_accelerometer_tells_the_pulse_at_half(day: type) -> None:
    scene = day(2000)
    scene.pulse(18.0, 1500, 2000)
    pulse = Arousal(rows=1).driver_names.index("pulse")
    seen = watch(scene.features).drivers[0, 1600, pulse]
    for name in ("motion_g", "motion_minute_g"):
        scene.change(name, lambda x: x * np.nan)
    assert 0.4 < watch(scene.features).drivers[0, 1600, pulse] / seen < 0.6


def test_after_a_silence_the_estimate_starts_anew_with_what_was_learnt(day: type) -> None:
    scene = day(1400)
    scene.pulse(25.0, 1100, 1200)
    scene.features[0, 1200:1210] = np.nan
    risk = watch(scene.features)
    assert risk.probability[0, 1199] > 0.5
    assert risk.abstention[0, 1210] == Abstention.NONE
    assert risk.probability[0, 1210] < 0.2


def test_a_pulse_lost_for_ten_seconds_goes_on_counting_and_fades(day: type) -> None:
    scene = day(1200)
    scene.pulse(30.0, 1000, 1200)
    scene.change("heart_rate_bpm", lambda x: x * np.nan, 1100, 1109)
    said = watch(scene.features).drivers[0, :, Arousal(rows=1).driver_names.index("pulse")]
    assert (np.diff(said[1099:1109]) < 0).all()
    assert said[1108] == pytest.approx(said[1099] * (1 - 1 / FADE_S) ** 9)
    assert said[1140] > 0.95 * said[1099]


def test_a_pulse_lost_for_longer_counts_no_more(day: type) -> None:
    scene = day(1300)
    scene.pulse(30.0, 1000, 1300)
    scene.change("heart_rate_bpm", lambda x: x * np.nan, 1100, 1160)
    risk = watch(scene.features)
    said = risk.drivers[0, :, Arousal(rows=1).driver_names.index("pulse")]
    gone = 1100 + int(STALE_S) - 1
    assert said[gone - 1] > 2
    assert (said[gone:1160] == 0).all()
    assert (risk.probability[0, gone:1160] < LOW).all()
    assert said[1200] > 2


def test_fading_evidence_alone_never_raises_the_probability(day: type) -> None:
    scene = day(1200)
    scene.pulse(30.0, 1000, 1200)
    scene.features[0, 1100:] = scene.features[0, 1100]
    for name in ("heart_rate_bpm", "temperature_slope_C_per_min", "motion_minute_g"):
        scene.change(name, lambda x: x * np.nan, 1140)
    risk = watch(scene.features)
    assert (risk.abstention[0, 1140:] == Abstention.NONE).all()
    assert (np.diff(risk.probability[0, 1139 : 1140 + int(STALE_S)]) < 0).all()


def test_no_hold_is_filled_by_a_pulse_that_is_gone() -> None:
    looked_back_s = FEATURES[column("heart_rate_bpm")].window_s
    assert looked_back_s + STALE_S <= Policy().hold_s


def test_a_silence_ages_what_was_said_however_it_is_told(day: type) -> None:
    scene = day(1200)
    scene.pulse(30.0, 1000, 1200)
    before, after = scene.features[:, :1100], scene.features[:, 1108:].copy()
    after[..., column("heart_rate_bpm")] = np.nan
    silent, skipped = Arousal(rows=1), Arousal(rows=1)
    silent.push(np.zeros(1, np.int64), before)
    skipped.push(np.zeros(1, np.int64), before)
    silent.push(np.array([1100]), np.full((1, 8, len(NAMES)), np.nan))
    one, other = (model.push(np.array([1108]), after) for model in (silent, skipped))
    np.testing.assert_array_equal(one.drivers, other.drivers)
    assert one.drivers[0, 2, Arousal(rows=1).driver_names.index("pulse")] == 0


def test_a_day_of_somebody_flat_asleep_stays_finite(day: type) -> None:
    scene = day(40_000)
    scene.features[0, 1000:] = scene.features[0, 1000]
    scene.change("motion_g", lambda x: 0 * x, 1000)
    model = Arousal(rows=1)
    risk = model.push(np.zeros(1, np.int64), scene.features)
    assert np.isfinite(risk.probability[0, LEARNT:]).all()
    smallest = np.finfo(float).tiny
    for array in model.snapshot().values():
        values = np.abs(np.asarray(array, float))
        assert not ((values > 0) & (values < smallest)).any()


def test_the_usual_of_the_first_minutes_is_their_plain_average() -> None:
    values = np.random.default_rng(3).normal(5, 1, 50)
    usual = np.zeros(3)
    for value in values:
        learn(value, 1.0, usual)
    assert usual[0] == pytest.approx(values.mean())
    assert usual[2] == 50


def test_an_artefact_hardly_moves_the_usual() -> None:
    usual = np.array([5.0, 1.0, 3600.0])
    for _ in range(60):
        learn(1e6, 1.0, usual)
    assert usual[0] < 5.1


def test_a_ward_of_nobody_is_refused() -> None:
    with pytest.raises(ModelError, match="rows"):
        Arousal(rows=0)


def test_features_are_read_from_their_own_columns(day: type) -> None:
    scene = day(700)
    for name in ("eda_slope_uS_per_min", "temperature_C", "ppg_quality"):
        scene.change(name, lambda x: x * np.nan)
    assert (watch(scene.features).abstention[0, LEARNT:] == Abstention.NONE).all()
    assert scene.features[0, 0, column("worn")] == 1


def test_compiled_and_plain_kernels_agree(day: type, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = day(1000)
    scene.sweat(700, 900)
    scene.exercise(0.3, 800, 900)
    scene.features[0, 650:670] = np.nan
    compiled = watch(scene.features)
    for name, kernel in vars(arousal_kernel).copy().items():
        if hasattr(kernel, "py_func"):
            monkeypatch.setattr(arousal_kernel, name, kernel.py_func)
    monkeypatch.setattr("models.arousal.run", arousal_kernel.run)
    plain = watch(scene.features)
    np.testing.assert_array_equal(plain.abstention, compiled.abstention)
    np.testing.assert_allclose(plain.drivers, compiled.drivers, rtol=1e-9, atol=1e-9)
