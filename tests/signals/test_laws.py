"""The laws that every operator keeps, the whole engine among them; tests/signals/cases lists the operators."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signals.errors import SignalError
from signals.laws import laws
from signals.laws.case import ROWS, Case, states
from signals.laws.laws import LAWS

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
ALWAYS = [law for law in LAWS if LAWS[law] not in (laws.begins_anew_after_silence, laws.unknown_where_unknown)]


@every_operator
@pytest.mark.parametrize("law", ALWAYS)
def test_every_law_is_kept(case: Case, law: str) -> None:
    LAWS[law](case)


@pytest.mark.parametrize(  # the others look back over a window, or say what a gap is
    "case",
    [case for case in CASES.values() if case.pointwise],
    ids=[key for key, case in CASES.items() if case.pointwise],
)
def test_unknown_in_is_unknown_out_at_that_very_sample(case: Case) -> None:
    laws.unknown_where_unknown(case)


@every_operator
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**20), cuts=st.lists(st.integers(1, 10_000), max_size=12))
def test_where_a_stream_is_cut_changes_nothing(case: Case, seed: int, cuts: list[int]) -> None:
    laws.cuts_change_nothing(case, seed=seed, cuts=cuts)


@every_operator
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**20), order=st.permutations([0] * 4 + [1] * 4 + [2] * 4))
def test_a_row_knows_nothing_of_its_neighbours_and_goes_at_its_own_pace(
    case: Case, seed: int, order: list[int]
) -> None:
    laws.rows_know_nothing_of_each_other(case, seed=seed, order=order)


@every_operator
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**20))
def test_a_snapshot_goes_on_elsewhere_as_if_nothing_had_happened(case: Case, seed: int) -> None:
    laws.a_snapshot_goes_on(case, seed=seed)


@every_that_forgets
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**20))
def test_after_a_long_silence_a_row_begins_anew(case: Case, seed: int) -> None:
    laws.begins_anew_after_silence(case, seed=seed)


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
    operator, arrays = case.make(ROWS), case.piece(case.recording(29), 0, 1)
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
