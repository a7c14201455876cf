"""Inputs against their person's own: what is shifted or stretched between people is gone, and nothing else is."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.datasets.by_person import FAR, against_own
from models.datasets.dataset import LEFT_OUT, Dataset
from tests.models.experiments.cohorts import state


@pytest.fixture(scope="module")
def made() -> Dataset:
    return state(3, sessions=2)


@given(
    shift=arrays(np.float64, 3, elements=st.floats(-50, 50)), stretch=arrays(np.float64, 3, elements=st.floats(0.1, 20))
)
def test_how_high_and_how_wide_a_person_s_input_is_makes_no_difference(
    made: Dataset, shift: np.ndarray, stretch: np.ndarray
) -> None:
    of = made.person[:, None]
    moved = replace(made, inputs=made.inputs * stretch[of] + shift[of])
    assert np.allclose(against_own(moved).inputs, against_own(made).inputs, atol=1e-9)


def test_each_person_s_inputs_lie_about_0_with_a_spread_of_1(made: Dataset) -> None:
    own = against_own(made)
    for person in range(len(made.people)):
        x = own.inputs[made.person == person]
        assert np.allclose(x.mean(axis=0), 0.0, atol=0.02)
        assert np.allclose(x.std(axis=0), 1.0, atol=0.05)
    assert own.made_by["normalised"] == "by person, looking ahead"


def test_targets_are_not_looked_at_and_what_came_in_is_not_written_to(made: Dataset) -> None:
    before = made.inputs.copy()
    blind = replace(made, target=np.full(made.target.shape, LEFT_OUT, np.int8))
    assert np.array_equal(against_own(blind).inputs, against_own(made).inputs)
    assert np.array_equal(made.inputs, before)


def test_one_person_s_inputs_say_nothing_of_another_s(made: Dataset) -> None:
    moved = made.inputs.copy()
    moved[made.person == 1] += 100.0
    mine = made.person == 0
    assert np.array_equal(against_own(replace(made, inputs=moved)).inputs[mine], against_own(made).inputs[mine])


def test_too_little_is_unknown_what_never_changes_is_0_and_a_sensor_astray_is_bounded(made: Dataset) -> None:
    inputs = made.inputs.copy()
    mine = np.flatnonzero(made.person == 0)
    inputs[mine[5:], 0] = np.nan
    inputs[mine, 1] = 7.0
    inputs[mine[0], 2] = 1e9
    inputs[mine[1], 2] = np.inf
    own = against_own(replace(made, inputs=inputs)).inputs[mine]
    assert np.isnan(own[:, 0]).all()
    assert (own[:, 1] == 0.0).all()
    assert own[0, 2] == FAR
    assert np.nanmax(np.abs(own[:, 2])) <= FAR


def test_what_a_band_says_while_it_is_off_is_not_a_person_s_usual(made: Dataset) -> None:
    off = made.worn.copy()
    off[np.flatnonzero(made.person == 0)[:20]] = False
    inputs = made.inputs.copy()
    inputs[~off] = 500.0
    inputs_without = np.where(off[:, None], made.inputs, np.nan)
    worn = off & (made.person == 0)
    one = against_own(replace(made, inputs=inputs, worn=off)).inputs[worn]
    assert np.array_equal(one, against_own(replace(made, inputs=inputs_without)).inputs[worn])
