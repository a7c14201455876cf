"""Figures over people, against SciPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap

from models.evaluation.people import draws, ends, pooled, spread, tail

VALUES = np.random.default_rng(1).normal(0.7, 0.1, size=20)


def test_people_drawn_again_are_those_of_scipy() -> None:
    theirs = bootstrap(
        (VALUES,),
        np.mean,
        n_resamples=20_000,
        confidence_level=1 - 2 * tail(20),
        method="percentile",
        rng=np.random.default_rng(2),
    )
    ours = spread(VALUES, replicates=20_000, seed=3)
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs.confidence_interval), abs=0.002)


def test_the_interval_holds_what_it_says_with_few_people() -> None:
    random = np.random.default_rng(8)
    held = 0
    for i in range(400):
        of = spread(random.normal(size=8), replicates=400, seed=i)
        assert of.low is not None
        assert of.high is not None
        held += of.low <= 0 <= of.high
    assert 0.92 <= held / 400 <= 0.98


def test_the_same_seed_gives_the_same_bits() -> None:
    assert spread(VALUES, seed=4) == spread(VALUES, seed=4)
    assert spread(VALUES, seed=4) != spread(VALUES, seed=5)


@given(st.permutations(range(6)))
def test_the_order_of_people_changes_no_mean(order: list[int]) -> None:
    one, other = spread(VALUES[:6], replicates=10, seed=1), spread(VALUES[:6][order], replicates=10, seed=1)
    assert (one.mean, one.median, one.sd) == pytest.approx((other.mean, other.median, other.sd))


def test_who_has_no_figure_is_left_out_and_counted() -> None:
    of = spread(np.array([0.5, np.nan, 0.7]), seed=1)
    assert (of.n, of.mean) == (2, pytest.approx(0.6))


def test_nobody_and_one_person_are_told_apart_from_sure_ones() -> None:
    assert spread(np.array([np.nan]), seed=1, why="no events").why == "no events"
    one = spread(np.array([0.5]), seed=1)
    assert (one.mean, one.low, one.sd) == (0.5, None, None)
    assert "one person" in one.why


def test_a_figure_that_often_has_no_answer_has_no_interval() -> None:
    assert np.isnan(ends(np.array([np.nan] * 10 + [1.0] * 90), 5)).all()


def test_the_pooled_figure_counts_everybody_once() -> None:
    top, bottom = np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 6.0])
    of = pooled(lambda drawn: (drawn @ top) / (drawn @ bottom), draws(3, seed=1), 10, "")
    assert of.value == pytest.approx(0.6)
    assert of.low is not None
    assert of.low < 0.6
