"""Arguments that cannot be meant: refused by name, never taken for something else."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals import frame
from signals.eda.exact import decompose
from signals.errors import SignalError
from signals.filters import Filter, high_pass, low_pass
from signals.gaps import Gaps
from signals.heart.hrv_windows import of_beats
from signals.laws.streams import stream
from signals.rows import rows_of
from signals.sets import flirt, imbiriba
from signals.sets.registry import Table
from signals.windows import Mean, Slope

Argument = Any
EDA = stream("eda", 1, rows=2, seconds=100)
NO_NUMBERS: tuple[Any, ...] = ("4", None, [4.0], np.array([4.0]), float("nan"), float("inf"))


@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda v: Mean(rows=1, rate_hz=v, window_s=4), "Mean.rate_hz"),
        (lambda v: Slope(rows=1, rate_hz=1, window_s=v), "Slope.window_s"),
        (lambda v: Mean(rows=1, rate_hz=1, window_s=4, least=v), "Mean.least"),
        (lambda v: Gaps(rows=1, rate_hz=4, hold_s=v), "Gaps.hold_s"),
        (lambda v: decompose(EDA, rate_hz=v), "decompose.rate_hz"),
        (lambda v: decompose(EDA, rate_hz=4.0, sparsity=v), "decompose.sparsity"),
        (lambda v: decompose(EDA, rate_hz=4.0, tolerance=v), "decompose.tolerance"),
        (lambda v: low_pass(cutoff_hz=v, rate_hz=4, order=2), "cutoff_hz"),
        (lambda v: high_pass(cutoff_hz=1, rate_hz=v, order=2), "cutoff_hz"),
        (lambda v: flirt.conductance(EDA, rate_hz=v, window_s=60, hop_s=1), "flirt.eda"),
        (lambda v: flirt.conductance(EDA, rate_hz=4, window_s=v, hop_s=1), "flirt.window_s"),
        (lambda v: flirt.conductance(EDA, rate_hz=4, window_s=60, hop_s=1, least=v), "flirt.least"),
        (lambda v: imbiriba.features({"eda": imbiriba.Channel(EDA, v, "uS")}, hop_s=15), "imbiriba.eda"),
        (
            lambda v: imbiriba.features({"eda": imbiriba.Channel(EDA, 4, "uS")}, hop_s=15, window_s=v),
            "imbiriba.bin_s",
        ),
    ],
)
def test_what_is_no_number_is_refused_by_name(call: Callable[[Any], object], name: str, value: object) -> None:
    with pytest.raises(SignalError, match=name.replace(".", r"\.")):
        call(value)


@given(st.lists(st.integers(-2, 7), max_size=6), st.sampled_from([np.int64, np.int32, np.int8]))
def test_rows_are_taken_in_any_order_and_refused_where_one_is_not_there_or_named_twice(
    rows: list[int], kind: type[Any]
) -> None:
    odd = next((row for row in rows if not 0 <= row < 5), None)
    twice = min((row for row in rows if rows.count(row) > 1), default=None)
    if odd is None and twice is None:
        assert rows_of("X", np.array(rows, kind), total=5).tolist() == rows
        return
    said = f"there is no row {odd}, only 0 to 4" if odd is not None else "is named more than once"
    with pytest.raises(SignalError, match=rf"^X\.rows: .*{said}"):
        rows_of("X", np.array(rows, kind), total=5)


def test_a_row_that_no_address_can_hold_is_not_there() -> None:
    with pytest.raises(SignalError, match="there is no row 18446744073709551615"):
        rows_of("X", np.array([0, 2**64 - 1], np.uint64), total=5)


@pytest.mark.parametrize("design", [low_pass, high_pass])
@pytest.mark.parametrize("order", [0, 3, -1])
def test_a_filter_of_another_order_is_refused_and_not_made_of_order_2(design: Callable[..., Any], order: int) -> None:
    with pytest.raises(SignalError, match="order: must be 1 or 2"):
        design(cutoff_hz=1.0, rate_hz=4, order=order)


@pytest.mark.parametrize("feedback", [(np.nan, 0.0), (-1.0, 0.0), (-3.0, 0.0), (0.0, 1.0), (2.1, 1.0)])
def test_a_filter_that_never_settles_is_refused(feedback: tuple[float, float]) -> None:
    with pytest.raises(SignalError, match=r"Filter\.sos: .* unit circle"):
        Filter(np.array([[1.0, 0.0, 0.0, 1.0, *feedback]]), rows=1, rate_hz=4, hold_s=1, warm_s=1)


def test_what_is_masked_is_unknown_and_not_what_lies_under_the_mask() -> None:
    x = np.where(np.arange(400) % 50 < 20, 1e9, EDA)
    hidden, unknown = np.ma.masked_greater(x, 1e6), np.where(x > 1e6, np.nan, x)
    np.testing.assert_array_equal(
        Mean(rows=2, rate_hz=4, window_s=5).push(hidden), Mean(rows=2, rate_hz=4, window_s=5).push(unknown)
    )
    np.testing.assert_array_equal(decompose(hidden, rate_hz=4.0).tonic, decompose(unknown, rate_hz=4.0).tonic)
    fixed = {"rate_hz": 4.0, "window_s": 60.0, "hop_s": 10.0, "least": 0.5}
    np.testing.assert_array_equal(flirt.conductance(hidden, **fixed).values, flirt.conductance(unknown, **fixed).values)


@pytest.mark.parametrize(
    ("interval_s", "start", "stop", "name"),
    [
        (np.zeros(50), [0], [50], "interval_s"),
        (-np.ones(50), [0], [50], "interval_s"),
        (np.full(50, np.nan), [0], [50], "interval_s"),
        (np.full(50, 800.0), [0], [50], "interval_s"),
        (np.ones((2, 50)), [0], [50], "interval_s"),
        (np.ones(50), [0], [51], "stop"),
        (np.ones(50), [-5], [10], "stop"),
        (np.ones(50), [5], [-10], "stop"),
        (np.ones(50), [0, 1], [50], "stop"),
        (np.ones(50), [0.0], [50], "start"),
    ],
)
def test_intervals_that_are_none_and_windows_outside_them_are_refused(
    interval_s: Argument, start: list[Argument], stop: list[Any], name: str
) -> None:
    with pytest.raises(SignalError, match=rf"^of_beats\.{name}"):
        of_beats(interval_s, np.array(start), np.array(stop))


@pytest.mark.parametrize("onsets", [[[1.0], [2.0]], [np.array(["a"]), np.array([1.0])], [np.array([5.0, 1.0])] * 2])
def test_incidents_that_are_no_times_in_order_are_refused(onsets: Argument) -> None:
    with pytest.raises(SignalError, match=r"imbiriba\.incidents_s: row 0"):
        imbiriba.features({"eda": imbiriba.Channel(np.tile(EDA, 3), 4, "uS")}, hop_s=15, incidents_s=onsets)


@pytest.mark.parametrize("start_s", [np.array(["now"]), np.array([np.nan]), np.array([1.7e12])])
def test_times_that_are_no_seconds_of_an_era_are_refused(start_s: Argument) -> None:
    with pytest.raises(SignalError, match=r"of_table\.start_s"):
        frame.of_table(Table((), np.array([60.0]), np.zeros((1, 1, 0))), start_s=start_s)
