"""Heart-rate variability: every number against a plain twin, sine waves of known power, and what is not said."""

import numpy as np
import pytest
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.heart.hrv import Variability, features
from signals.heart.hrv_periodogram import band_power, periodogram
from signals.heart.hrv_windows import FEATURES, of_beats

Array = NDArray[np.float64]
HZ = 64


def beats(interval_s: Array) -> Array:
    """The beats' times."""
    return np.concatenate([[0.5], 0.5 + np.cumsum(interval_s)])


def grid(beat_s: Array, *, seconds: int) -> Array:
    """Events on the grid: each beat's interval at the sample at which it ended."""
    x = np.zeros((1, HZ * seconds))
    at = (beat_s[1:] * HZ).astype(int)
    inside = at < x.shape[1]
    x[0, at[inside]] = np.diff(beat_s)[inside]
    return x


def wandering(seed: int, *, count: int = 400) -> Array:
    rng = np.random.default_rng(seed)
    return 0.8 + 0.05 * np.sin(np.arange(count) / 4) + 0.02 * rng.standard_normal(count)


def modulated(*, hz: float, depth_s: float, seconds: int) -> Array:
    beat_s = [0.0]
    while beat_s[-1] < seconds:
        beat_s.append(beat_s[-1] + 0.8 + depth_s * np.sin(2 * np.pi * hz * beat_s[-1]))
    return np.array(beat_s)


def by_least_squares(time_s: Array, x: Array, hz: float) -> float:
    """The periodogram's definition: how much of the sum of squares a sine wave and a mean explain."""
    design = np.stack([np.ones_like(time_s), np.cos(2 * np.pi * hz * time_s), np.sin(2 * np.pi * hz * time_s)], axis=1)
    left = x - design @ np.linalg.lstsq(design, x, rcond=None)[0]
    return float(0.5 * (((x - x.mean()) ** 2).sum() - (left**2).sum()))


@pytest.mark.parametrize("count", [7, 60, 75])
def test_the_periodogram_is_what_a_sine_wave_explains(count: int) -> None:
    x = 1000 * wandering(count, count=count)
    time_s = np.cumsum(x) / 1000 - x[0] / 1000
    power = np.empty(300)
    periodogram(time_s, x, 0.01, 0.003, power)
    wanted = [by_least_squares(time_s, x, 0.01 + 0.003 * k) for k in range(300)]
    np.testing.assert_allclose(power, wanted, rtol=1e-6, atol=1e-6 * max(wanted))


@pytest.mark.parametrize("hz", [0.18, 0.25, 0.33])
def test_a_sine_wave_has_half_its_squared_amplitude_in_its_band(hz: float) -> None:
    beat_s = modulated(hz=hz, depth_s=0.02, seconds=300)
    power = band_power(beat_s[:-1], np.diff(beat_s), 0.15, 0.4, np.empty(256))
    assert power == pytest.approx(1e6 * 0.02**2 / 2, rel=0.05)
    assert band_power(beat_s[:-1], np.diff(beat_s), 0.04, 0.12, np.empty(256)) < 0.05 * power


def test_each_second_says_what_its_window_holds_and_nothing_else() -> None:
    beat_s = beats(wandering(1))
    found = Variability(rows=1, rate_hz=HZ).push(grid(beat_s, seconds=200))[0]
    for second in (60, 61, 120, 199):
        in_window = (np.floor(beat_s[1:] * HZ) >= (second - 60) * HZ) & (np.floor(beat_s[1:] * HZ) < second * HZ)
        x = 1000 * np.diff(beat_s)[in_window]
        step = np.diff(x)
        sd2 = np.sqrt(2 * x.var(ddof=1) - 0.5 * step.var(ddof=1))
        time_s = np.cumsum(x / 1000) - x[0] / 1000
        hf = band_power(time_s, x / 1000, 0.15, 0.4, np.empty(128))
        rate = 60000 / x
        wanted = [x.mean(), x.std(ddof=1), rate.mean(), rate.std(ddof=1), np.sqrt((step**2).mean()), sd2, hf]
        np.testing.assert_allclose(found[second - 1], wanted, rtol=1e-9)


def test_nothing_is_said_before_beats_fill_the_window_or_after_they_no_longer_do() -> None:
    x = grid(beats(wandering(2)), seconds=200)
    x[:, 100 * HZ : 130 * HZ] = np.nan
    found = Variability(rows=1, rate_hz=HZ, least=0.8).push(x)[0]
    known = np.isfinite(found).all(axis=1)
    assert not known[:47].any()
    assert known[50:100].all()
    assert not known[114:170].any()
    assert known[181:].all()


def test_a_missing_beat_makes_no_difference_of_neighbours() -> None:
    interval_s = np.tile([0.8, 0.8, 0.9, 0.9], 100)
    x = grid(beats(interval_s), seconds=120)
    whole = Variability(rows=1, rate_hz=HZ).push(x)[0, -1]
    lost = x.copy()
    lost[0, np.flatnonzero(x[0])[::20]] = 0  # their neighbours' difference is none of two neighbours
    found = Variability(rows=1, rate_hz=HZ, least=0.7).push(lost)[0, -1]
    pairs = np.diff(interval_s)[1:-1]
    assert whole[4] == pytest.approx(1000 * np.sqrt((pairs**2).mean()), rel=0.02)
    assert found[4] == pytest.approx(whole[4], rel=0.05)


def test_what_needs_neighbours_is_unknown_where_beats_are_apart() -> None:
    x = grid(beats(np.full(300, 0.8)), seconds=120)
    x[0, np.flatnonzero(x[0])[::3]] = 0
    found = Variability(rows=1, rate_hz=HZ, least=0.6).push(x)[0, -1]
    assert np.isfinite(found[:4]).all()
    assert np.isnan(found[4:]).all()


def test_low_frequencies_are_said_of_five_minutes_only() -> None:
    short, long = features(window_s=60.0), features(window_s=300.0)
    assert not any("_lf" in feature.name for feature in short)
    assert [feature.name for feature in long][-2:] == ["hrv300_lf_ms2", "hrv300_lf_hf"]
    beat_s = modulated(hz=0.1, depth_s=0.02, seconds=340)
    found = Variability(rows=1, rate_hz=HZ, window_s=300).push(grid(beat_s, seconds=330))[0, -1]
    assert len(found) == len(long)
    assert found[7] == pytest.approx(1e6 * 0.02**2 / 2, rel=0.05)
    assert found[8] > 10


def test_powers_are_held_between_the_seconds_they_are_computed_in() -> None:
    found = Variability(rows=1, rate_hz=HZ, every_s=5).push(grid(beats(wandering(3)), seconds=200))[0]
    changes = np.flatnonzero(np.diff(found[100:, 6]))
    assert len(changes) > 10
    assert (np.diff(changes) == 5).all()
    assert (np.diff(found[100:, 0]) != 0).mean() > 0.5


@pytest.mark.parametrize(
    ("argument", "kwargs"),
    [
        ("window_s", {"window_s": 30}),
        ("window_s", {"window_s": np.nan}),
        ("least", {"least": 0.0}),
        ("every_s", {"every_s": 0}),
        ("every_s", {"every_s": 1.5}),
        ("rate_hz", {"rate_hz": 64.5}),
    ],
)
def test_what_cannot_be_is_refused_by_name(argument: str, kwargs: dict[str, float]) -> None:
    with pytest.raises(SignalError, match=rf"^Variability\.{argument}"):
        Variability(**({"rows": 1, "rate_hz": HZ} | kwargs))


def test_windows_of_beats_are_what_numpy_makes_of_them() -> None:
    interval_s = wandering(4)
    found = dict(
        zip([name for name, _, _ in FEATURES], of_beats(interval_s, np.array([10]), np.array([80]))[0], strict=True)
    )
    x = 1000 * interval_s[10:80]
    step, rate = np.diff(x), 60000 / x
    sd1 = np.sqrt(0.5 * step.var(ddof=1))
    sd2 = np.sqrt(2 * x.var(ddof=1) - 0.5 * step.var(ddof=1))
    wanted = {
        "mean_nni": x.mean(),
        "median_nni": np.median(x),
        "range_nni": np.ptp(x),
        "sdsd": step.std(),
        "rmssd": np.sqrt((step**2).mean()),
        "nni_50": (abs(step) > 50).sum(),
        "pnni_20": 100 * (abs(step) > 20).sum() / len(x),
        "sdnn": x.std(ddof=1),
        "cvnni": x.std(ddof=1) / x.mean(),
        "min_hr": rate.min(),
        "max_hr": rate.max(),
        "std_hr": rate.std(),
        "SD1": sd1,
        "SD2": sd2,
        "CVI": np.log10(16 * sd1 * sd2),
        "CSI_Modified": 4 * sd2**2 / sd1,
    }
    np.testing.assert_allclose([found[name] for name in wanted], list(wanted.values()), rtol=1e-9)
    assert found["total_power"] == pytest.approx(found["vlf"] + found["lf"] + found["hf"])


def test_windows_of_too_few_beats_are_unknown() -> None:
    assert np.isnan(of_beats(wandering(5), np.array([3, 9]), np.array([5, 9]))).all()
