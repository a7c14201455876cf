"""Two bands on each other's wrists are suspected in hours, and people who are merely unlike themselves are not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.errors import ModelError
from models.likeness import DAYS, QUANTITY_NAMES, Likeness, Suspicion
from models.likeness_kernel import PANE_S, PANES, QUANTITIES
from signals.features import NAMES, column

Array = NDArray[np.float64]
T0 = 1_700_000_400 // PANE_S * PANE_S
PEOPLE = {  # resting pulse, log sweat, skin temperature, log movement
    "calm": np.array([62.0, -1.0, 31.0, -2.6]),
    "lively": np.array([88.0, 1.2, 34.0, -1.6]),
    "warm": np.array([70.0, 0.3, 35.0, -2.2]),
}


def seconds(usual: Array, n: int, *, seed: int, off: Array | float = 0.0) -> Array:
    """(n, F) of somebody whose quantities lie ``off`` their usual [spreads of a day]."""
    rng = np.random.default_rng(seed)
    wanted = usual + DAYS * off + rng.normal(0, 0.2, (n, QUANTITIES)) * DAYS
    x = np.full((n, len(NAMES)), np.nan)
    motion = np.maximum(np.exp(wanted[:, 3]) - 0.01, 0.0)
    x[:, column("motion_minute_g")] = motion
    x[:, column("heart_rate_bpm")] = wanted[:, 0] + 24 * np.log1p(np.maximum(motion - 0.04, 0) / 0.2)
    x[:, column("heart_rate_error_bpm")] = 1.0
    x[:, column("eda_level_uS")] = np.exp(wanted[:, 1])
    x[:, column("eda_valid")] = x[:, column("worn")] = 1.0
    x[:, column("warming_up")] = 0.0
    x[:, column("temperature_C")] = wanted[:, 2]
    return x


def learnt(*names: str, days: int = 6) -> Likeness:
    """A house after some days of two hours each."""
    model = Likeness(rows=len(names))
    for day in range(days):
        offs = np.random.default_rng(day).normal(0, 0.7, (len(names), QUANTITIES))
        features = [seconds(PEOPLE[name], 7200, seed=9 * day + i, off=offs[i]) for i, name in enumerate(names)]
        model.push(np.full(len(names), T0 + 86_400 * day), np.stack(features))
    return model


def hours(model: Likeness, *names: str, seed: int = 77, n: int = 7200, off: Array | float = 0.0) -> list[int]:
    """In which panes of a later day anybody is suspected, when these people have the bands."""
    suspicion, rows = Suspicion(rows=len(names)), len(names)
    features = np.stack([seconds(PEOPLE[name], n, seed=seed + i, off=off) for i, name in enumerate(names)])
    found = []
    for at in range(0, n, PANE_S):
        model.push(np.full(rows, T0 + 86_400 * 30 + at), features[:, at : at + PANE_S], learning=np.zeros(rows, bool))
        if suspicion.judge(model.exchange()).any():
            found.append(at // PANE_S)
    return found


def test_an_exchange_of_two_unlike_people_is_suspected_within_an_hour_and_a_half() -> None:
    assert hours(learnt("calm", "lively"), "calm", "lively") == []
    found = hours(learnt("calm", "lively"), "lively", "calm")
    assert found
    assert found[0] <= 8


def test_it_says_between_whom_and_by_what() -> None:
    model = learnt("calm", "lively", "warm")
    features = np.stack([seconds(PEOPLE[name], 4200, seed=5) for name in ("lively", "calm", "warm")])
    model.push(np.full(3, T0 + 86_400 * 30), features)
    exchange = model.exchange()
    assert np.unravel_index(int(np.nanargmax(exchange.log_odds)), (3, 3)) in ((0, 1), (1, 0))
    assert exchange.parts.shape == (3, 3, len(QUANTITY_NAMES))
    assert exchange.parts[0, 1].sum() == pytest.approx(exchange.log_odds[0, 1])
    assert exchange.log_odds[0, 1] == pytest.approx(exchange.log_odds[1, 0])
    assert np.isnan(np.diag(exchange.log_odds)).all()


@pytest.mark.parametrize("off", [-3.0, 3.0])
def test_somebody_who_is_merely_unlike_himself_is_no_exchange(off: float) -> None:
    """A day of fever or fear: everybody's bands are where they belong."""
    model = learnt("calm", "warm")
    suspicion = Suspicion(rows=2)
    features = np.stack([seconds(PEOPLE["calm"], 7200, seed=1), seconds(PEOPLE["warm"], 7200, seed=2)])
    features[1] = seconds(PEOPLE["warm"], 7200, seed=2, off=np.array([off, 0.0, off, 0.0]))
    for at in range(0, 7200, PANE_S):
        model.push(np.full(2, T0 + 86_400 * 30 + at), features[:, at : at + PANE_S])
        assert not suspicion.judge(model.exchange()).any()


def test_nothing_is_told_before_enough_is_learnt_and_of_an_hour_of_which_little_is_known() -> None:
    model = learnt("calm", "lively", days=1)
    assert np.isnan(model.exchange().log_odds).all()
    assert hours(model, "lively", "calm") == []
    model = learnt("calm", "lively")
    features = np.full((2, 7200, len(NAMES)), np.nan)
    model.push(np.full(2, T0 + 86_400 * 30), features)
    assert np.isnan(model.exchange().log_odds).all()


def test_a_band_that_is_off_says_nothing_of_anybody() -> None:
    model = learnt("calm", "lively")
    features = np.stack([seconds(PEOPLE["lively"], 4200, seed=1), seconds(PEOPLE["calm"], 4200, seed=2)])
    features[:, :, column("worn")] = 0.0
    model.push(np.full(2, T0 + 86_400 * 30), features)
    assert np.isnan(model.exchange().log_odds).all()


def test_an_hour_is_judged_before_it_is_learnt_and_not_learnt_where_it_is_suspected() -> None:
    model = learnt("calm", "lively")
    before = model.snapshot()["usual"].copy()
    later = np.full(2, T0 + 86_400 * 30)
    features = np.stack([seconds(PEOPLE["calm"], PANE_S * (PANES - 1), seed=i) for i in range(2)])
    model.push(later, features, learning=np.zeros(2, bool))
    assert (model.snapshot()["usual"] == before).all()
    model.push(later + PANE_S * 12, features)
    assert (model.snapshot()["usual"][:, 0] > before[:, 0]).all()


def test_more_people_want_more_evidence() -> None:
    thresholds = [Suspicion(rows=rows).threshold for rows in (2, 6, 30)]
    assert thresholds == sorted(thresholds)
    assert thresholds[1] == pytest.approx(np.log(7 * 5 / 0.5))


CUTS = st.lists(st.integers(1, 2999), max_size=5, unique=True).map(sorted)


@settings(max_examples=15, deadline=None)
@given(cuts=CUTS, row=st.integers(0, 1), gap_s=st.integers(0, 9000))
def test_where_time_and_rows_are_cut_changes_nothing(cuts: list[int], row: int, gap_s: int) -> None:
    features = np.stack([seconds(PEOPLE["calm"], 3000, seed=3), seconds(PEOPLE["warm"], 3000, seed=4)])
    features[0, 500:900] = np.nan
    whole, alone = Likeness(rows=2), Likeness(rows=1)
    for start_s in (T0 + 17, T0 + 3017 + gap_s):
        whole.push(np.full(2, start_s), features)
        for low, high in zip([0, *cuts], [*cuts, 3000], strict=True):
            alone.push(np.array([start_s + low]), features[row : row + 1, low:high])
    for name, state in whole.snapshot().items():
        np.testing.assert_array_equal(state[row], alone.snapshot()[name][0])


def test_a_snapshot_is_gone_on_from_and_one_that_does_not_fit_changes_nothing() -> None:
    model = learnt("calm", "lively", days=2)
    other = Likeness(rows=2)
    other.restore(model.snapshot())
    np.testing.assert_array_equal(other.snapshot()["usual"], model.snapshot()["usual"])
    with pytest.raises(ModelError, match="snapshot"):
        other.restore({})
    with pytest.raises(ModelError, match="snapshot"):
        Likeness(rows=3).restore(model.snapshot())


@pytest.mark.parametrize(
    ("start_s", "shape", "rows"),
    [
        (np.zeros(2, np.int64), (2, 5, 3), None),
        (np.zeros(1, np.int64), (2, 5, len(NAMES)), None),
        (np.zeros(2), (2, 5, len(NAMES)), None),
        (np.zeros(2, np.int64), (2, 5, len(NAMES)), np.array([0, 0])),
        (np.zeros(2, np.int64), (2, 5, len(NAMES)), np.array([0, 7])),
    ],
)
def test_what_does_not_fit_is_refused(
    start_s: NDArray[np.int64], shape: tuple[int, ...], rows: NDArray[np.intp] | None
) -> None:
    with pytest.raises(ModelError):
        Likeness(rows=2).push(start_s, np.zeros(shape), rows=rows)
