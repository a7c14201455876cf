"""One list of laws for every detector that keeps a state: where rows and time are cut changes nothing."""

from collections.abc import Callable
from dataclasses import fields
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.arousal import Arousal
from models.datasets.dataset import Dataset, Session
from models.datasets.target import StateTarget
from models.detectors.logistic import Logistic
from models.detectors.scored import Scored
from models.detectors.scorer import Scorer
from models.detectors.state_space import StateSpace
from models.detectors.streamed_live import StreamedLive
from models.errors import ModelError
from models.estimates import Candidate
from models.estimators.candidates import Boosting, Personal
from models.estimators.candidates import Logistic as LogisticCandidate
from models.inputs.inputs import NAMES as INPUT_NAMES
from models.inputs.inputs import Inputs
from models.risk import Abstention, Risk, RiskModel
from signals.features import NAMES
from tests.models.detectors.scorers import Mood, Plain

Array = NDArray[np.float64]
Build = Callable[[int], RiskModel]
LINE = Logistic(weights=np.array([-1.0, 0.7]), spread=np.array([[0.2, 0.01], [0.01, 0.02]]))
BUILDERS: dict[str, Build] = {
    "arousal": lambda rows: Arousal(rows=rows),
    "state_space": lambda rows: StateSpace(rows=rows),
    "calibrated": lambda rows: StreamedLive(Arousal(rows=rows), LINE),
    "scored": lambda rows: Scored(Plain(), rows=rows),
    "personal": lambda rows: Scored(Mood(), rows=rows),
    "logistic": lambda rows: Scored(trained(LogisticCandidate(least=0.0)), rows=rows),
    "boosting": lambda rows: Scored(trained(Boosting(rounds=20, least=0.0)), rows=rows),
    "hierarchical": lambda rows: Scored(trained(Personal(least=0.0)), rows=rows),
}
ROWS, SECONDS = 3, 80
T0 = 1_700_000_000
MODEST = settings(max_examples=25, deadline=None)


@pytest.fixture(scope="module", params=list(BUILDERS.values()), ids=list(BUILDERS))
def build(request: pytest.FixtureRequest) -> Build:
    """How to build each detector for a number of rows."""
    return request.param  # type: ignore[no-any-return]


def features(seed: int, *, unknown: float) -> Array:
    """Anything that the engine may say, in runs, with a share of it unknown, in runs too."""
    rng = np.random.default_rng(seed)
    shape = (ROWS, SECONDS, len(NAMES))
    x = np.abs(rng.normal(1, 1, shape)) * rng.choice([0.01, 1.0, 30.0], (ROWS, 1, len(NAMES)))
    x[rng.random((ROWS, SECONDS // 8, len(NAMES))).repeat(8, axis=1) < unknown] = np.nan
    for name in ("worn", "eda_valid", "beat_coverage"):
        share = x[:, :, NAMES.index(name)]
        share[np.isfinite(share)] = rng.choice([0.0, 1.0], share.shape, p=[0.1, 0.9])[np.isfinite(share)]
    return x


@cache
def trained(candidate: Candidate) -> Scorer:
    """Return an estimator that was trained on lives like those of the tests; what it learnt is of no matter."""
    lives = np.concatenate([np.concatenate([features(8 * i + j, unknown=0.1) for j in range(6)], 1) for i in range(8)])
    inputs = Inputs(rows=len(lives)).push(lives)[:, ::4]
    n = inputs.shape[1]
    flat = inputs.reshape(-1, inputs.shape[2])
    happened = np.nan_to_num(flat[:, 0]) + np.random.default_rng(0).normal(size=len(flat)) > 0
    fitted = candidate.fit(
        Dataset(
            inputs=flat,
            input_names=INPUT_NAMES,
            end_s=np.tile(4.0 * np.arange(n), len(lives)),
            session=np.repeat(np.arange(len(lives)), n),
            target=happened.astype(np.int8),
            exclusion=np.zeros(len(flat), np.int8),
            event=np.full(len(flat), -1, np.intp),
            condition=np.full(len(flat), "", "U1"),
            worn=np.ones(len(flat), np.bool_),
            sessions=tuple(
                Session(name=f"s{i:02}", person=f"p{i:02}", study="x", start_s=0.0, end_s=4.0 * n)
                for i in range(len(lives))
            ),
            events=(),
            aim=StateTarget(positive=("stress",), negative=("rest",)),
            window_s=60.0,
            step_s=4.0,
        ),
        seed=1,
    )
    assert isinstance(fitted, Scorer)
    return fitted


SCENES = st.builds(features, st.integers(0, 10_000), unknown=st.sampled_from([0.0, 0.1, 0.5]))
CUTS = st.lists(st.integers(1, SECONDS - 1), max_size=4, unique=True).map(sorted)


def starts(at_s: int, k: int = ROWS) -> NDArray[np.int64]:
    return np.full(k, T0 + at_s, np.int64)


@pytest.fixture(scope="module")
def warm(build: Build) -> RiskModel:
    """A model that knows everybody's usual; tests go on from its snapshot, so that they judge estimates."""
    model = build(ROWS)
    for i in range(20):
        model.push(starts(SECONDS * (i - 20)), features(i, unknown=0.05))
    return model


def go_on(build: Build, warm: RiskModel) -> RiskModel:
    model = build(ROWS)
    model.restore(warm.snapshot())
    return model


def same(a: Risk, b: Risk) -> None:
    for field in fields(a):
        np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name), err_msg=field.name)


def joined(parts: list[Risk]) -> Risk:
    rest = [np.concatenate([getattr(part, field.name) for part in parts], axis=1) for field in fields(Risk)[1:]]
    return Risk(parts[0].start_s, *rest)


def of_rows(risk: Risk, rows: list[int]) -> Risk:
    return Risk(*(getattr(risk, field.name)[rows] for field in fields(risk)))


def unmoved(model: RiskModel, then: RiskModel, rows: list[int]) -> None:
    for name, array in model.snapshot().items():
        np.testing.assert_array_equal(array[rows], then.snapshot()[name][rows], err_msg=name)


@MODEST
@given(scene=SCENES, cuts=CUTS)
def test_where_a_stream_is_cut_changes_nothing(build: Build, warm: RiskModel, scene: Array, cuts: list[int]) -> None:
    model, at, parts = go_on(build, warm), 0, []
    for part in np.split(scene, cuts, axis=1):
        parts.append(model.push(starts(at), part))
        at += part.shape[1]
    whole = go_on(build, warm)
    same(joined(parts), whole.push(starts(0), scene))
    unmoved(model, whole, [0, 1, 2])


@MODEST
@given(scene=SCENES)
def test_a_row_knows_nothing_of_its_neighbours(build: Build, warm: RiskModel, scene: Array) -> None:
    alone = build(1)
    alone.restore({name: array[1:2] for name, array in warm.snapshot().items()})
    same(alone.push(starts(0, 1), scene[1:2]), of_rows(go_on(build, warm).push(starts(0), scene), [1]))


@MODEST
@given(scene=SCENES, rows=st.lists(st.integers(0, ROWS - 1), unique=True))
def test_a_subset_of_rows_touches_only_these(build: Build, warm: RiskModel, scene: Array, rows: list[int]) -> None:
    model = go_on(build, warm)
    chosen = np.array(rows, np.intp)
    same(
        model.push(starts(0, len(rows)), scene[rows], rows=chosen),
        of_rows(go_on(build, warm).push(starts(0), scene), rows),
    )
    unmoved(model, warm, [row for row in range(ROWS) if row not in rows])


@MODEST
@given(scene=SCENES, cut=st.integers(1, SECONDS - 1))
def test_a_snapshot_in_mid_stream_has_the_same_future(build: Build, warm: RiskModel, scene: Array, cut: int) -> None:
    model, later = go_on(build, warm), build(ROWS)
    model.push(starts(0), scene[:, :cut])
    kept = {name: array.copy() for name, array in model.snapshot().items()}
    future = model.push(starts(cut), scene[:, cut:])
    later.restore(kept)
    same(future, later.push(starts(cut), scene[:, cut:]))


@MODEST
@given(scene=SCENES)
def test_inputs_are_never_written_to_and_their_layout_does_not_matter(
    build: Build, warm: RiskModel, scene: Array
) -> None:
    frozen = np.asfortranarray(scene)
    frozen.flags.writeable = False
    same(go_on(build, warm).push(starts(0), frozen), go_on(build, warm).push(starts(0), scene.copy()))


@MODEST
@given(scene=SCENES)
def test_unknown_is_never_a_number_and_a_number_never_unknown(build: Build, warm: RiskModel, scene: Array) -> None:
    risk = go_on(build, warm).push(starts(0), scene)
    known = risk.abstention == Abstention.NONE
    assert known.any()
    np.testing.assert_array_equal(np.isfinite(risk.probability), known)
    np.testing.assert_array_equal(np.isfinite(risk.drivers), np.repeat(known[..., None], risk.drivers.shape[2], 2))
    assert ((risk.probability[known] >= 0) & (risk.probability[known] <= 1)).all()
    assert ((risk.learnt >= 0) & (risk.learnt <= 1)).all()
    assert np.isfinite(go_on(build, warm).push(starts(0), scene).learnt).all()


@MODEST
@given(scene=SCENES)
def test_drivers_add_up_to_the_log_odds(build: Build, warm: RiskModel, scene: Array) -> None:
    model = go_on(build, warm)
    risk = model.push(starts(0), scene)
    assert risk.drivers.shape == (ROWS, SECONDS, len(model.driver_names))
    known = risk.abstention == Abstention.NONE
    odds = risk.drivers[known].sum(axis=-1)
    np.testing.assert_allclose(risk.probability[known], 1 / (1 + np.exp(-odds)), rtol=1e-12)


@MODEST
@given(scene=SCENES, gap_s=st.integers(1, 200))
def test_a_jump_of_time_is_the_same_as_seconds_in_which_nothing_arrived(
    build: Build, warm: RiskModel, scene: Array, gap_s: int
) -> None:
    jumped, sat = go_on(build, warm), go_on(build, warm)
    sat.push(starts(0), np.full((ROWS, gap_s, len(NAMES)), np.nan))
    same(jumped.push(starts(gap_s), scene), sat.push(starts(gap_s), scene))


def test_where_nothing_arrives_nothing_is_said(build: Build, warm: RiskModel) -> None:
    risk = go_on(build, warm).push(starts(0), np.full((ROWS, 5, len(NAMES)), np.nan))
    assert (risk.abstention == Abstention.NO_SIGNAL).all()


def test_no_seconds_and_no_rows_are_no_trouble(build: Build) -> None:
    model = build(ROWS)
    assert model.push(starts(0), np.empty((ROWS, 0, len(NAMES)))).probability.shape == (ROWS, 0)
    none = model.push(starts(0, 0), np.empty((0, 4, len(NAMES))), rows=np.empty(0, np.intp))
    assert none.probability.shape == (0, 4)


def test_a_long_stream_needs_no_more_memory_than_a_short_one(build: Build, warm: RiskModel) -> None:
    def sizes(model: RiskModel) -> dict[str, int]:
        return {name: array.nbytes for name, array in model.snapshot().items()}

    assert sizes(warm) == sizes(build(ROWS))


def test_a_snapshot_is_a_copy(build: Build, warm: RiskModel) -> None:
    model = go_on(build, warm)
    for array in model.snapshot().values():
        array[...] = 0  # type: ignore[index]
    unmoved(model, warm, [0, 1, 2])


@pytest.mark.parametrize(
    ("at", "x", "rows", "says"),
    [
        (starts(0), np.zeros((ROWS, 4, len(NAMES) - 1)), None, "features"),
        (starts(0), np.zeros((ROWS - 1, 4, len(NAMES))), None, "features"),
        (starts(0), np.zeros((ROWS, len(NAMES))), None, "features"),
        (starts(0, 2), np.zeros((ROWS, 4, len(NAMES))), None, "start_s"),
        (starts(0).astype(float), np.zeros((ROWS, 4, len(NAMES))), None, "start_s"),
        (starts(0, 1), np.zeros((1, 4, len(NAMES))), np.array([ROWS]), "rows"),
        (starts(0, 1), np.zeros((1, 4, len(NAMES))), np.array([-1]), "rows"),
        (starts(0, 1), np.zeros((1, 4, len(NAMES))), np.array([0.0]), "rows"),
        (starts(0, 2), np.zeros((2, 4, len(NAMES))), np.array([1, 1]), "rows"),
    ],
)
def test_what_does_not_fit_is_refused_and_named(
    build: Build, at: NDArray[np.int64], x: Array, rows: NDArray[np.intp] | None, says: str
) -> None:
    model = build(ROWS)
    with pytest.raises(ModelError, match=says):
        model.push(at, x, rows=rows)
    unmoved(model, build(ROWS), [0, 1, 2])


def test_a_snapshot_that_does_not_fit_is_refused_and_changes_nothing(build: Build, warm: RiskModel) -> None:
    whole = dict(warm.snapshot())
    model = build(ROWS)
    wrong: list[dict[str, NDArray[np.generic]]] = [{}]
    for name, array in whole.items():
        wrong.append({k: v for k, v in whole.items() if k != name})
        wrong.append({**whole, name: array[:-1]})
        wrong.append({**whole, name: array.astype(np.float32)})
        wrong.append({**whole, name: np.full_like(array, np.nan)})
    for arrays in wrong:
        with pytest.raises(ModelError, match="snapshot"):
            model.restore(arrays)
    unmoved(model, build(ROWS), [0, 1, 2])
