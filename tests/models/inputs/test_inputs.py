"""What models read: the laws of operators, the kernel against a plain twin, and what each input says."""

import math
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.errors import ModelError
from models.inputs import kernel
from models.inputs.inputs import NAMES, Inputs
from models.inputs.named import DRIVER_NAMES, INPUTS, MEMORY_S, QUANTITIES, Quantity
from signals.features import NAMES as FEATURE_NAMES
from signals.features import column

Array = NDArray[np.float64]
ROWS, SECONDS = 3, 240
MODEST = settings(max_examples=15, deadline=None)


def features(seed: int, *, rows: int = ROWS, seconds: int = SECONDS, unknown: float = 0.1) -> Array:
    """Anything that the engine may say, some of it unknown in runs, with bands off now and then."""
    rng = np.random.default_rng(seed)
    shape = (rows, seconds, len(FEATURE_NAMES))
    x: Array = rng.normal(1, 1, shape) * rng.choice([0.01, 1.0, 80.0], (rows, 1, len(FEATURE_NAMES)))
    x[(rng.random((rows, seconds // 8 + 1, len(FEATURE_NAMES))) < unknown).repeat(8, axis=1)[:, :seconds]] = np.nan
    x[..., column("worn")] = (rng.random((rows, seconds // 40 + 1)) > 0.15).repeat(40, axis=1)[:, :seconds]
    return x


SCENES = st.builds(features, st.integers(0, 10_000), unknown=st.sampled_from([0.0, 0.1, 0.6]))
CUTS = st.lists(st.integers(1, SECONDS - 1), max_size=6, unique=True).map(sorted)


@dataclass
class Twin:
    """What is kept of one quantity of one person."""

    quantity: Quantity
    means: list[float] = field(default_factory=lambda: [0.0] * 4)
    weights: list[float] = field(default_factory=lambda: [0.0] * 4)
    location: float = 0.0
    variance: float = 0.0
    count: float = 0.0

    @property
    def spread(self) -> float:
        return math.sqrt((self.count * self.variance + 180 * self.quantity.typical**2) / (self.count + 180))

    def take(self, value: float) -> None:
        known = math.isfinite(value)
        if known and self.quantity.scale == "logarithm":
            value = math.log(max(value, 0.0) + self.quantity.offset)
        elif known and self.quantity.scale == "root":
            value = math.sqrt(max(value, 0.0))
        for f, fade_s in enumerate((20.0, 60.0, 180.0, 600.0)):
            self.weights[f] *= math.exp(-1 / fade_s)
            if known:
                self.weights[f] += 1
                self.means[f] += (value - self.means[f]) / self.weights[f]
        if known:
            off = value - self.location
            if self.count >= 60:
                off = min(max(off, -3 * self.spread), 3 * self.spread)
            share = 1 / (self.count + 1)
            self.location += share * off
            self.variance = (1 - share) * (self.variance + share * off**2)
            self.count = min(self.count + 1, MEMORY_S)

    def tell(self, kind: str) -> float:
        of = {"recent": 1, "deviation": 1, "lasting": 2, "rise": 2, "change": 0}[kind]
        against = {"rise": 3, "change": 2}.get(kind)
        least = (5, 15, 30, 60)
        if self.weights[of] < least[of] or (against is not None and self.weights[against] < least[against]):
            return math.nan
        if kind == "recent":
            return self.means[of]
        if against is not None:
            z = (self.means[of] - self.means[against]) / self.quantity.typical
        elif self.count < 60:
            return math.nan
        else:
            z = self.count / (self.count + 180) * (self.means[of] - self.location) / self.spread
        return z / math.sqrt(1 + (z / 4) ** 2)


def plain(x: Array) -> Array:
    """Return what one row's features become, in plain Python: a twin of the kernel."""
    twins = {each.name: Twin(each) for each in QUANTITIES}
    lines = []
    for second in x:
        for twin in twins.values():
            off = second[column("worn")] < 0.5
            twin.take(math.nan if off else float(second[column(twin.quantity.feature)]))
        lines.append([twins[each.quantity].tell(each.kind) for each in INPUTS])
    made: Array = np.array(lines, np.float64)
    return made


@given(x=SCENES)
@settings(max_examples=6, deadline=None)
def test_the_kernel_and_its_plain_twin_agree(x: Array) -> None:
    found = Inputs(rows=ROWS).push(x)
    for row in range(ROWS):
        np.testing.assert_allclose(found[row], plain(x[row]), rtol=1e-9, atol=1e-9)


@given(x=SCENES, cuts=CUTS)
@MODEST
def test_where_a_stream_is_cut_changes_nothing(x: Array, cuts: list[int]) -> None:
    inputs = Inputs(rows=ROWS)
    parts = [inputs.push(x[:, a:b]) for a, b in pairwise([0, *cuts, SECONDS])]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), Inputs(rows=ROWS).push(x))


@given(x=SCENES, order=st.permutations([0] * 4 + [1] * 4 + [2] * 4))
@MODEST
def test_a_row_knows_nothing_of_its_neighbours_and_goes_at_its_own_pace(x: Array, order: list[int]) -> None:
    wanted, inputs, step = Inputs(rows=ROWS).push(x), Inputs(rows=ROWS), SECONDS // 4
    at = [0] * ROWS
    for row in order:
        found = inputs.push(x[[row], at[row] : at[row] + step], rows=np.array([row]))
        np.testing.assert_array_equal(found[0], wanted[row, at[row] : at[row] + step])
        at[row] += step


@given(x=SCENES, cut=st.integers(1, SECONDS - 1))
@MODEST
def test_a_snapshot_goes_on_where_the_stream_stood_also_as_other_rows(x: Array, cut: int) -> None:
    before, after = Inputs(rows=ROWS), Inputs(rows=ROWS + 2)
    before.push(x[:, :cut])
    elsewhere = np.array([4, 0, 2])
    after.restore(before.snapshot(), rows=elsewhere)
    np.testing.assert_array_equal(after.push(x[:, cut:], rows=elsewhere), before.push(x[:, cut:]))


def test_inputs_are_not_written_to_and_layout_does_not_matter() -> None:
    x = features(3)
    kept = x.copy()
    wanted = Inputs(rows=ROWS).push(x)
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(Inputs(rows=ROWS).push(np.asfortranarray(x)), wanted)
    x.flags.writeable = False
    np.testing.assert_array_equal(Inputs(rows=ROWS).push(x), wanted)


def test_memory_does_not_grow() -> None:
    inputs = Inputs(rows=ROWS)
    sizes = {name: array.nbytes for name, array in inputs.snapshot().items()}
    for seed in range(5):
        inputs.push(features(seed))
    assert {name: array.nbytes for name, array in inputs.snapshot().items()} == sizes


def test_what_is_unknown_is_said_of_nothing_and_poisons_nothing() -> None:
    x = features(1, rows=1, seconds=400, unknown=0.0)
    x[..., column("worn")] = 1.0
    gone = x.copy()
    gone[:, 150:250, column("heart_rate_bpm")] = np.nan
    one, other = Inputs(rows=1).push(x), Inputs(rows=1).push(gone)
    pulse = np.array([each.quantity == "pulse" for each in INPUTS])
    np.testing.assert_array_equal(one[..., ~pulse], other[..., ~pulse])
    assert np.isnan(other[0, 249, pulse][[0, 1, 4]]).all()  # a minute and more without it: nothing of late is known
    assert np.isfinite(other[0, -1]).all()


def test_infinite_features_are_unknown() -> None:
    x = features(1, unknown=0.0)
    x[..., column("worn")] = 1.0
    odd = x.copy()
    odd[:, 100, column("heart_rate_bpm")], x[:, 100, column("heart_rate_bpm")] = np.inf, np.nan
    np.testing.assert_array_equal(Inputs(rows=ROWS).push(odd), Inputs(rows=ROWS).push(x))


@MODEST
@given(scene=SCENES, seconds=st.lists(st.integers(0, 30_000), min_size=ROWS, max_size=ROWS))
def test_a_silence_that_is_passed_at_once_is_the_same_to_the_bit_as_one_that_is_sat_through(
    scene: Array, seconds: list[int]
) -> None:
    passed, sat = Inputs(rows=ROWS), Inputs(rows=ROWS)
    for inputs in (passed, sat):
        inputs.push(scene)
    passed.pass_silence(np.array(seconds))
    for row, length in enumerate(seconds):
        sat.push(np.full((1, length, len(FEATURE_NAMES)), np.nan), rows=np.array([row]))
    for name, array in passed.snapshot().items():
        np.testing.assert_array_equal(array, sat.snapshot()[name], err_msg=name)
    np.testing.assert_array_equal(passed.push(scene), sat.push(scene))


@pytest.mark.parametrize("seconds", [np.array([1]), np.array([1.0, 2.0, 3.0]), np.array([1, 2, -1])])
def test_a_silence_of_no_length_is_refused(seconds: NDArray[np.generic]) -> None:
    with pytest.raises(ModelError, match="seconds"):
        Inputs(rows=ROWS).pass_silence(seconds)  # type: ignore[arg-type]


def test_a_long_silence_forgets_what_was_of_late_and_keeps_what_is_usual() -> None:
    x = features(2, rows=1, unknown=0.0)
    x[..., column("worn")] = 1.0
    silence = np.full((1, 20_000, len(FEATURE_NAMES)), np.nan)
    through, anew = Inputs(rows=1), Inputs(rows=1)
    for inputs in (through, anew):
        inputs.push(x)
    assert np.isnan(through.push(silence)[0, -1]).all()
    anew.begin_anew()
    np.testing.assert_array_equal(through.push(x), anew.push(x))
    known = np.isfinite(anew.push(x)[0, 20])
    assert known[[each.kind == "deviation" for each in INPUTS]].all()


def test_a_band_on_a_table_teaches_nothing() -> None:
    x = features(2, rows=1, unknown=0.0)
    x[..., column("worn")] = 0.0
    inputs = Inputs(rows=1)
    assert np.isnan(inputs.push(x)).all()
    assert not inputs.snapshot()["usual"].any()


@given(shift=st.floats(-3, 3), seed=st.integers(0, 100))
@MODEST
def test_deviations_are_of_the_persons_own_past_whatever_the_persons_level(shift: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.ones((2, 900, len(FEATURE_NAMES)))
    pulse = 70 + rng.normal(0, 3, 900)
    x[0, :, column("heart_rate_bpm")] = pulse
    x[1, :, column("heart_rate_bpm")] = pulse + 10 * shift
    found = Inputs(rows=2).push(x)
    for kind in ("deviation", "lasting", "rise", "change"):
        at = NAMES.index(f"pulse_{kind}")
        np.testing.assert_allclose(found[0, :, at], found[1, :, at], atol=1e-6)


def test_a_pulse_that_goes_up_is_said_at_once_and_little_is_claimed_of_a_short_past() -> None:
    x = np.ones((2, 1500, len(FEATURE_NAMES)))
    x[..., column("heart_rate_bpm")] = 70 + np.random.default_rng(0).normal(0, 3, 1500)
    x[0, 1300:, column("heart_rate_bpm")] += 12
    x[1, 90:, column("heart_rate_bpm")] += 12
    found = Inputs(rows=2).push(x)[..., NAMES.index("pulse_deviation")]
    assert found[0, 1299] < 0.5
    assert found[0, 1420] > 1.5
    assert 0 < found[1, 160] < 0.5 * found[0, 1420]


def test_nothing_tells_how_long_a_recording_has_been_going_on() -> None:
    rng = np.random.default_rng(5)
    x = 1 + 0.1 * rng.normal(size=(20, 1800, len(FEATURE_NAMES)))
    found = Inputs(rows=20).push(x)[:, 300::30]
    times = np.arange(found.shape[1], dtype=float)
    means = found.mean(axis=0)
    for name, column_of in zip(NAMES, means.T, strict=True):
        early, late = column_of[times < 25], column_of[times >= 25]
        assert abs(early.mean() - late.mean()) < 0.15, name


def test_each_input_says_its_group_and_a_driver_in_plain_words() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert {each.driver for each in INPUTS} == set(DRIVER_NAMES)
    assert {each.group for each in INPUTS} == {"physiology", "motion"}
    assert all(each.group == "physiology" for each in INPUTS if each.explained_by_motion)
    assert kernel.FADE_S == (20.0, 60.0, 180.0, 600.0)


@pytest.mark.parametrize("rows", [0, -1, True, 2.5])
def test_a_number_of_rows_that_is_none_is_refused(rows: object) -> None:
    with pytest.raises(ModelError, match="rows"):
        Inputs(rows=rows)  # type: ignore[arg-type]


def test_what_does_not_fit_is_refused_and_changes_nothing() -> None:
    inputs, x = Inputs(rows=ROWS), features(1)
    inputs.push(x)
    before = inputs.snapshot()
    for wrong in (x[:2], x[..., :-1], x[0]):
        with pytest.raises(ModelError, match="features"):
            inputs.push(wrong)
    with pytest.raises(ModelError, match="no row 7"):
        inputs.push(x[:1], rows=np.array([7]))
    with pytest.raises(ModelError, match="not a snapshot"):
        inputs.restore({})
    with pytest.raises(ModelError, match="must be float64"):
        inputs.restore({**before, "means": before["means"][:, :2]})
    with pytest.raises(ModelError, match="not finite"):
        inputs.restore({**before, "means": np.full_like(before["means"], np.nan)})
    for name, array in inputs.snapshot().items():
        np.testing.assert_array_equal(array, before[name])


def test_the_page_says_what_the_code_does() -> None:
    page = Path(__file__).parents[3] / "docs" / "inputs.md"
    text = page.read_text()
    for each in INPUTS:
        line = f"| `{each.name}` | {each.window_s:g} | {each.unit} | {each.group}"
        assert line in text, f"docs/inputs.md: {each.name} is missing or otherwise, right would begin {line!r}"
