"""For how long facts have held: the laws of operators, and what a pause, a gap and a clock do."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from alerts.errors import AlertError
from alerts.lasting import Lasting

T0 = 1_700_000_000
ROWS, FACTS, SECONDS = 3, 2, 60
Bools = NDArray[np.bool_]


def held(seed: int) -> Bools:
    rng = np.random.default_rng(seed)
    return np.repeat(rng.random((ROWS, SECONDS // 3, FACTS)) < 0.6, 3, axis=1)


def lasting(forgive_s: float = 4.0, rows: int = ROWS) -> Lasting:
    return Lasting(rows=rows, facts=FACTS, forgive_s=forgive_s)


def starts(at_s: int, rows: int = ROWS) -> NDArray[np.int64]:
    return np.full(rows, T0 + at_s, np.int64)


def plainly(holds: Bools, forgive_s: int) -> NDArray[np.float64]:
    """The same, second by second."""
    out = np.zeros(holds.shape)
    for row, fact in np.ndindex(holds.shape[0], holds.shape[2]):
        first, last = None, None
        for i, holding in enumerate(holds[row, :, fact]):
            if last is not None and i - last > forgive_s + (1 if holding else 0):
                first, last = None, None
            if holding:
                first, last = i if first is None else first, i
            out[row, i, fact] = 0.0 if first is None or last is None else last - first + 1
    return out


@given(st.integers(0, 1000), st.integers(0, 9))
def test_it_is_what_counting_second_by_second_gives(seed: int, forgive_s: int) -> None:
    whole = lasting(forgive_s).push(starts(0), held(seed))
    np.testing.assert_array_equal(whole, plainly(held(seed), forgive_s))


@given(st.integers(0, 1000), st.lists(st.integers(0, SECONDS), max_size=6))
def test_where_a_stream_is_cut_changes_nothing(seed: int, cuts: list[int]) -> None:
    holds, operator, parts = held(seed), lasting(), []
    at = sorted({0, *cuts, SECONDS})
    for begin, end in pairwise(at):
        parts.append(operator.push(starts(begin), holds[:, begin:end]))
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), lasting().push(starts(0), holds))


@given(st.integers(0, 1000))
def test_rows_do_not_know_of_each_other(seed: int) -> None:
    holds, operator = held(seed), lasting()
    whole = lasting().push(starts(0), holds)
    for row in (2, 0, 1):
        alone = operator.push(starts(0, 1), holds[[row]], rows=np.array([row]))
        np.testing.assert_array_equal(alone, whole[[row]])


def test_a_gap_begins_anew_and_a_shorter_one_is_forgiven() -> None:
    always = np.ones((ROWS, 10, FACTS), bool)
    for gap_s, then in ((4, 24.0), (5, 10.0)):
        operator = lasting()
        operator.push(starts(0), always)
        assert operator.push(starts(10 + gap_s), always)[0, -1, 0] == then


def test_a_clock_set_back_begins_anew() -> None:
    operator, always = lasting(), np.ones((ROWS, 10, FACTS), bool)
    operator.push(starts(0), always)
    assert operator.push(starts(-3600), always)[0, -1, 0] == 10.0


def test_who_comes_later_changes_nobody_and_what_was_known_can_be_kept() -> None:
    operator, always = lasting(), np.ones((ROWS, 10, FACTS), bool)
    operator.push(starts(0), always)
    more = operator.grown()
    assert more.push(starts(10, ROWS + 1), np.ones((ROWS + 1, 1, FACTS), bool))[:, 0, 0].tolist() == [11, 11, 11, 1]
    again = lasting()
    again.restore(operator.snapshot())
    assert again.push(starts(10), always)[0, -1, 0] == 20.0
    with pytest.raises(AlertError, match="first_s"):
        lasting(rows=2).restore(operator.snapshot())


def test_nothing_is_written_to_and_no_second_is_none() -> None:
    holds = held(1)
    kept = holds.copy()
    operator = lasting()
    operator.push(starts(0), holds)
    np.testing.assert_array_equal(holds, kept)
    assert operator.push(starts(60), np.zeros((ROWS, 0, FACTS), bool)).shape == (ROWS, 0, FACTS)


@pytest.mark.parametrize("shape", [(ROWS, 5), (ROWS, 5, FACTS + 1), (ROWS - 1, 5, FACTS)])
def test_what_does_not_fit_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(AlertError, match="would be right"):
        lasting().push(starts(0), np.ones(shape, bool))
    with pytest.raises(AlertError, match="rows"):
        Lasting(rows=0, facts=1, forgive_s=0)
