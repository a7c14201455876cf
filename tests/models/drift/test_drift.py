"""Inputs and outcomes held against training: what has shifted is told, what has not is not, however it arrives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import poisson

from models.detectors.scored import Scored
from models.drift.inputs import EVERY_S, LEAST, SHIFTED, InputDrift, judged
from models.drift.outcomes import held_against
from models.drift.summary import PARTS, InputSummary, TrainingSummary, counts_of, stability
from models.errors import ModelError
from models.inputs.inputs import NAMES as INPUTS
from models.inputs.inputs import Inputs
from signals.features import NAMES
from tests.models.detectors.scorers import Plain

Array = NDArray[np.float64]
ROWS, SECONDS, T0 = 3, 200, 1_700_000_000 // EVERY_S * EVERY_S
READ = INPUTS[:6]


def features(seed: int, seconds: int = SECONDS) -> Array:
    """Seconds of three people who wear their band, much of it unknown now and then."""
    rng = np.random.default_rng(seed)
    x = np.abs(rng.normal(1, 0.3, (ROWS, seconds, len(NAMES))))
    x[rng.random((ROWS, seconds, len(NAMES))) < 0.05] = np.nan
    for name in ("worn", "eda_valid", "beat_coverage"):
        x[:, :, NAMES.index(name)] = 1.0
    return x


def starts(at_s: int = 0, k: int = ROWS) -> NDArray[np.int64]:
    return np.full(k, T0 + at_s, np.int64)


def summary_of(values: Array) -> TrainingSummary:
    """A summary as of inputs (n, M)."""
    said = {}
    for i, name in enumerate(READ):
        known = values[np.isfinite(values[:, i]), i]
        edges = np.unique(np.quantile(known, np.arange(1, PARTS) / PARTS))
        said[name] = InputSummary(
            edges=tuple(edges.tolist()),
            shares=tuple((counts_of(known, edges) / known.size).tolist()),
            unknown=1 - known.size / len(values),
            lowest=float(known.min()),
            highest=float(known.max()),
        )
    return TrainingSummary(moments=len(values), people=ROWS, prevalence=0.1, inputs=said)


@pytest.fixture(scope="module")
def summary() -> TrainingSummary:
    read = Inputs(rows=ROWS).push(features(99, 4 * SECONDS))
    return summary_of(read[:, :, [INPUTS.index(name) for name in READ]].reshape(-1, len(READ)))


def same(a: InputDrift, b: InputDrift, rows: list[int] | None = None) -> None:
    for name, array in a.snapshot().items():
        chosen = slice(None) if rows is None else rows
        np.testing.assert_array_equal(array[chosen], b.snapshot()[name][chosen], err_msg=name)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), cuts=st.lists(st.integers(1, SECONDS - 1), max_size=4, unique=True).map(sorted))
def test_where_a_stream_is_cut_changes_nothing(summary: TrainingSummary, seed: int, cuts: list[int]) -> None:
    scene, whole, parts, at = features(seed), InputDrift(summary, rows=ROWS), InputDrift(summary, rows=ROWS), 0
    whole.push(starts(), scene)
    for part in np.split(scene, cuts, axis=1):
        parts.push(starts(at), part)
        at += part.shape[1]
    same(whole, parts)
    assert whole.snapshot()["counts"].sum() > 0


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), row=st.integers(0, ROWS - 1))
def test_a_row_knows_nothing_of_its_neighbours(summary: TrainingSummary, seed: int, row: int) -> None:
    scene, together, alone = features(seed), InputDrift(summary, rows=ROWS), InputDrift(summary, rows=ROWS)
    together.push(starts(), scene)
    alone.push(starts(k=1), scene[[row]], rows=np.array([row]))
    same(together, alone, [row])


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), gap_s=st.sampled_from([0, 59, 5000, 50_000]))
def test_inputs_that_a_model_has_read_anyway_are_counted_the_same(
    summary: TrainingSummary, seed: int, gap_s: int
) -> None:
    scene, own, given_ = features(seed), InputDrift(summary, rows=ROWS), InputDrift(summary, rows=ROWS, given=True)
    model = Scored(Plain(), rows=ROWS)
    for at_s in (0, SECONDS + gap_s):
        model.push(starts(at_s), scene)
        own.push(starts(at_s), scene)
        given_.push(starts(at_s), scene, read=model.read)
    np.testing.assert_array_equal(own.snapshot()["counts"], given_.snapshot()["counts"])
    again = InputDrift(summary, rows=ROWS, given=True)
    again.restore(given_.snapshot())
    same(given_, again)
    for wrong, said in ((None, "were to be given"), (model.read[:1], "would be right")):
        with pytest.raises(ModelError, match=said):
            again.push(starts(), scene, read=wrong)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), cut=st.integers(1, SECONDS - 1), gap_s=st.sampled_from([0, 1, 59, 5000]))
def test_a_snapshot_has_the_same_future_and_a_silence_passes(
    summary: TrainingSummary, seed: int, cut: int, gap_s: int
) -> None:
    scene, one, other = features(seed), InputDrift(summary, rows=ROWS), InputDrift(summary, rows=ROWS)
    before = scene.copy()
    one.push(starts(), scene[:, :cut])
    other.restore(one.snapshot())
    for each in (one, other):
        each.push(starts(cut + gap_s), scene[:, cut:])
    same(one, other)
    np.testing.assert_array_equal(scene, before)


def test_a_band_that_is_off_says_nothing_of_drift(summary: TrainingSummary) -> None:
    scene, drift = features(1), InputDrift(summary, rows=ROWS)
    scene[:, :, NAMES.index("worn")] = 0.0
    drift.push(starts(), scene)
    assert drift.snapshot()["counts"].sum() == 0


def test_what_is_counted_fades_so_that_it_never_grows_beyond_a_day(summary: TrainingSummary) -> None:
    drift = InputDrift(summary, rows=1)
    full = {name: array.copy() for name, array in drift.snapshot().items()}
    full["counts"][:, :, 0] = 1440.0
    drift.restore(full)
    drift.push(starts(k=1), features(3)[:1])
    assert drift.snapshot()["counts"][:, :, :-1].sum(axis=-1).max() < 1441


def drawn(summary: TrainingSummary, seed: int, looks: int, shift: int = 0) -> Array:
    """Counts as if inputs were drawn from training, and ``shift`` parts further up."""
    rng = np.random.default_rng(seed)
    counts = np.zeros((len(summary.inputs), PARTS + 2))
    for i, one in enumerate(summary.inputs.values()):
        part = np.minimum(rng.choice(len(one.shares), looks, p=np.array(one.shares)) + shift, len(one.shares) - 1)
        counts[i, :PARTS] = np.bincount(part, minlength=PARTS)
    return counts


@given(seed=st.integers(0, 10_000))
def test_what_is_as_it_was_in_training_has_not_shifted_and_what_moved_has(summary: TrainingSummary, seed: int) -> None:
    as_it_was = judged(summary, drawn(summary, seed, 1440))
    assert as_it_was.shifted == ()
    assert (as_it_was.index < 0.1).all()
    assert (as_it_was.distance < 0.1).all()
    moved = judged(summary, drawn(summary, seed, 1440, shift=3))
    assert moved.shifted == READ
    assert (moved.distance > 0.2).all()


def test_before_enough_was_seen_nothing_is_said(summary: TrainingSummary) -> None:
    early = judged(summary, drawn(summary, 1, int(LEAST) - 1, shift=5))
    assert early.shifted == ()
    assert np.isnan(early.index).all()


def test_people_who_lay_apart_in_training_are_no_drift(summary: TrainingSummary) -> None:
    import msgspec

    apart = {name: msgspec.structs.replace(one, apart=50.0) for name, one in summary.inputs.items()}
    said = judged(msgspec.structs.replace(summary, inputs=apart), drawn(summary, 1, 1440, shift=3))
    assert (said.index > SHIFTED).all()
    assert said.shifted == ()


def test_values_beyond_the_range_of_training_are_counted(summary: TrainingSummary) -> None:
    import msgspec

    low = {name: msgspec.structs.replace(one, lowest=-2e9, highest=-1e9) for name, one in summary.inputs.items()}
    for beyond, known in ((msgspec.structs.replace(summary, inputs=low), 1.0), (summary, 0.0)):
        drift = InputDrift(beyond, rows=1)
        drift.push(starts(k=1), features(99, 4 * SECONDS)[:1])
        counts = np.asarray(drift.snapshot()["counts"], np.float64)
        np.testing.assert_allclose(counts[..., -1], known * counts[..., :PARTS].sum(axis=-1))


def test_a_model_of_other_inputs_and_a_snapshot_of_another_shape_are_refused(summary: TrainingSummary) -> None:
    import msgspec

    one = summary.inputs[READ[0]]
    with pytest.raises(ModelError, match="'sweat_of_the_brow', which is not among"):
        InputDrift(msgspec.structs.replace(summary, inputs={"sweat_of_the_brow": one}), rows=1)
    drift = InputDrift(summary, rows=ROWS)
    with pytest.raises(ModelError, match="'counts' is"):
        drift.restore(InputDrift(summary, rows=2).snapshot())
    broken = dict(drift.snapshot())
    broken["counts"] = np.full_like(broken["counts"], np.nan)
    with pytest.raises(ModelError, match="what no count is"):
        drift.restore(broken)
    with pytest.raises(ModelError, match="would be right"):
        judged(summary, np.zeros((2, 2)))


@given(a=st.lists(st.floats(0.01, 1), min_size=5, max_size=5), b=st.lists(st.floats(0.01, 1), min_size=5, max_size=5))
def test_the_stability_index_is_symmetric_never_negative_and_0_where_nothing_moved(
    a: list[float], b: list[float]
) -> None:
    one, other = np.array(a) / sum(a), np.array(b) / sum(b)
    assert stability(one, other) == pytest.approx(stability(other, one))
    assert stability(one, other) >= 0
    assert stability(one, one) == 0


def test_outcomes_fit_where_as_many_events_were_told_as_foretold() -> None:
    probability = np.full(6 * 60 * 10, 0.05)  # a minute apart: 60 hours, three minutes' horizon
    fits = held_against(probability, step_s=60.0, horizon_s=180.0, told=60)
    assert fits.expected == pytest.approx(60.0)
    assert fits.watched_h == pytest.approx(60.0)
    assert fits.ratio == pytest.approx(1.0)
    assert not fits.drifted
    assert held_against(probability, step_s=60.0, horizon_s=180.0, told=30).drifted
    assert held_against(probability, step_s=60.0, horizon_s=180.0, told=100).drifted


@given(told=st.integers(0, 200), expected=st.floats(0.5, 200))
def test_the_interval_is_the_exact_one_of_poisson_counts(told: int, expected: float) -> None:
    outcome = held_against(np.full(1000, expected / 1000), step_s=1.0, horizon_s=1.0, told=told)
    low, high = outcome.low * outcome.expected, outcome.high * outcome.expected
    assert poisson.cdf(told, high) == pytest.approx(0.025, abs=1e-6)
    if told:
        assert poisson.sf(told - 1, low) == pytest.approx(0.025, abs=1e-6)


def test_where_nothing_was_foretold_nothing_is_said() -> None:
    outcome = held_against(np.full(10, np.nan), step_s=60.0, horizon_s=180.0, told=3)
    assert outcome.expected == 0
    assert not outcome.drifted
    assert outcome.told == 3
    assert outcome.watched_h == 0
    with pytest.raises(ModelError, match="horizon_s 0"):
        held_against(np.ones(3), step_s=60.0, horizon_s=0.0, told=1)
