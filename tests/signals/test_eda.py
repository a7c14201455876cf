"""Conductance whose truth is known: what drove it, which responses there were, how strong its slow waves are."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls
from scipy.signal import periodogram

from signals.eda.phasic import Driver, Phasic
from signals.eda.responses import NOISY, Responses, Told
from signals.eda.sympathetic import Sympathetic
from signals.errors import SignalError
from signals.laws.streams import response, stream
from signals.types import Array

T_S = np.arange(4 * 120) / 4
PEAK_S = np.log(2.0 / 0.7) * 1.4 / 1.3


def told(x: Array) -> Told:
    """What is told of one row of conductance at 4 Hz."""
    return Responses(rows=1, rate_hz=4).push(x[None])


@pytest.mark.parametrize("amplitude_us", [0.05, 0.3, 2.0])
def test_a_response_is_told_with_size_onset_peak_and_half_recovery(amplitude_us: float) -> None:
    onset_s = 40.3
    found = told(2.0 + amplitude_us * response(T_S - onset_s))
    at = np.flatnonzero(found.amplitude_us[0] > 0)
    assert len(at) == 1
    peak_s = at[0] / 4 - found.lag_s[0, at[0]]
    assert found.amplitude_us[0, at[0]] == pytest.approx(amplitude_us, rel=0.1)
    assert peak_s == pytest.approx(onset_s + PEAK_S, abs=0.3)
    assert peak_s - found.rise_s[0, at[0]] == pytest.approx(onset_s, abs=0.4)
    assert 1.0 <= found.lag_s[0, at[0]] <= 1.5
    falls_s = np.arange(0, 10, 0.001)
    half_s = falls_s[response(PEAK_S + falls_s) <= 0.5][0]
    recovered = np.flatnonzero(found.recovery_s[0] > 0)
    assert len(recovered) == 1
    assert found.recovery_s[0, recovered[0]] == pytest.approx(half_s, abs=0.5)
    assert recovered[0] / 4 - 0.23 - found.recovery_s[0, recovered[0]] == pytest.approx(peak_s, abs=0.01)


@pytest.mark.parametrize(
    "x",
    [
        2.0 + 0.015 * response(T_S - 40),  # too small
        2.0 + 1.0 * np.clip((T_S - 40) / 12, 0, 1),  # 12 s of climbing is drift
        2.0 + 0.3 * (T_S >= 40),  # a step takes no time
        2.0 + 0.005 * T_S,  # 0.3 uS a minute is level
        2.0 + 0.3 * np.exp(-1.0 * (T_S - 40) ** 2),  # falls as fast as it rises
        2.0 + 0.3 * np.sin(2 * np.pi * 0.3 * T_S),
    ],
    ids=["small", "drift", "step", "slope", "press", "shaking"],
)
def test_what_is_no_response_is_not_told(x: Array) -> None:
    found = told(x).amplitude_us[0, 4:]
    assert (found == 0).all()


@pytest.mark.parametrize("later_s", [2.5, 4.0, 8.0])
def test_a_response_on_the_falling_limb_of_another_is_found(later_s: float) -> None:
    found = told(2.0 + response(T_S - 40) + 0.5 * response(T_S - 40 - later_s))
    at = np.flatnonzero(found.amplitude_us[0] > 0)
    np.testing.assert_allclose(at / 4 - found.lag_s[0, at], [40 + PEAK_S, 40 + later_s + PEAK_S], atol=0.5)


def test_recovery_is_not_told_where_the_next_response_comes_first_or_nothing_recovers() -> None:
    found = told(2.0 + response(T_S - 40) + response(T_S - 42.5))
    assert (found.recovery_s[0] > 0).sum() == 1
    climbing = told(2.0 + np.minimum(response(np.minimum(T_S - 40, PEAK_S)), 1.0))
    assert not (climbing.recovery_s[0] > 0).any()


def test_a_response_whose_telling_falls_into_a_short_gap_is_told_after_it() -> None:
    x = 2.0 + 0.5 * response(T_S - 40)
    whole = told(x)
    at = int(np.flatnonzero(whole.amplitude_us[0] > 0)[0])
    x[at : at + 4] = np.nan
    late = told(x)
    assert np.flatnonzero(late.amplitude_us[0] > 0).tolist() == [at + 4]
    assert late.amplitude_us[0, at + 4] == whole.amplitude_us[0, at]
    assert late.lag_s[0, at + 4] == whole.lag_s[0, at] + 1.0


def test_many_responses_on_a_drifting_level_are_found() -> None:
    """Of 90 responses 4 to 20 s apart, at least 95 % are told and at least 95 % of what is told is one of them."""
    rng = np.random.default_rng(3)
    onset_s = np.cumsum(rng.uniform(4, 20, 90))
    t_s = np.arange(4 * int(onset_s[-1] + 20)) / 4
    sizes = rng.uniform(0.1, 1.0, 90)
    x = 4 + 0.5 * np.sin(t_s / 60) + sum(a * response(t_s - o) for a, o in zip(sizes, onset_s, strict=True))
    found = told(np.round(x + 0.003 * rng.standard_normal(x.shape), 3))
    at = np.flatnonzero(found.amplitude_us[0] > 0)
    near = np.abs((at / 4 - found.lag_s[0, at])[:, None] - (onset_s + PEAK_S)) < 0.75
    assert near.any(axis=0).mean() >= 0.95
    assert near.any(axis=1).mean() >= 0.95


@settings(max_examples=15, deadline=None)
@example(399998, 3.0)
@given(st.integers(0, 2**20), st.floats(-5, 5))
def test_a_level_added_changes_no_response_beyond_half_a_per_cent_of_it(seed: int, level_us: float) -> None:
    x = stream("eda", seed, rows=1, seconds=80)[0]
    one, other = told(x), told(x + level_us)
    noise_us = NOISY * (np.nanmax(x) + max(level_us, 0.0))
    np.testing.assert_array_equal(one.amplitude_us > noise_us, other.amplitude_us > noise_us)


def conductance(seed: int, *, seconds: int = 300) -> tuple[Array, Array, Array]:
    """Return conductance with its level and its phasic part."""
    rng = np.random.default_rng(seed)
    t_s = np.arange(4 * seconds) / 4
    onset_s = np.cumsum(rng.uniform(3, 15, seconds // 9))
    phasic = sum(rng.uniform(0.1, 0.6) * response(t_s - o) for o in onset_s)
    level = 3 + 0.3 * np.sin(t_s / 50)
    return level + phasic + 0.002 * rng.standard_normal(len(t_s)), level, np.asarray(phasic)


def test_the_parts_are_those_that_made_it_two_seconds_ago() -> None:
    x, level, phasic = conductance(5)
    parts = Phasic(rows=1, rate_hz=4).push(x[None])
    assert parts.lag_s == 2.0
    late = slice(40, None)
    assert np.corrcoef(parts.phasic_us[0, late], phasic[32:-8])[0, 1] > 0.95
    assert np.abs(parts.phasic_us[0, late] - phasic[32:-8]).mean() < 0.1
    assert np.abs(parts.tonic_us[0, late] - level[32:-8]).mean() < 0.1
    both = parts.phasic_us[0, late] + parts.tonic_us[0, late]
    assert np.abs(both - x[32:-8]).max() < 0.1
    assert (parts.drive_us[0, late] >= 0).all()
    assert (parts.phasic_us[0, late] >= 0).all()


def test_a_part_knows_nothing_after_its_sample() -> None:
    x, _, _ = conductance(6)
    other = x.copy()
    other[601:] += 1.0
    one, two = (Phasic(rows=1, rate_hz=4).push(y[None]).phasic_us[0] for y in (x, other))
    np.testing.assert_array_equal(one[:601], two[:601])
    assert not np.array_equal(one[601:620], two[601:620], equal_nan=True)


def test_drive_has_the_area_of_the_phasic_part() -> None:
    t_s = np.arange(4 * 60) / 4
    x = 3.0 + 0.5 * response(t_s - 30)
    parts = Phasic(rows=1, rate_hz=4).push(x[None])
    assert np.nansum(parts.drive_us) == pytest.approx(np.nansum(parts.phasic_us), rel=0.02)


def test_nothing_phasic_is_seen_in_a_level_that_does_not_move() -> None:
    parts = Phasic(rows=1, rate_hz=4).push(np.full((1, 400), 2.5))
    assert (parts.phasic_us[0, 20:] == 0).all()
    assert (parts.drive_us[0, 20:] == 0).all()
    np.testing.assert_allclose(parts.tonic_us[0, 20:], 2.5)


def test_what_is_twice_as_large_has_parts_twice_as_large() -> None:
    x, _, _ = conductance(7)
    one, two = (Phasic(rows=1, rate_hz=4).push(y[None]) for y in (x, 2 * x))
    np.testing.assert_allclose(two.phasic_us, 2 * one.phasic_us, atol=1e-6)
    np.testing.assert_allclose(two.tonic_us, 2 * one.tonic_us, atol=1e-6)


@pytest.mark.parametrize("step_us", [-1.0, 1.0])
def test_a_step_is_forgotten_within_the_horizon(step_us: float) -> None:
    x, _, _ = conductance(8)
    other = x + step_us * (np.arange(len(x)) >= 400)
    one, two = (Phasic(rows=1, rate_hz=4).push(y[None]).phasic_us[0] for y in (x, other))
    later = slice(400 + 4 * 50, None)
    assert np.abs(one[later] - two[later]).mean() < 0.03
    assert np.corrcoef(one[later], two[later])[0, 1] > 0.98


def test_the_drive_of_a_horizon_is_that_of_non_negative_least_squares() -> None:
    """The last horizon, posed anew with SciPy's solver from the definitions and what came before it."""
    x, _, _ = conductance(9, seconds=60)
    operator = Phasic(rows=1, rate_hz=4)
    operator.push(x[None, :-2])
    before = operator.snapshot()
    operator.push(x[None, -2:])
    u = operator.snapshot()["drive"][0]
    slow, fast, first = np.exp(-0.25 / 2.0), np.exp(-0.25 / 0.7), before["drive"][0, 0]
    a, b = before["state"]["slow"][0], before["state"]["fast"][0]
    for _ in range(2):
        a = slow * a + (1 - slow) * 2.0 / 1.3 * first
        b = fast * b + (1 - fast) * 0.7 / 1.3 * first
    t = np.arange(1, 81)
    z = x[-80:] - x[-80] - a * slow**t + b * fast**t
    shapes = np.zeros((80, 40))
    for j in range(40):
        for since in (2 * j, 2 * j + 1):
            k = np.arange(80 - since)
            shapes[since:, j] += (1 - slow) * 2.0 / 1.3 * slow**k - (1 - fast) * 0.7 / 1.3 * fast**k
    knots = np.abs(np.arange(-79, 1)[:, None] / 60 - np.arange(-4, 3))
    splines = np.where(knots < 1, 1 - 1.5 * knots**2 + 0.75 * knots**3, 0.25 * np.maximum(2 - knots, 0) ** 3)
    splines = splines[:, splines.max(axis=0) > 0]
    seen = operator.snapshot()["state"]
    count, square = seen["seen"][0], seen["square"][0]
    scale = np.sqrt((2400 * (0.2 * x[-80:].mean()) ** 2 + count * square) / (2400 + count))
    level = np.hstack([splines, 1e3 * np.ones((80, 1)), 1e3 * np.arange(-79, 1)[:, None] / 80])
    free = np.hstack([shapes, level, -level])
    weights = np.zeros(free.shape[1])
    ridge = np.zeros((splines.shape[1], free.shape[1]))
    ridge[:, 40 : 40 + splines.shape[1]] = np.eye(splines.shape[1]) * 0.1
    ridge[:, 40 + level.shape[1] : 40 + level.shape[1] + splines.shape[1]] = -np.eye(splines.shape[1]) * 0.1
    weights[:40] = 2 * 8e-4 / 1.3 * scale
    # a linear cost w is, in the limit, a row of 1e-5 w with the target -1e5
    rows = np.vstack([free, ridge, 1e-5 * weights[None]])
    wanted, _ = nnls(rows, np.r_[z, np.zeros(len(ridge)), -1e5], maxiter=10_000)
    np.testing.assert_allclose(shapes @ u, shapes @ wanted[:40], atol=2e-3)


def test_the_driver_of_one_burst_is_one_burst_of_the_same_area() -> None:
    pulses = np.zeros(480)
    pulses[200] = 4.0
    slow, fast = np.exp(-0.25 / 2.0), np.exp(-0.25 / 0.7)
    y = np.zeros(480)
    for i in range(2, 480):
        y[i] = (slow + fast) * y[i - 1] - slow * fast * y[i - 2] + (1 - slow) * (1 - fast) * pulses[i]
    drive = Driver(rows=1, rate_hz=4, cutoff_hz=0.001).push(3.0 + y[None])
    assert drive[0, 200] == pytest.approx(4.0, rel=0.01)
    assert np.nansum(drive) == pytest.approx(4.0, rel=0.02)
    assert np.nanmin(drive) == 0.0


@pytest.mark.parametrize("missing", [0, 12])
def test_sympathetic_power_is_that_of_a_periodogram(missing: int) -> None:
    rng = np.random.default_rng(2)
    means = 2 + np.cumsum(0.05 * rng.standard_normal(64)) + 0.02 * np.arange(64)
    if missing:
        means[20 : 20 + missing] = np.interp(np.arange(20, 20 + missing), [19, 20 + missing], means[[19, 20 + missing]])
    x = np.repeat(means, 4)
    x[80 : 80 + 4 * missing] = np.nan
    found = Sympathetic(rows=1, rate_hz=4).push(x[None])
    window = np.sin(np.pi * (np.arange(64) + 0.5) / 64) ** 2
    hz, density = periodogram(means, 1.0, window=window, detrend="linear")
    inside = (hz >= 0.045) & (hz <= 0.25)
    wanted = (density / np.sinc(hz) ** 2)[inside].sum() / 64
    assert np.isnan(found.power_us2[0, :47]).all()
    assert found.power_us2[0, -1] == pytest.approx(wanted, rel=0.02)
    assert 0 < found.share[0, -1] <= 1


@pytest.mark.parametrize(("hz", "share"), [(0.02, 0.0), (0.1, 1.0), (0.2, 1.0), (0.3, 0.0)])
def test_a_wave_has_half_its_square_of_power_where_it_lies_in_the_band(hz: float, share: float) -> None:
    t_s = np.arange(4 * 200) / 4
    found = Sympathetic(rows=1, rate_hz=4, window_s=120).push((3 + 0.2 * np.sin(2 * np.pi * hz * t_s))[None])
    assert found.power_us2[0, -1] == pytest.approx(0.02 * share, abs=0.001)
    assert found.share[0, -1] == pytest.approx(share, abs=0.05)


def test_power_is_not_told_of_a_window_that_is_mostly_unknown() -> None:
    x = stream("eda", 3, rows=1, seconds=200)
    x[0, 4 * 100 : 4 * 120] = np.nan
    power = Sympathetic(rows=1, rate_hz=4).push(x).power_us2[0]
    assert np.isnan(power[117:162]).all()
    assert np.isfinite(power[168:]).all()


def test_real_conductance_is_taken_apart_without_a_trace_of_the_impossible(shared_data: Path) -> None:
    with zipfile.ZipFile(shared_data / "stress_predict" / "S06.zip") as session:
        name = next(name for name in session.namelist() if name.endswith("EDA.csv"))
        x = np.loadtxt(io.BytesIO(session.read(name)), delimiter=",")[2:]
    x = x[400 : 400 + 4 * 1200]
    parts = Phasic(rows=1, rate_hz=4).push(x[None])
    known = np.isfinite(parts.phasic_us[0])
    assert known[20:].all()
    assert (parts.phasic_us[0, known] >= 0).all()
    left = (parts.tonic_us + parts.phasic_us)[0, 20:] - x[12:-8]
    assert np.sqrt((left**2).mean()) < 0.1 * x.std()


def test_a_threshold_of_nothing_is_refused() -> None:
    with pytest.raises(SignalError, match=r"^Responses\.least_us"):
        Responses(rows=1, rate_hz=4, least_us=0)
    with pytest.raises(SignalError, match=r"^Responses\.excess"):
        Responses(rows=1, rate_hz=4, excess=-0.1)
    with pytest.raises(SignalError, match=r"^Phasic\.rate_hz"):
        Phasic(rows=1, rate_hz=5)
    with pytest.raises(SignalError, match=r"^Phasic\.warm_s"):
        Phasic(rows=1, rate_hz=4, warm_s=1.0)
    with pytest.raises(SignalError, match=r"^Sympathetic\.window_s"):
        Sympathetic(rows=1, rate_hz=4, window_s=30)
