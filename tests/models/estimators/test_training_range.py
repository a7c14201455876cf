"""What a model has seen nothing like is told apart from another person's ordinary hour."""

import numpy as np
import pytest

from models.estimators.training_range import TrainingRange


def people(count: int, *, seed: int, rows: int = 300, unknown: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Six inputs of which two pairs go together; people lie apart by a spread of their own."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(count), rows)
    hidden = rng.normal(size=(len(groups), 2)) + rng.normal(size=(count, 2))[groups]
    X = np.column_stack([hidden, hidden, rng.normal(size=(len(groups), 2))]) + 0.1 * rng.normal(size=(len(groups), 6))
    X[rng.random(X.shape) < unknown] = np.nan
    return X, groups


def test_training_rows_and_other_peoples_ordinary_hours_are_inside() -> None:
    X, groups = people(10, seed=0)
    seen = TrainingRange().fit(X, groups)
    assert seen.outside(X).mean() <= 0.01
    assert np.mean([seen.outside(people(5, seed=s)[0]).mean() for s in range(1, 9)]) <= 0.01


@pytest.mark.parametrize("value", [1e3, -1e3, 1e12, np.finfo(float).max, -np.finfo(float).max])
@pytest.mark.parametrize("column", range(6))
def test_one_input_far_outside_is_outside(value: float, column: int) -> None:
    X, groups = people(10, seed=0)
    wild = np.nan_to_num(X[:3])
    wild[:, column] = value
    assert TrainingRange().fit(X, groups).outside(wild).all()


def test_inputs_that_never_come_together_are_outside_though_each_is_ordinary() -> None:
    X, groups = people(10, seed=0, unknown=0.0)
    odd = np.zeros((1, 6))
    odd[0, :4] = 1.8, -1.8, -1.8, 1.8
    low, high = np.nanmin(X, axis=0), np.nanmax(X, axis=0)
    assert ((low < odd) & (odd < high)).all()
    seen = TrainingRange().fit(X, groups)
    assert seen.outside(odd).all()
    assert not seen.outside(np.abs(odd)).any()


def test_what_is_unknown_is_never_outside() -> None:
    X, groups = people(4, seed=0)
    assert not TrainingRange().fit(X, groups).outside(np.full((2, 6), np.nan)).any()


def test_constant_and_never_known_inputs_do_no_harm() -> None:
    X, groups = people(4, seed=0)
    X[:, 0], X[:, 1] = 3.0, np.nan
    seen = TrainingRange().fit(X, groups)
    assert seen.outside(X).mean() <= 0.01
