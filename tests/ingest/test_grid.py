"""Resampling: what lies on the grid passes unchanged, what lies between is interpolated, what is far is unknown."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.grid import EXACT, REACH, _repeated, covers_row, fill, fill_rows
from ingest.segments import Stretch, covers

FIRST_S = 1_700_000_000


def filled(
    segments: list[tuple[float, float, np.ndarray]], *, first_s: int = FIRST_S, grid_hz: int = 4, n: int = 4
) -> np.ndarray:
    """Fill n grid points from (start, rate, values)."""
    out = np.empty((1, n))
    fill(
        np.array([s for s, _, _ in segments]),
        np.array([r for _, r, _ in segments]),
        np.array([len(v) for _, _, v in segments], np.int64),
        np.concatenate([np.asarray(v, float) for _, _, v in segments])[None],
        float(first_s),
        grid_hz,
        out,
    )
    return out[0]


@st.composite
def streams(draw: st.DrawFn) -> list[tuple[float, float, np.ndarray]]:
    """Segments in order of start, with gaps, overlaps and odd rates."""
    at_s, found = FIRST_S - draw(st.floats(0, 3)), []
    for _ in range(draw(st.integers(1, 6))):
        rate_hz = draw(st.sampled_from([0.5, 4.0, 15.0, 52.0, 63.9999, 64.0, 135.0]))
        n = draw(st.integers(1, 40))
        found.append((at_s, rate_hz, np.array(draw(st.lists(st.floats(-9, 9), min_size=n, max_size=n)))))
        at_s += max(n / rate_hz + draw(st.sampled_from([0.0, 0.0, 0.4, -0.3, 1e-4, -1e-4])), 0.0)
    return found


@settings(max_examples=60)
@given(streams(), st.sampled_from([4, 32, 64]), st.lists(st.integers(1, 5), max_size=3))
def test_where_the_grid_is_cut_changes_nothing(
    stream: list[tuple[float, float, np.ndarray]], grid_hz: int, cuts: list[int]
) -> None:
    whole = filled(stream, grid_hz=grid_hz, n=6 * grid_hz)
    for second in cuts:
        part = filled(stream, first_s=FIRST_S + second, grid_hz=grid_hz, n=grid_hz)
        np.testing.assert_array_equal(part, whole[second * grid_hz : (second + 1) * grid_hz])


@settings(max_examples=40)
@given(streams(), st.sampled_from([4, 64]))
def test_the_kernel_is_its_plain_python_twin(stream: list[tuple[float, float, np.ndarray]], grid_hz: int) -> None:
    fast = filled(stream, grid_hz=grid_hz, n=3 * grid_hz)
    slow = np.empty((1, 3 * grid_hz))
    arrays = [np.array([s[i] for s in stream]) for i in (0, 1)]
    counts = np.array([len(v) for _, _, v in stream], np.int64)
    values = np.concatenate([v for _, _, v in stream])[None]
    fill.py_func(*arrays, counts, values, float(FIRST_S), grid_hz, slow)
    np.testing.assert_array_equal(fast, slow[0])


@settings(max_examples=60)
@given(
    st.sampled_from([4.0, 7.5, 15.0, 25.0, 52.0, 63.9999, 64.0, 135.0]), st.sampled_from([4, 32, 64]), st.floats(0, 0.9)
)
def test_a_straight_line_stays_a_straight_line(rate_hz: float, grid_hz: int, offset_s: float) -> None:
    start_s = FIRST_S - 1 + offset_s
    ramp = start_s - FIRST_S + np.arange(int(4 * rate_hz)) / rate_hz
    np.testing.assert_allclose(
        filled([(start_s, rate_hz, ramp)], grid_hz=grid_hz, n=2 * grid_hz),
        np.arange(2 * grid_hz) / grid_hz,
        atol=2.6e-4,
    )


@given(st.integers(0, 3), st.floats(-9e-4, 9e-4))
def test_samples_on_the_grid_pass_unchanged(shift: int, jitter: float) -> None:
    values = np.array([0.1, 0.2, 0.3, 0.7, 1.1])
    got = filled([(FIRST_S + shift / 4 + jitter / 4, 4.0, values)], n=9)
    np.testing.assert_array_equal(got[shift : shift + 5], values)
    assert np.isnan(np.delete(got, slice(shift, shift + 5))).all()


def test_a_neighbour_further_than_a_period_and_a_half_is_a_gap() -> None:
    got = filled([(FIRST_S - 0.1, 4.0, np.zeros(1)), (FIRST_S + 0.9, 4.0, np.zeros(4))], n=6)
    np.testing.assert_array_equal(got, [np.nan, np.nan, np.nan, np.nan, 0.0, 0.0])


def test_unknown_neighbours_make_unknown_points() -> None:
    got = filled([(FIRST_S - 0.1, 4.0, np.array([1.0, np.nan, 1.0, 1.0, 1.0, 1.0]))], n=4)
    np.testing.assert_array_equal(np.isnan(got), [True, True, False, False])


def test_where_segments_overlap_the_first_is_heard() -> None:
    first, second = np.full(4, 1.0), np.full(8, 2.0)
    np.testing.assert_array_equal(
        filled([(FIRST_S, 4.0, first), (FIRST_S + 0.5, 4.0, second)], n=8), [1, 1, 1, 1, 2, 2, 2, 2]
    )


@pytest.mark.parametrize(("start_s", "n"), [(10.25, 0), (10.0, 1), (9.0, 5), (10.2, 0), (10.1, 1), (0.0, 8)])
def test_what_repeats_is_counted(start_s: float, n: int) -> None:
    assert _repeated(start_s, 4.0, 8, 10.0) == n


@settings(max_examples=40)
@given(st.lists(st.tuples(streams(), streams()), min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_all_rows_at_once_are_each_channel_by_itself_in_whatever_order_its_packets_stand(
    rows: list[tuple[list, list]], random: object
) -> None:
    channels = np.array([[4, 1], [32, 2]], np.int64)
    packets, held, values = [], [], []
    for streams_ in rows:
        mine = [(c, start_s, rate_hz, x) for c, stream in enumerate(streams_) for start_s, rate_hz, x in stream]
        keep = {(c, start_s): i for i, (c, start_s, *_) in reversed(list(enumerate(mine)))}  # none begins with another
        mine = [mine[i] for i in keep.values()]
        random.shuffle(mine)
        held.append(len(mine))
        for c, start_s, rate_hz, x in mine:
            span = (start_s, rate_hz, len(x), start_s + (len(x) - 1) / rate_hz)
            packets += (*span, 0, 0, 0, 0) if c == 0 else (0, 0, 0, 0, *span)
            values += [x] if c == 0 else [x, -x]
    k, out = len(rows), np.empty(len(rows) * (4 + 64))
    fill_rows(
        np.array(packets, float), np.array(held), np.concatenate(values), np.full(k, FIRST_S, float), 1, channels, out
    )
    for row, (slow, quick) in enumerate(rows):
        for stream, grid_hz, got in ((slow, 4, out[row * 4 :][:4]), (quick, 32, out[k * 4 + row * 64 :][:32])):
            first = [s for i, s in enumerate(stream) if s[0] not in [each[0] for each in stream[:i]]]
            np.testing.assert_array_equal(got, filled(first, grid_hz=grid_hz, n=grid_hz))
    np.testing.assert_array_equal(out[k * 4 :].reshape(k, 2, 32)[:, 0], -out[k * 4 :].reshape(k, 2, 32)[:, 1])


@settings(max_examples=80)
@given(streams(), st.integers(-2, 3), st.booleans())
def test_whether_a_row_is_covered_is_what_its_stretches_say(
    stream: list[tuple[float, float, np.ndarray]], second: int, new: bool
) -> None:
    packets = [(start_s, rate_hz, len(x), start_s + (len(x) - 1) / rate_hz) for start_s, rate_hz, x in stream]
    second, kept_s = FIRST_S + second, FIRST_S + second - 1.5
    stretches = [
        Stretch(start_s, ("b", 1, i), end_s, EXACT / rate_hz, REACH / rate_hz)
        for i, (start_s, rate_hz, _, end_s) in enumerate(packets)
        if new or end_s >= kept_s
    ]
    heard = any(stretch.end_s >= second - 3 for stretch in stretches)
    channels, there = np.array([[4, 1]], np.int64), np.full(len(packets), new)
    got = covers_row(np.array(packets, float).reshape(-1), there, kept_s, second - 3.0, second, channels)
    assert got == (heard and covers(stretches, second, 4))
