"""The laws that every operator keeps, the whole engine among them; tests/signals/cases lists the operators."""

import importlib
import pkgutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import signals
from signals.errors import SignalError
from signals.types import Array, Rows
from tests.signals.case import Case, Operator
from tests.signals.streams import RATES, stream

ROWS = 3
Argument = Any
SILENCE_S = 95  # longer than anything remembers that forgets
ROOMS = sorted(path.stem for path in (Path(__file__).parent / "cases").glob("*.py"))
CASES: dict[str, Case] = {}
for room in ROOMS:
    CASES |= importlib.import_module(f"tests.signals.cases.{room}").CASES

every_operator = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
every_that_forgets = pytest.mark.parametrize(
    "case",
    [case for case in CASES.values() if case.forgets],
    ids=[key for key, case in CASES.items() if case.forgets],
)
every_filter = pytest.mark.parametrize(  # the others look back over a window, or say what a gap is
    "case",
    [case for case in CASES.values() if case.pointwise],
    ids=[key for key, case in CASES.items() if case.pointwise],
)


def recording(case: Case, seed: int, *, rows: int = ROWS, holes: bool = True) -> list[Array]:
    """Return what the case is fed: lively signals, stuck sensors, holes, bands with and without intervals."""
    rng, seconds = np.random.default_rng(seed + 1), case.seconds
    made = []
    for name in case.channels:
        x = stream(name, seed, rows=rows, seconds=seconds)
        stuck = int(rng.integers(20, 40)) * RATES[name]
        if holes and name in ("eda", "touch", "stir"):
            x[0, stuck : stuck + 20 * RATES[name]] = x[0, stuck]
        for row in range(rows if holes else 0):
            for length_s in (0.1, 0.6, 4.0):
                at = int(rng.integers(x.shape[-1]))
                x[row, ..., at : at + max(round(length_s * RATES[name]), 1)] = np.nan
        if name == "ibi" and len(case.channels) > 1:
            x[rng.random(rows) < 0.6] = np.nan
        made.append(x)
    return made


def units(case: Case, arrays: list[Array]) -> int:
    return arrays[0].shape[-1] // case.width(case.channels[0])


def piece(case: Case, arrays: list[Array], start: int, stop: int, rows: Rows | slice = slice(None)) -> list[Array]:
    return [
        x[rows][..., start * case.width(name) : stop * case.width(name)]
        for name, x in zip(case.channels, arrays, strict=True)
    ]


def in_pieces(case: Case, operator: Operator, arrays: list[Array], cuts: list[int]) -> tuple[Array, ...]:
    ends = sorted({0, units(case, arrays), *(cut % units(case, arrays) for cut in cuts)})
    parts = [case.feed(operator, piece(case, arrays, a, b), None, a) for a, b in pairwise(ends)]
    return tuple(np.concatenate(part, axis=1) for part in zip(*parts, strict=True))


def whole(case: Case, arrays: list[Array]) -> tuple[Array, ...]:
    return case.feed(case.make(len(arrays[0])), arrays, None, 0)


def assert_same(found: tuple[NDArray[Any], ...], wanted: tuple[NDArray[Any], ...]) -> None:
    """To the last bit, the sign of a zero included."""
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(np.signbit(one) & ~np.isnan(one), np.signbit(other) & ~np.isnan(other))


def signatures() -> int:
    """How many times kernels were compiled or loaded, over all modules."""
    names = [module.name for module in pkgutil.walk_packages(signals.__path__, "signals.")]
    modules = [importlib.import_module(name) for name in names]
    return sum(len(getattr(f, "signatures", ())) for module in modules for f in vars(module).values())


def states(thing: object) -> list[NDArray[Any]]:
    """Every array that an operator holds, however deep."""
    if isinstance(thing, np.ndarray):
        return [thing]
    inner = thing.values() if isinstance(thing, dict) else vars(thing).values() if hasattr(thing, "__dict__") else []
    return [array for value in inner for array in states(value)]


@every_operator
def test_the_laws_are_tried_on_streams_that_say_something(case: Case) -> None:
    for out in whole(case, recording(case, 7)):
        said = out.reshape(-1, out.shape[2] if out.ndim == 3 else 1)
        silent = ~(np.isfinite(said) & (said != 0)).any(axis=0)
        assert set(np.flatnonzero(silent)) <= set(case.mute)


@every_operator
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**20), cuts=st.lists(st.integers(1, 10_000), max_size=12))
def test_where_a_stream_is_cut_changes_nothing(case: Case, seed: int, cuts: list[int]) -> None:
    arrays = recording(case, seed)
    assert_same(in_pieces(case, case.make(ROWS), arrays, cuts), whole(case, arrays))


@every_operator
def test_second_by_second_and_sample_by_sample_are_the_whole(case: Case) -> None:
    arrays = recording(case, 7)
    wanted = whole(case, arrays)
    every_second = list(range(0, units(case, arrays), max(RATES[case.channels[0]] // case.width(case.channels[0]), 1)))
    assert_same(in_pieces(case, case.make(ROWS), arrays, every_second), wanted)
    assert_same(in_pieces(case, case.make(ROWS), arrays, list(range(units(case, arrays)))), wanted)


@every_operator
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**20), order=st.permutations([0] * 4 + [1] * 4 + [2] * 4))
def test_a_row_knows_nothing_of_its_neighbours_and_goes_at_its_own_pace(
    case: Case, seed: int, order: list[int]
) -> None:
    arrays = recording(case, seed)
    wanted, operator, step = whole(case, arrays), case.make(ROWS), units(case, arrays) // 4
    parts: list[list[tuple[Array, ...]]] = [[] for _ in range(ROWS)]
    for row in order:
        at = len(parts[row]) * step
        one = np.array([row])
        parts[row].append(case.feed(operator, piece(case, arrays, at, at + step, one), one, at))
    for row in range(ROWS):
        found = tuple(np.concatenate(part, axis=1) for part in zip(*parts[row], strict=True))
        assert_same(found, tuple(x[row : row + 1] for x in wanted))


@every_operator
def test_the_order_in_which_rows_are_named_is_the_order_of_the_answer(case: Case) -> None:
    arrays, order = recording(case, 3), np.array([2, 0])
    found = case.feed(case.make(ROWS), [x[order] for x in arrays], order, 0)
    assert_same(found, tuple(x[order] for x in whole(case, arrays)))


@every_operator
def test_only_the_named_rows_move(case: Case) -> None:
    arrays, operator = recording(case, 3, rows=2), case.make(ROWS)
    before = [x.copy() for x in states(operator) if len(x) == ROWS]
    case.feed(operator, arrays, np.array([2, 0]), 0)
    after = [x for x in states(operator) if len(x) == ROWS]
    for old, new in zip(before, after, strict=True):
        assert new[1].tobytes() == old[1].tobytes()


@every_operator
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**20))
def test_a_snapshot_goes_on_elsewhere_as_if_nothing_had_happened(case: Case, seed: int) -> None:
    arrays, rows = recording(case, seed), np.array([2, 0])
    half, first = units(case, arrays) // 2, case.make(ROWS)
    case.feed(first, piece(case, arrays, 0, half), None, 0)
    kept = first.snapshot(rows=rows)
    assert kept
    assert all(len(array) == len(rows) for array in kept.values())
    wanted = case.feed(first, piece(case, arrays, half, units(case, arrays)), None, half)
    second = case.make(4)
    second.restore(kept, rows=np.array([1, 3]))
    found = case.feed(second, piece(case, arrays, half, units(case, arrays), rows), np.array([1, 3]), half)
    assert_same(found, tuple(x[rows] for x in wanted))


@every_operator
def test_a_snapshot_that_does_not_fit_is_refused_and_nothing_changes(case: Case) -> None:
    arrays, operator = recording(case, 23), case.make(ROWS)
    kept, name = operator.snapshot(), type(operator).__name__
    first = next(iter(kept))
    for wrong in ({}, kept | {"odd": kept[first]}, kept | {first: kept[first][:2]}, kept | {first: "?"}):
        with pytest.raises(SignalError, match=rf"^{name}\.arrays"):
            operator.restore(wrong)
    assert_same(case.feed(operator, arrays, None, 0), whole(case, arrays))


@every_that_forgets
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**20))
def test_after_a_long_silence_a_row_begins_anew(case: Case, seed: int) -> None:
    before, after = recording(case, seed), recording(case, seed + 1)
    silence = [
        np.full((*x.shape[:-1], SILENCE_S * RATES[name]), np.nan) for name, x in zip(case.channels, before, strict=True)
    ]
    joined = [np.concatenate(parts, axis=-1) for parts in zip(before, silence, after, strict=True)]
    tail = whole(case, after)
    assert_same(tuple(x[:, -y.shape[1] :] for x, y in zip(whole(case, joined), tail, strict=True)), tail)


@every_operator
def test_nothing_in_is_nothing_out(case: Case) -> None:
    empty = [np.full_like(x, np.nan) for x in recording(case, 1)]
    for out in whole(case, empty):
        assert (np.isnan(out) | (out == 0)).all()
        if case.silent:
            assert np.isnan(out).all()


@every_filter
def test_unknown_in_is_unknown_out_at_that_very_sample(case: Case) -> None:
    arrays = recording(case, 5)
    unknown = np.isnan(arrays[0]) if arrays[0].ndim == 2 else np.isnan(arrays[0]).any(axis=1)
    for out in whole(case, arrays):
        assert np.isnan(out[unknown]).all()


@every_operator
def test_infinite_is_unknown(case: Case) -> None:
    arrays = recording(case, 5)
    endless = [np.where(np.isnan(x), np.inf, x) for x in arrays]
    assert_same(whole(case, endless), whole(case, arrays))


@every_operator
def test_inputs_are_neither_written_nor_kept_nor_handed_back(case: Case) -> None:
    arrays, operator = recording(case, 9), case.make(ROWS)
    copies = [x.copy() for x in arrays]
    first = case.feed(operator, arrays, None, 0)
    kept = tuple(x.copy() for x in first)
    assert_same(tuple(arrays), tuple(copies))
    assert not any(np.shares_memory(out, held) for out in first for held in [*arrays, *states(operator)])
    for x in arrays:
        x[:] = 1.0
    second = case.feed(operator, copies, None, units(case, copies))
    assert_same(first, kept)
    twin = case.make(ROWS)
    case.feed(twin, copies, None, 0)
    assert_same(second, case.feed(twin, copies, None, units(case, copies)))


@every_operator
def test_however_an_array_lies_in_memory_the_answer_is_the_same(case: Case) -> None:
    arrays = recording(case, 11)
    wanted = whole(case, arrays)
    compiled = signatures()
    assert_same(whole(case, [np.asfortranarray(x) for x in arrays]), wanted)
    assert_same(whole(case, [np.repeat(x, 2, axis=-1)[..., ::2] for x in arrays]), wanted)
    assert_same(whole(case, [x.astype(">f8") for x in arrays]), wanted)
    for x in arrays:
        x.flags.writeable = False
    assert_same(whole(case, arrays), wanted)
    assert signatures() == compiled  # a kernel that compiles anew stalls a live tick for seconds


@every_operator
def test_float32_is_widened(case: Case) -> None:
    narrow = [x.astype(np.float32) for x in recording(case, 13)]
    assert_same(whole(case, narrow), whole(case, [x.astype(np.float64) for x in narrow]))


@every_operator
def test_memory_is_bounded(case: Case) -> None:
    operator, arrays = case.make(ROWS), recording(case, 15)
    size = sum(x.nbytes for x in states(operator))
    assert size > 0
    for i in range(5):
        case.feed(operator, arrays, None, i * units(case, arrays))
    assert sum(x.nbytes for x in states(operator)) == size


@every_operator
def test_sleep_leaves_no_denormals_behind(case: Case) -> None:
    operator, lively = case.make(ROWS), recording(case, 17, holes=False)
    case.feed(operator, lively, None, 0)
    still = [np.repeat(x[..., -1:], 1200 * RATES[name], axis=-1) for name, x in zip(case.channels, lively, strict=True)]
    for x in still:
        x[0] = 0.0
    case.feed(operator, still, None, units(case, lively))
    for state in states(operator):
        for name in state.dtype.names or (None,):
            numbers = state if name is None else state[name]
            if numbers.dtype.kind == "f":
                assert not ((numbers != 0) & (np.abs(numbers) < np.finfo(np.float64).tiny)).any()


@every_operator
def test_no_rows_and_no_samples_are_no_answer(case: Case) -> None:
    arrays, operator = recording(case, 19), case.make(ROWS)
    assert case.feed(operator, [x[:0] for x in arrays], np.array([], np.intp), 0)[0].shape[0] == 0
    assert case.feed(operator, [x[..., :0] for x in arrays], None, 0)[0].shape[:2] == (ROWS, 0)
    assert_same(case.feed(operator, arrays, None, 0), whole(case, arrays))


@every_operator
@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (np.array([0, 1, 3]), "no row 3"),
        (np.array([0, 1, -1]), "no row -1"),
        (np.array([0, 1, 1]), "row 1 is named more than once"),
        (np.array([[0, 1, 2]]), "one-dimensional"),
        (np.array([0.0, 1.0, 2.0]), "whole numbers"),
    ],
)
def test_rows_that_cannot_be_meant_are_refused(case: Case, rows: Argument, says: str) -> None:
    operator = case.make(ROWS)
    with pytest.raises(SignalError, match=rf"^{type(operator).__name__}\.rows: .*{says}"):
        case.feed(operator, recording(case, 1), rows, 0)


@every_operator
def test_arrays_that_do_not_fit_are_refused_before_anything_is_touched(case: Case) -> None:
    arrays, operator = recording(case, 21), case.make(ROWS)
    name = type(operator).__name__
    for wrong in (
        [x.astype(np.int64) for x in np.nan_to_num(arrays[0])[None]],
        [arrays[0][0]],
        [arrays[0][:2]],
        [arrays[0][..., None]],
        [arrays[0].astype(np.complex128)],
    ):
        with pytest.raises(SignalError, match=rf"^{name}\."):
            case.feed(operator, [wrong[0], *arrays[1:]], None, 0)
    assert_same(case.feed(operator, arrays, None, 0), whole(case, arrays))


@every_operator
@settings(max_examples=25, deadline=None)
@given(
    dtype=st.sampled_from(["f8", "f4", "f2", "i8", "u1", "?", "c16", "M8[s]", "U3", "O"]),
    shape=st.lists(st.integers(0, 5), max_size=4).map(tuple),
    fill=st.sampled_from([0, 1, 300]),
    which=st.integers(0, 9),
)
def test_whatever_is_pushed_is_refused_by_name_or_taken_whole(
    case: Case, dtype: str, shape: tuple[int, ...], fill: int, which: int
) -> None:
    operator, arrays = case.make(ROWS), piece(case, recording(case, 29), 0, 1)
    arrays[which % len(arrays)] = np.full(shape, fill).astype(dtype)
    before, said = [x.tobytes() for x in states(operator)], None
    try:
        out = case.feed(operator, arrays, None, 0)
    except SignalError as refusal:
        said = str(refusal)
    if said is None:
        assert all(x.shape[0] == ROWS for x in out)
    else:
        assert said.startswith(f"{type(operator).__name__}.")
        assert [x.tobytes() for x in states(operator)] == before


@every_operator
def test_an_operator_is_not_made_of_no_rows(case: Case) -> None:
    with pytest.raises(SignalError, match=r"\.rows: must be a whole number of at least 1"):
        case.make(0)
