"""The exact decomposition against the conditions of its optimum, and what must not change it."""

import dataclasses
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from signals.eda import exact
from signals.eda.exact import Decomposition, decompose
from signals.eda.exact_lanes import each, largest, load, pick, store
from signals.errors import SignalError
from signals.types import Array

SPARSITY, SMOOTHNESS = 8e-4, 1e-2


def conductance(rows: int, n: int, *, seed: int, rate_hz: float = 4.0) -> Array:
    """Return a drifting level, responses at random and noise: (rows, n) uS."""
    rng = np.random.default_rng(seed)
    tau = np.arange(0, 20, 1 / rate_hz)
    shape = np.exp(-tau / 2.0) - np.exp(-tau / 0.7)
    x = np.empty((rows, n))
    for row in range(rows):
        drive = (rng.random(n) < 0.08 / rate_hz) * rng.lognormal(-1, 0.7, n)
        drift = np.cumsum(rng.standard_normal(n)) * 0.02 / rate_hz
        x[row] = 2 + row + drift + np.convolve(drive, shape)[:n] + 0.003 * rng.standard_normal(n)
    return x


def holey(x: Array, *, seed: int) -> Array:
    """Return ``x`` with single samples and a stretch of each row unknown."""
    rng = np.random.default_rng(seed)
    x = np.where(rng.random(x.shape) < 0.05, np.nan, x)
    for row in x:
        start = rng.integers(0, len(row) - 30)
        row[start : start + 30] = np.nan
    return x


def paper(n: int, rate_hz: float, last: int) -> tuple[Array, Array, Array, Array]:
    """Return M, A, B and C as written in the paper, dense; knots only up to the sample ``last``."""
    fast, slow, tick = 1 / 0.7, 1 / 2.0, 1 / rate_hz
    ar = np.array([(fast * tick + 2) * (slow * tick + 2), 2 * fast * slow * tick**2 - 8])
    ar = np.append(ar, (fast * tick - 2) * (slow * tick - 2)) / ((fast - slow) * tick**2)
    m, a = np.zeros((n, n)), np.zeros((n, n))
    for i in range(2, n):
        m[i, i - 2 : i + 1] = 1, 2, 1
        a[i, i - 2 : i + 1] = ar[::-1]
    knot = round(10 * rate_hz)
    hat = knot - np.abs(np.arange(-knot, knot + 1))
    spline = np.convolve(hat, hat) / np.convolve(hat, hat).max()
    reach = np.arange(-2 * knot, 2 * knot + 1)
    b = np.stack([np.interp(np.arange(n), at + reach, spline, 0, 0) for at in range(0, last + 1, knot)], axis=1)
    return m, a, b, np.stack([np.ones(n), np.arange(1, n + 1) / n], axis=1)


def breaches(x: Array, parts: Decomposition, row: int, rate_hz: float, *, standardise: bool = True) -> dict[str, float]:
    """Return by how much each condition of the optimum is missed (Karush, Kuhn and Tucker), in standard deviations."""
    known = np.isfinite(x[row])
    n = len(known)
    m, a, b, c = paper(n, rate_hz, int(np.flatnonzero(known).max()))
    unit = x[row, known].std(ddof=1) if standardise else 1.0
    weights = parts.splines[row, : b.shape[1]] / unit
    tonic = b @ weights + c @ parts.trend[row] / unit
    seen = np.r_[a[2:], m[known]]
    driver, phasic = np.zeros(n), parts.phasic[row, known] / unit
    driver[known] = parts.driver[row, known] / unit
    seen = np.r_[a[known & (np.arange(n) >= 2)], m[known]]
    said = np.r_[driver[known & (np.arange(n) >= 2)], phasic]
    error = np.where(known, (x[row] - parts.tonic[row] - parts.phasic[row]) / unit, 0.0)
    pressure = np.linalg.lstsq(a[2:].T, SPARSITY * a.sum(axis=0) - m.T @ error, rcond=None)[0]
    grain = np.linalg.lstsq(seen, said, rcond=None)[0]
    return {
        "tonic is splines and trend": np.abs(tonic[known] - parts.tonic[row, known] / unit).max(),
        "driver and phasic come from one q": np.abs(seen @ grain - said).max(),
        "driver is not negative": -min(0.0, driver.min()),
        "pressure is not negative": -min(0.0, pressure.min()),
        "pressure only where there is no driver": np.abs(pressure * driver[2:])[known[2:]].max(),
        "no better q": np.abs(a[2:].T @ pressure + m.T @ error - SPARSITY * a.sum(axis=0)).max(),
        "no better splines": np.abs(b.T @ error - SMOOTHNESS * weights).max(),
        "no better trend": np.abs(c.T @ error).max(),
        "residual": abs(0.5 * (error**2).sum() - parts.residual[row]),
    }


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1.0, 2.0, 4.0, 5.5]), st.integers(0, 37), st.booleans(), st.booleans())
def test_it_is_the_optimum_of_the_papers_problem(seed: int, rate_hz: float, more: int, holes: bool, z: bool) -> None:
    x = conductance(2, round(45 * rate_hz) + more, seed=seed, rate_hz=rate_hz)
    x = holey(x, seed=seed) if holes else x
    parts = decompose(x, rate_hz=rate_hz, standardise=z, tolerance=1e-11)
    for row in range(2):
        for condition, missed in breaches(x, parts, row, rate_hz, standardise=z).items():
            assert missed < 1e-6, (condition, row)


def test_the_gap_bounds_what_a_tighter_tolerance_gains() -> None:
    x = conductance(9, 400, seed=3)
    rough, fine = decompose(x, rate_hz=4.0, tolerance=1e-3), decompose(x, rate_hz=4.0, tolerance=1e-12)
    assert (fine.objective <= rough.objective).all()
    assert (rough.objective - fine.objective <= 1.01 * rough.gap).all()
    assert (fine.gap <= 1e-11 * fine.objective).all()


def test_the_objective_is_that_of_the_parts() -> None:
    x = conductance(3, 400, seed=4)
    parts = decompose(x, rate_hz=4.0, standardise=False)
    bend = 0.5 * SMOOTHNESS * (parts.splines**2).sum(axis=1)
    misfit = 0.5 * ((x - parts.tonic - parts.phasic) ** 2).sum(axis=1)
    np.testing.assert_allclose(parts.objective, misfit + SPARSITY * parts.driver.sum(axis=1) + bend, rtol=1e-9)


def test_a_row_knows_nothing_of_its_neighbours() -> None:
    """Bit for bit: alone, among quick and slow ones, wherever it stands."""
    x = holey(conductance(19, 240, seed=5), seed=5)
    x[3], x[7, 1:] = 2.0, np.nan
    x[11] = 0.0
    x[11, 100] = 1e3  # needs about three times the steps of the others
    together = decompose(x, rate_hz=4.0)
    order = np.random.default_rng(5).permutation(19)
    mixed = decompose(x[order], rate_hz=4.0)
    for field in dataclasses.fields(Decomposition):
        whole = getattr(together, field.name)
        np.testing.assert_array_equal(getattr(mixed, field.name), whole[order])
        for row in (0, 3, 11, 18):
            alone = decompose(x[row : row + 1], rate_hz=4.0)
            np.testing.assert_array_equal(getattr(alone, field.name)[0], whole[row])


@settings(max_examples=10, deadline=None)
@given(st.floats(0.01, 100), st.floats(-20, 20))
def test_scaling_or_shifting_the_input_scales_or_shifts_the_parts(scale: float, shift: float) -> None:
    x = conductance(2, 300, seed=6)
    before, after = decompose(x, rate_hz=4.0), decompose(scale * x + shift, rate_hz=4.0)
    np.testing.assert_allclose(after.tonic, scale * before.tonic + shift, atol=3e-5 * scale)
    np.testing.assert_allclose(after.phasic, scale * before.phasic, atol=3e-5 * scale)
    np.testing.assert_allclose(after.objective, before.objective, rtol=1e-6)


def test_a_shorter_row_may_be_filled_up_with_unknown_samples() -> None:
    x = conductance(1, 500, seed=7)
    filled = np.full((1, 777), np.nan)
    filled[:, :500] = x
    alone, among = decompose(x, rate_hz=4.0, tolerance=1e-12), decompose(filled, rate_hz=4.0, tolerance=1e-12)
    for part in ("tonic", "phasic", "driver"):
        np.testing.assert_allclose(getattr(among, part)[:, :500], getattr(alone, part), atol=1e-5)
        assert np.isnan(getattr(among, part)[:, 500:]).all()


def test_a_row_without_anything_to_explain_is_level_or_unknown() -> None:
    x = np.array([[0.1] * 100, [np.nan] * 100, [1.0, 2.0] + [np.nan] * 98, np.linspace(1, 5, 100)])
    parts = decompose(x, rate_hz=4.0)
    np.testing.assert_array_equal(parts.tonic[0], x[0])
    assert not parts.phasic[0].any()
    assert not parts.driver[0].any()
    assert np.isnan(parts.tonic[1:3]).all()
    assert np.isnan(parts.objective[1:3]).all()
    np.testing.assert_array_equal(parts.iterations[:3], 0)
    np.testing.assert_allclose(parts.tonic[3], x[3], atol=1e-4)


def test_what_did_not_converge_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    x = conductance(1, 240, seed=8)
    monkeypatch.setattr(exact, "MOST_ITERATIONS", 3)
    parts = decompose(x, rate_hz=4.0)
    assert np.isnan(parts.tonic).all()
    assert parts.gap[0] > 0


def test_responses_are_found_where_they_began() -> None:
    tau = np.arange(0, 20, 0.25)
    x = np.full((1, 480), 2.0)
    for onset, size in ((80, 0.5), (200, 1.0), (330, 0.25)):
        x[0, onset : onset + 80] += size * (np.exp(-tau / 2.0) - np.exp(-tau / 0.7))
    driver = decompose(x, rate_hz=4.0).driver[0]
    for onset in (80, 200, 330):
        around = np.abs(np.arange(480) - onset) <= 4
        assert abs(np.flatnonzero(around)[driver[around].argmax()] - onset) <= 1
        driver[around] = 0
    assert driver.max() < 0.2  # the least of the three has 1.0


def test_inputs_of_any_layout_are_left_alone() -> None:
    x = conductance(3, 240, seed=9)
    wanted = decompose(x, rate_hz=4.0).tonic
    frozen = np.asfortranarray(x)
    frozen.flags.writeable = False
    found = decompose(frozen, rate_hz=4.0).tonic
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(frozen, x)
    assert not np.shares_memory(found, frozen)
    widened = decompose(x.astype(np.float32), rate_hz=4.0).tonic
    np.testing.assert_array_equal(widened, decompose(x.astype(np.float32).astype(float), rate_hz=4.0).tonic)
    assert decompose(x[:0], rate_hz=4.0).tonic.shape == (0, 240)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.ones((2, 39))}, r"x: 39 samples are too few"),
        ({"x": np.ones(100)}, r"x: must be an array \(rows, n\) of float64 or float32, got 1-dimensional float64"),
        ({"x": np.ones((2, 100), int)}, r"x: must be an array .* got 2-dimensional int64"),
        ({"x": [[1.0] * 100]}, r"x: must be an array .* got list"),
        ({"x": np.array([[1.0] * 100, [1.0] * 99 + [np.inf]])}, r"x: row 1 holds an infinite value"),
        ({"x": np.array([[1.0] * 100, [1e200, -1e200] * 50])}, r"x: row 1 is too large"),
        ({"rate_hz": 0.5}, r"rate_hz: must be at least 1 and at most 128, got 0\.5"),
        ({"rate_hz": np.nan}, r"rate_hz: .* got nan"),
        ({"sparsity": 0.0}, r"sparsity: must be above 0"),
        ({"smoothness": np.inf}, r"smoothness: must be above 0"),
        ({"tolerance": 1e-16}, r"tolerance: must be at least 1e-12"),
    ],
)
def test_what_cannot_be_used_is_named(change: dict[str, object], message: str) -> None:
    arguments: dict[str, object] = {"x": np.ones((2, 100)), "rate_hz": 4.0}
    with pytest.raises(SignalError, match=rf"^decompose\.{message}"):
        decompose(**{**arguments, **change})  # type: ignore[arg-type]


def test_a_real_hour_is_decomposed_to_the_tolerance(shared_data: Path) -> None:
    with zipfile.ZipFile(shared_data / "stress_predict" / "S02.zip") as archive:
        x = np.loadtxt(archive.open("EDA.csv"))[None, 2:]
    parts = decompose(x, rate_hz=4.0)
    assert (parts.gap <= 1e-9 * (parts.objective + 1e-6 * x.shape[1])).all()
    assert (parts.driver >= 0).all()
    bend = 0.5 * SMOOTHNESS * (parts.splines**2).sum()
    misfit = 0.5 * ((x - parts.tonic - parts.phasic) ** 2).sum()
    drive = SPARSITY * x.std(ddof=1) * parts.driver.sum()
    np.testing.assert_allclose(parts.objective * x.var(ddof=1), misfit + drive + bend, rtol=1e-9)


@njit(cache=True)
def _sums(a: Array, out: Array) -> None:
    x, y = load(a, 0), load(a, 1)
    store(out, 0, x + y * 2.0)
    store(out, 1, (1.0 - x) / y)
    store(out, 2, pick(x, y, x, each(7.0)))
    store(out, 3, largest(x, y))


def test_eight_numbers_at_a_time_are_eight_numbers() -> None:
    a = np.random.default_rng(1).standard_normal((2, 8))
    a[0, 3], a[1, 5] = np.nan, np.nan
    out = np.empty((4, 8))
    _sums(a, out)
    x, y = a
    wanted = np.stack([x + 2 * y, (1 - x) / y, np.where(x > y, x, 7.0), np.where(x > y, x, y)])
    np.testing.assert_allclose(out, wanted, rtol=1e-15)
