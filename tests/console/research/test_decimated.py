"""Columns of what was sampled: nothing is lost, nothing is made up."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from console.research.decimated import HOLES_MOST, Columns, decimate
from ingest.types import Array, Block

VALUES = arrays(np.float64, st.integers(1, 200), elements=st.one_of(st.floats(-1e6, 1e6), st.just(np.nan)))


@given(values=VALUES, columns=st.integers(1, 64), rate_hz=st.sampled_from([0.5, 1.0, 4.0, 64.0]))
def test_the_least_and_the_most_are_those_of_the_samples(values: Array, columns: int, rate_hz: float) -> None:
    drawn = decimate([Block("eda", 100.0, rate_hz, values)], 100.0, 100.0 + len(values) / rate_hz, columns)
    known = values[np.isfinite(values)]
    if known.size:
        assert (drawn.least, drawn.most) == (known.min(), known.max())
    else:
        assert np.isnan(drawn.least)
        assert np.isnan(drawn.most)


@given(values=VALUES, columns=st.integers(1, 64), cuts=st.lists(st.integers(1, 199), max_size=5))
def test_where_a_channel_is_cut_changes_no_column(values: Array, columns: int, cuts: list[int]) -> None:
    until_s = len(values) / 4.0
    whole = decimate([Block("eda", 0.0, 4.0, values)], 0.0, until_s, columns)
    edges = sorted({0, len(values), *(cut for cut in cuts if cut < len(values))})
    parts = [Block("eda", low / 4.0, 4.0, values[low:high]) for low, high in pairwise(edges)]
    cut = decimate(parts, 0.0, until_s, columns)
    np.testing.assert_array_equal(cut.low, whole.low)
    np.testing.assert_array_equal(cut.high, whole.high)


@given(values=VALUES, columns=st.integers(1, 64))
def test_every_column_is_what_its_own_samples_say(values: Array, columns: int) -> None:
    drawn = decimate([Block("eda", 0.0, 4.0, values)], 0.0, len(values) / 4.0, columns)
    width_s = len(values) / 4.0 / columns
    for i in range(columns):
        # as the code does: the first sample not before the border
        low, high = (min(int(np.ceil(border * 4.0)), len(values)) for border in (width_s * i, width_s * (i + 1)))
        mine = values[low:high][np.isfinite(values[low:high])]
        assert np.isnan(drawn.low[i]) if not mine.size else (drawn.low[i], drawn.high[i]) == (mine.min(), mine.max())


def test_a_time_of_which_nothing_is_known_is_a_hole() -> None:
    values = np.ones(400)
    values[100:200] = np.nan
    drawn = decimate([Block("eda", 10.0, 4.0, values)], 0.0, 120.0, 60)
    assert np.array(drawn.holes) == pytest.approx(np.array([(0.0, 10.0), (35.0, 60.0), (110.0, 120.0)]), abs=0.2)


def test_holes_are_never_too_many_to_draw() -> None:
    values = np.tile([1.0, np.nan, np.nan], 5_000)
    drawn = decimate([Block("eda", 0.0, 1.0, values)], 0.0, 15_000.0, 15_000)
    assert len(drawn.holes) <= HOLES_MOST


def test_beats_are_known_for_as_long_as_their_intervals() -> None:
    into = Columns(0.0, 20.0, 20)
    at_s = np.array([5.0, 6.0, 15.0])
    into.events(at_s, np.array([60.0, 60.0, 80.0]), np.array([1.0, 1.0, 0.75]))
    drawn = into.drawn()
    assert (drawn.least, drawn.most, drawn.samples) == (60.0, 80.0, 3)
    assert drawn.holes[1] == (6.0, 14.25)


def test_there_is_no_drawing_of_no_time() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        Columns(5.0, 5.0, 10)
